//! What cannot be imported or rehearsed is refused by name, and nothing of it is stored.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::sample;
use crate::cli::program::run;

/// A folder with the sample's files, in which `name` is changed.
fn folder(name: &str, change: impl Fn(String) -> Vec<u8>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in ["roofs.xes", "mapping.toml", "setup.toml"] {
        let text = fs::read_to_string(sample(file)).unwrap();
        let bytes = if file == name {
            change(text)
        } else {
            text.into_bytes()
        };
        fs::write(folder.path().join(file), bytes).unwrap();
    }
    folder
}

const IMPORT: &[&str] = &["import", "xes", "roofs.xes", "--mapping", "mapping.toml"];
const REHEARSE: &[&str] = &[
    "rehearse",
    "roofs.xes",
    "--mapping",
    "mapping.toml",
    "--setup",
    "setup.toml",
    "--database",
    "sqlite:signalbox.db",
];

fn both_refused(folder: &Path, code: i32, words: &str) {
    for args in [IMPORT, REHEARSE] {
        run(folder, args).refused(code, words);
        assert!(!folder.join("signalbox.db").exists(), "{args:?}");
    }
}

#[test]
fn malformed_log_is_refused_with_its_line() {
    let broken = folder("roofs.xes", |text| {
        text.replacen("</event>", "</evnt>", 2).into_bytes()
    });
    both_refused(broken.path(), 1, "roofs.xes, line 12: ");
    let short = folder("roofs.xes", |text| text.as_bytes()[..text.len() / 2].to_vec());
    both_refused(short.path(), 1, "it is not complete");
}

#[test]
fn broken_gzip_is_named() {
    // The magic number and the method of gzip, and then anything.
    let broken = folder("roofs.xes", |_| {
        let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
        bytes.extend([0xff; 64]);
        bytes
    });
    both_refused(broken.path(), 1, "the gzip data is broken");
}

#[test]
fn unknown_activity_is_refused_by_name() {
    let other = folder("roofs.xes", |text| {
        text.replace("\"SIGNED\"", "\"CONTRACTED\"").into_bytes()
    });
    both_refused(other.path(), 1, "`CONTRACTED` (transition `complete`): 3 events");
}

#[test]
fn mapping_that_names_a_missing_stage_is_refused() {
    let pipeline = r#"
[[pipeline]]
key = "roofs"
title = { ru = "Кровля", en = "Roofs" }
stage = [
    { key = "new", title = { ru = "Новая", en = "New" } },
    { key = "revising", title = { ru = "Пересчёт", en = "Revising" } },
]
"#;
    let without = folder("setup.toml", |_| {
        format!("zone = \"Europe/Moscow\"\n{pipeline}").into_bytes()
    });
    run(without.path(), REHEARSE).refused(
        3,
        "the mapping names stage `quoted`, and pipeline `roofs` has none of that key",
    );
    let malformed = folder("mapping.toml", |text| {
        text.replace("kind = \"won\"", "kind = \"done\"").into_bytes()
    });
    both_refused(malformed.path(), 3, "mapping.toml");
}

#[test]
fn import_into_a_pipeline_with_other_stages_is_refused() {
    let folder = folder("mapping.toml", String::into_bytes);
    run(folder.path(), IMPORT).with_code(0);
    let mapping = fs::read_to_string(sample("mapping.toml")).unwrap();
    let mapping = mapping.replace("key = \"lost\"", "key = \"gone\"");
    fs::write(folder.path().join("mapping.toml"), mapping).unwrap();
    run(folder.path(), IMPORT).refused(3, "stage `gone`, and pipeline `roofs` has none of that key");
    run(folder.path(), REHEARSE).refused(6, "the database holds pipeline `roofs` and no rehearsal");
}

#[test]
fn rehearsal_is_printed_and_kept_and_another_is_refused_in_its_database() {
    let folder = folder("mapping.toml", String::into_bytes);
    let mut args = REHEARSE.to_vec();
    args.extend(["--json", "--limit", "2", "--report", "report.json"]);
    let ended = run(folder.path(), &args).with_code(0);
    assert_eq!(ended.err, "");
    let answer = ended.json("signalbox.rehearse/1");
    let kept = fs::read_to_string(folder.path().join("report.json")).unwrap();
    let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(answer["report"], kept);
    assert_eq!(answer["machine"]["database"], "sqlite");
    assert_eq!(answer["report_sha256"].as_str().map(str::len), Some(64));
    run(folder.path(), REHEARSE).refused(6, "a rehearsal with another limit");
}
