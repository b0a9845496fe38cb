//! How items come into being and move between stages.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::changes::ChangeSet;
use crate::event::Fact;
use crate::ids::{ContactId, EmployeeId, IdKind, ItemId, PipelineId, StageId};
use crate::item::Item;
use crate::pipeline::{Stage, StageKind};
use crate::rejection::{Code, Rejection};
use crate::rules::Rules;
use crate::said;
use crate::value::{FieldValue, Money};

/// What a move did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// The item is in the stage now.
    Moved,
    /// It was there already; nothing changed.
    AlreadyThere,
}

/// How far a move may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reach {
    /// May go to a stage further left.
    pub back: bool,
    /// May go to a stage of another pipeline of the same kind.
    pub across: bool,
}

/// Moves an item to a stage.
///
/// # Errors
/// `no-such-stage` (unknown, of another pipeline, of a pipeline that holds another kind of item),
/// `backward-refused`, `required-fields` with the list.
pub fn move_item(
    rules: &Rules<'_>,
    changes: &mut ChangeSet,
    mut item: Item,
    to: StageId,
    reach: Reach,
) -> Result<Moved, Rejection> {
    let stage = Arc::clone(rules.directory.stage(to)?);
    check_pipeline(rules, &item, &stage, reach)?;
    if item.stage == to {
        return Ok(Moved::AlreadyThere);
    }
    let from = Arc::clone(rules.directory.stage(item.stage)?);
    let is_back = from.pipeline == stage.pipeline && (stage.sort, stage.id) < (from.sort, from.id);
    if is_back && !reach.back {
        let message = said!(
            "stage `{stage}` lies before `{from}`, and the move may not go back",
            stage = stage.key,
            from = from.key
        );
        return Err(Rejection::new(Code::BackwardRefused, message));
    }
    let overridden = check_required(rules, &item, &stage)?;
    enter(rules, changes, &mut item, &stage, Some(from.id));
    rules.note(
        changes,
        item.id,
        "stage",
        Some(from.key.clone()),
        Some(stage.key.clone()),
    );
    note_override(rules, changes, item.id, &overridden);
    if let Some(reason) = item.lost_reason.take_if(|_| from.kind == StageKind::Lost) {
        rules.note(changes, item.id, "lost-reason", Some(reason), None);
    }
    changes.put_item(item);
    Ok(Moved::Moved)
}

/// The stage belongs to the item's pipeline, or to another one that holds the same kind of item.
fn check_pipeline(rules: &Rules<'_>, item: &Item, stage: &Stage, reach: Reach) -> Result<(), Rejection> {
    if stage.pipeline == item.pipeline {
        return Ok(());
    }
    if !reach.across {
        return Err(foreign(stage, &rules.directory.pipeline(item.pipeline)?.key));
    }
    let other = rules.directory.pipeline(stage.pipeline)?;
    if other.item_kind == item.id.kind {
        return Ok(());
    }
    let message = said!(
        "pipeline `{pipeline}` holds items of kind `{kind}`, and {item} is none",
        pipeline = other.key,
        kind = other.item_kind.as_str(),
        item = item.id
    );
    Err(Rejection::new(Code::NoSuchStage, message))
}

fn foreign(stage: &Stage, pipeline: &str) -> Rejection {
    let message = said!(
        "stage `{stage}` does not belong to pipeline `{pipeline}`",
        stage = stage.key,
        pipeline
    );
    Rejection::new(Code::NoSuchStage, message)
}

fn note_override(rules: &Rules<'_>, changes: &mut ChangeSet, item: ItemId, fields: &[String]) {
    if !fields.is_empty() {
        let fields = fields.join(", ");
        rules.note(changes, item, "required-fields-overridden", None, Some(fields));
    }
}

/// Puts the item into the stage. The next entry number makes runs of the last entry stale.
fn enter(rules: &Rules<'_>, changes: &mut ChangeSet, item: &mut Item, stage: &Stage, from: Option<StageId>) {
    item.pipeline = stage.pipeline;
    item.stage = stage.id;
    item.stage_entry += 1;
    item.stage_entered_at = rules.now;
    item.raised_at = rules.now;
    item.updated_at = rules.now;
    item.closed_at = match stage.kind {
        StageKind::Open => None,
        StageKind::Won | StageKind::Lost => Some(rules.now),
    };
    let fact = Fact::StageEntered {
        pipeline: stage.pipeline,
        stage: stage.id,
        from,
    };
    changes.happened(fact, Some(item.id));
}

/// The required fields that are empty, when they may be overridden.
fn check_required(rules: &Rules<'_>, item: &Item, stage: &Stage) -> Result<Vec<String>, Rejection> {
    let missing = missing_fields(item, stage);
    if missing.is_empty() || rules.overrides_required_fields {
        return Ok(missing);
    }
    let message = said!(
        "stage `{stage}` needs these fields of {item}: {missing}",
        stage = stage.key,
        item = item.id,
        missing = missing.join(", ")
    );
    Err(Rejection {
        code: Code::RequiredFields,
        message,
        fields: missing,
    })
}

/// The fields that are wanted of the item in a stage of its pipeline, and that are empty.
///
/// # Errors
/// `no-such-stage`.
pub fn missing_for(rules: &Rules<'_>, item: &Item, to: StageId) -> Result<Vec<String>, Rejection> {
    let stage = Arc::clone(rules.directory.stage(to)?);
    check_pipeline(rules, item, &stage, Reach::default())?;
    Ok(missing_fields(item, &stage))
}

/// The fields that the stage wants and that are empty.
pub fn missing_fields(item: &Item, stage: &Stage) -> Vec<String> {
    let is_listed = stage.required_fields.iter().any(|key| key == "lost-reason");
    let reason = (stage.requires_reason && !is_listed).then_some("lost-reason");
    let wanted = stage.required_fields.iter().map(String::as_str).chain(reason);
    wanted
        .filter(|key| !item.field(key).is_some_and(|value| value.is_filled()))
        .map(str::to_owned)
        .collect()
}

/// A new lead or deal.
#[derive(Debug, Clone, PartialEq)]
pub struct NewItem {
    /// The pipeline.
    pub pipeline: PipelineId,
    /// The stage; the pipeline's first without one.
    pub stage: Option<StageId>,
    /// What the card shows.
    pub title: String,
    /// The employee in charge.
    pub assignee: Option<EmployeeId>,
    /// The client.
    pub contact: Option<ContactId>,
    /// The expected amount.
    pub amount: Option<Money>,
    /// Where it came from.
    pub source: Option<String>,
    /// Custom fields.
    pub fields: BTreeMap<String, FieldValue>,
}

/// Creates a lead or a deal, whichever the pipeline holds.
///
/// # Errors
/// `not-found` (pipeline, assignee), `rule-violated` (the assignee has left), `no-such-stage`, `invalid` (title,
/// source, unknown field), `required-fields`.
pub fn create_item(rules: &Rules<'_>, changes: &mut ChangeSet, new: NewItem) -> Result<Item, Rejection> {
    let pipeline = Arc::clone(rules.directory.pipeline(new.pipeline)?);
    let stage = match new.stage {
        Some(id) => Arc::clone(rules.directory.stage(id)?),
        None => first_stage(rules, pipeline.id)?,
    };
    if stage.pipeline != pipeline.id {
        return Err(foreign(&stage, &pipeline.key));
    }
    if let Some(assignee) = new.assignee {
        crate::assigning::check_works_here(rules.directory, assignee)?;
    }
    crate::editing::check_title(&new.title)?;
    crate::editing::check_source(new.source.as_deref())?;
    crate::editing::check_fields(rules.directory, &new.fields)?;
    let mut item = Item {
        id: ItemId {
            kind: pipeline.item_kind,
            number: (rules.new_id)(IdKind::Item),
        },
        pipeline: pipeline.id,
        stage: stage.id,
        stage_entry: 0,
        stage_entered_at: rules.now,
        title: new.title,
        assignee: new.assignee,
        contact: new.contact,
        amount: new.amount,
        source: new.source.clone(),
        fields: new.fields,
        raised_at: rules.now,
        last_contact_at: None,
        closed_at: None,
        lost_reason: None,
        created_at: rules.now,
        updated_at: rules.now,
        version: 0,
    };
    let overridden = check_required(rules, &item, &stage)?;
    changes.happened(Fact::ItemCreated { source: new.source }, Some(item.id));
    enter(rules, changes, &mut item, &stage, None);
    rules.note(changes, item.id, "created", None, Some(item.title.clone()));
    note_override(rules, changes, item.id, &overridden);
    changes.put_item(item.clone());
    Ok(item)
}

/// Creates an item like another one, with its title, client, amount, source and custom fields, as far as there still
/// are such fields, and its assignee unless that one has left.
///
/// # Errors
/// As for `create_item`.
pub fn copy_item(
    rules: &Rules<'_>,
    changes: &mut ChangeSet,
    item: Item,
    pipeline: PipelineId,
    stage: Option<StageId>,
) -> Result<Item, Rejection> {
    let works_here = |id: &EmployeeId| crate::assigning::check_works_here(rules.directory, *id).is_ok();
    let known = |(key, _): &(String, FieldValue)| rules.directory.fields.contains_key(key);
    let fields = item.fields.into_iter().filter(known).collect();
    let new = NewItem {
        pipeline,
        stage,
        title: item.title,
        assignee: item.assignee.filter(works_here),
        contact: item.contact,
        amount: item.amount,
        source: item.source,
        fields,
    };
    create_item(rules, changes, new)
}

fn first_stage(rules: &Rules<'_>, pipeline: PipelineId) -> Result<Arc<Stage>, Rejection> {
    let first = rules
        .directory
        .stages_of(pipeline)
        .first()
        .map(|stage| Arc::clone(stage));
    first.ok_or_else(|| Rejection::new(Code::NoSuchStage, said!("`{pipeline}` has no stage", pipeline)))
}

#[cfg(test)]
mod tests;
