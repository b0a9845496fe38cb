//! Waits until somebody changes the files of a robot.
//!
//! It looks at the folder again and again: that works on every file system, network drives and containers included,
//! and a robot's folder is small.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Often enough for a person who saves a file and looks up.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// 10,000 files: beyond that it is no robot's folder, and the rest is not looked at.
const FILES_MAX: usize = 10_000;
/// What tools write, and what no robot is built from.
const OTHERS: [&str; 2] = ["node_modules", "target"];

/// When each file was changed, and its size.
type Seen = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

/// A folder that is watched.
#[derive(Debug)]
pub(super) struct Changes {
    dir: PathBuf,
    seen: Seen,
}

impl Changes {
    /// Watches from now on.
    pub(super) fn new(dir: &Path) -> Changes {
        Changes {
            dir: dir.to_owned(),
            seen: look(dir),
        }
    }

    /// Waits until something has changed, and until nothing has for a moment: editors and version control write several
    /// files.
    pub(super) async fn next(&mut self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if self.look_again().await {
                break;
            }
        }
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if !self.look_again().await {
                return;
            }
        }
    }

    /// Whether something has changed since the last look.
    async fn look_again(&mut self) -> bool {
        let dir = self.dir.clone();
        let Ok(now) = tokio::task::spawn_blocking(move || look(&dir)).await else {
            return false;
        };
        let is_other = now != self.seen;
        self.seen = now;
        is_other
    }
}

fn look(dir: &Path) -> Seen {
    let mut seen = Seen::new();
    collect(dir, &mut seen);
    seen
}

/// What cannot be read is not there: it may be on its way from one name to another.
fn collect(dir: &Path, seen: &mut Seen) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if seen.len() == FILES_MAX || name.starts_with('.') || OTHERS.contains(&name.as_ref()) {
            continue;
        }
        let Ok(about) = entry.metadata() else { continue };
        if about.is_dir() {
            collect(&path, seen);
        } else if !name.ends_with(".wasm") {
            seen.insert(path, (about.modified().ok(), about.len()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_seen_and_what_tools_write_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("src/lib.rs", "a");
        let first = look(folder.path());
        for other in [
            "target/x",
            "node_modules/y.js",
            ".git/HEAD",
            "robot.wasm",
            ".lib.rs.swp",
        ] {
            write(other, "b");
        }
        assert_eq!(look(folder.path()), first);
        write("src/lib.rs", "ab");
        assert_ne!(look(folder.path()), first);
        write("src/lib.rs", "a");
        write("tests/one/steps.txt", "");
        assert_eq!(look(folder.path()).len(), 2);
        assert!(look(&folder.path().join("nowhere")).is_empty());
    }
}
