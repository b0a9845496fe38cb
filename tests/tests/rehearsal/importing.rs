//! The import: deals stand where they stood, with their past.

use signalbox_crm::shard::ShardSet;
use std::path::Path;

use signalbox::import::{ImportOptions, Imported, import};
use signalbox::rehearsal::Go;
use signalbox_db::{Db, ItemFilter, ItemPage, OpenOptions, RunFilter};
use signalbox_tests::postgres::cluster;

use super::{Language, sample};

fn options(log: &Path, database: String) -> ImportOptions {
    ImportOptions {
        log: log.to_owned(),
        mapping: sample("mapping.toml"),
        database,
        open: OpenOptions::default(),
        language: Language::Ru,
    }
}

fn imported(case_total: usize, known_count: usize, new_count: usize, is_interrupted: bool) -> Imported {
    Imported {
        case_total,
        known_count,
        new_count,
        is_interrupted,
    }
}

/// What a database holds of the import: each deal with its stage, its amount and its path.
async fn shown(database: &str) -> String {
    let db = Db::open(database, &OpenOptions::default()).await.unwrap();
    let directory = db.load_directory().await.unwrap();
    let mut text = String::new();
    let deals = db
        .items(&ItemFilter::default(), ItemPage::Number(None), 1000)
        .await
        .unwrap();
    for deal in deals {
        let amount = deal.amount.map(|amount| amount.to_string()).unwrap_or_default();
        let assignee = deal.assignee.map(|id| directory.employees[&id].name.clone());
        let stage = &directory.stages[&deal.stage].key;
        let assignee = assignee.as_deref().unwrap_or("-");
        text += &format!("{} {stage} {amount} {assignee} {}\n", deal.title, deal.raised_at);
        let mut history = db.history(&deal.id.to_string(), None, 100).await.unwrap();
        history.reverse();
        for entry in history.into_iter().map(|noted| noted.entry) {
            let after = entry.after.unwrap_or_default();
            text += &format!("  {} {} {} {after}\n", entry.at, entry.actor, entry.what);
        }
    }
    let runs = db.run_count(&RunFilter::default()).await.unwrap();
    let timers = db.next_timer_at(&ShardSet::ALL).await.unwrap();
    text += &format!("runs {runs}, timers {timers:?}\n");
    db.close().await;
    text
}

#[tokio::test]
async fn imported_deals_stand_where_they_stood_with_their_past() {
    let folder = tempfile::tempdir().unwrap();
    let mut places = vec![format!("sqlite:{}", folder.path().join("crm.db").display())];
    if let Some(cluster) = cluster() {
        places.push(cluster.database("import"));
    }
    for database in places {
        let options = options(&sample("roofs.xes"), database.clone());
        let first = import(&options, &mut |_| Go::On).await.unwrap();
        assert_eq!(first, imported(7, 0, 7, false));
        let text = shown(&database).await;
        expect_test::expect_file![sample("imported.txt")].assert_eq(&text);
        let again = import(&options, &mut |_| Go::On).await.unwrap();
        assert_eq!(again, imported(7, 7, 0, false));
        assert_eq!(shown(&database).await, text);
    }
}

/// Requests that end at once, one a minute.
fn long_log(case_count: usize) -> String {
    let case = |number: usize| {
        format!(
            "<trace><string key=\"concept:name\" value=\"R-{number}\"/><event>\
             <string key=\"concept:name\" value=\"REQUEST\"/>\
             <date key=\"time:timestamp\" value=\"2026-03-02T{:02}:{:02}:00+03:00\"/></event></trace>\n",
            number / 60,
            number % 60
        )
    };
    let cases: String = (0..case_count).map(case).collect();
    format!("<log>\n{cases}</log>\n")
}

#[tokio::test]
async fn import_that_was_stopped_goes_on_after_its_last_batch() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("long.xes");
    std::fs::write(&log, long_log(250)).unwrap();
    let database = format!("sqlite:{}", folder.path().join("crm.db").display());
    let options = options(&log, database.clone());
    let mut stop_after_a_batch = |so_far: Imported| if so_far.new_count > 0 { Go::Stop } else { Go::On };
    let first = import(&options, &mut stop_after_a_batch).await.unwrap();
    assert_eq!(first, imported(250, 0, 100, true));
    let rest = import(&options, &mut |_| Go::On).await.unwrap();
    assert_eq!(rest, imported(250, 100, 150, false));
    let db = Db::open(&database, &OpenOptions::default()).await.unwrap();
    assert_eq!(db.item_count(&ItemFilter::default()).await.unwrap(), 250);
    assert_eq!(db.load_directory().await.unwrap().pipelines.len(), 1);
    db.close().await;
}
