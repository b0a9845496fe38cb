//! `fields`.

use signalbox_crm::editing::{self, ItemPatch};
use signalbox_crm::ids::ItemId;
use signalbox_sandbox::session::{Answer, Field};

use super::RunDraft;

impl RunDraft {
    pub(super) async fn read_fields(&mut self, item: ItemId, keys: Vec<String>) -> Answer<Vec<Field>> {
        let item = self.scoped("fields", item).await?;
        self.check_fields(keys.iter().map(String::as_str))?;
        Ok(editing::read_fields(&self.draft.directory, &item, keys)?)
    }

    /// A client that is set must be one that the robot may see: else it could see any client through its own item.
    pub(super) async fn write_fields(&mut self, item: ItemId, fields: Vec<Field>) -> Answer<()> {
        let item = self.scoped("fields", item).await?;
        self.check_fields(fields.iter().map(|(key, _)| key.as_str()))?;
        self.check_writes()?;
        let patch = ItemPatch::of_fields(fields)?;
        if let Some(Some(contact)) = patch.contact {
            self.contact_in_scope(contact).await?;
        }
        self.draft
            .rule(|rules, changes| editing::edit_item(rules, changes, item, patch))?;
        Ok(())
    }
}
