//! The configuration: command line over environment over file over defaults, with the origin of each value.
//!
//! One table, [`SETTINGS`], is the whole list. Every layer gives texts; they are read in one place, so that a wrong
//! value is refused in the same words wherever it comes from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use minisign::PublicKey;
use signalbox_crm::calendar::{CalendarSpec, WorkCalendar};
use signalbox_crm::web_host::{WebHost, read_hosts};
use signalbox_db::{OpenOptions, Synchronous};
use signalbox_sandbox::Limits;
use signalbox_sandbox::limits::MEMORY_BYTES_CEILING;

use crate::janitor::Retention;
use crate::trust::{Trust, public_key};

pub use file::read_file;
pub use settings::{SETTINGS, Setting, example};

mod file;
mod settings;

/// The file that is read when none is named, if it exists.
pub const FILE_DEFAULT: &str = "signalbox.toml";
/// The environment's names: `SIGNALBOX_LISTEN`.
pub const ENV_PREFIX: &str = "SIGNALBOX_";

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Built in.
    Default,
    /// A file, with the line from 1.
    File(PathBuf, usize),
    /// A variable.
    Env(String),
    /// An option of the command line.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(path, line) => write!(f, "{}:{line}", path.display()),
            Origin::Env(name) => f.write_str(name),
            Origin::Flag(name) => write!(f, "--{name}"),
        }
    }
}

/// Why the configuration is refused. The operator acts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration `{}`: {problem}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// The file is not TOML.
    #[error("{}:{line}: {problem}", .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Why.
        problem: String,
    },
    /// A key or variable that means nothing.
    #[error("{origin}: there is no setting `{key}`{hint}")]
    UnknownKey {
        /// Where it stands.
        origin: Origin,
        /// The key.
        key: String,
        /// What may have been meant.
        hint: String,
    },
    /// A value that the setting does not take.
    #[error("{origin}: `{key}` is `{value}`: {problem}")]
    BadValue {
        /// Where it stands.
        origin: Origin,
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
        /// Why.
        problem: String,
    },
}

/// A value as it was written, and where.
pub type Given = (String, Origin);
/// One layer: what it sets, by key.
pub type Layer = BTreeMap<&'static str, Given>;

/// The configuration of a host.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address and port of the HTTP server.
    pub listen: String,
    /// Where people reach the console, without a slash at the end.
    pub public_url: Option<String>,
    /// `sqlite:PATH` or `postgres://...`.
    pub database: String,
    /// How the database is opened.
    pub open: OpenOptions,
    /// Where compiled robots are kept; nowhere without it.
    pub cache_dir: Option<PathBuf>,
    /// Runs that are executed at the same time.
    pub worker_count: u32,
    /// What one run may use.
    pub run_limits: Limits,
    /// How long what has begun may take after a signal.
    pub drain_max: Duration,
    /// How long rows are kept that have served.
    pub keep: Retention,
    /// Whose robots may be installed.
    pub trust: Trust,
    /// Hosts that robots may reach although their addresses are not public.
    pub private_hosts: Arc<[WebHost]>,
    /// The company's zone, used when an empty database gets its first calendar.
    pub zone: String,
    /// Which messages go to stderr.
    pub log: Option<String>,
    /// Every value with its origin, by key.
    pub given: BTreeMap<&'static str, Given>,
}

impl Config {
    /// Puts the layers together: `flags` over `env` over the file over the defaults.
    ///
    /// The file is `named`, or [`FILE_DEFAULT`] where that exists.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(
        named: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
        flags: Layer,
    ) -> Result<Config, ConfigError> {
        let mut given: Layer = SETTINGS.iter().filter_map(settings::default_of).collect();
        let implied = Path::new(FILE_DEFAULT);
        if let Some(path) = named.or_else(|| implied.exists().then_some(implied)) {
            given.extend(read_file(path)?);
        }
        given.extend(read_env(env));
        given.extend(flags);
        Config::from_given(given)
    }

    fn from_given(given: Layer) -> Result<Config, ConfigError> {
        let read = Reader { given: &given };
        let defaults = OpenOptions::default();
        Ok(Config {
            listen: read.text("listen", has_port)?.unwrap_or_default(),
            public_url: read.value("public_url", public_url)?,
            database: read.text("database", is_database)?.unwrap_or_default(),
            open: OpenOptions {
                synchronous: read.value("synchronous", synchronous)?.unwrap_or_default(),
                readers: read
                    .value("readers", |text| within(text, 1, 64))?
                    .unwrap_or(defaults.readers),
                size_bytes_max: read.value("database_bytes_max", |text| within(text, 1 << 16, u64::MAX))?,
                create: true,
                name: read.text("host_name", |_| Ok(()))?.unwrap_or_else(machine_name),
                is_alone: true,
            },
            cache_dir: read.text("cache_dir", |_| Ok(()))?.map(PathBuf::from),
            worker_count: read.value("workers", |text| within(text, 1, 1000))?.unwrap_or(1),
            run_limits: Limits::of_host(
                read.value("run_fuel_max", |text| within(text, 1_000_000, 10_000_000_000))?
                    .unwrap_or(Limits::DEFAULT.fuel_max),
                Duration::from_secs(read.count("run_seconds_max", 1, 300)?.into()),
                read.value("run_memory_bytes_max", |text| {
                    within(text, 2 << 20, MEMORY_BYTES_CEILING)
                })?
                .unwrap_or(Limits::DEFAULT.memory_bytes_max),
            ),
            drain_max: Duration::from_secs(read.count("drain_seconds", 0, 3600)?.into()),
            keep: Retention::of(
                read.count("idempotency_keys_kept_hours", 1, 720)?,
                read.count("inbound_kept_days", 7, 3650)?,
                read.count("deliveries_kept_days", 7, 3650)?,
            ),
            trust: Trust::new(
                read.value("trusted_keys", trusted_keys)?.unwrap_or_default(),
                read.value("unsigned_robots", refuses_unsigned)?
                    .unwrap_or_default(),
            ),
            private_hosts: read
                .value("private_hosts", private_hosts)?
                .unwrap_or_default()
                .into(),
            zone: read.text("zone", is_zone)?.unwrap_or_default(),
            log: read.text("log", |_| Ok(()))?,
            given,
        })
    }
}

fn trusted_keys(text: &str) -> Result<Vec<PublicKey>, String> {
    text.split(',').map(public_key).collect()
}

/// Scheme and host, with a port where there is one: the console has the whole host.
fn public_url(text: &str) -> Result<String, String> {
    let wrong = || "use scheme and host, such as `https://crm.example.com`".to_owned();
    let url = url::Url::parse(text.trim()).map_err(|_| wrong())?;
    let is_plain =
        url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !is_plain {
        return Err(wrong());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn private_hosts(text: &str) -> Result<Vec<WebHost>, String> {
    let hosts: Vec<String> = text.split(',').map(|host| host.trim().to_owned()).collect();
    let hosts = read_hosts(&hosts).map_err(|rejection| rejection.to_string())?;
    match hosts.iter().any(WebHost::is_any) {
        true => Err("`*` would let robots reach everything in your network: name the hosts".to_owned()),
        false => Ok(hosts),
    }
}

fn refuses_unsigned(text: &str) -> Result<bool, String> {
    match text {
        "allow" => Ok(false),
        "refuse" => Ok(true),
        _ => Err("it is neither `allow` nor `refuse`".to_owned()),
    }
}

/// The name of this machine.
fn machine_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "host".to_owned(),
        name => name.to_owned(),
    }
}

/// Variables of other commands, such as `SIGNALBOX_TOKEN`, are not settings; a test's own are none of ours either.
fn read_env(variables: impl IntoIterator<Item = (String, String)>) -> Layer {
    let mut layer = Layer::new();
    for (name, value) in variables {
        let key = name.strip_prefix(ENV_PREFIX).map(str::to_ascii_lowercase);
        if let Some(setting) = SETTINGS.iter().find(|s| Some(s.key) == key.as_deref()) {
            layer.insert(setting.key, (value, Origin::Env(name)));
        }
    }
    layer
}

/// Reads single settings out of the layers.
struct Reader<'a> {
    given: &'a Layer,
}

impl Reader<'_> {
    fn value<T>(
        &self,
        key: &'static str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, ConfigError> {
        let Some((text, origin)) = self.given.get(key).filter(|(text, _)| !text.is_empty()) else {
            return Ok(None);
        };
        let wrong = |problem| ConfigError::BadValue {
            origin: origin.clone(),
            key,
            value: text.clone(),
            problem,
        };
        read(text).map(Some).map_err(wrong)
    }

    /// A number that has a default.
    fn count(&self, key: &'static str, min: u32, max: u32) -> Result<u32, ConfigError> {
        let value = self.value(key, |text| within(text, min, max))?;
        Ok(value.unwrap_or(min))
    }

    fn text(
        &self,
        key: &'static str,
        check: fn(&str) -> Result<(), String>,
    ) -> Result<Option<String>, ConfigError> {
        self.value(key, |text| check(text).map(|()| text.to_owned()))
    }
}

fn within<T: std::str::FromStr + PartialOrd + fmt::Display>(text: &str, min: T, max: T) -> Result<T, String> {
    let number = text
        .parse::<T>()
        .ok()
        .filter(|number| (&min..=&max).contains(&number));
    number.ok_or_else(|| format!("use a whole number from {min} to {max}"))
}

fn has_port(text: &str) -> Result<(), String> {
    let port = text
        .rsplit_once(':')
        .and_then(|(host, port)| port.parse::<u16>().ok().filter(|_| !host.is_empty()));
    port.map(drop)
        .ok_or_else(|| "use an address with its port, such as `127.0.0.1:8700`".to_owned())
}

fn is_database(text: &str) -> Result<(), String> {
    let known = ["sqlite:", "postgres://", "postgresql://"];
    let fits = known
        .iter()
        .any(|prefix| text.len() > prefix.len() && text.starts_with(prefix));
    fits.then_some(())
        .ok_or_else(|| "use `sqlite:PATH` or `postgres://HOST/NAME`".to_owned())
}

fn is_zone(text: &str) -> Result<(), String> {
    WorkCalendar::new(&CalendarSpec::office(text))
        .map(drop)
        .map_err(|error| error.to_string())
}

fn synchronous(text: &str) -> Result<Synchronous, String> {
    match text {
        "full" => Ok(Synchronous::Full),
        "normal" => Ok(Synchronous::Normal),
        "off" => Ok(Synchronous::Off),
        _ => Err("use full, normal or off".to_owned()),
    }
}

#[cfg(test)]
mod tests;
