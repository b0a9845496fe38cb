//! A defect on purpose, which simulations have to find. It does nothing in a release.

use std::cell::Cell;

thread_local! {
    /// What runs have read is not looked at again by committers of this thread.
    pub static IS_BLIND: Cell<bool> = const { Cell::new(false) };
}
