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
fn benchmark_on_postgres_loses_and_doubles_no_run() {
    let Some(cluster) = signalbox_tests::postgres::cluster() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    check(bench(folder.path(), &cluster.database("bench")), "postgres");
}
