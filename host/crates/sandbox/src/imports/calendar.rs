//! `calendar`.

use wasmtime::Result;

use crate::bindings::calendar::{Error, Host};
use crate::convert;
use crate::execution::Execution;

impl Host for Execution {
    async fn is_working(&mut self, at: String) -> Result<Result<bool, Error>> {
        let call = self.begin("calendar", "is-working", &(&at,));
        let answer = async {
            let session = self.admit()?;
            session.is_working(convert::instant(&at)?).await
        }
        .await;
        self.finish(call, answer)
    }

    async fn add_working(&mut self, start: String, seconds: u32) -> Result<Result<String, Error>> {
        let call = self.begin("calendar", "add-working", &(&start, seconds));
        let answer = async {
            let session = self.admit()?;
            let start = convert::instant(&start)?;
            Ok(session.add_working(start, seconds).await?.to_string())
        }
        .await;
        self.finish(call, answer)
    }
}
