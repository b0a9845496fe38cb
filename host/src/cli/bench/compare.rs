//! `signalbox bench compare`: what got worse between two reports.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde::Deserialize;
use serde_json::json;

use crate::bench::{Case, Change, Worse, changes};
use crate::cli::output::table;
use crate::cli::{Answer, Exit, Failure};

/// Compares two reports of `signalbox bench --json`
///
/// Prints each figure that is in both, and ends with 1 when one is worse than is allowed. Compare reports of the same
/// machine only, made one after the other.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox bench compare old.json new.json
  signalbox bench compare old.json new.json --allow 25 --json")]
pub(super) struct Args {
    /// The report before
    old: PathBuf,
    /// The report after
    new: PathBuf,
    /// How much worse a figure may be, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = 10, value_parser = clap::value_parser!(u16).range(0..=1000))]
    allow: u16,
}

#[derive(Debug, Deserialize)]
struct Stored {
    schema: String,
    cases: Vec<Case>,
}

impl Args {
    pub(super) fn run(self) -> Result<Answer, Failure> {
        let read = |path| cases_of(path).map_err(|error| Failure::new(Exit::Usage, error));
        let (old, new) = (read(&self.old)?, read(&self.new)?);
        let (changes, worse) = changes(&old, &new, f64::from(self.allow) / 100.0);
        if changes.is_empty() {
            let error = anyhow::anyhow!(
                "{} and {} have no case in common",
                self.old.display(),
                self.new.display()
            );
            return Err(Failure::new(Exit::Usage, error));
        }
        let text = format!(
            "{}\n{worse}, with {} percent allowed\n",
            rows(&changes),
            self.allow
        );
        let exit = if worse == Worse(0) { Exit::Ok } else { Exit::Failed };
        Ok(Answer::new("signalbox.bench.compare/1", text)
            .with("changes", json!(changes))
            .with("worse_count", worse.0)
            .ending(exit))
    }
}

fn cases_of(path: &Path) -> anyhow::Result<Vec<Case>> {
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("{name} cannot be read"))?;
    let stored: Stored = serde_json::from_str(&text)
        .with_context(|| format!("{name} is no report of `signalbox bench --json`"))?;
    ensure!(
        stored.schema == "signalbox.bench/1",
        "{name} holds `{}`, and `signalbox.bench/1` is needed",
        stored.schema
    );
    Ok(stored.cases)
}

fn rows(changes: &[Change]) -> String {
    let row = |change: &Change| {
        [
            change.case.clone(),
            change.figure.to_owned(),
            format!("{:.2}", change.old),
            format!("{:.2}", change.new),
            change.ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}")),
            if change.is_worse { "worse" } else { "" }.to_owned(),
        ]
    };
    table(
        ["case", "figure", "old", "new", "new/old", ""],
        changes.iter().map(row),
    )
}
