//! The rows of a change set, on their way into the batch.

use std::sync::Arc;

use signalbox_crm::changes::{ChangeSet, Staged};
use signalbox_db::{Check, InboundDone, RowTable, Written};

use super::Plan;
use crate::engine::core::Core;
use crate::engine::recent::RecordKey;

impl Plan<'_> {
    /// The rows of a change set go into the batch.
    pub(super) fn rows(&mut self, changes: ChangeSet) {
        for staged in changes.items.into_values() {
            self.write(RecordKey::Item(staged.row.id));
            if let Some(contact) = staged.row.contact {
                self.write(RecordKey::ItemsOf(contact));
                self.writes_list(Written::ItemsOf(contact));
            }
            self.changes_row(
                RecordKey::Item(staged.row.id),
                RowTable::Item,
                staged.row.id.number,
                staged.base,
            );
            self.outcome.items.push(Arc::new(staged.row.clone()));
            split(
                staged,
                &mut self.outcome.batch.items_new,
                &mut self.outcome.batch.items,
            );
        }
        for staged in changes.contacts.into_values() {
            self.write(RecordKey::Contact(staged.row.id));
            for point in &staged.row.points {
                self.write(RecordKey::contacts_at(point.kind, &point.key));
                self.writes_list(Written::ContactsAt(point.kind, point.key.clone()));
            }
            self.changes_row(
                RecordKey::Contact(staged.row.id),
                RowTable::Contact,
                staged.row.id.0,
                staged.base,
            );
            split(
                staged,
                &mut self.outcome.batch.contacts_new,
                &mut self.outcome.batch.contacts,
            );
        }
        for staged in changes.activities.into_values() {
            self.write(RecordKey::Activity(staged.row.id));
            self.write(RecordKey::ActivitiesOf(staged.row.item));
            let item = staged.row.item;
            self.check(
                Some(RecordKey::Item(item)),
                Check::Locked(RowTable::Item, item.number),
            );
            self.changes_row(
                RecordKey::Activity(staged.row.id),
                RowTable::Activity,
                staged.row.id.0,
                staged.base,
            );
            split(
                staged,
                &mut self.outcome.batch.activities_new,
                &mut self.outcome.batch.activities,
            );
        }
        for staged in changes.conversations.into_values() {
            let key = RecordKey::Conversation(staged.row.id);
            self.write(key);
            self.changes_row(key, RowTable::Conversation, staged.row.id.0, staged.base);
            split(
                staged,
                &mut self.outcome.batch.conversations_new,
                &mut self.outcome.batch.conversations,
            );
        }
        for staged in changes.messages.into_values() {
            let key = RecordKey::Message(staged.row.id);
            self.write(key);
            self.changes_row(key, RowTable::Message, staged.row.id.0, staged.base);
            split(
                staged,
                &mut self.outcome.batch.messages_new,
                &mut self.outcome.batch.messages,
            );
        }
        let batch = &mut self.outcome.batch;
        batch.notifications.extend(changes.notifications);
        batch.notifications_read.extend(changes.notifications_read);
        batch.timeline.extend(changes.timeline);
        batch.history.extend(changes.history);
        batch.timers_void.extend(changes.timers_void);
        batch.timers.extend(changes.timers);
        batch.deliveries.extend(changes.deliveries);
        batch.deliveries_done.extend(changes.deliveries_done);
        batch.deliveries_again.extend(changes.deliveries_again);
        let Core { shards, lanes, .. } = self.core;
        for inbound in changes.inbound {
            // Messages of one chat that come to several hosts are taken up in the order in which they came.
            let is_single = shards.host_count() == 1;
            if is_single && shards.holds(inbound.shard(), lanes.open_count(), self.core.backlog_max) {
                batch.inbound_held.insert(inbound.id);
            } else if shards.owned().contains(inbound.shard()) {
                self.outcome.leaves_behind = true;
            } else {
                self.outcome.has_work_for_others = true;
            }
            batch.inbound.push(inbound);
        }
        if !changes.inbound_again.is_empty() {
            // Whoever has the chat takes them up.
            self.outcome.leaves_behind = true;
            self.outcome.has_work_for_others = true;
        }
        batch.inbound_again.extend(changes.inbound_again);
        let done = changes.inbound_done.into_iter();
        batch
            .inbound_done
            .extend(done.map(|(id, state, note)| InboundDone { id, state, note }));
    }
}

impl Plan<'_> {
    /// A row is changed that had this version: it is locked in its order among all that are read, and is still so.
    fn changes_row(&mut self, key: RecordKey, table: RowTable, id: i64, base: Option<i64>) {
        if let Some(version) = base {
            self.check(Some(key), Check::Row(table, id, version));
        }
    }

    fn writes_list(&mut self, list: Written) {
        if self.is_shared {
            self.outcome.batch.written.push(list);
        }
    }
}

fn split<T>(staged: Staged<T>, new: &mut Vec<T>, changed: &mut Vec<(i64, T)>) {
    match staged.base {
        None => new.push(staged.row),
        Some(base) => changed.push((base, staged.row)),
    }
}
