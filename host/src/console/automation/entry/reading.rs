//! What a form asks for: the patch of an entry, or what cannot be read in it.

use serde_json::{Map, Value, json};
use signalbox_crm::attachment::Moment;

use super::super::wording::event_of;
use super::{Wrong, conditions, params};
use crate::automation::EntryView;
use crate::console::form::Form;
use crate::console::item_fields::instant_of;
use crate::console::visitor::Visitor;

/// Choices with the words of the API.
pub(super) const CHOICES: [(&str, &[&str]); 7] = [
    ("window", &["any", "working"]),
    ("mode", &["parallel", "after-previous"]),
    ("cancel_on", &["leave-stage", "leave-pipeline", "closed", "never"]),
    ("repeat", &["every-entry", "once-per-item"]),
    ("missed", &["run-now", "skip", "if-within"]),
    ("on_error", &["stop-chain", "continue"]),
    ("scope", &["item", "pipeline", "all"]),
];
/// Whole numbers.
pub(super) const NUMBERS: [&str; 6] = [
    "missed_within_s",
    "attempts_max",
    "backoff_base_s",
    "backoff_max_s",
    "concurrency_max",
    "rate_per_minute",
];

/// The patch that the form asks for. What a draft can keep is kept, also when it is wrong; the rest is named.
pub(super) fn patch_of(visitor: &Visitor, entry: &EntryView, form: &Form) -> Result<Value, Vec<Wrong>> {
    let mut wrong = Vec::new();
    let mut patch = Map::new();
    let lines = |name: &str| -> Vec<&str> {
        let text = form.get(name).unwrap_or_default();
        text.lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect()
    };
    let is_on = |name: &str| form.get(name) == Some("true");
    patch.insert(
        "title".into(),
        json!(form.get("title").unwrap_or_default().trim()),
    );
    patch.insert("is_enabled".into(), json!(is_on("is_enabled")));
    patch.insert("params".into(), params::read(visitor, entry, form));
    patch.insert("condition".into(), conditions::read(visitor, form, &mut wrong));
    for (name, words) in CHOICES {
        match form.get(name) {
            None => {}
            Some(word) if words.contains(&word) => drop(patch.insert(name.into(), json!(word))),
            Some(_) => wrong.push((name.to_owned(), "form-choice".to_owned())),
        }
    }
    for name in NUMBERS {
        match form.get(name).map(|_| whole(form, name)) {
            None => {}
            Some(Some(number)) => drop(patch.insert(name.into(), json!(number))),
            Some(None) => wrong.push((name.to_owned(), "form-number".to_owned())),
        }
    }
    patch.insert(
        "overrides_required_fields".into(),
        json!(is_on("overrides_required_fields")),
    );
    patch.insert("grants".into(), json!(all(form, "grants")));
    patch.insert("grant_fields".into(), json!(all(form, "grant_fields")));
    patch.insert("grant_audience".into(), json!(all(form, "grant_audience")));
    patch.insert("http_hosts".into(), json!(lines("http_hosts")));
    if let Some(digest) = form.filled("digest") {
        patch.insert("digest".into(), json!(digest));
    }
    if let Some(timing) = timing(visitor, form, &mut wrong) {
        patch.insert("timing".into(), timing);
    }
    if let Some(moment) = moment(&entry.attachment.moment, form, &mut wrong) {
        patch.insert("moment".into(), moment);
    }
    match wrong.is_empty() {
        true => Ok(Value::Object(patch)),
        false => Err(wrong),
    }
}

/// Everything that was chosen under a name.
fn all<'f>(form: &'f Form, name: &'static str) -> Vec<&'f str> {
    form.all(name).filter(|text| !text.is_empty()).collect()
}

fn whole(form: &Form, name: &str) -> Option<u32> {
    form.filled(name)
        .unwrap_or("0")
        .replace([' ', '\u{a0}'], "")
        .parse()
        .ok()
}

/// A number of units, in seconds.
fn span(form: &Form, name: &str) -> Option<u32> {
    let unit = match form.get(&format!("{name}.unit"))? {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    whole(form, &format!("{name}.count"))?.checked_mul(unit)
}

fn timing(visitor: &Visitor, form: &Form, wrong: &mut Vec<Wrong>) -> Option<Value> {
    let kind = form.get("timing")?;
    let read = match kind {
        "now" => Ok(json!({"kind": "now"})),
        "delay" => span(form, "delay")
            .map(|seconds| json!({"kind": "delay", "seconds": seconds, "working": form.get("delay.working") == Some("true")}))
            .ok_or("form-number"),
        "relative" => span(form, "relative")
            .map(|seconds| {
                let sign = if form.get("relative.side") == Some("before") { -1 } else { 1 };
                let field = form.get("relative.field").unwrap_or_default();
                json!({"kind": "relative", "field": field, "offset_s": i64::from(seconds) * sign})
            })
            .ok_or("form-number"),
        "at" => instant_of(visitor, form.get("at").unwrap_or_default())
            .map(|at| json!({"kind": "at", "at": at}))
            .ok_or("form-instant"),
        _ => Err("form-choice"),
    };
    match read {
        Ok(timing) => Some(timing),
        Err(why) => {
            wrong.push(("timing".to_owned(), why.to_owned()));
            None
        }
    }
}

/// The moment with what the form has changed in it; none when nothing in it can be changed.
fn moment(before: &Moment, form: &Form, wrong: &mut Vec<Wrong>) -> Option<Value> {
    let mut moment = serde_json::to_value(before).ok()?;
    let mut set = |key: &str, name: &str| {
        if let Some(text) = form.get(name) {
            moment[key] = match text.trim() {
                "" => Value::Null,
                text => json!(text),
            };
        }
    };
    match before {
        Moment::Stage { .. } => set("stage", "moment.stage"),
        Moment::Event { .. } => {
            set("event", "moment.event");
            set("stage", "moment.stage");
            set("channel", "moment.channel");
            let event = form.get("moment.event").and_then(event_of);
            if event.is_none() && form.get("moment.event").is_some() {
                wrong.push(("moment".to_owned(), "form-choice".to_owned()));
            }
            moment["fields"] = match event {
                Some(signalbox_crm::event::FactKind::ItemChanged) => {
                    json!(form.all("moment.fields").collect::<Vec<_>>())
                }
                _ => json!([]),
            };
        }
        Moment::Schedule { items, .. } => {
            set("cron", "moment.cron");
            set("zone", "moment.zone");
            if items.is_some() {
                let mut query = moment["items"].as_object().cloned().unwrap_or_default();
                query.insert(
                    "stage".to_owned(),
                    form.filled("moment.stage").map_or(Value::Null, |id| json!(id)),
                );
                for (key, name) in [("max", "moment.max"), ("spread-s", "moment.spread")] {
                    match whole(form, name) {
                        Some(number) => drop(query.insert(key.to_owned(), json!(number))),
                        None => wrong.push(("moment".to_owned(), "form-number".to_owned())),
                    }
                }
                moment["items"] = Value::Object(query);
            }
        }
        Moment::Manual => return None,
    }
    // A stage that is none, or a channel: what the moment cannot hold is named here.
    if serde_json::from_value::<Moment>(moment.clone()).is_err() {
        wrong.push(("moment".to_owned(), "form-choice".to_owned()));
        return None;
    }
    Some(moment)
}
