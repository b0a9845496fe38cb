//! Histories: imported as they were, and rehearsed with robots on a virtual clock.

mod examples;
mod importing;
mod refused;

use std::path::{Path, PathBuf};

use expect_test::expect_file;
use signalbox::eventlog::mapping::Language;
use signalbox::rehearsal::{Finished, Go, Outcome, Progress, RehearsalOptions, rehearse, report_text};
use signalbox_tests::postgres::cluster;
use tempfile::TempDir;

/// A file beside the invented log.
fn sample(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/histories")).join(name)
}

/// The invented log, in a new database of the folder.
fn options(folder: &TempDir) -> RehearsalOptions {
    RehearsalOptions {
        log: sample("roofs.xes"),
        mapping: sample("mapping.toml"),
        setup: sample("setup.toml"),
        database: format!("sqlite:{}", folder.path().join("rehearsal.db").display()),
        case_limit: None,
        seed: 0,
        language: Language::En,
    }
}

async fn finished(options: &RehearsalOptions) -> Finished {
    match rehearse(options, &mut |_| Go::On).await {
        Ok(Outcome::Done(finished)) => *finished,
        other => panic!("{other:?}"),
    }
}

/// Stops before the given number of new instants, and says where.
async fn stopped(options: &RehearsalOptions, instants: usize) -> Progress {
    let mut left = instants;
    let mut watch = |_| {
        left -= 1;
        if left == 0 { Go::Stop } else { Go::On }
    };
    match rehearse(options, &mut watch).await {
        Ok(Outcome::Interrupted(progress)) => progress,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn report_is_the_same_each_time_and_on_both_databases() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let report = finished(&options(&first)).await.report;
    expect_file![sample("expected.txt")].assert_eq(&report_text(&report));
    let mut places = vec![options(&second).database];
    if let Some(cluster) = cluster() {
        places.push(cluster.database("rehearsal_equal"));
    }
    for database in places {
        let again = RehearsalOptions {
            database,
            ..options(&second)
        };
        let again = finished(&again).await;
        assert_eq!(again.report.json(), report.json(), "{:?}", again.machine);
    }
}

#[tokio::test]
async fn rehearsal_that_goes_on_ends_as_one_that_was_never_stopped() {
    let whole = tempfile::tempdir().unwrap();
    let report = finished(&options(&whole)).await.report;
    let folder = tempfile::tempdir().unwrap();
    let mut places = vec![options(&folder).database];
    if let Some(cluster) = cluster() {
        places.push(cluster.database("rehearsal_resumed"));
    }
    for database in places {
        let options = RehearsalOptions {
            database,
            ..options(&folder)
        };
        // The last stop lies between the attempts of a run that failed, and after the turns of two people began.
        let steps = [stopped(&options, 3).await.step, stopped(&options, 13).await.step];
        assert!(0 < steps[0] && steps[0] < steps[1], "{steps:?}");
        assert_eq!(finished(&options).await.report.json(), report.json());
        // What has ended is only reported.
        assert_eq!(finished(&options).await.report.sha256(), report.sha256());
    }
}

#[tokio::test]
async fn another_seed_moves_the_pauses_between_attempts() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let report = finished(&options(&first)).await.report;
    let seeded = RehearsalOptions {
        seed: 7,
        ..options(&second)
    };
    let seeded = finished(&seeded).await.report;
    let times = |report: &signalbox::rehearsal::Report| -> Vec<String> {
        report.failures.iter().map(|row| row.at.to_string()).collect()
    };
    assert_ne!(times(&report), times(&seeded));
    assert_eq!(report.failures.len(), seeded.failures.len());
}
