//! `signalbox pipeline`: pipelines and their stages.

use clap::Subcommand;
use serde_json::{Value, json};
use signalbox_crm::ids::ItemKind;
use signalbox_crm::pipeline::StageKind;

use super::output::{field, table, write_stderr};
use super::{Answer, Exit, Failure, Globals};
use crate::setup::stages::{key_of, ready, stages, titles};

/// The most pipelines that are listed.
const PIPELINES_MAX: usize = 1000;

/// What a host without one is told.
const NONE: &str = "signalbox: there is no pipeline yet: `signalbox pipeline create` makes one; `signalbox demo` has one to \
     try robots on\n";

/// Makes pipelines, and lists them with their stages
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox pipeline create --title 'Продажи | Sales'
  signalbox pipeline list --json")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes a pipeline with its stages; those of its kind that suit most companies, unless some are named
    ///
    /// Titles are written `Russian | English`, or one text for both. Keys are made of the English titles.
    #[command(after_help = "Examples:
  signalbox pipeline create --title 'Продажи | Sales'
  signalbox pipeline create --title 'Заявки | Requests' --kind lead
  signalbox pipeline create --title Repairs --key repairs --open 'Принято | Received' --open 'В ремонте | At work' \\
      --won 'Выдано | Returned' --lost 'Отказ | Refused'")]
    Create(Create),
    /// Lists pipelines and stages by the names that `attach` takes
    #[command(after_help = "Examples:
  signalbox pipeline list")]
    List,
}

#[derive(Debug, clap::Args)]
struct Create {
    /// What people see, `Russian | English`
    #[arg(long)]
    title: String,
    /// The name that commands and files use; made of the English title without it
    #[arg(long)]
    key: Option<String>,
    /// `deal` or `lead`
    #[arg(long, default_value = "deal")]
    kind: String,
    /// A stage in which there is work to do; repeatable, from the left
    #[arg(long, value_name = "TITLE")]
    open: Vec<String>,
    /// A stage that ends well; repeatable
    #[arg(long, value_name = "TITLE")]
    won: Vec<String>,
    /// A stage that ends badly; repeatable
    #[arg(long, value_name = "TITLE")]
    lost: Vec<String>,
}

impl Create {
    async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let kind = match self.kind.as_str() {
            "deal" => ItemKind::Deal,
            "lead" => ItemKind::Lead,
            other => {
                return Err(Failure::say(
                    Exit::Usage,
                    format!("`{other}` is neither `deal` nor `lead`"),
                ));
            }
        };
        let is_ready = self.open.is_empty() && self.won.is_empty() && self.lost.is_empty();
        let texts = [
            (StageKind::Open, self.open.join("\n")),
            (StageKind::Won, self.won.join("\n")),
            (StageKind::Lost, self.lost.join("\n")),
        ];
        let lines = stages(texts.iter().map(|(of, text)| match is_ready {
            true => (*of, ready(kind, *of)),
            false => (*of, text.as_str()),
        }));
        let lines: Vec<Value> = lines.iter().map(|line| json!(line)).collect();
        let title = titles(&self.title);
        let key = self.key.unwrap_or_else(|| key_of(&title, "pipeline", |_| false));
        let body = json!({"key": key, "title": title, "item_kind": kind, "stages": lines});
        let made = globals.client()?.post("/pipelines", &body).await?.body;
        let text = format!("{} `{key}` has {} stages", field(&made, "id"), lines.len());
        Ok(Answer::new("signalbox.pipeline.create/1", text).with("pipeline", made))
    }
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        if let Command::Create(create) = self.command {
            return create.run(globals).await;
        }
        let client = globals.client()?;
        let mut pipelines = client.list("/pipelines", &[], PIPELINES_MAX).await?;
        let mut rows = Vec::new();
        for pipeline in &mut pipelines {
            let path = format!("/pipelines/{}/stages", field(pipeline, "id"));
            let stages = client.list(&path, &[], PIPELINES_MAX).await?;
            rows.extend(stages.iter().map(|stage| row(pipeline, stage)));
            pipeline["stages"] = Value::Array(stages);
        }
        if rows.is_empty() {
            write_stderr(NONE);
        }
        let text = table(["name", "stage", "kind", "title", "requires"], rows);
        Ok(Answer::new("signalbox.pipeline.list/1", text).with("pipelines", pipelines))
    }
}

fn row(pipeline: &Value, stage: &Value) -> [String; 5] {
    let required = stage
        .get("required_fields")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let required: Vec<&str> = required.iter().filter_map(Value::as_str).collect();
    [
        format!("{}/{}", field(pipeline, "key"), field(stage, "key")),
        field(stage, "id"),
        field(stage, "kind"),
        field(stage, "title.en"),
        if required.is_empty() {
            "-".to_owned()
        } else {
            required.join(", ")
        },
    ]
}
