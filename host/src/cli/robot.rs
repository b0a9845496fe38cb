//! `signalbox robot`: robots as files, and as the host has them.

use std::path::{Path, PathBuf};

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use clap::Subcommand;
use serde_json::{Value, json};
use signalbox_sandbox::inspect::{COMPONENT_BYTES_MAX, Inspection, inspect};

use super::output::{field, table};
use super::{Answer, Exit, Failure, Globals};
use crate::trust::{SignatureError, verify};

mod bench;
mod build;
mod files;
mod run;
mod sections;
mod signing;
mod source;
mod test;
mod text;
mod update;

pub(super) use self::source::Robot;
pub(super) use self::test::scenario_folders;

/// The most robots that are listed.
pub(super) const ROBOTS_MAX: usize = 10_000;

/// Builds, tests, inspects, installs and lists robots
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox robot build
  signalbox robot test
  signalbox robot inspect greet.wasm
  signalbox robot install greet.wasm
  signalbox robot list --json
  signalbox robot resume notify")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Builds the robot in a folder into one file, whatever language it is written in; needs no host
    #[command(after_help = build::EXAMPLES)]
    Build(build::Args),
    /// Plays the scenarios of a robot on the production host, with a virtual clock; needs no host
    #[command(after_help = test::help())]
    Test(test::Args),
    /// Runs a robot once on the production host and shows its calls, effects, log and outcome; needs no host
    #[command(after_help = run::EXAMPLES)]
    Run(run::Args),
    /// Measures fresh runs of a robot on the production sandbox; needs no host
    #[command(after_help = bench::EXAMPLES)]
    Bench(bench::Args),
    /// Says what a robot asks for, what it can be told and what makes its size, without running it; needs no host
    #[command(after_help = "Examples:
  signalbox robot inspect greet.wasm
  signalbox robot inspect greet.wasm --json | jq .inspection.imports")]
    Inspect {
        /// The component, `*.wasm`
        file: PathBuf,
    },
    /// Installs a robot; the newest version of a robot is used by new attachments
    #[command(after_help = "Examples:
  signalbox robot install greet.wasm --url http://crm.local:8700

A signature beside it, greet.wasm.minisig, is sent along.")]
    Install {
        /// The component, `*.wasm`
        file: PathBuf,
    },
    Update(update::Update),
    Key(signing::Key),
    Sign(signing::Sign),
    Verify(signing::Verify),
    /// Lists the robots that the host has
    #[command(after_help = "Examples:
  signalbox robot list
  signalbox robot list --all")]
    List {
        /// Old versions too
        #[arg(long)]
        all: bool,
    },
    /// Ends the pause of a robot that failed on many items: its runs go on at once
    #[command(after_help = "Examples:
  signalbox robot resume notify
  signalbox robot resume notify@1.0.0")]
    Resume {
        /// The robot's id, with its version if only this one is meant, or a digest
        id: String,
    },
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        match self.command {
            Command::Build(args) => args.run(),
            Command::Test(args) => args.run(globals).await,
            Command::Run(args) => args.run().await,
            Command::Bench(args) => args.run().await,
            Command::Inspect { file } => {
                let (bytes, inspection) = read(&file)?;
                let anatomy = sections::anatomy(&bytes)?;
                let data = serde_json::to_value(&inspection).context("the inspection cannot be written")?;
                let parts = serde_json::to_value(&anatomy).context("the sections cannot be written")?;
                let signature = signing::signature_in(&signing::beside(&file))?;
                let key = signature.map(|signature| claimed_key(&bytes, &signature));
                let words =
                    text::inspection(&inspection) + &text::anatomy(&anatomy) + &text::signed(key.as_deref());
                Ok(Answer::new("signalbox.robot.inspect/1", words)
                    .with("file", file.display().to_string())
                    .with("inspection", data)
                    .with("signature", key)
                    .with_all(parts))
            }
            Command::Install { file } => install(globals, &file).await,
            Command::Update(update) => update.run(globals).await,
            Command::Key(key) => key.run(),
            Command::Sign(sign) => sign.run(),
            Command::Verify(verify) => verify.run(),
            Command::List { all } => list(globals, all).await,
            Command::Resume { id } => resume(globals, &id).await,
        }
    }
}

/// Whose signature it claims to be; nobody is trusted here.
fn claimed_key(component: &[u8], signature: &str) -> String {
    match verify(component, signature, &[]) {
        Ok(signed) => signed.key.to_string(),
        Err(SignatureError::UnknownKey(key)) => key.to_string(),
        Err(error) => error.to_string(),
    }
}

/// Reads a component and looks into it. What is no robot is refused here, with everything that is wrong.
pub(super) fn read(file: &Path) -> Result<(Vec<u8>, Inspection), Failure> {
    let shown = file.display();
    let failed = |error: std::io::Error| {
        let exit = if error.kind() == std::io::ErrorKind::NotFound {
            Exit::NotFound
        } else {
            Exit::Failed
        };
        if exit == Exit::NotFound {
            let message = format!("there is no file `{shown}`; `signalbox robot build` makes a robot's file");
            return Failure::say(exit, message);
        }
        Failure::new(
            exit,
            anyhow::Error::new(error).context(format!("cannot read `{shown}`")),
        )
    };
    let metadata = std::fs::metadata(file).map_err(failed)?;
    if metadata.is_dir() {
        let message = format!("`{shown}` is a folder; `signalbox robot build {shown}` makes a robot of it");
        return Err(Failure::say(Exit::Failed, message));
    }
    let size = metadata.len();
    if size > COMPONENT_BYTES_MAX as u64 {
        let message = format!("`{shown}` has {size} bytes, a robot has at most {COMPONENT_BYTES_MAX}");
        return Err(Failure::say(Exit::Failed, message));
    }
    let bytes = std::fs::read(file).map_err(failed)?;
    let inspection = inspect(&bytes).with_context(|| format!("`{shown}` is not a robot"))?;
    Ok((bytes, inspection))
}

async fn install(globals: &Globals, file: &Path) -> Result<Answer, Failure> {
    let (bytes, inspection) = read(file)?;
    let signature = signing::signature_in(&signing::beside(file))?;
    let headers = signature.map(|text| ("signalbox-signature", BASE64.encode(text)));
    let headers: Vec<_> = headers.into_iter().collect();
    let reply = globals
        .client()?
        .post_bytes("/robots", "application/wasm", &headers, bytes)
        .await?;
    let is_new = reply.status == reqwest::StatusCode::CREATED;
    let did = if is_new {
        "installed"
    } else {
        "was installed already"
    };
    let signer = match reply.body["signed_by"].as_str() {
        Some(key) => format!("signed by the trusted key {key}\n"),
        None if headers.is_empty() => String::new(),
        None => "the host does not know the key of its signature\n".to_owned(),
    };
    let manifest = &inspection.manifest;
    let text = format!(
        "{} {did}\ndigest {}\n{signer}\nPermissions\n{}\n{}",
        manifest.label(),
        inspection.digest,
        text::permissions(manifest),
        text::how_to_attach(manifest)
    );
    let answer = Answer::new("signalbox.robot.install/1", text).with("is_new", is_new);
    Ok(answer.with("digest", inspection.digest).with("robot", reply.body))
}

async fn list(globals: &Globals, all: bool) -> Result<Answer, Failure> {
    let mut robots = globals.client()?.list("/robots", &[], ROBOTS_MAX).await?;
    robots.retain(|robot| all || robot.get("is_current") != Some(&Value::Bool(false)));
    let text = table(
        ["robot", "version", "digest", "origin", "state", "name"],
        robots.iter().map(row),
    );
    Ok(Answer::new("signalbox.robot.list/1", text).with("robots", robots))
}

async fn resume(globals: &Globals, id: &str) -> Result<Answer, Failure> {
    let path = format!("/robots/{id}/resume");
    let resumed = globals.client()?.post(&path, &json!({})).await?.body;
    let robots = resumed["resumed"].as_array().into_iter().flatten();
    let labels: Vec<String> = robots.map(|robot| field(robot, "label")).collect();
    let text = match labels.is_empty() {
        true => format!("{id} does not pause\n"),
        false => format!("{} goes on\n", labels.join(", ")),
    };
    Ok(Answer::new("signalbox.robot.resume/1", text).with_all(resumed))
}

fn row(robot: &Value) -> [String; 6] {
    let origin = if robot.get("is_bundled") == Some(&Value::Bool(true)) {
        "bundled"
    } else {
        "installed"
    };
    let state = match robot["pause"]["probe_at"].as_str() {
        Some(at) => format!("paused until {at}"),
        None => "ready".to_owned(),
    };
    [
        field(robot, "manifest.id"),
        field(robot, "manifest.version"),
        field(robot, "digest").chars().take(12).collect(),
        origin.to_owned(),
        state,
        field(robot, "manifest.name.en"),
    ]
}
