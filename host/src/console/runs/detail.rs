//! One run: when what happened, what started it, what it asked and was told, what it changed.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde_json::Value;

use super::telling::{at, cause_kind, cut, linked, list, state, text, value};
use super::{attempt, attempts};
use crate::console::asking::{Ask, Refused};
use crate::console::format::{actor, item_path};
use crate::console::page::{Page, Section};
use crate::console::visitor::{Allowed, Visitor};
use crate::engine::changes::Topic;
use crate::http::caller::{Read, ReadClients, Relieve, TryOut, Work};

pub(super) async fn show(visitor: Allowed<Read>, Path(number): Path<i64>) -> Result<Response, Refused> {
    let details = visitor.ask(Ask::get(&format!("/runs/run:{number}"))).await?;
    let run = &details["run"];
    let requests = of_run(&visitor, "/requests", text(run, "id")).await?;
    let deliveries = of_run(&visitor, "/deliveries", text(run, "id")).await?;
    let title = text(run, "title");
    let title = if title.is_empty() {
        text(run, "attachment")
    } else {
        title
    };
    let words = visitor.words;
    let body = html! {
        p { a href="/runs" { (words.t("nav-runs")) } " / " (text(run, "id")) }
        h1 { (title) " " span.quiet { (text(run, "robot")) } }
        p.run-state { (state(&visitor, run)) }
        (why(&visitor, run))
        @if let Some(waits) = details["waits"].as_str() { p.notice { (waits) } }
        (actions(&visitor, run))
        div.columns {
            section.panel { h2 { (words.t("run-timeline")) } (timeline(&visitor, &details)) }
            section.panel { h2 { (words.t("run-input")) } (cause(&visitor, &details)) }
        }
        @let attempts = list(&details["attempts"]);
        @for (index, one) in attempts.iter().enumerate().rev() {
            (attempt::draw(&visitor, one, index + 1 == attempts.len()))
        }
        @if attempts.is_empty() { p.panel.empty { (words.t("run-no-attempt")) } }
        @if !deliveries.is_empty() { (written(&visitor, &deliveries)) }
        @if !requests.is_empty() { (sent(&visitor, &requests)) }
    };
    Ok(Page::new(&visitor, Section::Runs, title.to_owned())
        .watches([Topic::Runs])
        .with(Some("runs"), None)
        .wide()
        .body(body)
        .into_response())
}

/// What the run sends out; for those who may read about clients.
async fn of_run(visitor: &Visitor, path: &str, id: &str) -> Result<Vec<Value>, Refused> {
    if !visitor.may::<ReadClients>() {
        return Ok(Vec::new());
    }
    let page = visitor
        .ask(Ask::get(&format!("{path}?run={id}&limit=50")))
        .await?;
    Ok(list(&page["items"]).to_vec())
}

/// What is known beyond the state: who did it by hand, or the host's own words.
fn why(visitor: &Visitor, run: &Value) -> Markup {
    let detail = text(run, "detail");
    let by_hand = detail.rsplit_once(" by ").filter(|_| run["reason"] == "by-hand");
    html! {
        @match by_hand {
            Some((_, who)) => p.quiet { (visitor.words.f("run-by-hand", &[("who", actor(who, visitor).into())])) },
            None if detail.is_empty() => {},
            None => p.quiet lang="en" { (detail) },
        }
    }
}

fn actions(visitor: &Visitor, run: &Value) -> Markup {
    let (words, id) = (visitor.words, text(run, "id"));
    let path = super::telling::run_path(id);
    let state = text(run, "state");
    let may_retry = visitor.may::<Work>() && matches!(state, "discarded" | "cancelled" | "retryable");
    let may_cancel = visitor.may::<Relieve>() && matches!(state, "scheduled" | "available" | "retryable");
    let has_run = run["attempt_count"].as_u64().is_some_and(|count| count > 0);
    let file = format!("{}.json", id.replace(':', "-"));
    html! {
        div.row.actions {
            @if may_retry {
                form method="post" action={ (path) "/retry" } { button.primary { (words.t("run-retry")) } }
            }
            @if may_cancel {
                form method="post" action={ (path) "/cancel" } data-confirm=(words.t("run-cancel-sure")) {
                    button.danger { (words.t("run-cancel")) }
                }
            }
            @if visitor.may::<TryOut>() {
                form method="post" action={ (path) "/dry-run" } { button { (words.t("trial-go")) } }
            }
            @if let (Some(base), true) = (item_path_of(run), visitor.may::<ReadClients>()) {
                a.button href={ (base) "/explain?attachment=" (text(run, "attachment")) } { (words.t("explain-why")) }
            }
            @if has_run {
                a.button href={ "/api/v1/runs/" (id) "/file" } download=(file) { (words.t("run-file")) }
            }
            @if run["item"].is_string() { a.button href={ "/runs?item=" (text(run, "item")) } { (words.t("run-of-item")) } }
            a.button href={ "/runs?attachment=" (text(run, "attachment")) } { (words.t("run-of-attachment")) }
        }
    }
}

fn item_path_of(run: &Value) -> Option<String> {
    Some(item_path(run["item"].as_str()?.parse().ok()?))
}

/// What happened when: event, made, due, attempts, end.
fn timeline(visitor: &Visitor, details: &Value) -> Markup {
    let (words, run, event) = (visitor.words, &details["run"], &details["event"]);
    let is_over = run["finished_at"].is_string();
    html! {
        ol.timeline {
            li { span.when { (at(visitor, &event["at"])) } p { (cause_kind(visitor, text(&event["fact"], "kind"))) } }
            li { span.when { (at(visitor, &run["created_at"])) } p { (words.t("run-made")) } }
            @if run["due_at"].is_string() && list(&details["attempts"]).is_empty() {
                li { span.when { (at(visitor, &run["due_at"])) } p { (words.t("run-due")) } }
            }
            @if let Some(after) = run["after"].as_str() {
                li { span.when {} p { (words.t("run-after")) " " (linked(visitor, after)) } }
            }
            @for one in list(&details["attempts"]) {
                li {
                    span.when { (at(visitor, &one["started_at"])) }
                    p { (words.f("run-attempt", &[("number", one["number"].to_string().into())])) ": " (attempt::verdict_word(visitor, &one["verdict"])) }
                }
            }
            @if !is_over && run["due_at"].is_string() && !list(&details["attempts"]).is_empty() {
                li { span.when { (at(visitor, &run["due_at"])) } p { (words.t("run-next")) } }
            }
            @if is_over {
                li { span.when { (at(visitor, &run["finished_at"])) } p { (state(visitor, run)) } }
            }
        }
        dl.pairs {
            dt { (words.t("runs-attempts")) } dd { (attempts(visitor, run)) }
        }
    }
}

/// What started the run: the robot's input.
fn cause(visitor: &Visitor, details: &Value) -> Markup {
    let (words, run, event) = (visitor.words, &details["run"], &details["event"]);
    let fact = &event["fact"];
    let fields = fact.as_object().into_iter().flatten();
    let fields = fields.filter(|(key, value)| *key != "kind" && !value.is_null());
    html! {
        p { strong { (cause_kind(visitor, text(fact, "kind"))) } }
        dl.pairs {
            @if run["item"].is_string() { dt { (words.t("runs-item")) } dd { (linked(visitor, text(run, "item"))) } }
            @for (key, known) in fields {
                dt { (words.t(&format!("run-fact-{key}"))) }
                dd { (value(visitor, known)) }
            }
            dt { (words.t("run-event")) } dd { (text(event, "id")) }
            @if let Some(by) = event["caused_by"].as_str() { dt { (words.t("run-caused-by")) } dd { (linked(visitor, by)) } }
        }
    }
}

/// Messages to clients, and what came of them.
fn written(visitor: &Visitor, deliveries: &[Value]) -> Markup {
    let words = visitor.words;
    html! {
        section.panel {
            h2 { (words.t("run-deliveries")) }
            div.scroll { table {
                thead { tr {
                    th scope="col" { (words.t("run-delivery")) }
                    th scope="col" { (words.t("runs-state")) }
                    th scope="col" { (words.t("runs-reason")) }
                    th.number scope="col" { (words.t("runs-attempts")) }
                } }
                tbody { @for one in deliveries {
                    tr data-key=(text(one, "id")) {
                        td { (cut(text(one, "text"))) }
                        td {
                            (words.t(&format!("delivery-state-{}", text(one, "state"))))
                            @if text(one, "state") == "pending" { " " span.quiet { (at(visitor, &one["due_at"])) } }
                            @else { " " span.quiet { (at(visitor, &one["finished_at"])) } }
                        }
                        td { @if let Some(error) = one["last_error"].as_str() { span.quiet lang="en" { (error) } } }
                        td.number { (one["attempt_count"]) }
                    }
                } }
            } }
        }
    }
}

/// Requests that left, and what came of them.
fn sent(visitor: &Visitor, requests: &[Value]) -> Markup {
    let words = visitor.words;
    html! {
        section.panel {
            h2 { (words.t("run-requests")) }
            div.scroll { table {
                thead { tr {
                    th scope="col" { (words.t("run-request")) }
                    th scope="col" { (words.t("runs-state")) }
                    th scope="col" { (words.t("run-request-answer")) }
                    th.number scope="col" { (words.t("runs-attempts")) }
                } }
                tbody { @for one in requests {
                    tr data-key=(text(one, "id")) {
                        td { code { (text(&one["request"], "method")) " " (text(&one["request"], "url")) } }
                        td { (words.t(&format!("request-state-{}", text(one, "state")))) }
                        td {
                            @if let Some(status) = one["response"]["status"].as_u64() { (status) }
                            @if let Some(error) = one["last_error"].as_str() { " " span.quiet lang="en" { (error) } }
                        }
                        td.number { (one["attempt_count"]) }
                    }
                } }
            } }
        }
    }
}
