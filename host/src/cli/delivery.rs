//! `signalbox delivery`: messages to clients on their way out, and those that were given up.

use clap::Subcommand;
use serde_json::{Map, Value};

use super::client::{Client, given};
use super::output::{field, table};
use super::params::Names;
use super::{Answer, Failure, Globals};

/// The most deliveries that are listed.
const DELIVERIES_MAX: usize = 1000;
/// Deliveries of one request: the most that the API takes.
const PAGE: u32 = 200;

/// Lists messages on their way out, and sends those again that were given up
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox delivery list --state dead
  signalbox delivery retry --channel tg --dry-run")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists deliveries, newest first
    #[command(after_help = "Examples:
  signalbox delivery list --state dead")]
    List {
        /// `pending`, `delivered` or `dead`
        #[arg(long)]
        state: Option<String>,
    },
    /// Sends one again that was given up, or all that fit, with the same keys
    #[command(after_help = "Examples:
  signalbox delivery retry delivery:17
  signalbox delivery retry --channel tg --from 2026-03-02T09:00:00Z --dry-run
  signalbox delivery retry --all")]
    Retry(Retry),
}

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("which").required(true).multiple(true).args([
    "id", "channel", "from", "until", "all",
]))]
struct Retry {
    /// The id, such as `delivery:17`
    #[arg(conflicts_with_all = ["channel", "from", "until", "all", "dry_run"])]
    id: Option<String>,
    /// Only through this channel
    #[arg(long)]
    channel: Option<String>,
    /// Only those that were given up then or later
    #[arg(long, value_name = "INSTANT")]
    from: Option<String>,
    /// Only those that were given up before
    #[arg(long, value_name = "INSTANT")]
    until: Option<String>,
    /// All of them
    #[arg(long)]
    all: bool,
    /// Says how many and which, and changes nothing
    #[arg(long)]
    dry_run: bool,
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let client = globals.client()?;
        match self.command {
            Command::List { state } => {
                let query: Vec<_> = given([("state", state)]).collect();
                let found = client.list("/deliveries", &query, DELIVERIES_MAX).await?;
                Ok(Answer::new("signalbox.delivery.list/1", shown(&found)).with("deliveries", found))
            }
            Command::Retry(retry) => retry.run(&client).await,
        }
    }
}

impl Retry {
    async fn run(self, client: &Client) -> Result<Answer, Failure> {
        if let Some(id) = &self.id {
            let sent = client.act(&format!("/deliveries/{id}/retry")).await?;
            let text = format!("{id} is sent again");
            return Ok(Answer::new("signalbox.delivery.retry/1", text).with("deliveries", vec![sent]));
        }
        let mut body = self.body(client).await?;
        let mut found: Vec<Value> = Vec::new();
        loop {
            let mut page = client
                .post("/deliveries/retry", &Value::Object(body.clone()))
                .await?
                .body;
            if let Value::Array(more) = page["deliveries"].take() {
                found.extend(more);
            }
            if self.dry_run {
                let count = field(&page, "matched_count");
                let text = format!("{count} messages would be sent again\n{}", shown(&found));
                page["deliveries"] = found.into();
                return Ok(Answer::new("signalbox.delivery.retry/1", text).with_all(page));
            }
            match page["next"].take() {
                Value::String(next) => drop(body.insert("after".to_owned(), next.into())),
                _ => break,
            }
        }
        let text = format!("{} messages are sent again", found.len());
        Ok(Answer::new("signalbox.delivery.retry/1", text).with("deliveries", found))
    }

    async fn body(&self, client: &Client) -> Result<Map<String, Value>, Failure> {
        let channel = match &self.channel {
            Some(name) => Some(Names::new(client).channel(name).await?),
            None => None,
        };
        let asked = [
            ("channel", channel),
            ("finished_from", self.from.clone()),
            ("finished_until", self.until.clone()),
        ];
        let asked = given(asked).map(|(key, value)| (key.to_owned(), value.into()));
        let mut body: Map<String, Value> = asked.collect();
        body.insert("dry_run".to_owned(), self.dry_run.into());
        body.insert("limit".to_owned(), PAGE.into());
        Ok(body)
    }
}

fn shown(deliveries: &[Value]) -> String {
    let keys = ["id", "channel", "state", "attempt_count", "last_error"];
    let rows = deliveries.iter().map(|row| keys.map(|key| field(row, key)));
    table(["id", "channel", "state", "attempts", "last error"], rows)
}
