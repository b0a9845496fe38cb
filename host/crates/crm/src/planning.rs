//! Activities: planned with a deadline, reminded of, and done.

use std::time::Duration;

use crate::activity::{Activity, ActivityKind, ActivityState};
use crate::assigning::check_works_here;
use crate::calendar::{CalendarError, WorkCalendar};
use crate::changes::ChangeSet;
use crate::deadline::Deadline;
use crate::event::Fact;
use crate::ids::{ActivityId, EmployeeId, IdKind, TimerId};
use crate::item::Item;
use crate::notifying::{Notice, notify};
use crate::rejection::{Code, Rejection};
use crate::rules::Rules;
use crate::said;
use crate::time::Timestamp;
use crate::timer::{Timer, TimerKind};

/// The title of an activity that was given none.
pub const DEFAULT_TITLE: &str = "Связаться с клиентом";
/// The most reminders of one activity.
pub const REMINDERS_MAX: usize = 10;
/// The earliest reminder: 30 days before the deadline, in minutes.
pub const REMINDER_MINUTES_MAX: u32 = 30 * 24 * 60;
/// The longest planned call, in seconds.
pub const CALL_S_MAX: u32 = 15 * 60;
/// The longest planned meeting, in seconds.
pub const MEETING_S_MAX: u32 = 60 * 60;
/// The longest description, in characters.
pub const DESCRIPTION_CHARS_MAX: usize = 10_000;

/// An activity to be planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewActivity {
    /// The kind.
    pub kind: ActivityKind,
    /// `DEFAULT_TITLE` without one.
    pub title: Option<String>,
    /// More words.
    pub description: Option<String>,
    /// An instant, or a rule such as `+3d`. Without one: 3 days from now, rounded up to the whole hour.
    pub deadline: Option<String>,
    /// Planned duration, in seconds.
    pub duration_s: Option<u32>,
    /// The item's assignee without one.
    pub assignee: Option<EmployeeId>,
    /// Minutes before the deadline.
    pub reminders_min: Vec<u32>,
}

/// Plans an activity of the item, with its timers.
///
/// # Errors
/// `invalid` (texts, reminders, deadline), `not-found` (assignee), `rule-violated` (a deadline in the past or later
/// than the pipeline allows, a call or meeting that is too long, an assignee who has left).
pub fn plan(
    rules: &Rules<'_>,
    changes: &mut ChangeSet,
    item: &Item,
    new: NewActivity,
) -> Result<ActivityId, Rejection> {
    let title = new
        .title
        .filter(|t| !t.trim().is_empty())
        .unwrap_or_else(|| DEFAULT_TITLE.to_owned());
    crate::editing::check_title(&title)?;
    let description = new.description.unwrap_or_default();
    if description.chars().count() > DESCRIPTION_CHARS_MAX {
        return Err(Rejection::invalid(said!(
            "the description has more than {max} characters",
            max = DESCRIPTION_CHARS_MAX
        )));
    }
    check_duration(new.kind, new.duration_s)?;
    let assignee = doer(rules, item, new.assignee)?;
    let activity = Activity {
        id: ActivityId((rules.new_id)(IdKind::Activity)),
        item: item.id,
        kind: new.kind,
        title,
        description,
        deadline_at: deadline(rules, item, new.deadline.as_deref())?,
        duration_s: new.duration_s,
        assignee,
        reminders_min: checked_reminders(new.reminders_min)?,
        state: ActivityState::Open,
        created_at: rules.now,
        finished_at: None,
        version: 0,
    };
    set_timers(rules, changes, &activity);
    let id = activity.id;
    let planned = format!(
        "{} ({}) until {}",
        activity.title,
        activity.kind.as_str(),
        activity.deadline_at
    );
    rules.note(changes, item.id, "activity-planned", None, Some(planned));
    changes.happened(
        Fact::ActivityCreated {
            activity: id,
            activity_kind: activity.kind,
        },
        Some(item.id),
    );
    changes.put_activity(activity);
    Ok(id)
}

/// Who does it: the person who was named, else the item's assignee, unless that one has left.
fn doer(rules: &Rules<'_>, item: &Item, named: Option<EmployeeId>) -> Result<Option<EmployeeId>, Rejection> {
    let works_here = |id| check_works_here(rules.directory, id);
    match named {
        Some(id) => works_here(id).map(|()| Some(id)),
        None => Ok(item.assignee.filter(|id| works_here(*id).is_ok())),
    }
}

fn check_duration(kind: ActivityKind, duration_s: Option<u32>) -> Result<(), Rejection> {
    let max = match kind {
        ActivityKind::Call => CALL_S_MAX,
        ActivityKind::Meeting => MEETING_S_MAX,
        ActivityKind::Todo | ActivityKind::Mail => return Ok(()),
    };
    match duration_s {
        Some(seconds) if seconds > max => {
            let message = said!(
                "a {kind} of {seconds} s is longer than {max} s",
                kind = kind.as_str(),
                seconds,
                max
            );
            Err(Rejection::new(Code::RuleViolated, message))
        }
        _ => Ok(()),
    }
}

fn checked_reminders(mut minutes: Vec<u32>) -> Result<Vec<u32>, Rejection> {
    minutes.sort_unstable_by(|a, b| b.cmp(a));
    minutes.dedup();
    if minutes.len() > REMINDERS_MAX {
        return Err(Rejection::invalid(said!(
            "{count} reminders, more than {max}",
            count = minutes.len(),
            max = REMINDERS_MAX
        )));
    }
    match minutes.first() {
        Some(first) if *first > REMINDER_MINUTES_MAX => Err(Rejection::invalid(said!(
            "a reminder {first} minutes before, more than {max}",
            first,
            max = REMINDER_MINUTES_MAX
        ))),
        _ => Ok(minutes),
    }
}

/// The instant behind the words. The default never breaks the pipeline's rule: it is brought forward instead.
fn deadline(rules: &Rules<'_>, item: &Item, spec: Option<&str>) -> Result<Timestamp, Rejection> {
    let calendar = rules.directory.work_calendar(Some(item.pipeline))?;
    let rule = match spec {
        None => Deadline::default(),
        Some(text) => Deadline::parse(text).map_err(Rejection::invalid)?,
    };
    let at = rule.resolve(rules.now, calendar).map_err(Rejection::invalid)?;
    if at < rules.now {
        return Err(Rejection::new(
            Code::RuleViolated,
            said!("the deadline {at} lies before now, {now}", at, now = rules.now),
        ));
    }
    let pipeline = rules.directory.pipeline(item.pipeline)?;
    let Some(days) = pipeline.activity_working_days_max else {
        return Ok(at);
    };
    let contact = item.last_contact_at.unwrap_or(rules.now);
    let last = latest(calendar, contact, days, rules.now).map_err(Rejection::invalid)?;
    if at > last && spec.is_some() {
        let message = said!(
            "the deadline {at} is later than {last}: {days} working days after the last contact {contact}",
            at,
            last,
            days,
            contact
        );
        return Err(Rejection::new(Code::RuleViolated, message));
    }
    Ok(at.min(last))
}

/// The last deadline that the pipeline allows. When that has passed already, the end of the next working day:
/// a client who was forgotten must not become a client for whom nothing can be planned.
fn latest(
    calendar: &WorkCalendar,
    contact: Timestamp,
    days: u32,
    now: Timestamp,
) -> Result<Timestamp, CalendarError> {
    let last = calendar.end_of_working_day_after(contact, days)?;
    if last > now {
        return Ok(last);
    }
    calendar.end_of_working_day_after(now, 1)
}

/// Arms the reminders and the deadline. Of several reminders whose time has passed, only the last one fires.
fn set_timers(rules: &Rules<'_>, changes: &mut ChangeSet, activity: &Activity) {
    let before = |minutes: u32| {
        let lead = Duration::from_secs(u64::from(minutes) * 60);
        activity.deadline_at.minus(lead).unwrap_or(Timestamp::MIN)
    };
    let passed = activity
        .reminders_min
        .iter()
        .filter(|m| before(**m) <= rules.now)
        .count();
    let armed = activity.reminders_min.iter().skip(passed.saturating_sub(1));
    let reminders = armed.map(|m| (before(*m).max(rules.now), TimerKind::Reminder { minutes: *m }));
    for (due_at, kind) in reminders.chain([(activity.deadline_at, TimerKind::Overdue)]) {
        changes.timers.push(Timer {
            id: TimerId((rules.new_id)(IdKind::Timer)),
            due_at,
            kind,
            activity: activity.id,
            item: activity.item,
            deadline_at: activity.deadline_at,
        });
    }
}

/// Moves the deadline and re-arms the reminders.
///
/// # Errors
/// `conflict` (not open), `invalid`, `rule-violated`.
pub fn reschedule(
    rules: &Rules<'_>,
    changes: &mut ChangeSet,
    item: &Item,
    mut activity: Activity,
    spec: &str,
) -> Result<(), Rejection> {
    check_open(&activity)?;
    let before = activity.deadline_at;
    activity.deadline_at = deadline(rules, item, Some(spec))?;
    changes.timers_void.push(activity.id);
    set_timers(rules, changes, &activity);
    let after = activity.deadline_at.to_string();
    rules.note(
        changes,
        item.id,
        &format!("{} deadline", activity.id),
        Some(before.to_string()),
        Some(after),
    );
    changes.put_activity(activity);
    Ok(())
}

/// Ends an activity: done, or not to be done. A call, meeting or letter that was done counts as a contact.
///
/// # Errors
/// `conflict` when it has ended already; `invalid` for the state `open`, which is no end.
pub fn finish(
    rules: &Rules<'_>,
    changes: &mut ChangeSet,
    mut item: Item,
    mut activity: Activity,
    state: ActivityState,
) -> Result<(), Rejection> {
    check_open(&activity)?;
    if state == ActivityState::Open {
        return Err(Rejection::invalid(said!(
            "{activity} cannot end as open",
            activity = activity.id
        )));
    }
    activity.state = state;
    activity.finished_at = Some(rules.now);
    changes.timers_void.push(activity.id);
    rules.note(
        changes,
        item.id,
        &format!("{} state", activity.id),
        None,
        Some(state.as_str().to_owned()),
    );
    if state == ActivityState::Completed {
        let fact = Fact::ActivityCompleted {
            activity: activity.id,
            activity_kind: activity.kind,
        };
        changes.happened(fact, Some(item.id));
        if activity.kind != ActivityKind::Todo {
            item.last_contact_at = Some(rules.now);
            item.updated_at = rules.now;
            changes.put_item(item);
        }
    }
    changes.put_activity(activity);
    Ok(())
}

fn check_open(activity: &Activity) -> Result<(), Rejection> {
    if activity.state == ActivityState::Open {
        return Ok(());
    }
    Err(Rejection::new(
        Code::Conflict,
        said!(
            "{activity} is {state} already",
            activity = activity.id,
            state = activity.state.as_str()
        ),
    ))
}

/// Acts on a due timer. Nothing happens when the activity has ended or has another deadline by now.
///
/// # Errors
/// None in practice: the notice is of our own making.
pub fn fire(
    rules: &Rules<'_>,
    changes: &mut ChangeSet,
    mut item: Item,
    activity: &Activity,
    timer: &Timer,
) -> Result<(), Rejection> {
    if activity.state != ActivityState::Open || activity.deadline_at != timer.deadline_at {
        return Ok(());
    }
    let (fact, title) = match timer.kind {
        TimerKind::Reminder { minutes } => (
            Fact::ActivityReminderDue {
                activity: activity.id,
                minutes,
            },
            format!("Напоминание: {}", activity.title),
        ),
        TimerKind::Overdue => (
            Fact::ActivityOverdue {
                activity: activity.id,
            },
            format!("Просрочено: {}", activity.title),
        ),
    };
    changes.happened(fact, Some(item.id));
    let works_here = |id: &EmployeeId| check_works_here(rules.directory, *id).is_ok();
    if let Some(person) = activity.assignee.filter(works_here) {
        let title = title.chars().take(crate::notifying::TITLE_CHARS_MAX).collect();
        let notice = Notice {
            title,
            text: item.title.clone(),
            tag: Some(activity.id.to_string()),
        };
        notify(rules, changes, &[person], Some(item.id), &notice)?;
    }
    item.raised_at = rules.now;
    changes.put_item(item);
    Ok(())
}

#[cfg(test)]
mod tests;
