//! How `dev` tells what happens: blocks for people, lines of JSON for programs.

use serde_json::{Value, json};
use signalbox_crm::directory::Directory;

use super::super::Failure;
use super::super::output::{write_stderr, write_stdout};
use super::super::robot::Robot;
use super::super::run::text;

/// Tells it.
pub(super) struct Teller {
    is_json: bool,
}

impl Teller {
    /// For people, or for programs.
    pub(super) fn new(is_json: bool) -> Self {
        Teller { is_json }
    }

    /// Nobody reads any more: the host goes on.
    fn tell(&self, words: &str, event: impl FnOnce() -> Value) {
        let _ = match self.is_json {
            true => write_stdout(&event().to_string()),
            false => write_stdout(words),
        };
    }

    /// The host can be used.
    pub(super) fn ready(&self, url: &str, token: &str, directory: &Directory) {
        let attached: Vec<String> = directory
            .attachments
            .values()
            .map(|attachment| format!("  {}: {}\n", attachment.id, attachment.title))
            .collect();
        let attached = match attached.is_empty() {
            true => "  nothing: give a set-up file with --setup, or add a scenario to `tests`\n".to_owned(),
            false => attached.concat(),
        };
        let words = format!(
            "host {url}\ntoken {token}\nattached\n{attached}\
             Ctrl-C ends it. To try it in another terminal:\n\
             \n  export SIGNALBOX_URL={url} SIGNALBOX_TOKEN={token}\n  signalbox pipeline list\n{}\n",
            example(url, token, directory).unwrap_or_default()
        );
        self.tell(
            &words,
            || json!({"schema": "signalbox.dev.ready/1", "url": url, "token": token}),
        );
    }

    /// A version of the robot is in use.
    pub(super) fn built(&self, robot: &Robot) {
        let label = robot.inspection.manifest.label();
        let (bytes, digest) = (robot.bytes.len(), &robot.inspection.digest);
        self.tell(
            &format!("built {label}, {bytes} bytes, digest {digest}\n"),
            || json!({"schema": "signalbox.dev.build/1", "is_built": true, "robot": label, "digest": digest}),
        );
    }

    /// The robot stays as it was.
    pub(super) fn failed(&self, failure: &Failure) {
        let message = format!("{:#}", failure.error);
        if !self.is_json {
            write_stderr(&format!("not built: {message}\n"));
            return;
        }
        self.tell(
            "",
            || json!({"schema": "signalbox.dev.build/1", "is_built": false, "message": message}),
        );
    }

    /// A run, after an attempt.
    pub(super) fn run(&self, details: &Value) {
        self.tell(&format!("\n{}", text::details(details)), || {
            let mut event = json!({"schema": "signalbox.dev.run/1"});
            if let (Some(event), Some(details)) = (event.as_object_mut(), details.as_object()) {
                event.extend(details.clone());
            }
            event
        });
    }

    /// Too much happened at once.
    pub(super) fn missed(&self, count: u64) {
        write_stderr(&format!(
            "{count} attempts are not shown: `signalbox run list` has them\n"
        ));
    }
}

/// A request that makes a deal in the first stage.
fn example(url: &str, token: &str, directory: &Directory) -> Option<String> {
    let pipeline = directory.pipelines.values().next()?;
    let person = directory
        .employees
        .values()
        .nth(1)
        .or_else(|| directory.employees.values().next())?;
    let body = json!({
        "pipeline": pipeline.id,
        "title": "Large",
        "amount": "900000.00 RUB",
        "assignee": person.id,
    });
    Some(format!(
        "  curl -s -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' \\\n    {url}/api/v1/items -d '{body}'\n"
    ))
}
