//! `signalbox run save`: a run in one file.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;

use super::super::client::Client;
use super::super::output::field;
use super::super::{Answer, Exit, Failure};

/// Saves a run in one file: what it was given, every host call with its answer, log, result
///
/// `signalbox replay` runs a robot on it, without the CRM. In the folder `tests` of a robot it is a test:
/// `signalbox robot test` fails when the robot does anything otherwise.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox run save run:5
  signalbox run save run:5 --out tests/large.run.json --masked
  signalbox run save run:5 --out - | jq '.calls[].function'")]
pub(super) struct Save {
    /// The id, such as `run:5`
    id: String,
    /// The file to write, `-` for stdout; by default `run-5.run.json`
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Which attempt; by default the last one
    #[arg(long, value_name = "NUMBER")]
    attempt: Option<u32>,
    /// Replaces names, phones, e-mails, titles of items and texts of clients.
    /// A token that may not read about clients gets no others
    #[arg(long)]
    masked: bool,
    /// Writes over a file that is there
    #[arg(long)]
    force: bool,
}

impl Save {
    pub(super) async fn run(self, client: &Client) -> Result<Answer, Failure> {
        let attempt = self.attempt.map(|number| ("attempt", number.to_string()));
        let mut query = vec![("masked", self.masked.to_string())];
        query.extend(attempt);
        let file = client
            .get_with(&format!("/runs/{}/file", self.id), &query)
            .await?;
        let text = format!("{file:#}\n");
        let out = self
            .out
            .unwrap_or_else(|| PathBuf::from(format!("{}.run.json", self.id.replace(':', "-"))));
        if out.as_os_str() == "-" {
            return Ok(Answer::new("", text));
        }
        let mut open = std::fs::OpenOptions::new();
        match self.force {
            true => open.create(true).truncate(true).write(true),
            false => open.create_new(true).write(true),
        };
        let written = open.open(&out).and_then(|mut to| to.write_all(text.as_bytes()));
        match written {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let message = format!("`{}` is there already; --force writes over it", out.display());
                return Err(Failure::say(Exit::Conflict, message));
            }
            written => written.with_context(|| format!("cannot write `{}`", out.display()))?,
        }
        let calls = file["calls"].as_array().map_or(0, Vec::len);
        let masked = if file["is_masked"] == true { ", masked" } else { "" };
        let words = format!(
            "{}: {}, {calls} host calls{masked}\n",
            out.display(),
            field(&file, "robot")
        );
        Ok(Answer::new("signalbox.run.save/1", words)
            .with("file", out.display().to_string())
            .with("robot", file["robot"].clone())
            .with("digest", file["digest"].clone())
            .with("is_masked", file["is_masked"].clone()))
    }
}
