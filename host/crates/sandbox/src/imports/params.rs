//! `params`.

use wasmtime::Result;

use crate::bindings::params::{Host, ParamValue};
use crate::execution::Execution;

impl Host for Execution {
    async fn get(&mut self, key: String) -> Result<Option<ParamValue>> {
        let call = self.begin("params", "get", &(&key,));
        let given = || self.params.iter().find(|(known, _)| *known == key);
        let value = match self.answers.recorded_param(&key) {
            Some(recorded) => recorded,
            None => given().map(|(_, value)| ParamValue::from(value)),
        };
        self.finish_plain(call, value)
    }
}
