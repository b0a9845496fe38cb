//! E-mail addresses.

use std::fmt;

use crate::said;
use crate::sentence::{Sentence, shown_as_said};
use crate::template;
use unicode_normalization::UnicodeNormalization;

/// The longest address in bytes: a path has 256 with its brackets (RFC 5321, section 4.5.3.1.3).
pub const ADDRESS_BYTES_MAX: usize = 254;
/// The longest part before the `@` in bytes (RFC 5321, section 4.5.3.1.1).
pub const LOCAL_BYTES_MAX: usize = 64;

/// An address as it was written, and the key under which it is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    written: String,
    key: String,
}

/// A text that is not an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailError {
    /// The refused text, cut to 64 characters.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

shown_as_said!(EmailError);

impl EmailError {
    /// What is wrong, for people.
    pub fn said(&self) -> Sentence {
        said!(
            "`{text}` is not an e-mail address: {reason}",
            text = self.text,
            reason = Sentence::fixed(self.reason)
        )
    }
}

impl Email {
    /// Reads one bare address, without a name and brackets. Quoted parts before the `@` are not accepted.
    ///
    /// # Errors
    /// `EmailError` with the text and the reason.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let refused = |reason| EmailError {
            text: text.chars().take(64).collect(),
            reason,
        };
        if text.len() > 4 * ADDRESS_BYTES_MAX {
            return Err(refused(template!("it is too long")));
        }
        let written: String = text.trim().nfc().collect();
        let (local, domain) = written
            .rsplit_once('@')
            .ok_or(refused(template!("it has no `@`")))?;
        check_local(local).map_err(refused)?;
        let domain = ascii_domain(domain).ok_or(refused(template!("its domain is not one")))?;
        let key = format!("{}@{domain}", local.to_lowercase());
        if key.len() > ADDRESS_BYTES_MAX {
            return Err(refused(template!("it is too long")));
        }
        Ok(Self { key, written })
    }

    /// The address as it was written, trimmed and composed (NFC): for sending.
    pub fn as_written(&self) -> &str {
        &self.written
    }

    /// The address in lower case with its domain in ASCII: what identifies a client. Dots and `+tags` stay, because
    /// their meaning is the provider's.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The key without a `+tag`: finds similar addresses, identifies no one.
    pub fn similar_key(&self) -> String {
        let (local, domain) = self.parts();
        match local.split_once('+') {
            Some((base, _)) if !base.is_empty() => format!("{base}@{domain}"),
            _ => self.key.clone(),
        }
    }

    /// Whether a program writes from this address, so that it is nobody's identity: `noreply`, `mailer-daemon`.
    pub fn is_automatic(&self) -> bool {
        let local = self.parts().0.replace(['-', '_', '.'], "");
        let base = local.split('+').next().unwrap_or(&local);
        matches!(
            base,
            "noreply" | "donotreply" | "mailerdaemon" | "postmaster" | "bounce" | "bounces"
        )
    }

    fn parts(&self) -> (&str, &str) {
        self.key
            .rsplit_once('@')
            .expect("the key was built around an `@`")
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

fn check_local(local: &str) -> Result<(), &'static str> {
    let is_foreign = |c: char| c.is_whitespace() || c.is_control() || r#""(),:;<>@[\]"#.contains(c);
    if local.is_empty() {
        return Err(template!("nothing is before the `@`"));
    }
    if local.len() > LOCAL_BYTES_MAX {
        return Err(template!("more than 64 bytes are before the `@`"));
    }
    if local.contains(is_foreign) {
        return Err(template!(
            "it has a space or a sign that is not accepted before the `@`"
        ));
    }
    if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        return Err(template!(
            "a dot before the `@` stands at an end or next to another"
        ));
    }
    Ok(())
}

/// At least two labels of letters, digits and hyphens, other scripts in Punycode (UTS #46).
fn ascii_domain(domain: &str) -> Option<String> {
    let cleaned = idna::AsciiDenyList::STD3;
    let hyphens = idna::uts46::Hyphens::Check;
    let length = idna::uts46::DnsLength::Verify;
    let ascii = idna::uts46::Uts46::new()
        .to_ascii(domain.as_bytes(), cleaned, hyphens, length)
        .ok()?;
    let (_, top) = ascii.rsplit_once('.')?;
    let is_named = top.bytes().any(|byte| byte.is_ascii_alphabetic());
    is_named.then(|| ascii.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, written: &str, key: &str) {
        let email = Email::parse(text).unwrap();
        assert_eq!((email.as_written(), email.key()), (written, key));
    }

    fn check_refusal(text: &str, expected: Expect) {
        expected.assert_eq(&Email::parse(text).unwrap_err().to_string());
    }

    #[test]
    fn key_folds_case_and_script_of_the_domain_only() {
        check(
            " Ivan.Petrov@Example.COM ",
            "Ivan.Petrov@Example.COM",
            "ivan.petrov@example.com",
        );
        check(
            "i.v.a.n+crm@gmail.com",
            "i.v.a.n+crm@gmail.com",
            "i.v.a.n+crm@gmail.com",
        );
        check("ИВАН@Почта.РФ", "ИВАН@Почта.РФ", "иван@xn--80a1acny.xn--p1ai");
        check(
            "иван@xn--80a1acny.xn--p1ai",
            "иван@xn--80a1acny.xn--p1ai",
            "иван@xn--80a1acny.xn--p1ai",
        );
        // The same letter, composed and in two characters.
        check(
            "и\u{306}@example.com",
            "\u{439}@example.com",
            "\u{439}@example.com",
        );
    }

    #[test]
    fn similar_key_drops_the_tag() {
        let similar = |text| Email::parse(text).unwrap().similar_key();
        assert_eq!(similar("Ivan+crm+2@example.com"), "ivan@example.com");
        assert_eq!(similar("ivan@example.com"), "ivan@example.com");
        assert_eq!(similar("+crm@example.com"), "+crm@example.com");
    }

    #[test]
    fn program_is_nobodys_identity() {
        for (text, is_automatic) in [
            ("noreply@example.com", true),
            ("No-Reply@example.com", true),
            ("do_not_reply@example.com", true),
            ("MAILER-DAEMON@example.com", true),
            ("bounces+123=a@example.com", true),
            ("nora.reply@example.com", false),
            ("ivan@noreply.example.com", false),
        ] {
            assert_eq!(Email::parse(text).unwrap().is_automatic(), is_automatic, "{text}");
        }
    }

    #[test]
    fn refusal_says_what_is_wrong() {
        check_refusal("ivan", expect!["`ivan` is not an e-mail address: it has no `@`"]);
        check_refusal(
            "@example.com",
            expect!["`@example.com` is not an e-mail address: nothing is before the `@`"],
        );
        check_refusal(
            "Ivan <ivan@example.com>",
            expect![
                "`Ivan <ivan@example.com>` is not an e-mail address: it has a space or a sign that is not accepted before the `@`"
            ],
        );
        check_refusal(
            "a@b@example.com",
            expect![
                "`a@b@example.com` is not an e-mail address: it has a space or a sign that is not accepted before the `@`"
            ],
        );
        check_refusal(
            "ivan.@example.com",
            expect![
                "`ivan.@example.com` is not an e-mail address: a dot before the `@` stands at an end or next to another"
            ],
        );
        check_refusal(
            "ivan@localhost",
            expect!["`ivan@localhost` is not an e-mail address: its domain is not one"],
        );
        check_refusal(
            "ivan@exa mple.com",
            expect!["`ivan@exa mple.com` is not an e-mail address: its domain is not one"],
        );
        check_refusal(
            "ivan@10.0.0.1",
            expect!["`ivan@10.0.0.1` is not an e-mail address: its domain is not one"],
        );
        check_refusal(
            "ivan@example..com",
            expect!["`ivan@example..com` is not an e-mail address: its domain is not one"],
        );
        check_refusal(
            "ivan@",
            expect!["`ivan@` is not an e-mail address: its domain is not one"],
        );
        check_refusal(
            &format!("{}@a.ru", "i".repeat(65)),
            expect![
                "`iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii` is not an e-mail address: more than 64 bytes are before the `@`"
            ],
        );
        check_refusal(
            &format!("i@{}.ru", "a.".repeat(600)),
            expect![
                "`i@a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.` is not an e-mail address: it is too long"
            ],
        );
    }
}
