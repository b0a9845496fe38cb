//! `signalbox import`: histories from elsewhere.

use std::path::PathBuf;

use clap::Subcommand;

use super::config::without_password;
use super::database::log_failure;
use super::watching::{LanguageArg, Watching};
use super::{Answer, Exit, Failure, Globals};
use crate::import::{ImportOptions, Imported, import};

/// Imports deals with their history from an event log
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox import xes log.xes.gz --mapping mapping.toml")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Imports an IEEE 1849 (XES) event log: cases become deals, resources become employees
    ///
    /// Deals stand where they stood at the end of the log; their history, activities and amounts keep their instants.
    /// Robots are not started for the past, and passed deadlines notify nobody: `signalbox rehearse` shows what robots
    /// would have done. The pipeline comes from the mapping, or is there already and has the mapping's stages.
    ///
    /// The whole log is read and checked before anything is stored. Cases are stored in batches; an interrupted import
    /// goes on with the same command, and a case that has its deal is not imported again. The database must not be in
    /// use by a running host.
    #[command(after_help = "Examples:
  signalbox import xes bpic2012.xes.gz --mapping examples/bpic2012/mapping.toml --database sqlite:loans.db")]
    Xes(XesArgs),
}

#[derive(Debug, clap::Args)]
struct XesArgs {
    /// The log, plain or in gzip
    file: PathBuf,
    /// The file that says what the log's activities mean in a pipeline
    #[arg(long, value_name = "FILE")]
    mapping: PathBuf,
    /// `sqlite:PATH` or `postgres://...`; the configured one without it
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// The language of names and titles
    #[arg(long, value_enum, default_value = "en")]
    language: LanguageArg,
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let Command::Xes(args) = self.command;
        let config = globals.config_with(args.database)?;
        let options = ImportOptions {
            log: args.file,
            mapping: args.mapping,
            database: config.database.clone(),
            open: config.open,
            language: args.language.into(),
        };
        let watching = Watching::new(globals.json);
        let mut watch = |so_far: Imported| {
            let done = so_far.known_count + so_far.new_count;
            let words = format!("{done} of {} cases", so_far.case_total);
            watching.show(done, so_far.case_total, |_| words)
        };
        let imported = import(&options, &mut watch).await;
        watching.end();
        let imported = imported.map_err(|error| log_failure(error, &config.database))?;
        answer(imported, &config.database)
    }
}

fn answer(imported: Imported, database: &str) -> Result<Answer, Failure> {
    let Imported {
        case_total,
        known_count,
        new_count,
        is_interrupted,
    } = imported;
    if is_interrupted {
        let done = known_count + new_count;
        let message = format!("stopped after {done} of {case_total} cases; the same command goes on");
        return Err(Failure::say(Exit::Interrupted, message));
    }
    let known = match known_count {
        0 => String::new(),
        count => format!("; {count} were there already"),
    };
    let text = format!(
        "imported {new_count} deals into {}{known}",
        without_password(database)
    );
    Ok(Answer::new("signalbox.import.xes/1", text)
        .with("case_total", case_total)
        .with("imported", new_count)
        .with("known", known_count))
}
