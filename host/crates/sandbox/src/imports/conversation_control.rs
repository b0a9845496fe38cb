//! `conversation-control`.

use wasmtime::Result;

use crate::bindings::conversation_control::{Error, Host};
use crate::convert;
use crate::execution::Execution;

impl Host for Execution {
    async fn close(&mut self, conversation: String) -> Result<Result<(), Error>> {
        let call = self.begin("conversation-control", "close", &(&conversation,));
        let answer = async {
            let session = self.admit()?;
            session.close_conversation(convert::id(&conversation)?).await
        }
        .await;
        self.finish(call, answer)
    }
}
