//! `signalbox robot run`.

use std::path::Path;

use signalbox_tests::robots::{HOSTILE, WARN_LARGE_DEAL};

use super::program::{Ended, run};

const FIXTURE: &str = r#"
before = '''
deal small sales/new assignee=anna amount="1.00 RUB"
deal large sales/new assignee=anna amount="900000.00 RUB"
'''
item = "large"
[attachment]
params = { threshold = 500000, to = ["boris"] }
"#;

fn folder(component: &[u8], fixture: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("robot.wasm"), component).unwrap();
    std::fs::write(folder.path().join("f.toml"), fixture).unwrap();
    folder
}

fn invoke(folder: &Path, args: &[&str]) -> Ended {
    run(folder, &[&["robot", "run", "robot.wasm"], args].concat())
}

#[test]
fn run_shows_calls_effects_outcome_and_fuel() {
    let folder = folder(WARN_LARGE_DEAL, FIXTURE);
    let ended = invoke(folder.path(), &["--fixture", "f.toml"]).with_code(0);
    for words in [
        "fixture",
        "item        deal:2",
        "cause       manual-run at 2026-03-02T09:00:00Z",
        "verdict   done: somebody knows now",
        "items.get(deal:2)",
        "effects (1)\n    notified employee:1: Large deal: large",
        " fuel, ",
    ] {
        assert!(ended.out.contains(words), "{words}: {}", ended.out);
    }
    let answer = invoke(folder.path(), &["--fixture", "f.toml", "--json"]).with_code(0);
    let answer = answer.json("signalbox.robot.run/1");
    assert_eq!(answer["runs"].as_array().unwrap().len(), 1);
    let attempt = &answer["runs"][0]["attempts"][0];
    assert_eq!(attempt["verdict"]["verdict"], "done");
    assert!(attempt["fuel"].as_u64().unwrap() > 1_000 && attempt["calls"].as_array().unwrap().len() == 4);
}

#[test]
fn any_step_can_start_the_robot_and_scenarios_are_shown_too() {
    let fixture = FIXTURE
        .replace("item = \"large\"", "step = \"move small sales/won\"")
        .replace("[attachment]", "[attachment]\nstage = \"sales/won\"");
    let folder = folder(WARN_LARGE_DEAL, &fixture);
    let ended = invoke(folder.path(), &["--fixture", "f.toml"]).with_code(0);
    assert!(
        ended.out.contains("stage-entered at") && ended.out.contains("skipped: deal:1 is below"),
        "{ended:?}"
    );
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/the_robot_of_the_sdk");
    let answer = invoke(
        folder.path(),
        &["--json", "--fixture", scenario.to_str().unwrap()],
    )
    .with_code(0);
    assert_eq!(
        answer.json("signalbox.robot.run/1")["runs"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn exit_code_tells_what_became_of_the_run() {
    let without_item = FIXTURE.replace("item = \"large\"", "");
    let folder = folder(WARN_LARGE_DEAL, &without_item);
    let ended = invoke(folder.path(), &["--fixture", "f.toml"]).with_code(7);
    assert!(ended.out.contains("verdict   failed: "), "{ended:?}");
    std::fs::write(folder.path().join("robot.wasm"), HOSTILE).unwrap();
    let fixture = "[attachment]\nparams = { act = \"loop-for-ever\" }\n";
    std::fs::write(folder.path().join("f.toml"), fixture).unwrap();
    let ended = invoke(folder.path(), &["--fixture", "f.toml"]).with_code(8);
    assert!(ended.out.contains("limit.cpu"), "{ended:?}");
}

#[test]
fn mistakes_in_a_fixture_are_told_with_their_line() {
    for (old, new, code, words) in [
        ("item =", "itm =", 1, "f.toml:6: unknown field `itm`"),
        (
            "\"large\"",
            "\"lrge\"",
            1,
            "f.toml:6: there is no item `lrge`; known: large, small; did you mean `large`?",
        ),
        (
            "deal large",
            "dael large",
            1,
            "f.toml:4: `dael` is no step; did you mean `deal`?",
        ),
        ("threshold =", "treshold =", 1, "f.toml:8: "),
        (
            "item = \"large\"",
            "step = \"set small title=b\"",
            1,
            "`warn-large-deal` was not started",
        ),
    ] {
        let folder = folder(WARN_LARGE_DEAL, &FIXTURE.replace(old, new));
        invoke(folder.path(), &["--fixture", "f.toml"]).refused(code, words);
    }
    let folder = folder(WARN_LARGE_DEAL, "");
    invoke(folder.path(), &["--fixture", "nope.toml"]).refused(4, "cannot read `nope.toml`");
    invoke(folder.path(), &[]).with_code(2);
}

#[test]
fn bench_measures_fresh_runs() {
    let folder = folder(WARN_LARGE_DEAL, FIXTURE);
    let args = [
        "robot",
        "bench",
        "robot.wasm",
        "--fixture",
        "f.toml",
        "--runs",
        "30",
    ];
    let answer = run(folder.path(), &[&args[..], &["--json"]].concat()).with_code(0);
    let answer = answer.json("signalbox.robot.bench/1");
    assert_eq!(
        (&answer["run_count"], &answer["outcomes"]["done"]),
        (&30.into(), &30.into())
    );
    assert_eq!(answer["host_calls_max"], 4);
    assert_eq!(answer["fuel"]["median"], answer["fuel"]["max"]);
    let us = |key: &str| answer["duration_us"][key].as_u64().unwrap();
    assert!(
        0 < us("median") && us("median") <= us("p99") && us("p99") <= us("max"),
        "{answer}"
    );
    assert!(
        answer["compiled_us"].as_u64() > answer["loaded_us"].as_u64(),
        "{answer}"
    );
    let text = run(folder.path(), &args).with_code(0).out;
    assert!(
        text.contains("runs        30 after 20 to warm up: 30 done"),
        "{text}"
    );
}

#[test]
fn bench_needs_a_step_that_starts_the_robot_each_time() {
    let fixture = FIXTURE
        .replace("item = \"large\"", "step = \"move small sales/won\"")
        .replace("[attachment]", "[attachment]\nstage = \"sales/won\"");
    let folder = folder(WARN_LARGE_DEAL, &fixture);
    let args = ["robot", "bench", "robot.wasm", "--fixture", "f.toml", "--runs"];
    run(folder.path(), &[&args[..], &["10"]].concat()).refused(1, "`warn-large-deal` ran 1 times");
    run(folder.path(), &[&args[..], &["9"]].concat()).with_code(2);
}
