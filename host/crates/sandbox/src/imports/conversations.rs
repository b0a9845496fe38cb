//! `conversations`.

use wasmtime::Result;

use crate::bindings::conversations::{Conversation, Error, Host};
use crate::convert;
use crate::execution::Execution;

impl Host for Execution {
    async fn get(&mut self, conversation: String) -> Result<Result<Conversation, Error>> {
        let call = self.begin("conversations", "get", &(&conversation,));
        let answer = async {
            self.admit()?;
            let conversation = convert::id(&conversation)?;
            Ok(self.session.conversation(conversation).await?.into())
        }
        .await;
        self.finish(call, answer)
    }
}
