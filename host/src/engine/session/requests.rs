//! Requests to services outside.

use signalbox_crm::http_request::{Asked, HttpRequest};
use signalbox_crm::ids::RequestId;
use signalbox_crm::rejection::{Code, Rejection};
use signalbox_crm::requesting::{Asking, request};
use signalbox_crm::sentence::Sentence;
use signalbox_sandbox::session::Answer;

use super::RunDraft;

impl RunDraft {
    pub(super) fn stage_request(&mut self, asked: Asked) -> Answer<RequestId> {
        self.check_grant("outbound-http")?;
        self.check_writes()?;
        let allowed = self.quotas.requests;
        if self.draft.changes.requests.len() >= allowed {
            let message = format!("the run makes more than {allowed} requests");
            return Err(Rejection::new(Code::LimitRequests, Sentence::plain(message)).into());
        }
        let asking = Asking {
            attachment: &self.attachment,
            chain: self.draft.origin,
            item: self.item.zip(self.stage_entry),
        };
        Ok(self
            .draft
            .rule(|rules, changes| request(rules, changes, asking, asked))?)
    }

    /// What came of a request does not change any more, but for a person who has it sent again.
    pub(super) async fn read_answer(&mut self) -> Answer<Option<HttpRequest>> {
        self.check_grant("outbound-http")?;
        let Some(id) = self.answered else {
            return Ok(None);
        };
        let found = self.draft.core().db.request(id).await;
        found.map_err(|error| self.failed(&error))
    }
}
