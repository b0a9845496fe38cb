//! Rules for one Rust source.

use super::lexer::{Lexed, lex};

/// The longest file, in lines: past it there is a second idea.
const LINES_MAX: usize = 800;

/// Signs of Russian typography, in literals only: quotation marks, number sign, dash, ellipsis, rouble.
const TYPOGRAPHY: &str = "\u{ab}\u{bb}\u{2116}\u{2014}\u{2026}\u{20bd}";

/// Words that make a literal SQL.
const SQL: [&str; 10] = [
    "SELECT ",
    "INSERT INTO ",
    "INSERT OR ",
    "DELETE FROM ",
    "CREATE TABLE ",
    "CREATE INDEX ",
    "ALTER TABLE ",
    "DROP TABLE ",
    "BEGIN IMMEDIATE",
    "ON CONFLICT",
];

/// Where SQL may stand, and why.
const SQL_WRITERS: [(&str, &str); 4] = [
    ("host/crates/db/", "it is the one crate that has any"),
    ("tests/tests/db_conformance/", "it damages a database on purpose"),
    ("tests/tests/tidy", "it plants what must be found"),
    ("tests/tests/api/nasty.rs", "it sends SQL as hostile text"),
];

/// What reads a clock or randomness.
const CLOCKS: [&str; 5] = [
    "SystemTime::now",
    "Timestamp::now",
    "Zoned::now",
    "Utc::now",
    "getrandom::",
];

/// Who may read them, and why.
const CLOCK_READERS: [(&str, &str); 5] = [
    ("host/src/clock.rs", "it is the clock"),
    ("host/src/bench", "it measures the real world"),
    (
        "host/crates/sandbox/src/artefacts.rs",
        "the key that authenticates compiled robots is no part of a run",
    ),
    (
        "plugins/script/src/chance.rs",
        "it gives a JavaScript engine the numbers of the run, which a replay repeats",
    ),
    ("tests/", "a test decides for itself"),
];

/// What belongs to generated types of the contract.
const GENERATED: [&str; 4] = [
    "bindgen!",
    "wit_bindgen::",
    "signalbox_sandbox::bindings",
    "wit_bindgen;",
];

/// What a test or a shipped function never has.
const NEVER: [&str; 5] = [
    "todo!",
    "unimplemented!",
    "#[ignore",
    "#[should_panic",
    "thread::sleep",
];

/// Everything that is wrong with one file.
pub(super) fn check(path: &str, text: &str) -> Vec<String> {
    let lexed = lex(text);
    let mut findings = Vec::new();
    findings.extend(shape(path, text));
    findings.extend(signs(path, text, &lexed));
    findings.extend(sql(path, &lexed));
    findings.extend(words(path, &lexed, &NEVER, "is not allowed"));
    if !CLOCK_READERS.iter().any(|(reader, _)| path.starts_with(reader)) {
        findings.extend(words(path, &lexed, &CLOCKS, "belongs into host/src/clock.rs"));
    }
    if !path.starts_with("host/crates/sandbox/") && !path.starts_with("sdk/") {
        findings.extend(words(
            path,
            &lexed,
            &GENERATED,
            "belongs into host/crates/sandbox",
        ));
    }
    findings
}

fn shape(path: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let count = text.lines().count();
    if count > LINES_MAX {
        findings.push(format!("{path}: {count} lines, more than {LINES_MAX}"));
    }
    if path.ends_with("/mod.rs") {
        findings.push(format!(
            "{path}: a module is named after its directory, not `mod.rs`"
        ));
    }
    findings
}

/// ASCII, and Russian where people read it.
fn signs(path: &str, text: &str, lexed: &Lexed) -> Vec<String> {
    let is_plain = |c: char| c.is_ascii() || ('\u{400}'..='\u{4ff}').contains(&c);
    let in_literals = |c: char| lexed.literals.iter().any(|(_, literal)| literal.contains(c));
    let fits = |c: char| is_plain(c) || (TYPOGRAPHY.contains(c) && in_literals(c));
    let mut findings = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let odd = line.chars().find(|c| !fits(*c));
        if let Some(odd) = odd {
            findings.push(format!("{path}:{}: `{odd}` is not ASCII", number + 1));
        }
    }
    findings
}

fn sql(path: &str, lexed: &Lexed) -> Vec<String> {
    if SQL_WRITERS.iter().any(|(writer, _)| path.starts_with(writer)) {
        return Vec::new();
    }
    let is_sql = |text: &str| SQL.iter().any(|word| text.contains(word)) || is_update(text);
    let found = lexed.literals.iter().filter(|(_, text)| is_sql(text));
    found
        .map(|(line, _)| format!("{path}:{line}: SQL belongs into host/crates/db"))
        .collect()
}

fn is_update(text: &str) -> bool {
    text.split_once("UPDATE ")
        .is_some_and(|(_, rest)| rest.contains(" SET ") || rest.contains("\nSET "))
}

fn words(path: &str, lexed: &Lexed, words: &[&str], why: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for (number, line) in lexed.code.lines().enumerate() {
        for word in words.iter().filter(|word| line.contains(**word)) {
            findings.push(format!("{path}:{}: `{word}` {why}", number + 1));
        }
    }
    findings
}

/// Plants a text at a path and shows the findings.
fn planted(path: &str, text: &str) -> String {
    check(path, text).join("\n")
}

#[test]
fn sql_outside_the_database_is_found() {
    let found = "host/src/a.rs:2: SQL belongs into host/crates/db";
    for sql in [
        "SELECT id FROM item",
        "UPDATE item\nSET a = 1",
        "DELETE FROM item",
        "INSERT INTO item",
    ] {
        let text = format!("fn a() {{\n    run(\"{sql}\");\n}}\n");
        assert_eq!(planted("host/src/a.rs", &text), found, "{sql}");
        assert_eq!(planted("host/crates/db/src/a.rs", &text), "");
    }
    assert_eq!(
        planted(
            "host/src/a.rs",
            "// SELECT is a word\nlet a = \"UPDATE the docs\";"
        ),
        ""
    );
}

#[test]
fn a_clock_outside_the_clock_is_found() {
    let text = "let a = std::time::SystemTime::now();\n";
    assert_eq!(
        planted("host/src/a.rs", text),
        "host/src/a.rs:1: `SystemTime::now` belongs into host/src/clock.rs"
    );
    assert_eq!(planted("host/src/clock.rs", text), "");
    let text = "let a = jiff::Timestamp::now();\ngetrandom::fill(&mut b);";
    assert_eq!(check("host/crates/crm/src/a.rs", text).len(), 2);
    assert_eq!(
        planted("host/src/a.rs", "// Timestamp::now\nlet a = \"Timestamp::now\";"),
        ""
    );
}

#[test]
fn generated_types_outside_the_sandbox_are_found() {
    for text in [
        "wasmtime::component::bindgen!({});",
        "use signalbox_sandbox::bindings::Robot;",
        "use wit_bindgen::rt;",
    ] {
        assert_eq!(check("host/src/a.rs", text).len(), 1, "{text}");
        assert_eq!(planted("host/crates/sandbox/src/a.rs", text), "");
    }
}

#[test]
fn unfinished_work_and_tests_that_do_not_test_are_found() {
    for text in [
        "fn a() { todo!() }",
        "#[ignore]\nfn a() {}",
        "#[ignore = \"slow\"]",
        "#[should_panic]",
        "std::thread::sleep(a);",
    ] {
        assert_eq!(check("tests/tests/a.rs", text).len(), 1, "{text}");
    }
}

#[test]
fn long_files_and_mod_rs_are_found() {
    assert_eq!(
        planted("host/src/a.rs", &"\n".repeat(801)),
        "host/src/a.rs: 801 lines, more than 800"
    );
    assert_eq!(planted("host/src/a.rs", &"\n".repeat(800)), "");
    assert_eq!(check("host/src/a/mod.rs", "").len(), 1);
}

#[test]
fn signs_that_are_neither_ascii_nor_russian_text_are_found() {
    assert_eq!(
        planted("host/src/a.rs", "// caf\u{e9}"),
        "host/src/a.rs:1: `\u{e9}` is not ASCII"
    );
    assert_eq!(check("host/src/a.rs", "// a \u{2014} b").len(), 1);
    assert_eq!(
        planted(
            "host/src/a.rs",
            "let a = \"\u{ab}\u{41f}\u{440}\u{438}\u{432}\u{435}\u{442}\u{bb}\";"
        ),
        ""
    );
}
