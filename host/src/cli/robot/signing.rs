//! `signalbox robot key`, `sign` and `verify`: signatures in the format of minisign, without a host.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use minisign::{KeyPair, PublicKey, SecretKey, SecretKeyBox};
use signalbox_sandbox::inspect::Inspection;

use super::super::{Answer, Exit, Failure};
use super::read;
use crate::trust::{KeyId, SIGNATURE_BYTES_MAX, public_key, verify};

/// The password of the secret key, for builds that nobody watches.
const PASSWORD: &str = "SIGNALBOX_KEY_PASSWORD";

/// Makes a pair of keys: one that signs robots and stays secret, and one by which hosts know whose they are
///
/// The secret key is encrypted with a password, which is asked for, or taken from SIGNALBOX_KEY_PASSWORD.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox robot key acme
  signalbox robot key acme --no-password --json | jq -r .public_key

Both files are in the format of minisign, and either program reads those of the other.
Hosts trust the key when the line `RW...` stands in their setting `trusted_keys`.")]
pub(super) struct Key {
    /// The files: `NAME.key` is secret, `NAME.pub` is for everybody
    name: PathBuf,
    /// Leaves the secret key without a password
    #[arg(long)]
    no_password: bool,
}

impl Key {
    pub(super) fn run(self) -> Result<Answer, Failure> {
        let with_end = |end: &str| {
            let mut name = self.name.clone().into_os_string();
            name.push(end);
            PathBuf::from(name)
        };
        let (secret, public) = (with_end(".key"), with_end(".pub"));
        for path in [&secret, &public] {
            if path.exists() {
                let message = format!(
                    "`{}` is there already, and a key cannot be made again",
                    path.display()
                );
                return Err(Failure::say(Exit::Conflict, message));
            }
        }
        let pair = match self.no_password {
            true => KeyPair::generate_unencrypted_keypair(),
            false => KeyPair::generate_encrypted_keypair(std::env::var(PASSWORD).ok()),
        };
        let KeyPair { pk, sk } = pair.map_err(|error| anyhow!("no key can be made: {error}"))?;
        let secret_text = sk.to_box(None).map_err(|error| anyhow!("{error}"))?.into_string();
        let public_text = pk.to_box().map_err(|error| anyhow!("{error}"))?.into_string();
        write_new(&secret, &secret_text, 0o600)?;
        write_new(&public, &public_text, 0o644)?;
        let words = format!(
            "{}  signs; keep it secret\n{}  for hosts: trusted_keys = \"{}\"\nkey {}\n",
            secret.display(),
            public.display(),
            pk.to_base64(),
            KeyId::of(&pk)
        );
        Ok(Answer::new("signalbox.robot.key/1", words)
            .with("key", KeyId::of(&pk).to_string())
            .with("public_key", pk.to_base64())
            .with("secret_file", secret.display().to_string())
            .with("public_file", public.display().to_string()))
    }
}

/// Signs a robot: says that this file comes from the holder of the key
///
/// The signature stands beside the robot, and `robot install` sends it along. Its comment has the robot's label and is
/// signed, too. The key's password is asked for, or taken from SIGNALBOX_KEY_PASSWORD.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox robot sign greet.wasm --key acme.key")]
pub(super) struct Sign {
    /// The component, `*.wasm`
    file: PathBuf,
    /// The secret key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The signature to write; by default the component's name with `.minisig`
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Sign {
    pub(super) fn run(self) -> Result<Answer, Failure> {
        let (bytes, inspection) = read(&self.file)?;
        let key = secret_key(&self.key)?;
        let comment = comment(&inspection);
        let signed = minisign::sign(None, &key, bytes.as_slice(), Some(&comment), None);
        let signed = signed.map_err(|error| anyhow!("the robot cannot be signed: {error}"))?;
        let public = PublicKey::from_secret_key(&key).map_err(|error| anyhow!("{error}"))?;
        let out = self.out.unwrap_or_else(|| beside(&self.file));
        std::fs::write(&out, signed.into_string())
            .with_context(|| format!("cannot write `{}`", out.display()))?;
        let id = KeyId::of(&public);
        let words = format!("{}  signs {comment}\nkey {id}\n", out.display());
        Ok(Answer::new("signalbox.robot.sign/1", words)
            .with("file", out.display().to_string())
            .with("key", id.to_string())
            .with("comment", comment))
    }
}

/// Says whose robot this is, and whether it is as it was when it was signed
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox robot verify greet.wasm --key acme.pub
  signalbox robot verify greet.wasm --key RWQ...

Exit code 1: it is not signed with this key, or was changed since.")]
pub(super) struct Verify {
    /// The component, `*.wasm`
    file: PathBuf,
    /// The public key: its file, or the line `RW...`
    #[arg(long, value_name = "FILE|KEY")]
    key: String,
    /// The signature; by default beside the component, with `.minisig`
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
}

impl Verify {
    pub(super) fn run(self) -> Result<Answer, Failure> {
        let (bytes, inspection) = read(&self.file)?;
        let path = self.signature.unwrap_or_else(|| beside(&self.file));
        let signature = match signature_in(&path)? {
            Some(signature) => signature,
            None => {
                let message = format!("there is no signature `{}`", path.display());
                return Err(Failure::say(Exit::NotFound, message));
            }
        };
        let key = known_key(&self.key)?;
        let signed = verify(&bytes, &signature, std::slice::from_ref(&key))
            .with_context(|| format!("`{}`", self.file.display()))?;
        let label = inspection.manifest.label();
        let words = format!(
            "{label} is signed with the key {}: {}\n",
            signed.key, signed.comment
        );
        Ok(Answer::new("signalbox.robot.verify/1", words)
            .with("robot", label)
            .with("digest", inspection.digest)
            .with("key", signed.key.to_string())
            .with("comment", signed.comment))
    }
}

/// What is signed together with the file: `greet@1.0.0 sha256:...`.
fn comment(inspection: &Inspection) -> String {
    format!("{} sha256:{}", inspection.manifest.label(), inspection.digest)
}

/// `greet.wasm.minisig`.
pub(super) fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".minisig");
    name.into()
}

/// The signature in a file, if there is one.
pub(super) fn signature_in(path: &Path) -> Result<Option<String>, Failure> {
    let shown = || format!("cannot read `{}`", path.display());
    let size = match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        found => found.with_context(shown)?.len(),
    };
    if size > SIGNATURE_BYTES_MAX as u64 {
        let message = format!("`{}` has {size} bytes: that is no signature", path.display());
        return Err(Failure::say(Exit::Failed, message));
    }
    Ok(Some(std::fs::read_to_string(path).with_context(shown)?))
}

fn known_key(named: &str) -> Result<PublicKey, Failure> {
    if !Path::new(named).is_file() {
        return public_key(named)
            .map_err(|why| Failure::say(Exit::Usage, format!("--key: {why}, and no such file")));
    }
    let text = std::fs::read_to_string(named).with_context(|| format!("cannot read `{named}`"))?;
    let line = text
        .lines()
        .find(|line| line.starts_with("RW"))
        .unwrap_or_default();
    let key = public_key(line).map_err(|why| anyhow!("`{named}`: {why}"))?;
    Ok(key)
}

fn secret_key(path: &Path) -> Result<SecretKey, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{shown}`"))?;
    let parsed = || {
        SecretKeyBox::from_string(&text)
            .map_err(|error| anyhow!("`{shown}` is no secret key of minisign: {error}"))
    };
    if let Ok(key) = parsed()?.into_unencrypted_secret_key() {
        return Ok(key);
    }
    let key = parsed()?.into_secret_key(std::env::var(PASSWORD).ok());
    Ok(key.map_err(|error| anyhow!("`{shown}`: {error}"))?)
}

/// Writes a file that was not there, closed to others where the mode says so.
fn write_new(path: &Path, text: &str, mode: u32) -> Result<(), Failure> {
    let mut options = std::fs::OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    Ok(written.with_context(|| format!("cannot write `{}`", path.display()))?)
}
