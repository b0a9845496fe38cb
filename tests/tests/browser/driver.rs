//! A browser for a test: Chromium with an empty profile, and the driver that steers it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Browsers at the same time: each takes half a core and 300 MB.
const BROWSERS_MAX: u32 = 4;
/// How long a page may take to show what it is waited for. A machine that compiles beside the tests is slow.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

static PLACES: Semaphore = Semaphore::const_new(BROWSERS_MAX as usize);

/// The driver's process. It ends its browser when it ends.
struct Driver {
    port: u16,
    process: Child,
}

impl Driver {
    /// None where there is none.
    fn start() -> Option<Driver> {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut lines = BufReader::new(process.stdout.take()?)
            .lines()
            .map_while(Result::ok);
        let port = lines.find_map(|line| {
            let port = line.split("started successfully on port ").nth(1)?;
            port.trim_end_matches('.').parse().ok()
        })?;
        // A full pipe would hold it up.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Driver { port, process })
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
            let _ =
                stream.write_all(b"GET /shutdown HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n");
            let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
            let _ = stream.read_to_end(&mut Vec::new());
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Places for the browsers of one test. Taken at once: two tests that each wait for a second browser wait for ever.
pub(crate) struct Browsers {
    _places: SemaphorePermit<'static>,
    left: u32,
}

/// A browser.
pub(crate) struct Browser {
    pub(crate) client: Client,
    _driver: Driver,
    _profile: TempDir,
}

impl Browsers {
    /// None where there is no browser, which is said; a failure in CI.
    pub(crate) async fn new(count: u32) -> Option<Browsers> {
        if Command::new("chromedriver").arg("--version").output().is_err() {
            let message = "no `chromedriver`: apt-get install chromium chromium-driver fonts-dejavu-core";
            assert!(std::env::var_os("CI").is_none(), "{message}");
            eprintln!("SKIPPED: {message}");
            return None;
        }
        Some(Browsers {
            _places: PLACES.acquire_many(count).await.expect("never closed"),
            left: count,
        })
    }

    pub(crate) async fn open(&mut self, width: u32, language: &str) -> Browser {
        self.open_with(width, language, &[]).await
    }

    /// For somebody whose system is dark.
    pub(crate) async fn open_dark(&mut self, width: u32, language: &str) -> Browser {
        self.open_with(width, language, &["--force-dark-mode"]).await
    }

    async fn open_with(&mut self, width: u32, language: &str, more: &[&str]) -> Browser {
        self.left = self
            .left
            .checked_sub(1)
            .expect("as many browsers as there are places");
        let driver = Driver::start().expect("a driver that starts");
        let profile = tempfile::tempdir().unwrap();
        let mut arguments = vec![
            "--headless".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            format!("--window-size={width},900"),
            format!("--accept-lang={language}"),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        arguments.extend(more.iter().map(|argument| (*argument).to_owned()));
        let mut capabilities = Capabilities::new();
        let options = json!({ "args": arguments, "prefs": { "intl.accept_languages": language } });
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{}", driver.port))
            .await
            .expect("a browser that starts");
        client.set_window_size(width, 900).await.unwrap();
        Browser {
            client,
            _driver: driver,
            _profile: profile,
        }
    }
}
