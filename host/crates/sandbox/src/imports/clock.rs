//! `clock`.

use wasmtime::Result;

use crate::bindings::clock::Host;
use crate::execution::Execution;

impl Host for Execution {
    async fn now(&mut self) -> Result<String> {
        let call = self.begin("clock", "now", &[(); 0]);
        let now = self.answers.now().to_string();
        self.finish_plain(call, now)
    }
}
