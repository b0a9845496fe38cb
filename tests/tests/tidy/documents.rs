//! Documents say what is so: files and names that they mention exist, and lists of codes and keys are complete.

use std::collections::BTreeSet;
use std::fs;

use super::{Source, TREES, assert_none, root, sources};

/// A file of the repository.
fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The documents that name files of this repository.
fn documents() -> Vec<Source> {
    let mut found = sources(&["md"]);
    found.push(Source {
        path: "README.md".to_owned(),
        text: text("README.md"),
    });
    found
}

/// What stands between backticks on the lines of a text, outside of code blocks.
fn quoted(text: &str) -> Vec<&str> {
    let mut is_code = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            found.extend(line.split('`').skip(1).step_by(2));
        }
    }
    found
}

/// Paths that do not exist, and names that their files do not have. `path::name` names something in a file.
fn missing(document: &str, text: &str) -> Vec<String> {
    let is_path = |quote: &&str| {
        let is_plain = quote
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "/._-:".contains(c));
        is_plain && TREES.iter().any(|tree| quote.starts_with(&format!("{tree}/")))
    };
    let mut findings = Vec::new();
    for quote in quoted(text).into_iter().filter(is_path) {
        let (path, name) = quote.split_once("::").unwrap_or((quote, ""));
        let place = root().join(path);
        if !place.exists() {
            findings.push(format!("{document} names `{path}`, which does not exist"));
        } else if !name.is_empty() && !declares(&fs::read_to_string(&place).unwrap_or_default(), name) {
            findings.push(format!(
                "{document} names `{quote}`, which that file does not have"
            ));
        }
    }
    findings
}

fn declares(source: &str, name: &str) -> bool {
    let kinds = ["fn", "struct", "enum", "const", "trait", "type"];
    let ends = |c: char| !c.is_alphanumeric() && c != '_';
    kinds.iter().any(|kind| {
        source
            .match_indices(&format!("{kind} {name}"))
            .any(|(at, found)| source[at + found.len()..].starts_with(ends))
    })
}

#[test]
fn what_documents_name_exists() {
    let findings = documents()
        .iter()
        .flat_map(|d| missing(&d.path, &d.text))
        .collect::<Vec<_>>();
    assert_none(&findings);
    let map = text("host/ARCHITECTURE.md");
    assert!(quoted(&map).iter().filter(|quote| quote.contains("::")).count() > 30);
}

#[test]
fn a_missing_file_and_a_missing_name_are_found() {
    let text =
        "`host/no.rs`, `host/src/app.rs::recover`, `host/src/app.rs::recove`\n```\n`host/code.rs`\n```";
    assert_eq!(
        missing("x.md", text),
        [
            "x.md names `host/no.rs`, which does not exist",
            "x.md names `host/src/app.rs::recove`, which that file does not have"
        ]
    );
}

/// The first cells of the tables below a heading.
fn first_cells(document: &str, heading: &str) -> BTreeSet<String> {
    let start = document.find(heading).unwrap_or_else(|| panic!("no `{heading}`"));
    let part = &document[start + heading.len()..];
    let part = &part[..part.find("\n## ").unwrap_or(part.len())];
    let cells = part.lines().filter_map(|line| line.strip_prefix("| `"));
    cells
        .map(|line| line.split('`').next().unwrap_or_default().to_owned())
        .collect()
}

/// The words that follow each occurrence of `before`, up to a quotation mark.
fn words_after(source: &str, before: &str) -> BTreeSet<String> {
    let after = source
        .match_indices(before)
        .map(|(at, _)| source[at + before.len()..].trim_start());
    let words = after.filter_map(|rest| rest.strip_prefix('"')?.split('"').next());
    words.map(str::to_owned).collect()
}

/// The words of the arms `Name::Case => "word"`.
fn arms(path: &str, name: &str) -> BTreeSet<String> {
    let source = text(path);
    let lines = source
        .lines()
        .filter(|line| line.trim_start().starts_with(&format!("{name}::")));
    let words = lines.filter_map(|line| line.split_once("=> \"")?.1.split('"').next());
    words.map(str::to_owned).collect()
}

#[test]
fn every_code_is_explained() {
    let page = text("host/docs/errors.md");
    let mut problems = arms("host/crates/crm/src/rejection.rs", "Code");
    problems.extend(arms("host/src/http/problem.rs", "Kind"));
    assert!(problems.len() > 20, "{problems:?}");
    assert_eq!(first_cells(&page, "## Problems of the HTTP API"), problems);
    let reasons = arms("host/crates/crm/src/run.rs", "Reason");
    assert!(reasons.len() > 10, "{reasons:?}");
    assert_eq!(first_cells(&page, "## Reasons of runs"), reasons);
    let findings = arms("host/src/status/problems.rs", "Finding");
    assert!(findings.len() > 5, "{findings:?}");
    assert_eq!(first_cells(&page, "## Problems of `status`"), findings);
    let sandbox = sources(&["rs"])
        .into_iter()
        .filter(|s| s.path.starts_with("host/crates/sandbox/src/"));
    let own = sandbox.map(|source| source.text).collect::<String>();
    let mut verdicts = words_after(&own, "Stop::limit(");
    verdicts.extend(words_after(&own, "code: "));
    for path in ["worker.rs", "worker/execution.rs", "worker/quarantine.rs"] {
        verdicts.extend(words_after(&text(&format!("host/src/engine/{path}")), "failed("));
    }
    assert_eq!(first_cells(&page, "## Verdicts of attempts"), verdicts);
    let exits = text("host/src/cli/exit.rs");
    let exits = exits
        .lines()
        .filter_map(|line| line.split_once(" = ")?.1.strip_suffix(','));
    let exits: BTreeSet<String> = exits
        .filter(|code| code.parse::<u8>().is_ok())
        .map(str::to_owned)
        .collect();
    assert_eq!(first_cells(&page, "## Exit codes"), exits);
    let help = text("host/docs/cli.md");
    for code in exits {
        assert!(
            help.contains(&format!("\n| {code} |")),
            "host/docs/cli.md lacks exit code {code}"
        );
    }
}

#[test]
fn every_point_of_an_explanation_is_explained() {
    let page = text("host/docs/explain.md");
    let codes = signalbox_crm::explaining::PointCode::ALL.iter();
    let codes: BTreeSet<String> = codes.map(|code| code.as_str().to_owned()).collect();
    assert_eq!(first_cells(&page, "## Points"), codes);
}

#[test]
fn every_key_of_a_set_up_file_is_explained() {
    let page = text("host/docs/setup.md");
    let explained = first_cells(&page, "## Top level");
    let mut keys = BTreeSet::new();
    for path in ["host/src/setup.rs", "host/src/setup/attachments.rs"] {
        let source = text(path);
        let fields = source
            .lines()
            .filter_map(|line| line.strip_prefix("    pub ")?.split_once(": "));
        keys.extend(
            fields
                .filter(|(key, _)| !key.contains('('))
                .map(|(key, _)| key.to_owned()),
        );
    }
    keys.remove("field_type");
    keys.insert("type".to_owned());
    keys.extend(["weekly", "holidays", "exceptions"].map(str::to_owned));
    assert!(keys.len() > 40, "{keys:?}");
    assert_eq!(explained, keys);
}

#[test]
fn every_key_and_step_of_a_scenario_is_explained() {
    let page = text("sdk/TESTING.md");
    for (heading, file) in [
        ("## `given.toml`", "given.rs"),
        ("### Keys of a fixture", "fixture.rs"),
    ] {
        let source = text(&format!("host/src/scenario/{file}"));
        let fields = source
            .lines()
            .filter_map(|line| line.strip_prefix("    pub ")?.split_once(": "));
        let keys: BTreeSet<String> = fields
            .map(|(key, _)| key.to_owned())
            .filter(|key| !key.contains('('))
            .collect();
        assert_eq!(first_cells(&page, heading), keys, "{file}");
    }
    let steps: BTreeSet<String> = signalbox::scenario::VERBS
        .iter()
        .map(|verb| format!("| `{}` | {} |", verb.form(), verb.about))
        .collect();
    let lines: BTreeSet<&str> = page.lines().collect();
    let missing: Vec<&String> = steps.iter().filter(|row| !lines.contains(row.as_str())).collect();
    assert!(missing.is_empty(), "sdk/TESTING.md lacks {missing:?}");
    assert_eq!(first_cells(&page, "## `steps.txt`").len(), steps.len() + 1);
}

#[test]
fn robot_of_the_readme_is_the_one_that_ships() {
    let readme = text("README.md");
    let robot = text("plugins/move-stage/src/lib.rs");
    assert!(
        readme.contains(&robot),
        "README.md has another robot than plugins/move-stage"
    );
    assert!(robot.lines().count() < 25);
    assert!(readme.lines().count() < 150);
}

#[test]
fn robot_of_the_sdk_is_the_one_that_is_tested() {
    let readme = text("sdk/README.md");
    let robot = text("tests/robots/warn-large-deal/src/lib.rs");
    let (_, code) = robot.split_once("\n\n").expect("a line about it");
    assert!(code.lines().count() < 25);
    let manifest = text("tests/robots/warn-large-deal/robot.toml");
    let steps = text("tests/scenarios/the_robot_of_the_sdk/steps.txt");
    let given = text("tests/scenarios/the_robot_of_the_sdk/given.toml");
    for part in [code, &manifest, &given, &steps] {
        assert!(
            readme.contains(part),
            "sdk/README.md has other text than:\n{part}"
        );
    }
}

#[test]
fn readme_of_each_robot_lists_its_parameters() {
    let mut count = 0;
    for entry in fs::read_dir(root().join("plugins")).expect("plugins") {
        let name = entry
            .expect("an entry")
            .file_name()
            .to_string_lossy()
            .into_owned();
        let manifest: toml::Table = text(&format!("plugins/{name}/robot.toml")).parse().expect("TOML");
        let rows: Vec<String> = manifest["param"]
            .as_array()
            .expect("parameters")
            .iter()
            .map(row)
            .collect();
        let readme = text(&format!("plugins/{name}/README.md"));
        let listed: Vec<&str> = readme.lines().filter(|line| line.starts_with("| `")).collect();
        let expected: Vec<&String> = rows.iter().chain(&rows).collect();
        assert_eq!(
            listed.len(),
            expected.len(),
            "plugins/{name}/README.md: Russian and English"
        );
        for (line, start) in listed.iter().zip(expected) {
            assert!(
                line.starts_with(start.as_str()),
                "plugins/{name}/README.md: `{line}` is not `{start}...`"
            );
        }
        count += 1;
    }
    assert_eq!(count, 7);
}

/// The beginning of a parameter's row: its key and type.
fn row(param: &toml::Value) -> String {
    let word = |key: &str| {
        param
            .get(key)
            .and_then(toml::Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    format!("| `{}` | {}", word("key"), word("type"))
}
