//! `item-creation`.

use signalbox_crm::attachment::Scope;
use signalbox_crm::ids::{ItemId, PipelineId, StageId};
use signalbox_crm::moving::{self, NewItem};
use signalbox_sandbox::session::Answer;

use super::{RunDraft, outside};

impl RunDraft {
    pub(super) async fn make_item(&mut self, new: NewItem) -> Answer<ItemId> {
        self.check_grant("item-creation")?;
        self.check_home(new.pipeline).await?;
        self.check_fields(new.fields.keys().map(String::as_str))?;
        self.check_in_charge("item-creation", new.assignee).await?;
        self.check_writes()?;
        if let Some(contact) = new.contact {
            self.contact_in_scope(contact).await?;
        }
        let made = self
            .draft
            .rule(|rules, changes| moving::create_item(rules, changes, new))?;
        Ok(made.id)
    }

    pub(super) async fn make_copy(
        &mut self,
        item: ItemId,
        pipeline: PipelineId,
        stage: Option<StageId>,
    ) -> Answer<ItemId> {
        let item = self.scoped("item-creation", item).await?;
        let assignee: Vec<_> = item.assignee.into_iter().collect();
        self.check_audience("item-creation", Some(&item), &assignee)?;
        self.check_home(pipeline).await?;
        self.check_writes()?;
        let made = self
            .draft
            .rule(|rules, changes| moving::copy_item(rules, changes, item, pipeline, stage))?;
        Ok(made.id)
    }

    /// Unless its scope is everything, a robot makes items in the pipeline of its own item only.
    async fn check_home(&mut self, pipeline: PipelineId) -> Answer<()> {
        if self.attachment.scope == Scope::All || self.pipeline().await? == Some(pipeline) {
            return Ok(());
        }
        Err(outside(&self.attachment, pipeline).into())
    }
}
