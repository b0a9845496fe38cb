//! Secrets of API tokens.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::clock::random_bytes;

/// What every secret begins with, so that scanners for leaked secrets can find it.
const PREFIX: &str = "sbx_";

/// A new secret: 32 random bytes. Only its `digest` may be stored.
pub fn fresh() -> String {
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random_bytes::<32>()))
}

/// SHA-256 in lower-case hex: under what a token is stored and found.
pub fn digest(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
