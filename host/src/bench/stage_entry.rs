//! The place of the job: a pipeline with robots on its middle stage, and deals before it.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, ensure};
use signalbox_crm::ids::{ItemId, StageId};
use signalbox_crm::moving::{NewItem, Reach, create_item, move_item};
use signalbox_crm::people::Actor;

use super::watch::Watch;
use crate::app::App;
use crate::bootstrap::{Admin, new_admin};
use crate::engine::core::SharedCore;
use crate::engine::draft::{Draft, DraftError};
use crate::engine::robots::Robots;
use crate::setup::{AttachmentSetup, Names, Setup, StageSetup};

const SETUP: &str = include_str!("setup.toml");

/// Robots on the stage, and so runs of each deal.
pub(super) const ROBOTS: u64 = 3;
/// What stands around, and is neither moved nor started.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Crowd {
    /// Deals on the first stage.
    pub(super) items: usize,
    /// Attachments of another pipeline's stages.
    pub(super) attachments: usize,
}

/// Stages over which the attachments of the crowd are spread.
const CROWD_STAGES: usize = 10;
/// Deals of one commit while the place is built.
const CHUNK: usize = 500;

/// A host with the pipeline and its deals.
pub(super) struct Site {
    pub(super) core: SharedCore,
    pub(super) robots: Arc<Robots>,
    pub(super) watch: Watch,
    /// The stage with the robots.
    pub(super) stage: StageId,
    pub(super) deals: Vec<ItemId>,
    /// An administrator's token.
    pub(super) token: String,
    actor: Actor,
}

impl Site {
    /// Builds the place in an empty database.
    pub(super) async fn build(app: &App, deal_count: usize, crowd: Crowd) -> anyhow::Result<Site> {
        let core = &app.core;
        let setup = crowded(Setup::parse(SETUP)?, crowd.attachments)?;
        let (names, admin) = settle(core, &setup).await?;
        let new = NewItem {
            pipeline: names.pipeline("sales")?,
            stage: None,
            title: "Deal of the benchmark".to_owned(),
            assignee: Some(names.employee("operator")?),
            contact: None,
            amount: None,
            source: None,
            fields: BTreeMap::new(),
        };
        let actor = Actor::Employee(admin.employee);
        let deals = create_in_chunks(core, &actor, &new, deal_count).await?;
        create_in_chunks(core, &actor, &new, crowd.items).await?;
        Ok(Site {
            core: Arc::clone(core),
            robots: Arc::clone(&app.robots),
            watch: Watch::start(core),
            stage: names.stage("sales/offer")?,
            deals,
            token: admin.secret,
            actor,
        })
    }

    /// One deal from the request to its effects.
    pub(super) async fn play(&self, deal: ItemId) -> anyhow::Result<()> {
        let effects = self.watch.expect(deal);
        self.enter(deal).await?;
        effects.committed().await
    }

    /// Moves a deal to the stage with the robots, from wherever it stands.
    async fn enter(&self, deal: ItemId) -> Result<(), DraftError> {
        let mut draft = Draft::new(&self.core, self.actor.clone());
        let item = draft.item(deal).await?;
        let reach = Reach {
            back: true,
            across: false,
        };
        draft.rule(|rules, changes| move_item(rules, changes, item, self.stage, reach))?;
        draft.commit().await?;
        Ok(())
    }
}

/// The set-up with so many more attachments, on stages that no deal enters.
fn crowded(mut setup: Setup, attachments: usize) -> anyhow::Result<Setup> {
    if attachments == 0 {
        return Ok(setup);
    }
    let pipeline = setup.pipeline.first().context("no pipeline")?;
    let mut other = pipeline.clone();
    other.key = "other".to_owned();
    let stage = other.stage.first().context("no stage")?.clone();
    other.stage = (0..CROWD_STAGES)
        .map(|number| StageSetup {
            key: format!("stage-{number}"),
            ..stage.clone()
        })
        .collect();
    let robots: Vec<_> = setup.attachment.iter().take(2).cloned().collect();
    let more = robots.iter().cycle().take(attachments).enumerate();
    let more = more.map(|(number, attachment)| AttachmentSetup {
        stage: Some(format!("other/stage-{}", number % CROWD_STAGES)),
        ..attachment.clone()
    });
    setup.attachment.extend(more.collect::<Vec<_>>());
    setup.pipeline.push(other);
    Ok(setup)
}

/// Sets an empty database up, and makes an administrator.
pub(super) async fn settle(core: &SharedCore, setup: &Setup) -> anyhow::Result<(Names, Admin)> {
    let pipelines = core.records.directory().pipelines.len();
    ensure!(
        pipelines == 0,
        "the benchmark needs an empty database, and this one has {pipelines} pipelines"
    );
    let names = setup.clone().apply(core).await?;
    let admin = new_admin(core, "Europe/Moscow")
        .await
        .context("no administrator")?;
    Ok((names, admin))
}

/// Makes equal deals, several in a commit.
pub(super) async fn create_in_chunks(
    core: &SharedCore,
    actor: &Actor,
    new: &NewItem,
    count: usize,
) -> Result<Vec<ItemId>, DraftError> {
    let mut deals = Vec::with_capacity(count);
    while deals.len() < count {
        let chunk = CHUNK.min(count - deals.len());
        deals.extend(create_deals(core, actor, new, chunk).await?);
    }
    Ok(deals)
}

async fn create_deals(
    core: &SharedCore,
    actor: &Actor,
    new: &NewItem,
    count: usize,
) -> Result<Vec<ItemId>, DraftError> {
    let mut draft = Draft::new(core, actor.clone());
    let mut deals = Vec::with_capacity(count);
    for _ in 0..count {
        let new = new.clone();
        let item = draft.rule(|rules, changes| create_item(rules, changes, new))?;
        deals.push(item.id);
    }
    draft.commit().await?;
    Ok(deals)
}
