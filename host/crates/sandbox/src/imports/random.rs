//! `random`.

use wasmtime::Result;

use crate::bindings::random::Host;
use crate::execution::Execution;

impl Host for Execution {
    async fn number(&mut self) -> Result<u32> {
        let call = self.begin("random", "number", &[(); 0]);
        let number = self.dice.number();
        self.finish_plain(call, number)
    }
}
