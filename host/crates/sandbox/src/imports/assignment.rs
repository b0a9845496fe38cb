//! `assignment`.

use wasmtime::Result;

use crate::bindings::assignment::{Distribution, Error, Host};
use crate::convert;
use crate::execution::Execution;

impl Host for Execution {
    async fn assign(&mut self, item: String, employee: String) -> Result<Result<(), Error>> {
        let call = self.begin("assignment", "assign", &(&item, &employee));
        let answer = async {
            let session = self.admit()?;
            let (item, employee) = (convert::id(&item)?, convert::id(&employee)?);
            session.assign(item, employee).await
        }
        .await;
        self.finish(call, answer)
    }

    async fn assign_from_list(
        &mut self,
        item: String,
        candidates: Vec<String>,
        distribution: Distribution,
        skip_absent: bool,
    ) -> Result<Result<(), Error>> {
        let args = (&item, &candidates, distribution, skip_absent);
        let call = self.begin("assignment", "assign-from-list", &args);
        let answer = async {
            let session = self.admit()?;
            let (item, candidates) = (convert::id(&item)?, convert::ids(&candidates)?);
            session
                .assign_from_list(item, candidates, distribution.into(), skip_absent)
                .await
        }
        .await;
        self.finish(call, answer)
    }
}
