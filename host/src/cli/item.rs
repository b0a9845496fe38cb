//! `signalbox item`: leads and deals, as far as one needs them to see a robot at work.

use clap::Subcommand;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::bulk::BACK_HINT;
use super::client::Client;
use super::output::{field, table};
use super::params::Names;
use super::{Answer, Failure, Globals};

/// The most items that are listed.
const ITEMS_MAX: usize = 1000;

/// Creates, moves and lists leads and deals
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox item create --stage sales/new --title 'Two tractors' --amount '900000.00 RUB'
  signalbox item move deal:3 --to sales/offer
  signalbox item list --stage sales/offer

`signalbox run list --item deal:3` says what robots did about one; `signalbox bulk` changes many.")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Creates an item in a stage
    #[command(after_help = "Examples:
  signalbox item create --stage sales/new --title 'Two tractors' --amount '900000.00 RUB'")]
    Create(New),
    /// Moves an item to a stage of its pipeline
    #[command(after_help = "Examples:
  signalbox item move deal:3 --to sales/offer")]
    Move {
        /// The id, such as `deal:3`
        id: String,
        /// The stage
        #[arg(long, value_name = "PIPELINE/STAGE")]
        to: String,
        /// May go to a stage further left
        #[arg(long)]
        allow_back: bool,
        /// Why it was lost, for stages that want to know
        #[arg(long, value_name = "TEXT")]
        lost_reason: Option<String>,
    },
    /// Lists items in the order in which they were created
    #[command(after_help = "Examples:
  signalbox item list
  signalbox item list --stage sales/offer --json")]
    List {
        /// Only those of this pipeline
        #[arg(long)]
        pipeline: Option<String>,
        /// Only those in this stage
        #[arg(long, value_name = "PIPELINE/STAGE")]
        stage: Option<String>,
    },
}

/// A new item.
#[derive(Debug, clap::Args)]
struct New {
    /// Where it begins
    #[arg(long, value_name = "PIPELINE/STAGE")]
    stage: String,
    /// What it is about
    #[arg(long)]
    title: String,
    /// Its amount with the currency: `900000.00 RUB`
    #[arg(long)]
    amount: Option<String>,
    /// The person in charge of it, by e-mail address
    #[arg(long, value_name = "PERSON")]
    assignee: Option<String>,
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let client = globals.client()?;
        match self.command {
            Command::Create(new) => new.create(&client).await,
            Command::Move {
                id,
                to,
                allow_back,
                lost_reason,
            } => {
                let stage = Names::new(&client).stage(&to).await?;
                let item = client.get(&format!("/items/{id}")).await?;
                let version = item["version"].as_i64().unwrap_or(0);
                let body = json!({"stage": stage, "allow_back": allow_back, "lost_reason": lost_reason});
                let path = format!("/items/{id}/move");
                let moved = client.change(Method::POST, &path, version, &body).await;
                let moved = moved.map_err(explained)?.body;
                let text = format!("{id} is in {to}\n{}", runs_of(&id));
                Ok(Answer::new("signalbox.item.move/1", text).with("item", moved))
            }
            Command::List { pipeline, stage } => list(&client, pipeline, stage).await,
        }
    }
}

impl New {
    async fn create(self, client: &Client) -> Result<Answer, Failure> {
        let names = Names::new(client);
        let (pipeline, stage) = names.stage_with_pipeline(&self.stage).await?;
        let mut body = Map::new();
        body.insert("title".to_owned(), self.title.into());
        body.insert("pipeline".to_owned(), pipeline.into());
        body.insert("stage".to_owned(), stage.into());
        if let Some(amount) = self.amount {
            body.insert("amount".to_owned(), amount.into());
        }
        if let Some(person) = &self.assignee {
            body.insert("assignee".to_owned(), names.employee(person).await?.into());
        }
        let made = client.post("/items", &Value::Object(body)).await?.body;
        let id = field(&made, "id");
        let text = format!("{id} is in {}\n{}", self.stage, runs_of(&id));
        Ok(Answer::new("signalbox.item.create/1", text).with("item", made))
    }
}

/// With the option that allows what was refused.
fn explained(mut failure: Failure) -> Failure {
    if failure.code.as_deref() == Some("backward-refused") {
        failure.error = anyhow::anyhow!("{}; {BACK_HINT}", failure.error);
    }
    failure
}

/// Where to look next.
fn runs_of(id: &str) -> String {
    format!("`signalbox run list --item {id}` says what robots do about it\n")
}

async fn list(client: &Client, pipeline: Option<String>, stage: Option<String>) -> Result<Answer, Failure> {
    let names = Names::new(client);
    let mut query = Vec::new();
    if let Some(name) = &pipeline {
        query.push(("pipeline", names.pipeline(name).await?));
    }
    if let Some(name) = &stage {
        query.push(("stage", names.stage(name).await?));
    }
    let items = client.list("/items", &query, ITEMS_MAX).await?;
    let stages = names.stages().await?;
    let rows = items.iter().map(|item| {
        let stage = field(item, "stage");
        let [id, amount, assignee, title] = ["id", "amount", "assignee", "title"].map(|key| field(item, key));
        let stage = stages.get(&stage).cloned().unwrap_or(stage);
        [id, stage, amount, assignee, title]
    });
    let text = table(["id", "stage", "amount", "assignee", "title"], rows);
    Ok(Answer::new("signalbox.item.list/1", text).with("items", items))
}
