//! The contract is the manual: every item has a doc comment.

/// Lines that declare nothing of their own.
const PLAIN: [&str; 7] = ["use ", "import ", "export ", "include ", "->", "//", "@"];

/// Items without a doc comment. An item begins where the one before has ended.
pub(super) fn check(path: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let (mut is_documented, mut is_inside) = (false, false);
    for (number, line) in text.lines().map(str::trim).enumerate() {
        if line.starts_with("///") {
            is_documented = true;
            continue;
        }
        if line.is_empty() || line.starts_with('@') {
            continue;
        }
        let is_plain = line.starts_with('}') || PLAIN.iter().any(|word| line.starts_with(word));
        if !is_plain && !is_inside && !is_documented {
            findings.push(format!("{path}:{}: `{line}` has no doc comment", number + 1));
        }
        is_inside = !line.ends_with(['{', '}', ',', ';']) || (is_inside && line.ends_with(','));
        is_documented = false;
    }
    findings
}

#[test]
fn an_item_without_a_doc_comment_is_found() {
    let good = "/// P.\npackage a:b@0.1.0;\n\n/// I.\ninterface i {\n    use t.{x, y};\n\n    /// R.\n    record r {\n        /// A.\n        a: u32,\n    }\n\n    /// F.\n    f: func(a: x)\n        -> result<_, y>;\n}\n";
    assert_eq!(check("wit/a.wit", good), [""; 0]);
    let missing = |line: &str| check("wit/a.wit", &good.replace(&format!("{line}\n"), "\n"));
    assert_eq!(
        missing("/// P."),
        ["wit/a.wit:2: `package a:b@0.1.0;` has no doc comment"]
    );
    assert_eq!(
        missing("/// I."),
        ["wit/a.wit:5: `interface i {` has no doc comment"]
    );
    assert_eq!(
        missing("    /// R."),
        ["wit/a.wit:9: `record r {` has no doc comment"]
    );
    assert_eq!(
        missing("        /// A."),
        ["wit/a.wit:11: `a: u32,` has no doc comment"]
    );
    assert_eq!(
        missing("    /// F."),
        ["wit/a.wit:15: `f: func(a: x)` has no doc comment"]
    );
}
