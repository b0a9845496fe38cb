//! The list of settings.

use std::fmt::Write as _;

use super::{ENV_PREFIX, Given, Origin};

/// One setting: a key of the file, a variable, and an option of `serve`.
#[derive(Debug)]
pub struct Setting {
    /// The key in the file; the variable is `SIGNALBOX_` and the key in capitals.
    pub key: &'static str,
    /// Whether the file has a number there, and not a text.
    pub is_number: bool,
    /// Used where no layer says anything.
    pub default: Option<&'static str>,
    /// Shown in the example where there is no default.
    pub sample: &'static str,
    /// What it does, in lines of the example file.
    pub about: &'static [&'static str],
}

impl Setting {
    /// `SIGNALBOX_LISTEN`.
    pub fn variable(&self) -> String {
        format!("{ENV_PREFIX}{}", self.key.to_ascii_uppercase())
    }
}

/// Every setting there is.
pub const SETTINGS: [Setting; 21] = [
    Setting {
        key: "listen",
        is_number: false,
        default: Some("127.0.0.1:8700"),
        sample: "",
        about: &[
            "Address and port of the HTTP server. Port 0 takes a free one; the address is printed at start.",
        ],
    },
    Setting {
        key: "public_url",
        is_number: false,
        default: None,
        sample: "https://crm.example.com",
        about: &[
            "Where people reach the console, when a reverse proxy stands in front of it. With `https://` the cookies of",
            "those who sign in go over HTTPS only. The console asks nothing of it otherwise.",
        ],
    },
    Setting {
        key: "database",
        is_number: false,
        default: Some("sqlite:signalbox.db"),
        sample: "",
        about: &[
            "`sqlite:PATH`, or `postgres://USER:PASSWORD@HOST/NAME`. It is made at the first start (SQLite).",
        ],
    },
    Setting {
        key: "host_name",
        is_number: false,
        default: None,
        sample: "crm-1",
        about: &[
            "What operators call this host, where several share a PostgreSQL database. The machine's name without it.",
        ],
    },
    Setting {
        key: "synchronous",
        is_number: false,
        default: Some("full"),
        sample: "",
        about: &[
            "When a commit waits for the disk: `full` (each one survives a power loss; PostgreSQL: as the server is",
            "configured), `normal` (SQLite: a power loss may take the last ones, never the rest), `off` (for trials).",
        ],
    },
    Setting {
        key: "readers",
        is_number: true,
        default: Some("4"),
        sample: "",
        about: &["Connections to the database for reads, 1 to 64."],
    },
    Setting {
        key: "database_bytes_max",
        is_number: true,
        default: None,
        sample: "10737418240",
        about: &[
            "The SQLite file grows to this size and no further; changes beyond it are refused. No limit without it.",
        ],
    },
    Setting {
        key: "cache_dir",
        is_number: false,
        default: None,
        sample: "/var/cache/signalbox",
        about: &[
            "Keeps compiled robots, so that the next start is quicker. Nothing is kept without it.",
            "With PostgreSQL also which runs are at work, so that one that kills the host is found.",
        ],
    },
    Setting {
        key: "workers",
        is_number: true,
        default: Some("64"),
        sample: "",
        about: &["Robots that run at the same time, 1 to 1000."],
    },
    Setting {
        key: "run_fuel_max",
        is_number: true,
        default: Some("200000000"),
        sample: "",
        about: &[
            "What one run may compute, in fuel, 1000000 to 10000000000; 200000000 are some 0.2 s. docs/limits.md has the",
            "other limits. A robot may wish for less.",
        ],
    },
    Setting {
        key: "run_seconds_max",
        is_number: true,
        default: Some("10"),
        sample: "",
        about: &["How long one run may take with all its waits, 1 to 300."],
    },
    Setting {
        key: "run_memory_bytes_max",
        is_number: true,
        default: Some("33554432"),
        sample: "",
        about: &[
            "Memory of one run, 2097152 to 1073741824. As many runs as there are `workers` may have it at once.",
        ],
    },
    Setting {
        key: "drain_seconds",
        is_number: true,
        default: Some("25"),
        sample: "",
        about: &[
            "How long runs and deliveries that have begun may take after the first SIGTERM or SIGINT, 0 to 3600. A",
            "second less than what the process manager waits before it kills: Kubernetes 30 s, Docker 10 s.",
        ],
    },
    Setting {
        key: "idempotency_keys_kept_hours",
        is_number: true,
        default: Some("24"),
        sample: "",
        about: &["How long the same `Idempotency-Key` gets the same answer, 1 to 720."],
    },
    Setting {
        key: "inbound_kept_days",
        is_number: true,
        default: Some("30"),
        sample: "",
        about: &[
            "How long webhooks are kept as they came, 7 to 3650. A webhook that is repeated later than that counts as",
            "a new one; no provider repeats one for longer than a few days.",
        ],
    },
    Setting {
        key: "deliveries_kept_days",
        is_number: true,
        default: Some("90"),
        sample: "",
        about: &[
            "How long deliveries and requests of robots are kept that are over, 7 to 3650. Messages stay for ever.",
        ],
    },
    Setting {
        key: "trusted_keys",
        is_number: false,
        default: None,
        sample: "RWRnDVArEI6zAq5WXul78h4GCw6K2a72e7X6hZ8TjCfgP63TPiAvLKTI",
        about: &[
            "Public keys of those whose robots are trusted (`signalbox robot key` makes one), with commas between them.",
            "A robot that one of them has signed says so; one that was changed since is refused.",
        ],
    },
    Setting {
        key: "unsigned_robots",
        is_number: false,
        default: Some("allow"),
        sample: "",
        about: &[
            "Whether robots are installed that none of the trusted keys has signed: `allow` or `refuse`.",
        ],
    },
    Setting {
        key: "private_hosts",
        is_number: false,
        default: None,
        sample: "http://erp.local:8080,*.corp.example",
        about: &[
            "Hosts that robots may reach although their addresses are not public, with commas between them. Without it",
            "they reach none of your own network, of this machine, and of your cloud provider's services.",
        ],
    },
    Setting {
        key: "zone",
        is_number: false,
        default: Some("Europe/Moscow"),
        sample: "",
        about: &["Time zone of the company's first calendar. Used once, when the database is empty."],
    },
    Setting {
        key: "log",
        is_number: false,
        default: None,
        sample: "info,signalbox::engine=debug",
        about: &[
            "Which messages go to stderr: error, warn, info, debug, trace, also by part. `info` without it.",
        ],
    },
];

pub(super) fn default_of(setting: &Setting) -> Option<(&'static str, Given)> {
    setting
        .default
        .map(|value| (setting.key, (value.to_owned(), Origin::Default)))
}

/// A configuration file with every setting, its meaning and its default, all commented out.
pub fn example() -> String {
    let mut text = String::from(
        "# Signalbox configuration. Every line that is commented out shows the default, or a sample without one.\n\
         # A variable SIGNALBOX_<KEY> goes over this file, an option of the command line over both.\n",
    );
    for setting in &SETTINGS {
        text.push('\n');
        setting
            .about
            .iter()
            .for_each(|line| text.extend(["# ", line, "\n"]));
        let value = setting.default.unwrap_or(setting.sample);
        let quote = if setting.is_number { "" } else { "\"" };
        let _ = writeln!(text, "#{} = {quote}{value}{quote}", setting.key);
    }
    text
}
