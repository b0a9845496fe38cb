//! A working copy: answers reads, keeps what it has read, and stages changes. Everybody who changes anything has one:
//! robots, people, intake, the scheduler.

mod lists;
mod read_set;

use std::collections::HashMap;
use std::sync::Arc;

use signalbox_crm::activity::{Activity, ActivityState};
use signalbox_crm::changes::ChangeSet;
use signalbox_crm::contact::{Contact, PointKind};
use signalbox_crm::conversation::{Conversation, Message};
use signalbox_crm::directory::Directory;
use signalbox_crm::event::Origin;
use signalbox_crm::ids::{ActivityId, ContactId, ConversationId, IdKind, ItemId, MessageId};
use signalbox_crm::item::Item;
use signalbox_crm::people::Actor;
use signalbox_crm::rejection::Rejection;
use signalbox_crm::rules::Rules;
use signalbox_crm::time::Timestamp;
use signalbox_db::{Check, DbError, RowTable};

use super::below::Below;
use super::committer::{CommitError, Proposal, Receipt};
use super::core::SharedCore;
use super::recent::RecordKey;
use super::trial_ids::TrialIds;
use read_set::ReadSet;

/// Why a draft cannot answer.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// A rule says no.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The database cannot answer.
    #[error("the database cannot answer")]
    Db(#[from] DbError),
    /// The commit did not happen.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl DraftError {
    /// Whether the same may succeed a moment later, because only the database was in the way.
    pub fn is_passing(&self) -> bool {
        match self {
            DraftError::Db(error) => error.is_passing(),
            DraftError::Commit(CommitError::Db(error)) => error.is_passing(),
            DraftError::Rejected(_) | DraftError::Commit(_) => false,
        }
    }
}

/// What a read found: what was asked for, the number of a row, and its version; zeroes where there was none.
pub type Seen = (RecordKey, i64, i64);

/// A working copy.
pub struct Draft {
    core: SharedCore,
    /// The set-up when the draft began.
    pub directory: Arc<Directory>,
    /// The time of the change.
    pub now: Timestamp,
    /// Who changes.
    pub actor: Actor,
    /// Where the facts come from.
    pub origin: Origin,
    /// What changes.
    pub changes: ChangeSet,
    /// An admin's override for the attachment that acts.
    pub overrides_required_fields: bool,
    /// Where the numbers of new rows come from when nothing of the draft will be stored.
    pub trial_ids: Option<Arc<TrialIds>>,
    as_of: u64,
    reads: ReadSet,
    seen: Vec<Seen>,
    /// What must be so at commit, where several hosts share the database.
    checks: Vec<(RecordKey, Check)>,
    items: HashMap<i64, Arc<Item>>,
    below: Arc<Below>,
}

impl Draft {
    /// Begins a draft on top of the last commit.
    pub fn new(core: &SharedCore, actor: Actor) -> Self {
        Draft::on_top(core, actor, Arc::default())
    }

    /// Begins a draft on top of what is not stored yet, and will be stored with it.
    pub fn on_top(core: &SharedCore, actor: Actor, below: Arc<Below>) -> Self {
        let as_of = core.records.seq();
        Draft {
            core: Arc::clone(core),
            directory: core.records.directory(),
            now: core.clock.now(),
            actor,
            origin: Origin::OUTSIDE,
            changes: ChangeSet::default(),
            overrides_required_fields: false,
            trial_ids: None,
            as_of,
            reads: ReadSet::default(),
            seen: Vec::new(),
            checks: Vec::new(),
            items: HashMap::new(),
            below,
        }
    }

    /// Applies a rule to the staged changes.
    ///
    /// # Errors
    /// What the rule says.
    pub fn rule<T>(
        &mut self,
        rule: impl FnOnce(&Rules<'_>, &mut ChangeSet) -> Result<T, Rejection>,
    ) -> Result<T, Rejection> {
        let (core, trial_ids) = (&self.core, &self.trial_ids);
        let new_id = |kind| match trial_ids {
            Some(ids) => ids.next(),
            None => core.new_id(kind),
        };
        let rules = Rules {
            directory: &self.directory,
            now: self.now,
            actor: &self.actor,
            new_id: &new_id,
            overrides_required_fields: self.overrides_required_fields,
        };
        rule(&rules, &mut self.changes)
    }

    /// A number that nobody else gets.
    pub fn new_id(&self, kind: IdKind) -> i64 {
        match &self.trial_ids {
            Some(ids) => ids.next(),
            None => self.core.new_id(kind),
        }
    }

    fn read(&mut self, key: RecordKey) {
        self.reads.add(key);
    }

    /// What the reads found, in their order.
    pub fn seen(&self) -> &[Seen] {
        &self.seen
    }

    /// Notes which row a read of `key` found.
    fn saw(&mut self, key: RecordKey, number: i64, version: Option<i64>) {
        self.seen.push((key, number, version.unwrap_or(0)));
        if let (Some(table), Some(version)) = (table_of(key), version) {
            self.check(key, Check::Row(table, number, version));
        }
    }

    /// Notes which row a read of `key` found that is not stored yet: the database has nothing to check.
    fn saw_below(&mut self, key: RecordKey, number: i64, version: i64) {
        self.seen.push((key, number, version));
    }

    fn check(&mut self, key: RecordKey, check: Check) {
        if self.core.db.is_shared() {
            self.checks.push((key, check));
        }
    }

    /// The item, with what this draft changed.
    ///
    /// # Errors
    /// `not-found`.
    pub async fn item(&mut self, id: ItemId) -> Result<Item, DraftError> {
        if let Some(staged) = self
            .changes
            .items
            .get(&id.number)
            .filter(|staged| staged.row.id == id)
        {
            return Ok(staged.row.clone());
        }
        self.unchanged_item(id).await.map(|item| Item::clone(&item))
    }

    /// The item without what this draft changed.
    async fn unchanged_item(&mut self, id: ItemId) -> Result<Arc<Item>, DraftError> {
        self.read(RecordKey::Item(id));
        if let Some(item) = self.items.get(&id.number).filter(|item| item.id == id) {
            return Ok(Arc::clone(item));
        }
        if let Some(item) = self.below.item(id.number).filter(|item| item.id == id).cloned() {
            self.saw_below(RecordKey::Item(id), id.number, item.version);
            self.items.insert(id.number, Arc::clone(&item));
            return Ok(item);
        }
        let item = match self.core.records.item(id).filter(|_| self.may_be_old()) {
            Some(item) => item,
            None => self.load_item(id).await?,
        };
        self.saw(RecordKey::Item(id), id.number, Some(item.version));
        self.items.insert(id.number, Arc::clone(&item));
        Ok(item)
    }

    /// Whether a row from memory will do that another host may have changed: a robot is executed again then, but people
    /// are told which version there is.
    fn may_be_old(&self) -> bool {
        let is_executed_again = matches!(self.actor, Actor::Robot { .. }) && self.trial_ids.is_none();
        !self.core.db.is_shared() || is_executed_again
    }

    async fn load_item(&self, id: ItemId) -> Result<Arc<Item>, DraftError> {
        let as_of = self.core.records.seq();
        let row = self.core.db.item(id.number).await?.filter(|item| item.id == id);
        let item = Arc::new(row.ok_or_else(|| Rejection::not_found(id))?);
        self.core.records.remember(&item, as_of);
        Ok(item)
    }

    /// The contact, with what this draft changed.
    ///
    /// # Errors
    /// `not-found`.
    pub async fn contact(&mut self, id: ContactId) -> Result<Contact, DraftError> {
        self.read(RecordKey::Contact(id));
        if let Some(staged) = self.changes.contacts.get(&id) {
            return Ok(staged.row.clone());
        }
        let found = self.core.db.contact(id).await?;
        self.saw(
            RecordKey::Contact(id),
            id.0,
            found.as_ref().map(|row| row.version),
        );
        found.ok_or_else(|| Rejection::not_found(id).into())
    }

    /// The activity, with what this draft changed.
    ///
    /// # Errors
    /// `not-found`.
    pub async fn activity(&mut self, id: ActivityId) -> Result<Activity, DraftError> {
        self.read(RecordKey::Activity(id));
        if let Some(staged) = self.changes.activities.get(&id) {
            return Ok(staged.row.clone());
        }
        if let Some(row) = self.below.activity(id).cloned() {
            self.saw_below(RecordKey::Activity(id), id.0, row.version);
            return Ok(row);
        }
        let found = self.core.db.activity(id).await?;
        self.saw(
            RecordKey::Activity(id),
            id.0,
            found.as_ref().map(|row| row.version),
        );
        found.ok_or_else(|| Rejection::not_found(id).into())
    }

    /// The item's open activities, earliest deadline first, with what this draft changed.
    ///
    /// # Errors
    /// The database.
    pub async fn open_activities(&mut self, item: ItemId, limit: u32) -> Result<Vec<Activity>, DraftError> {
        self.read(RecordKey::ActivitiesOf(item));
        if let Some(digest) = self.core.db.activities_of_digest(item).await? {
            let key = RecordKey::ActivitiesOf(item);
            self.check(key, Check::Locked(RowTable::Item, item.number));
            self.check(key, Check::ActivitiesOf(item, digest));
        }
        let mut found = self.core.db.open_activities(item.number, limit).await?;
        for row in &found {
            self.saw(RecordKey::ActivitiesOf(item), row.id.0, Some(row.version));
        }
        let below = Arc::clone(&self.below);
        for row in below.activities().filter(|activity| activity.item == item) {
            self.saw_below(RecordKey::ActivitiesOf(item), row.id.0, row.version);
        }
        let changed = &self.changes.activities;
        found.retain(|activity| below.activity(activity.id).is_none());
        found.extend(below.activities().cloned());
        found.retain(|activity| !changed.contains_key(&activity.id));
        found.extend(changed.values().map(|staged| staged.row.clone()));
        found.retain(|activity| activity.item == item && activity.state == ActivityState::Open);
        found.sort_by_key(|activity| (activity.deadline_at, activity.id));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    /// The conversation, with what this draft changed.
    ///
    /// # Errors
    /// `not-found`.
    pub async fn conversation(&mut self, id: ConversationId) -> Result<Conversation, DraftError> {
        self.read(RecordKey::Conversation(id));
        if let Some(staged) = self.changes.conversations.get(&id) {
            return Ok(staged.row.clone());
        }
        let found = self.core.db.conversation(id).await?;
        let version = found.as_ref().map(|row| row.version);
        self.saw(RecordKey::Conversation(id), id.0, version);
        found.ok_or_else(|| Rejection::not_found(id).into())
    }

    /// The message, with what this draft changed.
    ///
    /// # Errors
    /// The database.
    pub async fn message(&mut self, id: MessageId) -> Result<Option<Message>, DraftError> {
        self.read(RecordKey::Message(id));
        if let Some(staged) = self.changes.messages.get(&id) {
            return Ok(Some(staged.row.clone()));
        }
        let found = self.core.db.message(id).await?;
        self.saw(
            RecordKey::Message(id),
            id.0,
            found.as_ref().map(|row| row.version),
        );
        Ok(found)
    }

    /// The core, for reads that this draft need not be validated against.
    pub fn core(&self) -> &SharedCore {
        &self.core
    }

    /// Notes that a conversation was read elsewhere.
    pub fn has_read_conversation(&mut self, found: &Conversation) {
        let key = RecordKey::Conversation(found.id);
        self.read(key);
        self.check(key, Check::Row(RowTable::Conversation, found.id.0, found.version));
    }

    /// Notes that a message was read elsewhere.
    pub fn has_read_message(&mut self, found: &Message) {
        let key = RecordKey::Message(found.id);
        self.read(key);
        self.check(key, Check::Row(RowTable::Message, found.id.0, found.version));
    }

    /// Notes that the list of a contact's items will be read.
    ///
    /// # Errors
    /// The database.
    pub async fn reads_items_of(&mut self, contact: ContactId) -> Result<(), DraftError> {
        let key = RecordKey::ItemsOf(contact);
        self.read(key);
        if let Some(digest) = self.core.db.items_of_digest(contact).await? {
            self.check(key, Check::ItemsOf(contact, digest));
        }
        Ok(())
    }

    /// Notes that the list of the contacts with a phone, an e-mail or an account will be read.
    ///
    /// # Errors
    /// The database.
    pub async fn reads_contacts_at(&mut self, kind: PointKind, at: &str) -> Result<(), DraftError> {
        let key = RecordKey::contacts_at(kind, at);
        self.read(key);
        if let Some(digest) = self.core.db.contacts_at_digest(kind, at).await? {
            self.check(key, Check::ContactsAt(kind, at.to_owned(), digest));
        }
        Ok(())
    }

    /// What the committer gets.
    pub fn into_proposal(self) -> Proposal {
        Proposal {
            origin: self.origin,
            reads: self.reads.into_keys(),
            checks: self.checks,
            as_of: self.as_of,
            items: self.items.into_values().collect(),
            changes: self.changes,
            ..Proposal::new(self.now, self.actor)
        }
    }

    /// Commits.
    ///
    /// # Errors
    /// `CommitError`, as `DraftError::Commit`.
    pub async fn commit(self) -> Result<Receipt, DraftError> {
        let core = Arc::clone(&self.core);
        Ok(core.submit(self.into_proposal()).await?)
    }
}

/// Where the row of a key is; none for lists.
fn table_of(key: RecordKey) -> Option<RowTable> {
    match key {
        RecordKey::Item(_) => Some(RowTable::Item),
        RecordKey::Contact(_) => Some(RowTable::Contact),
        RecordKey::Activity(_) => Some(RowTable::Activity),
        RecordKey::Conversation(_) => Some(RowTable::Conversation),
        RecordKey::Message(_) => Some(RowTable::Message),
        RecordKey::ActivitiesOf(_)
        | RecordKey::ContactsAt(_)
        | RecordKey::ItemsOf(_)
        | RecordKey::ItemsIn(_)
        | RecordKey::ItemsBy(_)
        | RecordKey::State(_)
        | RecordKey::Directory => None,
    }
}
