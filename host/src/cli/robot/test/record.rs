//! A saved run as a test: on its record the robot must do what was done then.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::super::super::Failure;
use super::super::super::replay::{self, Player};
use super::super::source::Robot;
use super::result::{Ending, TestResult};
use crate::scenario::Cost;

/// How the files end that `run save` writes.
const RECORD: &str = ".run.json";

/// The saved runs in a folder, by name.
pub(super) fn records(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten();
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut records: Vec<PathBuf> = files
        .filter(|path| path.to_string_lossy().ends_with(RECORD))
        .collect();
    records.sort();
    records
}

/// Replays them.
pub(super) async fn test_all(robot: &Robot, records: &[PathBuf]) -> Result<Vec<TestResult>, Failure> {
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let player = Player::of(robot.bytes.clone()).await?;
    let mut results = Vec::with_capacity(records.len());
    for record in records {
        let began = Instant::now();
        let mut cost = Cost::default();
        let ending = judge(&player, record, &mut cost).await;
        results.push(TestResult {
            name: super::name(record),
            ending: ending.unwrap_or_else(|failure| Ending::Broken(format!("{:#}", failure.error))),
            duration_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            cost,
        });
    }
    Ok(results)
}

async fn judge(player: &Player, record: &Path, cost: &mut Cost) -> Result<Ending, Failure> {
    let file = replay::read(record)?;
    let (robot, replay) = player.play(&file, None).await?;
    cost.attempt_count = 1;
    cost.fuel_max = replay.fuel;
    cost.host_calls_max = replay.calls.len() as u64;
    Ok(match &replay.difference {
        None => Ending::Same,
        Some(_) => Ending::Strays(replay::words(&file, &robot, &replay)),
    })
}
