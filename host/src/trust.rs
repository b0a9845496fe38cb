//! Whose robots a host takes: signatures in the format of minisign, and the keys that the operator trusts.

use signalbox_crm::said;
use signalbox_crm::sentence::Sentence;
use std::fmt;
use std::io::Cursor;

use minisign::{PublicKey, SignatureBox};
use signalbox_crm::rejection::{Code, Rejection};

/// The longest signature file, in bytes: four lines, of which two are comments.
pub const SIGNATURE_BYTES_MAX: usize = 16 * 1024;
/// The last line of a signature: 64 bytes as base64.
const GLOBAL_SIGNATURE_CHARS: usize = 88;

/// The keys that the operator trusts, and what becomes of robots that none of them has signed.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    keys: Vec<PublicKey>,
    refuses_unsigned: bool,
}

/// A key's number, as minisign shows it: `E7620F1842B4E81F`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyId(String);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl KeyId {
    /// Of these eight bytes, the lowest first.
    fn new(bytes: &[u8]) -> KeyId {
        KeyId(bytes.iter().rev().map(|byte| format!("{byte:02X}")).collect())
    }

    /// Of a public key.
    pub fn of(key: &PublicKey) -> KeyId {
        KeyId::new(key.keynum())
    }
}

/// Why a signature is worth nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The file is not what minisign writes.
    #[error("this is no signature in the format of minisign: {0}")]
    Malformed(String),
    /// Nobody has this key.
    #[error("it is signed with the key {0}, which is not among those that are trusted")]
    UnknownKey(KeyId),
    /// The file was changed, or the signature belongs to another one.
    #[error("the signature of the key {key} does not fit: {why}")]
    Wrong {
        /// Whose it claims to be.
        key: KeyId,
        /// What does not fit.
        why: String,
    },
}

/// What a valid signature says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// With which key.
    pub key: KeyId,
    /// The comment that was signed, too.
    pub comment: String,
}

impl Trust {
    /// Trusts these keys; with `refuses_unsigned` nothing else is installed.
    pub fn new(keys: Vec<PublicKey>, refuses_unsigned: bool) -> Trust {
        Trust {
            keys,
            refuses_unsigned,
        }
    }

    /// Decides about a component that somebody wants to install: the key that has signed it, where it is a trusted one.
    ///
    /// # Errors
    /// `denied` when a trusted key's signature does not fit, and for everything that no trusted key has signed where
    /// the host takes nothing else.
    pub fn judge(&self, component: &[u8], signature: Option<&str>) -> Result<Option<KeyId>, Rejection> {
        let denied = |why: Sentence| Err(Rejection::new(Code::Denied, why));
        let found = match signature {
            Some(signature) => verify(component, signature, &self.keys),
            None if self.refuses_unsigned => {
                return denied(said!(
                    "the robot is not signed, and this host installs signed ones only"
                ));
            }
            None => return Ok(None),
        };
        match found {
            Ok(signed) => Ok(Some(signed.key)),
            // Whoever trusts nobody in particular is not asked to trust this one.
            Err(SignatureError::UnknownKey(_)) if !self.refuses_unsigned => Ok(None),
            Err(error) => denied(Sentence::plain(error.to_string())),
        }
    }
}

/// Checks a signature with the one of these keys that it names.
///
/// # Errors
/// See [`SignatureError`].
pub fn verify(component: &[u8], signature: &str, keys: &[PublicKey]) -> Result<Signed, SignatureError> {
    let malformed = |why: &str| SignatureError::Malformed(why.to_owned());
    if signature.len() > SIGNATURE_BYTES_MAX {
        return Err(malformed("it is too long"));
    }
    // The library takes a shorter one, and panics over it.
    let global = signature.lines().nth(3).unwrap_or_default().trim();
    if global.len() != GLOBAL_SIGNATURE_CHARS || !global.ends_with("==") {
        return Err(malformed("its fourth line is not 64 bytes in base64"));
    }
    let signature = SignatureBox::from_string(signature).map_err(|error| malformed(&error.to_string()))?;
    let key = KeyId::new(signature.keynum());
    let Some(public) = keys.iter().find(|known| known.keynum() == signature.keynum()) else {
        return Err(SignatureError::UnknownKey(key));
    };
    match minisign::verify(public, &signature, Cursor::new(component), true, false, false) {
        Ok(()) => Ok(Signed {
            key,
            comment: signature.trusted_comment().unwrap_or_default(),
        }),
        Err(error) => Err(SignatureError::Wrong {
            key,
            why: error.to_string(),
        }),
    }
}

/// Reads a public key: the line `RW...` of a key file.
///
/// # Errors
/// A sentence.
pub fn public_key(text: &str) -> Result<PublicKey, String> {
    let line = text.trim();
    PublicKey::from_base64(line).map_err(|_| {
        format!("`{line}` is no public key of minisign, which begins with `RW` and has 56 characters")
    })
}

#[cfg(test)]
mod tests {
    use minisign::KeyPair;

    use super::*;

    fn pair() -> KeyPair {
        KeyPair::generate_unencrypted_keypair().unwrap()
    }

    fn signature(pair: &KeyPair, component: &[u8]) -> String {
        let made = minisign::sign(Some(&pair.pk), &pair.sk, component, Some("greet@1.0.0"), None);
        made.unwrap().into_string()
    }

    #[test]
    fn signature_of_a_trusted_key_names_it_and_any_other_is_worth_nothing() {
        let (ours, theirs) = (pair(), pair());
        let keys = [ours.pk.clone()];
        let signed = verify(b"robot", &signature(&ours, b"robot"), &keys).unwrap();
        assert_eq!(
            (signed.key, signed.comment.as_str()),
            (KeyId::of(&ours.pk), "greet@1.0.0")
        );
        let other = verify(b"robot!", &signature(&ours, b"robot"), &keys);
        assert!(matches!(other, Err(SignatureError::Wrong { .. })), "{other:?}");
        let unknown = verify(b"robot", &signature(&theirs, b"robot"), &keys);
        assert_eq!(unknown, Err(SignatureError::UnknownKey(KeyId::of(&theirs.pk))));
        let comment = signature(&ours, b"robot").replace("greet@1.0.0", "greet@2.0.0");
        let comment = verify(b"robot", &comment, &keys);
        assert!(
            matches!(comment, Err(SignatureError::Wrong { .. })),
            "{comment:?}"
        );
    }

    #[test]
    fn no_damaged_signature_passes_or_panics() {
        let ours = pair();
        let keys = [ours.pk.clone()];
        let whole = signature(&ours, b"robot");
        for end in 0..whole.trim_end().len() {
            assert!(verify(b"robot", &whole[..end], &keys).is_err(), "{end}");
        }
        for place in 0..whole.len() {
            let mut bytes = whole.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            // The first line is a comment that nobody has signed.
            if let Ok(signed) = verify(b"robot", &String::from_utf8(bytes).unwrap(), &keys) {
                assert_eq!(signed.comment, "greet@1.0.0", "{place}");
            }
        }
        let long = "A".repeat(SIGNATURE_BYTES_MAX + 1);
        assert!(matches!(
            verify(b"", &long, &keys),
            Err(SignatureError::Malformed(_))
        ));
    }

    #[test]
    fn policy_decides_about_what_no_trusted_key_has_signed() {
        let (ours, theirs) = (pair(), pair());
        let by = |pair: &KeyPair| signature(pair, b"robot");
        let open = Trust::new(vec![ours.pk.clone()], false);
        let closed = Trust::new(vec![ours.pk.clone()], true);
        let key = Some(KeyId::of(&ours.pk));
        for trust in [&open, &closed] {
            assert_eq!(trust.judge(b"robot", Some(&by(&ours))), Ok(key.clone()));
            let changed = trust.judge(b"other", Some(&by(&ours))).unwrap_err();
            assert_eq!(changed.code, Code::Denied);
        }
        assert_eq!(open.judge(b"robot", None), Ok(None));
        assert_eq!(open.judge(b"robot", Some(&by(&theirs))), Ok(None));
        for refused in [None, Some(by(&theirs))] {
            let rejection = closed.judge(b"robot", refused.as_deref()).unwrap_err();
            assert_eq!(rejection.code, Code::Denied);
        }
    }
}
