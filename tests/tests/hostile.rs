//! Robots that misbehave: each ends with its own verdict, and the next run of a good robot still works.

use std::time::Duration;

use expect_test::{Expect, expect};
use signalbox_build::embed_manifest;
use signalbox_crm::event::Fact;
use signalbox_crm::ids::{AttachmentId, RunId};
use signalbox_crm::run::Verdict;
use signalbox_sandbox::inspect::{COMPONENT_BYTES_MAX, inspect};
use signalbox_sandbox::{
    Invocation, Limits, LoadError, ParamValue, Robot, RunReport, Sandbox, SandboxConfig,
};
use signalbox_tests::{HOSTILE, HOSTILE_BARE};

use desk::{Desk, deal};

mod cache;
mod desk;
mod text;
mod wasi;

/// A sandbox with the robot of `robots/hostile`.
struct Bench {
    sandbox: Sandbox,
    hostile: Robot,
}

impl Bench {
    async fn new() -> Self {
        let sandbox = Sandbox::new(SandboxConfig::default()).expect("a sandbox");
        let hostile = sandbox.load(HOSTILE.to_vec()).await.expect("a robot");
        Bench { sandbox, hostile }
    }

    async fn run(&self, robot: &Robot, act: &str, limits: Limits) -> RunReport {
        self.run_number(1, robot, act, limits).await
    }

    async fn run_number(&self, number: i64, robot: &Robot, act: &str, limits: Limits) -> RunReport {
        let invocation = Invocation {
            run: RunId(number),
            attachment: AttachmentId(1),
            attempt: 1,
            item: Some(deal(17)),
            cause: Fact::ManualRun {
                attachment: AttachmentId(1),
                by: None,
            },
        };
        let params = vec![("act".to_owned(), ParamValue::Text(act.to_owned()))];
        self.sandbox
            .run(robot, invocation, params, Box::new(Desk::default()), limits)
            .await
    }

    async fn still_works(&self) {
        let report = self.run(&self.hostile, "behave", Limits::default()).await;
        let summary = "behaved".to_owned();
        assert_eq!(report.verdict, Verdict::Done { summary });
    }
}

fn words(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Done { summary } => format!("done: {summary}"),
        Verdict::Skipped { summary } => format!("skipped: {summary}"),
        Verdict::Failed {
            code,
            message,
            retryable,
        } => {
            let again = if *retryable { ", retryable" } else { "" };
            format!("{code}{again}: {message}")
        }
    }
}

/// The act ends with this verdict, and a good run works after it.
async fn check_with(act: &str, limits: Limits, expected: Expect) -> RunReport {
    let bench = Bench::new().await;
    let report = bench.run(&bench.hostile, act, limits).await;
    expected.assert_eq(&words(&report.verdict));
    bench.still_works().await;
    report
}

async fn check(act: &str, expected: Expect) -> RunReport {
    check_with(act, Limits::default(), expected).await
}

/// The component is refused with these words.
#[track_caller]
fn refused(bytes: &[u8], expected: Expect) {
    let error = inspect(bytes).expect_err("no robot");
    expected.assert_eq(&error.to_string());
}

#[tokio::test]
async fn good_run_leaves_a_full_record() {
    let report = check("behave", expect!["done: behaved"]).await;
    let calls = serde_json::to_string_pretty(&masked(&report)).expect("JSON");
    expect![[r#"
        [
          {
            "answer": {
              "ok": {
                "Text": "behave"
              }
            },
            "args": [
              "act"
            ],
            "duration_us": "any",
            "fuel": "any",
            "function": "get",
            "index": 0,
            "interface": "params"
          },
          {
            "answer": {
              "ok": {
                "amount": null,
                "assignee": "employee:3",
                "contact": null,
                "created_at": "2026-03-02T12:00:00Z",
                "id": "deal:17",
                "last_contact_at": null,
                "pipeline": "pipeline:1",
                "source": null,
                "stage": "stage:2",
                "stage_entered_at": "2026-03-02T12:00:00Z",
                "stage_entry": 1,
                "title": "Крыша для дачи",
                "version": 1
              }
            },
            "args": [
              "deal:17"
            ],
            "duration_us": "any",
            "fuel": "any",
            "function": "get",
            "index": 1,
            "interface": "items"
          },
          {
            "answer": {
              "ok": "2026-03-02T12:00:00Z"
            },
            "args": [],
            "duration_us": "any",
            "fuel": "any",
            "function": "now",
            "index": 2,
            "interface": "clock"
          },
          {
            "answer": {
              "ok": [
                "notification:1"
              ]
            },
            "args": [
              {
                "tag": null,
                "text": "Крыша для дачи at 2026-03-02T12:00:00Z",
                "title": "Hello",
                "to": [
                  "role:assignee"
                ]
              }
            ],
            "duration_us": "any",
            "fuel": "any",
            "function": "send",
            "index": 3,
            "interface": "notifications"
          }
        ]"#]]
    .assert_eq(&calls);
    let logs = serde_json::to_string(&report.logs).expect("JSON");
    expect![[r#"[{"level":"info","message":"looking at Крыша для дачи","after_call":2}]"#]].assert_eq(&logs);
    assert!(report.fuel > 1_000 && report.memory_bytes >= 65_536, "{report:?}");
    assert_eq!(report.session.now(), desk::noon());
}

/// The calls without what differs from run to run.
fn masked(report: &RunReport) -> serde_json::Value {
    let mut calls = serde_json::to_value(&report.calls).expect("JSON");
    for call in calls.as_array_mut().expect("an array") {
        for key in ["duration_us", "fuel"] {
            let value = call.get_mut(key).expect("each call has it");
            assert!(value.is_u64());
            *value = "any".into();
        }
    }
    calls
}

#[tokio::test]
async fn same_run_uses_the_same_fuel() {
    let bench = Bench::new().await;
    let first = bench.run(&bench.hostile, "behave", Limits::default()).await;
    let second = bench.run(&bench.hostile, "behave", Limits::default()).await;
    assert_eq!(first.fuel, second.fuel);
    let fuel = |report: &RunReport| report.calls.iter().map(|call| call.fuel).collect::<Vec<_>>();
    assert_eq!(fuel(&first), fuel(&second));
    assert!(fuel(&first).is_sorted() && fuel(&first)[0] > 0);
}

#[tokio::test]
async fn endless_loop_runs_out_of_fuel() {
    check("loop-for-ever", expect!["limit.cpu: the robot used up its fuel"]).await;
}

#[tokio::test]
async fn endless_loop_with_fuel_runs_out_of_time() {
    let limits = Limits {
        fuel_max: u64::MAX,
        cpu_max: Duration::from_millis(30),
        ..Limits::default()
    };
    check_with(
        "loop-for-ever",
        limits,
        expect!["limit.time, retryable: the robot computed for too long"],
    )
    .await;
}

#[tokio::test]
async fn endless_loop_leaves_room_for_others() {
    let bench = Bench::new().await;
    let limits = Limits {
        fuel_max: u64::MAX,
        cpu_max: Duration::from_secs(3_600),
        wall_max: Duration::from_millis(100),
        ..Limits::default()
    };
    // Both share the one thread of this test: the good run must end while the other still loops.
    let looping = bench.run(&bench.hostile, "loop-for-ever", limits);
    let good = bench.run(&bench.hostile, "behave", Limits::default());
    let (looped, behaved) = tokio::join!(looping, good);
    assert_eq!(words(&behaved.verdict), "done: behaved");
    expect!["limit.time, retryable: the run took longer than 100ms"].assert_eq(&words(&looped.verdict));
    assert!(behaved.duration_us < looped.duration_us);
}

#[tokio::test]
async fn memory_bomb_is_stopped_at_its_limit() {
    let report = check(
        "take-memory",
        expect!["limit.memory: the robot asked for 34603008 bytes of memory, 33554432 are allowed"],
    )
    .await;
    assert!(report.memory_bytes <= Limits::default().memory_bytes_max as u64);
}

#[tokio::test]
async fn endless_recursion_is_a_stack_overflow() {
    check(
        "recurse",
        expect!["stack-overflow: the robot's stack overflowed, or it used memory that it does not have"],
    )
    .await;
}

#[tokio::test]
async fn panic_carries_its_message() {
    check(
        "panic",
        expect![[r#"
        panic: panicked at tests/robots/hostile/src/lib.rs:28:20:
        the answer is 42"#]],
    )
    .await;
    check(
        "index",
        expect![[r#"
        panic: panicked at tests/robots/hostile/src/lib.rs:29:39:
        index out of bounds: the len is 3 but the index is 7"#]],
    )
    .await;
}

#[tokio::test]
async fn huge_argument_is_stopped_before_it_is_copied() {
    let report = check(
        "send-much",
        expect!["limit.payload: the robot passed too much data in one call"],
    )
    .await;
    assert_eq!(report.calls.len(), 1, "only the parameter was read");
}

#[tokio::test]
async fn huge_result_is_refused() {
    check(
        "return-much",
        expect!["limit.payload: the robot's result has 102400 bytes of text, 65536 are allowed"],
    )
    .await;
}

#[tokio::test]
async fn journal_that_grows_for_ever_is_stopped() {
    check(
        "fill-the-journal",
        expect!["limit.payload: arguments and answers of all host calls have more than 4194304 bytes"],
    )
    .await;
}

#[tokio::test]
async fn log_beyond_its_limit_is_counted() {
    let report = check("log-much", expect!["done: logged"]).await;
    assert_eq!((report.logs.len(), report.dropped_line_count), (500, 9_500));
    assert_eq!(report.logs[499].message, "line 499");
    assert!(report.dropped_byte_count > 0);
}

#[tokio::test]
async fn call_beyond_the_limit_is_a_refusal() {
    let report = check(
        "ask-too-often",
        expect!["limit.calls: this run has made more than 1000 host calls"],
    )
    .await;
    assert_eq!(report.calls.len(), 1_001);
}

#[tokio::test]
async fn robot_that_ignores_refusals_is_stopped() {
    let report = check(
        "ask-for-ever",
        expect![
            "limit.calls: this run has made more than 1000 host calls; the robot went on after 10 refusals"
        ],
    )
    .await;
    assert_eq!(report.calls.len(), 1_011);
    let report = check("send-for-ever", expect!["limit.notifications: this run has sent 20 notifications already; the robot went on after 10 refusals"]).await;
    let sent = usize::try_from(desk::NOTIFICATIONS_MAX).expect("small");
    assert_eq!(report.calls.len(), 1 + sent + 11);
    check(
        "tell-time-for-ever",
        expect![
            "limit.calls: this run has made more than 1000 host calls; the robot went on after 10 refusals"
        ],
    )
    .await;
}

#[tokio::test]
async fn host_that_fails_ends_the_run_to_be_tried_again() {
    let report = check("break-the-host", expect!["host, retryable: the database is gone"]).await;
    assert_eq!(report.calls[1].answer.get(), "null");
}

#[tokio::test]
async fn host_that_never_answers_ends_the_run_and_gives_the_session_back() {
    let limits = Limits {
        wall_max: Duration::from_millis(50),
        ..Limits::default()
    };
    let report = check_with(
        "wait-for-the-host",
        limits,
        expect!["limit.time, retryable: the run took longer than 50ms"],
    )
    .await;
    assert_eq!(report.session.now(), desk::noon());
}

#[tokio::test]
async fn malformed_id_is_a_refusal_and_no_trap() {
    check("ask-nonsense", expect!["invalid: `nonsensenonsensenonsensenonsensenonsensenonsensenonsensenonsense` is not the id of a lead or a deal, such as `deal:17`"]).await;
}

#[tokio::test]
async fn own_failure_keeps_its_words() {
    check("fail", expect!["no-luck, retryable: not today"]).await;
}

#[tokio::test]
async fn manifest_lowers_the_limits_of_its_robot() {
    let bench = Bench::new().await;
    let manifest = manifest(|json| json["limits"] = serde_json::json!({"host-calls": 2}));
    let modest = bench.sandbox.load(embed_manifest(HOSTILE_BARE, &manifest)).await;
    let report = bench
        .run(&modest.expect("a robot"), "behave", Limits::default())
        .await;
    expect!["limit.calls: this run has made more than 2 host calls"].assert_eq(&words(&report.verdict));
}

#[tokio::test]
async fn table_bomb_and_raw_traps_have_their_codes() {
    let bench = Bench::new().await;
    let table = "(table 1 funcref)";
    for (fields, body, expected) in [
        (
            table,
            "(drop (table.grow (ref.null func) (i32.const 1000000))) i32.const 0",
            expect!["limit.table: the robot asked for 1000001 table elements, 20000 are allowed"],
        ),
        (
            "(table 50000 funcref)",
            "i32.const 0",
            expect!["limit.table: the robot asked for 50000 table elements, 20000 are allowed"],
        ),
        (
            "",
            "unreachable",
            expect!["trap: wasm trap: wasm `unreachable` instruction executed"],
        ),
        (
            "",
            "(i32.div_s (i32.const 1) (i32.const 0))",
            expect!["trap: wasm trap: integer divide by zero"],
        ),
        (
            "",
            "(call 1 (i32.const 0))",
            expect!["stack-overflow: the robot's stack overflowed, or it used memory that it does not have"],
        ),
        (
            "",
            "(drop (memory.grow (i32.const 60000))) i32.const 0",
            expect!["limit.memory: the robot asked for 3932225536 bytes of memory, 33554432 are allowed"],
        ),
        ("", "i32.const -1", expect!["trap: return pointer not aligned"]),
        (
            "(func $start (loop $l (br $l))) (start $start)",
            "i32.const 0",
            expect!["limit.cpu: the robot used up its fuel"],
        ),
    ] {
        let robot = bench.sandbox.load(text::robot(fields, body)).await.expect(body);
        let report = bench.run(&robot, "", Limits::default()).await;
        expected.assert_eq(&words(&report.verdict));
    }
    bench.still_works().await;
}

#[test]
fn file_that_is_no_component_says_what_it_is() {
    refused(b"", expect!["the file is empty"]);
    refused(
        b"  (component)",
        expect!["this is WebAssembly text; translate it with `wasm-tools parse`"],
    );
    refused(b"\x7fELF and more", expect!["this is not WebAssembly"]);
    refused(
        b"\0asm\x01\0\0\0",
        expect!["this is a core module, not a component; make one of it with `wasm-tools component new`"],
    );
    refused(
        b"\0asm\x0d\0\x01\0",
        expect![
            "the component has no section `signalbox:manifest`; build it with `signalbox-build`, or embed a manifest"
        ],
    );
    refused(
        &vec![0; COMPONENT_BYTES_MAX + 1],
        expect!["the file has 50331649 bytes, a robot has at most 50331648"],
    );
}

#[test]
fn damaged_component_is_refused_at_every_length() {
    for length in (8..HOSTILE.len()).step_by(97) {
        assert!(inspect(&HOSTILE[..length]).is_err(), "{length}");
    }
    let mut damaged = HOSTILE.to_vec();
    damaged[200] ^= 0xff;
    assert!(inspect(&damaged).is_err());
}

#[test]
fn manifest_must_be_there_once_and_readable() {
    refused(
        HOSTILE_BARE,
        expect![
            "the component has no section `signalbox:manifest`; build it with `signalbox-build`, or embed a manifest"
        ],
    );
    let good = manifest(|_| {});
    refused(
        &embed_manifest(HOSTILE, &good),
        expect!["the component has 2 sections `signalbox:manifest`, and must have one"],
    );
    refused(
        &embed_manifest(HOSTILE_BARE, "not JSON"),
        expect!["the manifest cannot be read: expected ident at line 1 column 2"],
    );
    let strange = manifest(|json| json["colour"] = "red".into());
    refused(
        &embed_manifest(HOSTILE_BARE, &strange),
        expect![
            "the manifest cannot be read: unknown field `colour`, expected one of `contract`, `id`, `version`, `name`, `description`, `group`, `causes`, `permission`, `param`, `limits` at line 1 column 29"
        ],
    );
    let long = manifest(|json| json["name"]["en"] = "x".repeat(300_000).into());
    refused(
        &embed_manifest(HOSTILE_BARE, &long),
        expect!["the manifest has 300719 bytes, at most 262144 are allowed"],
    );
}

#[test]
fn manifest_that_lies_about_imports_is_refused_with_both_sides() {
    let lying = manifest(|json| json["permission"][0]["interface"] = "messaging".into());
    refused(
        &embed_manifest(HOSTILE_BARE, &lying),
        expect![
            "the component imports `items`, but its manifest asks for no permission `items`; the manifest asks for permission `messaging`, but the component does not import `messaging`"
        ],
    );
}

#[test]
fn unknown_import_is_named_with_its_functions() {
    let import = r#"(import "acme:vault/secrets@1.0.0" "read" (func (param i32 i32 i32)))"#;
    let component = text::component("import acme:vault/secrets@1.0.0;", import, "i32.const 0");
    refused(
        &embed_manifest(&component, text::MANIFEST),
        expect![
            "the component imports `acme:vault/secrets@1.0.0` (uses read), which is not linked: this host does not know the package"
        ],
    );
}

#[test]
fn component_without_the_export_is_refused() {
    let empty = wat::parse_str("(component)").expect("a component");
    refused(
        &embed_manifest(&empty, text::MANIFEST),
        expect!["the component does not export `signalbox:robot/entry@0.1.0` with its function `run`"],
    );
}

#[tokio::test]
async fn refused_component_is_not_loaded() {
    let bench = Bench::new().await;
    let error = bench
        .sandbox
        .load(HOSTILE_BARE.to_vec())
        .await
        .expect_err("no manifest");
    assert!(matches!(error, LoadError::Inspect(_)), "{error}");
    bench.still_works().await;
}

#[test]
fn inspection_shows_what_a_robot_asks_for() {
    let inspection = inspect(HOSTILE).expect("a robot");
    let shown = serde_json::json!({
        "bytes": inspection.bytes == HOSTILE.len(),
        "digest": inspection.digest.len(),
        "label": inspection.manifest.label(),
        "imports": inspection.imports,
        "exports": inspection.exports,
        "uses_wasi": inspection.uses_wasi,
    });
    expect![[r#"
        {
          "bytes": true,
          "digest": 64,
          "exports": {
            "signalbox:robot/entry@0.1.0": [
              "run"
            ]
          },
          "imports": {
            "signalbox:robot/clock@0.1.0": [
              "now"
            ],
            "signalbox:robot/items@0.1.0": [
              "get"
            ],
            "signalbox:robot/log@0.1.0": [
              "log",
              "panicked"
            ],
            "signalbox:robot/notifications@0.1.0": [
              "send"
            ],
            "signalbox:robot/params@0.1.0": [
              "get"
            ],
            "signalbox:robot/types@0.1.0": []
          },
          "label": "hostile@0.1.0",
          "uses_wasi": false
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&shown).expect("JSON"));
}

/// The manifest of `robots/hostile`, changed.
fn manifest(change: impl FnOnce(&mut serde_json::Value)) -> String {
    let manifest = inspect(HOSTILE).expect("a robot").manifest;
    let mut json = serde_json::to_value(manifest).expect("JSON");
    change(&mut json);
    json.to_string()
}
