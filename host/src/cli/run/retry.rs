//! `signalbox run retry`: one failed run, or all that fit a filter.

use std::time::Duration;

use serde_json::{Map, Value};

use super::super::client::{Client, given};
use super::super::output::{field, table};
use super::super::params::Names;
use super::super::{Answer, Exit, Failure};
use super::{attempts, ended, text, verdict_exit};

/// How long somebody waits: longer than any single attempt may take.
const WAIT_DEFAULT_S: u64 = 60;
/// Runs of one request: the most that the API takes.
const PAGE: u32 = 200;
/// Runs that a preview names in each group.
const EXAMPLES_MAX: usize = 3;

/// Executes a run once more that failed or was cancelled, or many that failed
///
/// Either an id, or options that say which runs: all of those that fit and are discarded are due at once, in the order
/// in which they were made, and have all of their attempts again. For many the token needs the role `admin`.
///
/// With `--wait` the exit code is 7 when the robot returned an error, and 8 when it trapped or hit a limit.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox run retry run:5
  signalbox run retry run:5 --wait --timeout-s 120
  signalbox run retry --code no-candidate --pipeline sales --dry-run
  signalbox run retry --robot notify --reason attempts-used-up --from 2026-03-02T09:00:00Z
  signalbox run retry --all")]
#[command(group = clap::ArgGroup::new("which").required(true).multiple(true).args([
    "id", "attachment", "robot", "reason", "code", "item", "pipeline", "from", "until", "all",
]))]
pub(super) struct Retry {
    /// The id, such as `run:5`
    #[arg(conflicts_with_all = [
        "attachment", "robot", "reason", "code", "item", "pipeline", "from", "until", "all", "cancelled", "dry_run",
    ])]
    id: Option<String>,
    /// Waits until the attempt has ended
    #[arg(long, requires = "id")]
    wait: bool,
    /// How long to wait, in seconds
    #[arg(long, requires = "wait", value_name = "SECONDS", default_value_t = WAIT_DEFAULT_S)]
    timeout_s: u64,
    /// Only of this attachment
    #[arg(long, value_name = "ID")]
    attachment: Option<String>,
    /// Only of this robot, such as `notify`
    #[arg(long)]
    robot: Option<String>,
    /// Only those that were discarded for this reason, such as `attempts-used-up`
    #[arg(long)]
    reason: Option<String>,
    /// Only those whose last attempt ended with this code, such as `trap`
    #[arg(long)]
    code: Option<String>,
    /// Only about this item, such as `deal:17`
    #[arg(long, value_name = "ID")]
    item: Option<String>,
    /// Only about items that stand in this pipeline now
    #[arg(long)]
    pipeline: Option<String>,
    /// Only those that ended then or later
    #[arg(long, value_name = "INSTANT")]
    from: Option<String>,
    /// Only those that ended before
    #[arg(long, value_name = "INSTANT")]
    until: Option<String>,
    /// All of them
    #[arg(long)]
    all: bool,
    /// Cancelled ones instead of discarded ones
    #[arg(long)]
    cancelled: bool,
    /// Says how many and which, and changes nothing
    #[arg(long)]
    dry_run: bool,
}

impl Retry {
    pub(super) async fn run(self, client: &Client) -> Result<Answer, Failure> {
        if let Some(id) = &self.id {
            let wait = self.wait.then(|| Duration::from_secs(self.timeout_s));
            return one(client, id, wait).await;
        }
        let body = self.body(client).await?;
        if self.dry_run {
            return preview(client, body).await;
        }
        many(client, body).await
    }

    /// The filter.
    async fn body(&self, client: &Client) -> Result<Map<String, Value>, Failure> {
        let pipeline = match &self.pipeline {
            Some(name) => Some(Names::new(client).pipeline(name).await?),
            None => None,
        };
        let asked = [
            ("state", self.cancelled.then(|| "cancelled".to_owned())),
            ("attachment", self.attachment.clone()),
            ("robot", self.robot.clone()),
            ("reason", self.reason.clone()),
            ("code", self.code.clone()),
            ("item", self.item.clone()),
            ("pipeline", pipeline),
            ("finished_from", self.from.clone()),
            ("finished_until", self.until.clone()),
        ];
        let asked = given(asked).map(|(key, value)| (key.to_owned(), value.into()));
        let mut body: Map<String, Value> = asked.collect();
        body.insert("dry_run".to_owned(), self.dry_run.into());
        body.insert("limit".to_owned(), PAGE.into());
        Ok(body)
    }
}

async fn one(client: &Client, id: &str, wait: Option<Duration>) -> Result<Answer, Failure> {
    let before = client.get(&format!("/runs/{id}")).await?;
    let run = client.act(&format!("/runs/{id}/retry")).await?;
    let Some(timeout) = wait else {
        return Ok(Answer::new("signalbox.run.retry/1", format!("{id} is due now")).with("run", run));
    };
    let attempt_count = attempts(&before["run"]);
    let details = tokio::time::timeout(timeout, ended(client, id, attempt_count))
        .await
        .map_err(|_| {
            Failure::say(
                Exit::Failed,
                format!("{id} has not ended within {} s; it goes on", timeout.as_secs()),
            )
        })??;
    let exit = verdict_exit(&details);
    let text = text::details(&details);
    Ok(Answer::new("signalbox.run.retry/1", text)
        .with_all(details)
        .ending(exit))
}

/// All pages. A run that has failed again by the time of a later page is not met again: pages only go forward.
async fn many(client: &Client, mut body: Map<String, Value>) -> Result<Answer, Failure> {
    let mut runs = Vec::new();
    loop {
        let mut page = client
            .post("/runs/retry", &Value::Object(body.clone()))
            .await?
            .body;
        if let Value::Array(found) = page["runs"].take() {
            runs.extend(found);
        }
        match page["next"].take() {
            Value::String(next) => drop(body.insert("after".to_owned(), next.into())),
            _ => break,
        }
    }
    let text = match runs.len() {
        1 => "1 run is due now".to_owned(),
        count => format!("{count} runs are due now"),
    };
    Ok(Answer::new("signalbox.run.retry-many/1", text)
        .with("dry_run", false)
        .with("runs", runs))
}

async fn preview(client: &Client, body: Map<String, Value>) -> Result<Answer, Failure> {
    let page = client.post("/runs/retry", &Value::Object(body)).await?.body;
    Ok(Answer::new("signalbox.run.retry-many/1", preview_text(&page)).with_all(page))
}

/// How many and which, by attachment and failure.
fn preview_text(page: &Value) -> String {
    let list = |key: &str| page[key].as_array().map(Vec::as_slice).unwrap_or_default();
    let row = |group: &Value| {
        let is_of = |run: &&Value| {
            ["attachment", "reason", "code"]
                .iter()
                .all(|key| run[key] == group[key])
        };
        let examples = list("runs").iter().filter(is_of).take(EXAMPLES_MAX);
        let examples: Vec<String> = examples.map(|run| field(run, "id")).collect();
        [
            field(group, "count"),
            field(group, "attachment"),
            field(group, "reason"),
            field(group, "code"),
            examples.join(" "),
            field(group, "title"),
        ]
    };
    let count = field(page, "matched_count");
    let sum = match (page["has_more"] == true, count.as_str()) {
        (true, count) => {
            format!("more than {count} runs would be due at once; the first {count} are counted")
        }
        (false, "1") => "1 run would be due at once".to_owned(),
        (false, count) => format!("{count} runs would be due at once"),
    };
    if list("groups").is_empty() {
        return sum;
    }
    let groups = table(
        ["runs", "attachment", "reason", "failure", "such as", "title"],
        list("groups").iter().map(row),
    );
    format!("{groups}{sum}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn preview_counts_groups_and_names_some_runs() {
        let group = |attachment: &str, code: &str, count: u32| {
            json!({
                "attachment": attachment, "title": "Tell", "reason": "attempts-used-up", "code": code, "count": count,
            })
        };
        let run = |id: &str, code: &str| json!({ "id": id, "attachment": "attachment:1", "reason": "attempts-used-up", "code": code });
        let runs = [
            run("run:1", "host"),
            run("run:2", "limit.time"),
            run("run:4", "host"),
        ];
        let mut page = json!({
            "matched_count": 12, "has_more": false, "runs": runs,
            "groups": [group("attachment:1", "host", 11), group("attachment:1", "limit.time", 1)],
        });
        let shown = preview_text(&page);
        for words in [
            "11  ",
            "attachment:1  attempts-used-up  host        run:1 run:4  Tell",
            "12 runs would be due at once",
        ] {
            assert!(shown.contains(words), "{words}: {shown}");
        }
        page["has_more"] = true.into();
        page["matched_count"] = 10_000.into();
        page["groups"] = json!([]);
        assert_eq!(
            preview_text(&page),
            "more than 10000 runs would be due at once; the first 10000 are counted"
        );
    }
}
