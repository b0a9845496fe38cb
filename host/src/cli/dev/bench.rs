//! What the robot works on: a company with attachments, and the way in which the robot is exchanged.

use std::path::{Path, PathBuf};

use anyhow::Context;
use signalbox_crm::attaching::check_attachment;
use signalbox_crm::attachment::Attachment;
use signalbox_crm::directory::DirectoryChange;
use signalbox_crm::people::Actor;

use super::super::robot::{Robot, scenario_folders};
use super::super::{Exit, Failure};
use crate::engine::core::SharedCore;
use crate::engine::draft::Draft;
use crate::scenario::{COMPANY, Given, install_robots};
use crate::setup::Setup;

/// Where people, pipelines and attachments come from.
#[derive(Debug)]
pub(super) enum Bench {
    /// A set-up file.
    Setup(Box<Setup>),
    /// A scenario's folder.
    Scenario(PathBuf),
    /// Nobody said: a company without an attachment.
    Company,
}

impl Bench {
    /// Reads the set-up, or finds the first scenario.
    pub(super) fn new(dir: &Path, setup: Option<&Path>) -> Result<Bench, Failure> {
        let Some(path) = setup else {
            let first = scenario_folders(&dir.join("tests"))
                .ok()
                .and_then(|all| all.into_iter().next());
            return Ok(first.map_or(Bench::Company, Bench::Scenario));
        };
        let shown = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::new(
                Exit::NotFound,
                anyhow::Error::new(error).context(format!("cannot read `{shown}`")),
            )
        })?;
        let setup = Setup::parse(&text).with_context(|| format!("`{shown}`"))?;
        Ok(Bench::Setup(Box::new(setup)))
    }

    /// Installs the robot and makes the company.
    pub(super) async fn furnish(self, core: &SharedCore, robot: &Robot) -> anyhow::Result<Setup> {
        install_robots(core, &[robot.bytes.as_slice()]).await?;
        let setup = match self {
            Bench::Setup(setup) => *setup,
            Bench::Scenario(folder) => Given::read(&folder)?.company()?,
            Bench::Company => Setup::parse(COMPANY)?,
        };
        setup.apply(core).await.context("the set-up")?;
        Ok(setup)
    }
}

/// Puts a new version of the robot in the place of the old one, also where it is attached. Every permission that it
/// asks for is granted.
pub(super) async fn exchange(core: &SharedCore, robot: &Robot) -> anyhow::Result<()> {
    install_robots(core, &[robot.bytes.as_slice()]).await?;
    let mut draft = Draft::new(core, Actor::System);
    let manifest = &robot.inspection.manifest;
    let attached: Vec<Attachment> = draft
        .directory
        .attachments
        .values()
        .filter(|attachment| attachment.robot == manifest.id && attachment.digest != robot.inspection.digest)
        .map(|attachment| Attachment::clone(attachment))
        .collect();
    if attached.is_empty() {
        return Ok(());
    }
    for mut attachment in attached {
        attachment.digest.clone_from(&robot.inspection.digest);
        attachment.grants = manifest
            .permission
            .iter()
            .map(|asked| asked.interface.clone())
            .collect();
        attachment.version += 1;
        check_attachment(&attachment, &draft.directory)
            .with_context(|| format!("`{}` goes on with the robot as it was", attachment.title))?;
        draft
            .changes
            .directory
            .push(DirectoryChange::Attachment(attachment));
    }
    draft.commit().await?;
    Ok(())
}
