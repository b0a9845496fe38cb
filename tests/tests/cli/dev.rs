//! `signalbox dev` and `signalbox robot test --watch`: what follows from a changed file.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;
use signalbox_tests::robots::WARN_LARGE_DEAL_BARE;

use super::program::{command, run};

/// A robot's folder with a tool that is quick: the component is there already, and the manifest is the robot's own.
fn robot(folder: &Path) {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = std::fs::read_to_string(tests.join("robots/warn-large-deal/robot.toml")).unwrap();
    std::fs::write(folder.join("robot.toml"), manifest).unwrap();
    std::fs::write(folder.join("robot.js"), "").unwrap();
    std::fs::write(folder.join("bare.wasm"), WARN_LARGE_DEAL_BARE).unwrap();
    let bin = folder.join("node_modules/.bin");
    std::fs::create_dir_all(&bin).unwrap();
    let tool = bin.join("componentize-qjs");
    let bare = folder.join("bare.wasm");
    let script = format!(
        "#!/bin/sh\nwhile [ $# -gt 1 ]; do [ \"$1\" = --output ] && cp '{}' \"$2\"; shift; done\nexit 0\n",
        bare.display()
    );
    std::fs::write(&tool, script).unwrap();
    std::fs::set_permissions(&tool, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let scenario = folder.join("tests/sdk");
    std::fs::create_dir_all(&scenario).unwrap();
    for file in ["given.toml", "steps.txt", "expected.txt"] {
        let from = tests.join("scenarios/the_robot_of_the_sdk").join(file);
        std::fs::copy(from, scenario.join(file)).unwrap();
    }
}

/// Puts one text in the place of another.
fn edit(path: &Path, old: &str, new: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(old), "{text}");
    std::fs::write(path, text.replacen(old, new, 1)).unwrap();
}

/// A program that goes on, and what it says.
struct Running {
    process: Child,
    out: BufReader<ChildStdout>,
}

impl Running {
    fn start(folder: &Path, args: &[&str]) -> Running {
        let mut process = command(folder)
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(process.stdout.take().unwrap());
        Running { process, out }
    }

    /// The next line as JSON, of this schema.
    fn line(&mut self, schema: &str) -> Value {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        let value: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: `{line}`"));
        assert_eq!(value["schema"], schema, "{value}");
        value
    }

    /// What it says until this text has come.
    fn until(&mut self, text: &str) -> String {
        let mut said = String::new();
        while !said.contains(text) {
            assert_ne!(
                self.out.read_line(&mut said).unwrap(),
                0,
                "no `{text}` in:\n{said}"
            );
        }
        said
    }

    /// Interrupts it, and answers how it ended.
    fn end(mut self) -> i32 {
        let killed = Command::new("kill")
            .args(["-INT", &self.process.id().to_string()])
            .status();
        assert!(killed.unwrap().success());
        self.process.wait().unwrap().code().unwrap()
    }
}

/// Makes a deal through the API.
fn deal(url: &str, token: &str, amount: &str) {
    let body = format!(
        r#"{{"pipeline": "pipeline:1", "title": "t", "assignee": "employee:2", "amount": "{amount} RUB"}}"#
    );
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "POST /api/v1/items HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}

#[test]
fn dev_exchanges_the_robot_when_a_file_changes_and_shows_runs() {
    let folder = tempfile::tempdir().unwrap();
    robot(folder.path());
    let manifest = folder.path().join("robot.toml");
    let mut dev = Running::start(folder.path(), &["dev", "--json", "--port", "0"]);
    assert_eq!(
        dev.line("signalbox.dev.build/1")["robot"],
        "warn-large-deal@0.1.0"
    );
    let ready = dev.line("signalbox.dev.ready/1");
    let (url, token) = (ready["url"].as_str().unwrap(), ready["token"].as_str().unwrap());
    deal(url, token, "900000.00");
    let shown = dev.line("signalbox.dev.run/1");
    assert_eq!(
        shown["attempts"][0]["verdict"]["summary"], "somebody knows now",
        "{shown}"
    );
    // A mistake leaves the robot that works.
    edit(&manifest, "group = ", "grup = ");
    let failed = dev.line("signalbox.dev.build/1");
    assert!(
        failed["is_built"] == false && failed["message"].as_str().unwrap().contains("grup"),
        "{failed}"
    );
    edit(&manifest, "grup = ", "group = ");
    edit(&manifest, "version = \"0.1.0\"", "version = \"0.2.0\"");
    assert_eq!(
        dev.line("signalbox.dev.build/1")["robot"],
        "warn-large-deal@0.2.0"
    );
    deal(url, token, "900000.00");
    assert_eq!(
        dev.line("signalbox.dev.run/1")["attempts"][0]["robot"],
        "warn-large-deal@0.2.0"
    );
    assert_eq!(dev.end(), 0);
}

#[test]
fn dev_says_what_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["dev", "--port", "0"]).refused(4, "`.` has no robot.toml");
    robot(folder.path());
    run(folder.path(), &["dev", "--port", "0", "--setup", "no.toml"]).refused(4, "cannot read `no.toml`");
    std::fs::write(folder.path().join("bad.toml"), "zone = 1").unwrap();
    run(folder.path(), &["dev", "--port", "0", "--setup", "bad.toml"]).refused(1, "`bad.toml`");
}

#[test]
fn watched_scenarios_are_played_again_after_a_change() {
    let folder = tempfile::tempdir().unwrap();
    robot(folder.path());
    let mut test = Running::start(folder.path(), &["robot", "test", "--watch"]);
    test.until("1 passed");
    edit(
        &folder.path().join("tests/sdk/steps.txt"),
        "900000.00",
        "700000.00",
    );
    let said = test.until("1 of 1 failed");
    assert!(said.contains("-2026-03-02T09:00:00Z deal large"), "{said}");
    assert_eq!(test.end(), 0);
}
