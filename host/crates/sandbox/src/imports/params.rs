//! `params`.

use wasmtime::Result;

use crate::bindings::params::{Host, ParamValue};
use crate::execution::Execution;

impl Host for Execution {
    async fn get(&mut self, key: String) -> Result<Option<ParamValue>> {
        let call = self.begin("params", "get", &(&key,));
        let found = self.params.iter().find(|(known, _)| *known == key);
        let value = found.map(|(_, value)| ParamValue::from(value));
        self.finish_plain(call, value)
    }
}
