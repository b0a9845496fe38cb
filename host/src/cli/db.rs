//! `signalbox db`: what operators do with a database, without a running host.

use std::path::PathBuf;

use clap::Subcommand;
use signalbox_db::{Db, DbError};

use super::serve::database_failure;
use super::{Answer, Exit, Failure, Globals};
use crate::config::{Config, Layer, Origin};

/// Migrates, checks and backs up a database
///
/// These commands open the database themselves: an SQLite file must not be in use by a running host.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox db check --full
  signalbox db backup copy.db --database sqlite:/var/lib/crm.db")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
    /// `sqlite:PATH` or `postgres://...`; the configured one without it
    #[arg(long, global = true, value_name = "URL")]
    database: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Brings the schema up to date; makes the database where there is none (SQLite)
    #[command(after_help = "Examples:
  signalbox db migrate --database sqlite:signalbox.db")]
    Migrate,
    /// Looks for damage; exit code 1 when there is any
    #[command(after_help = "Examples:
  signalbox db check
  signalbox db check --full --json")]
    Check {
        /// Compares every index with its table (SQLite); takes its time
        #[arg(long)]
        full: bool,
    },
    /// Writes a consistent copy into a new file (SQLite)
    #[command(after_help = "Examples:
  signalbox db backup signalbox-copy.db")]
    Backup {
        /// The new file
        file: PathBuf,
    },
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let flags: Layer = self
            .database
            .into_iter()
            .map(|url| ("database", (url, Origin::Flag("database"))))
            .collect();
        let config = globals.load_config(flags)?;
        self.command.check()?;
        let makes_one = matches!(self.command, Command::Migrate);
        let db = open(&config, makes_one)
            .await
            .map_err(|error| database_failure(error, &config.database))?;
        let answer = self.command.act(&db, &config.database).await;
        db.close().await;
        answer.map_err(|error| database_failure(error, &config.database))
    }
}

/// Opening brings the schema up to date as well.
async fn open(config: &Config, makes_one: bool) -> Result<Db, DbError> {
    let mut options = config.open.clone();
    options.create = makes_one;
    Db::open(&config.database, &options).await
}

impl Command {
    /// Refuses what can be refused before the database is opened.
    fn check(&self) -> Result<(), Failure> {
        match self {
            Command::Backup { file } if file.exists() => Err(Failure::say(
                Exit::Conflict,
                format!("`{}` exists; name a new file", file.display()),
            )),
            Command::Backup { .. } | Command::Migrate | Command::Check { .. } => Ok(()),
        }
    }

    async fn act(self, db: &Db, name: &str) -> Result<Answer, DbError> {
        match self {
            Command::Migrate => {
                let version = db.check(false).await?.schema_version;
                let text = format!("{name} has schema version {version}");
                Ok(Answer::new("signalbox.db.migrate/1", text).with("schema_version", version))
            }
            Command::Check { full } => check(db, full).await,
            Command::Backup { file } => {
                db.backup(&file).await?;
                let size = db.size_bytes().await?;
                let text = format!("{} is a copy of {name}", file.display());
                let answer = Answer::new("signalbox.db.backup/1", text);
                Ok(answer
                    .with("file", file.display().to_string())
                    .with("database_bytes", size))
            }
        }
    }
}

async fn check(db: &Db, is_full: bool) -> Result<Answer, DbError> {
    let report = db.check(is_full).await?;
    let size = db.size_bytes().await?;
    let mut text = format!(
        "schema version {}, {size} bytes, {} problems\n",
        report.schema_version,
        report.problems.len()
    );
    report
        .problems
        .iter()
        .for_each(|problem| text.extend([problem.as_str(), "\n"]));
    let exit = if report.problems.is_empty() {
        Exit::Ok
    } else {
        Exit::Failed
    };
    let answer = Answer::new("signalbox.db.check/1", text).with("schema_version", report.schema_version);
    Ok(answer
        .with("size_bytes", size)
        .with("problems", report.problems)
        .ending(exit))
}
