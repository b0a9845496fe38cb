//! `contacts`.

use wasmtime::Result;

use crate::bindings::contacts::{Contact, Error, Host};
use crate::convert;
use crate::execution::Execution;

impl Host for Execution {
    async fn get(&mut self, contact: String) -> Result<Result<Contact, Error>> {
        let call = self.begin("contacts", "get", &(&contact,));
        let answer = async {
            let session = self.admit()?;
            Ok(session.contact(convert::id(&contact)?).await?.into())
        }
        .await;
        self.finish(call, answer)
    }

    async fn find_by_phone(&mut self, phone: String) -> Result<Result<Vec<Contact>, Error>> {
        let call = self.begin("contacts", "find-by-phone", &(&phone,));
        let answer = async {
            let session = self.admit()?;
            let found = session.contacts_by_phone(phone).await?;
            Ok(found.into_iter().map(Contact::from).collect::<Vec<_>>())
        }
        .await;
        self.finish(call, answer)
    }

    async fn find_by_email(&mut self, email: String) -> Result<Result<Vec<Contact>, Error>> {
        let call = self.begin("contacts", "find-by-email", &(&email,));
        let answer = async {
            let session = self.admit()?;
            let found = session.contacts_by_email(email).await?;
            Ok(found.into_iter().map(Contact::from).collect::<Vec<_>>())
        }
        .await;
        self.finish(call, answer)
    }
}
