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
use crate::said;
use crate::sentence::Sentence;
use crate::template;
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
    check_title(template!("name"), &employee.name)?;
    check_email(directory, employee)?;
    check_count(template!("absences"), employee.absences.len())?;
    if let Some(absence) = employee.absences.iter().find(|a| a.until <= a.from) {
        let message = said!(
            "the absence from {from} ends at {until}",
            from = absence.from,
            until = absence.until
        );
        return Err(Rejection::invalid(message));
    }
    check_calendar_exists(directory, employee.calendar)?;
    check_heads(directory, employee)
}

fn check_email(directory: &Directory, employee: &Employee) -> Result<(), Rejection> {
    let Some(text) = &employee.email else {
        return Ok(());
    };
    let email = Email::parse(text).map_err(Rejection::invalid)?;
    let is_same = |other: &Employee| {
        let theirs = other.email.as_deref().and_then(|text| Email::parse(text).ok());
        other.id != employee.id && theirs.is_some_and(|theirs| theirs.key() == email.key())
    };
    match directory.employees.values().find(|other| is_same(other)) {
        None => Ok(()),
        Some(other) => Err(taken(said!("e-mail"), text, id_of(&other.id))),
    }
}

/// Whoever has something already.
fn id_of(id: &impl std::fmt::Display) -> Sentence {
    Sentence::plain(id.to_string())
}

fn taken(what: Sentence, value: &str, by: Sentence) -> Rejection {
    Rejection::new(
        Code::Conflict,
        said!("the {what} `{value}` is taken by {by} already", what, value, by),
    )
}

/// Walks up from the head: every head exists, and none of them is the person.
fn check_heads(directory: &Directory, employee: &Employee) -> Result<(), Rejection> {
    let mut seen: BTreeSet<EmployeeId> = BTreeSet::from([employee.id]);
    let mut next = employee.head;
    while let Some(id) = next {
        if !seen.insert(id) {
            let message = said!(
                "{employee} ({name}) would lead himself",
                employee = employee.id,
                name = employee.name
            );
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
    check_key(&pipeline.key, others.map(|p| (p.key.as_str(), id_of(&p.id))))?;
    check_titles(&pipeline.title)?;
    if let Some(days) = pipeline
        .activity_working_days_max
        .filter(|days| *days > WORKING_DAYS_MAX)
    {
        let message = said!(
            "activity_working_days_max is {days}, more than {max}",
            days,
            max = WORKING_DAYS_MAX
        );
        return Err(Rejection::invalid(message));
    }
    let before = directory.pipelines.get(&pipeline.id);
    if let Some(before) = before.filter(|before| before.item_kind != pipeline.item_kind) {
        let kind = before.item_kind.as_str();
        let message = said!(
            "pipeline `{pipeline}` holds items of kind `{kind}`",
            pipeline = before.key,
            kind
        );
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
    check_key(&stage.key, others.map(|s| (s.key.as_str(), id_of(&s.id))))?;
    check_titles(&stage.title)?;
    if let Some(before) = directory
        .stages
        .get(&stage.id)
        .filter(|s| s.pipeline != stage.pipeline)
    {
        let message = said!(
            "stage `{stage}` cannot move from {from} to pipeline `{pipeline}`",
            stage = before.key,
            from = before.pipeline,
            pipeline = pipeline.key
        );
        return Err(Rejection::new(Code::Conflict, message));
    }
    if stage.requires_reason && stage.kind != StageKind::Lost {
        let message = said!(
            "stage `{stage}` is not lost and cannot require a reason",
            stage = stage.key
        );
        return Err(Rejection::invalid(message));
    }
    check_count(template!("required fields"), stage.required_fields.len())?;
    let unknown = |key: &&String| !is_field(directory, key);
    match stage.required_fields.iter().find(unknown) {
        None => Ok(()),
        Some(key) => Err(Rejection {
            fields: vec![key.clone()],
            ..Rejection::invalid(said!("there is no field `{key}`", key))
        }),
    }
}

/// Checks a custom field before it is saved.
///
/// # Errors
/// `invalid` (key, title, options), `conflict` (the key of a core field; another type than before).
pub fn check_field(directory: &Directory, field: &FieldDef) -> Result<(), Rejection> {
    let core = CORE_FIELDS.into_iter().map(|key| (key, said!("the core")));
    check_key(&field.key, core)?;
    check_titles(&field.title)?;
    check_count(template!("options"), field.options.len())?;
    let is_select = field.field_type == FieldType::Select;
    if is_select == field.options.is_empty() {
        let message = said!(
            "field `{field}`: a select has options, and no other field does",
            field = field.key
        );
        return Err(Rejection::invalid(message));
    }
    for (index, option) in field.options.iter().enumerate() {
        let others = field.options[..index]
            .iter()
            .map(|o| (o.as_str(), id_of(&field.key)));
        check_key(option, others)?;
    }
    let before = directory.fields.get(&field.key);
    match before.filter(|before| before.field_type != field.field_type) {
        None => Ok(()),
        Some(before) => {
            let message = said!(
                "field `{field}` holds values of type {kind}",
                field = field.key,
                kind = format_args!("{:?}", before.field_type)
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
    check_key(&channel.key, others.map(|c| (c.key.as_str(), id_of(&c.id))))?;
    check_title(template!("title"), &channel.title)?;
    if let Some(per_second) = channel.per_second.filter(|count| !PER_SECOND.contains(count)) {
        let message = said!(
            "`per_second` is {per_second}, and 1 to 1000 is possible",
            per_second
        );
        return Err(Rejection::invalid(message));
    }
    if let Some(id) = channel.opens_item_in {
        let pipeline = directory.pipeline(id)?;
        if directory.stages_of(id).is_empty() {
            let message = said!("pipeline `{pipeline}` has no stage", pipeline = pipeline.key);
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
        others().map(|(c, _)| (c.key.as_str(), id_of(&c.id))),
    )?;
    WorkCalendar::new(&calendar.spec).map_err(Rejection::invalid)?;
    let other = others().find(|(c, _)| c.is_default);
    let message = match (calendar.is_default, other) {
        (true, Some((other, _))) => said!(
            "calendar `{calendar}` is the default already",
            calendar = other.key
        ),
        (false, None) => said!(
            "without `{calendar}` there is no default calendar",
            calendar = calendar.key
        ),
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
fn check_key<'a>(key: &str, others: impl Iterator<Item = (&'a str, Sentence)>) -> Result<(), Rejection> {
    let is_plain = key
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if key.is_empty() || key.len() > KEY_CHARS_MAX || !is_plain {
        let shown: String = key.chars().take(2 * KEY_CHARS_MAX).collect();
        let message = said!(
            "`{shown}` is not a key: 1 to {max} lower-case letters, digits and hyphens",
            shown,
            max = KEY_CHARS_MAX
        );
        return Err(Rejection::invalid(message));
    }
    match { others }.find(|(other, _)| *other == key) {
        None => Ok(()),
        Some((_, by)) => Err(taken(said!("key"), key, by)),
    }
}

fn check_titles(title: &LocalText) -> Result<(), Rejection> {
    check_title(template!("Russian title"), &title.ru)?;
    check_title(template!("English title"), &title.en)
}

fn check_title(what: &'static str, title: &str) -> Result<(), Rejection> {
    let count = title.chars().count();
    if !title.trim().is_empty() && count <= TITLE_CHARS_MAX {
        return Ok(());
    }
    let message = said!(
        "the {what} has {count} characters, not 1 to {max}",
        what = Sentence::fixed(what),
        count,
        max = TITLE_CHARS_MAX
    );
    Err(Rejection::invalid(message))
}

fn check_count(what: &'static str, count: usize) -> Result<(), Rejection> {
    if count <= ENTRIES_MAX {
        return Ok(());
    }
    Err(Rejection::invalid(said!(
        "{count} {what}, more than {max}",
        count,
        what = Sentence::fixed(what),
        max = ENTRIES_MAX
    )))
}

#[cfg(test)]
mod tests;
