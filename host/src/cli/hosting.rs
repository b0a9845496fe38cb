//! A host inside a command: it listens, serves, and stops after a signal.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle};
use tracing::{info, warn};

use super::{Exit, Failure};
use crate::app::App;
use crate::console;
use crate::http::{self, AppState};
use crate::trust::Trust;

/// Takes the address.
///
/// # Errors
/// `Conflict` when another process has the port.
pub(super) async fn listen(address: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address)
        .await
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::AddrInUse => Failure::say(
                Exit::Conflict,
                format!("cannot listen on {address}: another process uses the port; choose another"),
            ),
            _ => anyhow!(error)
                .context(format!("cannot listen on {address}"))
                .into(),
        })
}

/// A host that serves its HTTP API until it is stopped.
pub(super) struct Hosting {
    pub(super) app: App,
    server: JoinHandle<std::io::Result<()>>,
    stop: oneshot::Sender<()>,
}

impl Hosting {
    /// Begins to serve.
    pub(super) fn start(listener: TcpListener, app: App, trust: Trust, public_url: Option<String>) -> Self {
        let state = AppState::new(Arc::clone(&app.core), Arc::clone(&app.robots), trust);
        let state = Arc::new(AppState { public_url, ..state });
        let (stop, stopped) = oneshot::channel::<()>();
        let router = console::site(state);
        let server = tokio::spawn(http::serve(listener, router, async { drop(stopped.await) }));
        Hosting { app, server, stop }
    }

    /// Waits until the server or a part of the host ends by itself, which each does only when it fails.
    ///
    /// # Errors
    /// Why it failed.
    pub(super) async fn ended(&mut self) -> anyhow::Result<()> {
        tokio::select! {
            ended = &mut self.server => flat(ended).context("the HTTP server ended"),
            error = self.app.ended() => Err(error),
        }
    }

    /// Begins nothing new and lets end what has begun: runs and deliveries, while the API still answers what is read,
    /// then requests. One more signal ends the process at once. What is left is done by the next start.
    pub(super) async fn stop(self, signals: &mut Signals, drain_max: Duration) {
        let Hosting { app, server, stop } = self;
        let is_over = server.is_finished();
        app.core.begin_to_drain();
        let rest = async {
            app.drained().await;
            drop(stop);
            if !is_over && let Err(error) = flat(server.await) {
                warn!(error = %error, "The HTTP server did not end well: {error}");
            }
        };
        tokio::select! {
            () = rest => {}
            () = tokio::time::sleep(drain_max) => {
                warn!("Not everything ended within {} s", drain_max.as_secs());
            }
            _ = signals.next() => std::process::exit(i32::from(Exit::Interrupted as u8)),
        }
        info!("Left for the next start: {}", app.left());
        app.stop().await;
    }
}

fn flat(ended: Result<std::io::Result<()>, JoinError>) -> anyhow::Result<()> {
    Ok(ended??)
}

/// The signals that end the host.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// The system does not let it.
    pub(super) fn new() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Signals {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// Waits for the next one, and says its name.
    pub(super) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}
