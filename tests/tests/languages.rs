//! One robot in several languages: built by the language's own tool, and the same to the host.
//!
//! A language whose tool is missing is skipped, except in CI, where `.ci/run` installs every tool.

use std::path::{Path, PathBuf};

use expect_test::expect_file;
use signalbox_build::{BuildError, Built, build_folder};
use signalbox_sandbox::inspect::inspect;
use signalbox_tests::scenario::play_with;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The folders of the examples, with the file that an exception's place names.
const EXAMPLES: [(&str, &str); 1] = [("javascript", "robot/robot.js:")];

/// The built example, or nothing where its tool is missing and may be.
fn built(folder: &str) -> Option<Built> {
    match build_folder(&root().join("examples/robots").join(folder)) {
        Ok(built) => Some(built),
        Err(missing @ BuildError::MissingTool { .. }) if std::env::var_os("CI").is_none() => {
            eprintln!("skipped: {missing}");
            None
        }
        Err(error) => panic!("{folder}: {error}"),
    }
}

/// Exceptions name their place, which differs from one language to the next: it is checked and cut off.
fn without_places(outcome: &str, place: &str) -> String {
    let cut = |line: &str| match line.split_once("the threshold in RUB at ") {
        None => line.to_owned(),
        Some((before, at)) => {
            assert!(at.contains(place), "`{line}` has no place `{place}`");
            format!("{before}the threshold in RUB")
        }
    };
    outcome.lines().map(|line| cut(line) + "\n").collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_robot_acts_alike_in_every_language() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("languages");
    let compiled = tempfile::tempdir().unwrap();
    for (language, place) in EXAMPLES {
        let Some(robot) = built(language) else {
            continue;
        };
        let robots = [(robot.id.as_str(), robot.bytes.as_slice())];
        let outcome = play_with(&folder, compiled.path(), &robots).await;
        let outcome = outcome.unwrap_or_else(|error| panic!("{language}: {error:#}"));
        let outcome = without_places(&outcome, place);
        expect_file![folder.join("expected.txt")].assert_eq(&outcome);
    }
}

#[test]
fn robots_import_what_they_ask_for_and_no_wasi() {
    for (language, _) in EXAMPLES {
        let Some(robot) = built(language) else {
            continue;
        };
        let inspection = inspect(&robot.bytes).unwrap();
        assert!(!inspection.uses_wasi, "{language}: {:?}", inspection.imports);
        println!("{language}: {} bytes", robot.bytes.len());
    }
}
