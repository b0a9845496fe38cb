//! `signalbox automation`: the robots of a pipeline as a whole.

use std::path::PathBuf;

use clap::Subcommand;
use reqwest::Method;
use serde_json::{Value, json};

use self::text::{difference_text, draft_text, edited_text, entries_table, here_text};
use super::bulk;
use super::client::Client;
use super::output::{field, table};
use super::params::Names;
use super::{Answer, Exit, Failure, Globals};

mod text;

/// The most versions that are listed.
const VERSIONS_MAX: usize = 1_000;

/// Drafts, compares, publishes and brings back the robots of a pipeline as a whole
///
/// Everybody who may configure edits the same draft of a pipeline. It changes nothing until it is published, and then
/// all of it at once, or nothing. A pipeline is named by key; `general` has what belongs to no pipeline, such as robots
/// that are started by hand only.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox automation list
  signalbox automation copy leads --from sales
  signalbox automation diff leads
  signalbox automation publish leads --comment 'As in sales'
  signalbox automation history leads
  signalbox automation rollback leads 3 --publish")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists pipelines with the version in force, and whether there is a draft
    #[command(after_help = "Examples:
  signalbox automation list")]
    List,
    /// Shows what is in force
    #[command(after_help = "Examples:
  signalbox automation show sales")]
    Show {
        /// The pipeline's key, or `general`
        pipeline: String,
    },
    /// Shows the draft, what it changes, and what keeps it from being published
    #[command(after_help = "Examples:
  signalbox automation draft sales")]
    Draft {
        /// The pipeline's key, or `general`
        pipeline: String,
    },
    /// Makes one change of the draft, as `PATCH /automation/{id}/draft` takes it
    #[command(after_help = "Examples:
  signalbox automation edit sales '{\"kind\": \"remove\", \"entry\": \"attachment:5\"}'
  signalbox automation edit sales --file change.json")]
    Edit {
        /// The pipeline's key, or `general`
        pipeline: String,
        /// The change, as JSON
        #[arg(required_unless_present = "file")]
        change: Option<String>,
        /// A file with the change
        #[arg(long, conflicts_with = "change")]
        file: Option<PathBuf>,
    },
    /// Copies the robots of another pipeline into the draft; stages are matched by key, else by place
    #[command(after_help = "Examples:
  signalbox automation copy leads --from sales --stage sales/new=leads/fresh")]
    Copy {
        /// The pipeline's key, or `general`
        pipeline: String,
        /// The pipeline that is copied
        #[arg(long, value_name = "PIPELINE")]
        from: String,
        /// A counterpart that is chosen by hand; repeatable
        #[arg(long = "stage", value_name = "THEIRS=OURS")]
        stages: Vec<String>,
    },
    /// Shows what the draft changes, or what differs between versions
    #[command(after_help = "Examples:
  signalbox automation diff sales
  signalbox automation diff sales --from 3
  signalbox automation diff sales --from 3 --to 5")]
    Diff {
        /// The pipeline's key, or `general`
        pipeline: String,
        /// From this version, in place of the draft
        #[arg(long, value_name = "NUMBER")]
        from: Option<i64>,
        /// To this version; to what is in force without it
        #[arg(long, value_name = "NUMBER", requires = "from")]
        to: Option<i64>,
    },
    /// Brings the draft into force as a whole, or says what keeps it from that
    #[command(after_help = "Examples:
  signalbox automation publish sales --comment 'Remind after a day'")]
    Publish {
        /// The pipeline's key, or `general`
        pipeline: String,
        /// What it is for, in the history
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        comment: String,
    },
    /// Takes over into the draft what others have brought into force since it began
    #[command(after_help = "Examples:
  signalbox automation rebase sales")]
    Rebase {
        /// The pipeline's key, or `general`
        pipeline: String,
    },
    /// Throws the draft away
    #[command(after_help = "Examples:
  signalbox automation discard sales")]
    Discard {
        /// The pipeline's key, or `general`
        pipeline: String,
    },
    /// Runs robots of stages for the items that stand there already, as by hand
    #[command(after_help = "Examples:
  signalbox automation run sales --attachment attachment:5 --dry-run
  signalbox automation run sales --attachment attachment:5 --attachment attachment:6 --wait")]
    Run {
        /// The pipeline's key
        pipeline: String,
        /// A robot of a stage; repeatable
        #[arg(long = "attachment", value_name = "ID", required = true)]
        attachments: Vec<String>,
        /// Says for how many items, with the first of them, and starts nothing
        #[arg(long, conflicts_with = "wait")]
        dry_run: bool,
        /// Waits until every item had its turn
        #[arg(long)]
        wait: bool,
    },
    /// Lists what was in force, newest first: published drafts and single changes
    #[command(after_help = "Examples:
  signalbox automation history sales
  signalbox automation history sales --version 3")]
    History {
        /// The pipeline's key, or `general`
        pipeline: String,
        /// Shows this version with its robots
        #[arg(long, value_name = "NUMBER")]
        version: Option<i64>,
    },
    /// Makes a draft of an old version, which brings it back when it is published
    #[command(after_help = "Examples:
  signalbox automation rollback sales 3
  signalbox automation rollback sales 3 --publish")]
    Rollback {
        /// The pipeline's key, or `general`
        pipeline: String,
        /// The version
        number: i64,
        /// Publishes it at once
        #[arg(long)]
        publish: bool,
        /// Takes the place of a draft that somebody has begun
        #[arg(long)]
        replace_draft: bool,
    },
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let client = globals.client()?;
        match self.command {
            Command::List => list(&client).await,
            Command::Show { pipeline } => Whole::of(&client, &pipeline).await?.show().await,
            Command::Draft { pipeline } => Whole::of(&client, &pipeline).await?.draft().await,
            Command::Edit {
                pipeline,
                change,
                file,
            } => {
                let change = change_of(change, file)?;
                Whole::of(&client, &pipeline).await?.edit(&change).await
            }
            Command::Copy {
                pipeline,
                from,
                stages,
            } => copy(&client, &pipeline, &from, &stages).await,
            Command::Diff { pipeline, from, to } => Whole::of(&client, &pipeline).await?.diff(from, to).await,
            Command::Publish { pipeline, comment } => {
                let whole = Whole::of(&client, &pipeline).await?;
                let version = whole.version().await?;
                whole.publish(version, &comment).await
            }
            Command::Rebase { pipeline } => Whole::of(&client, &pipeline).await?.rebase().await,
            Command::Discard { pipeline } => Whole::of(&client, &pipeline).await?.discard().await,
            Command::Run {
                pipeline,
                attachments,
                dry_run,
                wait,
            } => {
                let whole = Whole::of(&client, &pipeline).await?;
                let body = json!({ "attachments": attachments });
                match dry_run {
                    true => whole.preview(&body).await,
                    false => whole.start(&body, wait).await,
                }
            }
            Command::History { pipeline, version } => {
                Whole::of(&client, &pipeline).await?.history(version).await
            }
            Command::Rollback {
                pipeline,
                number,
                publish,
                replace_draft,
            } => {
                let whole = Whole::of(&client, &pipeline).await?;
                whole.rollback(number, publish, replace_draft).await
            }
        }
    }
}

fn change_of(text: Option<String>, file: Option<PathBuf>) -> Result<Value, Failure> {
    let usage = |message: String| Failure::say(Exit::Usage, message);
    let text = match (text, file) {
        (Some(text), _) => text,
        (None, Some(file)) => {
            std::fs::read_to_string(&file).map_err(|error| usage(format!("{}: {error}", file.display())))?
        }
        (None, None) => return Err(usage("there is no change".to_owned())),
    };
    serde_json::from_str(&text).map_err(|error| usage(format!("the change is not JSON: {error}")))
}

async fn list(client: &Client) -> Result<Answer, Failure> {
    let found = client.list("/automation", &[], VERSIONS_MAX).await?;
    let rows = found.iter().map(|one| {
        let draft = match &one["draft"] {
            Value::Null => "-".to_owned(),
            draft if draft["is_stale"] == true => format!("by {}, stale", field(draft, "changed_by")),
            draft => format!("by {}", field(draft, "changed_by")),
        };
        [
            field(one, "name"),
            field(one, "number"),
            field(one, "entry_count"),
            draft,
        ]
    });
    let text = table(["pipeline", "version", "robots", "draft"], rows);
    Ok(Answer::new("signalbox.automation.list/1", text).with("automations", found))
}

async fn copy(client: &Client, pipeline: &str, from: &str, stages: &[String]) -> Result<Answer, Failure> {
    let whole = Whole::of(client, pipeline).await?;
    let names = Names::new(client);
    let mut given = serde_json::Map::new();
    for pair in stages {
        let Some((theirs, ours)) = pair.split_once('=') else {
            let message = format!("--stage: `{pair}` is not `theirs=ours`, such as `sales/new=leads/fresh`");
            return Err(Failure::say(Exit::Usage, message));
        };
        given.insert(names.stage(theirs).await?, names.stage(ours).await?.into());
    }
    let from = id_of(client, from).await?;
    whole
        .edit(&json!({"kind": "copy-from", "from": from, "stages": given}))
        .await
}

async fn id_of(client: &Client, pipeline: &str) -> Result<String, Failure> {
    match pipeline {
        "general" => Ok(pipeline.to_owned()),
        key => Names::new(client).pipeline(key).await,
    }
}

/// Publishes the draft that has this version, and gives what the host answers.
pub(super) async fn publish_version(
    client: &Client,
    path: &str,
    version: i64,
    comment: &str,
) -> Result<Value, Failure> {
    let path = format!("{path}/draft/publish");
    let body = json!({ "comment": comment });
    Ok(client.change(Method::POST, &path, version, &body).await?.body)
}

/// The automation of a pipeline at the host.
struct Whole<'a> {
    client: &'a Client,
    path: String,
}

impl<'a> Whole<'a> {
    async fn of(client: &'a Client, pipeline: &str) -> Result<Self, Failure> {
        let path = format!("/automation/{}", id_of(client, pipeline).await?);
        Ok(Whole { client, path })
    }

    async fn read_draft(&self) -> Result<Value, Failure> {
        self.client.get(&format!("{}/draft", self.path)).await
    }

    async fn version(&self) -> Result<i64, Failure> {
        Ok(self.read_draft().await?["version"].as_i64().unwrap_or(0))
    }

    async fn change(&self, method: Method, path: &str, version: i64, body: &Value) -> Result<Value, Failure> {
        let path = format!("{}{path}", self.path);
        Ok(self.client.change(method, &path, version, body).await?.body)
    }

    async fn show(&self) -> Result<Answer, Failure> {
        let found = self.client.get(&self.path).await?;
        let text = format!(
            "version {} of {}, by {} at {}\n{}",
            field(&found, "number"),
            field(&found, "name"),
            field(&found, "by"),
            field(&found, "at"),
            entries_table(&found["entries"])
        );
        Ok(Answer::new("signalbox.automation.show/1", text).with("automation", found))
    }

    async fn draft(&self) -> Result<Answer, Failure> {
        let draft = self.read_draft().await?;
        Ok(Answer::new("signalbox.automation.draft/1", draft_text(&draft)).with("draft", draft))
    }

    async fn edit(&self, change: &Value) -> Result<Answer, Failure> {
        let version = self.version().await?;
        let edited = self.change(Method::PATCH, "/draft", version, change).await?;
        Ok(Answer::new("signalbox.automation.edit/1", edited_text(&edited)).with_all(edited))
    }

    async fn diff(&self, from: Option<i64>, to: Option<i64>) -> Result<Answer, Failure> {
        let answer = |text: String| Answer::new("signalbox.automation.diff/1", text);
        let Some(from) = from else {
            let draft = self.read_draft().await?;
            let difference = draft["difference"].clone();
            return Ok(answer(difference_text(&difference)).with("difference", difference));
        };
        let path = format!("{}/versions/{from}/difference", self.path);
        let query: Vec<_> = to.iter().map(|to| ("to", to.to_string())).collect();
        let found = self.client.get_with(&path, &query).await?;
        Ok(answer(difference_text(&found["difference"])).with_all(found))
    }

    async fn publish(&self, version: i64, comment: &str) -> Result<Answer, Failure> {
        let published = publish_version(self.client, &self.path, version, comment).await?;
        let number = field(&published, "version.number");
        let text = format!(
            "version {number} is in force\n{}",
            difference_text(&published["difference"])
        );
        Ok(Answer::new("signalbox.automation.publish/1", text).with_all(published))
    }

    async fn preview(&self, body: &Value) -> Result<Answer, Failure> {
        let path = format!("{}/here/preview", self.path);
        let found = self.client.post(&path, body).await?.body;
        Ok(Answer::new("signalbox.automation.run-preview/1", here_text(&found)).with_all(found))
    }

    async fn start(&self, body: &Value, wait: bool) -> Result<Answer, Failure> {
        let path = format!("{}/here", self.path);
        let bulk = self.client.post(&path, body).await?.body;
        bulk::show(self.client, &field(&bulk, "id"), wait).await
    }

    async fn rebase(&self) -> Result<Answer, Failure> {
        let version = self.version().await?;
        let edited = self
            .change(Method::POST, "/draft/rebase", version, &json!({}))
            .await?;
        Ok(Answer::new("signalbox.automation.rebase/1", edited_text(&edited)).with_all(edited))
    }

    async fn discard(&self) -> Result<Answer, Failure> {
        let version = self.version().await?;
        self.change(Method::DELETE, "/draft", version, &Value::Null)
            .await?;
        Ok(Answer::new("signalbox.automation.discard/1", "the draft is gone"))
    }

    async fn history(&self, version: Option<i64>) -> Result<Answer, Failure> {
        if let Some(number) = version {
            let found = self
                .client
                .get(&format!("{}/versions/{number}", self.path))
                .await?;
            let text = entries_table(&found["entries"]);
            return Ok(Answer::new("signalbox.automation.version/1", text).with("version", found));
        }
        let path = format!("{}/versions", self.path);
        let found = self.client.list(&path, &[], VERSIONS_MAX).await?;
        let rows = found.iter().map(|one| {
            let counts = ["added", "changed", "removed"].map(|key| field(&one["counts"], key));
            [
                field(one, "number"),
                field(one, "at"),
                match &one["by_name"] {
                    Value::String(name) => name.clone(),
                    _ => field(one, "by"),
                },
                field(one, "origin"),
                format!("+{} ~{} -{}", counts[0], counts[1], counts[2]),
                field(one, "comment"),
            ]
        });
        let text = table(["version", "at", "by", "origin", "robots", "comment"], rows);
        Ok(Answer::new("signalbox.automation.history/1", text).with("versions", found))
    }

    async fn rollback(&self, number: i64, publish: bool, replace: bool) -> Result<Answer, Failure> {
        let version = if replace { self.version().await? } else { 0 };
        let path = format!("/versions/{number}/restore");
        let edited = self.change(Method::POST, &path, version, &json!({})).await?;
        if publish {
            let version = edited["draft"]["version"].as_i64().unwrap_or(0);
            return self.publish(version, &format!("Back to version {number}")).await;
        }
        Ok(Answer::new("signalbox.automation.rollback/1", edited_text(&edited)).with_all(edited))
    }
}
