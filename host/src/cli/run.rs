//! `signalbox run`: what robots did, and why.

use std::time::Duration;

use clap::Subcommand;
use serde_json::Value;

use super::client::{Client, given};
use super::output::{field, table, write_stderr};
use super::{Answer, Exit, Failure, Globals};

mod retry;
mod save;
pub(super) mod text;

/// The rows of a list without `--limit`.
const RUNS_DEFAULT: usize = 50;
/// What somebody is told who waits for a robot.
const NONE: &str = "signalbox: no run fits; an attachment starts when its moment comes, `signalbox bulk run` starts it \
     for the items that are there\n";
/// How often a run is looked at while somebody waits for its end.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Lists, shows, saves and retries runs
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox run list --item deal:17
  signalbox run show run:5
  signalbox run save run:5
  signalbox run retry run:5 --wait")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists runs, newest first
    #[command(after_help = "Examples:
  signalbox run list --state discarded --code no-candidate
  signalbox run list --item deal:17 --json | jq '.runs[].reason'")]
    List(List),
    /// Shows a run: cause, verdict, host calls with their answers, effects, log, fuel
    #[command(after_help = "Examples:
  signalbox run show run:5
  signalbox run show run:5 --json > run.json")]
    Show {
        /// The id, such as `run:5`
        id: String,
    },
    Save(save::Save),
    Retry(retry::Retry),
}

#[derive(Debug, clap::Args)]
struct List {
    /// scheduled, available, retryable, completed, discarded or cancelled
    #[arg(long)]
    state: Option<String>,
    /// Only of this attachment
    #[arg(long, value_name = "ID")]
    attachment: Option<String>,
    /// Only about this item, such as `deal:17`
    #[arg(long, value_name = "ID")]
    item: Option<String>,
    /// Only of this robot, such as `notify`
    #[arg(long)]
    robot: Option<String>,
    /// Only those in their state for this reason, such as `attempts-used-up`
    #[arg(long)]
    reason: Option<String>,
    /// Only those whose last attempt ended with this code, such as `trap`
    #[arg(long)]
    code: Option<String>,
    /// The most rows
    #[arg(long, value_name = "COUNT", default_value_t = RUNS_DEFAULT)]
    limit: usize,
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let client = globals.client()?;
        match self.command {
            Command::List(list) => list.run(&client).await,
            Command::Show { id } => {
                let details = client.get(&format!("/runs/{id}")).await?;
                Ok(Answer::new("signalbox.run.show/1", text::details(&details)).with_all(details))
            }
            Command::Save(save) => save.run(&client).await,
            Command::Retry(retry) => retry.run(&client).await,
        }
    }
}

impl List {
    async fn run(self, client: &Client) -> Result<Answer, Failure> {
        let asked = [
            ("state", self.state),
            ("attachment", self.attachment),
            ("item", self.item),
            ("robot", self.robot),
            ("reason", self.reason),
            ("code", self.code),
        ];
        let query: Vec<_> = given(asked).collect();
        let runs = client.list("/runs", &query, self.limit).await?;
        if runs.is_empty() {
            write_stderr(NONE);
        }
        let text = table(
            [
                "id",
                "state",
                "reason",
                "robot",
                "item",
                "cause",
                "due or finished",
                "title",
            ],
            runs.iter().map(row),
        );
        Ok(Answer::new("signalbox.run.list/1", text).with("runs", runs))
    }
}

fn row(run: &Value) -> [String; 8] {
    let at = if run.get("finished_at").is_some_and(Value::is_string) {
        "finished_at"
    } else {
        "due_at"
    };
    ["id", "state", "reason", "robot", "item", "cause", at, "title"].map(|key| field(run, key))
}

fn attempts(run: &Value) -> u64 {
    run.get("attempt_count").and_then(Value::as_u64).unwrap_or(0)
}

/// The run after its next attempt, or after it was cancelled.
async fn ended(client: &Client, id: &str, attempt_count: u64) -> Result<Value, Failure> {
    loop {
        let details = client.get(&format!("/runs/{id}")).await?;
        let run = &details["run"];
        if attempts(run) > attempt_count || run["state"] == "cancelled" {
            return Ok(details);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// What the last attempt says about the robot.
pub(super) fn verdict_exit(details: &Value) -> Exit {
    let last = details["attempts"]
        .as_array()
        .and_then(|attempts| attempts.last());
    let verdict = last.map_or(&Value::Null, |attempt| &attempt["verdict"]);
    let code = verdict["code"].as_str().unwrap_or_default();
    match verdict["verdict"].as_str() {
        Some("failed") if matches!(code, "trap" | "panic") || code.starts_with("limit.") => Exit::RobotTrap,
        Some("failed") => Exit::RobotError,
        _ => Exit::Ok,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn exit_code_tells_an_error_from_a_trap() {
        for (verdict, expected) in [
            (json!({"verdict": "done", "summary": ""}), Exit::Ok),
            (json!({"verdict": "skipped", "summary": ""}), Exit::Ok),
            (
                json!({"verdict": "failed", "code": "not-found"}),
                Exit::RobotError,
            ),
            (json!({"verdict": "failed", "code": "limit.cpu"}), Exit::RobotTrap),
            (json!({"verdict": "failed", "code": "trap"}), Exit::RobotTrap),
        ] {
            let details = json!({"attempts": [{"verdict": {"verdict": "done"}}, {"verdict": verdict}]});
            assert_eq!(verdict_exit(&details), expected, "{details}");
        }
        assert_eq!(verdict_exit(&json!({"attempts": []})), Exit::Ok);
    }
}
