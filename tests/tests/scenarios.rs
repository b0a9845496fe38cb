//! Plays every folder of `tests/scenarios`. `UPDATE_EXPECT=1` rewrites what is expected.

use std::path::{Path, PathBuf};

use expect_test::expect_file;

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let entries = std::fs::read_dir(&root).expect("the folder of scenarios");
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    folders.sort();
    folders
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_scenario_ends_as_expected() {
    let folders = folders();
    assert!(!folders.is_empty(), "no scenario was found");
    for folder in folders {
        eprintln!("scenario {}", folder.display());
        let outcome = signalbox_tests::scenario::play(&folder).await;
        let outcome = outcome.unwrap_or_else(|error| panic!("{}: {error:#}", folder.display()));
        expect_file![folder.join("expected.txt")].assert_eq(&outcome);
    }
}
