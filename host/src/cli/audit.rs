//! `signalbox audit`: whether a database keeps the promises of the engine.

use serde_json::{Value, json};
use signalbox_db::{Audited, Db, DbError};

use super::database::database_failure;
use super::{Answer, Exit, Failure, Globals};

/// Audits that no run was lost or doubled, also while a host works
///
/// Each promise of the engine is a check with a name: how many rows it looked at, and which break it. All checks see the
/// database as it was at one instant. It reads whole tables, and an SQLite file keeps what is written meanwhile in its
/// WAL. The exit code is 1 when a promise is broken.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox audit
  signalbox audit --database postgres://signalbox@localhost/crm --json")]
pub(super) struct Args {
    /// `sqlite:PATH` or `postgres://...`; the configured one without it
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let config = globals.config_with(self.database)?;
        let audited = audit(&config.database).await;
        let audited = audited.map_err(|error| database_failure(error, &config.database))?;
        let broken = audited.iter().filter(|check| check.broken_count > 0).count();
        let text = format!("{}{} promises, {broken} broken\n", lines(&audited), audited.len());
        let exit = if broken == 0 { Exit::Ok } else { Exit::Failed };
        Ok(Answer::new("signalbox.audit/1", text)
            .with("audit", shown(&audited))
            .with("broken_count", broken)
            .ending(exit))
    }
}

async fn audit(url: &str) -> Result<Vec<Audited>, DbError> {
    let db = Db::open_to_read(url).await?;
    let audited = db.audit().await;
    db.close().await;
    audited
}

/// A check on each line: `ok` or `BROKEN`, how many rows, what was promised, and who breaks it.
pub(super) fn lines(audited: &[Audited]) -> String {
    audited.iter().map(line).collect()
}

/// The checks for programs.
pub(super) fn shown(audited: &[Audited]) -> Vec<Value> {
    audited.iter().map(shown_one).collect()
}

fn line(check: &Audited) -> String {
    let Audited {
        name,
        promise,
        checked_count,
        broken_count,
        examples,
    } = check;
    if *broken_count == 0 {
        return format!("ok      {checked_count:>9}  {name}: {promise}\n");
    }
    let who = examples.join(", ");
    format!("BROKEN  {broken_count} of {checked_count}  {name}: {promise}; broken by {who}\n")
}

fn shown_one(check: &Audited) -> Value {
    json!({
        "name": check.name,
        "promise": check.promise,
        "checked": check.checked_count,
        "broken": check.broken_count,
        "examples": check.examples,
    })
}
