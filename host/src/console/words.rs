//! The words of the console, in Russian and English, with the plural forms of each.
//!
//! One file for each screen and language under `words/`. A test compares the languages, and the keys with their users.

use std::borrow::Cow;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use signalbox_crm::account::Language;
use signalbox_crm::value::LocalText;
use unic_langid::LanguageIdentifier;

/// The texts of each screen: Russian and English.
macro_rules! sources {
    ($($name:literal),* $(,)?) => {
        &[$((
            $name,
            include_str!(concat!("words/ru/", $name, ".ftl")),
            include_str!(concat!("words/en/", $name, ".ftl")),
        )),*]
    };
}

/// Name, Russian, English.
const SOURCES: &[(&str, &str, &str)] = sources![
    "automation",
    "board",
    "contacts",
    "explain",
    "item",
    "pipelines",
    "robots",
    "runs",
    "settings",
    "setup_file",
    "shell",
    "sign_in"
];

mod sentences;

static RU: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle("ru", |source| source.1));
static EN: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle("en", |source| source.2));

fn bundle(
    language: &str,
    text: fn(&(&str, &'static str, &'static str)) -> &'static str,
) -> FluentBundle<FluentResource> {
    bundle_of(language, SOURCES.iter().map(text))
}

fn bundle_of(language: &str, texts: impl Iterator<Item = &'static str>) -> FluentBundle<FluentResource> {
    let id: LanguageIdentifier = language.parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![id]);
    // Marks of direction around values are of no use in two languages that both read from the left.
    bundle.set_use_isolating(false);
    for text in texts {
        // What is wrong with a file is found by a test; here the rest of it is used.
        let resource = FluentResource::try_new(text.to_owned()).unwrap_or_else(|(rest, _)| rest);
        let _ = bundle.add_resource(resource);
    }
    bundle
}

/// The words of one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Words(pub(super) Language);

impl Words {
    /// A text without variables. The key itself, if there is none: visible, and found by a test.
    pub(super) fn t(self, key: &str) -> Cow<'static, str> {
        self.format(key, None)
    }

    /// A text without variables for a key that may have none.
    pub(super) fn find(self, key: &str) -> Option<Cow<'static, str>> {
        self.bundle().has_message(key).then(|| self.t(key))
    }

    /// A text with variables.
    pub(super) fn f(self, key: &str, args: &[(&'static str, FluentValue<'_>)]) -> Cow<'static, str> {
        let mut given = FluentArgs::with_capacity(args.len());
        for (name, value) in args {
            given.set(*name, value.clone());
        }
        self.format(key, Some(&given))
    }

    /// A text with a number under the name `count`, which chooses the plural form.
    pub(super) fn n(self, key: &str, count: impl TryInto<i64>) -> Cow<'static, str> {
        let count: i64 = count.try_into().unwrap_or(i64::MAX);
        self.f(key, &[("count", count.into())])
    }

    /// A text that the set-up has in both languages.
    pub(super) fn of(self, text: &LocalText) -> &str {
        let (first, second) = match self.0 {
            Language::Ru => (&text.ru, &text.en),
            Language::En => (&text.en, &text.ru),
        };
        if first.is_empty() { second } else { first }
    }

    fn bundle(self) -> &'static FluentBundle<FluentResource> {
        match self.0 {
            Language::Ru => &RU,
            Language::En => &EN,
        }
    }

    fn format(self, key: &str, args: Option<&FluentArgs<'_>>) -> Cow<'static, str> {
        let bundle = self.bundle();
        let pattern = bundle.get_message(key).and_then(|message| message.value());
        let Some(pattern) = pattern else {
            tracing::error!("The console has no text `{key}`");
            return Cow::Owned(key.to_owned());
        };
        let mut errors = Vec::new();
        Cow::Owned(bundle.format_pattern(pattern, args, &mut errors).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// Keys with the variables of their texts.
    pub(super) fn keys(text: &str, name: &str) -> BTreeMap<String, BTreeSet<String>> {
        let resource = FluentResource::try_new(text.to_owned());
        assert!(
            resource.is_ok(),
            "{name}: {:?}",
            resource.err().map(|(_, errors)| errors)
        );
        let mut keys = BTreeMap::new();
        let mut last = String::new();
        for line in text.lines() {
            if let Some((key, _)) = line.split_once(" =")
                && line.starts_with(|c: char| c.is_ascii_lowercase())
            {
                last = key.to_owned();
                assert!(!keys.contains_key(key), "{name}: `{key}` is there twice");
                keys.insert(last.clone(), BTreeSet::new());
            }
            let variables = line.split('$').skip(1).map(|rest| {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
                rest[..end.unwrap_or(rest.len())].to_owned()
            });
            if let Some(known) = keys.get_mut(&last) {
                known.extend(variables);
            }
        }
        keys
    }

    #[test]
    fn both_languages_have_the_same_texts_with_the_same_variables() {
        let mut all = BTreeSet::new();
        for (name, ru, en) in SOURCES {
            let (ru, en) = (keys(ru, &format!("ru/{name}")), keys(en, &format!("en/{name}")));
            assert_eq!(ru, en, "{name}");
            for key in ru.into_keys() {
                assert!(all.insert(key.clone()), "`{key}` is in two files");
            }
        }
    }

    #[test]
    fn plural_forms_are_those_of_the_language() {
        for (language, count, text) in [
            (Language::Ru, 1, "1 сделка"),
            (Language::Ru, 2, "2 сделки"),
            (Language::Ru, 5, "5 сделок"),
            (Language::Ru, 21, "21 сделка"),
            (Language::Ru, 112, "112 сделок"),
            (Language::En, 1, "1 deal"),
            (Language::En, 21, "21 deals"),
        ] {
            assert_eq!(Words(language).n("count-deals", count), text);
        }
    }

    /// Every text that the pages ask for is there, and every text that is there is asked for: what begins with a prefix
    /// that is completed at run time (`t(&format!("run-state-{}"`) counts as asked for.
    #[test]
    fn every_key_that_is_used_exists_and_the_other_way_round() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console");
        let mut code = String::new();
        let mut folders = vec![folder];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|end| end == "rs") {
                    let text = std::fs::read_to_string(&path).unwrap();
                    code.push_str(text.split("#[cfg(test)]").next().unwrap());
                }
            }
        }
        let known: BTreeSet<String> = SOURCES
            .iter()
            .flat_map(|(name, ru, _)| keys(ru, name).into_keys())
            .collect();
        let mut prefixes = BTreeSet::new();
        let mut used = BTreeSet::new();
        for opening in [".t(\"", ".f(\"", ".n(\""] {
            used.extend(
                code.split(opening)
                    .skip(1)
                    .filter_map(|rest| rest.split('"').next())
                    .map(str::to_owned),
            );
        }
        for opening in [
            ".t(&format!(\"",
            ".f(&format!(\"",
            ".n(&format!(\"",
            ".find(&format!(\"",
        ] {
            let texts = code
                .split(opening)
                .skip(1)
                .filter_map(|rest| rest.split('"').next());
            prefixes.extend(texts.map(|text| text.split('{').next().unwrap().to_owned()));
        }
        // Keys that stand in tables of the code, as whole strings.
        let quoted: BTreeSet<&str> = code.split('"').collect();
        let missing: Vec<&String> = used.iter().filter(|key| !known.contains(*key)).collect();
        assert!(missing.is_empty(), "no text for {missing:?}");
        let is_used = |key: &&String| {
            used.contains(*key)
                || quoted.contains(key.as_str())
                || prefixes
                    .iter()
                    .any(|prefix| !prefix.is_empty() && key.starts_with(prefix.as_str()))
        };
        let idle: Vec<&String> = known.iter().filter(|key| !is_used(key)).collect();
        assert!(idle.is_empty(), "nobody asks for {idle:?}");
    }
}
