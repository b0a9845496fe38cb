//! The cookie of somebody who is signed in, and the defence against requests that other sites make with it.

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};

use super::problem::{Kind, Problem};
use crate::accounts::SESSION_TIME;
use signalbox_crm::said;

/// Over HTTPS. The prefix makes browsers keep it from other hosts and from plain HTTP (RFC 6265bis, 4.1.3.2).
const NAME_SECURE: &str = "__Host-signalbox";
/// Over plain HTTP, on this machine or in a network that the operator trusts.
const NAME_PLAIN: &str = "signalbox";

/// The secret in the request's cookie.
pub(crate) fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, NAME_SECURE).or_else(|| cookie(headers, NAME_PLAIN))
}

/// The value of a cookie.
pub(crate) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(header::COOKIE).iter();
    let texts = lines.filter_map(|line| line.to_str().ok());
    let mut pairs = texts
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// The header that signs a browser in.
pub(crate) fn set_session(secret: &str, is_https: bool) -> HeaderValue {
    cookie_header(secret, SESSION_TIME.as_secs(), is_https)
}

/// The header that makes a browser forget.
pub(crate) fn clear_session(is_https: bool) -> HeaderValue {
    cookie_header("", 0, is_https)
}

fn cookie_header(value: &str, age_s: u64, is_https: bool) -> HeaderValue {
    let (name, secure) = match is_https {
        true => (NAME_SECURE, "; Secure"),
        false => (NAME_PLAIN, ""),
    };
    let text = format!("{name}={value}; Path=/; Max-Age={age_s}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

/// Refuses a change that another site asks for in the name of somebody who is signed in here.
///
/// Browsers say where a request comes from (Fetch Metadata, and `Origin` with every POST since 2020); one that says
/// nothing is no browser, and has no business with a cookie.
///
/// # Errors
/// `forbidden`.
pub(crate) fn check_origin(parts: &Parts) -> Result<(), Problem> {
    if parts.method.is_safe() {
        return Ok(());
    }
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let is_own = match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some() && host == text("host")
        }
        (None, None) => false,
    };
    match is_own {
        true => Ok(()),
        false => Err(Problem::new(
            Kind::Forbidden,
            said!("the request comes from another site, or does not say where from"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn parts(method: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn changes_come_from_the_own_site_only() {
        for (headers, is_own) in [
            (&[("sec-fetch-site", "same-origin")][..], true),
            (&[("sec-fetch-site", "same-site")], false),
            (
                &[
                    ("sec-fetch-site", "cross-site"),
                    ("origin", "http://crm.example"),
                    ("host", "crm.example"),
                ],
                false,
            ),
            (&[("sec-fetch-site", "none")], false),
            (
                &[("origin", "https://crm.example"), ("host", "crm.example")],
                true,
            ),
            (
                &[("origin", "https://crm.example:8443"), ("host", "crm.example")],
                false,
            ),
            (&[("origin", "null"), ("host", "crm.example")], false),
            (&[("host", "crm.example")], false),
        ] {
            assert_eq!(
                check_origin(&parts("POST", headers)).is_ok(),
                is_own,
                "{headers:?}"
            );
            assert!(check_origin(&parts("GET", headers)).is_ok());
        }
    }

    #[test]
    fn cookie_is_found_among_others() {
        let found = |text: &str| {
            let parts = parts("GET", &[("cookie", text)]);
            session_cookie(&parts.headers).map(str::to_owned)
        };
        assert_eq!(found("a=1; signalbox=sbx_x; b=2").as_deref(), Some("sbx_x"));
        assert_eq!(
            found("signalbox=old; __Host-signalbox=new").as_deref(),
            Some("new")
        );
        assert_eq!(found("signalbox2=x; x"), None);
    }

    #[test]
    fn cookie_is_kept_from_scripts_and_other_sites() {
        let secure = set_session("sbx_x", true);
        assert_eq!(
            secure.to_str().unwrap(),
            "__Host-signalbox=sbx_x; Path=/; Max-Age=1209600; HttpOnly; SameSite=Lax; Secure"
        );
        assert!(
            clear_session(false)
                .to_str()
                .unwrap()
                .starts_with("signalbox=; Path=/; Max-Age=0;")
        );
    }
}
