//! The host as a process.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::client;
use super::disk::Disk;
use super::load::Random;
use crate::cli::program::command;

/// A start takes no longer, also on a busy machine.
const START_MAX: Duration = Duration::from_secs(60);

/// Ports that the system gives to nobody by itself: a host that was killed finds its own free again.
const PORTS: std::ops::Range<u64> = 10_000..32_000;

/// Where hosts work, one after the other.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) folder: PathBuf,
    pub(super) database: String,
    /// Always the same, as in production.
    pub(super) port: u64,
    /// Of the service that its robots ask.
    pub(super) service_port: u64,
    /// When a commit waits for the disk.
    pub(super) synchronous: &'static str,
    /// Under the folder.
    pub(super) disk: Option<Arc<Disk>>,
}

impl Place {
    /// A place with a port of its own.
    pub(super) fn new(folder: &Path, database: &str) -> Place {
        let mut random = Random::new(super::seed());
        let is_free = |port: &u64| TcpListener::bind(format!("127.0.0.1:{port}")).is_ok();
        let mut ports = std::iter::repeat_with(|| PORTS.start + random.below(PORTS.end - PORTS.start));
        Place {
            folder: folder.to_owned(),
            database: database.to_owned(),
            port: ports.find(is_free).expect("some port is free"),
            service_port: ports.find(is_free).expect("another port is free"),
            synchronous: "full",
            disk: None,
        }
    }

    /// An SQLite database in the folder.
    pub(super) fn sqlite(folder: &Path) -> Place {
        let database = format!("sqlite:{}", folder.join("kill.db").display());
        Place::new(folder, &database)
    }
}

/// A running host. Killed when dropped.
pub(super) struct Host {
    process: Child,
    address: SocketAddr,
    /// Where its robots may ask a service of this machine.
    pub(super) service: SocketAddr,
    /// The token that the first start prints.
    pub(super) token: Option<String>,
}

impl Host {
    /// Starts the program and waits until it is ready.
    pub(super) async fn start(place: &Place) -> Host {
        let place = place.clone();
        let host = tokio::task::spawn_blocking(move || Host::spawn(&place))
            .await
            .unwrap();
        let deadline = Instant::now() + START_MAX;
        loop {
            let answer = client::send(host.address, "GET", "/ready", &[], "").await;
            if answer.is_some_and(|answer| answer.status == 200) {
                return host;
            }
            assert!(Instant::now() < deadline, "the host does not get ready");
        }
    }

    fn spawn(place: &Place) -> Host {
        let log = place.folder.join("log");
        let listen = format!("127.0.0.1:{}", place.port);
        let service = format!("127.0.0.1:{}", place.service_port);
        let mut command = command(&place.folder);
        command
            .args(["serve", "--listen", &listen, "--cache-dir", "cache", "--json"])
            .args(["--database", &place.database, "--synchronous", place.synchronous])
            .args(["--log", "warn"])
            .env("SIGNALBOX_PRIVATE_HOSTS", format!("http://{service}"))
            .stdout(Stdio::piped())
            .stderr(File::options().create(true).append(true).open(&log).unwrap());
        if let Some(disk) = &place.disk {
            disk.under(&mut command);
        }
        let mut process = command.spawn().expect("the host starts");
        let mut line = String::new();
        let out = process.stdout.take().expect("stdout is piped");
        BufReader::new(out).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|error| {
            let log = std::fs::read_to_string(log).unwrap_or_default();
            panic!("the host does not start: {error}: {line}\n{log}")
        });
        let text = |key: &str| said[key].as_str().map(str::to_owned);
        let url = text("url").expect("a URL");
        Host {
            process,
            address: url.strip_prefix("http://").unwrap().parse().unwrap(),
            service: service.parse().unwrap(),
            token: text("token"),
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// SIGKILL, and the system has taken the process away.
    pub(super) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Waits for so long until it dies by itself, and says whether it did.
    pub(super) async fn dies_within(&mut self, most: Duration) -> bool {
        let deadline = Instant::now() + most;
        while Instant::now() < deadline {
            if self.process.try_wait().unwrap().is_some() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        false
    }

    /// Sends a signal.
    pub(super) fn signal(&self, signal: &str) {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// How it has ended.
    pub(super) fn status(&mut self) -> ExitStatus {
        self.process.wait().unwrap()
    }

    /// SIGTERM: it ends by itself.
    pub(super) fn end(mut self) {
        self.signal("-TERM");
        assert!(self.status().success());
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
