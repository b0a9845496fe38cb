//! The same robots in every language: built by the language's own tool, and alike to the host.
//! `tests/languages/README.md` says what they do.
//!
//! A language whose tool is missing is skipped, except in CI, where `.ci/run` installs every tool.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use expect_test::expect_file;
use signalbox_build::{BuildError, Built, Language, build_folder, build_robot, robots_target_dir};
use signalbox_sandbox::inspect::inspect;
use signalbox_tests::robots::CALLER;
use signalbox_tests::scenario::play_with;

use crate::api::conformance;

/// What is known of a language besides its robots.
struct InLanguage {
    /// Its folder, below `examples/robots` and `tests/languages`.
    folder: &'static str,
    /// The code with which a run ends that goes wrong without anybody's wish.
    crash_code: &'static str,
    /// What names the place, in the message of such a run.
    crash_place: &'static str,
    /// Whether its components import WASI, which they do not use.
    uses_wasi: bool,
}

const RUST: InLanguage = InLanguage {
    folder: "rust",
    crash_code: "panic",
    crash_place: "tests/robots/caller/src/lib.rs:",
    uses_wasi: false,
};

const JAVASCRIPT: InLanguage = InLanguage {
    folder: "javascript",
    crash_code: "exception",
    crash_place: "robot/robot.js:12:",
    uses_wasi: false,
};

/// It is JavaScript for the builder, and calls what that calls.
const TYPESCRIPT: InLanguage = InLanguage {
    folder: "typescript",
    crash_code: "exception",
    crash_place: "robot/robot.js:",
    uses_wasi: false,
};

const PYTHON: InLanguage = InLanguage {
    folder: "python",
    crash_code: "exception",
    crash_place: "TypeError: as it was told at robot.py:42",
    uses_wasi: false,
};

const C: InLanguage = InLanguage {
    folder: "c",
    crash_code: "panic",
    crash_place: "as it was told at robot.c:182",
    uses_wasi: false,
};

const GO: InLanguage = InLanguage {
    folder: "go",
    crash_code: "panic",
    crash_place: "as it was told at every-call/robot.go:53",
    uses_wasi: true,
};

const ZIG: InLanguage = InLanguage {
    folder: "zig",
    crash_code: "panic",
    crash_place: "as it was told at robot.zig:47",
    uses_wasi: false,
};

/// Builds use both cores by themselves.
static ONE_BUILD: Mutex<()> = Mutex::new(());

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

impl InLanguage {
    /// The component of the example, or nothing where the language's tool is missing and may be.
    fn example(&self) -> Option<Vec<u8>> {
        let dir = root().join("examples/robots").join(self.folder);
        match self.folder {
            // With the SDK that was compiled for the other robots.
            "rust" => Some(build_robot(&dir, &robots_target_dir(&root())).unwrap().bytes),
            _ => built(&dir),
        }
    }

    /// The component that calls every function, likewise.
    fn every_call(&self) -> Option<Vec<u8>> {
        match self.folder {
            "rust" => Some(CALLER.to_vec()),
            folder => built(&root().join("tests/languages").join(folder)),
        }
    }

    async fn example_acts_like_the_others(&self) {
        let Some(robot) = self.example() else {
            return;
        };
        let inspection = inspect(&robot).unwrap();
        assert_eq!(inspection.uses_wasi, self.uses_wasi, "{:?}", inspection.imports);
        println!("{}: {} bytes", self.folder, robot.len());
        let named = folders_named(&robot);
        assert_eq!(
            named, [""; 0],
            "{}: folders of the machine that built it",
            self.folder
        );
        let folder = root().join("tests/languages");
        let compiled = tempfile::tempdir().unwrap();
        let robots = [("large-deal", robot.as_slice())];
        let outcome = play_with(&folder, compiled.path(), &robots).await;
        let outcome = outcome.unwrap_or_else(|error| panic!("{}: {error:#}", self.folder));
        expect_file![folder.join("expected.txt")].assert_eq(&outcome);
    }

    async fn every_call_is_answered_like_the_others(&self) {
        let Some(robot) = self.every_call() else {
            return;
        };
        let company = conformance::company(&robot).await;
        let journal = conformance::journal_file();
        expect_file![journal].assert_eq(&company.journal().await);
        assert_eq!(company.failure("refusal").await.0, "denied");
        let (code, message) = company.failure("crash").await;
        assert_eq!(code, self.crash_code, "{}: {message}", self.folder);
        for words in ["as it was told", self.crash_place] {
            assert!(message.contains(words), "{}: {message}", self.folder);
        }
        company.stop().await;
    }
}

/// Which folders of this machine stand in a component: they tell others where it was built, and change its digest. One is
/// this checkout, the other where robots are built.
fn folders_named(component: &[u8]) -> Vec<String> {
    let checkout = root().canonicalize().unwrap();
    let names = [format!("{}/", checkout.display()), "/signalbox-build-".to_owned()];
    let stands = |name: &String| component.windows(name.len()).any(|part| part == name.as_bytes());
    names.into_iter().filter(stands).collect()
}

fn built(dir: &Path) -> Option<Vec<u8>> {
    let _one = ONE_BUILD.lock().unwrap_or_else(PoisonError::into_inner);
    match build_folder(dir) {
        Ok(Built { bytes, .. }) => Some(bytes),
        Err(missing @ BuildError::MissingTool { .. }) if std::env::var_os("CI").is_none() => {
            eprintln!("skipped: {missing}");
            None
        }
        Err(error) => panic!("{}: {error}{}", dir.display(), words(&error)),
    }
}

/// What the tool said.
fn words(error: &BuildError) -> String {
    match error {
        BuildError::ToolFailed { output, .. } => format!("\n{output}"),
        _ => String::new(),
    }
}

/// Two tests for a language.
macro_rules! languages {
    ($($name:ident: $language:expr;)*) => {
        $(mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn example_acts_like_the_others() {
                $language.example_acts_like_the_others().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn every_call_is_answered_like_the_others() {
                $language.every_call_is_answered_like_the_others().await;
            }
        })*

        /// Those that are tested here.
        const TESTED: &[&InLanguage] = &[$(&$language),*];
    };
}

languages! {
    rust: RUST;
    javascript: JAVASCRIPT;
    python: PYTHON;
    c: C;
    go: GO;
    zig: ZIG;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn example_in_typescript_acts_like_the_others() {
    TYPESCRIPT.example_acts_like_the_others().await;
}

/// The robot in JavaScript as a script, which is the body of its function.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_of_a_script_is_answered_like_the_others() {
    let robot = std::fs::read_to_string(root().join("tests/languages/javascript/robot.js")).unwrap();
    let (_, robot) = robot.split_once("from 'signalbox';").unwrap();
    let (helpers, robot) = robot.split_once("export function run(invocation) {").unwrap();
    let script = format!("{helpers}{}", robot.trim_end().strip_suffix('}').unwrap());
    let company = conformance::company_with_scripts().await;
    let journal = std::fs::read_to_string(conformance::journal_file()).unwrap();
    let told = company.journal_of(&script).await;
    let told = told.replace("robot:script", "robot:caller");
    assert_eq!(without_chance(&told), without_chance(&journal));
    company.stop().await;
}

/// A journal without calls of `random`: the engine of scripts draws numbers for itself.
fn without_chance(journal: &str) -> String {
    let mut lines = journal.lines();
    let mut kept = String::new();
    while let Some(line) = lines.next() {
        match line.starts_with("random.") {
            true => _ = lines.next(),
            false => kept += &format!("{line}\n"),
        }
    }
    kept
}

#[test]
fn every_language_has_an_example_with_the_same_manifest_and_a_test() {
    let folders: Vec<&str> = TESTED.iter().map(|language| language.folder).collect();
    assert_eq!(folders, Language::ALL.map(Language::key));
    let manifest = |folder: &str| {
        let path = root().join("examples/robots").join(folder).join("robot.toml");
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    for folder in folders.into_iter().chain([TYPESCRIPT.folder]) {
        assert_eq!(manifest(folder), manifest("rust"), "{folder}");
    }
}
