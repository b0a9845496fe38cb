//! Plays every folder of `tests/scenarios`. `UPDATE_EXPECT=1` rewrites what is expected; `SCENARIO=name` plays one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use expect_test::expect_file;

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let entries = std::fs::read_dir(&root).expect("the folder of scenarios");
    let paths = entries.map(|entry| entry.expect("readable").path());
    let mut folders: Vec<PathBuf> = paths.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_scenario_ends_as_expected() {
    let folders = folders();
    assert!(!folders.is_empty(), "no scenario was found");
    let robots = tempfile::tempdir().expect("a folder for compiled robots");
    let wanted = std::env::var("SCENARIO").unwrap_or_default();
    for folder in folders {
        if !folder.ends_with(&wanted) && !wanted.is_empty() {
            continue;
        }
        eprintln!("scenario {}", folder.display());
        let outcome = signalbox_tests::scenario::play(&folder, robots.path()).await;
        let outcome = outcome.unwrap_or_else(|error| panic!("{}: {error:#}", folder.display()));
        expect_file![folder.join("expected.txt")].assert_eq(&outcome);
    }
}

/// The rows of the requirements trace that must have a scenario.
const ROWS: [u32; 12] = [16, 17, 18, 19, 22, 25, 26, 27, 71, 80, 87, 91];

#[test]
fn every_required_row_has_a_scenario() {
    let mut served = BTreeSet::new();
    for folder in folders() {
        let given = signalbox_tests::scenario::given(&folder);
        let given = given.unwrap_or_else(|error| panic!("{}: {error:#}", folder.display()));
        assert!(
            !given.about.is_empty(),
            "{} does not say what it is about",
            folder.display()
        );
        served.extend(given.rows);
    }
    let missing: Vec<u32> = ROWS.into_iter().filter(|row| !served.contains(row)).collect();
    assert_eq!(missing, [0_u32; 0], "rows without a scenario");
}
