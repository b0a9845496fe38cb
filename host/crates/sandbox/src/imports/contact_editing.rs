//! `contact-editing`.

use wasmtime::Result;

use crate::bindings::contact_editing::{ContactPatch, Error, Host, NewContact};
use crate::convert;
use crate::execution::Execution;

impl Host for Execution {
    async fn create(&mut self, contact: NewContact) -> Result<Result<String, Error>> {
        let call = self.begin("contact-editing", "create", &(&contact,));
        let answer = async {
            let session = self.admit()?;
            let made = session.create_contact(convert::new_contact(contact)?).await?;
            Ok(made.to_string())
        }
        .await;
        self.finish(call, answer)
    }

    async fn update(&mut self, contact: String, patch: ContactPatch) -> Result<Result<(), Error>> {
        let call = self.begin("contact-editing", "update", &(&contact, &patch));
        let answer = async {
            let session = self.admit()?;
            let (contact, patch) = (convert::id(&contact)?, convert::contact_patch(patch)?);
            session.edit_contact(contact, patch).await
        }
        .await;
        self.finish(call, answer)
    }
}
