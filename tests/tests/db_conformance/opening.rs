//! Opening, refusing to open, and what operators ask.

use signalbox_db::{Db, DbError, OpenOptions};
use signalbox_tests::postgres;

use super::place::Place;
use super::samples::*;

pub(crate) async fn second_host_is_refused(place: &Place) {
    let db = place.open().await;
    let alone = OpenOptions {
        is_alone: true,
        ..Place::options()
    };
    let error = Db::open(&place.url, &alone).await.unwrap_err();
    assert!(matches!(error, DbError::Locked(_)), "{error:?}");
    let name = place.url.rsplit('/').next().unwrap();
    assert!(error.to_string().contains(name), "{error}");
    db.close().await;
    place.open().await;
}

pub(crate) async fn database_is_found_again_after_closing(place: &Place) {
    let db = place.open().await;
    let mut first = batch();
    first.items_new = vec![item(1)];
    db.commit(&first).await.unwrap();
    db.close().await;
    assert!(matches!(db.item(1).await, Err(DbError::Unavailable(_))));
    assert!(matches!(db.commit(&first).await, Err(DbError::Unavailable(_))));
    assert_eq!(place.open().await.item(1).await.unwrap(), Some(item(1)));
}

pub(crate) async fn check_finds_no_problems(place: &Place) {
    let db = place.open().await;
    let report = db.check(true).await.unwrap();
    assert_eq!((report.schema_version, report.problems), (1, vec![]));
    assert!(db.size_bytes().await.unwrap() > 100_000);
    let Some(folder) = place.folder() else {
        let error = db.backup("x".as_ref()).await.unwrap_err();
        assert!(error.to_string().contains("pg_dump"));
        return;
    };
    let mut first = batch();
    first.items_new = vec![item(1)];
    db.commit(&first).await.unwrap();
    let copy = folder.join("copy.db");
    db.backup(&copy).await.unwrap();
    assert!(matches!(db.backup(&copy).await, Err(DbError::Place { .. })));
    let copy = Db::open(&format!("sqlite:{}", copy.display()), &Place::options())
        .await
        .unwrap();
    assert_eq!(copy.item(1).await.unwrap(), Some(item(1)));
}

async fn refusal(url: &str, options: &OpenOptions) -> String {
    Db::open(url, options).await.unwrap_err().to_string()
}

#[tokio::test]
async fn wrong_place_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
    let options = Place::options();
    assert!(
        refusal(&place(""), &options)
            .await
            .ends_with("it is a folder, not a file")
    );
    assert!(
        refusal(&place("no/such.db"), &options)
            .await
            .ends_with("its folder does not exist")
    );
    std::fs::write(folder.path().join("letter.txt"), "Dear Anna, ".repeat(500)).unwrap();
    let error = refusal(&place("letter.txt"), &options).await;
    assert!(
        error.ends_with("letter.txt` is not a Signalbox database"),
        "{error}"
    );
    let absent = OpenOptions {
        create: false,
        ..options.clone()
    };
    assert!(refusal(&place("absent.db"), &absent).await.contains("absent.db"));
    assert!(
        refusal("mysql://host/db", &options)
            .await
            .contains("`mysql://host/db` is not the address")
    );
    let error = refusal("postgres://user:secret@127.0.0.1:1/db", &options).await;
    assert!(!error.contains("secret"), "{error}");
}

#[tokio::test]
async fn full_disk_stores_nothing_and_the_database_goes_on() {
    let place = Place::sqlite();
    let small = OpenOptions {
        size_bytes_max: Some(700_000),
        ..Place::options()
    };
    let db = Db::open(&place.url, &small).await.unwrap();
    let mut first = batch();
    first.items_new = vec![item(1)];
    db.commit(&first).await.unwrap();
    let mut large = batch();
    large.items_new = (2..=20_000).map(item).collect();
    for _ in 0..2 {
        let result = db.commit(&large).await;
        assert!(matches!(result, Err(DbError::Full(_))), "{result:?}");
        assert_eq!(db.item(2).await.unwrap(), None);
    }
    first.items_new = vec![item(2)];
    db.commit(&first).await.unwrap();
    db.close().await;
    let db = place.open().await;
    large.items_new.remove(0);
    db.commit(&large).await.unwrap();
    assert_eq!(db.check(true).await.unwrap().problems, Vec::<String>::new());
}

#[tokio::test]
async fn database_of_a_newer_release_is_refused() {
    let Some(cluster) = postgres::cluster() else {
        return;
    };
    let url = cluster.database("newer");
    Db::open(&url, &Place::options()).await.unwrap().close().await;
    cluster.execute("newer", "INSERT INTO schema_version (version) VALUES (7)");
    let error = refusal(&url, &Place::options()).await;
    assert_eq!(
        error,
        "the database has schema version 7, and this release knows versions up to 1"
    );
}

#[tokio::test]
async fn both_databases_have_the_same_columns() {
    let Some(other) = Place::postgres("columns") else {
        return;
    };
    let sqlite = Db::open_in_memory()
        .await
        .unwrap()
        .schema_columns()
        .await
        .unwrap();
    let postgres = other.open().await.schema_columns().await.unwrap();
    assert!(sqlite.len() > 200);
    assert_eq!(sqlite, postgres);
}

#[tokio::test]
async fn database_in_memory_reads_what_it_commits() {
    let db = Db::open_in_memory().await.unwrap();
    let mut first = batch();
    first.items_new = vec![item(1)];
    db.commit(&first).await.unwrap();
    assert_eq!(db.item(1).await.unwrap(), Some(item(1)));
}
