//! `conversations`.

use wasmtime::Result;

use crate::bindings::conversations::{Conversation, Error, Host, Message};
use crate::convert;
use crate::execution::Execution;

impl Host for Execution {
    async fn get(&mut self, conversation: String) -> Result<Result<Conversation, Error>> {
        let call = self.begin("conversations", "get", &(&conversation,));
        let answer = async {
            let session = self.admit()?;
            let conversation = convert::id(&conversation)?;
            Ok(session.conversation(conversation).await?.into())
        }
        .await;
        self.finish(call, answer)
    }

    async fn of_item(&mut self, item: String) -> Result<Result<Vec<Conversation>, Error>> {
        let call = self.begin("conversations", "of-item", &(&item,));
        let answer = async {
            let session = self.admit()?;
            let found = session.conversations_of(convert::id(&item)?).await?;
            Ok(found.into_iter().map(Conversation::from).collect::<Vec<_>>())
        }
        .await;
        self.finish(call, answer)
    }

    async fn messages(
        &mut self,
        conversation: String,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Result<Vec<Message>, Error>> {
        let call = self.begin("conversations", "messages", &(&conversation, before, limit));
        let answer = async {
            let session = self.admit()?;
            let limit = convert::limit(limit)?;
            let conversation = convert::id(&conversation)?;
            let found = session.messages(conversation, before, limit).await?;
            Ok(found.into_iter().map(Message::from).collect::<Vec<_>>())
        }
        .await;
        self.finish(call, answer)
    }
}
