//! `signalbox serve`: the host.

use std::path::PathBuf;

use anyhow::Context;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use signalbox_db::{DbError, OpenOptions};
use tokio::net::TcpListener;
use tracing::{info, warn};

use super::database::database_failure;
use super::hosting::{Hosting, Signals, listen};
use super::output::{write_stderr, write_stdout};
use super::{Answer, Exit, Failure, Globals, bad_filter};
use crate::app::{App, AppOptions, BACKLOG_MAX};
use crate::bootstrap::{Admin, bootstrap, new_admin};
use crate::clock::Clock;
use crate::config::{Config, Layer, Origin};
use crate::telemetry;
use signalbox_crm::breaker::Limits;

/// Starts the host: HTTP API, robots, timers, deliveries
///
/// On an empty database it makes the company's calendar, an employee `Administrator` and one API token, which is
/// printed to stdout once. The first signal (SIGINT, SIGTERM) lets what has begun finish, for up to 25 seconds
/// (`drain_seconds`); the second ends the process at once.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox serve
  signalbox serve --listen 0.0.0.0:8700 --database sqlite:/var/lib/crm.db
  signalbox serve --database postgres://signalbox@db/crm --zone Asia/Omsk
  signalbox serve --config /etc/signalbox.toml")]
pub(super) struct Args {
    /// Address and port; port 0 takes a free one [default: 127.0.0.1:8700]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// `sqlite:PATH` or `postgres://...` [default: sqlite:signalbox.db]
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// When a commit waits for the disk: full, normal or off [default: full]
    #[arg(long, value_name = "WHEN")]
    synchronous: Option<String>,
    /// Keeps compiled robots, so that the next start is quicker
    #[arg(long, value_name = "DIR")]
    cache_dir: Option<String>,
    /// Robots that run at the same time [default: 64]
    #[arg(long, value_name = "COUNT")]
    workers: Option<String>,
    /// Zone of the company's first calendar [default: Europe/Moscow]
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Which messages go to stderr [default: info]
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
    /// Makes one more token for an administrator and prints it: for when every token is lost
    #[arg(long)]
    new_admin_token: bool,
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let config = globals.load_config(self.flags())?;
        let filter = config.log.as_deref().unwrap_or("info");
        telemetry::start(filter).map_err(|error| Failure::new(Exit::Config, bad_filter(filter, &error)))?;
        let mut signals = Signals::new()?;
        // Before the database: a port that is taken must not leave a new database behind.
        let listener = listen(&config.listen).await?;
        let app = App::start(options(&config))
            .await
            .map_err(|error| start_failure(error, &config.database))?;
        let first = if self.new_admin_token {
            new_admin(&app.core, &config.zone).await.map(Some)
        } else {
            bootstrap(&app.core, &config.zone).await
        };
        let first = first.context("the administrator cannot be stored")?;
        announce(&listener, &config, first.as_ref(), globals.json)?;
        let mut hosting = Hosting::start(listener, app, config.trust.clone(), config.public_url.clone());
        let served = tokio::select! {
            ended = hosting.ended() => ended,
            name = signals.next() => {
                info!("{name}: the host stops; a second signal ends it at once");
                Ok(())
            }
        };
        hosting.stop(&mut signals, config.drain_max).await;
        info!("Signalbox has stopped");
        served?;
        Ok(Answer::silent())
    }

    fn flags(&self) -> Layer {
        let given = [
            ("listen", "listen", &self.listen),
            ("database", "database", &self.database),
            ("synchronous", "synchronous", &self.synchronous),
            ("cache_dir", "cache-dir", &self.cache_dir),
            ("workers", "workers", &self.workers),
            ("zone", "zone", &self.zone),
            ("log", "log", &self.log),
        ];
        given
            .into_iter()
            .filter_map(|(key, flag, value)| Some((key, (value.clone()?, Origin::Flag(flag)))))
            .collect()
    }
}

fn options(config: &Config) -> AppOptions {
    AppOptions {
        database: Some(config.database.clone()),
        open: OpenOptions {
            is_alone: false,
            ..config.open.clone()
        },
        clock: Clock::System,
        worker_count: config.worker_count,
        backlog_max: BACKLOG_MAX,
        run_limits: config.run_limits,
        breaker: Limits::DEFAULT,
        cache_dir: config.cache_dir.clone(),
        compiler: this_program(),
        inflight: inflight(config),
        keep: config.keep,
        private_hosts: std::sync::Arc::clone(&config.private_hosts),
    }
}

/// The program that runs, also when its file was replaced by another version meanwhile: Linux knows it by this name.
fn this_program() -> Option<PathBuf> {
    let running = PathBuf::from("/proc/self/exe");
    match running.exists() {
        true => Some(running),
        false => std::env::current_exe().ok(),
    }
}

/// Where it stands which runs are at work: beside the database, or in the folder of the cache. Two databases, or two
/// hosts, never share it: the second one does without.
fn inflight(config: &Config) -> Option<PathBuf> {
    if let Some(path) = config.database.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        return Some(format!("{path}.inflight").into());
    }
    let digest: [u8; 32] = Sha256::digest(&config.database).into();
    let name: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    let folder = config.cache_dir.as_ref()?;
    Some(folder.join(format!("{name}.inflight")))
}

/// Says where the host is, and gives the first administrator his token.
fn announce(
    listener: &TcpListener,
    config: &Config,
    first: Option<&Admin>,
    is_json: bool,
) -> Result<(), Failure> {
    let address = listener.local_addr().context("the listener has no address")?;
    let url = format!("http://{address}");
    let door = config.public_url.as_ref().unwrap_or(&url);
    if config.public_url.is_none() && !address.ip().is_loopback() {
        warn!(
            "Passwords and cookies of the console go over plain HTTP: put HTTPS in front, and name it in `public_url`"
        );
    }
    info!(%url, database = if config.database.starts_with("sqlite:") { &config.database } else { "postgres" }, "Signalbox is ready");
    let text = if is_json {
        let known = first.map(|first| {
            (
                &first.secret,
                first.employee,
                format!("{door}/set-up/{}", first.link),
            )
        });
        let (token, employee, link) = known.map_or((Value::Null, Value::Null, Value::Null), |known| {
            (json!(known.0), json!(known.1), json!(known.2))
        });
        format!(
            "{}\n",
            json!({
                "schema": "signalbox.serve/1", "url": url, "token": token, "employee": employee, "set_up": link,
            })
        )
    } else {
        let token = first.map(|first| {
            write_stderr(
                "The token of the administrator is shown once; keep it. The link opens the console, once, within three days:\n",
            );
            format!("token {}\nopen {door}/set-up/{}\n", first.secret, first.link)
        });
        format!("listening on {url}\n{}", token.unwrap_or_default())
    };
    write_stdout(&text)
        .context("cannot write to stdout")
        .map_err(Failure::from)
}

pub(super) fn start_failure(error: anyhow::Error, database: &str) -> Failure {
    match error.downcast::<DbError>() {
        Ok(error) => database_failure(error, database),
        Err(other) => other.context("the host cannot start").into(),
    }
}
