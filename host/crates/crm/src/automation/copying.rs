//! Copies between stages and pipelines: stages of one pipeline have counterparts in the other.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::editing::at_stage;
use super::{AutomationDraft, AutomationId, in_force};
use crate::attachment::{Attachment, Moment};
use crate::directory::Directory;
use crate::ids::{AttachmentId, PipelineId, StageId};
use crate::rejection::Rejection;
use crate::robot::{Manifest, ParamType};
use crate::said;
use crate::sentence::Sentence;

/// The counterparts of a pipeline's stages in another: those that are given, else the stage with the same key, else the
/// one at the same place, if it is nobody's counterpart yet.
pub fn counterparts(
    directory: &Directory,
    from: PipelineId,
    to: PipelineId,
    given: &BTreeMap<StageId, StageId>,
) -> BTreeMap<StageId, StageId> {
    let (theirs, ours) = (directory.stages_of(from), directory.stages_of(to));
    let mut found = BTreeMap::new();
    for stage in &theirs {
        let by_key = ours.iter().find(|one| one.key == stage.key).map(|one| one.id);
        let chosen = given.get(&stage.id).copied();
        found.extend(chosen.or(by_key).map(|counterpart| (stage.id, counterpart)));
    }
    let mut taken: BTreeSet<StageId> = found.values().copied().collect();
    for (stage, counterpart) in theirs.iter().zip(&ours) {
        if !found.contains_key(&stage.id) && taken.insert(counterpart.id) {
            found.insert(stage.id, counterpart.id);
        }
    }
    found
}

/// A copy of an entry of the draft, or of an attachment that is in force elsewhere.
pub(super) fn copy_one(
    draft: &AutomationDraft,
    directory: &Directory,
    id: AttachmentId,
    stage: Option<StageId>,
    notes: &mut Vec<Sentence>,
) -> Result<Attachment, Rejection> {
    let own = draft.entries.iter().find(|entry| entry.id == id);
    let elsewhere = || {
        directory
            .attachments
            .get(&id)
            .map(|found| Attachment::clone(found))
    };
    let found = own
        .cloned()
        .or_else(elsewhere)
        .ok_or_else(|| Rejection::not_found(id))?;
    let from = AutomationId::of(&found.moment, directory);
    let mut copy = match own {
        Some(_) => found.clone(),
        None => {
            let mut given = BTreeMap::new();
            if let (Moment::Stage { stage: theirs }, Some(ours)) = (&found.moment, stage) {
                given.insert(*theirs, ours);
            }
            let way = Way::new(directory, from, draft.automation, &given);
            way.copy(&found, notes).ok_or_else(|| {
                Rejection::invalid(said!(
                    "`{title}` cannot be copied: {why}",
                    title = found.title,
                    why = Sentence::joined(notes.drain(..))
                ))
            })?
        }
    };
    if let Some(stage) = stage {
        directory.stage(stage)?;
        copy.moment = at_stage(&copy, stage)?;
    }
    copy.version = 0;
    Ok(copy)
}

/// Copies of everything that an automation has in force.
pub(super) fn copy_from(
    draft: &AutomationDraft,
    directory: &Directory,
    from: AutomationId,
    stages: &BTreeMap<StageId, StageId>,
    notes: &mut Vec<Sentence>,
) -> Result<Vec<Attachment>, Rejection> {
    from.check(directory)?;
    if from == draft.automation {
        let message = said!(
            "{from} is the automation of this draft: copy its entries one by one",
            from
        );
        return Err(Rejection::invalid(message));
    }
    check_given(directory, from, draft.automation, stages)?;
    let way = Way::new(directory, from, draft.automation, stages);
    let all = in_force(directory, from);
    way.tell(&all, notes);
    Ok(all.iter().filter_map(|one| way.copy(one, notes)).collect())
}

fn check_given(
    directory: &Directory,
    from: AutomationId,
    to: AutomationId,
    given: &BTreeMap<StageId, StageId>,
) -> Result<(), Rejection> {
    for (id, automation) in given
        .iter()
        .flat_map(|(theirs, ours)| [(theirs, from), (ours, to)])
    {
        let stage = directory.stage(*id)?;
        if AutomationId::Pipeline(stage.pipeline) != automation {
            let message = said!(
                "stages: stage `{stage}` does not belong to {automation}",
                stage = stage.key,
                automation
            );
            return Err(Rejection::invalid(message));
        }
    }
    Ok(())
}

/// From one automation to another.
struct Way<'a> {
    directory: &'a Directory,
    from: AutomationId,
    to: AutomationId,
    stages: BTreeMap<StageId, StageId>,
}

impl<'a> Way<'a> {
    fn new(
        directory: &'a Directory,
        from: AutomationId,
        to: AutomationId,
        given: &BTreeMap<StageId, StageId>,
    ) -> Self {
        let stages = match (from, to) {
            (AutomationId::Pipeline(from), AutomationId::Pipeline(to)) => {
                counterparts(directory, from, to, given)
            }
            _ => BTreeMap::new(),
        };
        Way {
            directory,
            from,
            to,
            stages,
        }
    }

    fn key(&self, stage: StageId) -> String {
        let found = self.directory.stages.get(&stage);
        found.map_or_else(|| stage.to_string(), |stage| stage.key.clone())
    }

    /// Says which stages with robots were matched by their place only.
    fn tell(&self, all: &[Attachment], notes: &mut Vec<Sentence>) {
        let used: BTreeSet<StageId> = all.iter().filter_map(|one| stage_of(&one.moment)).collect();
        for (theirs, ours) in self.stages.iter().filter(|(theirs, _)| used.contains(*theirs)) {
            let (theirs, ours) = (self.key(*theirs), self.key(*ours));
            if theirs != ours {
                notes.push(said!("stage `{theirs}` became stage `{ours}`", theirs, ours));
            }
        }
    }

    /// The copy; none, with a note, if it cannot stand in the other automation.
    fn copy(&self, one: &Attachment, notes: &mut Vec<Sentence>) -> Option<Attachment> {
        let mut copy = Attachment {
            version: 0,
            ..one.clone()
        };
        match self.moment(&one.moment) {
            Ok(moment) => copy.moment = moment,
            Err(why) => {
                notes.push(said!("`{title}` was not copied: {why}", title = one.title, why));
                return None;
            }
        }
        if let Some(version) = self.directory.robots.get(&one.digest) {
            self.params(&version.manifest, &mut copy, notes);
        }
        Some(copy)
    }

    fn moment(&self, moment: &Moment) -> Result<Moment, Sentence> {
        let mut moment = moment.clone();
        match &mut moment {
            Moment::Stage { stage } => *stage = self.stage(*stage)?,
            Moment::Event { pipeline, stage, .. } => {
                *stage = stage.map(|stage| self.stage(stage)).transpose()?;
                *pipeline = pipeline.map(|pipeline| self.pipeline(pipeline));
            }
            Moment::Schedule {
                items: Some(query), ..
            } => {
                query.stage = query.stage.map(|stage| self.stage(stage)).transpose()?;
                query.pipeline = self.pipeline(query.pipeline);
            }
            Moment::Schedule { items: None, .. } | Moment::Manual => {}
        }
        let belongs = AutomationId::of(&moment, self.directory);
        match belongs == self.to {
            true => Ok(moment),
            false => {
                let (is, to) = (belongs.name(self.directory), self.to.name(self.directory));
                Err(said!("its moment belongs to `{is}`, not to `{to}`", is, to))
            }
        }
    }

    fn stage(&self, stage: StageId) -> Result<StageId, Sentence> {
        let found = self.stages.get(&stage).copied();
        found.ok_or_else(|| {
            let to = self.to.name(self.directory);
            said!(
                "stage `{stage}` has no counterpart in `{to}`",
                stage = self.key(stage),
                to
            )
        })
    }

    fn pipeline(&self, pipeline: PipelineId) -> PipelineId {
        match self.to {
            AutomationId::Pipeline(to) if self.from == AutomationId::Pipeline(pipeline) => to,
            _ => pipeline,
        }
    }

    /// Stages and pipelines in parameters have counterparts too.
    fn params(&self, manifest: &Manifest, copy: &mut Attachment, notes: &mut Vec<Sentence>) {
        let title = copy.title.clone();
        for (key, value) in &mut copy.params {
            let Some(param) = manifest.param(key) else {
                continue;
            };
            let texts = match value {
                Value::Array(list) => list.iter_mut().collect(),
                one => vec![one],
            };
            for text in texts {
                let Some(id) = text.as_str() else { continue };
                match (param.param_type, id.parse::<StageId>(), id.parse::<PipelineId>()) {
                    (ParamType::Stage, Ok(stage), _) => match self.stages.get(&stage) {
                        Some(ours) => *text = ours.to_string().into(),
                        None => notes.push(said!(
                            "`{title}` still names stage `{stage}` in `{key}`",
                            title,
                            stage = self.key(stage),
                            key
                        )),
                    },
                    (ParamType::Pipeline, _, Ok(pipeline)) => {
                        *text = self.pipeline(pipeline).to_string().into();
                    }
                    _ => {}
                }
            }
        }
    }
}

fn stage_of(moment: &Moment) -> Option<StageId> {
    match moment {
        Moment::Stage { stage } => Some(*stage),
        Moment::Event { stage, .. } => *stage,
        Moment::Schedule { items, .. } => items.as_ref().and_then(|query| query.stage),
        Moment::Manual => None,
    }
}
