//! `state`.

use wasmtime::Result;

use crate::bindings::state::{Error, Host, Space};
use crate::execution::Execution;

impl Host for Execution {
    async fn get(&mut self, space: Space, key: String) -> Result<Result<Option<String>, Error>> {
        let call = self.begin("state", "get", &(space, &key));
        let answer = async {
            let session = self.admit()?;
            session.state(space.into(), key).await
        }
        .await;
        self.finish(call, answer)
    }

    async fn set(&mut self, space: Space, key: String, value: String) -> Result<Result<(), Error>> {
        let call = self.begin("state", "set", &(space, &key, &value));
        let answer = async {
            let session = self.admit()?;
            session.set_state(space.into(), key, value).await
        }
        .await;
        self.finish(call, answer)
    }

    async fn delete(&mut self, space: Space, key: String) -> Result<Result<bool, Error>> {
        let call = self.begin("state", "delete", &(space, &key));
        let answer = async {
            let session = self.admit()?;
            session.delete_state(space.into(), key).await
        }
        .await;
        self.finish(call, answer)
    }
}
