//! What admins do with a robot: give its attachments another version, switch all of them off, end its pause.

use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{attachments_of, versions, versions_of};
use crate::console::asking::{Ask, Refused};
use crate::console::form::Form;
use crate::console::page::{Page, Section};
use crate::console::runs::{linked, list, text};
use crate::console::visitor::{Allowed, Visitor};
use crate::http::caller::{Administer, Configure};
use crate::http::problem::Problem;
use signalbox_crm::said;

/// Which version.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    digest: Option<String>,
}

/// A version of this robot and no other one's.
fn checked<'a>(visitor: &Visitor, id: &str, digest: &'a str) -> Result<&'a str, Problem> {
    let mut versions = versions_of(visitor, id).into_iter();
    let is_known = versions.any(|version| version.digest == digest);
    is_known.then_some(digest).ok_or_else(|| {
        Problem::not_found_because(said!(
            "`robot {id} with the digest `{digest}`` does not exist",
            id,
            digest
        ))
    })
}

/// What would become of each attachment, before anything does.
pub(super) async fn preview(
    visitor: Allowed<Configure>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Refused> {
    let digest = asked.digest.unwrap_or_default();
    let digest = checked(&visitor, &id, &digest)?;
    let path = format!("/robots/{digest}/update");
    let found = visitor.ask(Ask::post(&path, json!({ "dry_run": true }))).await?;
    Ok(draw(&visitor, &id, digest, &found).into_response())
}

fn draw<'v>(visitor: &'v Visitor, id: &str, digest: &str, found: &Value) -> Page<'v> {
    let words = visitor.words;
    let outcomes = list(&found["attachments"]);
    let asks = union(outcomes, |outcome| {
        list(&outcome["asks"])
            .iter()
            .map(|asked| text(asked, "interface"))
            .collect()
    });
    let hosts = union(outcomes, |outcome| {
        list(&outcome["asks_hosts"])
            .iter()
            .filter_map(Value::as_str)
            .collect()
    });
    let body = html! {
        p { a href="/robots" { (words.t("nav-robots")) } " / " a href={ "/robots/" (id) } { (id) } }
        h1 { (words.f("robots-update-title", &[("robot", text(found, "robot").into())])) }
        section.panel {
            @if outcomes.is_empty() { p { (words.t("robots-update-none")) } }
            @else { (outcomes_table(visitor, outcomes)) }
        }
        @if !outcomes.is_empty() {
            form.panel method="post" action={ "/robots/" (id) "/update" } {
                input type="hidden" name="digest" value=(digest);
                @if !asks.is_empty() || !hosts.is_empty() {
                    fieldset {
                        legend { (words.t("robots-asks")) }
                        @for interface in &asks {
                            p { label { input type="checkbox" name="approve" value=(interface); " " (versions::may(visitor, interface)) } }
                        }
                        @for host in &hosts {
                            p { label { input type="checkbox" name="host" value=(host); " " code { (host) } } }
                        }
                    }
                    p.quiet { (words.t("robots-asks-note")) }
                }
                div.row {
                    button.primary { (words.t("robots-update-go")) }
                    a.button href={ "/robots/" (id) } { (words.t("runs-retry-not")) }
                }
            }
        }
    };
    Page::new(visitor, Section::Robots, words.t("robots-update"))
        .with(Some("robots"), None)
        .body(body)
}

/// What any of the attachments is asked for, each once.
fn union<'a>(outcomes: &'a [Value], asked: impl Fn(&'a Value) -> Vec<&'a str>) -> Vec<&'a str> {
    let mut all: Vec<&str> = outcomes.iter().flat_map(asked).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn outcomes_table(visitor: &Visitor, outcomes: &[Value]) -> Markup {
    let words = visitor.words;
    html! {
        div.scroll { table {
            thead { tr {
                th scope="col" { (words.t("runs-attachment")) }
                th scope="col" { (words.t("robots-from")) }
                th scope="col" { (words.t("robots-outcome")) }
            } }
            tbody { @for outcome in outcomes {
                tr {
                    td { (linked(visitor, text(outcome, "attachment"))) }
                    td { (text(outcome, "from")) }
                    td {
                        (words.t(&format!("robots-outcome-{}", text(outcome, "state"))))
                        @if let Some(message) = outcome["message"].as_str() { " " span.quiet { (message) } }
                        ul {
                            @for asked in list(&outcome["asks"]) { li { (versions::may(visitor, text(asked, "interface"))) } }
                            @for host in list(&outcome["asks_hosts"]) { li { code { (host.as_str().unwrap_or_default()) } } }
                        }
                    }
                }
            } }
        } }
    }
}

/// Gives the attachments the version; those for which it asks for more than was approved keep theirs, and are shown.
pub(super) async fn update(
    visitor: Allowed<Configure>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Refused> {
    let digest = checked(&visitor, &id, form.get("digest").unwrap_or_default())?;
    let body = json!({
        "approve": form.all("approve").collect::<Vec<_>>(),
        "approve_hosts": form.all("host").collect::<Vec<_>>(),
    });
    let found = visitor
        .ask(Ask::post(&format!("/robots/{digest}/update"), body))
        .await?;
    let is_done = list(&found["attachments"])
        .iter()
        .all(|outcome| outcome["state"] == "updated");
    match is_done {
        true => Ok(Redirect::to(&format!("/robots/{id}")).into_response()),
        false => Ok(draw(&visitor, &id, digest, &found).into_response()),
    }
}

/// Switches off every attachment of the robot. One that somebody has just changed is switched off as it is now.
pub(super) async fn switch_off(
    visitor: Allowed<Configure>,
    Path(id): Path<String>,
) -> Result<Response, Refused> {
    if versions_of(&visitor, &id).is_empty() {
        return Err(Problem::not_found_because(said!("`robot {id}` does not exist", id)).into());
    }
    for attachment in attachments_of(&visitor, &id) {
        if attachment.is_enabled {
            let path = format!("/attachments/{}", attachment.id);
            let off = Ask::patch(&path, json!({ "is_enabled": false })).seen(attachment.version);
            let Err(Refused(problem)) = visitor.ask(off).await else {
                continue;
            };
            let Some(version) = problem.version else {
                return Err(Refused(problem));
            };
            let off = Ask::patch(&path, json!({ "is_enabled": false })).seen(version);
            visitor.ask(off).await?;
        }
    }
    Ok(Redirect::to(&format!("/robots/{id}")).into_response())
}

/// Ends the pause of a robot that had failed on many items.
pub(super) async fn resume(
    visitor: Allowed<Administer>,
    Path(id): Path<String>,
) -> Result<Response, Refused> {
    if versions_of(&visitor, &id).is_empty() {
        return Err(Problem::not_found_because(said!("`robot {id}` does not exist", id)).into());
    }
    visitor
        .ask(Ask::post(&format!("/robots/{id}/resume"), json!({})))
        .await?;
    Ok(Redirect::to(&format!("/robots/{id}")).into_response())
}
