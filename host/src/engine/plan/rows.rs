//! The rows of a change set, on their way into the batch.

use std::sync::Arc;

use signalbox_crm::changes::{ChangeSet, Staged};
use signalbox_db::{Batch, Check, InboundDone, RowTable, Written};

use super::Plan;
use crate::engine::core::Core;
use crate::engine::recent::RecordKey;

impl Plan<'_> {
    /// The rows of a change set go into the batch.
    pub(super) fn rows(&mut self, changes: ChangeSet) {
        for staged in changes.items.into_values() {
            let key = RecordKey::Item(staged.row.id);
            let is_again = self.written_below.contains(&key);
            self.write(key);
            if let Some(contact) = staged.row.contact {
                self.write(RecordKey::ItemsOf(contact));
                self.writes_list(Written::ItemsOf(contact));
            }
            // Whoever has found an item has its row among the reads: a list changes for others when an item comes.
            self.write_often(RecordKey::ItemsIn(staged.row.stage));
            self.writes_list(Written::ItemsIn(staged.row.stage));
            if let Some(assignee) = staged.row.assignee {
                self.write_often(RecordKey::ItemsBy(assignee));
                self.writes_list(Written::ItemsBy(assignee));
            }
            self.outcome.items.push(Arc::new(staged.row.clone()));
            let Batch { items_new, items, .. } = &mut self.outcome.batch;
            if is_again {
                replace(staged.row, items_new, items, |item| item.id);
                continue;
            }
            let (number, base) = (staged.row.id.number, staged.base);
            split(staged, items_new, items);
            self.changes_row(key, RowTable::Item, number, base);
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
            let key = RecordKey::Activity(staged.row.id);
            let is_again = self.written_below.contains(&key);
            self.write(key);
            self.write(RecordKey::ActivitiesOf(staged.row.item));
            let item = staged.row.item;
            let locked = Check::Locked(RowTable::Item, item.number);
            self.check(Some(RecordKey::Item(item)), locked);
            let Batch {
                activities_new: new,
                activities: changed,
                ..
            } = &mut self.outcome.batch;
            if is_again {
                replace(staged.row, new, changed, |activity| activity.id);
                continue;
            }
            let (number, base) = (staged.row.id.0, staged.base);
            split(staged, new, changed);
            self.changes_row(key, RowTable::Activity, number, base);
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
        for ((owner, key), remembered) in changes.state {
            self.write(RecordKey::state(&owner, &key));
            self.writes_list(Written::State(owner.clone(), key.clone()));
            self.outcome.batch.state.insert((owner, key), remembered);
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
        batch.requests.extend(changes.requests);
        batch.requests_done.extend(changes.requests_done);
        batch.requests_again.extend(changes.requests_again);
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

/// The row takes the place of the one below it, which is stored in the same batch.
fn replace<T, K: PartialEq>(row: T, new: &mut [T], changed: &mut [(i64, T)], key_of: impl Fn(&T) -> K) {
    let key = key_of(&row);
    let rows = new.iter_mut().chain(changed.iter_mut().map(|(_, row)| row));
    // What stands below was put in last.
    if let Some(below) = rows.rev().find(|below| key_of(below) == key) {
        *below = row;
    }
}

fn split<T>(staged: Staged<T>, new: &mut Vec<T>, changed: &mut Vec<(i64, T)>) {
    match staged.base {
        None => new.push(staged.row),
        Some(base) => changed.push((base, staged.row)),
    }
}
