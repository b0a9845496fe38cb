//! The robots of `examples/cookbook`: each is built, does what its scenarios say, and stands in the cookbook as it is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use expect_test::expect_file;
use signalbox_build::{build_robots, robot_dirs, robots_target_dir};
use signalbox_tests::scenario::play_with;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn folders(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_robot_of_the_cookbook_does_what_its_scenarios_say() {
    let dirs = robot_dirs(&root().join("examples/cookbook")).unwrap();
    let built = build_robots(&dirs, &robots_target_dir(&root())).unwrap();
    assert_eq!(built.len(), dirs.len());
    let compiled = tempfile::tempdir().unwrap();
    for (dir, robot) in dirs.iter().zip(&built) {
        let robots = &[(robot.id.as_str(), robot.bytes.as_slice())];
        let scenarios = folders(&dir.join("tests"));
        assert!(!scenarios.is_empty(), "{} has no scenario", dir.display());
        for scenario in scenarios {
            let outcome = play_with(&scenario, compiled.path(), robots).await;
            let outcome = outcome.unwrap_or_else(|error| panic!("{}: {error:#}", scenario.display()));
            assert!(
                outcome.contains("done: "),
                "{}: no run did anything\n{outcome}",
                scenario.display()
            );
            expect_file![scenario.join("expected.txt")].assert_eq(&outcome);
        }
    }
}

/// The blocks of Rust on the page.
fn blocks(page: &str) -> Vec<&str> {
    let after = page.split("```rust\n").skip(1);
    after.map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn cookbook_shows_every_robot_and_its_code_as_it_is() {
    let page = fs::read_to_string(root().join("sdk/COOKBOOK.md")).unwrap();
    let dirs = folders(&root().join("examples/cookbook"));
    let sources = dirs
        .iter()
        .map(|dir| fs::read_to_string(dir.join("src/lib.rs")).unwrap());
    let sources: Vec<String> = sources.collect();
    for block in blocks(&page) {
        assert!(
            sources.iter().any(|source| source.contains(block.trim_end())),
            "sdk/COOKBOOK.md shows what no robot of examples/cookbook has:\n{block}"
        );
    }
    let headings = page.lines().filter_map(|line| line.strip_prefix("## `"));
    let shown: BTreeSet<String> = headings
        .map(|line| line.split('`').next().unwrap().to_owned())
        .collect();
    let there: BTreeSet<String> = dirs.iter().map(|dir| name(dir)).collect();
    assert_eq!(shown, there);
    assert_eq!(blocks(&page).len(), there.len(), "one block for each");
}
