//! `signalbox wit`: the robot contract.

use signalbox_build::CONTRACT_FILES;

use super::{Answer, Failure, Globals};

/// Prints the robot contract that this host speaks, as one WIT document
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox wit > wit/signalbox.wit
  signalbox wit --json | jq -r '.files[].name'")]
pub(super) struct Args {}

impl Args {
    pub(super) async fn run(self, _: &Globals) -> Result<Answer, Failure> {
        Ok(Answer::new("signalbox.wit/1", document()).with("files", files()))
    }
}

/// One file that tools accept: the first one declares the package for all.
fn document() -> String {
    CONTRACT_FILES.map(|(_, text)| text).join("\n")
}

fn files() -> Vec<serde_json::Value> {
    let file = |(name, text)| serde_json::json!({ "name": name, "text": text });
    CONTRACT_FILES.map(file).to_vec()
}
