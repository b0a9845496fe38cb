//! Commands that need no host.

use std::io::Read;
use std::process::Stdio;

use signalbox::bundled::BUNDLED;
use signalbox_build::embed_manifest;
use signalbox_tests::robots::{HOSTILE, HOSTILE_BARE};

use crate::contract;
use crate::hostile::inspection::manifest_of;

use super::program::{Ended, command, run};

/// Every command and what its data is called; an empty name where it has none of its own.
const COMMANDS: &[&str] = &[
    "",
    "serve",
    "demo",
    "dev",
    "doctor",
    "new",
    "robot",
    "robot build",
    "robot test",
    "robot run",
    "robot bench",
    "robot inspect",
    "robot install",
    "robot list",
    "robot update",
    "robot key",
    "robot sign",
    "robot verify",
    "robot resume",
    "attach",
    "attachment",
    "attachment list",
    "attachment remove",
    "dry-run",
    "explain",
    "run",
    "run list",
    "run show",
    "run retry",
    "run save",
    "replay",
    "item",
    "item create",
    "item move",
    "item list",
    "pipeline",
    "pipeline create",
    "pipeline list",
    "token",
    "token create",
    "db",
    "db check",
    "db backup",
    "audit",
    "bench",
    "bench compare",
    "bench timers",
    "import",
    "import xes",
    "rehearse",
    "config show",
    "openapi",
    "wit",
    "completions",
    "man",
];

#[test]
fn help_of_every_command_has_examples() {
    let folder = tempfile::tempdir().unwrap();
    for name in COMMANDS {
        let mut args: Vec<&str> = name.split_whitespace().collect();
        args.push("--help");
        let ended = run(folder.path(), &args).with_code(0);
        let example = format!("Examples:\n  signalbox {name}");
        assert!(
            ended.out.contains(example.trim_end()) && ended.err.is_empty(),
            "{name}: {ended:?}"
        );
    }
    let help = run(folder.path(), &["--help"]).out;
    assert!(help.contains("8 the robot trapped or hit a limit"), "{help}");
}

#[test]
fn wrong_arguments_end_with_code_2() {
    let folder = tempfile::tempdir().unwrap();
    for args in [
        &[][..],
        &["nope"],
        &["run"],
        &["run", "list", "--nope"],
        &["attach", "--robot", "notify"],
        &["attach", "--robot", "notify", "--stage", "a/b", "--manual"],
        &["attach", "--robot", "notify", "--manual", "--delay", "4"],
        &["attach", "--robot", "notify", "--schedule", "0 9 * * *"],
        &["run", "list", "--url", "ftp://example.com"],
        &["run", "list", "--limit", "many"],
    ] {
        let ended = run(folder.path(), args).with_code(2);
        assert!(
            ended.out.is_empty() && !ended.err.is_empty(),
            "{args:?}: {ended:?}"
        );
    }
}

#[test]
fn robot_is_inspected_without_a_host() {
    let folder = tempfile::tempdir().unwrap();
    let (_, component) = BUNDLED.iter().find(|(id, _)| *id == "notify").unwrap();
    std::fs::write(folder.path().join("notify.wasm"), component).unwrap();
    let ended = run(folder.path(), &["robot", "inspect", "notify.wasm", "--json"]).with_code(0);
    let inspection = &ended.json("signalbox.robot.inspect/1")["inspection"];
    assert_eq!(inspection["manifest"]["id"], "notify");
    assert_eq!(inspection["bytes"], component.len());
    let sections = ended.json("signalbox.robot.inspect/1")["sections"].clone();
    let bytes = sections
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["bytes"].as_u64().unwrap());
    assert_eq!(bytes.sum::<u64>(), component.len() as u64);
    let text = run(folder.path(), &["robot", "inspect", "notify.wasm"])
        .with_code(0)
        .out;
    for words in [
        inspection["digest"].as_str().unwrap(),
        "To send the notification.",
        inspection["manifest"]["permission"][0]["reason"]["ru"]
            .as_str()
            .unwrap(),
        "signalbox:robot/notifications@0.9.1  send",
        "to     users   [\"role:assignee\"]  To",
        "stage-entered, schedule, message-received, manual, event",
        "custom signalbox:manifest",
        "\nExports\n",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn wish_that_hosts_do_not_grant_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let wishes = serde_json::json!({"fuel": 900_000_000, "writes": 5});
    let manifest = manifest_of(HOSTILE, |json| json["limits"] = wishes);
    std::fs::write(
        folder.path().join("a.wasm"),
        embed_manifest(HOSTILE_BARE, &manifest),
    )
    .unwrap();
    let text = run(folder.path(), &["robot", "inspect", "a.wasm"])
        .with_code(0)
        .out;
    let told = "limits    fuel 900000000, writes 5\n          \
        `fuel` is 900000000, but hosts allow 200000000: it has no effect\n";
    assert!(text.contains(told), "{text}");
}

#[test]
fn robot_is_signed_and_a_change_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| run(folder.path(), args);
    let (_, component) = BUNDLED.iter().find(|(id, _)| *id == "notify").unwrap();
    std::fs::write(folder.path().join("notify.wasm"), component).unwrap();
    let made = run(&["robot", "key", "acme", "--no-password", "--json"]).with_code(0);
    let made = made.json("signalbox.robot.key/1");
    run(&["robot", "key", "acme", "--no-password"]).refused(6, "`acme.key`");
    let verify = ["robot", "verify", "notify.wasm", "--key", "acme.pub"];
    run(&verify).refused(4, "`notify.wasm.minisig`");
    let sign = ["robot", "sign", "notify.wasm", "--key"];
    run(&[&sign[..], &["acme.key"]].concat()).with_code(0);
    for key in ["acme.pub", made["public_key"].as_str().unwrap()] {
        let verify = ["robot", "verify", "notify.wasm", "--key", key, "--json"];
        let verified = run(&verify).with_code(0).json("signalbox.robot.verify/1");
        assert_eq!(verified["key"], made["key"]);
        let comment = verified["comment"].as_str().unwrap();
        assert!(comment.starts_with("notify@0.1.0 sha256:"), "{comment}");
    }
    let seen = run(&["robot", "inspect", "notify.wasm", "--json"]).with_code(0);
    assert_eq!(seen.json("signalbox.robot.inspect/1")["signature"], made["key"]);
    run(&["robot", "key", "other", "--no-password"]).with_code(0);
    run(&["robot", "verify", "notify.wasm", "--key", "other.pub"]).refused(1, "not among those");
    run(&["robot", "verify", "notify.wasm", "--key", "acme.key"]).refused(1, "public key");
    run(&["robot", "verify", "notify.wasm", "--key", "nobody"]).refused(2, "`nobody`");
    run(&[&sign[..], &["acme.pub"]].concat()).refused(1, "`acme.pub`");
    let changed = [component, &[0, 2, 1, b'x'][..]].concat();
    std::fs::write(folder.path().join("notify.wasm"), changed).unwrap();
    run(&verify).refused(1, "does not fit");
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let answer = run(folder.path(), &["man", "man1", "--json"])
        .with_code(0)
        .json("signalbox.man/1");
    let files = answer["files"].as_array().unwrap();
    for name in COMMANDS {
        let words: Vec<&str> = ["signalbox"].into_iter().chain(name.split_whitespace()).collect();
        let file = format!("man1/{}.1", words.join("-"));
        assert!(files.contains(&file.as_str().into()), "{file}: {answer}");
        let page = std::fs::read_to_string(folder.path().join(&file)).unwrap();
        assert!(page.starts_with(".ie") && page.contains("Examples:"), "{page}");
    }
    let printed = run(folder.path(), &["man"]).with_code(0).out;
    assert_eq!(
        printed,
        std::fs::read_to_string(folder.path().join("man1/signalbox.1")).unwrap()
    );
}

#[test]
fn file_that_is_no_robot_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), "hello").unwrap();
    run(folder.path(), &["robot", "inspect", "a.txt"])
        .refused(1, "`a.txt` is not a robot: this is not WebAssembly");
    run(folder.path(), &["robot", "install", "a.txt"]).refused(1, "`a.txt` is not a robot");
    run(folder.path(), &["robot", "inspect", "b.wasm"]).refused(4, "there is no file `b.wasm`");
    run(folder.path(), &["robot", "inspect", "."])
        .refused(1, "`.` is a folder; `signalbox robot build .` makes");
    let large = std::fs::File::create(folder.path().join("large.wasm")).unwrap();
    large.set_len(100 << 20).unwrap();
    for door in [
        &["robot", "inspect"][..],
        &["robot", "test"],
        &["robot", "install"],
        &["dev"],
    ] {
        let args = [door, &["large.wasm"]].concat();
        run(folder.path(), &args).refused(
            1,
            "`large.wasm` has 104857600 bytes, a robot has at most 50331648",
        );
    }
}

#[test]
fn configuration_tells_where_each_value_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("signalbox.toml"),
        "# ours\nworkers = 8\nreaders = 2\n",
    )
    .unwrap();
    let mut command = command(folder.path());
    command
        .args(["config", "show", "--origin"])
        .env("SIGNALBOX_READERS", "3");
    let text = String::from_utf8(command.output().unwrap().stdout).unwrap();
    for line in [
        "listen                       127.0.0.1:8700       default",
        "readers                      3                    SIGNALBOX_READERS",
        "workers                      8                    signalbox.toml:2",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn wrong_configuration_ends_with_code_3_and_names_file_line_and_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signalbox.toml");
    for (text, words) in [
        (
            "\nlisten_on = \"x\"",
            "signalbox.toml:2: there is no setting `listen_on`; known are listen,",
        ),
        (
            "workers = 0",
            "signalbox.toml:1: `workers` is `0`: use a whole number from 1 to 1000",
        ),
        ("workers =", "signalbox.toml:1: "),
        (
            "zone = \"Moscow\"",
            "`Moscow` is not the IANA name of a time zone",
        ),
    ] {
        std::fs::write(&path, text).unwrap();
        run(folder.path(), &["serve"]).refused(3, words);
        run(folder.path(), &["config", "show"]).refused(3, words);
    }
    run(folder.path(), &["serve", "--config", "none.toml"])
        .refused(3, "cannot read the configuration `none.toml`");
    let ended = run(folder.path(), &["config", "show", "--json"]).with_code(3);
    let error: serde_json::Value = serde_json::from_str(&ended.err).unwrap();
    assert_eq!(
        (&error["schema"], &error["exit"]),
        (&"signalbox.error/1".into(), &3.into())
    );
}

#[test]
fn example_configuration_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let example = run(folder.path(), &["config", "example"]).with_code(0).out;
    std::fs::write(folder.path().join("signalbox.toml"), &example).unwrap();
    let shown = run(folder.path(), &["config", "show", "--json"]).with_code(0);
    assert_eq!(
        shown.json("signalbox.config.show/1")["settings"]
            .as_array()
            .unwrap()
            .len(),
        21
    );
}

#[test]
fn documents_are_printed_whole() {
    let folder = tempfile::tempdir().unwrap();
    let wit = run(folder.path(), &["wit"]).with_code(0).out;
    contract::assert_is_whole(&wit);
    run(folder.path(), &["wit", "--json"])
        .with_code(0)
        .json("signalbox.wit/1");
    let document = run(folder.path(), &["openapi"]).with_code(0).out;
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert!(document["paths"]["/api/v1/runs/{id}"]["get"].is_object());
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            run(folder.path(), &["completions", shell])
                .with_code(0)
                .out
                .contains("signalbox"),
            "{shell}"
        );
    }
}

#[test]
fn reader_that_goes_away_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = command(folder.path())
        .arg("openapi")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0];
    process.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = process.wait_with_output().unwrap();
    assert_eq!(
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap().as_str()
        ),
        (Some(0), "")
    );
}

#[test]
fn database_is_made_checked_and_copied() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["db", "check"]).refused(3, "`signalbox.db`");
    run(folder.path(), &["db", "migrate"]).with_code(0);
    let checked = run(folder.path(), &["db", "check", "--full", "--json"]).with_code(0);
    assert_eq!(
        checked.json("signalbox.db.check/1")["problems"],
        serde_json::json!([])
    );
    run(folder.path(), &["db", "backup", "copy.db"]).with_code(0);
    run(folder.path(), &["db", "check", "--database", "sqlite:copy.db"]).with_code(0);
    run(folder.path(), &["db", "backup", "copy.db"]).refused(6, "`copy.db` exists");
    run(
        folder.path(),
        &["db", "backup", "b.db", "--database", "sqlite:none.db"],
    )
    .refused(3, "there is no such file");
    std::fs::write(folder.path().join("junk.db"), "not a database").unwrap();
    run(folder.path(), &["db", "check", "--database", "sqlite:junk.db"])
        .refused(3, "is not a Signalbox database");
    run(
        folder.path(),
        &["db", "backup", "b.db", "--database", "sqlite:junk.db"],
    )
    .refused(3, "not a Signalbox database");
    assert!(!folder.path().join("b.db").exists());
}

#[test]
fn doctor_says_what_is_missing_and_how_it_is_installed() {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("robots/node_modules/.bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::create_dir(folder.path().join("robots/greet")).unwrap();
    let doctor = |args: &[&str]| -> Ended {
        let mut command = command(folder.path());
        command.args(["doctor", "robots/greet"]).args(args);
        command.env("PATH", "/bin").output().unwrap().into()
    };
    let ended = doctor(&["--lang", "javascript"]).with_code(4);
    for words in [
        "missing",
        "run `npm install --save-dev componentize-qjs@",
        "not yet in JavaScript",
    ] {
        assert!(ended.out.contains(words), "{words}: {ended:?}");
    }
    // A tool beside or above the robot is found, and asked for its version.
    let tool = bin.join("componentize-qjs");
    std::fs::write(&tool, "#!/bin/sh\n[ \"$1\" = --version ] && echo 'qjs 9.9'\n").unwrap();
    std::fs::set_permissions(&tool, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let answer = doctor(&["--lang", "javascript", "--json"])
        .with_code(0)
        .json("signalbox.doctor/1");
    let language = &answer["languages"][0];
    assert_eq!(
        (&language["is_complete"], &language["tools"][0]["version"]),
        (&true.into(), &"qjs 9.9".into())
    );
    assert!(
        answer["checks"]
            .as_array()
            .unwrap()
            .iter()
            .all(|check| check["is_ok"] == true),
        "{answer}"
    );
    // A relative path does not end the search.
    let mut inside = command(&folder.path().join("robots/greet"));
    inside
        .args(["doctor", "--lang", "javascript"])
        .env("PATH", "/bin");
    Ended::from(inside.output().unwrap()).with_code(0);
    // Nobody asked for the other languages.
    let all = doctor(&["--json"]).with_code(0).json("signalbox.doctor/1");
    assert!(all["languages"].as_array().unwrap().len() > 1);
    std::fs::write(folder.path().join("signalbox.toml"), "workers = 0\n").unwrap();
    assert!(doctor(&[]).with_code(1).out.contains("FAILED  configuration"));
    doctor(&["--lang", "cobol"]).with_code(2);
}

#[test]
fn doctor_wants_for_typescript_what_javascript_may_lack() {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("node_modules/.bin");
    std::fs::create_dir_all(&bin).unwrap();
    let tool = bin.join("componentize-qjs");
    std::fs::write(&tool, "#!/bin/sh\n").unwrap();
    std::fs::set_permissions(&tool, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let doctor = |lang: &str| -> Ended {
        let mut command = command(folder.path());
        command.args(["doctor", "--lang", lang]).env("PATH", "/bin");
        command.output().unwrap().into()
    };
    doctor("javascript").with_code(0);
    let ended = doctor("typescript").with_code(4);
    for words in ["not yet in TypeScript", "npm install --save-dev esbuild@"] {
        assert!(ended.out.contains(words), "{words}: {ended:?}");
    }
}

#[test]
fn help_is_a_word_too() {
    let folder = tempfile::tempdir().unwrap();
    let said = |args: &[&str]| run(folder.path(), args).with_code(0).out;
    assert_eq!(said(&["help"]), said(&["--help"]));
    assert_eq!(
        said(&["help", "robot", "build"]),
        said(&["robot", "build", "--help"])
    );
    run(folder.path(), &["help", "nothing"]).with_code(2);
}

#[test]
fn file_that_is_not_there_is_refused_with_what_makes_it() {
    let folder = tempfile::tempdir().unwrap();
    let words = "there is no file `greet.wasm`; `signalbox robot build` makes a robot's file";
    run(folder.path(), &["robot", "install", "greet.wasm"]).refused(4, words);
}
