//! Who changed what: every change of the set-up and of items, newest first.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::html;
use serde::Deserialize;
use signalbox_crm::value::LocalText;
use signalbox_db::HistoryFilter;
use url::form_urlencoded;

use super::tabs;
use crate::console::Console;
use crate::console::format::{actor, instant};
use crate::console::item::{changed_name, changed_value};
use crate::console::page::{Page, Section};
use crate::console::paging::{Paged, after, fetch, pager};
use crate::console::visitor::{Allowed, Visitor};
use crate::http::caller::Administer;
use crate::http::problem::Problem;

/// Lines of a page.
const ROWS: usize = 100;
const LIST: &str = "console-audit";
/// The longest value that is shown, in characters; the API has all of it.
const VALUE_CHARS_MAX: usize = 200;

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new().route("/settings/audit", get(list))
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    after: Option<String>,
    actor: Option<String>,
    subject: Option<String>,
}

impl Asked {
    /// The address of a page of what is filtered.
    fn link(&self, after: &str) -> String {
        let given = |text: &Option<String>| text.clone().unwrap_or_default();
        let pairs = [
            ("actor", given(&self.actor)),
            ("subject", given(&self.subject)),
            ("after", after.to_owned()),
        ];
        let pairs = pairs.iter().filter(|(_, value)| !value.is_empty());
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        format!("/settings/audit?{query}")
    }
}

async fn list(visitor: Allowed<Administer>, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let words = visitor.words;
    let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let filter = HistoryFilter {
        subject: given(&asked.subject).map(|text| text.trim().to_owned()),
        actor: given(&asked.actor),
    };
    let before: Option<i64> = after(LIST, asked.after.as_deref())?;
    let db = &visitor.console.app.core.db;
    let found = db.history_of(&filter, before, fetch(ROWS)).await?;
    let Paged { rows: found, next } = Paged::of(LIST, ROWS, found, |last| last.id);
    let next = next.map(|next| asked.link(&next));
    let short = |text: &Option<String>| -> String {
        text.as_deref()
            .unwrap_or_default()
            .chars()
            .take(VALUE_CHARS_MAX)
            .collect()
    };
    let chosen = asked.actor.as_deref().unwrap_or_default();
    let body = html! {
        (tabs(&visitor, "audit"))
        form.filter.row action="/settings/audit" data-auto {
            label { span.sr { (words.t("audit-who")) }
                select name="actor" {
                    option value="" { (words.t("board-anybody")) }
                    option value="system" selected[chosen == "system"] { (words.t("actor-system")) }
                    @for person in visitor.directory.employees.values() {
                        option value=(person.id) selected[person.id.to_string() == chosen] { (person.name) }
                    }
                }
            }
            input name="subject" value=(asked.subject.as_deref().unwrap_or_default()) placeholder="deal:17" aria-label=(words.t("audit-what"));
            button { (words.t("board-show")) }
        }
        @if found.is_empty() { p.panel.empty { (words.t("list-empty")) } }
        div.scroll tabindex="0" role="region" aria-label=(words.t("settings-audit")) { table {
            thead { tr {
                th { (words.t("audit-when")) } th { (words.t("audit-who")) } th { (words.t("audit-what")) }
                th { (words.t("audit-field")) } th { (words.t("audit-before")) } th { (words.t("audit-after")) }
            } }
            tbody { @for line in &found {
                @let value = |text| setting_value(&visitor, &line.entry.what, &short(text));
                tr data-key={ "line-" (line.id) } {
                    td { (instant(line.entry.at, &visitor)) }
                    td { (actor(&line.entry.actor, &visitor)) }
                    td { (line.entry.subject) }
                    td { (setting_name(&visitor, &line.entry.what)) }
                    td.value { (value(&line.entry.before)) }
                    td.value { (value(&line.entry.after)) }
                }
            } }
        } }
        (pager(words, before.is_some().then(|| asked.link("")).as_deref(), next.as_deref()))
    };
    Ok(Page::new(&visitor, Section::Settings, words.t("settings-audit"))
        .wide()
        .body(body)
        .into_response())
}

/// A setting's name as its form has it, else what the history of items has.
fn setting_name(visitor: &Visitor, what: &str) -> String {
    let words = visitor.words;
    let key = what.replace('_', "-");
    let found = words.find(&format!("setting-{key}"));
    let found = found.or_else(|| words.find(&format!("entry-field-{key}")));
    found.map_or_else(|| changed_name(visitor, what), Cow::into_owned)
}

/// Words instead of what the API calls it.
fn setting_value(visitor: &Visitor, what: &str, value: &str) -> String {
    let words = visitor.words;
    let named =
        |word: Option<Cow<'static, str>>, value: &str| word.map_or_else(|| value.to_owned(), Cow::into_owned);
    match (what, value) {
        (_, "true") => words.t("field-yes").into_owned(),
        (_, "false") => words.t("field-no").into_owned(),
        (_, "null") => words.t("field-empty").into_owned(),
        ("role", role) => named(words.find(&format!("role-{role}")), role),
        ("kind", kind) => named(words.find(&format!("stage-kind-{kind}")), kind),
        ("head" | "default_assignee", id) => changed_value(visitor, "assignee", id),
        ("title", text) => match serde_json::from_str::<LocalText>(text) {
            Ok(title) => words.of(&title).to_owned(),
            Err(_) => text.to_owned(),
        },
        (what, value) => changed_value(visitor, what, value),
    }
}
