//! `notifications`.

use wasmtime::Result;

use crate::bindings::notifications::{Error, Host, NewNotification};
use crate::execution::Execution;

impl Host for Execution {
    async fn send(&mut self, notification: NewNotification) -> Result<Result<Vec<String>, Error>> {
        let call = self.begin("notifications", "send", &(&notification,));
        let answer = async {
            let session = self.admit()?;
            let sent = session.notify(notification.into()).await?;
            Ok(sent.iter().map(ToString::to_string).collect::<Vec<_>>())
        }
        .await;
        self.finish(call, answer)
    }
}
