//! When the robot starts.

use maud::{Markup, html};
use signalbox_crm::attachment::Moment;
use signalbox_crm::automation::AutomationId;
use signalbox_crm::event::FactKind;

use super::super::wording::EVENTS;
use super::Sheet;
use super::params::{checks, fields, select};

pub(super) fn part(sheet: &Sheet<'_>) -> Markup {
    let words = sheet.visitor.words;
    html! {
        fieldset #moment {
            legend { (words.t("entry-field-moment")) }
            @match &sheet.entry.attachment.moment {
                Moment::Stage { .. } => {
                    p.quiet { (words.t("rule-already-there")) }
                    (sheet.field("moment.stage", &words.t("field-stage"), &stages(sheet, false)))
                }
                Moment::Event { .. } => (event(sheet)),
                Moment::Schedule { items, .. } => (schedule(sheet, items.is_some())),
                Moment::Manual => p { (words.t("moment-manual")) },
            }
            (sheet.why("moment"))
        }
    }
}

fn stages(sheet: &Sheet<'_>, can_be_any: bool) -> Markup {
    let AutomationId::Pipeline(pipeline) = sheet.automation else {
        return html! {};
    };
    let words = sheet.visitor.words;
    html! {
        select name="moment.stage" {
            @if can_be_any { option value="" { (words.t("board-any-stage")) } }
            @for stage in sheet.visitor.directory.stages_of(pipeline) {
                option value=(stage.id) selected[sheet.typed("moment.stage") == stage.id.to_string()] { (words.of(&stage.title)) }
            }
        }
    }
}

fn event(sheet: &Sheet<'_>) -> Markup {
    let words = sheet.visitor.words;
    let channels = sheet.visitor.directory.channels.values();
    let channels: Vec<_> = channels
        .map(|channel| (channel.id.to_string(), channel.title.clone()))
        .collect();
    html! {
        (sheet.field("moment.event", &words.t("catalogue-event"), &html! {
            select name="moment.event" data-refresh {
                @for event in EVENTS.map(FactKind::as_str) {
                    option value=(event) selected[sheet.typed("moment.event") == event] { (words.t(&format!("event-{event}"))) }
                }
            }
        }))
        @if let AutomationId::Pipeline(_) = sheet.automation {
            (sheet.field("moment.stage", &words.t("field-stage"), &stages(sheet, true)))
        }
        @if !channels.is_empty() {
            (sheet.field("moment.channel", &words.t("form-channel"), &select(sheet, "moment.channel", channels)))
        }
        @if sheet.typed("moment.event") == FactKind::ItemChanged.as_str() {
            fieldset.plain {
                legend { (words.t("form-fields")) }
                (checks(sheet, "moment.fields", &fields(sheet.visitor)))
            }
        }
    }
}

fn schedule(sheet: &Sheet<'_>, has_items: bool) -> Markup {
    let words = sheet.visitor.words;
    html! {
        (sheet.field("moment.cron", &words.t("form-cron"), &html! {
            input name="moment.cron" value=(sheet.typed("moment.cron")) maxlength="200";
        }))
        p.quiet { (words.t("form-cron-help")) }
        (sheet.field("moment.zone", &words.t("form-zone"), &html! {
            input name="moment.zone" value=(sheet.typed("moment.zone")) maxlength="100";
        }))
        @if has_items {
            (sheet.field("moment.stage", &words.t("form-items-stage"), &stages(sheet, true)))
            (sheet.field("moment.max", &words.t("form-items-max"), &html! {
                input name="moment.max" value=(sheet.typed("moment.max")) inputmode="numeric";
            }))
            (sheet.field("moment.spread", &words.t("form-items-spread"), &html! {
                input name="moment.spread" value=(sheet.typed("moment.spread")) inputmode="numeric";
            }))
        }
    }
}
