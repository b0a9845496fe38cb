//! Compiled components on disk, so that a restart does not compile again.
//!
//! A compiled component is machine code that runs with the host's rights. So the folder belongs to the host alone,
//! every file carries a MAC made with a key that lies in the folder, and the MAC is checked over the very bytes that
//! are then loaded: they are read once, and a change of the file after that changes nothing.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use hmac::digest::Digest;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use wasmtime::Engine;
use wasmtime::component::Component;

const KEY_BYTES: usize = 32;
const MAC_BYTES: usize = 32;

/// What the cache did for a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CacheUse {
    /// There is no cache.
    Off,
    /// The compiled component came from the cache.
    Hit,
    /// It was compiled and stored.
    Stored,
    /// There was a file that this host did not make, or that was changed since; it was ignored and replaced.
    /// Somebody should look.
    Refused(String),
    /// It was compiled, and could not be stored.
    NotStored(String),
}

/// A folder of compiled components.
#[derive(Debug)]
pub(crate) struct Artefacts {
    dir: PathBuf,
    key: [u8; KEY_BYTES],
    /// Of the wasmtime version and its settings: other ones cannot read the code.
    engine: String,
}

impl Artefacts {
    /// Opens the folder, or makes it.
    ///
    /// A key that others could have read proves nothing: it is replaced, and with it everything is compiled again.
    pub(crate) fn open(dir: &Path, engine: &Engine) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let was_private = is_private(dir)?;
        if !was_private {
            fs::set_permissions(dir, Permissions::from_mode(0o700))?;
        }
        let path = dir.join("key");
        let key = match read_key(&path)? {
            Some(key) if was_private => key,
            _ => new_key(&path)?,
        };
        Ok(Artefacts {
            dir: dir.to_owned(),
            key,
            engine: compatibility(engine),
        })
    }

    /// The compiled component with this digest. `None` when there is none; an error says why the file is not used.
    pub(crate) fn load(&self, engine: &Engine, digest: &str) -> Result<Option<Component>, String> {
        let path = self.path(digest);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("cannot read {}: {error}", path.display())),
        };
        let foreign = || format!("{} was not made by this host, or was changed", path.display());
        let (mac, code) = bytes.split_at_checked(MAC_BYTES).ok_or_else(foreign)?;
        self.mac(digest, code).verify_slice(mac).map_err(|_| foreign())?;
        deserialize(engine, code)
            .map(Some)
            .map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Writes the compiled component beside its place and moves it there, so that nobody reads half of it.
    pub(crate) fn store(&self, digest: &str, code: &[u8]) -> io::Result<()> {
        let path = self.path(digest);
        let temporary = temporary(&path);
        let mac = self.mac(digest, code).finalize().into_bytes();
        let mut file = private_file(&temporary)?;
        file.write_all(&mac)?;
        file.write_all(code)?;
        file.sync_all()?;
        fs::rename(&temporary, &path)
    }

    fn path(&self, digest: &str) -> PathBuf {
        self.dir.join(format!("{digest}-{}.code", self.engine))
    }

    /// Over the name as well, so that one robot's code cannot stand in for another's.
    fn mac(&self, digest: &str, code: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        for part in [digest, &self.engine] {
            mac.update(part.as_bytes());
            mac.update(b"\n");
        }
        mac.update(code);
        mac
    }
}

#[allow(unsafe_code, reason = "the only door for compiled code; see SAFETY")]
pub(crate) fn deserialize(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: wasmtime wants bytes that `Engine::precompile_component` made and nobody changed. Either the MAC over
    // exactly these bytes was verified with a key that only this host's user can read, and only `store` makes such
    // MACs; or the process that this one has started for it wrote them into a pipe that nobody else has.
    // Bytes of another wasmtime version are an error, not undefined.
    unsafe { Component::deserialize(engine, code) }
}

fn is_private(path: &Path) -> io::Result<bool> {
    Ok(fs::symlink_metadata(path)?.permissions().mode() & 0o077 == 0)
}

/// The key, unless it is missing, has another length, or others may read it.
fn read_key(path: &Path) -> io::Result<Option<[u8; KEY_BYTES]>> {
    let mut file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    (&mut file).take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes.try_into().ok())
}

/// Makes a key. Of two hosts that start at once one has a key that nobody else knows: its files are refused and made anew.
fn new_key(path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    let temporary = temporary(path);
    let mut file = private_file(&temporary)?;
    file.write_all(&key)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    Ok(key)
}

/// A name beside `path` that nothing else in this process uses.
fn temporary(path: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    path.with_extension(format!("{}-{number}.new", std::process::id()))
}

/// A file that only this user may read. One that a dead process with this id left behind is replaced.
fn private_file(path: &Path) -> io::Result<fs::File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// A name for the wasmtime version and the settings that shape its code.
fn compatibility(engine: &Engine) -> String {
    let mut hasher = Stable(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hex(&hasher.0.finalize()[..8])
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A hasher whose result is the same in every process, which that of the standard library does not promise.
struct Stable(Sha256);

impl Hasher for Stable {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest: [u8; 32] = self.0.clone().finalize().into();
        let (first, _) = digest.split_at(8);
        u64::from_le_bytes(first.try_into().expect("8 bytes"))
    }
}
