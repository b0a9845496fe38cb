//! A robot's draft: grants, scope and per-run limits around a [`Draft`].

use signalbox_crm::sentence::Sentence;
mod calls;
mod clients;
mod creation;
mod fields;
mod finding;
mod granting;
mod requests;
mod state;
mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use signalbox_crm::attachment::{Attachment, Scope};
use signalbox_crm::changes::WakeUp;
use signalbox_crm::conversation::Conversation;
use signalbox_crm::ids::{ConversationId, ItemId, RequestId};
use signalbox_crm::item::Item;
use signalbox_crm::quotas::Quotas;
use signalbox_crm::rejection::{Code, Rejection};
use signalbox_crm::remembering::{Extent, StateOwner};
use signalbox_crm::time::Timestamp;
use signalbox_db::DbError;
use signalbox_sandbox::session::{Answer, CallError};

use super::draft::{Draft, DraftError};

/// The draft of one run.
pub struct RunDraft {
    /// The working copy.
    pub draft: Draft,
    attachment: Arc<Attachment>,
    item: Option<ItemId>,
    conversation: Option<ConversationId>,
    stage_entry: Option<i64>,
    /// The request whose answer starts the run.
    pub answered: Option<RequestId>,
    /// The database could not be reached during a call: what the robot made of that means nothing.
    pub is_cut_off: bool,
    /// How much it may ask for.
    pub quotas: Quotas,
    granted: BTreeSet<String>,
    /// How much the memories hold that the run has changed.
    held: BTreeMap<StateOwner, Extent>,
}

impl RunDraft {
    /// A draft with the attachment's grants, for a run on this item and conversation.
    pub fn new(
        draft: Draft,
        attachment: Arc<Attachment>,
        item: Option<(ItemId, i64)>,
        conversation: Option<ConversationId>,
    ) -> Self {
        let granted = attachment.grants.iter().cloned().collect();
        RunDraft {
            draft,
            granted,
            quotas: Quotas::HOST,
            held: BTreeMap::new(),
            attachment,
            item: item.map(|(id, _)| id),
            stage_entry: item.map(|(_, entry)| entry),
            answered: None,
            is_cut_off: false,
            conversation,
        }
    }

    fn check_grant(&self, interface: &str) -> Result<(), Rejection> {
        if self.granted.contains(interface) {
            return Ok(());
        }
        let message = format!("{} has no grant for `{interface}`", self.attachment.id);
        Err(Rejection::new(Code::Denied, Sentence::plain(message)))
    }

    fn check_writes(&self) -> Result<(), Rejection> {
        let allowed = self.quotas.writes;
        if self.draft.changes.write_count() < allowed {
            return Ok(());
        }
        Err(Rejection::new(
            Code::LimitWrites,
            Sentence::plain(format!("the run changes more than {allowed} rows")),
        ))
    }

    /// The item, if the grant and the scope allow it.
    async fn scoped(&mut self, interface: &str, id: ItemId) -> Answer<Item> {
        self.check_grant(interface)?;
        let own = self.item == Some(id) || self.has_made_item(id);
        if !own && self.attachment.scope == Scope::Item {
            return Err(outside(&self.attachment, id).into());
        }
        let item = self.draft.item(id).await.map_err(|error| self.refused(error))?;
        if !own && self.attachment.scope == Scope::Pipeline {
            let home = match self.item {
                Some(own) => Some(
                    self.draft
                        .item(own)
                        .await
                        .map_err(|error| self.refused(error))?
                        .pipeline,
                ),
                None => None,
            };
            if home != Some(item.pipeline) {
                return Err(outside(&self.attachment, id).into());
            }
        }
        Ok(item)
    }

    async fn scoped_conversation(&mut self, interface: &str, id: ConversationId) -> Answer<Conversation> {
        self.check_grant(interface)?;
        let conversation = self
            .draft
            .conversation(id)
            .await
            .map_err(|error| self.refused(error))?;
        let own = self.conversation == Some(id) || (self.item.is_some() && conversation.item == self.item);
        if !own && self.attachment.scope != Scope::All {
            return Err(outside(&self.attachment, id).into());
        }
        Ok(conversation)
    }

    /// Whether this run has made the item: it may do with it what it may do with its own.
    fn has_made_item(&self, id: ItemId) -> bool {
        let staged = self.draft.changes.items.get(&id.number);
        staged.is_some_and(|staged| staged.base.is_none() && staged.row.id == id)
    }

    fn refused(&mut self, error: DraftError) -> CallError {
        match error {
            DraftError::Rejected(rejection) => CallError::Rejected(rejection),
            DraftError::Db(error) => self.failed(&error),
            DraftError::Commit(error) => CallError::Host(error.to_string()),
        }
    }

    fn failed(&mut self, error: &DbError) -> CallError {
        self.is_cut_off |= error.is_passing();
        CallError::Host(error.to_string())
    }

    fn wake_up(&mut self, key: String, set: Option<(Timestamp, String)>) {
        self.draft.changes.wake_ups.push(WakeUp {
            attachment: self.attachment.id,
            item: self.item,
            stage_entry: self.stage_entry,
            key,
            set,
        });
    }
}

fn outside(attachment: &Attachment, what: impl std::fmt::Display) -> Rejection {
    let message = format!("{what} is outside the scope of {}", attachment.id);
    Rejection::new(Code::Denied, Sentence::plain(message))
}

impl RunDraft {
    /// The run's item.
    async fn own_item(&mut self) -> Answer<Option<Item>> {
        match self.item {
            Some(id) => Ok(Some(
                self.draft.item(id).await.map_err(|error| self.refused(error))?,
            )),
            None => Ok(None),
        }
    }

    /// The pipeline of the run's item, whose calendar counts.
    async fn pipeline(&mut self) -> Answer<Option<signalbox_crm::ids::PipelineId>> {
        Ok(self.own_item().await?.map(|item| item.pipeline))
    }
}
