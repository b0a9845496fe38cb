//! What the build needs to know of a robot's crate.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// A robot's crate.
#[derive(Debug)]
pub(crate) struct Package {
    /// Where its `Cargo.toml` is, absolute.
    pub(crate) dir: PathBuf,
    /// The package's name.
    pub(crate) name: String,
    /// The library's name, which names the artefact.
    pub(crate) library: String,
    /// Flags for rustc that its dependencies need: `rustflags` in `[package.metadata.signalbox]`.
    pub(crate) rustflags: Vec<String>,
    /// An exported function that runs once, when the robot is built: `prepare` in `[package.metadata.signalbox]`.
    pub(crate) prepare: Option<String>,
}

impl Package {
    /// Reads `Cargo.toml` in `dir`.
    pub(crate) fn read(dir: &Path) -> Result<Package> {
        let dir = dir
            .canonicalize()
            .with_context(|| format!("no robot crate at {}", dir.display()))?;
        let path = dir.join("Cargo.toml");
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let named = || format!("{}", path.display());
        let manifest: toml::Table = toml::from_str(&text).with_context(named)?;
        let (name, library) = names(&manifest).with_context(named)?;
        let (rustflags, prepare) = ours(&manifest).with_context(named)?;
        Ok(Package {
            dir,
            name,
            library,
            rustflags,
            prepare,
        })
    }

    /// `sources` and the files that decide the build without being sources.
    pub(crate) fn watch(&self, sources: &[PathBuf]) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = ["Cargo.toml", "robot.toml", "src"]
            .map(|name| self.dir.join(name))
            .into();
        // The workspace root holds the lock file and the versions; a crate may be its own root.
        if let Some(root) = self.dir.ancestors().find(|dir| dir.join("Cargo.lock").is_file()) {
            files.extend([root.join("Cargo.toml"), root.join("Cargo.lock")]);
        }
        files.extend_from_slice(sources);
        files.sort();
        files.dedup();
        files
    }
}

/// `[package.metadata.signalbox]`: `rustflags` and `prepare`.
fn ours(manifest: &toml::Table) -> Result<(Vec<String>, Option<String>)> {
    let ours = manifest
        .get("package")
        .and_then(|package| package.get("metadata"))
        .and_then(|metadata| metadata.get("signalbox"));
    let text = |word: &toml::Value| word.as_str().map(str::to_owned);
    let texts = |words: &toml::Value| {
        words
            .as_array()?
            .iter()
            .map(text)
            .collect::<Option<Vec<String>>>()
    };
    let of = |key: &str| ours.and_then(|ours| ours.get(key));
    let rustflags = of("rustflags")
        .map(|flags| {
            texts(flags).context("`rustflags` of `[package.metadata.signalbox]` is no list of texts")
        })
        .transpose()?;
    let prepare = of("prepare")
        .map(|function| text(function).context("`prepare` of `[package.metadata.signalbox]` is no text"))
        .transpose()?;
    Ok((rustflags.unwrap_or_default(), prepare))
}

/// The names of the package and of its library. A robot is a `cdylib`.
fn names(manifest: &toml::Table) -> Result<(String, String)> {
    let Some(name) = manifest
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(toml::Value::as_str)
    else {
        bail!("there is no `package.name`");
    };
    let lib = manifest.get("lib");
    let kinds = lib
        .and_then(|lib| lib.get("crate-type"))
        .and_then(toml::Value::as_array);
    if !kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind.as_str() == Some("cdylib"))) {
        bail!("package `{name}` is no robot: `[lib]` lacks `crate-type = [\"cdylib\"]`");
    }
    let library = lib.and_then(|lib| lib.get("name")).and_then(toml::Value::as_str);
    Ok((
        name.to_owned(),
        library.map_or_else(|| name.replace('-', "_"), str::to_owned),
    ))
}

#[cfg(test)]
mod tests {
    use super::{names, ours};

    fn table(text: &str) -> toml::Table {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn wishes_of_a_robot_for_its_build_are_read() {
        let read = |line: &str| ours(&table(&format!("[package.metadata.signalbox]\n{line}")));
        let (flags, prepare) = read("rustflags = ['--cfg=a', '--cfg=b']\nprepare = 'warm'").unwrap();
        assert_eq!(flags, ["--cfg=a", "--cfg=b"]);
        assert_eq!(prepare.as_deref(), Some("warm"));
        let none = ours(&table("[package]\nname = \"a\"")).unwrap();
        assert_eq!(none, (Vec::new(), None));
        for wrong in ["rustflags = [7]", "rustflags = '--cfg=a'", "prepare = 7"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn library_name_follows_the_package_unless_given() {
        let derived = names(&table(
            "[package]\nname = \"move-stage\"\n[lib]\ncrate-type = [\"cdylib\"]",
        ))
        .unwrap();
        assert_eq!(derived, ("move-stage".into(), "move_stage".into()));
        let given = names(&table(
            "[package]\nname = \"a\"\n[lib]\nname = \"b\"\ncrate-type = [\"cdylib\"]",
        ))
        .unwrap();
        assert_eq!(given, ("a".into(), "b".into()));
    }

    #[test]
    fn crate_that_is_no_cdylib_is_refused() {
        let error = names(&table("[package]\nname = \"a\"")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "package `a` is no robot: `[lib]` lacks `crate-type = [\"cdylib\"]`"
        );
    }
}
