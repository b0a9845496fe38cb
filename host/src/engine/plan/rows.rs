//! The rows of a change set, on their way into the batch.

use std::sync::Arc;

use signalbox_crm::changes::{ChangeSet, Staged};
use signalbox_db::InboundDone;

use super::Plan;
use crate::engine::recent::RecordKey;

impl Plan<'_> {
    /// The rows of a change set go into the batch.
    pub(super) fn rows(&mut self, changes: ChangeSet) {
        for staged in changes.items.into_values() {
            self.write(RecordKey::Item(staged.row.id));
            if let Some(contact) = staged.row.contact {
                self.write(RecordKey::ItemsOf(contact));
            }
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
            }
            split(
                staged,
                &mut self.outcome.batch.contacts_new,
                &mut self.outcome.batch.contacts,
            );
        }
        for staged in changes.activities.into_values() {
            self.write(RecordKey::Activity(staged.row.id));
            self.write(RecordKey::ActivitiesOf(staged.row.item));
            split(
                staged,
                &mut self.outcome.batch.activities_new,
                &mut self.outcome.batch.activities,
            );
        }
        for staged in changes.conversations.into_values() {
            self.write(RecordKey::Conversation(staged.row.id));
            split(
                staged,
                &mut self.outcome.batch.conversations_new,
                &mut self.outcome.batch.conversations,
            );
        }
        for staged in changes.messages.into_values() {
            self.write(RecordKey::Message(staged.row.id));
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
        batch.inbound.extend(changes.inbound);
        batch.inbound_again.extend(changes.inbound_again);
        let done = changes.inbound_done.into_iter();
        batch
            .inbound_done
            .extend(done.map(|(id, state, note)| InboundDone { id, state, note }));
    }
}

fn split<T>(staged: Staged<T>, new: &mut Vec<T>, changed: &mut Vec<(i64, T)>) {
    match staged.base {
        None => new.push(staged.row),
        Some(base) => changed.push((base, staged.row)),
    }
}
