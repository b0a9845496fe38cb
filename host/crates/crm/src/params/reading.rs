//! JSON values as the types of parameters.

use jiff::civil::Date;
use serde_json::Value;

use super::{ParamValue, TEXT_CHARS_MAX, VALUES_MAX};
use crate::calendar::clock;
use crate::deadline::Deadline;
use crate::email::Email;
use crate::phone::Phone;
use crate::robot::{Param, ParamType};
use crate::said;
use crate::sentence::Sentence;
use crate::time::Timestamp;
use crate::value::Money;

/// The longest part of a value that a message shows, in characters.
const SHOWN_CHARS_MAX: usize = 80;

/// Reads a value as the parameter's type; a list where the parameter holds several.
pub(super) fn read(param: &Param, value: &Value) -> Result<ParamValue, Sentence> {
    if !param.multiple && param.param_type != ParamType::Users {
        return read_one(param, value);
    }
    let list = value.as_array().ok_or_else(|| wrong(value, said!("a list")))?;
    if list.len() > VALUES_MAX {
        return Err(said!(
            "{count} values, more than {max}",
            count = list.len(),
            max = VALUES_MAX
        ));
    }
    let texts = list.iter().map(|one| read_one(param, one).map(as_text));
    texts.collect::<Result<_, _>>().map(ParamValue::Many)
}

/// One of several values, as robots get it.
fn as_text(value: ParamValue) -> String {
    match value {
        ParamValue::Flag(flag) => flag.to_string(),
        ParamValue::Whole(whole) => whole.to_string(),
        ParamValue::Seconds(seconds) => seconds.to_string(),
        ParamValue::Money(money) => money.to_string(),
        ParamValue::Decimal(text) | ParamValue::Text(text) => text,
        ParamValue::Many(many) => many.join(", "),
    }
}

fn wrong(value: &Value, what: Sentence) -> Sentence {
    let shown: String = match value {
        Value::String(text) => text.chars().take(SHOWN_CHARS_MAX).collect(),
        other => other.to_string().chars().take(SHOWN_CHARS_MAX).collect(),
    };
    said!("`{shown}` is not {what}", shown, what)
}

fn read_one(param: &Param, value: &Value) -> Result<ParamValue, Sentence> {
    let read = match param.param_type {
        ParamType::Bool => (value.as_bool().map(ParamValue::Flag), said!("true or false")),
        ParamType::Int => {
            let whole = value.as_i64().and_then(|n| i32::try_from(n).ok());
            (whole.map(ParamValue::Whole), said!("a whole number of 32 bits"))
        }
        ParamType::Double => (decimal(value).map(ParamValue::Decimal), said!("a number")),
        ParamType::Duration => {
            let seconds = seconds(value);
            (seconds.map(ParamValue::Seconds), said!("a duration such as `4h`"))
        }
        ParamType::Money => (
            money(value).map(ParamValue::Money),
            said!("an amount such as `1500.00 RUB`"),
        ),
        _ => return read_text(param, value).map(ParamValue::Text),
    };
    let (read, what) = read;
    read.ok_or_else(|| wrong(value, what))
}

/// A number, or a text with one, as manifests write their defaults.
fn decimal(value: &Value) -> Option<String> {
    let is_number = |text: &&str| text.parse::<f64>().is_ok_and(f64::is_finite);
    match value {
        Value::String(text) => Some(text.as_str()).filter(is_number).map(str::to_owned),
        other => other.as_f64().map(|number| number.to_string()),
    }
}

/// `1500.00 RUB`, or amount and currency apart, as manifests write their defaults.
fn money(value: &Value) -> Option<Money> {
    if let Some(text) = value.as_str() {
        return text.parse().ok();
    }
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    Money::new(text("amount")?, text("currency")?).ok()
}

/// Whole seconds: a number, or `90s`, `30m`, `4h`, `2d`.
pub fn seconds(value: &Value) -> Option<u32> {
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
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let count = digits.parse::<u32>().ok().filter(|_| is_plain);
    count?.checked_mul(unit)
}

/// Texts, choices and references. That a reference leads somewhere is checked when the admin saves it.
fn read_text(param: &Param, value: &Value) -> Result<String, Sentence> {
    let text = value.as_str().ok_or_else(|| wrong(value, said!("a text")))?;
    if text.chars().count() > TEXT_CHARS_MAX {
        return Err(said!("more than {max} characters", max = TEXT_CHARS_MAX));
    }
    let fits = match param.param_type {
        ParamType::Select => {
            let keys: Vec<_> = param.options.iter().map(|option| option.key.as_str()).collect();
            let what = said!("one of {keys}", keys = keys.join(", "));
            keys.contains(&text)
                .then_some(())
                .ok_or_else(|| wrong(value, what))
        }
        ParamType::Deadline => Deadline::parse(text).map(drop).map_err(Sentence::from),
        ParamType::Datetime => Timestamp::parse(text).map(drop).map_err(Sentence::from),
        ParamType::Phone => Phone::parse(text).map(drop).map_err(Sentence::from),
        ParamType::Email => Email::parse(text).map(drop).map_err(Sentence::from),
        ParamType::Date => {
            let date = text.parse::<Date>().ok().filter(|_| text.len() == 10);
            date.map(drop)
                .ok_or_else(|| wrong(value, said!("a date such as `2026-03-09`")))
        }
        ParamType::Time => clock(text)
            .map(drop)
            .ok_or_else(|| wrong(value, said!("a time such as `09:30`"))),
        ParamType::Url => is_url(text)
            .then_some(())
            .ok_or_else(|| wrong(value, said!("a URL of http or https"))),
        _ => Ok(()),
    };
    fits.map(|()| text.to_owned())
}

/// A scheme of the web, a host, and nothing that a URL must escape.
fn is_url(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    let is_clean = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    is_clean && host.is_some_and(|host| !host.is_empty())
}
