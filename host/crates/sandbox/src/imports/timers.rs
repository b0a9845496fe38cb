//! `timers`.

use wasmtime::Result;

use crate::bindings::timers::{Error, Host};
use crate::convert;
use crate::execution::Execution;

impl Host for Execution {
    async fn set(&mut self, key: String, at: String, payload: String) -> Result<Result<(), Error>> {
        let call = self.begin("timers", "set", &(&key, &at, &payload));
        let answer = async {
            let session = self.admit()?;
            session.set_timer(key, convert::instant(&at)?, payload).await
        }
        .await;
        self.finish(call, answer)
    }

    async fn cancel(&mut self, key: String) -> Result<Result<bool, Error>> {
        let call = self.begin("timers", "cancel", &(&key,));
        let answer = async {
            let session = self.admit()?;
            session.cancel_timer(key).await
        }
        .await;
        self.finish(call, answer)
    }
}
