//! What the tests of this package share.

pub mod postgres;
pub mod robots;
pub mod scenario;
