//! The folder of compiled components: what the host did not write, it does not run.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use signalbox_sandbox::{CacheUse, Sandbox, SandboxConfig};
use signalbox_tests::robots::HOSTILE;

use super::text;

/// Loads a robot with a fresh sandbox, as after a restart.
async fn load(dir: &Path, bytes: &[u8]) -> CacheUse {
    let sandbox = Sandbox::new(SandboxConfig {
        cache_dir: Some(dir.to_owned()),
        ..SandboxConfig::default()
    });
    let robot = sandbox.expect("a sandbox").load(bytes.to_vec()).await;
    robot.expect("a robot").cache().clone()
}

/// The compiled components in the folder.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).expect("the folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "code"))
        .collect()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[tokio::test]
async fn second_start_takes_the_compiled_robot_from_the_cache() {
    let home = tempfile::tempdir().expect("a folder");
    let dir = home.path().join("code");
    assert_eq!(load(&dir, HOSTILE).await, CacheUse::Stored);
    assert_eq!(load(&dir, HOSTILE).await, CacheUse::Hit);
    let file = &files(&dir)[0];
    assert_eq!(
        (mode(&dir), mode(&dir.join("key")), mode(file)),
        (0o700, 0o600, 0o600)
    );
}

#[tokio::test]
async fn changed_file_is_refused_and_replaced() {
    let home = tempfile::tempdir().expect("a folder");
    let dir = home.path().join("code");
    load(&dir, HOSTILE).await;
    let file = &files(&dir)[0];
    let good = fs::read(file).expect("the compiled robot");
    let mut changed = good.clone();
    *changed.last_mut().expect("not empty") ^= 1;
    for bytes in [&changed[..], &good[..40], b"short", b""] {
        fs::write(file, bytes).expect("written");
        let cache = load(&dir, HOSTILE).await;
        assert!(matches!(cache, CacheUse::Refused(_)), "{cache:?}");
        assert_eq!(load(&dir, HOSTILE).await, CacheUse::Hit);
    }
}

#[tokio::test]
async fn code_of_another_robot_is_refused() {
    let home = tempfile::tempdir().expect("a folder");
    let dir = home.path().join("code");
    load(&dir, HOSTILE).await;
    let hostile = files(&dir)[0].clone();
    let other = text::robot("", "i32.const 0");
    load(&dir, &other).await;
    let other_file = files(&dir).into_iter().find(|path| *path != hostile);
    fs::copy(&hostile, other_file.expect("two files")).expect("copied");
    let cache = load(&dir, &other).await;
    assert!(matches!(cache, CacheUse::Refused(_)), "{cache:?}");
}

#[tokio::test]
async fn key_that_others_could_read_is_replaced() {
    let home = tempfile::tempdir().expect("a folder");
    let dir = home.path().join("code");
    for (open, mode_of_it) in [(dir.join("key"), 0o644), (dir.clone(), 0o755)] {
        load(&dir, HOSTILE).await;
        let key = fs::read(dir.join("key")).expect("the key");
        fs::set_permissions(&open, fs::Permissions::from_mode(mode_of_it)).expect("opened");
        let cache = load(&dir, HOSTILE).await;
        assert!(matches!(cache, CacheUse::Refused(_)), "{cache:?}");
        assert_ne!(fs::read(dir.join("key")).expect("the key"), key);
        assert_eq!((mode(&dir), mode(&dir.join("key"))), (0o700, 0o600));
    }
}
