//! `signalbox config`: what is configured, and from where.

use clap::Subcommand;
use serde_json::{Value, json};

use super::output::table;
use super::{Answer, Failure, Globals};
use crate::config::{Config, Layer, SETTINGS, example};

/// Shows the configuration and an example of it
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox config example > signalbox.toml
  SIGNALBOX_WORKERS=8 signalbox config show --origin")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Prints a configuration file with every setting, its meaning and its default
    #[command(after_help = "Examples:
  signalbox config example > signalbox.toml")]
    Example,
    /// Prints the values in force; fails with code 3 when one is wrong
    #[command(after_help = "Examples:
  signalbox config show
  signalbox --config /etc/signalbox.toml config show --origin")]
    Show {
        /// Tells where each value comes from: default, file and line, or variable
        #[arg(long)]
        origin: bool,
    },
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        match self.command {
            Command::Example => {
                Ok(Answer::new("signalbox.config.example/1", example()).with("toml", example()))
            }
            Command::Show { origin } => Ok(show(&globals.load_config(Layer::new())?, origin)),
        }
    }
}

fn show(config: &Config, with_origin: bool) -> Answer {
    let shown = |key: &str| {
        config
            .given
            .get(key)
            .map(|(value, origin)| (without_password(value), origin.to_string()))
    };
    let values = SETTINGS.iter().map(|setting| {
        let (value, origin) = shown(setting.key).unwrap_or_else(|| ("-".to_owned(), "not set".to_owned()));
        [setting.key.to_owned(), value, origin]
    });
    let text = if with_origin {
        table(["key", "value", "origin"], values)
    } else {
        table(["key", "value"], values.map(|[key, value, _]| [key, value]))
    };
    let settings: Vec<Value> = SETTINGS
        .iter()
        .map(|setting| match shown(setting.key) {
            Some((value, origin)) => json!({ "key": setting.key, "value": value, "origin": origin }),
            None => json!({ "key": setting.key, "value": null, "origin": null }),
        })
        .collect();
    Answer::new("signalbox.config.show/1", text).with("settings", settings)
}

/// `postgres://user:***@host/name`.
pub(super) fn without_password(value: &str) -> String {
    let hidden = value.split_once("://").and_then(|(scheme, rest)| {
        let (login, place) = rest.rsplit_once('@')?;
        let (user, _) = login.split_once(':')?;
        Some(format!("{scheme}://{user}:***@{place}"))
    });
    hidden.unwrap_or_else(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn password_is_not_shown() {
        assert_eq!(without_password("postgres://u:p@ss@h/n"), "postgres://u:***@h/n");
        assert_eq!(without_password("postgres://u@h/n"), "postgres://u@h/n");
        assert_eq!(without_password("sqlite:a.db"), "sqlite:a.db");
    }
}
