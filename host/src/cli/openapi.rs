//! `signalbox openapi`: the HTTP API's own description.

use anyhow::Context;

use super::{Answer, Failure, Globals};
use crate::http;

/// Prints the OpenAPI document of the HTTP API, made from its handlers
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox openapi > openapi.json")]
pub(super) struct Args {}

impl Args {
    pub(super) async fn run(self, _: &Globals) -> Result<Answer, Failure> {
        let document =
            serde_json::to_value(http::openapi()).context("the OpenAPI document cannot be written")?;
        Ok(Answer::new("signalbox.openapi/1", format!("{document:#}")).with("document", document))
    }
}
