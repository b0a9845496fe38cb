//! Whether a manifest makes sense by itself.

use std::collections::HashSet;

use signalbox_crm::quotas::Quotas;
use signalbox_crm::robot::{CONCURRENCY, CauseKind, Manifest, Permission};
use signalbox_crm::value::LocalText;
use signalbox_crm::web_host::read_hosts;

use crate::limits::Limits;

use super::requests::{ALWAYS_GRANTED, ANOTHER_CONTRACT, CONTRACT, INTERFACES};

// The ranges are those of `sdk/ROBOT_TOML.md`.

/// Ids and keys are parts of URLs and file names. In bytes.
pub(super) const WORD_BYTES_MAX: usize = 64;
/// Names and titles stand in one line of a form. In characters.
pub(super) const LINE_CHARS_MAX: usize = 80;
/// Reasons of permissions. In characters.
const REASON_CHARS_MAX: usize = 200;
/// Descriptions and help. In characters.
pub(super) const TEXT_CHARS_MAX: usize = 400;

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

/// Sentences that say what is wrong with a manifest; none for a good one.
pub fn check_manifest(manifest: &Manifest) -> Vec<String> {
    let mut faults = Faults::default();
    if manifest.contract != CONTRACT {
        faults.add(not_spoken(&manifest.contract));
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
    faults.hosts(manifest);
    faults.params(&manifest.param);
    // The limits that a robot may wish for.
    let limits = [&Limits::NAMES[..], &Quotas::NAMES, &[CONCURRENCY]].concat();
    for name in manifest
        .limits
        .keys()
        .filter(|name| !limits.contains(&name.as_str()))
    {
        let known = limits.join(", ");
        faults.add(format!("`limits` has `{name}`, known are {known}"));
    }
    if manifest.limits.get(CONCURRENCY) == Some(&0) {
        faults.add("`limits.concurrency` is 0: the robot would never run");
    }
    faults.0
}

fn not_spoken(contract: &str) -> String {
    let contract: String = contract.chars().take(WORD_BYTES_MAX).collect();
    format!("`contract` is `{contract}`, this host speaks `{CONTRACT}`: {ANOTHER_CONTRACT}")
}

/// A manifest of another version of the contract may have keys that this host does not know; its version says more
/// than they do.
pub(super) fn other_contract(bytes: &[u8]) -> Option<String> {
    let json: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    let contract = json.get("contract")?.as_str()?;
    (contract != CONTRACT).then(|| not_spoken(contract))
}

/// What is wrong so far.
#[derive(Default)]
pub(super) struct Faults(Vec<String>);

impl Faults {
    pub(super) fn add(&mut self, fault: impl Into<String>) {
        self.0.push(fault.into());
    }

    pub(super) fn text(&mut self, name: &str, text: &LocalText, chars_max: usize) {
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

    pub(super) fn twice(&mut self, what: &str, names: impl Iterator<Item = String>) {
        let mut seen = HashSet::new();
        for name in names {
            if !seen.insert(name.clone()) {
                self.add(format!("there are two entries for {what} `{name}`"));
            }
        }
    }

    /// Hosts without the permission would mean nothing, and the permission without hosts could do nothing.
    fn hosts(&mut self, manifest: &Manifest) {
        if let Err(rejection) = read_hosts(&manifest.http_hosts) {
            self.add(format!("`http_hosts`: {rejection}"));
        }
        self.twice("http host", manifest.http_hosts.iter().cloned());
        let is_asked = manifest.permission.iter().any(|p| p.interface == "outbound-http");
        match (is_asked, manifest.http_hosts.is_empty()) {
            (true, true) => self.add(
                "there is a permission for `outbound-http`, but `http_hosts` is empty: name the hosts, or `*` for those \
                 that the admin names",
            ),
            (false, false) => self.add("there are `http_hosts`, but no permission for `outbound-http`"),
            (true, false) | (false, true) => {}
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
}

pub(super) fn not_a_word(name: &str, value: &str) -> String {
    let value: String = value.chars().take(WORD_BYTES_MAX).collect();
    format!(
        "`{name}` is `{value}`: use at most {WORD_BYTES_MAX} lower-case letters, digits and single hyphens"
    )
}

/// Lower-case letters, digits and single hyphens, beginning with a letter.
pub(super) fn is_word(text: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn manifest(change: impl FnOnce(&mut Value)) -> Vec<String> {
        let mut json = serde_json::json!({
            "contract": "0.9", "id": "greet", "version": "1.0.0", "group": "other",
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
        check(
            |m| m["limits"]["concurrency"] = 0.into(),
            "`limits.concurrency` is 0",
        );
        check(|m| m["group"] = "rockets".into(), "`group` is `rockets`");
        check(
            |m| m["permission"][0]["interface"] = "timers".into(),
            "`causes` lacks `timer`",
        );
        check(
            |m| m["permission"][0]["interface"] = "outbound-http".into(),
            "`http_hosts` is empty",
        );
        check(
            |m| m["http_hosts"] = serde_json::json!(["api.example.com"]),
            "no permission for `outbound-http`",
        );
        check(
            |m| {
                m["permission"][0]["interface"] = "outbound-http".into();
                m["http_hosts"] = serde_json::json!(["api.example.com/path"]);
            },
            "`api.example.com/path` is no host",
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
