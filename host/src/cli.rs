//! The command line. Each command is one file with `Args` and its `run`, and one line in the table below.
//!
//! Data goes to stdout, messages go to stderr; `host/docs/cli.md` documents commands and exit codes.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::client::Client;
pub use self::exit::{Exit, Failure};
pub use self::output::Answer;
use crate::config::{Config, Layer, Origin};
use crate::telemetry;

mod attach;
mod attachment;
mod audit;
mod automation;
mod bench;
mod bulk;
mod changes;
mod client;
mod completions;
mod config;
mod database;
mod db;
mod delivery;
mod demo;
mod dev;
mod doctor;
mod dry_run;
mod exit;
mod explain;
mod hosting;
mod import;
mod inbound;
mod item;
mod man;
mod new;
mod openapi;
mod output;
mod params;
mod pipeline;
mod rehearse;
mod replay;
mod request;
mod robot;
mod run;
mod secret;
mod serve;
mod setup;
mod status;
mod token;
mod watching;
mod wit;

/// Makes the table of commands and the way into each.
macro_rules! commands {
    ($($(#[$about:meta])* $name:ident => $module:ident;)*) => {
        #[derive(Debug, Subcommand)]
        #[allow(clippy::large_enum_variant, reason = "there is one in a process")]
        enum Command {
            $($(#[$about])* $name($module::Args),)*
        }

        impl Command {
            async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
                match self {
                    $(Command::$name(args) => args.run(globals).await,)*
                }
            }
        }
    };
}

commands! {
    /// Starts the host: HTTP API, robots, timers, deliveries
    Serve => serve;
    /// Shows the whole on an empty database: clients write, robots act, and it says why
    Demo => demo;
    /// Shows how the host stands: what waits, what is late, what has failed, and what to do
    Status => status;
    /// Makes a folder with a robot to begin with, and a scenario that it passes
    New => new;
    /// Builds the robot of a folder, runs it in a host in memory, and exchanges it when a file changes
    Dev => dev;
    /// Says which tools are there to build robots, how to get those that are missing, and whether a host can run here
    Doctor => doctor;
    /// Builds, tests, inspects, installs and lists robots
    Robot => robot;
    /// Attaches a robot to a moment
    Attach => attach;
    /// Lists the attached robots, and removes one
    Attachment => attachment;
    /// Drafts, compares, publishes and brings back the robots of a pipeline as a whole
    Automation => automation;
    /// Shows what a robot would do for an item, without doing it
    DryRun => dry_run;
    /// Says why robots ran or did not run for an item
    Explain => explain;
    /// Lists, shows, saves and retries runs
    Run => run;
    /// Runs a robot again on the record of a run, and shows the first thing that it does otherwise
    Replay => replay;
    /// Moves many items, puts a person in charge of them, or starts a robot for them
    Bulk => bulk;
    /// Creates, moves and lists leads and deals
    Item => item;
    /// Lists messages on their way out, and sends those again that were given up
    Delivery => delivery;
    /// Lists and shows what robots ask of services outside, and sends it again
    Request => request;
    /// Keeps passwords and keys of services outside, which robots name and never see
    Secret => secret;
    /// Lists webhooks that could not be processed, and processes them once more
    Inbound => inbound;
    /// Makes pipelines, and lists them with their stages
    Pipeline => pipeline;
    /// Writes the set-up into a file, and takes such a file in
    Setup => setup;
    /// Makes, lists and revokes API tokens
    Token => token;
    /// Migrates, checks and backs up a database
    Db => db;
    /// Audits that no run was lost or doubled, also while a host works
    Audit => audit;
    /// Measures the stage-entry job on this machine
    Bench => bench;
    /// Imports deals with their history from an event log
    Import => import;
    /// Plays an event log on a virtual clock, with robots attached, and reports what they did
    Rehearse => rehearse;
    /// Shows the configuration and an example of it
    Config => config;
    /// Prints the OpenAPI document of the HTTP API
    Openapi => openapi;
    /// Prints the robot contract (WIT)
    Wit => wit;
    /// Prints a completion script for a shell
    Completions => completions;
    /// Writes the manual pages of all commands, or prints the first one
    Man => man;
}

const EXIT_CODES: &str = "\
Exit codes:
  0 ok   1 failed   2 usage   3 configuration   4 not found   5 denied   6 conflict or stale
  7 the robot returned an error   8 the robot trapped or hit a limit
  10 host unreachable   130 interrupted

Examples:
  signalbox demo
  signalbox serve
  signalbox new greet --lang rust
  signalbox robot test
  signalbox attach --robot notify --stage sales/won --param title='Won: {=Document:TITLE}'
  signalbox run list --state discarded --json";

/// A host for CRM automation robots
#[derive(Debug, Parser)]
#[command(name = "signalbox", version, after_help = EXIT_CODES, infer_subcommands = false)]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Globals {
    /// Prints one JSON object with a `schema` instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// The configuration file; `signalbox.toml` where it exists
    #[arg(long, global = true, value_name = "FILE", env = "SIGNALBOX_CONFIG")]
    pub config: Option<PathBuf>,
    /// The running host that a command talks to
    #[arg(
        long,
        global = true,
        env = "SIGNALBOX_URL",
        default_value = "http://127.0.0.1:8700",
        hide_default_value = false
    )]
    pub url: String,
    /// The API token, `sbx_...`; the variable keeps it out of the list of processes
    #[arg(
        long,
        global = true,
        env = "SIGNALBOX_TOKEN",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    pub token: Option<String>,
}

impl Globals {
    /// The way to the running host.
    ///
    /// # Errors
    /// `Usage` when the URL is none.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        Client::new(&self.url, self.token.as_deref())
    }

    /// The configuration with the options of a command over it.
    ///
    /// # Errors
    /// `Config`.
    pub(crate) fn load_config(&self, flags: Layer) -> Result<Config, Failure> {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Config::load(self.config.as_deref(), variables, flags).map_err(|e| Failure::new(Exit::Config, e))
    }

    /// The configuration, with the `--database` of a command that has one.
    pub(crate) fn config_with(&self, database: Option<String>) -> Result<Config, Failure> {
        let flag = database.map(|url| ("database", (url, Origin::Flag("database"))));
        self.load_config(flag.into_iter().collect())
    }
}

/// Runs the program: reads the arguments, does the command, prints its answer.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse_from(asked(std::env::args_os().collect())) {
        Ok(cli) => cli,
        Err(error) => {
            // Help that nobody reads any more is no failure.
            let _ = error.print();
            return if error.use_stderr() {
                Exit::Usage.into()
            } else {
                Exit::Ok.into()
            };
        }
    };
    let is_json = cli.globals.json;
    match start(cli) {
        Ok(answer) => answer.print(is_json),
        Err(failure) => failure.print(is_json),
    }
}

/// Reads `help robot build` as `robot build --help`. The parser's own command would stand in every list of commands.
fn asked(mut args: Vec<OsString>) -> Vec<OsString> {
    if args.get(1).is_some_and(|word| word == "help") {
        args.remove(1);
        args.push("--help".into());
    }
    args
}

fn start(cli: Cli) -> Result<Answer, Failure> {
    if !matches!(cli.command, Command::Serve(_)) {
        let filter = std::env::var(telemetry::LOG_VARIABLE).unwrap_or_else(|_| "warn".to_owned());
        telemetry::start(&filter).map_err(|e| Failure::new(Exit::Config, bad_filter(&filter, &e)))?;
    }
    let threads = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let threads = threads.map_err(|error| anyhow::Error::new(error).context("cannot start threads"))?;
    threads.block_on(cli.command.run(&cli.globals))
}

/// Says that `SIGNALBOX_LOG` is wrong.
fn bad_filter(filter: &str, error: &dyn std::fmt::Display) -> anyhow::Error {
    anyhow::anyhow!(
        "{}: `{filter}` is not a filter such as `info`: {error}",
        telemetry::LOG_VARIABLE
    )
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn table_of_commands_is_consistent() {
        Cli::command().debug_assert();
    }
}
