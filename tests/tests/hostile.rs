//! Robots that misbehave: each ends with its own verdict, and the next run of a good robot still works.

use std::time::Duration;

use expect_test::{Expect, expect};
use signalbox_build::embed_manifest;
use signalbox_crm::event::Fact;
use signalbox_crm::ids::AttachmentId;
use signalbox_crm::params::ParamValue;
use signalbox_crm::run::Verdict;
use signalbox_sandbox::{Limits, LoadError, LogLevel, Robot, RunReport, Sandbox, SandboxConfig};
use signalbox_tests::robots::{HOSTILE, HOSTILE_BARE};
use tokio::sync::OnceCell;

use desk::{Desk, invocation};

mod bounds;
mod cache;
mod compiling;
mod desk;
pub(crate) mod inspection;
mod script;
pub(crate) mod text;
mod wasi;

/// A sandbox with the robot of `robots/hostile`.
struct Bench {
    sandbox: Sandbox,
    hostile: Robot,
}

impl Bench {
    /// One for all tests: so that bad runs stand beside good ones, and the robot is compiled once.
    async fn get() -> &'static Bench {
        static BENCH: OnceCell<Bench> = OnceCell::const_new();
        BENCH.get_or_init(Bench::new).await
    }

    async fn new() -> Self {
        let sandbox = Sandbox::new(SandboxConfig::default()).expect("a sandbox");
        let hostile = sandbox.load(HOSTILE.to_vec()).await.expect("a robot");
        Bench { sandbox, hostile }
    }

    async fn run(&self, robot: &Robot, act: &str, limits: Limits) -> RunReport {
        self.run_number(1, robot, act, limits).await
    }

    async fn run_number(&self, number: i64, robot: &Robot, act: &str, limits: Limits) -> RunReport {
        let invocation = invocation(number, by_hand());
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

fn by_hand() -> Fact {
    let attachment = AttachmentId(1);
    Fact::ManualRun { attachment, by: None }
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
    let bench = Bench::get().await;
    let report = bench.run(&bench.hostile, act, limits).await;
    expected.assert_eq(&words(&report.verdict));
    bench.still_works().await;
    report
}

async fn check(act: &str, expected: Expect) -> RunReport {
    check_with(act, Limits::default(), expected).await
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
                "closed_at": null,
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
                "updated_at": "2026-03-02T12:00:00Z",
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
    let bench = Bench::get().await;
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
    let bench = Bench::get().await;
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

/// What the linker gives a small component: a stack of 1 MiB, and a page for its data.
const FIRST_MEMORY_BYTES: u64 = 17 * 65_536;

#[tokio::test]
async fn small_run_makes_do_with_the_memory_that_it_starts_with() {
    let report = check("behave", expect!["done: behaved"]).await;
    assert_eq!(report.memory_bytes, FIRST_MEMORY_BYTES);
}

#[tokio::test]
async fn heap_goes_on_beyond_the_memory_that_a_run_starts_with() {
    let report = check("shuffle-memory", expect!["done: whole: true"]).await;
    assert!(report.memory_bytes > FIRST_MEMORY_BYTES, "{report:?}");
}

#[tokio::test]
async fn memory_bomb_is_stopped_at_its_limit() {
    let report = check(
        "take-memory",
        expect!["limit.memory: the robot asked for 34537472 bytes of memory, 33554432 are allowed"],
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
        panic: panicked at tests/robots/hostile/src/lib.rs:29:20:
        the answer is 42"#]],
    )
    .await;
    check(
        "index",
        expect![[r#"
        panic: panicked at tests/robots/hostile/src/lib.rs:30:39:
        index out of bounds: the len is 3 but the index is 7"#]],
    )
    .await;
}

#[tokio::test]
async fn stopped_robot_leaves_a_backtrace_at_the_end_of_its_log() {
    let bench = Bench::get().await;
    let divide = "(func $divide (result i32) (i32.div_s (i32.const 1) (i32.const 0)))
        (func $share (result i32) (call $divide))";
    let robot = text::robot(divide, "(call $share)");
    let robot = bench.sandbox.load(robot).await.unwrap();
    let logs = bench.run(&robot, "", Limits::default()).await.logs;
    let [line] = logs.as_slice() else {
        panic!("{logs:?}");
    };
    assert_eq!(line.level, LogLevel::Error);
    let names: Vec<&str> = line
        .message
        .lines()
        .filter_map(|line| line.split('!').nth(1))
        .collect();
    assert_eq!(names[..2], ["divide", "share"], "{}", line.message);
    // It is there however much the robot has written.
    let logs = bench.run(&bench.hostile, "recurse", Limits::default()).await.logs;
    let last = &logs.last().unwrap().message;
    assert!(
        last.starts_with("error while executing at wasm backtrace:"),
        "{last}"
    );
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
    assert_eq!((report.logs.len(), report.dropped_line_count), (501, 9_500));
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
    let bench = Bench::get().await;
    let manifest = inspection::manifest(|json| json["limits"] = serde_json::json!({"host-calls": 2}));
    let modest = bench.sandbox.load(embed_manifest(HOSTILE_BARE, &manifest)).await;
    let report = bench
        .run(&modest.expect("a robot"), "behave", Limits::default())
        .await;
    expect!["limit.calls: this run has made more than 2 host calls"].assert_eq(&words(&report.verdict));
}

#[tokio::test]
async fn table_bomb_and_raw_traps_have_their_codes() {
    let bench = Bench::get().await;
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

#[tokio::test]
async fn every_bundled_robot_is_accepted() {
    let bench = Bench::get().await;
    for (id, component) in signalbox::bundled::BUNDLED {
        let robot = bench.sandbox.load(component.to_vec()).await.expect(id);
        assert!(!robot.inspection().uses_wasi, "{id}");
        // None of them works with the parameter of the hostile one; all of them say so in their own words.
        let report = bench.run(&robot, "", Limits::default()).await;
        let Verdict::Failed { code, .. } = &report.verdict else {
            continue;
        };
        assert!(
            ["missing-param", "wrong-cause", "denied"].contains(&code.as_str()),
            "{id}: {report:?}"
        );
    }
}

#[tokio::test]
async fn refused_component_is_not_loaded() {
    let bench = Bench::get().await;
    let error = bench
        .sandbox
        .load(HOSTILE_BARE.to_vec())
        .await
        .expect_err("no manifest");
    assert!(matches!(error, LoadError::Inspect(_)), "{error}");
    bench.still_works().await;
}
