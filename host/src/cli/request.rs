//! `signalbox request`: what robots ask of services outside.

use std::fmt::Write;

use clap::Subcommand;
use serde_json::Value;

use super::client::given;
use super::output::{field, table};
use super::{Answer, Failure, Globals};

/// The most requests that are listed.
const REQUESTS_MAX: usize = 1000;

/// Lists and shows what robots ask of services outside, and sends it again
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox request list --state dead
  signalbox request show request:17
  signalbox request retry request:17")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists requests, newest first
    #[command(after_help = "Examples:
  signalbox request list --state dead
  signalbox request list --item deal:17 --json")]
    List {
        /// `pending`, `answered` or `dead`
        #[arg(long)]
        state: Option<String>,
        /// Only of this attachment
        #[arg(long, value_name = "ID")]
        attachment: Option<String>,
        /// Only of this run
        #[arg(long, value_name = "ID")]
        run: Option<String>,
        /// Only about this item
        #[arg(long, value_name = "ID")]
        item: Option<String>,
    },
    /// Shows a request with what was answered
    #[command(after_help = "Examples:
  signalbox request show request:17")]
    Show {
        /// The id, such as `request:17`
        id: String,
    },
    /// Sends one again that is over, with the same key
    #[command(after_help = "Examples:
  signalbox request retry request:17")]
    Retry {
        /// The id, such as `request:17`
        id: String,
    },
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let client = globals.client()?;
        match self.command {
            Command::List {
                state,
                attachment,
                run,
                item,
            } => {
                let asked = [
                    ("state", state),
                    ("attachment", attachment),
                    ("run", run),
                    ("item", item),
                ];
                let query: Vec<_> = given(asked).collect();
                let found = client.list("/requests", &query, REQUESTS_MAX).await?;
                let text = table(
                    ["id", "state", "answer", "attempts", "request"],
                    found.iter().map(row),
                );
                Ok(Answer::new("signalbox.request.list/1", text).with("requests", found))
            }
            Command::Show { id } => {
                let found = client.get(&format!("/requests/{id}")).await?;
                Ok(Answer::new("signalbox.request.show/1", text(&found)).with("request", found))
            }
            Command::Retry { id } => {
                let sent = client.act(&format!("/requests/{id}/retry")).await?;
                let text = format!("{id} is sent again");
                Ok(Answer::new("signalbox.request.retry/1", text).with("request", sent))
            }
        }
    }
}

fn row(request: &Value) -> [String; 5] {
    let asked = format!(
        "{} {}",
        field(request, "request.method"),
        field(request, "request.url")
    );
    [
        field(request, "id"),
        field(request, "state"),
        field(request, "response.status"),
        field(request, "attempt_count"),
        asked,
    ]
}

fn text(request: &Value) -> String {
    let mut text = format!("{}\n", field(request, "id"));
    for (name, key) in [
        ("method", "request.method"),
        ("url", "request.url"),
        ("body", "request.body"),
        ("payload", "request.payload"),
        ("wakes", "request.wake"),
        ("attachment", "attachment"),
        ("run", "run"),
        ("item", "item"),
        ("key", "idempotency_key"),
        ("state", "state"),
        ("attempts", "attempt_count"),
        ("due", "due_at"),
        ("last error", "last_error"),
        ("status", "response.status"),
        ("answer", "response.body"),
    ] {
        let _ = writeln!(text, "{name:<11} {}", field(request, key));
    }
    text
}
