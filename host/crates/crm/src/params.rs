//! Parameters of attachments: checked when the admin saves them, expanded when a run starts.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::directory::Directory;
use crate::ids::{ChannelId, EmployeeId, PipelineId, StageId};
use crate::pipeline::CORE_FIELDS;
use crate::rejection::{Code, Rejection};
use crate::robot::{Manifest, Param, ParamType, Placeholders};
use crate::said;
use crate::sentence::Sentence;
use crate::value::Money;
pub use placeholder::{Shown, expand};
use reading::read;
pub use reading::seconds;

mod placeholder;
mod reading;

#[cfg(test)]
mod tests;

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
    let wrong = problems(manifest, params, directory);
    if wrong.is_empty() {
        return Ok(());
    }
    let (fields, sentences): (Vec<_>, Vec<_>) = wrong.into_iter().unzip();
    Err(Rejection {
        code: Code::Invalid,
        message: Sentence::joined(sentences),
        fields,
    })
}

/// The keys that are wrong, and one sentence for each.
pub fn problems(
    manifest: &Manifest,
    params: &BTreeMap<String, Value>,
    directory: &Directory,
) -> Vec<(String, Sentence)> {
    let mut wrong: Vec<(String, Sentence)> = Vec::new();
    for key in params.keys().filter(|key| manifest.param(key).is_none()) {
        let known: Vec<String> = manifest
            .param
            .iter()
            .map(|param| format!("`{}`", param.key))
            .collect();
        let known = match known.is_empty() {
            true => said!("none"),
            false => Sentence::plain(known.join(", ")),
        };
        let message = said!(
            "robot `{robot}` has no parameter `{key}` (it has {known})",
            robot = manifest.id,
            key,
            known
        );
        wrong.push((key.clone(), message));
    }
    for param in &manifest.param {
        match given(param, params) {
            None if param.required => wrong.push((
                param.key.clone(),
                said!("`{param}` is required", param = param.key),
            )),
            None => {}
            Some(value) => {
                if let Err(why) =
                    read(param, value).and_then(|value| check_reference(param, &value, directory))
                {
                    wrong.push((
                        param.key.clone(),
                        said!("`{param}`: {why}", param = param.key, why),
                    ));
                }
            }
        }
    }
    wrong
}

fn given<'a>(param: &'a Param, params: &'a BTreeMap<String, Value>) -> Option<&'a Value> {
    let own = params.get(&param.key).filter(|value| !is_blank(value));
    own.or(param.default.as_ref())
}

/// What a form sends for a field that was left empty.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

/// Refuses references to things that do not exist.
fn check_reference(param: &Param, value: &ParamValue, directory: &Directory) -> Result<(), Sentence> {
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
            ParamType::Field => is_field(directory, text),
            ParamType::Secret => directory.secrets.contains_key(text),
            _ => true,
        };
        if !found {
            return Err(said!("`{what}` does not exist", what = text));
        }
    }
    Ok(())
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
            ..Rejection::invalid(said!("parameter `{param}`: {why}", param = param.key, why))
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

/// The values that the robot gets whatever starts it; none where a placeholder is among them, or a value does not fit.
pub fn plain(manifest: &Manifest, params: &BTreeMap<String, Value>) -> Option<Vec<(String, ParamValue)>> {
    let mut values = Vec::with_capacity(manifest.param.len());
    for param in &manifest.param {
        let Some(value) = given(param, params) else {
            continue;
        };
        let is_expanded = param.placeholders == Placeholders::Text && value.to_string().contains("{=");
        if is_expanded {
            return None;
        }
        values.push((param.key.clone(), read(param, value).ok()?));
    }
    Some(values)
}

/// What a robot gets where the admin has given nothing.
pub fn defaults(manifest: &Manifest) -> Vec<(String, ParamValue)> {
    let default = |param: &Param| {
        let value = read(param, param.default.as_ref()?).ok()?;
        Some((param.key.clone(), value))
    };
    manifest.param.iter().filter_map(default).collect()
}

/// A field that items have: of the core, or a custom one.
pub(crate) fn is_field(directory: &Directory, key: &str) -> bool {
    CORE_FIELDS.contains(&key) || directory.fields.contains_key(key)
}
