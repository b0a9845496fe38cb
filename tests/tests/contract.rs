//! The contract keeps its promises: what is frozen stays, and the texts follow its own rules.

mod compat;
mod shape;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use compat::broken;
use shape::Shape;

/// The contract as it was shipped.
const FROZEN: &str = "golden/contract-0.9.wit";

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn frozen_text() -> String {
    let path = tests().join(FROZEN);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Its functions that a robot can call, as `items.get`.
pub(crate) fn frozen_functions() -> BTreeSet<String> {
    let frozen = Shape::parse(&frozen_text());
    let imported = frozen.worlds["robot"].imports.clone();
    let interfaces = frozen.interfaces.into_iter();
    interfaces
        .filter(|(name, _)| imported.contains(name))
        .flat_map(|(name, interface)| {
            let functions = interface.functions.into_keys();
            functions.map(move |function| format!("{name}.{function}"))
        })
        .collect()
}

/// The contract as one document: the files of `wit/`, with the package said once.
fn present_text() -> String {
    let mut files: Vec<PathBuf> = std::fs::read_dir(tests().join("../wit"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    // The one with the package comes first.
    files.sort_by_key(|path| (!path.ends_with("types.wit"), path.clone()));
    let texts = files.iter().map(|path| std::fs::read_to_string(path).unwrap());
    texts.collect::<Vec<_>>().join("\n")
}

/// A document that tools read, with everything that `wit/` has.
#[track_caller]
pub(crate) fn assert_is_whole(document: &str) {
    assert_eq!(Shape::parse(document), Shape::parse(&present_text()));
}

#[test]
fn present_contract_breaks_no_robot_of_the_frozen_one() {
    let findings = broken(&Shape::parse(&frozen_text()), &Shape::parse(&present_text()));
    assert!(
        findings.is_empty(),
        "robots that are in use would not load any more; host/docs/contract.md says what may change\n{}",
        findings.join("\n")
    );
    // What has been added is frozen with the release that ships it.
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(tests().join(FROZEN), present_text()).unwrap();
    }
}

#[test]
fn contract_follows_its_own_rules() {
    let faults = Shape::parse(&present_text()).faults();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let bad = "package a:b@0.1.0;
        interface types { record error { code: string } }
        interface i {
            use types.{error};
            record big { size: u64, times: list<option<s64>> }
            resource cursor;
            ask: func() -> result<big, string>;
            tell: func(text: string) -> result<_, error>;
        }";
    let faults = Shape::parse(bad).faults();
    assert_eq!(
        faults,
        [
            "`i.big`: `size` has 64 bits, which not every language has",
            "`i.big`: `times` has 64 bits, which not every language has",
            "`i.cursor` is a resource: it can be neither logged nor replayed",
            "function `i.ask` refuses with `string`, not with `types.error`",
        ]
    );
}
