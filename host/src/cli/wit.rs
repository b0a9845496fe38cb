//! `signalbox wit`: the robot contract.

use super::{Answer, Failure, Globals};

/// The files of the contract, as they were when this program was built. The first one declares the package.
const FILES: [(&str, &str); 6] = [
    ("types.wit", include_str!("../../../wit/types.wit")),
    ("host.wit", include_str!("../../../wit/host.wit")),
    ("items.wit", include_str!("../../../wit/items.wit")),
    ("work.wit", include_str!("../../../wit/work.wit")),
    ("clients.wit", include_str!("../../../wit/clients.wit")),
    ("world.wit", include_str!("../../../wit/world.wit")),
];

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
    FILES.map(|(_, text)| text).join("\n")
}

fn files() -> Vec<serde_json::Value> {
    let file = |(name, text)| serde_json::json!({ "name": name, "text": text });
    FILES.map(file).to_vec()
}
