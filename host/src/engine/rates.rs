//! Rates: how many runs of an attachment start in a minute.
//!
//! Starts are spread evenly: each run that comes gets the next free slot. Who finds its slot in the future is deferred
//! to it and stored so, which is why a restart needs nothing but the last slot that the database knows.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use signalbox_crm::attachment::Attachment;
use signalbox_crm::directory::Directory;
use signalbox_crm::ids::AttachmentId;
use signalbox_crm::time::Timestamp;
use signalbox_db::{Db, DbError};

const MINUTE: Duration = Duration::from_secs(60);

/// The next slots of the attachments that have a rate and have run since the start.
#[derive(Debug, Default)]
pub struct Rates {
    slots: Mutex<HashMap<AttachmentId, Slots>>,
}

/// The slots of one attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Slots {
    next_at: Timestamp,
    /// Whether the last one that was given out lay in the future.
    is_queue: bool,
}

impl Slots {
    /// Begins after the last slot that somebody waits for.
    fn after(last: Option<Timestamp>, pause: Duration) -> Self {
        Slots {
            next_at: last.map_or(Timestamp::MIN, |last| later(last, pause)),
            is_queue: last.is_some(),
        }
    }

    /// Gives out the next slot.
    fn take(&mut self, pause: Duration, now: Timestamp) -> Timestamp {
        let latest = later(now, pause);
        if !self.is_queue && self.next_at > latest {
            // The clock went back: nobody waits, so there is no reason to wait until it is where it was.
            self.next_at = latest;
        }
        let slot = self.next_at.max(now);
        self.next_at = later(slot, pause);
        self.is_queue = slot > now;
        slot
    }
}

impl Rates {
    fn slots(&self) -> MutexGuard<'_, HashMap<AttachmentId, Slots>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the next run of the attachment may start: now, or at a slot that nobody else gets. Each call takes one.
    ///
    /// # Errors
    /// The database, which is asked at the first run after the start of the host.
    pub async fn slot(
        &self,
        db: &Db,
        directory: &Directory,
        attachment: &Attachment,
        now: Timestamp,
    ) -> Result<Timestamp, DbError> {
        let id = attachment.id;
        let pause = MINUTE / attachment.rate_per_minute.max(1);
        if !self.slots().contains_key(&id) {
            let first = Slots::after(db.last_slot(id).await?, pause);
            let mut slots = self.slots();
            slots.retain(|id, _| directory.attachments.contains_key(id));
            // Another run may have come first meanwhile.
            slots.entry(id).or_insert(first);
        }
        let mut slots = self.slots();
        let slots = slots.entry(id).or_insert_with(|| Slots::after(None, pause));
        Ok(slots.take(pause, now))
    }
}

fn later(at: Timestamp, pause: Duration) -> Timestamp {
    at.plus(pause).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    #[test]
    fn slots_are_even_whoever_comes_when() {
        let mut slots = Slots::after(None, SECOND);
        let taken = [10, 10, 10, 11, 20, 20].map(|now| slots.take(SECOND, at(now)));
        assert_eq!(taken, [10, 11, 12, 13, 20, 21].map(at));
    }

    #[test]
    fn slots_go_on_after_the_last_one_that_is_stored() {
        let mut slots = Slots::after(Some(at(12)), SECOND);
        assert_eq!([10, 10].map(|now| slots.take(SECOND, at(now))), [13, 14].map(at));
    }

    #[test]
    fn clock_that_goes_back_holds_nobody_up_but_those_who_wait() {
        let mut slots = Slots::after(None, SECOND);
        assert_eq!(
            [1_000, 10].map(|now| slots.take(SECOND, at(now))),
            [1_000, 11].map(at)
        );
        assert_eq!([10, 5].map(|now| slots.take(SECOND, at(now))), [12, 13].map(at));
    }
}
