//! `serve`: its first start, its end, and what keeps it from starting.

use super::host::Host;
use super::program::run;
use super::sales::{final_run, sales, win};

#[test]
fn token_is_printed_once_and_survives_a_restart() {
    let host = Host::start();
    let token = host.token.clone().expect("the first start prints a token");
    assert!(token.starts_with("sbx_") && token.len() == 47, "{token}");
    host.cli(&["run", "list"]).with_code(0);
    let (code, folder) = host.end("-TERM");
    assert_eq!(code, Some(0));
    let again = Host::start_in(folder);
    assert_eq!(again.token, None);
    again.cli_as(&token, &["run", "list"]).with_code(0);
    let (code, folder) = again.end("-INT");
    assert_eq!(code, Some(0));
    let recovered = Host::start_with(folder, &["--new-admin-token"]);
    assert!(recovered.token.as_ref().is_some_and(|new| *new != token));
    recovered.cli(&["token", "list"]).with_code(0);
}

#[test]
fn port_or_database_of_another_process_is_a_conflict() {
    let host = Host::start();
    let other = tempfile::tempdir().unwrap();
    run(
        other.path(),
        &["serve", "--log", "error", "--listen", host.address()],
    )
    .refused(6, "another process uses the port");
    assert_eq!(
        std::fs::read_dir(other.path()).unwrap().count(),
        0,
        "no database is left behind"
    );
    let args = ["serve", "--log", "error", "--listen", "127.0.0.1:0"];
    run(host.folder(), &args).refused(6, "another process has `signalbox.db` open");
    run(host.folder(), &["db", "check"]).refused(6, "another process has `signalbox.db` open");
}

#[test]
fn database_is_copied_while_the_host_runs() {
    let host = Host::start();
    host.cli(&["db", "backup", "copy.db"]).with_code(0);
    let checked = host
        .cli(&["db", "check", "--full", "--database", "sqlite:copy.db", "--json"])
        .with_code(0);
    assert_eq!(
        checked.json("signalbox.db.check/1")["problems"],
        serde_json::json!([])
    );
    let tokens = host.cli(&["token", "list"]).with_code(0).out;
    let (_, folder) = host.end("-TERM");
    std::fs::rename(folder.path().join("copy.db"), folder.path().join("signalbox.db")).unwrap();
    std::fs::remove_file(folder.path().join("signalbox.db-wal")).ok();
    let restored = Host::start_in(folder);
    assert_eq!(restored.token, None, "the copy has the first administrator");
    assert!(tokens.contains("token:1"), "{tokens}");
}

#[test]
fn place_that_cannot_be_a_database_is_a_configuration_error() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("junk.db"), "not a database").unwrap();
    for (database, words) in [
        ("sqlite:no/such/folder/x.db", "its folder does not exist"),
        ("sqlite:junk.db", "`junk.db` is not a Signalbox database"),
        ("mysql://x", "use `sqlite:PATH` or `postgres://HOST/NAME`"),
    ] {
        run(
            folder.path(),
            &["serve", "--listen", "127.0.0.1:0", "--database", database],
        )
        .refused(3, words);
    }
}

#[test]
fn database_without_room_says_so() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("signalbox.toml"),
        "database_bytes_max = 65536\n",
    )
    .unwrap();
    run(folder.path(), &["serve", "--listen", "127.0.0.1:0"]).refused(1, "no room is left for the database");
}

#[test]
fn host_that_is_not_there_is_code_10() {
    let folder = tempfile::tempdir().unwrap();
    // Port 1 is reserved (tcpmux) and nothing listens there.
    for args in [
        &["run", "list"][..],
        &["robot", "list"],
        &["token", "list"],
        &["attach", "--robot", "x", "--manual"],
    ] {
        let args = [args, &["--url", "http://127.0.0.1:1"]].concat();
        run(folder.path(), &args).refused(10, "no host answers at http://127.0.0.1:1/: ");
    }
}

#[test]
fn database_is_audited_while_the_host_runs_and_after() {
    let host = Host::start();
    sales(&host);
    let attach = [
        "attach",
        "--robot",
        "notify",
        "--stage",
        "sales/won",
        "--param",
        "to=anna@example.com",
    ];
    host.cli(&[&attach[..], &["--param", "title=Won"]].concat())
        .with_code(0);
    final_run(&host, &win(&host));
    let audit = |exit: i32| {
        let ended = host.cli(&["audit", "--json"]).with_code(exit);
        ended.json("signalbox.audit/1")
    };
    let live = audit(0);
    let runs = live["audit"]
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["name"] == "run-once");
    assert!(runs.unwrap()["checked"].as_u64().unwrap() > 0, "{live:#}");
    host.cli(&["db", "check"]).refused(6, "another process");
    let text = host.cli(&["audit"]).with_code(0).out;
    assert!(text.ends_with("0 broken\n"), "{text}");
    host.cli(&["audit", "--database", "sqlite:missing.db"])
        .refused(3, "missing.db");
    std::fs::write(
        host.folder().join("other.db"),
        "not a database, but long enough to be taken for one",
    )
    .unwrap();
    host.cli(&["audit", "--database", "sqlite:other.db"])
        .refused(3, "other.db");
}
