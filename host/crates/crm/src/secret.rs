//! Secrets: passwords and keys of services outside. They go in and never come out, but into requests to their hosts.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::directory::Directory;
use crate::rejection::{Code, Rejection};
use crate::said;
use crate::web_host::{check_reach, read_hosts};

/// The longest name, in characters.
pub const NAME_CHARS_MAX: usize = 64;
/// The longest value, in bytes: a signed token with its claims fits.
pub const VALUE_BYTES_MAX: usize = 8 * 1024;
/// The shortest value, in bytes. A shorter one could not be taken out of an answer without taking words apart.
pub const VALUE_BYTES_MIN: usize = 8;

/// A password or a key under a name.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    /// Unique: lower-case letters, digits, `-` and `_`.
    pub name: String,
    /// The secret itself.
    pub value: String,
    /// Where it may go.
    pub hosts: Vec<String>,
    /// Grows by one with each change.
    pub version: i64,
}

/// Without the value, so that no log can hold it.
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secret")
            .field("name", &self.name)
            .field("hosts", &self.hosts)
            .finish_non_exhaustive()
    }
}

/// Checks a secret before it is kept.
///
/// # Errors
/// `invalid` (name, value, hosts). No message shows the value.
pub fn check_secret(secret: &Secret) -> Result<(), Rejection> {
    let name = &secret.name;
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    if name.is_empty() || name.len() > NAME_CHARS_MAX || !name.bytes().all(is_plain) {
        let message = said!(
            "`{name}` is no name of 1 to {max} lower-case letters, digits, `-` and `_`",
            name,
            max = NAME_CHARS_MAX
        );
        return Err(Rejection::invalid(message));
    }
    let size = secret.value.len();
    if !(VALUE_BYTES_MIN..=VALUE_BYTES_MAX).contains(&size) {
        let message = said!(
            "the value of `{name}` has {size} bytes, not {min} to {max}",
            name,
            size,
            min = VALUE_BYTES_MIN,
            max = VALUE_BYTES_MAX
        );
        return Err(Rejection::invalid(message));
    }
    // What a header can carry.
    if !secret.value.bytes().all(|byte| (0x20..0x7f).contains(&byte)) || secret.value.trim() != secret.value {
        let message = said!(
            "the value of `{name}` holds more than visible ASCII, or begins or ends with a space",
            name
        );
        return Err(Rejection::invalid(message));
    }
    let hosts = read_hosts(&secret.hosts)?;
    if hosts.is_empty() || hosts.iter().any(|host| host.is_any()) {
        let message = said!(
            "secret `{name}` needs the hosts to which it may go, and `*` is none",
            name
        );
        return Err(Rejection::invalid(message));
    }
    Ok(())
}

/// The value of a secret, for a request to this address.
///
/// # Errors
/// `not-found`, `denied` when the secret may not go there.
pub fn secret_for<'a>(directory: &'a Directory, name: &str, url: &Url) -> Result<&'a str, Rejection> {
    let Some(secret) = directory.secrets.get(name) else {
        return Err(Rejection::new(
            Code::NotFound,
            said!("there is no secret `{name}`", name),
        ));
    };
    check_reach(url, &secret.hosts, format_args!("secret `{name}`"))?;
    Ok(&secret.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(name: &str, value: &str, hosts: &[&str]) -> Secret {
        Secret {
            name: name.to_owned(),
            value: value.to_owned(),
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            version: 1,
        }
    }

    #[test]
    fn secret_that_cannot_be_used_is_refused_without_its_value() {
        let good = secret("sms-key", "s3cr3t-value", &["api.example.com"]);
        assert_eq!(check_secret(&good), Ok(()));
        for wrong in [
            secret("", "s3cr3t-value", &["api.example.com"]),
            secret("SMS key", "s3cr3t-value", &["api.example.com"]),
            secret("sms-key", "s3cr3t", &["api.example.com"]),
            secret("sms-key", "s3cr3t\r\nx: y", &["api.example.com"]),
            secret("sms-key", " s3cr3t-value", &["api.example.com"]),
            secret("sms-key", "s3cr3t-value", &[]),
            secret("sms-key", "s3cr3t-value", &["*"]),
            secret("sms-key", "s3cr3t-value", &["not a host"]),
        ] {
            let refused = check_secret(&wrong).expect_err("it cannot be used");
            assert_eq!(refused.code, Code::Invalid);
            assert!(!refused.message.english().contains("s3cr3t"), "{refused}");
        }
        assert!(!format!("{good:?}").contains("s3cr3t"));
    }
}
