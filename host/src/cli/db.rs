//! `signalbox db`: what operators do with a database, without a running host.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use signalbox_db::{Db, DbError, OpenOptions, copy_sqlite};

use super::audit;
use super::config::without_password;
use super::database::database_failure;
use super::{Answer, Exit, Failure, Globals};
use crate::config::Config;

/// Migrates, checks and backs up a database
///
/// `migrate` and `check` open the database themselves: an SQLite file must not be in use by a running host. `backup`
/// copies it while a host works with it.
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
    /// Looks for damage, and audits that no run was lost or doubled; exit code 1 when anything is found
    ///
    /// Each promise of the engine is a check with a name: how many rows it looked at, and which break it.
    #[command(after_help = "Examples:
  signalbox db check
  signalbox db check --full --json")]
    Check {
        /// Compares every index with its table (SQLite); takes its time
        #[arg(long)]
        full: bool,
    },
    /// Writes a consistent copy into a new file, also while a host runs (SQLite; PostgreSQL has pg_dump)
    #[command(after_help = "Examples:
  signalbox db backup signalbox-copy.db")]
    Backup {
        /// The new file
        file: PathBuf,
    },
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let config = globals.config_with(self.database)?;
        let answer = match self.command {
            Command::Migrate => migrate(&config).await,
            Command::Check { full } => check(&config, full).await,
            Command::Backup { file } if file.exists() => {
                let message = format!("`{}` exists; name a new file", file.display());
                return Err(Failure::say(Exit::Conflict, message));
            }
            Command::Backup { file } => backup(&config, &file).await,
        };
        answer.map_err(|error| database_failure(error, &config.database))
    }
}

/// Opening is what brings the schema up to date.
async fn migrate(config: &Config) -> Result<Answer, DbError> {
    let db = Db::open(&config.database, &config.open).await?;
    let report = db.check(false).await;
    db.close().await;
    let version = report?.schema_version;
    let text = format!(
        "{} has schema version {version}",
        without_password(&config.database)
    );
    Ok(Answer::new("signalbox.db.migrate/1", text).with("schema_version", version))
}

async fn check(config: &Config, is_full: bool) -> Result<Answer, DbError> {
    let options = OpenOptions {
        create: false,
        ..config.open.clone()
    };
    let db = Db::open(&config.database, &options).await?;
    let report = report(&db, is_full).await;
    db.close().await;
    report
}

async fn backup(config: &Config, file: &Path) -> Result<Answer, DbError> {
    let Some(source) = config.database.strip_prefix("sqlite:") else {
        return Err(DbError::Unsupported("use pg_dump to copy a PostgreSQL database"));
    };
    let source = Path::new(source.strip_prefix("//").unwrap_or(source));
    copy_sqlite(source, file).await?;
    let text = format!("{} is a copy of {}", file.display(), source.display());
    let answer = Answer::new("signalbox.db.backup/1", text);
    Ok(answer
        .with("file", file.display().to_string())
        .with("source", source.display().to_string()))
}

async fn report(db: &Db, is_full: bool) -> Result<Answer, DbError> {
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
    // A damaged file cannot be audited.
    let audited = if report.problems.is_empty() {
        db.audit().await?
    } else {
        Vec::new()
    };
    text.push_str(&audit::lines(&audited));
    let is_sound = report.problems.is_empty() && audited.iter().all(|check| check.broken_count == 0);
    let exit = if is_sound { Exit::Ok } else { Exit::Failed };
    let answer = Answer::new("signalbox.db.check/1", text).with("schema_version", report.schema_version);
    Ok(answer
        .with("size_bytes", size)
        .with("problems", report.problems)
        .with("audit", audit::shown(&audited))
        .ending(exit))
}
