//! `robot.toml` and the JSON that is embedded.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

/// Interfaces that every robot has. They need no permission.
const ALWAYS_GRANTED: [&str; 5] = ["clock", "log", "params", "random", "types"];

/// The most characters of an id: it is part of file names and of URLs.
const ID_CHARS_MAX: usize = 64;

/// A robot's manifest, with the few things checked that the build relies upon.
/// The host checks all of it at installation.
#[derive(Debug)]
pub struct Manifest {
    id: String,
    permissions: BTreeSet<String>,
    language: Option<String>,
    json: Value,
}

impl Manifest {
    /// Reads `robot.toml`.
    ///
    /// # Errors
    /// When the file cannot be read, and as [`Manifest::parse`].
    pub fn read(path: &Path) -> Result<Manifest> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Manifest::parse(&text).with_context(|| format!("{}", path.display()))
    }

    /// Parses the text of a `robot.toml`.
    ///
    /// # Errors
    /// When it is not TOML, has no valid `id`, names a permission twice, has a `build` table that says
    /// something unknown, or holds a TOML date, which JSON cannot say.
    pub fn parse(text: &str) -> Result<Manifest> {
        let mut table: toml::Table = toml::from_str(text)?;
        let language = language(table.remove("build"))?;
        let json = to_json(toml::Value::Table(table))?;
        Ok(Manifest {
            id: id(&json)?,
            permissions: permissions(&json)?,
            language,
            json,
        })
    }

    /// The robot's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The language that `build.language` names, where files do not tell it.
    pub fn language(&self) -> Option<&str> {
        self.language.as_deref()
    }

    /// The interfaces that the robot may import: those that it asks for, and those that every robot has.
    pub fn interfaces(&self) -> BTreeSet<String> {
        let always = ALWAYS_GRANTED.iter().map(|name| (*name).to_owned());
        self.permissions.iter().cloned().chain(always).collect()
    }

    /// The manifest as JSON without white space, keys sorted: the same manifest gives the same bytes.
    pub fn to_json(&self) -> String {
        self.json.to_string()
    }

    /// Sentences that say where the manifest and the imported interfaces differ; none when they agree.
    pub fn difference(&self, imports: &BTreeSet<String>) -> Vec<String> {
        let needed: BTreeSet<String> = imports
            .iter()
            .filter(|name| !ALWAYS_GRANTED.contains(&name.as_str()))
            .cloned()
            .collect();
        let missing = needed.difference(&self.permissions);
        let unused = self.permissions.difference(&needed);
        missing
            .map(|name| format!("the component imports `{name}`, but robot.toml has no permission for it"))
            .chain(
                unused.map(|name| {
                    format!("robot.toml asks for `{name}`, but the component does not import it")
                }),
            )
            .collect()
    }
}

/// The robot's id: lower-case ASCII letters, digits and single hyphens, starting with a letter.
fn id(json: &Value) -> Result<String> {
    let Some(id) = json.get("id").and_then(Value::as_str) else {
        bail!("`id` is missing");
    };
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if !id.starts_with(|c: char| c.is_ascii_lowercase())
        || !id.split('-').all(is_word)
        || id.len() > ID_CHARS_MAX
    {
        bail!("`id` is `{id}`: use at most {ID_CHARS_MAX} lower-case letters, digits and single hyphens");
    }
    Ok(id.to_owned())
}

/// What the table `[build]` says. It is for the build only and is not embedded.
fn language(build: Option<toml::Value>) -> Result<Option<String>> {
    let Some(build) = build else {
        return Ok(None);
    };
    let Some(table) = build.as_table() else {
        bail!("`build` is no table");
    };
    if let Some(unknown) = table.keys().find(|key| *key != "language") {
        bail!("`build.{unknown}` is unknown: `build` has `language` only");
    }
    match table.get("language") {
        None => Ok(None),
        Some(toml::Value::String(language)) => Ok(Some(language.clone())),
        Some(other) => bail!("`build.language` is `{other}`: write a language in quotes"),
    }
}

/// The interfaces of the `[[permission]]` tables.
fn permissions(json: &Value) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for permission in json
        .get("permission")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let Some(name) = permission.get("interface").and_then(Value::as_str) else {
            bail!("a `permission` has no `interface`");
        };
        if !names.insert(name.to_owned()) {
            bail!("there are two permissions for `{name}`");
        }
    }
    Ok(names)
}

/// Turns TOML into JSON with sorted keys, whatever order the map type keeps.
fn to_json(value: toml::Value) -> Result<Value> {
    Ok(match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Datetime(date) => bail!("`{date}` is a TOML date: write it in quotes"),
        toml::Value::Array(items) => items
            .into_iter()
            .map(to_json)
            .collect::<Result<Vec<Value>>>()?
            .into(),
        toml::Value::Table(table) => {
            let mut entries: Vec<(String, toml::Value)> = table.into_iter().collect();
            entries.sort_by(|left, right| left.0.cmp(&right.0));
            let entries = entries.into_iter().map(|(key, value)| Ok((key, to_json(value)?)));
            entries.collect::<Result<Map<String, Value>>>()?.into()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::Manifest;

    const NOTIFY: &str = "version = \"0.1.0\"\nid = \"notify\"\n[[permission]]\ninterface = \"items\"\n";

    fn refusal(text: &str) -> String {
        Manifest::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn json_has_sorted_keys_and_no_white_space() {
        let manifest = Manifest::parse(NOTIFY).unwrap();
        let json = r#"{"id":"notify","permission":[{"interface":"items"}],"version":"0.1.0"}"#;
        assert_eq!(manifest.to_json(), json);
    }

    #[test]
    fn malformed_id_is_named() {
        assert!(refusal("").contains("`id` is missing"));
        for id in ["", "Notify", "-a", "a--b", "a-", "9a", "робот", "a/b"] {
            assert!(
                refusal(&format!("id = \"{id}\"")).contains(&format!("`{id}`")),
                "{id}"
            );
        }
    }

    #[test]
    fn date_and_double_permission_are_refused() {
        assert!(refusal("id = \"a\"\nd = 2026-01-01").contains("2026-01-01"));
        let twice = format!("{NOTIFY}[[permission]]\ninterface = \"items\"\n");
        assert_eq!(refusal(&twice), "there are two permissions for `items`");
    }

    #[test]
    fn build_table_is_read_and_not_embedded() {
        let manifest = Manifest::parse("id = \"a\"\n[build]\nlanguage = \"c\"").unwrap();
        assert_eq!(
            (manifest.language(), manifest.to_json()),
            (Some("c"), r#"{"id":"a"}"#.into())
        );
        assert!(refusal("id = \"a\"\n[build]\nlangauge = \"c\"").contains("`build.langauge` is unknown"));
        assert!(refusal("id = \"a\"\n[build]\nlanguage = 1").contains("`build.language` is `1`"));
        assert!(refusal("id = \"a\"\nbuild = 1").contains("`build` is no table"));
    }

    #[test]
    fn difference_names_both_sides() {
        let manifest = Manifest::parse(NOTIFY).unwrap();
        let imports = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
        assert!(
            manifest
                .difference(&imports(&["items", "log", "params", "types", "clock"]))
                .is_empty()
        );
        let difference = manifest.difference(&imports(&["stages", "log"]));
        assert_eq!(
            difference,
            [
                "the component imports `stages`, but robot.toml has no permission for it",
                "robot.toml asks for `items`, but the component does not import it",
            ]
        );
    }
}
