//! Whether a manifest makes sense by itself.

use std::collections::HashSet;

use serde_json::Value;
use signalbox_crm::robot::{CauseKind, Manifest, Param, ParamType, Permission, Placeholders};
use signalbox_crm::value::{LocalText, Money};

use super::requests::{ALWAYS_GRANTED, INTERFACES};

// The ranges are those of `sdk/ROBOT_TOML.md`.

/// Ids and keys are parts of URLs and file names. In bytes.
const WORD_BYTES_MAX: usize = 64;
/// Names and titles stand in one line of a form. In characters.
const LINE_CHARS_MAX: usize = 80;
/// Reasons of permissions. In characters.
const REASON_CHARS_MAX: usize = 200;
/// Descriptions and help. In characters.
const TEXT_CHARS_MAX: usize = 400;
/// Parameters of a form, and options of a parameter: more do not fit on a screen.
const PARAM_COUNT_MAX: usize = 50;

/// The groups of the catalogue.
const GROUPS: [&str; 11] = [
    "employee-alerts",
    "employee-monitoring",
    "customer-communication",
    "customer-information",
    "item-management",
    "repeat-sales",
    "payment",
    "documents",
    "workflow-automation",
    "advertising",
    "other",
];

/// The limits that a robot may wish for.
const LIMIT_NAMES: [&str; 8] = [
    "memory-bytes",
    "fuel",
    "wall-clock-ms",
    "host-calls",
    "writes",
    "notifications",
    "client-messages",
    "timers",
];

/// Sentences that say what is wrong with a manifest; none for a good one.
pub fn check_manifest(manifest: &Manifest) -> Vec<String> {
    let mut faults = Faults::default();
    if manifest.contract != "0.1" {
        let contract = &manifest.contract;
        faults.add(format!("`contract` is `{contract}`, this host speaks `0.1`"));
    }
    if !is_word(&manifest.id) {
        faults.add(not_a_word("id", &manifest.id));
    }
    if !is_version(&manifest.version) {
        let version = &manifest.version;
        faults.add(format!(
            "`version` is `{version}`, which is no semantic version such as `1.0.0`"
        ));
    }
    if !GROUPS.contains(&manifest.group.as_str()) {
        let (group, known) = (&manifest.group, GROUPS.join(", "));
        faults.add(format!("`group` is `{group}`, known are {known}"));
    }
    faults.text("name", &manifest.name, LINE_CHARS_MAX);
    faults.text("description", &manifest.description, TEXT_CHARS_MAX);
    if manifest.causes.is_empty() {
        faults.add("`causes` is empty: the robot can be attached to nothing");
    }
    faults.twice("cause", manifest.causes.iter().map(|cause| format!("{cause:?}")));
    faults.permissions(&manifest.permission);
    let has_timers = manifest.permission.iter().any(|p| p.interface == "timers");
    if has_timers && !manifest.causes.contains(&CauseKind::Timer) {
        faults.add("there is a permission for `timers`, but `causes` lacks `timer`");
    }
    faults.params(&manifest.param);
    for name in manifest
        .limits
        .keys()
        .filter(|name| !LIMIT_NAMES.contains(&name.as_str()))
    {
        let known = LIMIT_NAMES.join(", ");
        faults.add(format!("`limits` has `{name}`, known are {known}"));
    }
    faults.0
}

/// What is wrong so far.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn add(&mut self, fault: impl Into<String>) {
        self.0.push(fault.into());
    }

    fn text(&mut self, name: &str, text: &LocalText, chars_max: usize) {
        for (language, text) in [("ru", &text.ru), ("en", &text.en)] {
            let count = text.chars().count();
            if text.trim().is_empty() {
                self.add(format!("`{name}.{language}` is empty"));
            } else if count > chars_max {
                self.add(format!(
                    "`{name}.{language}` has {count} characters, at most {chars_max} are allowed"
                ));
            }
        }
    }

    fn twice(&mut self, what: &str, names: impl Iterator<Item = String>) {
        let mut seen = HashSet::new();
        for name in names {
            if !seen.insert(name.clone()) {
                self.add(format!("there are two entries for {what} `{name}`"));
            }
        }
    }

    fn permissions(&mut self, permissions: &[Permission]) {
        self.twice("permission", permissions.iter().map(|p| p.interface.clone()));
        for Permission { interface, reason } in permissions {
            if ALWAYS_GRANTED.contains(&interface.as_str()) {
                self.add(format!(
                    "permission `{interface}` is always granted: do not ask for it"
                ));
            } else if !INTERFACES.contains(&interface.as_str()) {
                self.add(format!(
                    "permission `{interface}` is no interface of the contract"
                ));
            }
            self.text(
                &format!("permission {interface}: reason"),
                reason,
                REASON_CHARS_MAX,
            );
        }
    }

    fn params(&mut self, params: &[Param]) {
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
                "parameter `{key}` is of the type {kind:?}, which contract 0.1 cannot use"
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

fn not_a_word(name: &str, value: &str) -> String {
    let value: String = value.chars().take(WORD_BYTES_MAX).collect();
    format!(
        "`{name}` is `{value}`: use at most {WORD_BYTES_MAX} lower-case letters, digits and single hyphens"
    )
}

/// Lower-case letters, digits and single hyphens, beginning with a letter.
fn is_word(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    text.len() <= WORD_BYTES_MAX
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.split('-').all(is_part)
}

/// `1.0.0`, `1.0.0-rc.1`, `1.0.0+build`: Semantic Versioning 2.0.0, section "Backus-Naur Form Grammar".
fn is_version(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let is_number =
        |part: &str| part.parse::<u64>().is_ok() && (part == "0" || !part.starts_with(['0', '+']));
    let (text, build) = text.split_once('+').unwrap_or((text, "0"));
    let (core, pre) = text.split_once('-').unwrap_or((text, "0"));
    let numbers: Vec<&str> = core.split('.').collect();
    numbers.len() == 3
        && numbers.iter().all(|part| is_number(part))
        && pre.split('.').all(is_label)
        && build.split('.').all(is_label)
        && text.len() <= WORD_BYTES_MAX
}

fn holds_text(param_type: ParamType) -> bool {
    matches!(param_type, ParamType::String | ParamType::Text | ParamType::Url)
}

/// No interface of contract 0.1 can use these.
fn is_reserved(param_type: ParamType) -> bool {
    matches!(
        param_type,
        ParamType::File | ParamType::Queue | ParamType::Template | ParamType::Secret
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

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(change: impl FnOnce(&mut Value)) -> Vec<String> {
        let mut json = serde_json::json!({
            "contract": "0.1", "id": "greet", "version": "1.0.0", "group": "other",
            "name": {"ru": "Привет", "en": "Greet"}, "description": {"ru": "Здоровается", "en": "Greets"},
            "causes": ["manual"],
            "permission": [{"interface": "items", "reason": {"ru": "Чтобы", "en": "To"}}],
            "param": [{"key": "kind", "type": "select", "default": "a", "title": {"ru": "Вид", "en": "Kind"},
                       "options": [{"key": "a", "title": {"ru": "А", "en": "A"}}]}],
            "limits": {"timers": 3},
        });
        change(&mut json);
        check_manifest(&serde_json::from_value(json).expect("a readable manifest"))
    }

    #[test]
    fn good_manifest_has_no_faults() {
        assert_eq!(manifest(|_| {}), Vec::<String>::new());
    }

    #[test]
    fn each_fault_is_named_with_its_value() {
        let check = |change: fn(&mut Value), words: &str| {
            let faults = manifest(change);
            assert!(
                faults.len() == 1 && faults[0].contains(words),
                "{words}: {faults:?}"
            );
        };
        check(|m| m["contract"] = "2".into(), "`contract` is `2`");
        check(|m| m["id"] = "A b".into(), "`id` is `A b`");
        check(|m| m["version"] = "1.0".into(), "`version` is `1.0`");
        check(|m| m["name"]["ru"] = " ".into(), "`name.ru` is empty");
        check(
            |m| m["description"]["en"] = "x".repeat(401).into(),
            "`description.en` has 401",
        );
        check(|m| m["causes"] = serde_json::json!([]), "`causes` is empty");
        check(
            |m| m["permission"][0]["interface"] = "log".into(),
            "`log` is always granted",
        );
        check(
            |m| m["permission"][0]["interface"] = "rockets".into(),
            "`rockets` is no interface",
        );
        check(
            |m| m["permission"][0]["reason"]["en"] = "".into(),
            "permission items: reason.en",
        );
        check(
            |m| m["param"][0]["default"] = "b".into(),
            "parameter `kind` is `\"b\"`",
        );
        check(
            |m| m["param"][0]["placeholders"] = "text".into(),
            "has placeholders",
        );
        check(|m| m["limits"]["rockets"] = 1.into(), "`limits` has `rockets`");
        check(|m| m["group"] = "rockets".into(), "`group` is `rockets`");
        check(
            |m| m["permission"][0]["interface"] = "timers".into(),
            "`causes` lacks `timer`",
        );
        check(
            |m| {
                let first = m["param"][0].clone();
                m["param"] = serde_json::json!([first.clone(), first]);
            },
            "two entries for parameter `kind`",
        );
    }

    #[test]
    fn versions_are_semantic() {
        for good in ["0.1.0", "1.2.3-rc.1", "1.2.3+5", "1.0.0-a-b+c-d"] {
            assert!(is_version(good), "{good}");
        }
        for bad in [
            "", "1", "1.2", "01.2.3", "1.2.3-", "1.2.3-я", "1.2.3.4", "v1.2.3", "+1.2.3",
        ] {
            assert!(!is_version(bad), "{bad}");
        }
    }
}
