//! `signalbox secret`: passwords and keys of services outside.

use std::io::Read;

use clap::Subcommand;
use serde_json::{Map, Value};
use signalbox_crm::secret::VALUE_BYTES_MAX;

use super::output::{field, table};
use super::{Answer, Exit, Failure, Globals};

/// The most secrets that are listed.
const SECRETS_MAX: usize = 10_000;

/// Keeps passwords and keys of services outside, which robots name and never see
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox secret set sms-key --host api.example.com < key.txt
  signalbox secret list
  signalbox secret remove sms-key")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Keeps the value that stands on standard input, in place of an earlier one
    #[command(after_help = "Examples:
  signalbox secret set sms-key --host api.example.com < key.txt
  pass show sms | signalbox secret set sms-key
  signalbox secret set sms-key --keep-value --host api.example.com --host eu.example.com")]
    Set {
        /// Lower-case letters, digits, `-` and `_`
        name: String,
        /// Where it may go, such as `api.example.com` or `*.example.com`; repeatable; as before without it
        #[arg(long = "host", value_name = "HOST")]
        hosts: Vec<String>,
        /// Reads no value: only the hosts change
        #[arg(long, requires = "hosts")]
        keep_value: bool,
    },
    /// Lists names and hosts; values are never shown
    #[command(after_help = "Examples:
  signalbox secret list --json")]
    List,
    /// Forgets one that no attachment names
    #[command(after_help = "Examples:
  signalbox secret remove sms-key")]
    Remove {
        /// Its name
        name: String,
    },
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let client = globals.client()?;
        match self.command {
            Command::Set {
                name,
                hosts,
                keep_value,
            } => {
                let mut body = Map::new();
                if !keep_value {
                    body.insert("value".to_owned(), value()?.into());
                }
                if !hosts.is_empty() {
                    body.insert("hosts".to_owned(), hosts.into());
                }
                let path = format!("/secrets/{name}");
                let kept = client.put(&path, &Value::Object(body)).await?.body;
                let text = format!("secret `{name}` is kept, and goes to {}", hosts_of(&kept));
                Ok(Answer::new("signalbox.secret.set/1", text).with("secret", kept))
            }
            Command::List => {
                let found = client.list("/secrets", &[], SECRETS_MAX).await?;
                let rows = found.iter().map(|row| [field(row, "name"), hosts_of(row)]);
                let text = table(["name", "goes to"], rows);
                Ok(Answer::new("signalbox.secret.list/1", text).with("secrets", found))
            }
            Command::Remove { name } => {
                client.delete(&format!("/secrets/{name}")).await?;
                let text = format!("secret `{name}` is forgotten");
                Ok(Answer::new("signalbox.secret.remove/1", text).with("name", name))
            }
        }
    }
}

fn hosts_of(secret: &Value) -> String {
    let hosts = secret.get("hosts").and_then(Value::as_array);
    let hosts: Vec<&str> = hosts.into_iter().flatten().filter_map(Value::as_str).collect();
    hosts.join(", ")
}

/// Standard input without its last line end. A value on the command line would stand in the list of processes.
fn value() -> Result<String, Failure> {
    let usage = |problem: String| Failure::say(Exit::Usage, problem);
    let mut text = String::new();
    std::io::stdin()
        .take(VALUE_BYTES_MAX as u64 + 2)
        .read_to_string(&mut text)
        .map_err(|error| usage(format!("the value on standard input cannot be read: {error}")))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(usage(
            "standard input is empty: the value is read from it".to_owned(),
        ));
    }
    Ok(text.to_owned())
}
