//! `outbound-http`.

use wasmtime::Result;

use crate::bindings::outbound_http::{Answer, Error, Host, Request};
use crate::execution::Execution;

impl Host for Execution {
    async fn send(&mut self, request: Request) -> Result<Result<String, Error>> {
        let call = self.begin("outbound-http", "send", &(&request,));
        let answer = async {
            let session = self.admit()?;
            Ok(session.send_request(request.into()).await?.to_string())
        }
        .await;
        self.finish(call, answer)
    }

    async fn get_answer(&mut self) -> Result<Result<Option<Answer>, Error>> {
        let call = self.begin("outbound-http", "get-answer", &());
        let answer = async {
            let session = self.admit()?;
            Ok(session.answered_request().await?.map(Answer::from))
        }
        .await;
        self.finish(call, answer)
    }
}
