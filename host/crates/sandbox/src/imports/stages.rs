//! `stages`.

use wasmtime::Result;

use crate::bindings::stages::{Error, Host, MoveResult};
use crate::convert;
use crate::execution::Execution;

impl Host for Execution {
    async fn move_(
        &mut self,
        item: String,
        stage: String,
        allow_back: bool,
    ) -> Result<Result<MoveResult, Error>> {
        let call = self.begin("stages", "move", &(&item, &stage, allow_back));
        let answer = async {
            let session = self.admit()?;
            let (item, stage) = (convert::id(&item)?, convert::id(&stage)?);
            Ok(session.move_item(item, stage, allow_back).await?.into())
        }
        .await;
        self.finish(call, answer)
    }

    async fn missing_fields(&mut self, item: String, stage: String) -> Result<Result<Vec<String>, Error>> {
        let call = self.begin("stages", "missing-fields", &(&item, &stage));
        let answer = async {
            let session = self.admit()?;
            let (item, stage) = (convert::id(&item)?, convert::id(&stage)?);
            session.missing_fields(item, stage).await
        }
        .await;
        self.finish(call, answer)
    }
}
