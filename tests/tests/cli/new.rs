//! `signalbox new`: each template builds, and passes its own scenario.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::program::{Ended, command, run};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn languages() -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let answer = run(folder.path(), &["new", "--list", "--json"])
        .with_code(0)
        .json("signalbox.new.list/1");
    let listed = answer["languages"].as_array().unwrap().iter();
    listed
        .map(|language| language["language"].as_str().unwrap().to_owned())
        .collect()
}

/// What is installed for the example of the language serves the new robot, too.
fn lend_tools(language: &str, robot: &Path) {
    let root = root();
    let example = root.join("examples/robots").join(language);
    for tools in ["node_modules", ".venv"] {
        let above = example.ancestors().take_while(|folder| folder.starts_with(&root));
        if let Some(lent) = above.map(|folder| folder.join(tools)).find(|lent| lent.is_dir()) {
            std::os::unix::fs::symlink(lent, robot.join(tools)).unwrap();
        }
    }
    if language == "rust" {
        // The versions that are there already; cargo must not ask anybody.
        std::fs::copy(root.join("Cargo.lock"), robot.join("Cargo.lock")).unwrap();
    }
}

#[test]
fn every_template_builds_and_passes_its_scenario() {
    let languages = languages();
    assert!(languages.len() >= 3, "{languages:?}");
    for language in &languages {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path(), &["new", "my robots/greet-all", "--lang", language]).with_code(0);
        let robot = folder.path().join("my robots/greet-all");
        lend_tools(language, &robot);
        let mut test = command(&robot);
        test.args(["robot", "test", "--json"])
            .env("CARGO_NET_OFFLINE", "true")
            .env("CARGO_TARGET_DIR", root().join("target/new"));
        let ended = Ended::from(test.output().unwrap());
        if ended.code == 4 && std::env::var_os("CI").is_none() {
            eprintln!("skipped: {}", ended.err);
            continue;
        }
        let answer = ended.with_code(0).json("signalbox.robot.test/1");
        assert_eq!(answer["robot"], "greet-all@0.1.0", "{language}");
        assert_eq!(answer["scenarios"][0]["outcome"], "same", "{language}: {answer}");
    }
}

#[test]
fn new_robot_is_named_after_its_folder_and_says_what_comes_next() {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(folder.path(), &["new", "greet", "--lang", "js", "--json"]).with_code(0);
    let answer = ended.json("signalbox.new/1");
    assert_eq!(
        (&answer["id"], &answer["language"]),
        (&"greet".into(), &"javascript".into())
    );
    let next: Vec<&Value> = answer["next"].as_array().unwrap().iter().collect();
    assert_eq!(
        next,
        [
            "cd greet",
            "npm install",
            "signalbox robot test",
            "signalbox robot build"
        ]
    );
    for file in answer["files"].as_array().unwrap() {
        let text = std::fs::read_to_string(folder.path().join("greet").join(file.as_str().unwrap())).unwrap();
        assert!(!text.contains("large-deal"), "{file}: {text}");
    }
    // In the present folder, which is empty.
    std::fs::create_dir(folder.path().join("here")).unwrap();
    let ended = run(&folder.path().join("here"), &["new", ".", "--lang", "rust"]).with_code(0);
    assert!(ended.out.contains("next:\n  signalbox robot test\n"), "{ended:?}");
    let manifest = std::fs::read_to_string(folder.path().join("here/Cargo.toml")).unwrap();
    assert!(
        manifest.contains("name = \"here\"") && manifest.contains("\".signalbox/sdk\""),
        "{manifest}"
    );
    assert!(folder.path().join("here/.signalbox/sdk/src/lib.rs").is_file());
}

#[test]
fn nothing_of_somebodys_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    let used = folder.path().join("used");
    std::fs::create_dir(&used).unwrap();
    std::fs::write(used.join("notes"), "mine").unwrap();
    run(folder.path(), &["new", "used", "--lang", "rust"]).refused(
        6,
        "`used` has something in it: name a new folder, or an empty one",
    );
    assert_eq!(std::fs::read_dir(&used).unwrap().count(), 1);
    run(folder.path(), &["new", "used/notes", "--lang", "rust"]).refused(1, "cannot use `used/notes`");
    for name in ["Greet", "1st", "a--b", "-a", "a-", "a b", "a_b", "", "/"] {
        let ended = run(folder.path(), &["new", "--lang", "rust", "--", name]);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{name}: {ended:?}");
    }
    for args in [
        &["new"][..],
        &["new", "a"],
        &["new", "a", "--lang", "cobol"],
        &["new", "--lang", "rust"],
    ] {
        run(folder.path(), args).with_code(2);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
