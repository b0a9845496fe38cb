//! The languages, and the files by which a robot's language is known.

use std::path::Path;

use crate::error::BuildError;
use crate::tool::Tool;
use crate::{c, cargo, go, javascript, python};

/// A language that robots are built from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Rust, by cargo.
    Rust,
    /// JavaScript, by componentize-qjs; TypeScript goes through esbuild first.
    JavaScript,
    /// Python, by componentize-py.
    Python,
    /// C, by zig.
    C,
    /// Go, by its own compiler.
    Go,
    /// Zig.
    Zig,
}

impl Language {
    /// All of them, in the order of the documentation.
    pub const ALL: [Language; 6] = [
        Language::Rust,
        Language::JavaScript,
        Language::Python,
        Language::C,
        Language::Go,
        Language::Zig,
    ];

    /// As robot.toml names it.
    pub const fn key(self) -> &'static str {
        match self {
            Language::Rust => "rust",
            Language::JavaScript => "javascript",
            Language::Python => "python",
            Language::C => "c",
            Language::Go => "go",
            Language::Zig => "zig",
        }
    }

    /// As people name it.
    pub const fn name(self) -> &'static str {
        match self {
            Language::Rust => "Rust",
            Language::JavaScript => "JavaScript",
            Language::Python => "Python",
            Language::C => "C",
            Language::Go => "Go",
            Language::Zig => "Zig",
        }
    }

    /// Each of these files in a robot's folder tells the language.
    const fn markers(self) -> &'static [&'static str] {
        match self {
            Language::Rust => &["Cargo.toml"],
            Language::JavaScript => &["robot.js", "robot.ts", "package.json"],
            Language::Python => &["robot.py"],
            Language::C => &["robot.c"],
            Language::Go => &["go.mod", "robot.go"],
            Language::Zig => &["robot.zig"],
        }
    }

    /// What its robots are built with.
    pub const fn tools(self) -> &'static [Tool] {
        match self {
            Language::Rust => &cargo::TOOLS,
            Language::JavaScript => &javascript::TOOLS,
            Language::Python => &python::TOOLS,
            Language::C => &c::TOOLS,
            Language::Go => &go::TOOLS,
            Language::Zig => &c::TOOLS,
        }
    }

    /// The language of the robot in `dir`: the one that robot.toml names, or the one that its files tell.
    ///
    /// # Errors
    /// [`BuildError::UnknownLanguage`], [`BuildError::NoLanguage`] and [`BuildError::SeveralLanguages`].
    pub(crate) fn of(dir: &Path, named: Option<&str>) -> Result<Language, BuildError> {
        match named {
            Some(name) => Language::named(name),
            None => Language::found(dir),
        }
    }

    fn named(name: &str) -> Result<Language, BuildError> {
        let known = Language::ALL.into_iter().find(|language| language.key() == name);
        known.ok_or_else(|| BuildError::UnknownLanguage {
            name: name.to_owned(),
            known: Language::ALL.map(Language::key).join(", "),
        })
    }

    fn found(dir: &Path) -> Result<Language, BuildError> {
        let has_marker = |language: &Language| language.markers().iter().any(|file| dir.join(file).is_file());
        let found: Vec<Language> = Language::ALL.into_iter().filter(has_marker).collect();
        match found.as_slice() {
            [language] => Ok(*language),
            [] => Err(BuildError::NoLanguage {
                dir: dir.to_owned(),
                expected: Language::ALL.map(Language::expectation).join(", "),
            }),
            several => Err(BuildError::SeveralLanguages {
                dir: dir.to_owned(),
                found: several
                    .iter()
                    .map(|language| language.key())
                    .collect::<Vec<_>>()
                    .join(" or "),
            }),
        }
    }

    /// `Cargo.toml for Rust`.
    fn expectation(self) -> String {
        format!("{} for {}", self.markers().join(" or "), self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Language;

    /// The language of a folder with these files, or the refusal.
    fn of(files: &[&str], named: Option<&str>) -> Result<Language, String> {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            std::fs::write(dir.path().join(file), "").unwrap();
        }
        Language::of(dir.path(), named).map_err(|error| error.to_string())
    }

    #[test]
    fn files_tell_the_language() {
        assert_eq!(of(&["robot.toml", "Cargo.toml"], None), Ok(Language::Rust));
        assert_eq!(of(&["robot.js"], None), Ok(Language::JavaScript));
        assert_eq!(of(&["robot.py"], None), Ok(Language::Python));
        assert_eq!(of(&["robot.c"], None), Ok(Language::C));
        assert_eq!(of(&["go.mod", "robot.go"], None), Ok(Language::Go));
        assert_eq!(of(&["robot.zig"], None), Ok(Language::Zig));
        assert_eq!(of(&["package.json", "robot.ts"], None), Ok(Language::JavaScript));
    }

    #[test]
    fn manifest_decides_where_files_tell_several_languages() {
        let files = ["Cargo.toml", "package.json"];
        let refusal = of(&files, None).unwrap_err();
        assert!(
            refusal.contains("a robot in rust or javascript: say which"),
            "{refusal}"
        );
        assert_eq!(of(&files, Some("rust")), Ok(Language::Rust));
    }

    #[test]
    fn unknown_languages_and_folders_without_one_are_refused_with_what_is_known() {
        let refusal = of(&["robot.toml", "main.f90"], None).unwrap_err();
        assert!(refusal.contains("Cargo.toml for Rust, robot.js or "), "{refusal}");
        let refusal = of(&["Cargo.toml"], Some("fortran")).unwrap_err();
        assert!(
            refusal.contains("`fortran`: known are rust, javascript, python, c, go, zig"),
            "{refusal}"
        );
    }
}
