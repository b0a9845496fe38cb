//! Changes of a draft from the designer: one form for each card.

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::{Value, json};
use signalbox_crm::automation::AutomationId;

use super::design::{again, noted};
use super::{chosen, draft_of, path_of};
use crate::automation::DraftView;
use crate::console::asking::{Ask, Refused};
use crate::console::form::Form;
use crate::console::visitor::{Allowed, Visitor};
use crate::http::caller::Configure;
use crate::http::problem::Problem;
use signalbox_crm::said;

/// Asks for one change of the draft that the person has seen.
pub(super) async fn ask_edit(
    visitor: &Visitor,
    id: AutomationId,
    version: i64,
    change: Value,
) -> Result<Value, Refused> {
    let path = format!("/automation/{id}/draft");
    visitor.ask(Ask::patch(&path, change).seen(version)).await
}

pub(super) async fn edit(
    visitor: Allowed<Configure>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let id = chosen(&visitor, &id)?;
    let draft = draft_of(&visitor, id)?;
    let change = change_of(&form, &draft)?;
    match ask_edit(&visitor, id, form.number("version")?, change).await {
        Ok(answer) => {
            let noted = noted(&visitor, id, &answer).await?;
            Ok(noted.unwrap_or_else(|| Redirect::to(&path_of(id)).into_response()))
        }
        Err(Refused(problem)) => again(&visitor, id, &problem).await,
    }
}

/// The change that the button asks for.
fn change_of(form: &Form, draft: &DraftView) -> Result<Value, Problem> {
    let entry = form.get("entry").unwrap_or_default();
    let stage = form.filled("stage");
    Ok(match form.get("do").unwrap_or_default() {
        // At the top there is nobody before whom it could stand: it stays.
        "up" => placed(
            entry,
            stands_before(draft, entry, -1).or_else(|| Some(entry.to_owned())),
        ),
        "down" => placed(entry, stands_before(draft, entry, 2)),
        "before" => placed_at(entry, stage, form.filled("before")),
        "on" => json!({"kind": "change", "entry": entry, "set": {"is_enabled": true}}),
        "off" => json!({"kind": "change", "entry": entry, "set": {"is_enabled": false}}),
        "move" => placed_at(entry, stage, None),
        "copy" => {
            let mut change = json!({"kind": "copy", "entry": entry});
            if let Some(stage) = stage {
                change["stage"] = stage.into();
            }
            change
        }
        "remove" => json!({"kind": "remove", "entry": entry}),
        "restore" => json!({"kind": "restore", "entry": entry}),
        "copy-from" => json!({"kind": "copy-from", "from": form.get("from").unwrap_or_default()}),
        other => return Err(Problem::invalid("do", said!("`{other}` is nothing to do", other))),
    })
}

fn placed(entry: &str, before: Option<String>) -> Value {
    placed_at(entry, None, before.as_deref())
}

fn placed_at(entry: &str, stage: Option<&str>, before: Option<&str>) -> Value {
    let mut change = json!({"kind": "move", "entry": entry});
    if let Some(stage) = stage {
        change["stage"] = stage.into();
    }
    if let Some(before) = before {
        change["before"] = before.into();
    }
    change
}

/// Who stands so many places further in the column; none behind its end.
fn stands_before(draft: &DraftView, entry: &str, step: isize) -> Option<String> {
    let at = draft
        .entries
        .iter()
        .position(|one| one.attachment.id.to_string() == entry)?;
    let column = &draft.entries[at].column;
    let other = draft.entries.get(at.checked_add_signed(step)?)?;
    (other.column == *column).then(|| other.attachment.id.to_string())
}
