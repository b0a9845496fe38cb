//! Starts the built program.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;

/// The built program, brought up to date once.
pub(crate) fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let this = std::env::current_exe().expect("a test knows where it is");
        let folder = this
            .parent()
            .and_then(Path::parent)
            .expect("tests lie in `deps`, beside the program");
        build(folder.ends_with("release"));
        let binary = folder.join("signalbox");
        assert!(
            binary.exists(),
            "`{}` is missing; run `cargo build -p signalbox`",
            binary.display()
        );
        binary
    })
}

/// Cargo builds the library of `signalbox` for these tests, and not its program.
fn build(is_release: bool) {
    let Some(cargo) = std::env::var_os("CARGO") else {
        return;
    };
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "-p", "signalbox", "--bin", "signalbox"]);
    if is_release {
        command.arg("--release");
    }
    command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    // What cargo tells a test about its package makes the build script of `ring` run again, here and then outside.
    for (name, _) in std::env::vars() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "OUT_DIR"]
            .iter()
            .any(|known| name.starts_with(known))
        {
            command.env_remove(name);
        }
    }
    assert!(
        command.status().expect("cargo starts").success(),
        "the program does not build"
    );
}

/// A command that knows nothing of this machine: no variables of ours, a folder of its own.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(binary());
    command.current_dir(folder);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SIGNALBOX_")) {
        command.env_remove(name);
    }
    command.env("NO_COLOR", "1");
    command
}

/// What a program left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// Stdout as JSON, of this schema.
    #[track_caller]
    pub(crate) fn json(&self, schema: &str) -> Value {
        let value: Value =
            serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        assert_eq!(value["schema"], schema, "{self:?}");
        value
    }

    /// Ended with this code.
    #[track_caller]
    pub(crate) fn with_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    /// Ended with this code, said nothing on stdout and these words on stderr, in one line.
    #[track_caller]
    pub(crate) fn refused(self, code: i32, words: &str) {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!(self.out, "", "{self:?}");
        assert!(
            self.err.contains(words) && self.err.lines().count() == 1,
            "{words}: {self:?}"
        );
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Ended {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            err: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
        }
    }
}

/// Runs to the end.
pub(crate) fn run(folder: &Path, args: &[&str]) -> Ended {
    command(folder)
        .args(args)
        .output()
        .expect("the program starts")
        .into()
}
