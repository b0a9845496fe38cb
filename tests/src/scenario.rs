//! Scenarios with the robots of the tests.

use std::path::Path;

use signalbox::scenario::{Given, Kit};

/// Reads what is given.
///
/// # Errors
/// A file that is missing or wrong.
pub fn given(folder: &Path) -> anyhow::Result<Given> {
    Given::read(folder)
}

/// Plays the scenario of a folder and returns what happened. Compiled robots are kept in `compiled`.
///
/// # Errors
/// A file that is missing or wrong; a step that there is not.
pub async fn play(folder: &Path, compiled: &Path) -> anyhow::Result<String> {
    play_with(folder, compiled, crate::robots::ROBOTS).await
}

/// The same with other robots, by id, than those of the tests.
///
/// # Errors
/// As [`play`].
pub async fn play_with(folder: &Path, compiled: &Path, robots: &[(&str, &[u8])]) -> anyhow::Result<String> {
    let played = signalbox::scenario::play(folder, Kit { robots, compiled }).await?;
    Ok(played.outcome)
}
