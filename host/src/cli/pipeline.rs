//! `signalbox pipeline`: pipelines and their stages.

use clap::Subcommand;
use serde_json::Value;

use super::output::{field, table, write_stderr};
use super::{Answer, Failure, Globals};

/// The most pipelines that are listed.
const PIPELINES_MAX: usize = 1000;

/// What a host without one is told.
const NONE: &str = "signalbox: there is no pipeline yet: `POST /api/v1/pipelines` makes one (`signalbox openapi` has \
     the form); `signalbox demo` has one to try robots on\n";

/// Lists pipelines with their stages
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox pipeline list
  signalbox pipeline list --json")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists pipelines and stages by the names that `attach` takes
    #[command(after_help = "Examples:
  signalbox pipeline list")]
    List,
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let Command::List = self.command;
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
