//! `fields`.

use wasmtime::Result;

use crate::bindings::fields::{Error, Field, Host};
use crate::convert;
use crate::execution::Execution;

impl Host for Execution {
    async fn get(&mut self, item: String, keys: Vec<String>) -> Result<Result<Vec<Field>, Error>> {
        let call = self.begin("fields", "get", &(&item, &keys));
        let answer = async {
            let session = self.admit()?;
            let fields = session.fields(convert::id(&item)?, keys).await?;
            Ok(convert::fields(fields))
        }
        .await;
        self.finish(call, answer)
    }

    async fn get_all(&mut self, item: String) -> Result<Result<Vec<Field>, Error>> {
        let call = self.begin("fields", "get-all", &(&item,));
        let answer = async {
            let session = self.admit()?;
            let fields = session.all_fields(convert::id(&item)?).await?;
            Ok(convert::fields(fields))
        }
        .await;
        self.finish(call, answer)
    }

    async fn set(&mut self, item: String, fields: Vec<Field>) -> Result<Result<(), Error>> {
        let call = self.begin("fields", "set", &(&item, &fields));
        let answer = async {
            let session = self.admit()?;
            let (item, fields) = (convert::id(&item)?, convert::given_fields(fields)?);
            session.set_fields(item, fields).await
        }
        .await;
        self.finish(call, answer)
    }
}
