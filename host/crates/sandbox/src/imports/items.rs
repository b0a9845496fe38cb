//! `items`.

use wasmtime::Result;

use crate::bindings::items::{Error, Host, Item, ItemQuery};
use crate::convert;
use crate::execution::Execution;

impl Host for Execution {
    async fn get(&mut self, item: String) -> Result<Result<Item, Error>> {
        let call = self.begin("items", "get", &(&item,));
        let answer = async {
            let session = self.admit()?;
            Ok(session.item(convert::id(&item)?).await?.into())
        }
        .await;
        self.finish(call, answer)
    }

    async fn find(
        &mut self,
        query: ItemQuery,
        after: Option<String>,
        limit: u32,
    ) -> Result<Result<Vec<Item>, Error>> {
        let call = self.begin("items", "find", &(&query, &after, limit));
        let answer = async {
            let session = self.admit()?;
            let (query, limit) = (convert::item_query(&query)?, convert::limit(limit)?);
            let after = convert::maybe_id(after.as_deref())?;
            let found = session.find_items(query, after, limit).await?;
            Ok(found.into_iter().map(Item::from).collect::<Vec<_>>())
        }
        .await;
        self.finish(call, answer)
    }
}
