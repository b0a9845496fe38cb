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
        let (name, library) = names(&text).with_context(|| format!("{}", path.display()))?;
        let rustflags = rustflags(&text).with_context(|| format!("{}", path.display()))?;
        Ok(Package {
            dir,
            name,
            library,
            rustflags,
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

fn rustflags(manifest: &str) -> Result<Vec<String>> {
    let manifest: toml::Table = toml::from_str(manifest)?;
    let ours = manifest
        .get("package")
        .and_then(|package| package.get("metadata"))
        .and_then(|metadata| metadata.get("signalbox"));
    let Some(flags) = ours.and_then(|ours| ours.get("rustflags")) else {
        return Ok(Vec::new());
    };
    let text = |word: &toml::Value| word.as_str().map(str::to_owned);
    let words = flags.as_array();
    let words = words.and_then(|words| words.iter().map(text).collect::<Option<Vec<String>>>());
    words.context("`rustflags` of `[package.metadata.signalbox]` is no list of texts")
}

/// The names of the package and of its library. A robot is a `cdylib`.
fn names(manifest: &str) -> Result<(String, String)> {
    let manifest: toml::Table = toml::from_str(manifest)?;
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
    use super::{names, rustflags};

    #[test]
    fn flags_for_rustc_are_a_list_of_texts() {
        let read = |flags: &str| rustflags(&format!("[package.metadata.signalbox]\nrustflags = {flags}"));
        assert_eq!(read("['--cfg=a', '--cfg=b']").unwrap(), ["--cfg=a", "--cfg=b"]);
        assert!(rustflags("[package]\nname = \"a\"").unwrap().is_empty());
        for wrong in ["[7]", "'--cfg=a'"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn library_name_follows_the_package_unless_given() {
        let derived = names("[package]\nname = \"move-stage\"\n[lib]\ncrate-type = [\"cdylib\"]").unwrap();
        assert_eq!(derived, ("move-stage".into(), "move_stage".into()));
        let given = names("[package]\nname = \"a\"\n[lib]\nname = \"b\"\ncrate-type = [\"cdylib\"]").unwrap();
        assert_eq!(given, ("a".into(), "b".into()));
    }

    #[test]
    fn crate_that_is_no_cdylib_is_refused() {
        let error = names("[package]\nname = \"a\"").unwrap_err();
        assert_eq!(
            error.to_string(),
            "package `a` is no robot: `[lib]` lacks `crate-type = [\"cdylib\"]`"
        );
    }
}
