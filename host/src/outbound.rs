//! Requests of robots to services outside, on their way: each always with the same idempotency key.
//!
//! Each service is a destination of its own.

use signalbox_crm::destination::Attitude;
use signalbox_crm::http_request::HttpRequest;
use signalbox_crm::ids::RequestId;
use signalbox_crm::requesting::{self, Attempted, may_pass};
use signalbox_crm::time::Timestamp;
use signalbox_db::DbError;
use tokio::sync::Notify;

use self::send::WebSender;
use crate::engine::core::{Core, SharedCore};
use crate::engine::draft::{Draft, DraftError};
use crate::outbox::Outgoing;

pub mod address;
pub mod send;

/// Requests to one service that begin in a second: what a small service takes, and more than people wait for.
const PER_SECOND: u32 = 25;

impl Outgoing for HttpRequest {
    type Sender = WebSender;
    type To = String;
    type Line = RequestId;
    type End = Attempted;

    const NAME: &'static str = "request";

    fn to(&self) -> String {
        self.origin.clone()
    }

    /// Requests wait for no other.
    fn line(&self) -> RequestId {
        self.id
    }

    fn changed(core: &Core) -> &Notify {
        &core.requests_changed
    }

    fn per_second(_: &Core, _: &String) -> Option<u32> {
        Some(PER_SECOND)
    }

    async fn due(
        core: &Core,
        now: Timestamp,
        except: &[String],
        limit: u32,
    ) -> Result<Vec<HttpRequest>, DbError> {
        core.db
            .due_requests(&core.shards.owned(), now, except, limit)
            .await
    }

    async fn next_after(core: &Core, now: Timestamp) -> Result<Option<Timestamp>, DbError> {
        core.db.next_request_after(&core.shards.owned(), now).await
    }

    async fn send(&self, core: &SharedCore, sender: &WebSender) -> Result<(Attitude, Attempted), DraftError> {
        let directory = core.records.directory();
        let attempted = sender.send(&directory, self, core.clock.now()).await;
        Ok((attitude(&attempted), attempted))
    }

    fn after_panic(&self, _: &Core) -> Attempted {
        let error = "the host panicked while it sent the request; its log has the place".to_owned();
        Attempted::Failed { error }
    }

    /// The answer is stored with the event that lets the robot know, in one commit.
    async fn note(self, draft: &mut Draft, attempted: Attempted) -> Result<(), DraftError> {
        draft.origin = self.chain;
        requesting::attempted(&mut draft.changes, self, attempted, draft.now);
        Ok(())
    }
}

fn attitude(attempted: &Attempted) -> Attitude {
    match attempted {
        Attempted::Answered {
            retry_after: Some(after),
            response,
        } if may_pass(response.status) => Attitude::Asks(*after),
        // 429 without a word how long; 502 to 504: it is not there.
        Attempted::Answered { response, .. } if matches!(response.status, 429 | 502..=504) => {
            Attitude::Refuses
        }
        Attempted::Answered { .. } | Attempted::Impossible { .. } => Attitude::Works,
        Attempted::Failed { .. } => Attitude::Refuses,
    }
}
