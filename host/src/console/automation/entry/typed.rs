//! An entry as its form shows it before anybody types.

use serde_json::Value;
use signalbox_crm::attachment::{Attachment, Moment, Timing};
use signalbox_crm::robot::{Param, ParamType};
use signalbox_crm::time::Timestamp;

use super::super::wording::unit_of;
use super::conditions::{Kind, kind_of};
use super::params::{has_choices, is_multiple};
use crate::automation::EntryView;
use crate::console::form::Form;
use crate::console::visitor::Visitor;

/// What the form has in each field.
pub(super) fn form_of(visitor: &Visitor, entry: &EntryView) -> Form {
    let attachment = &entry.attachment;
    let mut form = Form::default();
    let mut put = |name: &str, value: String| form.0.push((name.to_owned(), value));
    put("title", attachment.title.clone());
    put("is_enabled", attachment.is_enabled.to_string());
    params(visitor, attachment, &mut put);
    moment(&attachment.moment, &mut put);
    timing(visitor, &attachment.timing, &mut put);
    for (g, group) in attachment.condition.any.iter().enumerate() {
        for (r, test) in group.iter().enumerate() {
            let instant = match kind_of(visitor, &test.field) {
                Kind::Instant => Timestamp::parse(&test.value).ok(),
                _ => None,
            };
            put(&format!("test.{g}.{r}.field"), test.field.clone());
            put(&format!("test.{g}.{r}.op"), test.op.as_str().to_owned());
            let value = instant.map_or_else(|| test.value.clone(), |at| local(visitor, at));
            put(&format!("test.{g}.{r}.value"), value);
        }
    }
    limits(attachment, &mut put);
    form
}

/// As a `datetime-local` input takes it, in the person's zone.
fn local(visitor: &Visitor, at: Timestamp) -> String {
    at.zoned(&visitor.zone).strftime("%Y-%m-%dT%H:%M").to_string()
}

fn params(visitor: &Visitor, attachment: &Attachment, put: &mut impl FnMut(&str, String)) {
    let version = visitor.directory.robots.get(&attachment.digest);
    for param in version.iter().flat_map(|version| &version.manifest.param) {
        let own = attachment.params.get(&param.key);
        let Some(value) = own.or(param.default.as_ref()) else {
            continue;
        };
        let name = format!("param.{}", param.key);
        match value {
            Value::Array(list) if is_multiple(param) => {
                let texts: Vec<String> = list.iter().map(|one| text_of(visitor, param, one)).collect();
                match has_choices(param) {
                    true => texts.into_iter().for_each(|text| put(&name, text)),
                    false => put(&name, texts.join("\n")),
                }
            }
            value => put(&name, text_of(visitor, param, value)),
        }
    }
}

fn text_of(visitor: &Visitor, param: &Param, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if param.param_type == ParamType::Datetime => {
            Timestamp::parse(text).map_or_else(|_| text.clone(), |at| local(visitor, at))
        }
        Value::String(text) => text.clone(),
        Value::Object(money) if param.param_type == ParamType::Money => {
            let text = |key: &str| money.get(key).and_then(Value::as_str).unwrap_or_default();
            format!("{} {}", text("amount"), text("currency"))
        }
        other => other.to_string(),
    }
}

fn moment(moment: &Moment, put: &mut impl FnMut(&str, String)) {
    match moment {
        Moment::Stage { stage } => put("moment.stage", stage.to_string()),
        Moment::Event {
            event,
            stage,
            channel,
            fields,
            ..
        } => {
            put("moment.event", event.as_str().to_owned());
            put("moment.stage", stage.map(|id| id.to_string()).unwrap_or_default());
            put(
                "moment.channel",
                channel.map(|id| id.to_string()).unwrap_or_default(),
            );
            fields
                .iter()
                .for_each(|field| put("moment.fields", field.clone()));
        }
        Moment::Schedule { cron, zone, items } => {
            put("moment.cron", cron.clone());
            put("moment.zone", zone.clone());
            if let Some(query) = items {
                let stage = query.stage.map(|id| id.to_string());
                put("moment.stage", stage.unwrap_or_default());
                put("moment.max", query.max.to_string());
                put("moment.spread", query.spread_s.to_string());
            }
        }
        Moment::Manual => {}
    }
}

fn timing(visitor: &Visitor, timing: &Timing, put: &mut impl FnMut(&str, String)) {
    match timing {
        Timing::Now => put("timing", "now".to_owned()),
        Timing::Delay { seconds, working } => {
            put("timing", "delay".to_owned());
            let (unit, count) = unit_of(u64::from(*seconds));
            put("delay.count", count.to_string());
            put("delay.unit", unit.to_owned());
            put("delay.working", working.to_string());
        }
        Timing::Relative { field, offset_s } => {
            put("timing", "relative".to_owned());
            put("relative.field", field.clone());
            let (unit, count) = unit_of(offset_s.unsigned_abs());
            put("relative.count", count.to_string());
            put("relative.unit", unit.to_owned());
            let side = if *offset_s < 0 { "before" } else { "after" };
            put("relative.side", side.to_owned());
        }
        Timing::At { at } => {
            put("timing", "at".to_owned());
            put("at", local(visitor, *at));
        }
    }
}

/// The rest has the names that it has in the API.
fn limits(attachment: &Attachment, put: &mut impl FnMut(&str, String)) {
    let fields = serde_json::to_value(attachment).unwrap_or_default();
    let names = super::reading::CHOICES.iter().map(|(name, _)| *name);
    for name in names.chain(super::reading::NUMBERS) {
        match &fields[name] {
            Value::String(text) => put(name, text.clone()),
            other => put(name, other.to_string()),
        }
    }
    put(
        "overrides_required_fields",
        attachment.overrides_required_fields.to_string(),
    );
    attachment
        .grants
        .iter()
        .for_each(|one| put("grants", one.clone()));
    attachment
        .grant_fields
        .iter()
        .for_each(|one| put("grant_fields", one.clone()));
    attachment
        .grant_audience
        .iter()
        .for_each(|one| put("grant_audience", one.clone()));
    put("http_hosts", attachment.http_hosts.join("\n"));
}
