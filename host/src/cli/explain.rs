//! `signalbox explain`: why robots ran or did not run for an item.

use std::fmt::Write as _;

use serde_json::Value;

use super::output::{field, table};
use super::run::text::{list, short};
use super::{Answer, Failure, Globals};

/// Says why robots ran or did not run for an item
///
/// With --attachment the reasons in order, from the set-up to the last run. Without it one line for each robot that
/// concerns the item where it is now: whether it ran, failed, waits or did not start, and why.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox explain deal:17
  signalbox explain deal:17 --attachment attachment:3
  signalbox explain deal:17 --json | jq '.robots[] | select(.state == \"failed\")'")]
pub(super) struct Args {
    /// The item, such as `deal:17`
    item: String,
    /// Only this attachment, in detail
    #[arg(long, value_name = "ID")]
    attachment: Option<String>,
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let client = globals.client()?;
        let item = &self.item;
        match self.attachment {
            Some(attachment) => {
                let path = format!("/items/{item}/explain");
                let explained = client.get_with(&path, &[("attachment", attachment)]).await?;
                Ok(Answer::new("signalbox.explain/1", explanation(&explained)).with_all(explained))
            }
            None => {
                let path = format!("/items/{item}/automation");
                let stand = client.get(&path).await?;
                Ok(Answer::new("signalbox.explain.automation/1", automation(&stand)).with_all(stand))
            }
        }
    }
}

fn explanation(explained: &Value) -> String {
    let [attachment, title, item] = ["attachment", "title", "item"].map(|key| field(explained, key));
    let state = field(explained, "standing.state");
    let mut text = format!("{attachment}  {title}  {item}: {state}\n");
    for point in list(&explained["points"]) {
        let mark = match point["bearing"].as_str() {
            Some("against") => '-',
            Some("waits") => '~',
            Some("assumed") => '?',
            _ => '+',
        };
        // Writing into a string does not fail.
        let _ = writeln!(text, "  {mark} {}", short(&point["text"]));
    }
    text
}

fn automation(stand: &Value) -> String {
    let row = |robot: &Value| {
        [
            field(robot, "attachment"),
            field(robot, "state"),
            field(robot, "until"),
            field(robot, "title"),
            short(&robot["because"]["text"]),
        ]
    };
    table(
        ["attachment", "state", "until", "title", "why"],
        list(&stand["robots"]).iter().map(row),
    )
}
