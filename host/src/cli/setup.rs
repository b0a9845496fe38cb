//! `signalbox setup`: the set-up as one file.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};

use super::automation::publish_version;
use super::client::Client;
use super::output::field;
use super::params::Names;
use super::{Answer, Exit, Failure, Globals};

/// Writes the set-up into a file, and takes such a file in
///
/// The file has pipelines with their stages and robots, fields, calendars, and the people whom robots name; no channels
/// and no secrets. An import shows what would change and changes nothing, unless --yes says so. Robots become drafts,
/// which `automation publish` or --publish brings into force.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox setup export > company.toml
  signalbox setup export --pipeline sales > sales.toml
  signalbox setup import sales.toml
  signalbox setup import sales.toml --yes --publish")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Prints the set-up as a file
    #[command(after_help = "Examples:
  signalbox setup export > company.toml
  signalbox setup export --pipeline sales")]
    Export {
        /// Only this pipeline, with what it needs
        #[arg(long)]
        pipeline: Option<String>,
    },
    /// Shows what a file would change, or takes it in
    #[command(after_help = "Examples:
  signalbox setup import sales.toml
  signalbox setup import sales.toml --yes")]
    Import {
        /// The file
        file: PathBuf,
        /// Takes it in
        #[arg(long)]
        yes: bool,
        /// Publishes the drafts of robots at once
        #[arg(long, requires = "yes")]
        publish: bool,
        /// Takes the place of drafts that somebody has begun
        #[arg(long)]
        replace_drafts: bool,
    },
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let client = globals.client()?;
        match self.command {
            Command::Export { pipeline } => export(&client, pipeline.as_deref()).await,
            Command::Import {
                file,
                yes,
                publish,
                replace_drafts,
            } => {
                let text = std::fs::read(&file).map_err(|error| {
                    let exit = match error.kind() {
                        std::io::ErrorKind::NotFound => Exit::NotFound,
                        _ => Exit::Failed,
                    };
                    Failure::say(exit, format!("{}: {error}", file.display()))
                })?;
                let view = take(&client, text, yes, replace_drafts).await?;
                let mut published = Vec::new();
                for one in view["automations"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter(|_| publish)
                {
                    let version = one["version"].as_i64().unwrap_or(0);
                    let path = format!("/automation/{}", field(one, "automation"));
                    published.push(publish_version(&client, &path, version, "Imported").await?);
                }
                let words = words(&view, &published);
                Ok(Answer::new("signalbox.setup.import/1", words)
                    .with_all(view)
                    .with("published", published))
            }
        }
    }
}

async fn export(client: &Client, pipeline: Option<&str>) -> Result<Answer, Failure> {
    let mut query = Vec::new();
    if let Some(name) = pipeline {
        query.push(("pipeline", Names::new(client).pipeline(name).await?));
    }
    let bytes = client.get_bytes_with("/setup/export", &query).await?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Answer::new("signalbox.setup.export/1", text.clone()).with("file", text))
}

async fn take(client: &Client, text: Vec<u8>, yes: bool, replace: bool) -> Result<Value, Failure> {
    let query = [
        ("preview", (!yes).to_string()),
        ("replace_drafts", replace.to_string()),
    ];
    let reply = client
        .post_text("/setup/import", &query, "application/toml", text)
        .await?;
    Ok(reply.body)
}

fn words(view: &Value, published: &[Value]) -> String {
    let all = |of: &Value| of.as_array().cloned().unwrap_or_default();
    let is_preview = view["is_preview"] == true;
    let mut text = String::new();
    for note in all(&view["notes"]) {
        text.push_str(&format!("note: {}\n", note.as_str().unwrap_or_default()));
    }
    for thing in all(&view["things"]) {
        let how = if thing["is_changed"] == true {
            "changes"
        } else {
            "adds"
        };
        text.push_str(&format!(
            "{how} {} `{}`\n",
            field(&thing, "kind"),
            field(&thing, "name")
        ));
    }
    for one in all(&view["automations"]) {
        text.push_str(&format!("draft of `{}`\n", field(&one, "name")));
        for entry in all(&one["difference"]["entries"]) {
            text.push_str(&format!("  {}\n", field(&entry, "text")));
        }
        for problem in all(&one["problems"]) {
            let of = ["title", "field", "message"].map(|key| field(&problem, key));
            text.push_str(&format!("  problem: `{}`, {}: {}\n", of[0], of[1], of[2]));
        }
    }
    let is_empty = view["things"] == json!([]) && view["automations"] == json!([]);
    text.push_str(match (is_empty, is_preview, published.is_empty()) {
        (true, _, _) => "nothing differs\n",
        (false, true, _) => "nothing is stored: --yes takes it in\n",
        (false, false, true) => "taken in; `signalbox automation publish` brings robots into force\n",
        (false, false, false) => "taken in, and in force\n",
    });
    text
}
