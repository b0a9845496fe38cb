//! Reads of lists: what is committed, with what the draft has changed on top, and what must still be so at commit.

use std::sync::Arc;

use signalbox_crm::contact::{Contact, PointKind};
use signalbox_crm::conversation::{Conversation, Message};
use signalbox_crm::finding::{ItemQuery, ItemRange};
use signalbox_crm::ids::{ConversationId, ItemId};
use signalbox_crm::item::Item;
use signalbox_crm::remembering::StateOwner;
use signalbox_db::{Check, ConversationFilter, FoundPage, ItemFilter, ItemPage, Written};

use super::{Draft, DraftError};
use crate::engine::recent::RecordKey;

impl Draft {
    /// The items that fit, by number: at most `limit` of those after the number `after`.
    ///
    /// Everything that is found is among the reads, and so is where it was looked for: an item that comes to fit makes
    /// the draft stale like one that fits no more.
    ///
    /// # Errors
    /// `invalid` for a query that would look at everything.
    pub async fn find_items(
        &mut self,
        query: &ItemQuery,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Item>, DraftError> {
        let below = Arc::clone(&self.below);
        let changed_count = self.changes.items.len() + below.items().count();
        let changed_count = u32::try_from(changed_count).unwrap_or(u32::MAX);
        let page = FoundPage {
            query: query.clone(),
            after,
            // As many more as may have come to fit no more.
            limit: limit.saturating_add(changed_count),
        };
        self.reads_page(&page).await?;
        let filter = ItemFilter::from(query);
        let committed = self
            .core
            .db
            .items(&filter, ItemPage::Number(after), page.limit)
            .await?;
        let mut found: Vec<Arc<Item>> = Vec::with_capacity(committed.len());
        for row in committed
            .into_iter()
            .filter(|row| below.item(row.id.number).is_none())
        {
            let key = RecordKey::Item(row.id);
            self.read(key);
            self.saw(key, row.id.number, Some(row.version));
            let known = self.items.entry(row.id.number).or_insert_with(|| Arc::new(row));
            found.push(Arc::clone(known));
        }
        for row in below.items() {
            let key = RecordKey::Item(row.id);
            self.read(key);
            self.saw_below(key, row.id.number, row.version);
            found.push(Arc::clone(row));
        }
        found.retain(|item| !self.changes.items.contains_key(&item.id.number));
        let mut found: Vec<Item> = found.iter().map(|item| Item::clone(item)).collect();
        found.extend(self.changes.items.values().map(|staged| staged.row.clone()));
        found.retain(|item| query.fits(item) && after.is_none_or(|after| item.id.number > after));
        found.sort_by_key(|item| item.id.number);
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    async fn reads_page(&mut self, page: &FoundPage) -> Result<(), DraftError> {
        let lists: Vec<(RecordKey, Written)> = match page.query.range()? {
            ItemRange::Contact(id) => vec![(RecordKey::ItemsOf(id), Written::ItemsOf(id))],
            ItemRange::Assignee(id) => vec![(RecordKey::ItemsBy(id), Written::ItemsBy(id))],
            ItemRange::Stage(id) => vec![(RecordKey::ItemsIn(id), Written::ItemsIn(id))],
            ItemRange::Pipeline(id) => {
                let stages = self.directory.stages_of(id).into_iter();
                let list = |id| (RecordKey::ItemsIn(id), Written::ItemsIn(id));
                stages.map(|stage| list(stage.id)).collect()
            }
        };
        for (key, _) in &lists {
            self.read(*key);
        }
        let digest = self.core.db.items_found_digest(page).await?;
        if let (Some(digest), Some((key, _))) = (digest, lists.first()) {
            let key = *key;
            let check = Check::ItemsFound {
                page: page.clone(),
                lists: lists.into_iter().map(|(_, list)| list).collect(),
                digest,
            };
            self.check(key, check);
        }
        Ok(())
    }

    /// The contacts with a phone, an e-mail or an account, by id, with what this draft changed.
    ///
    /// # Errors
    /// The database.
    pub async fn contacts_at(
        &mut self,
        kind: PointKind,
        at: &str,
        limit: u32,
    ) -> Result<Vec<Contact>, DraftError> {
        self.reads_contacts_at(kind, at).await?;
        let committed = self.core.db.contacts_at(kind, at, limit).await?;
        for row in &committed {
            let key = RecordKey::Contact(row.id);
            self.read(key);
            self.saw(key, row.id.0, Some(row.version));
        }
        let has_it = |row: &&Contact| {
            row.points
                .iter()
                .any(|point| point.kind == kind && point.key == at)
        };
        let staged = self.changes.contacts.values().map(|staged| &staged.row);
        let mut found: Vec<Contact> = staged.filter(has_it).cloned().collect();
        let is_old = |row: &Contact| !self.changes.contacts.contains_key(&row.id);
        found.extend(committed.into_iter().filter(is_old));
        found.sort_by_key(|row| row.id);
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    /// What a robot remembers under a key, with what this draft changed.
    ///
    /// # Errors
    /// The database.
    pub async fn state(&mut self, owner: &StateOwner, key: &str) -> Result<Option<String>, DraftError> {
        let entry = (owner.clone(), key.to_owned());
        if let Some(staged) = self.changes.state.get(&entry) {
            return Ok(staged.value.clone());
        }
        let record = RecordKey::state(owner, key);
        self.read(record);
        let kept = self.core.db.state(owner, key).await?;
        let run = kept.as_ref().map_or(0, |kept| kept.run);
        self.saw(record, run, None);
        self.check(record, Check::State(entry.0, entry.1, run));
        Ok(kept.map(|kept| kept.value))
    }

    /// The conversations of an item, newest first, with what this draft changed. A conversation joins an item in a
    /// commit that writes the item's row, so the row's version vouches for the list.
    ///
    /// # Errors
    /// `not-found`.
    pub async fn conversations_of(
        &mut self,
        item: ItemId,
        limit: u32,
    ) -> Result<Vec<Conversation>, DraftError> {
        self.unchanged_item(item).await?;
        let filter = ConversationFilter {
            item: Some(item.number),
            ..ConversationFilter::default()
        };
        let mut found = self.core.db.conversations(&filter, None, limit).await?;
        for row in &mut found {
            let key = RecordKey::Conversation(row.id);
            self.read(key);
            self.saw(key, row.id.0, Some(row.version));
            if let Some(staged) = self.changes.conversations.get(&row.id) {
                *row = staged.row.clone();
            }
        }
        Ok(found)
    }

    /// Messages of a conversation, newest first: at most `limit` of those with a number below `before`, with what
    /// this draft changed.
    ///
    /// # Errors
    /// `not-found`.
    pub async fn messages(
        &mut self,
        conversation: ConversationId,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<Message>, DraftError> {
        // Its row counts the messages, so its version vouches for the list.
        self.conversation(conversation).await?;
        let before = before.map(i64::from);
        let committed = self.core.db.messages(conversation, before, limit).await?;
        for row in &committed {
            let key = RecordKey::Message(row.id);
            self.read(key);
            self.saw(key, row.id.0, Some(row.version));
        }
        let staged = self.changes.messages.values().map(|staged| &staged.row);
        let is_asked_for =
            |row: &&Message| row.conversation == conversation && before.is_none_or(|before| row.seq < before);
        let mut found: Vec<Message> = staged.filter(is_asked_for).cloned().collect();
        found.extend(
            committed
                .into_iter()
                .filter(|row| !self.changes.messages.contains_key(&row.id)),
        );
        found.sort_by_key(|row| std::cmp::Reverse(row.seq));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }
}
