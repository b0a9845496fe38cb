//! A host that runs as a process, and requests to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::program::{Ended, command};

/// A running host with its folder. Killed when dropped.
pub(super) struct Host {
    process: Child,
    folder: TempDir,
    pub(super) url: String,
    /// The token that it printed at its start.
    pub(super) token: Option<String>,
}

impl Host {
    /// Starts on an empty database.
    pub(super) fn start() -> Host {
        Host::start_in(tempfile::tempdir().expect("a folder"))
    }

    /// Starts on what the folder has.
    pub(super) fn start_in(folder: TempDir) -> Host {
        Host::start_with(folder, &[])
    }

    /// Starts with more options.
    pub(super) fn start_with(folder: TempDir, options: &[&str]) -> Host {
        let mut process = command(folder.path())
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--synchronous",
                "off",
                "--workers",
                "4",
                "--json",
            ])
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the host starts");
        let mut line = String::new();
        let out = process.stdout.take().expect("stdout is piped");
        BufReader::new(out)
            .read_line(&mut line)
            .expect("the host says where it is");
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(said["schema"], "signalbox.serve/1");
        let text = |key: &str| said[key].as_str().map(str::to_owned);
        Host {
            process,
            folder,
            url: text("url").expect("a URL"),
            token: text("token"),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// `127.0.0.1:12345`.
    pub(super) fn address(&self) -> &str {
        self.url.strip_prefix("http://").expect("a URL of http")
    }

    /// Runs a command against the host, with the first token.
    pub(super) fn cli(&self, args: &[&str]) -> Ended {
        self.cli_as(self.token.as_deref().unwrap_or_default(), args)
    }

    /// Runs a command against the host.
    pub(super) fn cli_as(&self, token: &str, args: &[&str]) -> Ended {
        let mut command = command(self.folder());
        command
            .args(args)
            .env("SIGNALBOX_URL", &self.url)
            .env("SIGNALBOX_TOKEN", token);
        command.output().expect("the program starts").into()
    }

    /// Sends a request past the command line, for what it has no command for.
    #[track_caller]
    pub(super) fn send(&self, method: &str, path: &str, version: Option<i64>, body: &Value) -> Value {
        let mut stream = TcpStream::connect(self.address()).expect("the host accepts");
        let (token, body) = (self.token.as_deref().unwrap_or_default(), body.to_string());
        let matching = version.map_or(String::new(), |version| format!("If-Match: \"{version}\"\r\n"));
        let head = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {token}\r\n{matching}\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(body.as_bytes()))
            .expect("it takes requests");
        let mut reply = String::new();
        stream.read_to_string(&mut reply).expect("it answers");
        let (head, body) = reply.split_once("\r\n\r\n").expect("an HTTP answer");
        assert!(head.starts_with("HTTP/1.1 2"), "{method} {path}: {reply}");
        serde_json::from_str(body).unwrap_or(Value::Null)
    }

    /// Sends a signal and waits for the end: the exit code, and the folder for another start.
    pub(super) fn end(mut self, signal: &str) -> (Option<i32>, TempDir) {
        let id = self.process.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .expect("`kill` exists")
                .success()
        );
        let code = self.process.wait().expect("the host ends").code();
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().expect("a folder"));
        (code, folder)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
