//! `signalbox inbound`: webhooks that could not be processed.

use clap::Subcommand;
use serde_json::Value;

use super::output::{field, table};
use super::{Answer, Failure, Globals};

/// The most webhooks that are listed, or processed at once.
const INBOUND_MAX: usize = 1000;

/// Lists webhooks that could not be processed, and processes them once more
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox inbound list
  signalbox inbound retry --all")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists webhooks that were given up after too many failures, with the reason
    #[command(after_help = "Examples:
  signalbox inbound list --json | jq -r '.inbound[].body'")]
    List,
    /// Processes one once more, or all of them
    #[command(after_help = "Examples:
  signalbox inbound retry inbound:17")]
    Retry {
        /// The id, such as `inbound:17`
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        id: Option<String>,
        /// All of them, oldest first
        #[arg(long)]
        all: bool,
    },
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let client = globals.client()?;
        let ids = match self.command {
            Command::List => {
                let failed = client.list("/inbound/failed", &[], INBOUND_MAX).await?;
                let rows = failed
                    .iter()
                    .map(|row| ["id", "channel", "received_at", "note"].map(|key| field(row, key)));
                let text = table(["id", "channel", "received", "why"], rows);
                return Ok(Answer::new("signalbox.inbound.list/1", text).with("inbound", failed));
            }
            Command::Retry { id: Some(id), .. } => vec![id],
            Command::Retry { id: None, .. } => {
                let failed = client.list("/inbound/failed", &[], INBOUND_MAX).await?;
                failed.iter().rev().map(|row| field(row, "id")).collect()
            }
        };
        let mut again: Vec<Value> = Vec::new();
        for id in &ids {
            again.push(client.act(&format!("/inbound/{id}/retry")).await?);
        }
        let text = format!("{} webhooks are processed once more", again.len());
        Ok(Answer::new("signalbox.inbound.retry/1", text).with("inbound", again))
    }
}
