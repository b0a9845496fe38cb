//! `signalbox token`: API tokens.

use clap::Subcommand;
use serde_json::{Map, Value};

use super::output::{field, table};
use super::params::Names;
use super::{Answer, Failure, Globals};

/// The most tokens that are listed.
const TOKENS_MAX: usize = 10_000;

/// Makes, lists and revokes API tokens
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox token create --name ci --role integrator
  signalbox token list
  signalbox token revoke token:3")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes a token and prints its secret, once
    #[command(after_help = "Examples:
  signalbox token create --name ci --role integrator
  signalbox token create --name anna --role operator --employee anna@example.com \\
      --expires-at 2027-01-01T00:00:00Z")]
    Create(Create),
    /// Lists tokens; secrets are never shown again
    #[command(after_help = "Examples:
  signalbox token list --json")]
    List,
    /// Withdraws a token at once
    #[command(after_help = "Examples:
  signalbox token revoke token:3")]
    Revoke {
        /// The id, such as `token:3`
        id: String,
    },
}

#[derive(Debug, clap::Args)]
struct Create {
    /// What it is for
    #[arg(long)]
    name: String,
    /// admin, editor, operator, auditor or integrator
    #[arg(long)]
    role: String,
    /// In whose name it acts: an e-mail address or an id
    #[arg(long, value_name = "PERSON")]
    employee: Option<String>,
    /// When it ends, RFC 3339; never without it
    #[arg(long, value_name = "INSTANT")]
    expires_at: Option<String>,
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let client = globals.client()?;
        match self.command {
            Command::Create(create) => {
                let body = create.body(&Names::new(&client)).await?;
                let made = client.post("/tokens", &body).await?.body;
                let text = field(&made, "secret");
                Ok(Answer::new("signalbox.token.create/1", text).with("token", made))
            }
            Command::List => {
                let tokens = client.list("/tokens", &[], TOKENS_MAX).await?;
                let text = table(
                    ["id", "name", "role", "employee", "expires", "revoked"],
                    tokens.iter().map(row),
                );
                Ok(Answer::new("signalbox.token.list/1", text).with("tokens", tokens))
            }
            Command::Revoke { id } => {
                client.delete(&format!("/tokens/{id}")).await?;
                Ok(Answer::new("signalbox.token.revoke/1", format!("{id} is revoked")).with("id", id))
            }
        }
    }
}

impl Create {
    async fn body(self, names: &Names<'_>) -> Result<Value, Failure> {
        let mut body = Map::new();
        body.insert("name".to_owned(), self.name.into());
        body.insert("role".to_owned(), self.role.into());
        if let Some(person) = &self.employee {
            body.insert("employee".to_owned(), names.employee(person).await?.into());
        }
        if let Some(instant) = self.expires_at {
            body.insert("expires_at".to_owned(), instant.into());
        }
        Ok(Value::Object(body))
    }
}

fn row(token: &Value) -> [String; 6] {
    ["id", "name", "role", "employee", "expires_at", "revoked_at"].map(|key| field(token, key))
}
