//! `timeline`.

use wasmtime::Result;

use crate::bindings::timeline::{Error, Host};
use crate::convert;
use crate::execution::Execution;

impl Host for Execution {
    async fn add_comment(&mut self, item: String, text: String) -> Result<Result<(), Error>> {
        let call = self.begin("timeline", "add-comment", &(&item, &text));
        let answer = async {
            let session = self.admit()?;
            session.comment(convert::id(&item)?, text).await
        }
        .await;
        self.finish(call, answer)
    }
}
