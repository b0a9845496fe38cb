//! `signalbox doctor`: whether this machine can build robots, and run them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use serde::Serialize;
use signalbox_build::{Language, Tool};
use signalbox_sandbox::{Sandbox, SandboxConfig};

use super::output::table;
use super::{Answer, Exit, Failure, Globals};
use crate::bundled::BUNDLED;
use crate::config::Layer;

/// The most that is shown of a version, in characters.
const VERSION_CHARS_MAX: usize = 60;

/// Says which tools are there to build robots, how to get those that are missing, and whether a host can run here
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox doctor
  signalbox doctor --lang javascript
  signalbox doctor --json | jq '.languages[] | select(.is_complete).language'

Exit code 1: a host cannot run here. 4: a tool of the language that --lang names is missing. A language
that nobody has asked for may be missing.")]
pub(super) struct Args {
    /// Where the robot is, or will be: tools are looked for there and in the folders above
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Only this language
    #[arg(long, short, value_name = "LANGUAGE", value_parser = Asked::words())]
    lang: Option<String>,
}

/// A language that is looked at.
#[derive(Debug, Clone, Copy)]
struct Asked {
    language: Language,
    word: &'static str,
    name: &'static str,
    /// Tools that only some robots of the language need are needed, too.
    is_strict: bool,
}

impl Asked {
    const TYPESCRIPT: Asked = Asked {
        language: Language::JavaScript,
        word: "typescript",
        name: "TypeScript",
        is_strict: true,
    };

    fn of(language: Language) -> Self {
        Asked {
            language,
            word: language.key(),
            name: language.name(),
            is_strict: false,
        }
    }

    /// What `--lang` takes: the languages of `signalbox new`.
    fn words() -> Vec<&'static str> {
        let words = Language::ALL.map(Language::key).into_iter();
        words.chain([Asked::TYPESCRIPT.word]).collect()
    }

    /// The one of this word; without a word all that have tools of their own.
    fn all(word: Option<&str>) -> Vec<Asked> {
        let all = Language::ALL.into_iter().map(Asked::of);
        match word {
            None => all.collect(),
            Some(word) => all
                .chain([Asked::TYPESCRIPT])
                .filter(|asked| asked.word == word)
                .collect(),
        }
    }
}

/// What a host needs.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    is_ok: bool,
    message: String,
}

/// What robots of a language are built with.
#[derive(Debug, Serialize)]
struct Kit {
    language: &'static str,
    name: &'static str,
    is_complete: bool,
    tools: Vec<Found>,
}

/// A tool, where it is there.
#[derive(Debug, Serialize)]
struct Found {
    name: &'static str,
    is_there: bool,
    path: Option<String>,
    version: Option<String>,
    only_for: Option<&'static str>,
    install: &'static str,
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let checks = [
            check("sandbox", sandbox().await),
            check("temporary folder", temporary()),
            check("configuration", configuration(globals)),
        ];
        // Folders above a relative path end where it begins.
        let dir = std::path::absolute(&self.dir).context("the present folder is gone")?;
        let asked = Asked::all(self.lang.as_deref());
        let kits: Vec<Kit> = asked.into_iter().map(|asked| kit(asked, &dir)).collect();
        let exit = if checks.iter().any(|check| !check.is_ok) {
            Exit::Failed
        } else if self.lang.is_some() && kits.iter().any(|kit| !kit.is_complete) {
            Exit::NotFound
        } else {
            Exit::Ok
        };
        let data = |value: Result<serde_json::Value, _>| value.context("the answer cannot be written");
        Ok(Answer::new("signalbox.doctor/1", text(&checks, &kits))
            .with("checks", data(serde_json::to_value(&checks))?)
            .with("languages", data(serde_json::to_value(&kits))?)
            .ending(exit))
    }
}

fn check(name: &'static str, outcome: anyhow::Result<String>) -> Check {
    Check {
        name,
        is_ok: outcome.is_ok(),
        message: outcome.unwrap_or_else(|error| format!("{error:#}")),
    }
}

/// Compiles a robot, as a host does at its start.
async fn sandbox() -> anyhow::Result<String> {
    let sandbox = Sandbox::new(SandboxConfig::default()).context("robots cannot run on this machine")?;
    let (id, bytes) = BUNDLED.first().context("there is no bundled robot")?;
    let loaded = sandbox.load(bytes.to_vec()).await;
    loaded.with_context(|| format!("robot `{id}` cannot be loaded"))?;
    let memory = match sandbox.is_pooled() {
        true => "with reserved memory",
        false => "without reserved memory, so runs begin more slowly",
    };
    Ok(format!("robots run here, {memory}"))
}

fn temporary() -> anyhow::Result<String> {
    let dir = std::env::temp_dir();
    let shown = dir.display();
    tempfile::tempdir().with_context(|| format!("`{shown}` cannot be written"))?;
    Ok(format!("{shown} can be written"))
}

fn configuration(globals: &Globals) -> anyhow::Result<String> {
    globals
        .load_config(Layer::default())
        .map_err(|failure| failure.error)?;
    Ok("is in order; `signalbox config show --origin` prints it".to_owned())
}

fn kit(asked: Asked, dir: &Path) -> Kit {
    let tools = asked.language.tools().iter();
    let tools: Vec<Found> = tools.map(|tool| found(tool, dir)).collect();
    let may_lack = |tool: &Found| tool.only_for.is_some() && !asked.is_strict;
    Kit {
        language: asked.word,
        name: asked.name,
        is_complete: tools.iter().all(|tool| tool.is_there || may_lack(tool)),
        tools,
    }
}

fn found(tool: &Tool, dir: &Path) -> Found {
    let path = tool.find(dir);
    Found {
        name: tool.name,
        is_there: path.is_some(),
        version: path.as_deref().and_then(version),
        path: path.map(|path| path.display().to_string()),
        only_for: tool.only_for,
        install: tool.install,
    }
}

/// What a program says of itself. A part of another program, such as a target of a compiler, says nothing.
fn version(program: &Path) -> Option<String> {
    if !program.is_file() {
        return None;
    }
    ["--version", "version"].into_iter().find_map(|arg| {
        let mut command = Command::new(program);
        let output = command.arg(arg).stdin(Stdio::null()).output().ok()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = said.lines().next().unwrap_or_default().trim();
        let line: String = line.chars().take(VERSION_CHARS_MAX).collect();
        (output.status.success() && !line.is_empty()).then_some(line)
    })
}

fn text(checks: &[Check], kits: &[Kit]) -> String {
    let sign = |is_ok: bool| if is_ok { "ok" } else { "FAILED" }.to_owned();
    let rows = checks
        .iter()
        .map(|check| [sign(check.is_ok), check.name.to_owned(), check.message.clone()]);
    let mut text = table(["state", "host", ""], rows);
    let rows = kits
        .iter()
        .flat_map(|kit| kit.tools.iter().map(|tool| row(kit, tool)));
    text.push('\n');
    text.push_str(&table(["state", "language", "tool", ""], rows));
    let names = |is_complete: bool| -> Vec<&str> {
        let kits = kits.iter().filter(|kit| kit.is_complete == is_complete);
        kits.map(|kit| kit.name).collect()
    };
    let (ready, others) = (names(true), names(false));
    text.push('\n');
    if !ready.is_empty() {
        text.push_str(&format!("robots can be built in {}\n", ready.join(", ")));
    }
    if !others.is_empty() {
        text.push_str(&format!("not yet in {}\n", others.join(", ")));
    }
    text
}

fn row(kit: &Kit, tool: &Found) -> [String; 4] {
    let only_for = tool
        .only_for
        .map(|what| format!(", for {what} only"))
        .unwrap_or_default();
    let (state, about) = match &tool.path {
        Some(path) => {
            let version = tool
                .version
                .as_ref()
                .map(|version| format!("{version}, "))
                .unwrap_or_default();
            ("ok", format!("{version}{path}"))
        }
        None => ("missing", format!("run `{}`{only_for}", tool.install)),
    };
    [state.to_owned(), kit.name.to_owned(), tool.name.to_owned(), about]
}
