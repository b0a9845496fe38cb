//! Installed robots: who signed them, what they may do, where they are used; new versions, and the way back.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use signalbox_crm::attachment::Attachment;
use signalbox_crm::directory::RobotVersion;

use super::Console;
use super::form::Form;
use super::format::instant;
use super::page::{Page, Section};
use super::paging::{Paged, after, pager};
use super::visitor::{Allowed, Visitor};
use crate::engine::changes::Topic;
use crate::http::caller::{Administer, Configure, Install, Read};
use crate::http::problem::Problem;
use signalbox_crm::said;

mod acting;
mod versions;

/// Robots of a page.
const ROWS: usize = 100;
const LIST: &str = "console-robots";

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new()
        .route("/robots", get(all))
        .route("/robots/{id}", get(one))
        .route("/robots/{id}/update", get(acting::preview).post(acting::update))
        .route("/robots/{id}/off", post(acting::switch_off))
        .route("/robots/{id}/resume", post(acting::resume))
}

/// The versions of a robot, newest first.
fn versions_of<'v>(visitor: &'v Visitor, id: &str) -> Vec<&'v Arc<RobotVersion>> {
    let versions = visitor.directory.robots.values();
    let mut versions: Vec<_> = versions.filter(|version| version.manifest.id == id).collect();
    versions.sort_by_key(|version| (!version.is_current, std::cmp::Reverse(version.installed_at)));
    versions
}

/// Where a robot is used.
fn attachments_of<'v>(visitor: &'v Visitor, id: &str) -> Vec<&'v Arc<Attachment>> {
    let all = visitor.directory.attachments.values();
    all.filter(|attachment| attachment.robot == id).collect()
}

async fn all(visitor: Allowed<Read>, form: Form) -> Result<Response, Problem> {
    let words = visitor.words;
    let after: Option<String> = after(LIST, form.get("after"))?;
    let current = visitor
        .directory
        .robots
        .values()
        .filter(|version| version.is_current)
        .filter(|version| after.as_ref().is_none_or(|last| version.manifest.id > *last));
    let mut current: Vec<&Arc<RobotVersion>> = current.collect();
    current.sort_by_key(|version| version.manifest.id.as_str());
    current.truncate(ROWS + 1);
    let Paged { rows: current, next } = Paged::of(LIST, ROWS, current, |last| last.manifest.id.clone());
    let next = next.map(|next| format!("/robots?after={next}"));
    let body = html! {
        h1 { (words.t("nav-robots")) }
        @if visitor.may::<Install>() { (install(&visitor)) }
        @if current.is_empty() { p.panel.empty { (words.t("list-empty")) } }
        @else {
            div.scroll { table {
                caption.sr { (words.t("nav-robots")) }
                thead { tr {
                    th scope="col" { (words.t("runs-what")) }
                    th scope="col" { (words.t("robots-version")) }
                    th scope="col" { (words.t("robots-signed")) }
                    th scope="col" { (words.t("robots-contract")) }
                    th.number scope="col" { (words.t("robots-size")) }
                    th.number scope="col" { (words.t("robots-used")) }
                    th scope="col" { (words.t("runs-state")) }
                } }
                tbody { @for version in current { (row(&visitor, version)) } }
            } }
            (pager(words, after.is_some().then_some("/robots"), next.as_deref()))
        }
    };
    Ok(Page::new(&visitor, Section::Robots, words.t("nav-robots"))
        .watches([Topic::SetUp])
        .with(Some("robots"), Some("robots"))
        .wide()
        .body(body)
        .into_response())
}

/// A file can be dropped here or chosen. `robots.js` sends it; the API checks it as it checks that of a command.
fn install(visitor: &Visitor) -> Markup {
    let words = visitor.words;
    html! {
        section.panel.drop #install data-sending=(words.t("robots-sending")) data-failed=(words.t("live-lost")) {
            h2 { (words.t("robots-install")) }
            p { (words.t("robots-install-note")) }
            label { span { (words.t("robots-file")) } input #component type="file" accept=".wasm,application/wasm"; }
            p.wrong #install-refused role="alert" {}
            noscript { p { (words.t("robots-install-cli")) } }
            p.quiet { code { "signalbox robot install robot.wasm" } }
        }
    }
}

fn row(visitor: &Visitor, version: &RobotVersion) -> Markup {
    let (words, manifest) = (visitor.words, &version.manifest);
    html! {
        tr data-key=(manifest.id) {
            td {
                a href={ "/robots/" (manifest.id) } { (words.of(&manifest.name)) }
                " " span.quiet { (manifest.id) }
            }
            td { (manifest.version) " " code.quiet title=(version.digest) { (short(&version.digest)) } }
            td { (signer(visitor, version)) }
            td { (manifest.contract) }
            td.number { (version.size_bytes.div_ceil(1024)) " KiB" }
            td.number { (attachments_of(visitor, &manifest.id).len()) }
            td {
                (pause(visitor, &version.digest))
                " " a href={ "/runs?state=discarded&robot=" (manifest.id) } { (words.t("robots-failed")) }
            }
        }
    }
}

/// The beginning of a digest, enough to compare by eye.
fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

fn signer(visitor: &Visitor, version: &RobotVersion) -> Markup {
    let words = visitor.words;
    match &version.signed_by {
        Some(key) => html! { span.chip.chip-good { (words.t("robots-signed-by")) " " (key) } },
        None if version.is_bundled => html! { span.chip { (words.t("robots-bundled")) } },
        None => html! { span.chip.chip-warn { (words.t("robots-unsigned")) } },
    }
}

fn pause(visitor: &Visitor, digest: &str) -> Markup {
    let words = visitor.words;
    match visitor.console.app.core.breakers.pause(digest) {
        Some(pause) => html! {
            span.chip.chip-bad { (words.t("robots-paused")) } " " span.quiet { (words.t("robots-probe")) " " (instant(pause.probe_at, visitor)) }
        },
        None => html! { span.chip.chip-good { (words.t("robots-works")) } },
    }
}

async fn one(visitor: Allowed<Read>, Path(id): Path<String>) -> Result<Response, Problem> {
    let words = visitor.words;
    let versions = versions_of(&visitor, &id);
    let Some(current) = versions.first() else {
        return Err(Problem::not_found_because(said!(
            "`robot {id}` does not exist",
            id
        )));
    };
    let manifest = &current.manifest;
    let attachments = attachments_of(&visitor, &id);
    let is_paused = versions
        .iter()
        .any(|version| visitor.console.app.core.breakers.pause(&version.digest).is_some());
    let body = html! {
        p { a href="/robots" { (words.t("nav-robots")) } " / " (id) }
        h1 { (words.of(&manifest.name)) " " span.quiet { (manifest.version) } }
        p { (words.of(&manifest.description)) }
        p { (signer(&visitor, current)) " " (pause(&visitor, &current.digest)) }
        div.row.actions {
            a.button href={ "/runs?robot=" (id) } { (words.t("run-of-attachment")) }
            @if is_paused && visitor.may::<Administer>() {
                form method="post" action={ "/robots/" (id) "/resume" } { button.primary { (words.t("robots-resume")) } }
            }
            @if visitor.may::<Configure>() && attachments.iter().any(|attachment| attachment.is_enabled) {
                form method="post" action={ "/robots/" (id) "/off" } data-confirm=(words.t("robots-off-sure")) {
                    button.danger { (words.t("robots-off")) }
                }
            }
        }
        div.columns {
            section.panel { h2 { (words.t("robots-may")) } (versions::permissions(&visitor, current)) }
            section.panel { h2 { (words.t("robots-params")) } (versions::params(&visitor, current)) }
        }
        section.panel { h2 { (words.t("robots-used")) } (versions::usage(&visitor, &attachments)) }
        section.panel { h2 { (words.t("robots-versions")) } (versions::table(&visitor, &versions, &attachments)) }
    };
    Ok(
        Page::new(&visitor, Section::Robots, words.of(&manifest.name).to_owned())
            .watches([Topic::SetUp])
            .with(Some("robots"), None)
            .wide()
            .body(body)
            .into_response(),
    )
}
