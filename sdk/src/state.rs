//! What the robot remembers from run to run: texts under keys.

use crate::Failure;
use crate::bindings::signalbox::robot::state;

pub use state::Space;

/// The text under the key.
///
/// # Errors
/// `denied`, `invalid` (a key of 0 or more than 128 bytes).
pub fn get(space: Space, key: &str) -> Result<Option<String>, Failure> {
    Ok(state::get(space, key)?)
}

/// Keeps the text under the key, in place of an earlier one: at most 64 KiB. It is stored when the run commits.
///
/// # Errors
/// `denied`, `invalid`, `limit.state` (the space is full).
pub fn set(space: Space, key: &str, value: &str) -> Result<(), Failure> {
    Ok(state::set(space, key, value)?)
}

/// Forgets the key; false when there was nothing.
///
/// # Errors
/// `denied`, `invalid`.
pub fn delete(space: Space, key: &str) -> Result<bool, Failure> {
    Ok(state::delete(space, key)?)
}
