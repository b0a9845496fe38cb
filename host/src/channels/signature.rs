//! Signatures by the Standard Webhooks specification 1.0 (standard-webhooks/standard-webhooks,
//! `spec/standard-webhooks.md`, "Verifying webhook authenticity"), symmetric form.

use std::fmt;

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use signalbox_crm::time::Timestamp;

use super::{ID_CHARS_MAX, Unauthentic};

/// The header with the id of the event, the same at each attempt.
pub const ID_HEADER: &str = "webhook-id";
/// The header with the time of the attempt, in seconds since 1970.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// The header with the signatures, with a space between them.
pub const SIGNATURE_HEADER: &str = "webhook-signature";
/// How far the sender's clock may be from ours: five minutes, as in the specification's own libraries.
pub const TOLERANCE_SECONDS: u64 = 300;
/// The most signatures that are looked at: one for each secret during a rotation.
pub const SIGNATURES_MAX: usize = 16;

/// A secret for signing: `whsec_` and 24 to 64 bytes in base64 (section "Signature scheme").
pub struct Secret(Vec<u8>);

impl Secret {
    /// Reads the written form.
    ///
    /// # Errors
    /// What is wrong with it, without any part of it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let encoded = text
            .strip_prefix("whsec_")
            .ok_or("does not begin with `whsec_`")?;
        let key = STANDARD
            .decode(encoded)
            .map_err(|_| "is not base64 after `whsec_`")?;
        match key.len() {
            24..=64 => Ok(Self(key)),
            _ => Err("does not have 24 to 64 bytes"),
        }
    }

    /// The signature with its version, `v1,<base64>`, of one attempt.
    pub fn sign(&self, id: &str, timestamp_seconds: i64, body: &[u8]) -> String {
        let digest = self.mac(id, timestamp_seconds, body).finalize().into_bytes();
        format!("v1,{}", STANDARD.encode(digest))
    }

    fn mac(&self, id: &str, timestamp_seconds: i64, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(format!("{id}.{timestamp_seconds}.").as_bytes());
        mac.update(body);
        mac
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Checks the three headers against the raw body.
///
/// # Errors
/// `Unauthentic`: a header is missing or malformed, the time is too far from `now`, or no signature fits.
pub fn verify(secret: &Secret, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<(), Unauthentic> {
    let id = event_id(headers)?;
    let timestamp_seconds = timestamp(headers)?;
    let given = header(headers, SIGNATURE_HEADER)?;
    check_time(timestamp_seconds, now)?;
    let mut count = 0;
    for signature in given
        .split(' ')
        .filter_map(|text| text.strip_prefix("v1,"))
        .take(SIGNATURES_MAX)
    {
        count += 1;
        let Ok(signature) = STANDARD.decode(signature) else {
            continue;
        };
        // Compares in constant time.
        if secret
            .mac(id, timestamp_seconds, body)
            .verify_slice(&signature)
            .is_ok()
        {
            return Ok(());
        }
    }
    Err(Unauthentic::WrongSignature { count })
}

/// The id of the event. A dot in it could shift the limits of what is signed, so it is refused.
///
/// # Errors
/// `Unauthentic` when the header is missing or not an id.
pub fn event_id(headers: &HeaderMap) -> Result<&str, Unauthentic> {
    let id = header(headers, ID_HEADER)?;
    let is_id = id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'.');
    if is_id && (1..=ID_CHARS_MAX).contains(&id.len()) {
        return Ok(id);
    }
    Err(Unauthentic::BadHeader {
        name: ID_HEADER,
        problem: format!("is not 1 to {ID_CHARS_MAX} visible ASCII characters without a dot"),
    })
}

fn timestamp(headers: &HeaderMap) -> Result<i64, Unauthentic> {
    let text = header(headers, TIMESTAMP_HEADER)?;
    let is_plain =
        text.bytes().all(|byte| byte.is_ascii_digit()) && !(text.len() > 1 && text.starts_with('0'));
    match text.parse() {
        Ok(seconds) if is_plain => Ok(seconds),
        _ => Err(Unauthentic::BadHeader {
            name: TIMESTAMP_HEADER,
            problem: "is not a whole number of seconds since 1970".to_owned(),
        }),
    }
}

fn check_time(timestamp_seconds: i64, now: Timestamp) -> Result<(), Unauthentic> {
    let now_seconds = now.micros().div_euclid(1_000_000);
    let seconds = now_seconds.abs_diff(timestamp_seconds);
    if seconds <= TOLERANCE_SECONDS {
        return Ok(());
    }
    let side = if timestamp_seconds < now_seconds {
        "behind"
    } else {
        "ahead of"
    };
    Err(Unauthentic::OutOfTime {
        seconds,
        side,
        max_seconds: TOLERANCE_SECONDS,
    })
}

fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Unauthentic> {
    let value = headers.get(name).ok_or(Unauthentic::MissingHeader { name })?;
    value.to_str().map_err(|_| Unauthentic::BadHeader {
        name,
        problem: "has characters outside ASCII".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of the specification's own libraries (`libraries/rust/src/lib.rs`).
    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const ID: &str = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
    const SENT_SECONDS: i64 = 1_649_367_553;
    const BODY: &[u8] = br#"{"email":"test@example.com","username":"test_user"}"#;
    const SIGNATURE: &str = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";

    fn headers(id: &str, timestamp: &str, signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (ID_HEADER, id),
            (TIMESTAMP_HEADER, timestamp),
            (SIGNATURE_HEADER, signature),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        headers
    }

    fn verify_at(headers: &HeaderMap, body: &[u8], seconds: i64) -> Result<(), Unauthentic> {
        let secret = Secret::parse(SECRET).unwrap();
        verify(
            &secret,
            headers,
            body,
            Timestamp::from_micros(seconds * 1_000_000),
        )
    }

    #[test]
    fn signature_is_the_one_of_the_specification() {
        assert_eq!(
            Secret::parse(SECRET).unwrap().sign(ID, SENT_SECONDS, BODY),
            SIGNATURE
        );
        verify_at(&headers(ID, "1649367553", SIGNATURE), BODY, SENT_SECONDS).unwrap();
    }

    #[test]
    fn one_fitting_signature_of_several_is_enough() {
        let several = format!("v1a,AAAA v1,AAAA v1,!! nonsense {SIGNATURE} v1,AAAA");
        verify_at(&headers(ID, "1649367553", &several), BODY, SENT_SECONDS).unwrap();
        let none = headers(ID, "1649367553", "v1,AAAA v2,BBBB v1,CCCC");
        assert_eq!(
            verify_at(&none, BODY, SENT_SECONDS),
            Err(Unauthentic::WrongSignature { count: 2 })
        );
        let late = format!("{}{SIGNATURE}", "v1,AAAA ".repeat(SIGNATURES_MAX));
        assert!(verify_at(&headers(ID, "1649367553", &late), BODY, SENT_SECONDS).is_err());
    }

    #[test]
    fn forged_body_id_or_time_does_not_fit() {
        let wrong = Err(Unauthentic::WrongSignature { count: 1 });
        assert_eq!(
            verify_at(&headers(ID, "1649367553", SIGNATURE), b"{}", SENT_SECONDS),
            wrong
        );
        assert_eq!(
            verify_at(&headers("msg_2", "1649367553", SIGNATURE), BODY, SENT_SECONDS),
            wrong
        );
        assert_eq!(
            verify_at(&headers(ID, "1649367554", SIGNATURE), BODY, SENT_SECONDS),
            wrong
        );
        let other = Secret::parse("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
        let headers = headers(ID, "1649367553", &other.sign(ID, SENT_SECONDS, BODY));
        assert_eq!(verify_at(&headers, BODY, SENT_SECONDS), wrong);
    }

    #[test]
    fn old_signature_is_a_replay() {
        let headers = headers(ID, "1649367553", SIGNATURE);
        for seconds in [-300, 300] {
            verify_at(&headers, BODY, SENT_SECONDS + seconds).unwrap();
        }
        for (offset, message) in [
            (
                301,
                "header `webhook-timestamp` is 301 seconds behind this host's clock, more than 300",
            ),
            (
                -301,
                "header `webhook-timestamp` is 301 seconds ahead of this host's clock, more than 300",
            ),
        ] {
            let error = verify_at(&headers, BODY, SENT_SECONDS + offset).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn header_that_cannot_be_is_named() {
        let good = headers(ID, "1649367553", SIGNATURE);
        for name in [ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER] {
            let mut headers = good.clone();
            headers.remove(name);
            assert_eq!(
                verify_at(&headers, BODY, SENT_SECONDS),
                Err(Unauthentic::MissingHeader { name })
            );
        }
        for (name, value) in [
            (ID_HEADER, "".to_owned()),
            (ID_HEADER, "msg.1".to_owned()),
            (ID_HEADER, "msg 1".to_owned()),
            (ID_HEADER, "m".repeat(ID_CHARS_MAX + 1)),
            (TIMESTAMP_HEADER, "".to_owned()),
            (TIMESTAMP_HEADER, "-1".to_owned()),
            (TIMESTAMP_HEADER, "+1649367553".to_owned()),
            (TIMESTAMP_HEADER, "01649367553".to_owned()),
            (TIMESTAMP_HEADER, "1649367553.5".to_owned()),
            (TIMESTAMP_HEADER, "99999999999999999999".to_owned()),
        ] {
            let mut headers = good.clone();
            headers.insert(name, value.parse().unwrap());
            let error = verify_at(&headers, BODY, SENT_SECONDS).unwrap_err();
            assert!(
                matches!(error, Unauthentic::BadHeader { name: n, .. } if n == name),
                "{value}: {error}"
            );
        }
    }

    #[test]
    fn secret_of_another_form_is_refused_without_being_shown() {
        for text in [
            "",
            "C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            "whsec_",
            "whsec_AAAA",
            "whsec_????",
        ] {
            let problem = Secret::parse(text).unwrap_err();
            assert!(text.is_empty() || !problem.contains(text), "{problem}");
        }
        assert!(Secret::parse(&format!("whsec_{}", STANDARD.encode([7; 65]))).is_err());
        assert_eq!(format!("{:?}", Secret::parse(SECRET).unwrap()), "Secret(..)");
    }
}
