//! `signalbox dry-run`: what a robot would do for an item, without doing it.

use serde_json::{Map, Value, json};
use signalbox_crm::robot::Manifest;

use super::client::Client;
use super::output::field;
use super::params::Names;
use super::{Answer, Exit, Failure, Globals};

mod text;

/// Shows what a robot would do for an item, without doing it
///
/// The robot is executed as always, on the stored data, and nothing of it is stored or sent. An item in another stage
/// is taken as if it entered the robot's stage now; a robot that is switched off as if it were on. The exit code is
/// that of the robot: 7 when it returns an error, 8 when it traps or hits a limit.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox dry-run attachment:3 --item deal:17
  signalbox dry-run attachment:3 --item deal:17 --param title='Hello' --json
  signalbox dry-run attachment:3 --item deal:17 --at 2026-03-06T20:00:00+03:00
  signalbox dry-run run:5")]
pub(super) struct Args {
    /// The attachment, such as `attachment:3`; or a run, whose cause and item are taken: `run:5`
    id: String,
    /// The item, such as `deal:17`
    #[arg(long, value_name = "ID")]
    item: Option<String>,
    /// A parameter with another value; JSON is allowed; repeatable
    #[arg(long = "param", value_name = "KEY=VALUE")]
    params: Vec<String>,
    /// When its moment comes (RFC 3339); now without it
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Executes the robot although it would not start
    #[arg(long)]
    regardless: bool,
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let client = globals.client()?;
        let is_run = self.id.starts_with("run:");
        if is_run && self.item.is_some() {
            let message = "--item: a run has its own item";
            return Err(Failure::say(Exit::Usage, message));
        }
        let mut body = Map::new();
        body.insert("regardless".to_owned(), self.regardless.into());
        for (key, value) in [("item", &self.item), ("at", &self.at)] {
            if let Some(value) = value {
                body.insert(key.to_owned(), value.clone().into());
            }
        }
        if !self.params.is_empty() {
            let manifest = self.manifest(&client, is_run).await?;
            let params = Names::new(&client).params(&manifest, &self.params).await?;
            body.insert("params".to_owned(), params.into());
        }
        let kind = if is_run { "runs" } else { "attachments" };
        let path = format!("/{kind}/{}/dry-run", self.id);
        let tried = client.post(&path, &body.into()).await?.body;
        let exit = super::run::verdict_exit(&json!({ "attempts": [{ "verdict": tried }] }));
        Ok(Answer::new("signalbox.dry-run/1", text::tried(&tried))
            .with_all(tried)
            .ending(exit))
    }

    async fn manifest(&self, client: &Client, is_run: bool) -> Result<Manifest, Failure> {
        let attachment = match is_run {
            true => {
                let details = client.get(&format!("/runs/{}", self.id)).await?;
                field(&details, "run.attachment")
            }
            false => self.id.clone(),
        };
        let attachment = client.get(&format!("/attachments/{attachment}")).await?;
        let robot = client
            .get(&format!("/robots/{}", field(&attachment, "digest")))
            .await?;
        let manifest: Value = robot["manifest"].clone();
        serde_json::from_value(manifest).map_err(|error| Failure::new(Exit::Failed, error))
    }
}
