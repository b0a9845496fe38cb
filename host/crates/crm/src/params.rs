//! Parameters of attachments: checked when the admin saves them, expanded when a run starts.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::contact::Contact;
use crate::deadline::Deadline;
use crate::directory::Directory;
use crate::email::Email;
use crate::event::{Event, Fact};
use crate::ids::{ChannelId, EmployeeId, PipelineId, StageId};
use crate::item::Item;
use crate::phone::Phone;
use crate::rejection::{Code, Rejection};
use crate::robot::{Manifest, Param, ParamType, Placeholders};
use crate::time::Timestamp;
use crate::value::Money;

/// The longest text parameter, before and after expansion, in characters.
pub const TEXT_CHARS_MAX: usize = 10_000;
/// The most values of a parameter that holds several.
pub const VALUES_MAX: usize = 200;

/// A parameter's value as a robot gets it.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamValue {
    /// `bool`.
    Flag(bool),
    /// `int`.
    Whole(i32),
    /// `double`, as a decimal string.
    Decimal(String),
    /// Texts, choices and references.
    Text(String),
    /// `duration`.
    Seconds(u32),
    /// `money`.
    Money(Money),
    /// Several values.
    Many(Vec<String>),
}

/// Checks the admin's parameters against the robot's form and the set-up.
///
/// # Errors
/// `invalid`, with all keys that are wrong and one sentence for each.
pub fn check(
    manifest: &Manifest,
    params: &BTreeMap<String, Value>,
    directory: &Directory,
) -> Result<(), Rejection> {
    let mut wrong: Vec<(String, String)> = Vec::new();
    for key in params.keys().filter(|key| manifest.param(key).is_none()) {
        wrong.push((
            key.clone(),
            format!("robot `{}` has no parameter `{key}`", manifest.id),
        ));
    }
    for param in &manifest.param {
        match given(param, params) {
            None if param.required => wrong.push((param.key.clone(), format!("`{}` is required", param.key))),
            None => {}
            Some(value) => {
                if let Err(why) =
                    read(param, value).and_then(|value| check_reference(param, &value, directory))
                {
                    wrong.push((param.key.clone(), format!("`{}`: {why}", param.key)));
                }
            }
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let (fields, sentences): (Vec<_>, Vec<_>) = wrong.into_iter().unzip();
    Err(Rejection {
        code: Code::Invalid,
        message: sentences.join("; "),
        fields,
    })
}

fn given<'a>(param: &'a Param, params: &'a BTreeMap<String, Value>) -> Option<&'a Value> {
    let own = params
        .get(&param.key)
        .filter(|value| !value.is_null() && value.as_str() != Some(""));
    own.or(param.default.as_ref())
}

/// Reads a JSON value as the parameter's type.
fn read(param: &Param, value: &Value) -> Result<ParamValue, String> {
    if param.multiple || param.param_type == ParamType::Users {
        let list = value
            .as_array()
            .ok_or_else(|| format!("`{value}` is not a list"))?;
        if list.len() > VALUES_MAX {
            return Err(format!("{} values, more than {VALUES_MAX}", list.len()));
        }
        let texts = list.iter().map(|one| read_text(param, one));
        return texts.collect::<Result<_, _>>().map(ParamValue::Many);
    }
    let wrong = |what: &str| format!("`{value}` is not {what}");
    match param.param_type {
        ParamType::Bool => value
            .as_bool()
            .map(ParamValue::Flag)
            .ok_or_else(|| wrong("true or false")),
        ParamType::Int => {
            let whole = value.as_i64().and_then(|n| i32::try_from(n).ok());
            whole
                .map(ParamValue::Whole)
                .ok_or_else(|| wrong("a whole number of 32 bits"))
        }
        ParamType::Double => value
            .as_f64()
            .map(|number| ParamValue::Decimal(number.to_string()))
            .ok_or_else(|| wrong("a number")),
        ParamType::Duration => seconds(value)
            .map(ParamValue::Seconds)
            .ok_or_else(|| wrong("a duration such as `4h`")),
        ParamType::Money => {
            let text = value
                .as_str()
                .ok_or_else(|| wrong("an amount such as `1500.00 RUB`"))?;
            text.parse().map(ParamValue::Money)
        }
        _ => read_text(param, value).map(ParamValue::Text),
    }
}

/// Whole seconds: a number, or `90s`, `30m`, `4h`, `2d`.
fn seconds(value: &Value) -> Option<u32> {
    if let Some(number) = value.as_u64() {
        return u32::try_from(number).ok();
    }
    let text = value.as_str()?;
    let digits = text.strip_suffix(['s', 'm', 'h', 'd'])?;
    let unit = match text.as_bytes().last()? {
        b's' => 1,
        b'm' => 60,
        b'h' => 3_600,
        _ => 86_400,
    };
    digits.parse::<u32>().ok()?.checked_mul(unit)
}

fn read_text(param: &Param, value: &Value) -> Result<String, String> {
    let text = value.as_str().ok_or_else(|| format!("`{value}` is not a text"))?;
    if text.chars().count() > TEXT_CHARS_MAX {
        return Err(format!("more than {TEXT_CHARS_MAX} characters"));
    }
    match param.param_type {
        ParamType::Select if !param.options.iter().any(|option| option.key == text) => {
            let keys: Vec<_> = param.options.iter().map(|option| option.key.as_str()).collect();
            return Err(format!("`{text}` is not one of {}", keys.join(", ")));
        }
        ParamType::Deadline => drop(Deadline::parse(text).map_err(|e| e.to_string())?),
        ParamType::Datetime => drop(Timestamp::parse(text).map_err(|e| e.to_string())?),
        ParamType::Phone => drop(Phone::parse(text).map_err(|e| e.to_string())?),
        ParamType::Email => drop(Email::parse(text).map_err(|e| e.to_string())?),
        ParamType::Url if !(text.starts_with("https://") || text.starts_with("http://")) => {
            return Err(format!("`{text}` is not a URL"));
        }
        _ => {}
    }
    Ok(text.to_owned())
}

/// Refuses references to things that do not exist.
fn check_reference(param: &Param, value: &ParamValue, directory: &Directory) -> Result<(), String> {
    let texts: &[String] = match value {
        ParamValue::Text(text) => std::slice::from_ref(text),
        ParamValue::Many(many) => many,
        _ => &[],
    };
    for text in texts {
        let found = match param.param_type {
            ParamType::User | ParamType::Users if text.starts_with("role:") => {
                matches!(text.as_str(), "role:assignee" | "role:head")
            }
            ParamType::User | ParamType::Users => text
                .parse::<EmployeeId>()
                .is_ok_and(|id| directory.employees.contains_key(&id)),
            ParamType::Stage => text
                .parse::<StageId>()
                .is_ok_and(|id| directory.stages.contains_key(&id)),
            ParamType::Pipeline => text
                .parse::<PipelineId>()
                .is_ok_and(|id| directory.pipelines.contains_key(&id)),
            ParamType::Channel => text
                .parse::<ChannelId>()
                .is_ok_and(|id| directory.channels.contains_key(&id)),
            _ => true,
        };
        if !found {
            return Err(format!("`{text}` does not exist"));
        }
    }
    Ok(())
}

/// What placeholders can show.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// The set-up, for names.
    pub directory: &'a Directory,
    /// The run's item.
    pub item: Option<&'a Item>,
    /// The item's client.
    pub contact: Option<&'a Contact>,
    /// What started the run.
    pub event: &'a Event,
    /// The run's logical time.
    pub now: Timestamp,
}

/// The values that the robot gets: the admin's or the defaults, with placeholders expanded once.
///
/// # Errors
/// `invalid` when a value does not fit the form (the attachment is older than the robot's version).
pub fn resolve(
    manifest: &Manifest,
    params: &BTreeMap<String, Value>,
    shown: Shown<'_>,
) -> Result<Vec<(String, ParamValue)>, Rejection> {
    let mut values = Vec::with_capacity(manifest.param.len());
    for param in &manifest.param {
        let Some(value) = given(param, params) else {
            continue;
        };
        let mut value = read(param, value).map_err(|why| Rejection {
            fields: vec![param.key.clone()],
            ..Rejection::invalid(format!("parameter `{}`: {why}", param.key))
        })?;
        if param.placeholders == Placeholders::Text {
            match &mut value {
                ParamValue::Text(text) => *text = expand(text, shown),
                ParamValue::Many(many) => many.iter_mut().for_each(|text| *text = expand(text, shown)),
                _ => {}
            }
        }
        values.push((param.key.clone(), value));
    }
    Ok(values)
}

/// Replaces `{=Document:TITLE}` and the like, in one pass: what is inserted is never looked at again, so that a
/// client's text cannot smuggle placeholders in. An unknown placeholder stays as it is; an empty value gives nothing.
pub fn expand(text: &str, shown: Shown<'_>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("{=") {
        out.push_str(&rest[..start]);
        let tail = &rest[start..];
        let Some(end) = tail.find('}') else { break };
        match tail[2..end]
            .split_once(':')
            .and_then(|(source, name)| lookup(source, name, shown))
        {
            Some(value) => out.push_str(&value),
            None => out.push_str(&tail[..=end]),
        }
        rest = &tail[end + 1..];
    }
    out.push_str(rest);
    out.chars().take(TEXT_CHARS_MAX).collect()
}

/// The value of a placeholder; none when there is no such placeholder.
fn lookup(source: &str, name: &str, shown: Shown<'_>) -> Option<String> {
    let person = |id: Option<EmployeeId>| id.and_then(|id| shown.directory.employees.get(&id));
    let assignee = person(shown.item.and_then(|item| item.assignee));
    match (source, name) {
        ("Document", "ID") => Some(shown.item.map(|item| item.id.to_string()).unwrap_or_default()),
        ("Document", "STAGE") => {
            let stage = shown
                .item
                .and_then(|item| shown.directory.stages.get(&item.stage));
            Some(stage.map(|stage| stage.title.ru.clone()).unwrap_or_default())
        }
        ("Document", field) => {
            let key = field.to_lowercase().replace('_', "-");
            let value = shown
                .item
                .and_then(|item| item.field(&key).or_else(|| item.field(field)));
            Some(value.map(|value| value.to_string()).unwrap_or_default())
        }
        ("Contact", "NAME") => Some(
            shown
                .contact
                .map(|contact| contact.name.clone())
                .unwrap_or_default(),
        ),
        ("Responsible", "NAME") => Some(assignee.map(|person| person.name.clone()).unwrap_or_default()),
        ("Event", "text") => match &shown.event.fact {
            Fact::MessageReceived { text, .. } | Fact::MessageEdited { text, .. } => Some(text.clone()),
            _ => Some(String::new()),
        },
        ("Run", "now") => Some(shown.now.to_string()),
        _ => None,
    }
}
