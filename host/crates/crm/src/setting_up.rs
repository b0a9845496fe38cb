//! What an admin may set up: people, pipelines, stages, fields, channels and calendars.

use std::collections::BTreeSet;

use crate::calendar::WorkCalendar;
use crate::conversation::Channel;
use crate::directory::{Calendar, Directory};
use crate::email::Email;
use crate::ids::{CalendarId, EmployeeId};
use crate::params::is_field;
use crate::people::Employee;
use crate::pipeline::{CORE_FIELDS, FieldDef, FieldType, Pipeline, Stage, StageKind};
use crate::rejection::{Code, Rejection};
use crate::value::LocalText;

/// The longest key, in characters.
pub const KEY_CHARS_MAX: usize = 64;
/// The longest name or title, in characters.
pub const TITLE_CHARS_MAX: usize = 250;
/// The most absences of one person, options of one field, and required fields of one stage.
pub const ENTRIES_MAX: usize = 200;
/// The most working days between the last contact and an activity: a year.
pub const WORKING_DAYS_MAX: u32 = 366;

/// What a receiver may be sent in a second.
pub const PER_SECOND: std::ops::RangeInclusive<u16> = 1..=1000;

/// Checks an employee before it is saved.
///
/// # Errors
/// `invalid` (name, e-mail, absences), `not-found` (head, calendar), `conflict` (an e-mail that is taken),
/// `rule-violated` (a person who leads himself, directly or not).
pub fn check_employee(directory: &Directory, employee: &Employee) -> Result<(), Rejection> {
    check_title("name", &employee.name)?;
    check_email(directory, employee)?;
    check_count("absences", employee.absences.len())?;
    if let Some(absence) = employee.absences.iter().find(|a| a.until <= a.from) {
        let message = format!("the absence from {} ends at {}", absence.from, absence.until);
        return Err(Rejection::invalid(message));
    }
    check_calendar_exists(directory, employee.calendar)?;
    check_heads(directory, employee)
}

fn check_email(directory: &Directory, employee: &Employee) -> Result<(), Rejection> {
    let Some(text) = &employee.email else {
        return Ok(());
    };
    let email = Email::parse(text).map_err(|e| Rejection::invalid(e.to_string()))?;
    let is_same = |other: &Employee| {
        let theirs = other.email.as_deref().and_then(|text| Email::parse(text).ok());
        other.id != employee.id && theirs.is_some_and(|theirs| theirs.key() == email.key())
    };
    match directory.employees.values().find(|other| is_same(other)) {
        None => Ok(()),
        Some(other) => Err(taken("e-mail", text, &other.id.to_string())),
    }
}

fn taken(what: &str, value: &str, by: &str) -> Rejection {
    Rejection::new(
        Code::Conflict,
        format!("the {what} `{value}` is taken by {by} already"),
    )
}

/// Walks up from the head: every head exists, and none of them is the person.
fn check_heads(directory: &Directory, employee: &Employee) -> Result<(), Rejection> {
    let mut seen: BTreeSet<EmployeeId> = BTreeSet::from([employee.id]);
    let mut next = employee.head;
    while let Some(id) = next {
        if !seen.insert(id) {
            let message = format!("{} ({}) would lead himself", employee.id, employee.name);
            return Err(Rejection::new(Code::RuleViolated, message));
        }
        let head = directory.employee(id)?;
        next = head.head;
    }
    Ok(())
}

/// Checks a pipeline before it is saved.
///
/// # Errors
/// `invalid` (key, title, days), `conflict` (a key that is taken; another kind of item than before), `not-found`
/// (calendar).
pub fn check_pipeline(directory: &Directory, pipeline: &Pipeline) -> Result<(), Rejection> {
    let others = directory.pipelines.values().filter(|p| p.id != pipeline.id);
    check_key(&pipeline.key, others.map(|p| (p.key.as_str(), p.id.to_string())))?;
    check_titles(&pipeline.title)?;
    if let Some(days) = pipeline
        .activity_working_days_max
        .filter(|days| *days > WORKING_DAYS_MAX)
    {
        let message = format!("activity_working_days_max is {days}, more than {WORKING_DAYS_MAX}");
        return Err(Rejection::invalid(message));
    }
    let before = directory.pipelines.get(&pipeline.id);
    if let Some(before) = before.filter(|before| before.item_kind != pipeline.item_kind) {
        let kind = before.item_kind.as_str();
        let message = format!("pipeline `{}` holds items of kind `{kind}`", before.key);
        return Err(Rejection::new(Code::Conflict, message));
    }
    check_calendar_exists(directory, pipeline.calendar)
}

/// Checks a stage before it is saved.
///
/// # Errors
/// `invalid` (key, title, required fields that do not exist, a reason for a stage that is not lost), `not-found`
/// (pipeline), `conflict` (a key that is taken in the pipeline; another pipeline than before).
pub fn check_stage(directory: &Directory, stage: &Stage) -> Result<(), Rejection> {
    let pipeline = directory.pipeline(stage.pipeline)?;
    let others = directory.stages_of(stage.pipeline);
    let others = others.iter().filter(|other| other.id != stage.id);
    check_key(&stage.key, others.map(|s| (s.key.as_str(), s.id.to_string())))?;
    check_titles(&stage.title)?;
    if let Some(before) = directory
        .stages
        .get(&stage.id)
        .filter(|s| s.pipeline != stage.pipeline)
    {
        let message = format!(
            "stage `{}` cannot move from {} to pipeline `{}`",
            before.key, before.pipeline, pipeline.key
        );
        return Err(Rejection::new(Code::Conflict, message));
    }
    if stage.requires_reason && stage.kind != StageKind::Lost {
        let message = format!("stage `{}` is not lost and cannot require a reason", stage.key);
        return Err(Rejection::invalid(message));
    }
    check_count("required fields", stage.required_fields.len())?;
    let unknown = |key: &&String| !is_field(directory, key);
    match stage.required_fields.iter().find(unknown) {
        None => Ok(()),
        Some(key) => Err(Rejection {
            fields: vec![key.clone()],
            ..Rejection::invalid(format!("there is no field `{key}`"))
        }),
    }
}

/// Checks a custom field before it is saved.
///
/// # Errors
/// `invalid` (key, title, options), `conflict` (the key of a core field; another type than before).
pub fn check_field(directory: &Directory, field: &FieldDef) -> Result<(), Rejection> {
    let core = CORE_FIELDS.into_iter().map(|key| (key, "the core".to_owned()));
    check_key(&field.key, core)?;
    check_titles(&field.title)?;
    check_count("options", field.options.len())?;
    let is_select = field.field_type == FieldType::Select;
    if is_select == field.options.is_empty() {
        let message = format!(
            "field `{}`: a select has options, and no other field does",
            field.key
        );
        return Err(Rejection::invalid(message));
    }
    for (index, option) in field.options.iter().enumerate() {
        let others = field.options[..index]
            .iter()
            .map(|o| (o.as_str(), field.key.clone()));
        check_key(option, others)?;
    }
    let before = directory.fields.get(&field.key);
    match before.filter(|before| before.field_type != field.field_type) {
        None => Ok(()),
        Some(before) => {
            let message = format!(
                "field `{}` holds values of type {:?}",
                field.key, before.field_type
            );
            Err(Rejection::new(Code::Conflict, message))
        }
    }
}

/// Checks a channel before it is saved.
///
/// # Errors
/// `invalid` (key, title), `conflict` (a key that is taken), `not-found` (pipeline, assignee), `no-such-stage` (a
/// pipeline without stages), `rule-violated` (an assignee who has left).
pub fn check_channel(directory: &Directory, channel: &Channel) -> Result<(), Rejection> {
    let others = directory.channels.values().filter(|c| c.id != channel.id);
    check_key(&channel.key, others.map(|c| (c.key.as_str(), c.id.to_string())))?;
    check_title("title", &channel.title)?;
    if let Some(per_second) = channel.per_second.filter(|count| !PER_SECOND.contains(count)) {
        let message = format!("`per_second` is {per_second}, and 1 to 1000 is possible");
        return Err(Rejection::invalid(message));
    }
    if let Some(id) = channel.opens_item_in {
        let pipeline = directory.pipeline(id)?;
        if directory.stages_of(id).is_empty() {
            let message = format!("pipeline `{}` has no stage", pipeline.key);
            return Err(Rejection::new(Code::NoSuchStage, message));
        }
    }
    match channel.default_assignee {
        Some(id) => crate::assigning::check_works_here(directory, id),
        None => Ok(()),
    }
}

/// Checks a calendar before it is saved. `default_calendar` makes another one the default.
///
/// # Errors
/// `invalid` (key, intervals, zone), `conflict` (a key that is taken; a second default, or none).
pub fn check_calendar(directory: &Directory, calendar: &Calendar) -> Result<(), Rejection> {
    let others = || directory.calendars.values().filter(|(c, _)| c.id != calendar.id);
    check_key(
        &calendar.key,
        others().map(|(c, _)| (c.key.as_str(), c.id.to_string())),
    )?;
    WorkCalendar::new(&calendar.spec).map_err(|e| Rejection::invalid(e.to_string()))?;
    let other = others().find(|(c, _)| c.is_default);
    let message = match (calendar.is_default, other) {
        (true, Some((other, _))) => format!("calendar `{}` is the default already", other.key),
        (false, None) => format!("without `{}` there is no default calendar", calendar.key),
        (true, None) | (false, Some(_)) => return Ok(()),
    };
    Err(Rejection::new(Code::Conflict, message))
}

/// The calendars to save together so that this one becomes the company's.
///
/// # Errors
/// `not-found`.
pub fn default_calendar(directory: &Directory, id: CalendarId) -> Result<Vec<Calendar>, Rejection> {
    check_calendar_exists(directory, Some(id))?;
    let all = directory.calendars.values().map(|(calendar, _)| calendar);
    let changed = all.filter(|calendar| calendar.is_default != (calendar.id == id));
    let flip = |calendar: &Calendar| Calendar {
        is_default: !calendar.is_default,
        ..calendar.clone()
    };
    Ok(changed.map(|calendar| flip(calendar)).collect())
}

fn check_calendar_exists(directory: &Directory, id: Option<CalendarId>) -> Result<(), Rejection> {
    match id.filter(|id| !directory.calendars.contains_key(id)) {
        None => Ok(()),
        Some(id) => Err(Rejection::not_found(id)),
    }
}

/// A key is written in files and messages: lower-case letters, digits and hyphens, and nobody else has it.
fn check_key<'a>(key: &str, others: impl Iterator<Item = (&'a str, String)>) -> Result<(), Rejection> {
    let is_plain = key
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if key.is_empty() || key.len() > KEY_CHARS_MAX || !is_plain {
        let shown: String = key.chars().take(2 * KEY_CHARS_MAX).collect();
        let message =
            format!("`{shown}` is not a key: 1 to {KEY_CHARS_MAX} lower-case letters, digits and hyphens");
        return Err(Rejection::invalid(message));
    }
    match { others }.find(|(other, _)| *other == key) {
        None => Ok(()),
        Some((_, by)) => Err(taken("key", key, &by)),
    }
}

fn check_titles(title: &LocalText) -> Result<(), Rejection> {
    check_title("Russian title", &title.ru)?;
    check_title("English title", &title.en)
}

fn check_title(what: &str, title: &str) -> Result<(), Rejection> {
    let count = title.chars().count();
    if !title.trim().is_empty() && count <= TITLE_CHARS_MAX {
        return Ok(());
    }
    let message = format!("the {what} has {count} characters, not 1 to {TITLE_CHARS_MAX}");
    Err(Rejection::invalid(message))
}

fn check_count(what: &str, count: usize) -> Result<(), Rejection> {
    if count <= ENTRIES_MAX {
        return Ok(());
    }
    Err(Rejection::invalid(format!(
        "{count} {what}, more than {ENTRIES_MAX}"
    )))
}

#[cfg(test)]
mod tests;
