//! `items`.

use wasmtime::Result;

use crate::bindings::items::{Error, Host, Item};
use crate::convert;
use crate::execution::Execution;

impl Host for Execution {
    async fn get(&mut self, item: String) -> Result<Result<Item, Error>> {
        let call = self.begin("items", "get", &(&item,));
        let answer = async {
            self.admit()?;
            Ok(self.session.item(convert::id(&item)?).await?.into())
        }
        .await;
        self.finish(call, answer)
    }
}
