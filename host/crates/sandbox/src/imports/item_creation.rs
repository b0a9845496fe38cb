//! `item-creation`.

use wasmtime::Result;

use crate::bindings::item_creation::{Error, Host, NewItem};
use crate::convert;
use crate::execution::Execution;

impl Host for Execution {
    async fn create(&mut self, item: NewItem) -> Result<Result<String, Error>> {
        let call = self.begin("item-creation", "create", &(&item,));
        let answer = async {
            let session = self.admit()?;
            let made = session.create_item(convert::new_item(item)?).await?;
            Ok(made.to_string())
        }
        .await;
        self.finish(call, answer)
    }

    async fn copy(
        &mut self,
        item: String,
        pipeline: String,
        stage: Option<String>,
    ) -> Result<Result<String, Error>> {
        let call = self.begin("item-creation", "copy", &(&item, &pipeline, &stage));
        let answer = async {
            let session = self.admit()?;
            let (item, pipeline) = (convert::id(&item)?, convert::id(&pipeline)?);
            let stage = convert::maybe_id(stage.as_deref())?;
            Ok(session.copy_item(item, pipeline, stage).await?.to_string())
        }
        .await;
        self.finish(call, answer)
    }
}
