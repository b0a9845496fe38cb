//! Moments, timing and conditions in words.

use signalbox_crm::attachment::{Moment, Timing};
use signalbox_crm::condition::{Condition, Op, Test};
use signalbox_crm::event::FactKind;
use signalbox_crm::ids::{ChannelId, EmployeeId, StageId};
use signalbox_crm::time::Timestamp;

use crate::console::format::{date, person};
use crate::console::item_fields::label;
use crate::console::visitor::Visitor;
use crate::console::words::Words;

/// Events that robots can wait for.
pub(super) const EVENTS: [FactKind; 13] = [
    FactKind::ItemCreated,
    FactKind::StageEntered,
    FactKind::ItemChanged,
    FactKind::ItemAssigned,
    FactKind::MessageReceived,
    FactKind::MessageEdited,
    FactKind::ConversationOpened,
    FactKind::ConversationClosed,
    FactKind::DeliveryFailed,
    FactKind::ActivityCreated,
    FactKind::ActivityCompleted,
    FactKind::ActivityReminderDue,
    FactKind::ActivityOverdue,
];

/// The event of a word.
pub(super) fn event_of(word: &str) -> Option<FactKind> {
    EVENTS.into_iter().find(|event| event.as_str() == word)
}

/// A stage's title; the id of one that is not known.
pub(super) fn stage_title(visitor: &Visitor, id: StageId) -> String {
    let stage = visitor.directory.stages.get(&id);
    stage.map_or_else(
        || id.to_string(),
        |stage| visitor.words.of(&stage.title).to_owned(),
    )
}

/// When it starts.
pub(super) fn moment_text(visitor: &Visitor, moment: &Moment) -> String {
    let words = visitor.words;
    match moment {
        Moment::Stage { stage } => words
            .f("moment-stage", &[("stage", stage_title(visitor, *stage).into())])
            .into_owned(),
        Moment::Event {
            event,
            stage,
            channel,
            fields,
            ..
        } => {
            let mut text = words.t(&format!("event-{}", event.as_str())).into_owned();
            if !fields.is_empty() {
                let names: Vec<String> = fields.iter().map(|field| label(visitor, field)).collect();
                text = format!("{text}: {}", names.join(", "));
            }
            if let Some(stage) = stage {
                let stage = stage_title(visitor, *stage);
                text = format!(
                    "{text}, {}",
                    words.f("moment-in-stage", &[("stage", stage.into())])
                );
            }
            match channel {
                Some(channel) => format!("{text}, {}", channel_title(visitor, *channel)),
                None => text,
            }
        }
        Moment::Schedule { cron, zone, items } => {
            let schedule = [("cron", cron.as_str().into()), ("zone", zone.as_str().into())];
            let text = words.f("moment-schedule", &schedule).into_owned();
            let stage = items.as_ref().and_then(|query| query.stage);
            match (items, stage) {
                (_, Some(stage)) => {
                    let stage = stage_title(visitor, stage);
                    format!(
                        "{text}, {}",
                        words.f("moment-in-stage", &[("stage", stage.into())])
                    )
                }
                (Some(_), None) => format!("{text}, {}", words.t("moment-each-item")),
                (None, None) => text,
            }
        }
        Moment::Manual => words.t("moment-manual").into_owned(),
    }
}

/// A channel's title.
pub(super) fn channel_title(visitor: &Visitor, id: ChannelId) -> String {
    let channel = visitor.directory.channels.get(&id);
    channel.map_or_else(|| id.to_string(), |channel| channel.title.clone())
}

/// The largest unit that fits without a rest: its key, and how many.
pub(super) fn unit_of(seconds: u64) -> (&'static str, u64) {
    match seconds {
        s if s > 0 && s.is_multiple_of(86_400) => ("d", s / 86_400),
        s if s > 0 && s.is_multiple_of(3_600) => ("h", s / 3_600),
        s if s > 0 && s.is_multiple_of(60) => ("m", s / 60),
        s => ("s", s),
    }
}

/// `2 hours`, in the case that follows `in`, `before` and `after`.
pub(super) fn span_text(words: Words, seconds: u64) -> String {
    let (unit, count) = unit_of(seconds);
    words.n(&format!("span-{unit}"), count).into_owned()
}

/// A date with its time.
pub(super) fn at_text(visitor: &Visitor, at: Timestamp) -> String {
    let day = date(at, &visitor.zone, visitor.words.0);
    format!("{day}, {}", at.zoned(&visitor.zone).strftime("%H:%M"))
}

/// How long after its moment.
pub(super) fn timing_text(visitor: &Visitor, timing: &Timing) -> String {
    let words = visitor.words;
    match timing {
        Timing::Now => words.t("timing-now").into_owned(),
        Timing::Delay { seconds, working } => {
            let key = match working {
                true => "timing-delay-working",
                false => "timing-delay",
            };
            let span = span_text(words, u64::from(*seconds));
            words.f(key, &[("span", span.into())]).into_owned()
        }
        Timing::Relative { field, offset_s } => {
            let key = match offset_s.signum() {
                0 => "timing-at-field",
                -1 => "timing-before",
                _ => "timing-after",
            };
            let span = span_text(words, offset_s.unsigned_abs());
            let field = label(visitor, field);
            words
                .f(key, &[("span", span.into()), ("field", field.into())])
                .into_owned()
        }
        Timing::At { at } => words
            .f("timing-at", &[("at", at_text(visitor, *at).into())])
            .into_owned(),
    }
}

/// Whether it runs; empty when always.
pub(super) fn condition_text(visitor: &Visitor, condition: &Condition) -> String {
    let words = visitor.words;
    let groups = condition.any.iter().map(|group| {
        let tests: Vec<String> = group.iter().map(|test| test_text(visitor, test)).collect();
        tests.join(&format!(" {} ", words.t("condition-and")))
    });
    let groups: Vec<String> = groups.collect();
    groups.join(&format!("; {} ", words.t("condition-or")))
}

fn test_text(visitor: &Visitor, test: &Test) -> String {
    let words = visitor.words;
    let (field, op) = (
        label(visitor, &test.field),
        words.t(&format!("op-{}", test.op.as_str())),
    );
    match test.op {
        Op::Empty | Op::Filled => format!("{field} {op}"),
        Op::Eq | Op::Ne | Op::Gt | Op::Ge | Op::Lt | Op::Le | Op::In | Op::Contains => {
            format!(
                "{field} {op} \u{ab}{}\u{bb}",
                reference_text(visitor, &test.value)
            )
        }
    }
}

/// A value as people know it: the name of a person or a stage, yes or no, else the text itself.
pub(in crate::console) fn reference_text(visitor: &Visitor, value: &str) -> String {
    let words = visitor.words;
    if let Ok(stage) = value.parse::<StageId>() {
        return stage_title(visitor, stage);
    }
    if let Ok(employee) = value.parse::<EmployeeId>() {
        return person(&visitor.directory, employee);
    }
    match value {
        "true" => words.t("field-yes").into_owned(),
        "false" => words.t("field-no").into_owned(),
        "role:assignee" => words.t("role-assignee").into_owned(),
        "role:head" => words.t("role-head").into_owned(),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use signalbox_crm::account::Language;

    use super::*;

    #[test]
    fn spans_have_the_largest_unit_without_a_rest() {
        let texts = [1, 60, 90, 7_200, 86_400 * 5].map(|s| span_text(Words(Language::Ru), s));
        assert_eq!(texts, ["1 секунду", "1 минуту", "90 секунд", "2 часа", "5 дней"]);
    }
}
