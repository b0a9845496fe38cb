//! Whether the parameters of a manifest make sense.

use serde_json::Value;
use signalbox_crm::robot::{Param, ParamType, Placeholders};
use signalbox_crm::value::Money;

use super::CONTRACT;
use super::manifest::{Faults, LINE_CHARS_MAX, TEXT_CHARS_MAX, WORD_BYTES_MAX, is_word, not_a_word};

/// Parameters of a form, and options of a parameter: more do not fit on a screen.
const PARAM_COUNT_MAX: usize = 50;

impl Faults {
    pub(super) fn params(&mut self, params: &[Param]) {
        if params.len() > PARAM_COUNT_MAX {
            let count = params.len();
            self.add(format!(
                "there are {count} parameters, at most {PARAM_COUNT_MAX} are allowed"
            ));
        }
        self.twice("parameter", params.iter().map(|param| param.key.clone()));
        for param in params {
            self.param(param);
        }
    }

    fn param(&mut self, param: &Param) {
        let key = &param.key;
        if !is_word(key) {
            self.add(not_a_word("param.key", key));
        }
        self.text(&format!("parameter {key}: title"), &param.title, LINE_CHARS_MAX);
        if let Some(help) = &param.help {
            self.text(&format!("parameter {key}: help"), help, TEXT_CHARS_MAX);
        }
        self.options(param);
        if is_reserved(param.param_type) {
            let kind = param.param_type;
            self.add(format!(
                "parameter `{key}` is of the type {kind:?}, which contract {CONTRACT} cannot use"
            ));
        }
        if param.multiple && is_never_multiple(param.param_type) {
            self.add(format!("parameter `{key}` cannot be `multiple`"));
        }
        if param.placeholders == Placeholders::Text && !holds_text(param.param_type) {
            self.add(format!("parameter `{key}` has placeholders, but it is no text"));
        }
        if let Some(default) = &param.default
            && !fits(param, default)
        {
            self.add(format!(
                "the default of parameter `{key}` is `{default}`, which is not of its type"
            ));
        }
    }

    fn options(&mut self, param: &Param) {
        let key = &param.key;
        match (param.param_type == ParamType::Select, param.options.len()) {
            (true, 0) => self.add(format!("parameter `{key}` is a select without options")),
            (false, 1..) => self.add(format!("parameter `{key}` has options, but it is no select")),
            (true, count) if count > PARAM_COUNT_MAX => {
                self.add(format!(
                    "parameter `{key}` has {count} options, at most {PARAM_COUNT_MAX} are allowed"
                ));
            }
            _ => {}
        }
        let options = param.options.iter().map(|option| option.key.clone());
        self.twice(&format!("option of parameter `{key}`:"), options);
        for option in &param.options {
            if option.key.is_empty() || option.key.chars().count() > WORD_BYTES_MAX {
                self.add(format!(
                    "parameter `{key}` has an option whose key is empty or too long"
                ));
            }
            self.text(
                &format!("parameter {key}: option {}", option.key),
                &option.title,
                LINE_CHARS_MAX,
            );
        }
    }
}

fn holds_text(param_type: ParamType) -> bool {
    matches!(param_type, ParamType::String | ParamType::Text | ParamType::Url)
}

/// No interface of this version of the contract can use these.
fn is_reserved(param_type: ParamType) -> bool {
    matches!(
        param_type,
        ParamType::File | ParamType::Queue | ParamType::Template
    )
}

fn is_never_multiple(param_type: ParamType) -> bool {
    matches!(
        param_type,
        ParamType::Bool | ParamType::Money | ParamType::Text | ParamType::Users
    )
}

/// Whether a default has the shape of its parameter's type. What it names is checked where the robot is attached.
fn fits(param: &Param, default: &Value) -> bool {
    if param.multiple {
        let values = default.as_array();
        return values.is_some_and(|values| values.iter().all(|value| fits_one(param, value)));
    }
    fits_one(param, default)
}

fn fits_one(param: &Param, value: &Value) -> bool {
    match param.param_type {
        ParamType::Bool => value.is_boolean(),
        ParamType::Int => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        ParamType::Duration => value
            .as_u64()
            .is_some_and(|seconds| u32::try_from(seconds).is_ok()),
        ParamType::Double => value.as_str().is_some_and(|text| text.parse::<f64>().is_ok()),
        ParamType::Select => {
            let key = value.as_str();
            key.is_some_and(|key| param.options.iter().any(|option| option.key == key))
        }
        ParamType::Money => is_money(value),
        ParamType::Users => {
            let users = value.as_array();
            users.is_some_and(|users| users.iter().all(Value::is_string))
        }
        ParamType::Date
        | ParamType::Datetime
        | ParamType::File
        | ParamType::String
        | ParamType::Text
        | ParamType::User
        | ParamType::Deadline
        | ParamType::Time
        | ParamType::Stage
        | ParamType::Pipeline
        | ParamType::Field
        | ParamType::Queue
        | ParamType::Channel
        | ParamType::Template
        | ParamType::Url
        | ParamType::Secret
        | ParamType::Phone
        | ParamType::Email => value.is_string(),
    }
}

/// `{"amount": "1500.00", "currency": "RUB"}`.
fn is_money(value: &Value) -> bool {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    Money::new(text("amount"), text("currency")).is_ok()
}
