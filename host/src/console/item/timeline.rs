//! What happened to an item: changes, notes and runs of robots, merged by time, newest first.

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde_json::json;
use signalbox_crm::ids::{ItemId, ItemKind, RunId, StageId};
use signalbox_crm::item::Item;
use signalbox_crm::notification::{HistoryEntry, TimelineEntry};
use signalbox_crm::run::RunState;
use signalbox_crm::time::Timestamp;
use signalbox_db::{Noted, RunFilter, RunWithEvent};

use super::{Failed, refuse, summary};
use crate::console::asking::{Ask, Refused};
use crate::console::form::Form;
use crate::console::format::{actor, instant, item_path, person};
use crate::console::item_fields::label;
use crate::console::visitor::{Allowed, Visitor};
use crate::http::caller::Work;
use crate::http::paging::{read_cursor, write_cursor};
use crate::http::problem::Problem;

/// Entries of a page.
const ENTRIES: usize = 40;
const LIST: &str = "console-timeline";

/// One line.
enum Entry {
    Change(i64, HistoryEntry),
    Note(i64, TimelineEntry),
    Run(Box<RunWithEvent>),
}

/// Up to which entry of each source the pages before have shown.
#[derive(Debug, Clone, Copy, Default, serde::Serialize, serde::Deserialize)]
struct Shown(Option<i64>, Option<i64>, Option<i64>);

impl Entry {
    fn at(&self) -> Timestamp {
        match self {
            Entry::Change(_, change) => change.at,
            Entry::Note(_, note) => note.at,
            Entry::Run(run) => run.run.finished_at.unwrap_or(run.run.created_at),
        }
    }
}

pub(super) async fn tab(
    visitor: &Visitor,
    item: &Item,
    before: Option<&str>,
    failed: Option<Failed<'_>>,
) -> Result<Markup, Problem> {
    let words = visitor.words;
    let shown: Shown = before
        .map(|text| read_cursor(LIST, text))
        .transpose()?
        .unwrap_or_default();
    let (entries, next) = page(visitor, item, shown).await?;
    let failed = failed.filter(|failed| failed.part == "comments");
    Ok(html! {
        (summary(words, failed.map(|failed| failed.problem)))
        @if visitor.may::<Work>() && before.is_none() {
            form.comment method="post" action={ (item_path(item.id)) "/comments" } data-key="comment" {
                textarea name="text" required aria-label=(words.t("item-comment")) placeholder=(words.t("item-comment")) {
                    (failed.and_then(|failed| failed.form.get("text")).unwrap_or_default())
                }
                button { (words.t("item-comment-go")) }
            }
        }
        @if entries.is_empty() { p.empty { (words.t("list-empty")) } }
        ol.timeline {
            @for entry in &entries { (line(visitor, entry)) }
        }
        p.row {
            @if before.is_some() { a.button href="?tab=timeline" { (words.t("page-first")) } }
            @if let Some(next) = next {
                a.button href={ "?tab=timeline&before=" (write_cursor(LIST, &next)) } { (words.t("page-next")) }
            }
        }
    })
}

/// The entries of a page, and where the next one begins.
async fn page(visitor: &Visitor, item: &Item, shown: Shown) -> Result<(Vec<Entry>, Option<Shown>), Problem> {
    let db = &visitor.console.app.core.db;
    let limit = u32::try_from(ENTRIES + 1).unwrap_or(u32::MAX);
    let changes = db.history(&item.id.to_string(), shown.0, limit).await?;
    let notes = db.timeline(item.id.number, shown.1, limit).await?;
    let filter = RunFilter {
        item: Some(item.id.number),
        ..RunFilter::default()
    };
    let runs = db.runs(&filter, shown.2.map(RunId), limit).await?;
    let change = |noted: Noted<HistoryEntry>| Entry::Change(noted.id, noted.entry);
    let note = |noted: Noted<TimelineEntry>| Entry::Note(noted.id, noted.entry);
    let mut entries: Vec<Entry> = changes.into_iter().map(change).collect();
    entries.extend(notes.into_iter().map(note));
    entries.extend(runs.into_iter().map(|run| Entry::Run(Box::new(run))));
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.at()));
    let has_more = entries.len() > ENTRIES;
    entries.truncate(ENTRIES);
    let mut next = shown;
    for entry in &entries {
        match entry {
            Entry::Change(id, _) => next.0 = least(next.0, *id),
            Entry::Note(id, _) => next.1 = least(next.1, *id),
            Entry::Run(run) => next.2 = least(next.2, run.run.id.0),
        }
    }
    Ok((entries, has_more.then_some(next)))
}

fn least(known: Option<i64>, id: i64) -> Option<i64> {
    Some(known.map_or(id, |known| known.min(id)))
}

fn line(visitor: &Visitor, entry: &Entry) -> Markup {
    let words = visitor.words;
    match entry {
        Entry::Change(id, change) => html! {
            li data-key={ "change-" (id) } {
                span.when { (instant(change.at, visitor)) }
                p { (changed(visitor, change)) }
                p.quiet { (who(visitor, &change.actor, change.run)) }
            }
        },
        Entry::Note(id, note) => html! {
            li.note data-key={ "note-" (id) } {
                span.when { (instant(note.at, visitor)) }
                p.text { (note.text) }
                p.quiet { (who(visitor, &note.actor, note.run)) }
            }
        },
        Entry::Run(found) => {
            let run = &found.run;
            let title = visitor.directory.attachments.get(&run.attachment);
            let title = title.map_or_else(|| run.attachment.to_string(), |known| known.title.clone());
            html! {
                li.run data-key=(run.id) {
                    span.when { (instant(entry.at(), visitor)) }
                    p {
                        (words.t("item-robot")) " " a href={ "/runs/" (run.id.0) } { (title) } " "
                        span class=(state_chip(run.state)) { (words.t(&format!("run-state-{}", run.state.as_str()))) }
                    }
                    @if let Some(reason) = run.reason {
                        p.quiet { (words.t(&format!("run-reason-{}", reason.as_str()))) }
                    }
                }
            }
        }
    }
}

/// The colours of a run's state.
pub(in crate::console) fn state_chip(state: RunState) -> &'static str {
    match state {
        RunState::Completed => "chip chip-good",
        RunState::Discarded => "chip chip-bad",
        RunState::Cancelled => "chip",
        RunState::Scheduled | RunState::Retryable => "chip chip-warn",
        RunState::Available | RunState::Running => "chip chip-info",
    }
}

fn who(visitor: &Visitor, by: &str, run: Option<RunId>) -> Markup {
    html! {
        (actor(by, visitor))
        @if let Some(run) = run { ", " a href={ "/runs/" (run.0) } { (run) } }
    }
}

fn changed(visitor: &Visitor, change: &HistoryEntry) -> Markup {
    let words = visitor.words;
    let name = changed_name(visitor, &change.what);
    if is_deed(&change.what) {
        return html! { (name) };
    }
    let shown = |value: &Option<String>| match value {
        Some(value) => changed_value(visitor, &change.what, value),
        None => words.t("field-empty").into_owned(),
    };
    html! { (name) ": " del { (shown(&change.before)) } " \u{2192} " ins { (shown(&change.after)) } }
}

/// What happened as a whole, and is no change of a field.
fn is_deed(what: &str) -> bool {
    matches!(what, "created" | "viewed" | "closed" | "activity-planned")
}

/// What else the rules note, beside fields and deeds.
const NOTED: [&str; 17] = [
    "cancelled",
    "draft-discarded",
    "draft-imported",
    "imported",
    "invited",
    "loop-stopped",
    "password changed",
    "place",
    "published",
    "removed",
    "required-fields-overridden",
    "retried",
    "revoked",
    "setup",
    "signed in",
    "signed out",
    "value",
];

/// What a line of the history is about, in words.
pub(in crate::console) fn changed_name(visitor: &Visitor, what: &str) -> String {
    match what {
        deed if is_deed(deed) => visitor.words.t(&format!("history-{deed}")).into_owned(),
        "stage" | "assignee" | "lost-reason" | "title" | "amount" | "contact" | "source" => {
            label(visitor, what)
        }
        noted if NOTED.contains(&noted) => {
            let key = format!("history-{}", noted.replace(' ', "-"));
            visitor.words.t(&key).into_owned()
        }
        custom if visitor.directory.fields.contains_key(custom) => label(visitor, custom),
        other => other.to_owned(),
    }
}

/// Names instead of ids and keys.
pub(in crate::console) fn changed_value(visitor: &Visitor, what: &str, value: &str) -> String {
    match what {
        "assignee" => value
            .parse()
            .map_or_else(|_| value.to_owned(), |id| person(&visitor.directory, id)),
        "stage" => {
            let by_id = value
                .parse::<StageId>()
                .ok()
                .and_then(|id| visitor.directory.stages.get(&id));
            let stage = by_id.or_else(|| visitor.directory.stages.values().find(|stage| stage.key == value));
            stage.map_or_else(
                || value.to_owned(),
                |stage| visitor.words.of(&stage.title).to_owned(),
            )
        }
        _ => value.to_owned(),
    }
}

pub(super) async fn comment(
    kind: ItemKind,
    visitor: Allowed<Work>,
    Path(number): Path<i64>,
    form: Form,
) -> Result<Response, Problem> {
    let id = ItemId { kind, number };
    let path = format!("/items/{id}/comments");
    let body = json!({ "text": form.get("text").unwrap_or_default() });
    match visitor.ask(Ask::post(&path, body)).await {
        Ok(_) => Ok(Redirect::to(&item_path(id)).into_response()),
        Err(Refused(problem)) => refuse(&visitor, id, "comments", &form, &problem).await,
    }
}
