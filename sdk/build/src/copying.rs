//! The sources of a robot, copied to where they are built, so that tools leave nothing in its folder.

use std::ffi::OsStr;
use std::path::Path;

use anyhow::{Context, bail};

/// The most files of one robot. A folder with more is no robot but a project around one.
const FILES_MAX: usize = 1_000;

/// Folders that hold no sources of the robot.
const OTHERS: [&str; 2] = ["node_modules", "__pycache__"];

/// Copies the files with one of these extensions, of a folder and of those in it that are not hidden.
pub(crate) fn copy(from: &Path, to: &Path, extensions: &[&str]) -> anyhow::Result<()> {
    copy_counted(from, to, extensions, &mut 0)
}

fn copy_counted(from: &Path, to: &Path, extensions: &[&str], count: &mut usize) -> anyhow::Result<()> {
    std::fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    let entries = std::fs::read_dir(from).with_context(|| format!("cannot list {}", from.display()))?;
    for entry in entries {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let is_hidden = name.as_encoded_bytes().starts_with(b".");
        let is_other = OTHERS.iter().any(|other| name == *other);
        let kind = entry.file_type()?;
        if kind.is_dir() && !is_hidden && !is_other {
            copy_counted(&path, &to.join(&name), extensions, count)?;
        } else if path.is_file() && has_extension(&path, extensions) {
            *count += 1;
            if *count > FILES_MAX {
                bail!("the robot has more than {FILES_MAX} files: move it into a folder of its own");
            }
            std::fs::copy(&path, to.join(&name))
                .with_context(|| format!("cannot copy {}", path.display()))?;
        }
    }
    Ok(())
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let found = path.extension().and_then(OsStr::to_str);
    found.is_some_and(|found| extensions.contains(&found))
}

#[cfg(test)]
mod tests {
    use super::{FILES_MAX, copy};

    #[test]
    fn packages_and_hidden_folders_are_not_copied() {
        let dir = tempfile::tempdir().unwrap();
        let from = dir.path().join("from");
        for folder in ["node_modules/a", "__pycache__", ".git", "rules"] {
            std::fs::create_dir_all(from.join(folder)).unwrap();
            std::fs::write(from.join(folder).join("a.js"), "").unwrap();
        }
        std::fs::write(from.join("notes.md"), "").unwrap();
        let to = dir.path().join("to");
        copy(&from, &to, &["js"]).unwrap();
        assert!(to.join("rules/a.js").is_file());
        let left = ["node_modules", "__pycache__", ".git", "notes.md"].map(|name| to.join(name).exists());
        assert_eq!(left, [false; 4]);
    }

    #[test]
    fn project_around_a_robot_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let from = dir.path().join("from");
        std::fs::create_dir(&from).unwrap();
        for number in 0..=FILES_MAX {
            std::fs::write(from.join(format!("{number}.py")), "").unwrap();
        }
        let refused = copy(&from, &dir.path().join("to"), &["py"]).unwrap_err();
        assert!(refused.to_string().contains("more than 1000 files"), "{refused}");
    }
}
