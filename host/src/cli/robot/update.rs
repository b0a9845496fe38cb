//! `signalbox robot update`: attachments get another version of their robot.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::output::{field, table};
use super::super::{Answer, Exit, Failure, Globals};

/// Lets the attachments of a robot have its newest version, unless that asks for more
///
/// An attachment keeps the version that it was made with. This moves all of a robot's attachments on. Where the version
/// asks for an interface or a host of the web that the old one did not ask for, the old one goes on until somebody has
/// approved it.
/// Exit code 1: some attachments keep the old version.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox robot update notify --dry-run
  signalbox robot update notify
  signalbox robot update notify --approve contacts,messaging
  signalbox robot update notify --approve outbound-http --approve-host api.example.com

`signalbox replay --all` says what another version would have done.")]
pub(super) struct Update {
    /// The robot's id, for its newest version, or a digest
    id: String,
    /// Interfaces that the version may have besides what is granted already
    #[arg(long, value_name = "INTERFACES", value_delimiter = ',')]
    approve: Vec<String>,
    /// Hosts of the web that it may reach besides those that are granted already
    #[arg(long, value_name = "HOSTS", value_delimiter = ',')]
    approve_host: Vec<String>,
    /// Says what would happen, and changes nothing
    #[arg(long)]
    dry_run: bool,
}

impl Update {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let path = format!("/robots/{}/update", self.id);
        let body = json!({
            "approve": self.approve,
            "approve_hosts": self.approve_host,
            "dry_run": self.dry_run,
        });
        let update = globals.client()?.post(&path, &body).await?.body;
        let outcomes = update["attachments"].as_array().cloned().unwrap_or_default();
        let kept = outcomes.iter().filter(|one| one["state"] != "updated").count();
        let answer = Answer::new("signalbox.robot.update/1", words(&update, &outcomes)).with_all(update);
        Ok(match kept {
            0 => answer,
            _ => answer.ending(Exit::Failed),
        })
    }
}

fn words(update: &Value, outcomes: &[Value]) -> String {
    let label = field(update, "robot");
    if outcomes.is_empty() {
        return format!("every attachment has {label} already\n");
    }
    let rows = outcomes.iter().map(|one| {
        let why = match one["state"].as_str() {
            Some("refused") => field(one, "message"),
            _ => asks(one).join(" "),
        };
        let cell = |key: &str| field(one, key);
        [
            cell("attachment"),
            cell("from"),
            cell("state"),
            cell("title"),
            why,
        ]
    });
    let table = table(["attachment", "from", "to be", "title", "why"], rows);
    let would = match update["is_dry_run"] == true {
        true => ", if it were done",
        false => "",
    };
    format!("{label}{would}\n{table}{}", approval(update, outcomes))
}

/// What the version asks an attachment for besides what it has.
fn asks(outcome: &Value) -> Vec<String> {
    let interface = |one: &Value| {
        format!(
            "asks for `{}`: {}",
            field(one, "interface"),
            field(one, "reason.en")
        )
    };
    let mut asks: Vec<String> = list(outcome, "asks").iter().map(interface).collect();
    let hosts: Vec<String> = list(outcome, "asks_hosts").iter().map(quoted).collect();
    if !hosts.is_empty() {
        asks.push(format!("asks for requests to {}", hosts.join(", ")));
    }
    asks
}

/// The command that lets those have it that wait.
fn approval(update: &Value, outcomes: &[Value]) -> String {
    let waiting = || outcomes.iter().filter(|one| one["state"] == "waits");
    let interfaces = waiting().flat_map(|one| list(one, "asks"));
    let interfaces: BTreeSet<String> = interfaces.map(|one| field(one, "interface")).collect();
    let hosts = waiting().flat_map(|one| list(one, "asks_hosts"));
    let hosts: BTreeSet<&str> = hosts.filter_map(Value::as_str).collect();
    if interfaces.is_empty() && hosts.is_empty() {
        return String::new();
    }
    let mut command = format!("signalbox robot update {}", field(update, "digest"));
    for (option, words) in [
        (
            "--approve",
            interfaces.iter().map(String::as_str).collect::<Vec<_>>(),
        ),
        ("--approve-host", hosts.into_iter().collect()),
    ] {
        if !words.is_empty() {
            command.push_str(&format!(" {option} '{}'", words.join(",")));
        }
    }
    format!("all that is asked for is allowed by:\n  {command}\n")
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn quoted(text: &Value) -> String {
    format!("`{}`", text.as_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_told_with_the_command_that_allows_it() {
        let asks = json!([{"interface": "outbound-http", "reason": {"en": "To ask the bank.", "ru": "-"}}]);
        let waits = |id: &str, hosts: Value| {
            json!({
                "attachment": id, "title": "Bank", "from": "bank@1.0.0", "state": "waits", "asks": asks,
                "asks_hosts": hosts, "message": null,
            })
        };
        let outcomes = [
            waits("attachment:1", json!(["*.bank.com", "a.com"])),
            waits("attachment:2", json!(["a.com"])),
        ];
        let update = json!({"robot": "bank@2.0.0", "digest": "d2", "is_dry_run": true});
        let expected = "\
bank@2.0.0, if it were done
ATTACHMENT    FROM        TO BE  TITLE  WHY
attachment:1  bank@1.0.0  waits  Bank   asks for `outbound-http`: To ask the bank. asks for requests to `*.bank.com`, `a.com`
attachment:2  bank@1.0.0  waits  Bank   asks for `outbound-http`: To ask the bank. asks for requests to `a.com`
all that is asked for is allowed by:
  signalbox robot update d2 --approve 'outbound-http' --approve-host '*.bank.com,a.com'
";
        assert_eq!(words(&update, &outcomes), expected);
    }
}
