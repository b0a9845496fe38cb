//! `signalbox robot test`.

use std::path::{Path, PathBuf};

use signalbox_tests::robots::WARN_LARGE_DEAL;

use super::program::{Ended, run};

/// A folder with the component and the scenarios of `tests/scenarios` under their names.
fn folder(scenarios: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("robot.wasm"), WARN_LARGE_DEAL).unwrap();
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    for name in scenarios {
        let (from, to) = (all.join(name), scenario(folder.path(), name));
        std::fs::create_dir_all(&to).unwrap();
        for file in ["given.toml", "steps.txt", "expected.txt"] {
            std::fs::copy(from.join(file), to.join(file)).unwrap();
        }
    }
    folder
}

fn scenario(folder: &Path, name: &str) -> PathBuf {
    folder.join("tests").join(name)
}

fn test(folder: &Path, args: &[&str]) -> Ended {
    run(folder, &[&["robot", "test", "robot.wasm"], args].concat())
}

/// Puts one text in the place of another in a file of the scenario.
fn edit(folder: &Path, file: &str, old: &str, new: &str) {
    let path = scenario(folder, SDK).join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(old), "{text}");
    std::fs::write(path, text.replacen(old, new, 1)).unwrap();
}

const SDK: &str = "the_robot_of_the_sdk";

#[test]
fn scenario_is_played_with_the_component_and_compared() {
    let folder = folder(&[SDK]);
    // The robot under test needs no mention.
    edit(
        folder.path(),
        "given.toml",
        "robots = [\"warn-large-deal\"]\n",
        "",
    );
    let ended = test(folder.path(), &["--json", "--junit", "report.xml"]).with_code(0);
    let answer = ended.json("signalbox.robot.test/1");
    let played = &answer["scenarios"][0];
    assert_eq!(
        (&played["name"], &played["outcome"]),
        (&SDK.into(), &"same".into())
    );
    assert_eq!(played["cost"]["attempt_count"], 2);
    assert_eq!(played["cost"]["host_calls_max"], 4, "{answer}");
    assert!(played["cost"]["fuel_max"].as_u64().unwrap() > 1_000);
    let report = std::fs::read_to_string(folder.path().join("report.xml")).unwrap();
    assert!(
        report.contains("tests=\"1\" failures=\"0\"") && report.contains(SDK),
        "{report}"
    );
}

#[test]
fn difference_is_shown_and_can_be_kept() {
    let folder = folder(&[SDK]);
    edit(folder.path(), "steps.txt", "900000.00", "700000.00");
    let ended = test(folder.path(), &[]).with_code(1);
    for line in [
        "    -2026-03-02T09:00:00Z deal large sales/new assignee=anna amount=\"900000.00 RUB\"",
        "    +2026-03-02T09:00:00Z deal large sales/new assignee=anna amount=\"700000.00 RUB\"",
        "1 of 1 failed",
    ] {
        assert!(ended.out.contains(line), "{line}: {}", ended.out);
    }
    let ended = test(folder.path(), &["--update"]).with_code(0);
    assert!(ended.out.contains("written"), "{ended:?}");
    test(folder.path(), &[]).with_code(0);
    std::fs::remove_file(scenario(folder.path(), SDK).join("expected.txt")).unwrap();
    let ended = test(folder.path(), &["--json"]).with_code(1);
    let answer = ended.json("signalbox.robot.test/1");
    assert_eq!(answer["scenarios"][0]["outcome"], "nothing-expected");
}

#[test]
fn budget_that_is_exceeded_fails_whatever_is_expected() {
    let folder = folder(&[SDK]);
    let given = "about = \"Boris";
    edit(
        folder.path(),
        "given.toml",
        given,
        &format!("budget = {{ fuel = 10_000_000, host_calls = 4 }}\n{given}"),
    );
    test(folder.path(), &[]).with_code(0);
    edit(folder.path(), "given.toml", "host_calls = 4", "host_calls = 3");
    for args in [&[][..], &["--update"]] {
        let ended = test(folder.path(), args).with_code(1);
        assert!(
            ended
                .out
                .contains("a run used 4 host calls, the budget of given.toml is 3"),
            "{ended:?}"
        );
    }
}

#[test]
fn typo_is_told_with_its_line_and_what_was_meant() {
    for (file, old, new, words) in [
        (
            "steps.txt",
            "deal large",
            "dael large",
            "/steps.txt:2: `dael` is no step; did you mean `deal`?",
        ),
        (
            "steps.txt",
            "assignee=anna",
            "assignee=ana",
            "/steps.txt:1: there is no employee `ana`; known: anna, boris, gleb, vera; did you mean `anna`?",
        ),
        ("steps.txt", "sales/new", "sales/nwe", "did you mean `sales/new`?"),
        (
            "given.toml",
            "attachment",
            "atachment",
            "did you mean `attachment`?",
        ),
        ("given.toml", "\"sales/new\"", "\"sales/nw\"", "/given.toml:8: "),
        ("given.toml", "threshold =", "treshold =", "/given.toml:9: "),
        (
            "given.toml",
            "\"2026-03-02T09:00:00Z\"",
            "\"tomorrow\"",
            "/given.toml:2: ",
        ),
    ] {
        let folder = folder(&[SDK]);
        edit(folder.path(), file, old, new);
        let ended = test(folder.path(), &[]).with_code(1);
        assert!(ended.out.contains(words), "{words}: {}", ended.out);
        // The other scenarios are played nevertheless, and programs are told the same.
        let answer = test(folder.path(), &["--json"])
            .with_code(1)
            .json("signalbox.robot.test/1");
        assert_eq!(answer["scenarios"][0]["outcome"], "broken");
    }
}

#[test]
fn scenarios_are_chosen_by_name_and_missed_when_there_are_none() {
    let folder = folder(&[SDK, "jump_over_stages"]);
    let played = |args: &[&str]| {
        let answer = test(folder.path(), args)
            .with_code(0)
            .json("signalbox.robot.test/1");
        answer["scenarios"].as_array().unwrap().len()
    };
    assert_eq!(
        (played(&["--json"]), played(&["--json", "--filter", "jump"])),
        (2, 1)
    );
    test(folder.path(), &["--filter", "nope"])
        .refused(4, "none of the 2 scenarios in `tests` has `nope` in its name");
    test(folder.path(), &["--scenarios", "elsewhere"]).refused(4, "cannot read the scenarios in `elsewhere`");
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    test(folder.path(), &["--scenarios", "empty"]).refused(4, "`empty` has no scenario");
    run(folder.path(), &["robot", "test", "nothing"]).refused(4, "`nothing` has no robot.toml");
    run(folder.path(), &["robot", "test", "tests"]).refused(4, "`tests` has no robot.toml");
}

#[test]
fn help_lists_every_step() {
    let folder = tempfile::tempdir().unwrap();
    let help = run(folder.path(), &["robot", "test", "--help"]).with_code(0).out;
    for verb in &signalbox::scenario::VERBS {
        assert!(
            help.contains(&format!("\n  {} ", verb.word)),
            "{}: {help}",
            verb.word
        );
    }
}
