//! `signalbox attachment`: robots that are attached.

use clap::Subcommand;
use reqwest::Method;
use serde_json::Value;

use super::output::{field, table};
use super::params::Names;
use super::{Answer, Failure, Globals};

/// The most attachments that are listed.
const ATTACHMENTS_MAX: usize = 10_000;

/// Lists the attached robots, and removes one
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox attachment list
  signalbox attachment list --robot notify --json
  signalbox attachment remove attachment:3")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists attached robots, with when they run
    #[command(after_help = "Examples:
  signalbox attachment list
  signalbox attachment list --robot notify --json")]
    List {
        /// Only those of this robot
        #[arg(long, value_name = "ID")]
        robot: Option<String>,
    },
    /// Removes one: what it still has to do is cancelled
    #[command(after_help = "Examples:
  signalbox attachment remove attachment:3")]
    Remove {
        /// Such as attachment:3
        id: String,
    },
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let client = globals.client()?;
        match self.command {
            Command::List { robot } => {
                let mut found = client.list("/attachments", &[], ATTACHMENTS_MAX).await?;
                found.retain(|one| robot.as_ref().is_none_or(|robot| field(one, "robot") == *robot));
                let stages = Names::new(&client).stages().await?;
                let rows = found.iter().map(|one| {
                    let stage = field(one, "moment.stage");
                    let place = stages.get(&stage).cloned().unwrap_or_else(|| "-".to_owned());
                    let state = if one["is_enabled"] == true { "on" } else { "off" };
                    [
                        field(one, "id"),
                        field(one, "title"),
                        field(one, "robot"),
                        field(one, "moment.kind"),
                        place,
                        state.to_owned(),
                    ]
                });
                let text = table(["id", "title", "robot", "when", "stage", "state"], rows);
                Ok(Answer::new("signalbox.attachment.list/1", text).with("attachments", found))
            }
            Command::Remove { id } => {
                let path = format!("/attachments/{id}");
                let before = client.get(&path).await?;
                let version = before["version"].as_i64().unwrap_or_default();
                client
                    .change(Method::DELETE, &path, version, &Value::Null)
                    .await?;
                let text = format!("{id} (`{}`) is removed", field(&before, "title"));
                Ok(Answer::new("signalbox.attachment.remove/1", text).with("id", id))
            }
        }
    }
}
