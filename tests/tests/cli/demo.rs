//! `demo`: the play as a program, and what it refuses.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::program::{command, run};

/// What a visitor must see of each robot: what it is called, how it ended, and why.
const SEEN: [&str; 14] = [
    "Telegram  NOT the real one",
    "reassign        done       «Раздать заявки по очереди»",
    "did     deal:1 assignee: Анна Петрова (even, 2 in the list)",
    "auto-reply      done       «Ответить на первое сообщение»",
    "client sees  Иван's phone: «Здравствуйте, Иван Кузнецов! Заявку получили, скоро ответим.»",
    "create-activity waits      «Позвонить, если заявка ещё новая»",
    "the contact is reached by telegram:5001, +79161234567",
    "says    not the first message of the conversation",
    "create-activity cancelled  «Позвонить, если заявка ещё новая»",
    "reason  left-stage",
    "did     notified Ольга Смирнова: Клиент молчит: Мария Соколова",
    "move-stage      done       «После звонка взять в работу»",
    "422 required-fields",
    "16 runs by six robots; each one is told above, and nothing else happened.",
];

#[test]
fn demo_plays_to_its_end_and_tells_what_every_robot_did() {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(folder.path(), &["demo", "--once", "--data", "kept"]).with_code(0);
    for seen in SEEN {
        assert!(ended.out.contains(seen), "no `{seen}` in:\n{}", ended.out);
    }
    assert!(
        !ended.out.contains('\u{1b}'),
        "no colour where nobody looks: {}",
        ended.out
    );
    assert_eq!(ended.err, "");
    // What it left is a database like any other, and it never plays into one.
    run(
        folder.path(),
        &["db", "check", "--full", "--database", "sqlite:kept/signalbox.db"],
    )
    .with_code(0);
    run(folder.path(), &["demo", "--once", "--data", "kept"]).refused(6, "`kept/signalbox.db` is not empty");
}

#[test]
fn demo_goes_on_serving_and_ends_cleanly_when_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = command(folder.path())
        .args(["demo", "--json", "--port", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let said: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(said["schema"], "signalbox.demo/1");
    assert_eq!(said["runs"].as_array().unwrap().len(), 16);
    let (url, token) = (said["url"].as_str().unwrap(), said["token"].as_str().unwrap());
    let listed = command(folder.path())
        .args(["run", "list", "--url", url, "--token", token])
        .output()
        .unwrap();
    assert!(listed.status.success(), "{listed:?}");
    let address = url.strip_prefix("http://").unwrap();
    run(
        folder.path(),
        &["demo", "--port", address.split(':').nth(1).unwrap()],
    )
    .refused(6, "another process uses the port");
    let ended = Command::new("kill")
        .args(["-INT", &process.id().to_string()])
        .status()
        .unwrap();
    assert!(ended.success());
    assert_eq!(process.wait().unwrap().code(), Some(0));
}
