//! The fields of leads and deals, custom ones included.

use crate::bindings::signalbox::robot::fields;
use crate::{Failure, Field, FieldValue, Instant, Money};

/// The value of one field; none when it is empty.
///
/// # Errors
/// `denied`, `not-found`, `invalid` (no such field).
pub fn get(item: &str, key: &str) -> Result<Option<FieldValue>, Failure> {
    let found = get_many(item, &[key])?;
    Ok(found.into_iter().next().and_then(|field| field.value))
}

/// The fields with these keys, in their order, empty ones without a value.
///
/// # Errors
/// `denied`, `not-found`, `invalid` (no such field, no keys, more than 200).
pub fn get_many(item: &str, keys: &[&str]) -> Result<Vec<Field>, Failure> {
    let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    Ok(fields::get(item, &keys)?)
}

/// All custom fields that have a value, by key.
///
/// # Errors
/// `denied`, `not-found`.
pub fn get_all(item: &str) -> Result<Vec<Field>, Failure> {
    Ok(fields::get_all(item)?)
}

/// Sets one field.
///
/// # Errors
/// `denied`, `not-found`, `invalid` (an unknown field, a value of another type, a field that cannot be set here).
pub fn set(item: &str, key: &str, value: impl Into<FieldValue>) -> Result<(), Failure> {
    set_many(item, &[field(key, value)])
}

/// Empties one field.
///
/// # Errors
/// As for [`set`].
pub fn clear(item: &str, key: &str) -> Result<(), Failure> {
    let field = Field {
        key: key.to_owned(),
        value: None,
    };
    set_many(item, &[field])
}

/// Sets several fields; those without a value are emptied.
///
/// # Errors
/// As for [`set`]; `invalid` also for a key that is given twice.
pub fn set_many(item: &str, fields: &[Field]) -> Result<(), Failure> {
    Ok(fields::set(item, fields)?)
}

/// A field with a value.
pub fn field(key: &str, value: impl Into<FieldValue>) -> Field {
    Field {
        key: key.to_owned(),
        value: Some(value.into()),
    }
}

impl From<&str> for FieldValue {
    fn from(text: &str) -> FieldValue {
        FieldValue::Text(text.to_owned())
    }
}

impl From<String> for FieldValue {
    fn from(text: String) -> FieldValue {
        FieldValue::Text(text)
    }
}

impl From<f64> for FieldValue {
    fn from(number: f64) -> FieldValue {
        FieldValue::Number(number)
    }
}

impl From<bool> for FieldValue {
    fn from(flag: bool) -> FieldValue {
        FieldValue::Flag(flag)
    }
}

impl From<Instant> for FieldValue {
    fn from(at: Instant) -> FieldValue {
        FieldValue::Instant(at.to_string())
    }
}

impl From<Money> for FieldValue {
    fn from(money: Money) -> FieldValue {
        FieldValue::Money(money)
    }
}

impl From<Vec<String>> for FieldValue {
    fn from(many: Vec<String>) -> FieldValue {
        FieldValue::Many(many)
    }
}
