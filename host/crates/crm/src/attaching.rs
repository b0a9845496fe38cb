//! What an admin may save: an attachment is checked before anything runs, and refused with names.

use crate::attachment::{Attachment, ItemQuery, Missed, Moment, Timing};
use crate::condition::Condition;
use crate::directory::Directory;
use crate::event::FactKind;
use crate::granting::{check_grant_audience, check_grant_fields};
use crate::ids::{ChannelId, PipelineId, StageId};
use crate::params::{self, is_field};
use crate::pipeline::FieldType;
use crate::rejection::{Code, Rejection};
use crate::robot::{CauseKind, Manifest};
use crate::said;
use crate::schedule::Schedule;
use crate::sentence::Sentence;
use crate::template;
use crate::web_host::check_named;

/// The longest title of an attachment, in characters: a line of the list of robots.
pub const TITLE_CHARS_MAX: usize = 200;
/// The longest delay or distance from a date, in seconds: 366 days, so that "in a year" always fits.
pub const DELAY_S_MAX: u32 = 366 * 24 * 60 * 60;
/// The most attempts: with the backoff of an hour at most, about a day.
pub const ATTEMPTS_MAX: u32 = 25;
/// The longest pause between attempts, in seconds: a day. Who needs longer ones wants a schedule.
pub const BACKOFF_S_MAX: u32 = 24 * 60 * 60;
/// The most runs of one attachment at the same time that can be asked for: more than any host has workers.
pub const CONCURRENCY_MAX: u32 = 1_000;
/// The most starts in a minute that can be asked for: one in a millisecond.
pub const RATE_MAX: u32 = 60_000;
/// The most items that one tick of a schedule visits.
pub const ITEMS_MAX: u32 = 1_000;
/// The longest time over which the runs of one tick are spread, in seconds: a day.
pub const SPREAD_S_MAX: u32 = 24 * 60 * 60;
/// The most fields of an event filter, groups of a condition, and tests of a group.
pub const FILTERS_MAX: usize = 50;

/// Fields that hold an instant without being custom.
const CORE_INSTANTS: [&str; 3] = ["last-contact-at", "stage-entered-at", "created-at"];

/// Checks an attachment before it is saved. Permissions of the manifest that were not granted are allowed: the robot
/// gets `denied` when it uses them.
///
/// # Errors
/// `invalid` (title, ranges, cron, robot and digest that differ, moment, filters, grants and what narrows them, parameters), `not-found`
/// and `no-such-stage` for what does not exist. The message names the thing and the value.
pub fn check_attachment(attachment: &Attachment, directory: &Directory) -> Result<(), Rejection> {
    check_title(&attachment.title)?;
    let manifest = manifest(attachment, directory)?;
    if let Some((_, rejection)) = wrong(attachment, manifest, directory).into_iter().next() {
        return Err(rejection);
    }
    params::check(manifest, &attachment.params, directory)
}

/// Everything that [`check_attachment`] would refuse: each field with what is wrong with it. Parameters are
/// `params.KEY`.
pub fn attachment_problems(attachment: &Attachment, directory: &Directory) -> Vec<(String, Sentence)> {
    let manifest = match manifest(attachment, directory) {
        Ok(manifest) => manifest,
        Err(rejection) => {
            let title = check_title(&attachment.title).err().map(|no| ("title", no));
            let both = title.into_iter().chain([("robot", rejection)]);
            return both.map(|(field, no)| (field.to_owned(), no.message)).collect();
        }
    };
    let wrong = wrong(attachment, manifest, directory);
    let wrong = wrong
        .into_iter()
        .map(|(field, no)| (field.to_owned(), no.message));
    let params = params::problems(manifest, &attachment.params, directory);
    let params = params
        .into_iter()
        .map(|(key, message)| (format!("params.{key}"), message));
    wrong.chain(params).collect()
}

/// What is wrong besides the parameters, by field.
fn wrong(
    attachment: &Attachment,
    manifest: &Manifest,
    directory: &Directory,
) -> Vec<(&'static str, Rejection)> {
    let Attachment {
        moment,
        timing,
        condition,
        ..
    } = attachment;
    let (concurrency, rate) = (attachment.concurrency_max, attachment.rate_per_minute);
    let attempts = check_range(template!("attempts_max"), attachment.attempts_max, ATTEMPTS_MAX);
    let moment = check_cause(moment, manifest).and_then(|()| check_moment(moment, directory));
    let hosts = check_named(&attachment.http_hosts, &manifest.http_hosts);
    let checks = [
        ("title", check_title(&attachment.title)),
        ("attempts_max", attempts),
        ("backoff_base_s", check_backoff(attachment)),
        ("missed_within_s", check_missed(attachment)),
        (
            "concurrency_max",
            check_at_most(template!("concurrency_max"), concurrency, CONCURRENCY_MAX),
        ),
        (
            "rate_per_minute",
            check_at_most(template!("rate_per_minute"), rate, RATE_MAX),
        ),
        ("moment", moment),
        ("timing", check_timing(timing, directory)),
        ("condition", check_condition(condition, directory)),
        ("grants", check_grants(&attachment.grants, manifest)),
        ("http_hosts", hosts),
        ("grant_fields", check_grant_fields(attachment, directory)),
        ("grant_audience", check_grant_audience(attachment, directory)),
    ];
    let refused = checks
        .into_iter()
        .map(|(field, check)| Some((field, check.err()?)));
    refused.flatten().collect()
}

fn check_title(title: &str) -> Result<(), Rejection> {
    let count = title.chars().count();
    if title.trim().is_empty() {
        return Err(Rejection::invalid(said!("the title is empty")));
    }
    if count > TITLE_CHARS_MAX {
        let message = said!(
            "the title has {count} characters, more than {max}",
            count,
            max = TITLE_CHARS_MAX
        );
        return Err(Rejection::invalid(message));
    }
    Ok(())
}

fn manifest<'a>(attachment: &Attachment, directory: &'a Directory) -> Result<&'a Manifest, Rejection> {
    let id = &attachment.robot;
    if !directory
        .robots
        .values()
        .any(|version| version.manifest.id == *id)
    {
        let message = said!("robot `{robot}` is not installed", robot = id);
        return Err(Rejection::new(Code::NotFound, message));
    }
    let digest = &attachment.digest;
    let Some(version) = directory.robots.get(digest) else {
        let message = said!(
            "no version of robot `{robot}` has the digest `{digest}`",
            robot = id,
            digest
        );
        return Err(Rejection::new(Code::NotFound, message));
    };
    if version.manifest.id != *id {
        let other = &version.manifest.id;
        let message = said!(
            "the digest `{digest}` is a version of robot `{other}`, not of `{robot}`",
            digest,
            other,
            robot = id
        );
        return Err(Rejection::invalid(message));
    }
    Ok(&version.manifest)
}

fn check_range(what: &'static str, value: u32, max: u32) -> Result<(), Rejection> {
    if (1..=max).contains(&value) {
        return Ok(());
    }
    Err(Rejection::invalid(said!(
        "{what} is {value}, not 1 to {max}",
        what = Sentence::fixed(what),
        value,
        max
    )))
}

/// As `check_range`, where 0 is none.
fn check_at_most(what: &'static str, value: u32, max: u32) -> Result<(), Rejection> {
    if value <= max {
        return Ok(());
    }
    let message = said!(
        "{what} is {value}, not 1 to {max}, or 0 for none",
        what = Sentence::fixed(what),
        value,
        max
    );
    Err(Rejection::invalid(message))
}

fn check_missed(attachment: &Attachment) -> Result<(), Rejection> {
    match attachment.missed {
        Missed::RunNow | Missed::Skip => Ok(()),
        Missed::IfWithin => check_range(
            template!("missed_within_s"),
            attachment.missed_within_s,
            DELAY_S_MAX,
        ),
    }
}

fn check_backoff(attachment: &Attachment) -> Result<(), Rejection> {
    let (base_s, max_s) = (attachment.backoff_base_s, attachment.backoff_max_s);
    check_range(template!("backoff_base_s"), base_s, BACKOFF_S_MAX)?;
    check_range(template!("backoff_max_s"), max_s, BACKOFF_S_MAX)?;
    if base_s <= max_s {
        return Ok(());
    }
    let message = said!(
        "backoff_base_s is {base_s}, more than backoff_max_s, which is {max_s}",
        base_s,
        max_s
    );
    Err(Rejection::invalid(message))
}

/// The robot says what it can be attached to.
fn check_cause(moment: &Moment, manifest: &Manifest) -> Result<(), Rejection> {
    let (cause, word) = match moment {
        Moment::Stage { .. } => (CauseKind::StageEntered, said!("a stage")),
        Moment::Event { event, .. } => (event_cause(*event), Sentence::plain(event.as_str())),
        Moment::Schedule { .. } => (CauseKind::Schedule, said!("a schedule")),
        Moment::Manual => (CauseKind::Manual, said!("a start by hand")),
    };
    if manifest.causes.contains(&cause) {
        return Ok(());
    }
    let known = Sentence::listed(manifest.causes.iter().filter_map(moment_word));
    let message = said!(
        "robot `{robot}` cannot be attached to {word}; it takes {known}",
        robot = manifest.id,
        word,
        known
    );
    Err(Rejection::invalid(message))
}

/// What an admin attaches for a cause; none for what a robot sets itself.
fn moment_word(cause: &CauseKind) -> Option<Sentence> {
    match cause {
        CauseKind::StageEntered => Some(said!("a stage")),
        CauseKind::Schedule => Some(said!("a schedule")),
        CauseKind::MessageReceived => Some(Sentence::plain(FactKind::MessageReceived.as_str())),
        CauseKind::Manual => Some(said!("a start by hand")),
        CauseKind::Event => Some(said!("other events")),
        CauseKind::Timer => None,
    }
}

/// Under which cause a robot gets an event.
fn event_cause(event: FactKind) -> CauseKind {
    match event {
        FactKind::StageEntered => CauseKind::StageEntered,
        FactKind::MessageReceived => CauseKind::MessageReceived,
        FactKind::ItemCreated
        | FactKind::ItemChanged
        | FactKind::ItemAssigned
        | FactKind::ActivityCreated
        | FactKind::ActivityCompleted
        | FactKind::ActivityReminderDue
        | FactKind::ActivityOverdue
        | FactKind::MessageEdited
        | FactKind::ConversationOpened
        | FactKind::ConversationClosed
        | FactKind::DeliveryFailed
        | FactKind::HttpResponse
        | FactKind::TimerFired
        | FactKind::ScheduleTicked
        | FactKind::ScheduleMissed
        | FactKind::ManualRun
        | FactKind::BulkRun => CauseKind::Event,
    }
}

fn check_moment(moment: &Moment, directory: &Directory) -> Result<(), Rejection> {
    match moment {
        Moment::Stage { stage } => directory.stage(*stage).map(drop),
        Moment::Event {
            event,
            pipeline,
            stage,
            channel,
            fields,
        } => {
            check_event(*event)?;
            check_place(directory, *pipeline, *stage)?;
            check_channel(directory, *event, *channel)?;
            check_fields(directory, *event, fields)
        }
        Moment::Schedule { cron, zone, items } => {
            Schedule::parse(cron, zone).map_err(Rejection::invalid)?;
            items
                .as_ref()
                .map_or(Ok(()), |query| check_query(directory, query))
        }
        Moment::Manual => Ok(()),
    }
}

/// Answers, wake-ups, ticks and starts by hand go to the one attachment that they are for.
fn check_event(event: FactKind) -> Result<(), Rejection> {
    match event {
        FactKind::HttpResponse
        | FactKind::TimerFired
        | FactKind::ScheduleTicked
        | FactKind::ScheduleMissed
        | FactKind::ManualRun
        | FactKind::BulkRun => {
            let message = said!(
                "the event `{event}` starts its own attachment only",
                event = event.as_str()
            );
            Err(Rejection::invalid(message))
        }
        FactKind::ItemCreated
        | FactKind::StageEntered
        | FactKind::ItemChanged
        | FactKind::ItemAssigned
        | FactKind::ActivityCreated
        | FactKind::ActivityCompleted
        | FactKind::ActivityReminderDue
        | FactKind::ActivityOverdue
        | FactKind::MessageReceived
        | FactKind::MessageEdited
        | FactKind::ConversationOpened
        | FactKind::ConversationClosed
        | FactKind::DeliveryFailed => Ok(()),
    }
}

fn check_place(
    directory: &Directory,
    pipeline: Option<PipelineId>,
    stage: Option<StageId>,
) -> Result<(), Rejection> {
    let pipeline = pipeline.map(|id| directory.pipeline(id)).transpose()?;
    let stage = stage.map(|id| directory.stage(id)).transpose()?;
    match (pipeline, stage) {
        (Some(pipeline), Some(stage)) if stage.pipeline != pipeline.id => {
            let message = said!(
                "stage `{stage}` does not belong to pipeline `{pipeline}`",
                stage = stage.key,
                pipeline = pipeline.key
            );
            Err(Rejection::new(Code::NoSuchStage, message))
        }
        _ => Ok(()),
    }
}

fn check_channel(
    directory: &Directory,
    event: FactKind,
    channel: Option<ChannelId>,
) -> Result<(), Rejection> {
    let Some(id) = channel else { return Ok(()) };
    directory.channel(id)?;
    if matches!(event, FactKind::MessageReceived | FactKind::ConversationOpened) {
        return Ok(());
    }
    let message = said!(
        "the event `{event}` has no channel, so {id} would never match",
        event = event.as_str(),
        id
    );
    Err(Rejection::invalid(message))
}

fn check_fields(directory: &Directory, event: FactKind, fields: &[String]) -> Result<(), Rejection> {
    check_count(template!("fields"), fields.len())?;
    if !fields.is_empty() && event != FactKind::ItemChanged {
        let message = said!(
            "the event `{event}` has no fields: use `item-changed`",
            event = event.as_str()
        );
        return Err(Rejection::invalid(message));
    }
    fields.iter().try_for_each(|key| check_field(directory, key))
}

fn check_count(what: &'static str, count: usize) -> Result<(), Rejection> {
    if count <= FILTERS_MAX {
        return Ok(());
    }
    Err(Rejection::invalid(said!(
        "{count} {what}, more than {max}",
        count,
        what = Sentence::fixed(what),
        max = FILTERS_MAX
    )))
}

fn check_field(directory: &Directory, key: &str) -> Result<(), Rejection> {
    if is_field(directory, key) {
        return Ok(());
    }
    Err(Rejection {
        fields: vec![key.to_owned()],
        ..Rejection::invalid(said!("there is no field `{key}`", key))
    })
}

fn check_query(directory: &Directory, query: &ItemQuery) -> Result<(), Rejection> {
    check_range(template!("items.max"), query.max, ITEMS_MAX)?;
    check_at_most(template!("items.spread-s"), query.spread_s, SPREAD_S_MAX)?;
    check_place(directory, Some(query.pipeline), query.stage)
}

fn check_timing(timing: &Timing, directory: &Directory) -> Result<(), Rejection> {
    match timing {
        Timing::Now | Timing::At { .. } => Ok(()),
        Timing::Delay { seconds, .. } => {
            check_range(template!("the delay in seconds"), *seconds, DELAY_S_MAX)
        }
        Timing::Relative { field, offset_s } => {
            if offset_s.unsigned_abs() > u64::from(DELAY_S_MAX) {
                let message = said!(
                    "the offset is {offset_s} s, more than {max} s",
                    offset_s,
                    max = DELAY_S_MAX
                );
                return Err(Rejection::invalid(message));
            }
            check_field(directory, field)?;
            let custom = directory.fields.get(field);
            let is_instant = CORE_INSTANTS.contains(&field.as_str())
                || custom.is_some_and(|def| def.field_type == FieldType::Instant);
            if is_instant {
                return Ok(());
            }
            Err(Rejection {
                fields: vec![field.clone()],
                ..Rejection::invalid(said!("field `{field}` holds no instant", field))
            })
        }
    }
}

fn check_condition(condition: &Condition, directory: &Directory) -> Result<(), Rejection> {
    check_count(template!("groups of the condition"), condition.any.len())?;
    for group in &condition.any {
        check_count(template!("tests in a group of the condition"), group.len())?;
        group
            .iter()
            .try_for_each(|test| check_field(directory, &test.field))?;
    }
    Ok(())
}

/// A grant that nobody asked for would come true with the robot's next version.
fn check_grants(grants: &[String], manifest: &Manifest) -> Result<(), Rejection> {
    let asked = |grant: &String| manifest.permission.iter().any(|p| p.interface == *grant);
    match grants.iter().find(|grant| !asked(grant)) {
        None => Ok(()),
        Some(grant) => {
            let message = said!(
                "robot `{robot}` does not ask for `{grant}`",
                robot = manifest.id,
                grant
            );
            Err(Rejection::invalid(message))
        }
    }
}

#[cfg(test)]
mod tests;
