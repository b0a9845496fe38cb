//! The host as a process.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::client;
use crate::cli::program::command;

/// A start takes no longer, also on a busy machine.
const START_MAX: Duration = Duration::from_secs(60);

/// A running host. Killed when dropped.
pub(super) struct Host {
    process: Child,
    address: SocketAddr,
    /// The token that the first start prints.
    pub(super) token: Option<String>,
}

impl Host {
    /// Starts the program and waits until it is ready.
    pub(super) async fn start(folder: &Path, database: &str) -> Host {
        let (folder, database) = (folder.to_owned(), database.to_owned());
        let host = tokio::task::spawn_blocking(move || Host::spawn(&folder, &database))
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

    fn spawn(folder: &Path, database: &str) -> Host {
        let log = PathBuf::from(folder).join("log");
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(log)
            .unwrap();
        let mut process = command(folder)
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--cache-dir",
                "cache",
                "--json",
            ])
            .args(["--database", database, "--log", "warn"])
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the host starts");
        let mut line = String::new();
        let out = process.stdout.take().expect("stdout is piped");
        BufReader::new(out).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|error| {
            let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            panic!("the host does not start: {error}: {line}\n{log}")
        });
        let text = |key: &str| said[key].as_str().map(str::to_owned);
        let url = text("url").expect("a URL");
        Host {
            process,
            address: url.strip_prefix("http://").unwrap().parse().unwrap(),
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

    /// SIGTERM: it ends by itself.
    pub(super) fn end(mut self) {
        let id = self.process.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
