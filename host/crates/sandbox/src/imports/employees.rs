//! `employees`.

use wasmtime::Result;

use crate::bindings::employees::{Employee, Error, Host};
use crate::convert;
use crate::execution::Execution;

impl Host for Execution {
    async fn get(&mut self, employee: String) -> Result<Result<Employee, Error>> {
        let call = self.begin("employees", "get", &(&employee,));
        let answer = async {
            let session = self.admit()?;
            let (employee, is_available) = session.employee(convert::id(&employee)?).await?;
            Ok(convert::employee(employee, is_available))
        }
        .await;
        self.finish(call, answer)
    }
}
