//! Hosts of the web that robots may reach, as manifests and admins name them.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

use crate::rejection::{Code, Rejection};
use crate::said;

/// The most hosts of a manifest, an attachment or a secret.
pub const HOSTS_MAX: usize = 20;

/// One host, or all below a domain. Written `api.example.com`, `*.example.com`, `api.example.com:8443`, and with its
/// scheme where it is not `https`: `http://crm.local:8080`. A manifest may also say `*`: whatever the admin names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebHost {
    name: Name,
    is_secure: bool,
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Name {
    Any,
    /// Everything below this domain, and not the domain itself.
    Below(String),
    Exactly(String),
}

impl WebHost {
    /// Whether it is `*`, which names nothing.
    pub fn is_any(&self) -> bool {
        self.name == Name::Any
    }

    /// Whether a request to this address goes to it.
    pub fn has(&self, url: &Url) -> bool {
        let is_name = match (&self.name, url.host_str()) {
            (Name::Any, _) => return true,
            (Name::Below(domain), Some(host)) => is_below(host, domain),
            (Name::Exactly(name), Some(host)) => host == name,
            (_, None) => false,
        };
        let is_secure = url.scheme() == "https";
        is_name && self.is_secure == is_secure && url.port_or_known_default() == Some(self.port)
    }

    /// Whether all that the other names is named by this one, too.
    pub fn includes(&self, other: &WebHost) -> bool {
        let is_name = match (&self.name, &other.name) {
            (Name::Any, _) => return true,
            (_, Name::Any) => false,
            (Name::Below(domain), Name::Below(below)) => below == domain || is_below(below, domain),
            (Name::Below(domain), Name::Exactly(name)) => is_below(name, domain),
            (Name::Exactly(one), Name::Exactly(other)) => one == other,
            (Name::Exactly(_), Name::Below(_)) => false,
        };
        is_name && (self.is_secure, self.port) == (other.is_secure, other.port)
    }
}

fn is_below(host: &str, domain: &str) -> bool {
    let rest = host.strip_suffix(domain);
    rest.is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}

impl FromStr for WebHost {
    type Err = Rejection;

    fn from_str(text: &str) -> Result<Self, Rejection> {
        let wrong = || {
            let message = said!(
                "`{text}` is no host such as `api.example.com`, `*.example.com`, `api.example.com:8443` or `http://crm.local`",
                text
            );
            Rejection::invalid(message)
        };
        let (is_secure, rest) = match text.split_once("://") {
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            Some(_) => return Err(wrong()),
            None => (true, text),
        };
        let port_known = if is_secure { 443 } else { 80 };
        if rest == "*" {
            return Ok(WebHost {
                name: Name::Any,
                is_secure,
                port: port_known,
            });
        }
        // The colons of an IPv6 address stand in brackets.
        let (name, port) = match rest.rsplit_once(':').filter(|(_, port)| !port.contains(']')) {
            Some((name, port)) => (name, port.parse().map_err(|_| wrong())?),
            None => (rest, port_known),
        };
        let (is_below, name) = match name.strip_prefix("*.") {
            Some(domain) => (true, domain),
            None => (false, name),
        };
        if name.contains('*') {
            return Err(wrong());
        }
        let host = Host::parse(name).map_err(|_| wrong())?;
        let name = match (is_below, host) {
            (true, Host::Domain(domain)) => Name::Below(domain),
            (true, _) => return Err(wrong()),
            (false, host) => Name::Exactly(host.to_string()),
        };
        Ok(WebHost {
            name,
            is_secure,
            port,
        })
    }
}

impl fmt::Display for WebHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_secure {
            f.write_str("http://")?;
        }
        match &self.name {
            Name::Any => f.write_str("*")?,
            Name::Below(domain) => write!(f, "*.{domain}")?,
            Name::Exactly(name) => f.write_str(name)?,
        }
        match (self.is_secure, self.port) {
            (true, 443) | (false, 80) => Ok(()),
            (_, port) => write!(f, ":{port}"),
        }
    }
}

/// Reads a list of hosts.
///
/// # Errors
/// `invalid`, with the one that is none, or the number of them.
pub fn read_hosts(texts: &[String]) -> Result<Vec<WebHost>, Rejection> {
    if texts.len() > HOSTS_MAX {
        let message = said!(
            "{count} hosts, more than {max}",
            count = texts.len(),
            max = HOSTS_MAX
        );
        return Err(Rejection::invalid(message));
    }
    texts.iter().map(|text| text.parse()).collect()
}

/// Checks the hosts that an admin names for an attachment: real ones, and among those that its robot asks for.
///
/// # Errors
/// `invalid`, with the host.
pub fn check_named(named: &[String], asked: &[String]) -> Result<(), Rejection> {
    let asked = read_hosts(asked)?;
    for host in read_hosts(named)? {
        if host.is_any() {
            return Err(Rejection::invalid(said!(
                "`*` names no host: the admin names each"
            )));
        }
        if !asked.iter().any(|one| one.includes(&host)) {
            return Err(Rejection::invalid(said!(
                "the robot does not ask for the host `{host}`",
                host
            )));
        }
    }
    Ok(())
}

/// Refuses an address that is not among these hosts. `whose` says whose they are.
///
/// # Errors
/// `denied`.
pub fn check_reach(url: &Url, hosts: &[String], whose: impl fmt::Display) -> Result<(), Rejection> {
    if read_hosts(hosts)?.iter().any(|host| host.has(url)) {
        return Ok(());
    }
    let message = said!(
        "{origin} is not among the hosts of {whose}",
        origin = origin_of(url),
        whose
    );
    Err(Rejection::new(Code::Denied, message))
}

/// `https://api.example.com`, with the port where it is not the usual one.
pub fn origin_of(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> WebHost {
        text.parse().expect(text)
    }

    fn has(pattern: &str, url: &str) -> bool {
        host(pattern).has(&Url::parse(url).expect(url))
    }

    #[test]
    fn host_has_its_own_addresses_only() {
        for (pattern, url) in [
            ("api.example.com", "https://api.example.com/v1?a=b"),
            ("API.example.com", "https://api.example.com:443/"),
            ("*.example.com", "https://a.b.example.com/"),
            ("api.example.com:8443", "https://api.example.com:8443/"),
            ("http://10.0.0.5:8080", "http://10.0.0.5:8080/x"),
            ("[::1]:8443", "https://[::1]:8443/"),
            (
                "\u{43f}\u{440}\u{438}\u{43c}\u{435}\u{440}.\u{440}\u{444}",
                "https://xn--e1afmkfd.xn--p1ai/",
            ),
            ("*", "http://anything/"),
        ] {
            assert!(has(pattern, url), "{pattern} {url}");
        }
        for (pattern, url) in [
            ("api.example.com", "http://api.example.com/"),
            ("api.example.com", "https://api.example.com:8443/"),
            ("api.example.com", "https://api.example.com.evil.org/"),
            ("api.example.com", "https://api.example.com@evil.org/"),
            ("*.example.com", "https://example.com/"),
            ("*.example.com", "https://evilexample.com/"),
            ("10.0.0.5", "https://10.0.0.50/"),
        ] {
            assert!(!has(pattern, url), "{pattern} {url}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused_by_its_text() {
        for wrong in [
            "",
            "https://",
            "ftp://example.com",
            "example.com/path",
            "user@example.com",
            "example.com:port",
            "a b.com",
            "*.10.0.0.1",
            "*.*.com",
        ] {
            let refused = wrong.parse::<WebHost>().expect_err(wrong);
            assert!(
                refused.message.english().contains(&format!("`{wrong}`")),
                "{refused}"
            );
        }
    }

    #[test]
    fn admin_names_hosts_among_those_that_the_robot_asks_for() {
        let check = |named: &str, asked: &str| check_named(&[named.to_owned()], &[asked.to_owned()]);
        for (named, asked) in [
            ("api.example.com", "api.example.com"),
            ("api.example.com", "*.example.com"),
            ("*.eu.example.com", "*.example.com"),
            ("http://crm.local:8080", "*"),
        ] {
            assert_eq!(check(named, asked), Ok(()), "{named} {asked}");
        }
        for (named, asked) in [
            ("*", "*"),
            ("example.com", "*.example.com"),
            ("*.example.com", "api.example.com"),
            ("http://api.example.com", "api.example.com"),
        ] {
            assert!(check(named, asked).is_err(), "{named} {asked}");
        }
    }

    #[test]
    fn host_reads_back_as_it_is_written() {
        for text in [
            "api.example.com",
            "*.example.com:8443",
            "http://crm.local",
            "*",
            "[::1]",
        ] {
            assert_eq!(host(text).to_string(), text);
        }
    }
}
