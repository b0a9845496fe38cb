//! The example of a bank fits the words of its log, which is not committed.

use std::path::Path;

use signalbox::eventlog::mapping::Language;
use signalbox::rehearsal::RehearsalOptions;

use super::finished;

/// The people whom the set-up names.
const PEOPLE: [&str; 12] = [
    "11169", "11181", "10861", "10609", "10913", "11189", "11180", "11119", "10909", "10972", "10138",
    "10629",
];

/// One application, with an event by each of the people.
fn log() -> String {
    let event = |name: &str, resource: &str, minute: usize| {
        format!(
            "<event><string key=\"concept:name\" value=\"{name}\"/>\
             <string key=\"lifecycle:transition\" value=\"COMPLETE\"/>\
             <string key=\"org:resource\" value=\"{resource}\"/>\
             <date key=\"time:timestamp\" value=\"2011-10-03T10:{minute:02}:00.000+02:00\"/></event>\n"
        )
    };
    let moves = [
        ("A_SUBMITTED", "112"),
        ("A_PREACCEPTED", "112"),
        ("A_ACCEPTED", "11169"),
        ("A_FINALIZED", "11169"),
        ("O_SENT", "11169"),
        ("O_SENT_BACK", "11181"),
        ("A_APPROVED", "10138"),
    ];
    let work = PEOPLE.iter().map(|person| ("W_Completeren aanvraag", *person));
    let events = work.chain(moves).enumerate();
    let events: String = events
        .map(|(minute, (name, resource))| event(name, resource, minute))
        .collect();
    format!(
        "<log><trace><date key=\"REG_DATE\" value=\"2011-10-03T10:00:00.000+02:00\"/>\
         <string key=\"concept:name\" value=\"173688\"/><string key=\"AMOUNT_REQ\" value=\"35000\"/>{events}</trace></log>"
    )
}

#[tokio::test]
async fn robots_of_the_example_fit_their_log() {
    let folder = tempfile::tempdir().unwrap();
    let log_file = folder.path().join("log.xes");
    std::fs::write(&log_file, log()).unwrap();
    let example = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/bpic2012"));
    let options = RehearsalOptions {
        log: log_file,
        mapping: example.join("mapping.toml"),
        setup: example.join("setup.toml"),
        database: format!("sqlite:{}", folder.path().join("rehearsal.db").display()),
        case_limit: None,
        seed: 0,
        language: Language::En,
    };
    let report = finished(&options).await.report;
    let big = report
        .runs
        .iter()
        .find(|row| row.attachment == "Big application accepted");
    assert_eq!(
        big.map(|row| row.ended.get("done").copied()),
        Some(Some(1)),
        "{report:?}"
    );
    assert!(report.failures.is_empty(), "{report:?}");
}
