//! "Run for the 37 deals that are already here?": after publishing, for robots that are new in their stage.

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde_json::{Value, json};
use signalbox_crm::attachment::Moment;
use signalbox_crm::automation::AutomationId;
use signalbox_crm::bulk::STARTED_MAX;
use signalbox_crm::ids::AttachmentId;

use super::wording::stage_title;
use super::{chosen, path_of};
use crate::automation::here::{HerePreview, preview};
use crate::console::asking::{Ask, Refused};
use crate::console::form::Form;
use crate::console::format::item_path;
use crate::console::page::{Page, Section};
use crate::console::visitor::{Allowed, Visitor};
use crate::http::caller::{Administer, Configure};
use crate::http::problem::Problem;

/// Where to go after publishing: to the question, if there are items for which new robots could run.
pub(super) async fn after_publishing(visitor: &Visitor, id: AutomationId, published: &Value) -> String {
    let none = format!("{}?done=published", path_of(id));
    let entries = published["difference"]["entries"].as_array();
    let added = entries
        .into_iter()
        .flatten()
        .filter(|entry| entry["kind"] == "added");
    let added = added.filter_map(|entry| entry["entry"].as_str()?.parse().ok());
    let new: Vec<AttachmentId> = added.take(STARTED_MAX).collect();
    let core = &visitor.console.app.core;
    let directory = core.records.directory();
    let starts = |id: &AttachmentId| {
        let found = directory.attachments.get(id);
        found.is_some_and(|one| one.is_enabled && matches!(one.moment, Moment::Stage { .. }))
    };
    let new: Vec<AttachmentId> = new.into_iter().filter(starts).collect();
    if new.is_empty() || !visitor.may::<Administer>() {
        return none;
    }
    // It is published already: that nothing can be counted now is no reason to say that it is not.
    match preview(core, id, &new).await {
        Ok(found) if found.item_count > 0 => {
            let query: Vec<String> = new.iter().map(|id| format!("entry={}", id.0)).collect();
            format!("{}/here?{}", path_of(id), query.join("&"))
        }
        _ => none,
    }
}

fn entries(form: &Form) -> Vec<AttachmentId> {
    let numbers = form.all("entry").filter_map(|text| text.parse().ok());
    numbers.map(AttachmentId).collect()
}

pub(super) async fn page(
    visitor: Allowed<Configure>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let id = chosen(&visitor, &id)?;
    let entries = entries(&form);
    let found = preview(&visitor.console.app.core, id, &entries).await?;
    let words = visitor.words;
    let title = words.n("here-title", found.item_count);
    let body = html! {
        section.panel {
            h1 { (title) }
            p { (words.t("rule-already-there")) }
            (stages(&visitor, &found))
            p { (words.n("here-runs", found.run_count)) " " (words.t("here-conditions")) }
            form.row method="post" action={ (path_of(id)) "/here" } {
                @for entry in &entries { input type="hidden" name="entry" value=(entry.0); }
                @if visitor.may::<Administer>() && found.run_count > 0 { button.primary { (words.t("here-go")) } }
                a.button href={ (path_of(id)) "?done=published" } { (words.t("here-no")) }
            }
        }
    };
    Ok(Page::new(&visitor, Section::Automation, title.clone())
        .with(Some("automation"), None)
        .body(body)
        .into_response())
}

fn stages(visitor: &Visitor, found: &HerePreview) -> Markup {
    let words = visitor.words;
    let title = |id: &AttachmentId| {
        let attachment = visitor.directory.attachments.get(id);
        attachment.map_or_else(|| id.to_string(), |one| one.title.clone())
    };
    html! {
        ul {
            @for stage in &found.stages {
                li {
                    strong { (stage_title(visitor, stage.stage)) } ": " (words.n("count-items", stage.item_count)) ". "
                    (stage.attachments.iter().map(title).collect::<Vec<_>>().join(", "))
                    @if !stage.items.is_empty() {
                        ul { @for item in &stage.items { li { a href=(item_path(item.item)) { (item.title) } } } }
                    }
                }
            }
        }
    }
}

pub(super) async fn start(
    visitor: Allowed<Administer>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Refused> {
    let id = chosen(&visitor, &id)?;
    let body = json!({ "attachments": entries(&form) });
    visitor
        .ask(Ask::post(&format!("/automation/{id}/here"), body))
        .await?;
    Ok(Redirect::to(&format!("{}?done=started", path_of(id))).into_response())
}
