//! `items.find`.

use signalbox_crm::attachment::Scope;
use signalbox_crm::finding::ItemQuery;
use signalbox_crm::ids::ItemId;
use signalbox_crm::item::Item;
use signalbox_crm::rejection::{Code, Rejection};
use signalbox_crm::sentence::Sentence;
use signalbox_sandbox::session::Answer;

use super::{RunDraft, outside};

impl RunDraft {
    pub(super) async fn search_items(
        &mut self,
        mut query: ItemQuery,
        after: Option<ItemId>,
        limit: u32,
    ) -> Answer<Vec<Item>> {
        self.check_grant("items")?;
        query.range()?;
        match self.attachment.scope {
            Scope::All => {}
            Scope::Item => {
                let message = format!(
                    "{} sees the item of its run and no other: it cannot look for any",
                    self.attachment.id
                );
                return Err(Rejection::new(Code::Denied, Sentence::plain(message)).into());
            }
            Scope::Pipeline => {
                let Some(home) = self.pipeline().await? else {
                    return Err(outside(&self.attachment, "a search").into());
                };
                if let Some(other) = query.pipeline.filter(|other| *other != home) {
                    return Err(outside(&self.attachment, other).into());
                }
                query.pipeline = Some(home);
            }
        }
        self.draft
            .find_items(&query, after.map(|id| id.number), limit)
            .await
            .map_err(|error| self.refused(error))
    }
}
