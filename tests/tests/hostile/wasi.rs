//! Robots whose toolchain imports WASI 0.2.

use expect_test::expect;
use signalbox_build::embed_manifest;
use signalbox_sandbox::Limits;
use signalbox_sandbox::inspect::inspect;

use super::{Bench, text, words};

const IMPORTS: &str = "import wasi:cli/stdout@0.2.6; import wasi:io/streams@0.2.6;
    import wasi:clocks/wall-clock@0.2.6; import wasi:random/random@0.2.6;
    import wasi:sockets/tcp-create-socket@0.2.6;";

/// Memory: 0 the result of `run`, 64 what calls return, 100 the answer, 200 text for standard output.
const FIELDS: &str = r#"
    (import "wasi:cli/stdout@0.2.6" "get-stdout" (func $stdout (result i32)))
    (import "wasi:io/streams@0.2.6" "[method]output-stream.blocking-write-and-flush"
        (func $write (param i32 i32 i32 i32)))
    (import "wasi:clocks/wall-clock@0.2.6" "now" (func $now (param i32)))
    (import "wasi:random/random@0.2.6" "get-random-u64" (func $random (result i64)))
    (import "wasi:sockets/tcp-create-socket@0.2.6" "create-tcp-socket" (func $tcp (param i32 i32)))
    (data (i32.const 200) "one\nand two")"#;

/// Answers with eight letters made of a random number, whether the clock shows the run's time, and what became of
/// the socket: `1` for an error, and the error's number.
const ANSWER: &str = "
    (i64.store (i32.const 100)
        (i64.or (i64.const 0x4040404040404040) (i64.and (i64.const 0x0f0f0f0f0f0f0f0f) (call $random))))
    (call $now (i32.const 64))
    (i32.store8 (i32.const 108)
        (i32.add (i32.const 48) (i64.eq (i64.load (i32.const 64)) (i64.const 1772452800))))
    (call $tcp (i32.const 0) (i32.const 64))
    (i32.store8 (i32.const 109) (i32.add (i32.const 48) (i32.load8_u (i32.const 64))))
    (i32.store8 (i32.const 110) (i32.add (i32.const 48) (i32.load8_u (i32.const 68))))
    (call $write (call $stdout) (i32.const 200) (i32.const 11) (i32.const 64))
    (i32.store (i32.const 8) (i32.const 100))
    (i32.store (i32.const 12) (i32.const 11))
    i32.const 0";

fn robot(body: &str) -> Vec<u8> {
    embed_manifest(&text::component(IMPORTS, FIELDS, body), text::MANIFEST)
}

#[tokio::test]
async fn guest_sees_the_recorded_clock_and_seed_and_no_network() {
    let bench = Bench::get().await;
    let robot = bench.sandbox.load(robot(ANSWER)).await.expect("a robot");
    assert!(robot.inspection().uses_wasi);
    let mut answers = Vec::new();
    for number in [1, 1, 2] {
        let report = bench.run_number(number, &robot, "", Limits::default()).await;
        let lines: Vec<&str> = report.logs.iter().map(|line| line.message.as_str()).collect();
        assert_eq!(lines, ["one", "and two"]);
        answers.push(words(&report.verdict));
    }
    assert_eq!(answers[0], answers[1], "the same run has the same random numbers");
    assert_ne!(answers[0], answers[2], "another run has others");
    expect!["done: KKEJCKHO111"].assert_eq(&answers[0]);
}

#[tokio::test]
async fn full_log_is_no_trap() {
    let bench = Bench::get().await;
    let body = "(local $left i32) (local $out i32)
        (local.set $left (i32.const 20000))
        (local.set $out (call $stdout))
        (loop $again
            (call $write (local.get $out) (i32.const 200) (i32.const 4) (i32.const 64))
            (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
        i32.const 0";
    let robot = bench.sandbox.load(robot(body)).await.expect("a robot");
    let report = bench.run(&robot, "", Limits::default()).await;
    expect!["done: "].assert_eq(&words(&report.verdict));
    assert_eq!((report.logs.len(), report.dropped_line_count), (501, 19_500));
}

#[tokio::test]
async fn streams_beyond_the_limit_are_a_trap() {
    let bench = Bench::get().await;
    let body = "(loop $again (drop (call $stdout)) (br $again)) unreachable";
    let robot = bench.sandbox.load(robot(body)).await.expect("a robot");
    let report = bench.run(&robot, "", Limits::default()).await;
    expect!["trap: resource table has no free keys"].assert_eq(&words(&report.verdict));
    bench.still_works().await;
}

#[test]
fn http_is_refused_before_it_runs() {
    let imports = "import wasi:http/types@0.2.6;";
    let fields = r#"(import "wasi:http/types@0.2.6" "now" (func))"#;
    let component = text::component(imports, fields, "i32.const 0");
    let error = inspect(&embed_manifest(&component, text::MANIFEST)).expect_err("no robot");
    expect!["the component imports `wasi:http/types@0.2.6` (uses now), which is not linked: robots have no network; ask for an interface of the contract instead"].assert_eq(&error.to_string());
}
