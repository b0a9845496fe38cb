//! One robot of the designer, and what can be done with it.

use maud::{Markup, html};
use signalbox_crm::attachment::{Mode, Moment, Window};
use signalbox_crm::automation::AutomationId;

use super::counts::{Shown, fared};
use super::path_of;
use super::wording::{condition_text, moment_text, timing_text};
use crate::automation::{DraftView, EntryState, EntryView};
use crate::console::visitor::Visitor;
use crate::http::caller::Configure;

/// The card.
pub(super) fn card(visitor: &Visitor, draft: &Shown<'_>, entry: &EntryView) -> Markup {
    let (words, attachment) = (visitor.words, &entry.attachment);
    let condition = condition_text(visitor, &attachment.condition);
    let robot = entry.robot_facts.robot_label.as_deref();
    let is_stage = matches!(attachment.moment, Moment::Stage { .. });
    html! {
        li.robot-card.off[!attachment.is_enabled] data-key=(attachment.id) data-id=(attachment.id)
            tabindex=[(is_stage && visitor.may::<Configure>()).then_some("0")]
            aria-roledescription=[is_stage.then(|| words.t("designer-card"))] {
            p.robot-title {
                a href={ (path_of(draft.automation)) "/entries/" (attachment.id.0) } { (attachment.title) }
            }
            @if !is_stage { p { (moment_text(visitor, &attachment.moment)) } }
            p {
                @if attachment.mode == Mode::AfterPrevious { (words.t("timing-after-previous")) ", " }
                (timing_text(visitor, &attachment.timing))
                @if attachment.window == Window::Working { ", " (words.t("timing-in-working")) }
            }
            @if !condition.is_empty() { p.quiet { (words.t("condition-if")) " " (condition) } }
            p.quiet { (robot.unwrap_or(&attachment.robot)) }
            p.chips { (chips(visitor, entry)) }
            (fared(visitor, &draft.counts, attachment.id))
            @if visitor.may::<Configure>() { (actions(visitor, draft, entry)) }
        }
    }
}

/// Where it stands, in colour and words.
fn chips(visitor: &Visitor, entry: &EntryView) -> Markup {
    let words = visitor.words;
    let is_broken = |field: &str| matches!(field, "robot" | "grants" | "http_hosts");
    let broken = entry.problems.iter().any(|problem| is_broken(&problem.field));
    let facts = &entry.robot_facts;
    let changed = match entry.state {
        EntryState::Same => None,
        EntryState::Added => Some("entry-added"),
        EntryState::Changed => Some("entry-changed"),
        EntryState::Moved => Some("entry-moved"),
    };
    html! {
        @if !entry.attachment.is_enabled { span.chip { (words.t("entry-off")) } }
        @if facts.robot_label.is_none() {
            span.chip.chip-bad { (words.t("entry-robot-missing")) }
        } @else if broken {
            span.chip.chip-bad { (words.t("entry-broken")) }
        } @else if !entry.problems.is_empty() {
            span.chip.chip-warn { (words.t("entry-unfinished")) }
        }
        @if !facts.not_granted.is_empty() { span.chip.chip-bad { (words.t("entry-not-granted")) } }
        @if facts.is_outdated { span.chip.chip-info { (words.t("entry-outdated")) } }
        @if let Some(changed) = changed { span.chip.chip-info { (words.t(changed)) } }
    }
}

/// A form for each: everything works without JavaScript.
fn actions(visitor: &Visitor, draft: &DraftView, entry: &EntryView) -> Markup {
    let (words, attachment) = (visitor.words, &entry.attachment);
    let count = draft
        .entries
        .iter()
        .filter(|one| one.column == entry.column)
        .count();
    let named = |key: &str| words.f(key, &[("title", attachment.title.as_str().into())]);
    html! {
        form.robot-actions method="post" action={ (path_of(draft.automation)) "/edit" } {
            input type="hidden" name="version" value=(draft.version);
            input type="hidden" name="entry" value=(attachment.id);
            div.row {
                button name="do" value="up" disabled[entry.place == 1] aria-label=(named("entry-up")) title=(named("entry-up")) {
                    span aria-hidden="true" { "\u{2191}" }
                }
                button name="do" value="down" disabled[entry.place >= count] aria-label=(named("entry-down")) title=(named("entry-down")) {
                    span aria-hidden="true" { "\u{2193}" }
                }
                @if attachment.is_enabled {
                    button name="do" value="off" aria-label=(named("entry-switch-off-named")) { (words.t("entry-switch-off")) }
                } @else {
                    button name="do" value="on" aria-label=(named("entry-switch-on-named")) { (words.t("entry-switch-on")) }
                }
            }
            details data-key={ "more-" (attachment.id) } {
                summary aria-label=(named("entry-more-named")) { (words.t("entry-more")) }
                div.stack {
                    (stages(visitor, draft.automation, attachment))
                    div.row {
                        @if matches!(draft.automation, AutomationId::Pipeline(_)) && has_place(&attachment.moment) {
                            button name="do" value="move" { (words.t("entry-move")) }
                        }
                        button name="do" value="copy" { (words.t("entry-copy")) }
                        @if entry.state != EntryState::Same && entry.state != EntryState::Added {
                            button name="do" value="restore" { (words.t("entry-restore")) }
                        }
                        button.danger name="do" value="remove" { (words.t("entry-remove")) }
                    }
                }
            }
        }
    }
}

/// Whether the moment can have another stage.
fn has_place(moment: &Moment) -> bool {
    match moment {
        Moment::Stage { .. } | Moment::Event { .. } => true,
        Moment::Schedule { items, .. } => items.is_some(),
        Moment::Manual => false,
    }
}

fn stages(
    visitor: &Visitor,
    automation: AutomationId,
    attachment: &signalbox_crm::attachment::Attachment,
) -> Markup {
    let AutomationId::Pipeline(pipeline) = automation else {
        return html! {};
    };
    if !has_place(&attachment.moment) {
        return html! {};
    }
    let here = match &attachment.moment {
        Moment::Stage { stage } => Some(*stage),
        Moment::Event { stage, .. } => *stage,
        Moment::Schedule { items, .. } => items.as_ref().and_then(|query| query.stage),
        Moment::Manual => None,
    };
    html! {
        label {
            span { (visitor.words.t("field-stage")) }
            select name="stage" {
                @for stage in visitor.directory.stages_of(pipeline) {
                    option value=(stage.id) selected[here == Some(stage.id)] { (visitor.words.of(&stage.title)) }
                }
            }
        }
    }
}
