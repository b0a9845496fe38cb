//! `signalbox bulk`: one change for many items.

use std::time::Duration;

use clap::Subcommand;
use serde_json::{Value, json};

use super::client::Client;
use super::output::{field, table};
use super::params::Names;
use super::{Answer, Failure, Globals};

/// The most bulk changes that are listed.
const BULKS_MAX: usize = 200;
/// What lets an item go to the left.
pub(super) const BACK_HINT: &str = "`--allow-back` lets an item go to a stage further left";
/// From one look at the progress to the next.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Moves many items, puts a person in charge of them, or starts a robot for them
///
/// The host does it in pieces while there is room, so that people and clients do not wait for it; it goes on after a
/// restart, and each item has its turn once. Items that do not fit any more when their turn comes are passed over.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox bulk move --pipeline sales --from sales/new --to sales/offer --dry-run
  signalbox bulk run --attachment attachment:3 --pipeline sales --wait
  signalbox bulk show bulk:1")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Moves open items to a stage
    #[command(after_help = "Examples:
  signalbox bulk move --pipeline sales --from sales/new --to sales/offer")]
    Move {
        #[command(flatten)]
        which: Which,
        /// The stage
        #[arg(long, value_name = "PIPELINE/STAGE")]
        to: String,
        /// May go to a stage further left
        #[arg(long)]
        allow_back: bool,
        /// Why they were lost, for stages that want to know
        #[arg(long, value_name = "TEXT")]
        lost_reason: Option<String>,
    },
    /// Puts a person in charge of open items
    #[command(after_help = "Examples:
  signalbox bulk assign --pipeline sales --assignee boris@example.com --to anna@example.com")]
    Assign {
        #[command(flatten)]
        which: Which,
        /// Who
        #[arg(long, value_name = "PERSON")]
        to: String,
    },
    /// Starts a robot for open items, as somebody does by hand for one
    #[command(after_help = "Examples:
  signalbox bulk run --attachment attachment:3 --pipeline sales --from sales/new --wait")]
    Run {
        #[command(flatten)]
        which: Which,
        /// The attachment
        #[arg(long, value_name = "ID")]
        attachment: String,
    },
    /// Lists bulk changes, newest first
    #[command(after_help = "Examples:
  signalbox bulk list")]
    List,
    /// Shows how far a bulk change is, and what was refused
    #[command(after_help = "Examples:
  signalbox bulk show bulk:1 --wait")]
    Show {
        /// The id, such as `bulk:1`
        id: String,
        /// Waits until it is done or cancelled
        #[arg(long)]
        wait: bool,
    },
    /// Stops a bulk change; what is done stays
    #[command(after_help = "Examples:
  signalbox bulk cancel bulk:1")]
    Cancel {
        /// The id, such as `bulk:1`
        id: String,
    },
}

/// Which items.
#[derive(Debug, clap::Args)]
struct Which {
    /// Open items of this pipeline
    #[arg(long)]
    pipeline: String,
    /// Only those that stand in this stage
    #[arg(long, value_name = "PIPELINE/STAGE")]
    from: Option<String>,
    /// Only those of this person
    #[arg(long, value_name = "PERSON")]
    assignee: Option<String>,
    /// Says how many items and what the rules say about the first 200, and changes nothing
    #[arg(long, conflicts_with = "wait")]
    dry_run: bool,
    /// Waits until it is done
    #[arg(long)]
    wait: bool,
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let client = globals.client()?;
        let names = Names::new(&client);
        match self.command {
            Command::Move {
                which,
                to,
                allow_back,
                lost_reason,
            } => {
                let stage = names.stage(&to).await?;
                let mut change = json!({ "kind": "move", "stage": stage, "allow_back": allow_back });
                if let Some(reason) = lost_reason {
                    change["lost_reason"] = reason.into();
                }
                which.ask(&client, change).await
            }
            Command::Assign { which, to } => {
                let change = json!({ "kind": "assign", "employee": names.employee(&to).await? });
                which.ask(&client, change).await
            }
            Command::Run { which, attachment } => {
                which
                    .ask(&client, json!({ "kind": "run", "attachment": attachment }))
                    .await
            }
            Command::List => list(&client).await,
            Command::Show { id, wait } => show(&client, &id, wait).await,
            Command::Cancel { id } => {
                let bulk = client.act(&format!("/bulk/{id}/cancel")).await?;
                Ok(Answer::new("signalbox.bulk.cancel/1", text(&bulk)).with("bulk", bulk))
            }
        }
    }
}

impl Which {
    async fn ask(&self, client: &Client, change: Value) -> Result<Answer, Failure> {
        let names = Names::new(client);
        let mut body = json!({ "pipeline": names.pipeline(&self.pipeline).await?, "change": change });
        if let Some(stage) = &self.from {
            body["stage"] = names.stage(stage).await?.into();
        }
        if let Some(person) = &self.assignee {
            body["assignee"] = names.employee(person).await?.into();
        }
        if self.dry_run {
            let preview = client.post("/bulk/preview", &body).await?.body;
            let text = preview_text(&preview);
            return Ok(Answer::new("signalbox.bulk.preview/1", text).with_all(preview));
        }
        let bulk = client.post("/bulk", &body).await?.body;
        if self.wait {
            return show(client, &field(&bulk, "id"), true).await;
        }
        Ok(Answer::new("signalbox.bulk/1", text(&bulk)).with("bulk", bulk))
    }
}

async fn list(client: &Client) -> Result<Answer, Failure> {
    let bulks = client.list("/bulk", &[], BULKS_MAX).await?;
    let rows = bulks.iter().map(|bulk| {
        [
            field(bulk, "id"),
            field(bulk, "state"),
            field(bulk, "change.kind"),
            format!(
                "{} of {}",
                field(bulk, "seen_count"),
                field(bulk, "matched_count")
            ),
            field(bulk, "refused_count"),
            field(bulk, "created_at"),
        ]
    });
    let text = table(["id", "state", "change", "items", "refused", "created"], rows);
    Ok(Answer::new("signalbox.bulk.list/1", text).with("bulks", bulks))
}

pub(super) async fn show(client: &Client, id: &str, wait: bool) -> Result<Answer, Failure> {
    let mut bulk = client.get(&format!("/bulk/{id}")).await?;
    while wait && bulk["state"] == "open" {
        eprintln!("{}", progress(&bulk));
        tokio::time::sleep(LOOK_EVERY).await;
        bulk = client.get(&format!("/bulk/{id}")).await?;
    }
    Ok(Answer::new("signalbox.bulk/1", text(&bulk)).with("bulk", bulk))
}

fn progress(bulk: &Value) -> String {
    let words = [
        "id",
        "state",
        "seen_count",
        "matched_count",
        "changed_count",
        "passed_count",
        "refused_count",
    ];
    let of = words.map(|key| field(bulk, key));
    format!(
        "{} is {}: {} of {} items, {} changed, {} passed over, {} refused",
        of[0], of[1], of[2], of[3], of[4], of[5], of[6]
    )
}

fn text(bulk: &Value) -> String {
    let mut lines = vec![progress(bulk)];
    lines.extend(refusals(bulk));
    lines.join("\n")
}

fn preview_text(preview: &Value) -> String {
    let of = |key: &str| field(preview, key);
    let mut lines = vec![format!(
        "{} items fit; of the first {}: {} would be changed, {} are as wanted, {} are refused",
        of("matched_count"),
        of("tried_count"),
        of("changed_count"),
        of("passed_count"),
        of("refused_count")
    )];
    lines.extend(refusals(preview));
    lines.join("\n")
}

fn refusals(of: &Value) -> Vec<String> {
    let all = of["refusals"].as_array().map(Vec::as_slice).unwrap_or_default();
    let line = |one: &Value| {
        let words = ["item", "code", "message"].map(|key| field(one, key));
        format!("  {}: {}: {}", words[0], words[1], words[2])
    };
    let is_back = |one: &Value| one["code"] == "backward-refused";
    let hint = all.iter().any(is_back).then(|| BACK_HINT.to_owned());
    all.iter().map(line).chain(hint).collect()
}
