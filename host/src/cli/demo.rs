//! `signalbox demo`: the whole on an empty database, told while it happens.
//!
//! Everything goes the way that it goes in production: webhooks and stage moves come in over HTTP, robots run in their
//! sandbox, effects commit on disk. Only Telegram itself is replaced, by a receiver in this process.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;

use self::messenger::Messenger;
use self::player::Player;
use self::telling::Teller;
use super::hosting::{Hosting, Signals, listen};
use super::output::write_stdout;
use super::serve::start_failure;
use super::{Answer, Exit, Failure, Globals};
use crate::app::{App, AppOptions, BACKLOG_MAX, WORKERS_DEFAULT};
use crate::bootstrap::{Admin, new_admin};
use crate::clock::Clock;
use crate::drain::DRAIN_DEFAULT;
use crate::setup::Setup;
use crate::trust::Trust;
use signalbox_crm::breaker::Limits;

mod acting;
mod glossary;
mod messenger;
mod player;
mod story;
mod telling;
mod updates;

/// People, pipeline, channel and attachments.
const SETUP: &str = include_str!("../../../examples/demo/setup.toml");
/// Where `serve` listens too.
const PORT: u16 = 8700;

/// Shows the whole on an empty database: clients write, robots act, and it says why
///
/// It makes a small sales pipeline, plays messages of Telegram and stage moves through the HTTP API, tells what each
/// robot did and why, and goes on serving until it is interrupted.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox demo
  signalbox demo --once
  signalbox demo --port 8701 --data ./demo")]
pub(super) struct Args {
    /// Ends after the play, with 1 when something did not happen as it should
    #[arg(long)]
    once: bool,
    /// Port on 127.0.0.1 [default: 8700, or a free one when that is taken]
    #[arg(long)]
    port: Option<u16>,
    /// Keeps the database in this folder; without it a temporary one is used, and removed at the end
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let mut signals = Signals::new()?;
        let place = Place::new(self.data.as_deref())?;
        let listener = self.listener().await?;
        let address = listener.local_addr().context("the listener has no address")?;
        let setup = Setup::parse(SETUP)?;
        let messenger = Messenger::start(&setup, &format!("http://{address}")).await?;
        let app = start(&place.database).await?;
        let Admin {
            secret: token, link, ..
        } = set_up(&app, setup, &messenger).await?;
        let mut hosting = Hosting::start(listener, app, Trust::default(), None);
        let url = format!("http://{address}");
        let mut player = Player::new(&url, &token, messenger, Teller::new(globals.json)).await?;
        let place = Serving {
            url,
            token,
            link,
            database: place,
            is_json: globals.json,
        };
        let ended = tokio::select! {
            ended = perform(&mut player, &place, self.once) => ended,
            ended = hosting.ended() => ended.map_err(Failure::from),
            _ = signals.next() => Err(Failure::say(Exit::Interrupted, "interrupted before the play was over")),
        };
        hosting.stop(&mut signals, DRAIN_DEFAULT).await;
        match ended {
            Err(failure) if failure.exit == Exit::Interrupted && player.is_over() => Ok(Answer::silent()),
            ended => ended.map(|()| Answer::silent()),
        }
    }

    async fn listener(&self) -> Result<TcpListener, Failure> {
        let at = |port: u16| format!("127.0.0.1:{port}");
        if let Some(port) = self.port {
            return listen(&at(port)).await;
        }
        if !self.once
            && let Ok(listener) = listen(&at(PORT)).await
        {
            return Ok(listener);
        }
        listen(&at(0)).await
    }
}

/// Plays, says how to go on, and tells what happens after that until somebody ends it.
async fn perform(player: &mut Player, serving: &Serving, is_once: bool) -> Result<(), Failure> {
    player.teller.say(&serving.greeting());
    story::play(player).await?;
    if serving.is_json {
        let line = json!({
            "schema": "signalbox.demo/1",
            "url": serving.url,
            "token": serving.token,
            "set_up": format!("{}/set-up/{}", serving.url, serving.link),
            "database": serving.database.database,
            "runs": player.told_runs(),
        });
        write_stdout(&line.to_string()).context("cannot write to stdout")?;
    }
    if is_once {
        return Ok(());
    }
    player.teller.say(&serving.invitation(player));
    player.watch().await
}

/// Where the database is.
struct Place {
    database: String,
    temporary: Option<TempDir>,
}

impl Place {
    /// A new place for a database: never one that has something.
    fn new(folder: Option<&Path>) -> Result<Self, Failure> {
        let Some(folder) = folder else {
            let temporary = tempfile::tempdir().context("no temporary folder can be made")?;
            let database = url_of(temporary.path());
            return Ok(Place {
                database,
                temporary: Some(temporary),
            });
        };
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
        let file = folder.join(FILE);
        if file.metadata().is_ok_and(|found| found.len() > 0) {
            let message = format!(
                "`{}` is not empty, and the demo changes no database that has something in it: give another folder with --data, or none",
                file.display()
            );
            return Err(Failure::say(Exit::Conflict, message));
        }
        Ok(Place {
            database: url_of(folder),
            temporary: None,
        })
    }
}

/// The name of the database in its folder.
const FILE: &str = "signalbox.db";

fn url_of(folder: &Path) -> String {
    format!("sqlite:{}", folder.join(FILE).display())
}

async fn start(database: &str) -> Result<App, Failure> {
    let options = AppOptions {
        database: Some(database.to_owned()),
        open: signalbox_db::OpenOptions::default(),
        clock: Clock::System,
        worker_count: WORKERS_DEFAULT,
        backlog_max: BACKLOG_MAX,
        run_limits: signalbox_sandbox::Limits::default(),
        breaker: Limits::DEFAULT,
        cache_dir: None,
        compiler: None,
        inflight: None,
        keep: crate::janitor::Retention::default(),
        private_hosts: std::sync::Arc::from([]),
    };
    App::start(options)
        .await
        .map_err(|error| start_failure(error, database))
}

/// Stores the set-up with the receiver in Telegram's place, and makes an administrator's token.
async fn set_up(app: &App, mut setup: Setup, messenger: &Messenger) -> Result<Admin, Failure> {
    for channel in &mut setup.channel {
        channel.base_url = Some(messenger.base_url().to_owned());
    }
    let zone = setup.zone.clone();
    setup
        .apply(&app.core)
        .await
        .context("the demo cannot be set up")?;
    let admin = new_admin(&app.core, &zone)
        .await
        .context("the token cannot be stored")?;
    Ok(admin)
}

/// The host of the demo, as the visitor reaches it.
struct Serving {
    url: String,
    token: String,
    /// The secret of the link behind which the visitor chooses a password.
    link: String,
    database: Place,
    is_json: bool,
}

impl Serving {
    fn greeting(&self) -> String {
        let kept = if self.database.temporary.is_some() {
            "temporary, removed at the end"
        } else {
            "kept"
        };
        format!(
            "Signalbox demo: a sales pipeline, two clients, six robots.\n\
             \n\
             host      {}\n\
             database  {} ({kept})\n\
             set-up    examples/demo/setup.toml, compiled in\n\
             Telegram  NOT the real one: a receiver in this process takes what robots send to clients,\n\
             {:10}and updates in the Bot API's format are sent to the host's webhook from here\n\
             times     Europe/Moscow; delays are seconds here, so that they can be watched\n",
            self.url, self.database.database, ""
        )
    }

    /// What the visitor can do now.
    fn invitation(&self, player: &Player) -> String {
        let Serving { url, token, link, .. } = self;
        let (secret, update) = player.next_update();
        format!(
            "\nThe host goes on serving at {url}; Ctrl-C ends it. What robots do is told here.\n\
             The console opens in a browser behind this link, which works once:\n\
             \n  {url}/set-up/{link}\n\
             \nThe token of the administrator is in this line, for `signalbox` in another terminal:\n\
             \n  export SIGNALBOX_URL={url} SIGNALBOX_TOKEN={token}\n\
             \nThree commands to try there:\n\
             \n  # The deals.\n  curl -s -H 'Authorization: Bearer {token}' {url}/api/v1/items\n\
             \n  # Everything about one run: its cause, each host call with its answer, effects, fuel.\n  \
             curl -s -H 'Authorization: Bearer {token}' {url}/api/v1/runs/run:1\n\
             \n  # A new client writes.\n  curl -s -H 'X-Telegram-Bot-Api-Secret-Token: {secret}' -H 'Content-Type: application/json' \\\n    \
             {url}/hooks/telegram -d '{update}'\n"
        )
    }
}
