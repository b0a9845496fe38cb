//! Every error code has a page, and every page a code.

use std::collections::BTreeSet;

use super::lexer::lex;

/// Digits of a code: `SB0101`.
const DIGITS: usize = 4;

/// The codes in a text.
fn codes_in(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (start, _) in text.match_indices("SB") {
        let digits: String = text[start + 2..]
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        if digits.len() == DIGITS {
            found.insert(format!("SB{digits}"));
        }
    }
    found
}

/// Codes without a page, and pages without a code.
fn check(used: &BTreeSet<String>, pages: &BTreeSet<String>) -> Vec<String> {
    let bare = used
        .difference(pages)
        .map(|code| format!("{code} has no page host/docs/errors/{code}.md"));
    let stale = pages
        .difference(used)
        .map(|code| format!("host/docs/errors/{code}.md is about no code"));
    bare.chain(stale).collect()
}

#[test]
fn codes_and_pages_belong_together() {
    let sources = super::sources(&["rs"]);
    let ours = sources.iter().filter(|s| s.path.starts_with("host/"));
    let literals = ours.flat_map(|s| lex(&s.text).literals);
    let used = literals.flat_map(|(_, text)| codes_in(&text)).collect();
    let documents = super::sources(&["md"]);
    let names = documents
        .iter()
        .filter_map(|s| s.path.strip_prefix("host/docs/errors/"));
    let pages = names.flat_map(codes_in).collect();
    super::assert_none(&check(&used, &pages));
}

#[test]
fn a_code_without_a_page_and_a_page_without_a_code_are_found() {
    let used = codes_in("error[SB0001]: x, SB00021, SB12");
    let pages = codes_in("SB0003.md");
    assert_eq!(
        check(&used, &pages),
        [
            "SB0001 has no page host/docs/errors/SB0001.md",
            "host/docs/errors/SB0003.md is about no code"
        ]
    );
}
