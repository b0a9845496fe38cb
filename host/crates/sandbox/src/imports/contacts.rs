//! `contacts`.

use wasmtime::Result;

use crate::bindings::contacts::{Contact, Error, Host};
use crate::convert;
use crate::execution::Execution;

impl Host for Execution {
    async fn get(&mut self, contact: String) -> Result<Result<Contact, Error>> {
        let call = self.begin("contacts", "get", &(&contact,));
        let answer = async {
            self.admit()?;
            Ok(self.session.contact(convert::id(&contact)?).await?.into())
        }
        .await;
        self.finish(call, answer)
    }
}
