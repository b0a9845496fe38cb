//! `messaging`.

use wasmtime::Result;

use crate::bindings::messaging::{Error, Host};
use crate::convert;
use crate::execution::Execution;

impl Host for Execution {
    async fn reply(&mut self, conversation: String, text: String) -> Result<Result<String, Error>> {
        let call = self.begin("messaging", "reply", &(&conversation, &text));
        let answer = async {
            let session = self.admit()?;
            let conversation = convert::id(&conversation)?;
            Ok(session.reply(conversation, text).await?.to_string())
        }
        .await;
        self.finish(call, answer)
    }
}
