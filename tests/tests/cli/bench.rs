//! The benchmark at its smallest: that it works on both databases and counts right, not how fast it is.

use std::path::Path;

use serde_json::Value;

use super::program::{Ended, run};

fn bench(folder: &Path, database: &str) -> Ended {
    run(folder, &["bench", "--small", "--json", "--database", database])
}

#[track_caller]
fn check(ended: Ended, database: &str) {
    let report = ended.with_code(0).json("signalbox.bench/1");
    assert_eq!(report["machine"]["database"], database, "{report:#}");
    let cases = report["cases"].as_array().unwrap();
    let kinds: Vec<(&str, u64)> = cases.iter().map(kind).collect();
    assert_eq!(kinds, [("http", 1), ("http", 8), ("inside", 1), ("inside", 8)]);
    for case in cases {
        let figure = |name: &str| case[name].as_f64().unwrap_or_default();
        assert!(figure("runs_per_second") > 0.0, "{case:#}");
        assert!(
            figure("p50_ms") > 0.0 && figure("p99_ms") >= figure("p50_ms"),
            "{case:#}"
        );
        // Deals on the edges of the measured time are counted by the runs that fall into it.
        assert!(
            figure("cpu_us_per_run") > 0.0 && figure("group") > 0.9,
            "{case:#}"
        );
        assert_eq!(
            case["client_cpu_us_per_run"].is_number(),
            case["door"] == "http",
            "{case:#}"
        );
    }
    let deals = report["deal_count"].as_u64().unwrap();
    let measured: u64 = cases.iter().filter_map(|case| case["runs"].as_u64()).sum();
    assert_eq!(report["run_count"], deals * 3);
    assert!(
        measured > 0 && measured <= deals * 3,
        "{measured} of {deals} deals"
    );
}

fn kind(case: &Value) -> (&str, u64) {
    (
        case["door"].as_str().unwrap(),
        case["submitters"].as_u64().unwrap(),
    )
}

#[test]
fn benchmark_on_sqlite_loses_and_doubles_no_run() {
    let folder = tempfile::tempdir().unwrap();
    check(bench(folder.path(), "sqlite:bench.db"), "sqlite");
    bench(folder.path(), "sqlite:bench.db").refused(1, "needs an empty database");
}

#[test]
fn offered_load_is_kept_and_a_report_compares_with_another() {
    let folder = tempfile::tempdir().unwrap();
    let args = [
        "bench",
        "--small",
        "--json",
        "--door",
        "inside",
        "--submitters",
        "2",
    ];
    let paced = run(folder.path(), &[&args[..], &["--rate", "20"]].concat()).with_code(0);
    let report = paced.json("signalbox.bench/1");
    let case = &report["cases"][0];
    assert_eq!(case["offered_per_second"], 20.0, "{case:#}");
    let runs = case["runs"].as_u64().unwrap();
    // 20 deals of three runs in the measured second, give or take those on its edges.
    assert!((30..=90).contains(&runs), "{case:#}");

    let mut slower = report.clone();
    slower["cases"][0]["runs_per_second"] = (case["runs_per_second"].as_f64().unwrap() / 2.0).into();
    let write =
        |name: &str, report: &Value| std::fs::write(folder.path().join(name), report.to_string()).unwrap();
    write("old.json", &report);
    write("new.json", &slower);
    let compare = |old, new| run(folder.path(), &["bench", "compare", old, new]);
    assert!(
        compare("old.json", "old.json")
            .with_code(0)
            .out
            .contains("nothing is worse")
    );
    let worse = compare("old.json", "new.json").with_code(1).out;
    assert!(
        worse.contains("0.50") && worse.contains("1 figure is worse"),
        "{worse}"
    );
    std::fs::write(
        folder.path().join("other.json"),
        "{\"schema\":\"signalbox.run.list/1\",\"cases\":[]}",
    )
    .unwrap();
    compare("old.json", "other.json").refused(2, "signalbox.run.list/1");
    compare("old.json", "missing.json").refused(2, "missing.json cannot be read");
}

#[test]
fn timers_of_one_instant_are_neither_lost_nor_doubled() {
    let folder = tempfile::tempdir().unwrap();
    let args = [
        "bench",
        "timers",
        "--due",
        "300",
        "--pending",
        "200",
        "--lead",
        "20",
        "--json",
    ];
    let report = run(folder.path(), &args)
        .with_code(0)
        .json("signalbox.bench.timers/1");
    assert_eq!(
        (&report["due_count"], &report["pending_count"]),
        (&300.into(), &200.into())
    );
    let late = |name: &str| report[name].as_f64().unwrap();
    assert!(
        0.0 < late("late_p50_ms") && late("late_p50_ms") <= late("late_max_ms"),
        "{report:#}"
    );
    let args = ["bench", "timers", "--due", "1000000", "--lead", "2"];
    run(
        folder.path(),
        &[&args[..], &["--database", "postgres://localhost:1/none"]].concat(),
    )
    .refused(10, "cannot be reached");
}

#[test]
fn benchmark_on_postgres_loses_and_doubles_no_run() {
    let Some(cluster) = signalbox_tests::postgres::cluster() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    check(bench(folder.path(), &cluster.database("bench")), "postgres");
}
