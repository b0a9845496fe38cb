//! `signalbox robot update`: attachments get another version of their robot.

use serde_json::{Value, json};

use super::super::output::{field, table};
use super::super::{Answer, Exit, Failure, Globals};

/// Lets the attachments of a robot have its newest version, unless that asks for more
///
/// An attachment keeps the version that it was made with. This moves all of a robot's attachments on. Where the version
/// asks for an interface that the old one did not ask for, the old one goes on until somebody has approved it.
/// Exit code 1: some attachments keep the old version.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox robot update notify --dry-run
  signalbox robot update notify
  signalbox robot update notify --approve contacts,messaging

`signalbox replay --all` says what another version would have done.")]
pub(super) struct Update {
    /// The robot's id, for its newest version, or a digest
    id: String,
    /// Interfaces that the version may have besides what is granted already
    #[arg(long, value_name = "INTERFACES", value_delimiter = ',')]
    approve: Vec<String>,
    /// Says what would happen, and changes nothing
    #[arg(long)]
    dry_run: bool,
}

impl Update {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let path = format!("/robots/{}/update", self.id);
        let body = json!({"approve": self.approve, "dry_run": self.dry_run});
        let update = globals.client()?.post(&path, &body).await?.body;
        let outcomes = update["attachments"].as_array().cloned().unwrap_or_default();
        let kept = outcomes.iter().filter(|one| one["state"] != "updated").count();
        let answer = Answer::new("signalbox.robot.update/1", words(&update, &outcomes)).with_all(update);
        Ok(match kept {
            0 => answer,
            _ => answer.ending(Exit::Failed),
        })
    }
}

fn words(update: &Value, outcomes: &[Value]) -> String {
    let label = field(update, "robot");
    if outcomes.is_empty() {
        return format!("every attachment has {label} already\n");
    }
    let rows = outcomes.iter().map(|one| {
        let asks = one["asks"].as_array().into_iter().flatten();
        let asks: Vec<String> = asks
            .map(|one| {
                format!(
                    "asks for `{}`: {}",
                    field(one, "interface"),
                    field(one, "reason.en")
                )
            })
            .collect();
        let why = match one["state"].as_str() {
            Some("refused") => field(one, "message"),
            _ => asks.join(" "),
        };
        let cell = |key: &str| field(one, key);
        [
            cell("attachment"),
            cell("from"),
            cell("state"),
            cell("title"),
            why,
        ]
    });
    let table = table(["attachment", "from", "to be", "title", "why"], rows);
    let would = match update["is_dry_run"] == true {
        true => ", if it were done",
        false => "",
    };
    format!("{label}{would}\n{table}")
}
