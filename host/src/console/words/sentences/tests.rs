use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use signalbox_crm::said;

use super::*;

/// All files of the code that speak to people, without their tests.
fn sources() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> = vec![root.join("src"), root.join("crates")];
    let mut texts = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_test = path.file_stem().is_some_and(|name| name == "tests");
            if path.is_dir() && !is_test {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") && !is_test {
                let text = std::fs::read_to_string(&path).unwrap();
                texts.push(text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned());
            }
        }
    }
    texts
}

/// The string literal with which a text begins, as the compiler reads it.
fn literal(text: &str) -> Option<String> {
    let mut rest = text.trim_start().strip_prefix('"')?.chars();
    let mut read = String::new();
    loop {
        match rest.next()? {
            '"' => return Some(read),
            '\\' => match rest.next()? {
                '\n' => rest = rest.as_str().trim_start().chars(),
                other => read.push(other),
            },
            other => read.push(other),
        }
    }
}

/// The templates in the code, but for those in examples of comments.
fn templates() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for text in sources() {
        let code: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        let code = code.join("\n");
        for opening in ["said!(", "template!("] {
            found.extend(code.split(opening).skip(1).filter_map(literal));
        }
    }
    found
}

/// The names in braces.
fn names(template: &str) -> BTreeSet<String> {
    let parts = template.split('{').skip(1);
    parts
        .filter_map(|part| Some(part.split_once('}')?.0.to_owned()))
        .collect()
}

/// The variables of each entry.
fn russian() -> BTreeMap<String, BTreeSet<String>> {
    super::super::tests::keys(RUSSIAN, "ru/sentences")
}

#[test]
fn every_sentence_has_its_russian_with_the_same_values() {
    let russian = russian();
    let mut keys: BTreeMap<String, String> = BTreeMap::new();
    for template in templates() {
        let key = key_of(&template);
        let names = names(&template);
        assert!(
            names.iter().all(|name| name.to_ascii_lowercase() == *name),
            "`{template}` takes a constant without naming it"
        );
        match russian.get(&key) {
            None => panic!("no Russian for `{template}`, in ru/sentences.ftl:\n{key} = ..."),
            Some(variables) => assert_eq!(*variables, names, "`{template}`"),
        }
        if let Some(other) = keys.insert(key, template.clone()) {
            panic!("`{other}` and `{template}` have one key");
        }
    }
    let idle: Vec<&String> = russian.keys().filter(|key| !keys.contains_key(*key)).collect();
    assert!(idle.is_empty(), "nobody says {idle:?}");
}

#[test]
fn sentences_are_said_with_plural_forms_and_translated_inside() {
    let words = Words(Language::Ru);
    for (count, text) in [
        (1, "в пароле 1 символ, а нужно не меньше 12"),
        (3, "в пароле 3 символа, а нужно не меньше 12"),
        (11, "в пароле 11 символов, а нужно не меньше 12"),
    ] {
        let weak = said!(
            "the password has {count} characters; it needs {min} at least",
            count,
            min = 12
        );
        assert_eq!(words.say(&weak), text);
    }
    let why = said!("`{shown}` is not {what}", shown = "x", what = said!("a number"));
    let whole = said!("`{param}`: {why}", param = "limit", why);
    assert_eq!(words.say(&whole), "«limit»: «x» — это не число");
    assert_eq!(Words(Language::En).say(&whole), "`limit`: `x` is not a number");
}

#[test]
fn only_whole_numbers_are_numbers() {
    for text in ["+79991234567", "007", "1.50", "12345678901234567890", ""] {
        assert!(matches!(number_or_text(text), FluentValue::String(_)), "{text}");
    }
    assert!(matches!(number_or_text("-12"), FluentValue::Number(_)));
}
