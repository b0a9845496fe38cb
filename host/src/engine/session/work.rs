//! `activities` and `timeline`.

use signalbox_crm::activity::{Activity, ActivityState};
use signalbox_crm::ids::{ActivityId, ItemId};
use signalbox_crm::item::Item;
use signalbox_crm::{commenting, planning};
use signalbox_sandbox::session::Answer;

use super::RunDraft;

impl RunDraft {
    /// The activity and its item, if the grant and the scope allow that.
    pub(super) async fn scoped_activity(&mut self, id: ActivityId) -> Answer<(Item, Activity)> {
        self.check_grant("activities")?;
        let activity = self
            .draft
            .activity(id)
            .await
            .map_err(|error| self.refused(error))?;
        Ok((self.scoped("activities", activity.item).await?, activity))
    }

    pub(super) async fn end_activity(&mut self, id: ActivityId, state: ActivityState) -> Answer<()> {
        let (item, activity) = self.scoped_activity(id).await?;
        self.check_writes()?;
        self.draft
            .rule(|rules, changes| planning::finish(rules, changes, item, activity, state))?;
        Ok(())
    }

    pub(super) async fn move_deadline(&mut self, id: ActivityId, deadline: &str) -> Answer<()> {
        let (item, activity) = self.scoped_activity(id).await?;
        self.check_writes()?;
        self.draft
            .rule(|rules, changes| planning::reschedule(rules, changes, &item, activity, deadline))?;
        Ok(())
    }

    pub(super) async fn add_comment(&mut self, item: ItemId, text: &str) -> Answer<()> {
        let item = self.scoped("timeline", item).await?;
        self.check_writes()?;
        self.draft
            .rule(|rules, changes| commenting::comment(rules, changes, &item, text))?;
        Ok(())
    }
}
