//! `signalbox new`: a folder with a robot that builds and passes its test.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::builder::PossibleValue;
use serde_json::{Value, json};

use self::readme::readme;
use self::templates::{Template, all, file};
use super::output::table;
use super::{Answer, Exit, Failure, Globals};

mod readme;
mod templates;

/// The way from the folder to a run on a host.
const README: &str = "README.md";
/// The longest id of a robot, as the host checks it at installation.
const ID_CHARS_MAX: usize = 64;

/// Makes a folder with a robot to begin with, and a scenario that it passes
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox new greet --lang rust
  signalbox new robots/greet --lang typescript
  signalbox new --list

Everything comes out of this program: nothing is downloaded. The folder's name becomes the robot's id.
Exit code 6: the folder has something in it.")]
pub(super) struct Args {
    /// The folder to make
    #[arg(required_unless_present = "list")]
    name: Option<PathBuf>,
    /// What to write the robot in
    #[arg(long, short, value_name = "LANGUAGE", value_parser = Languages, required_unless_present = "list")]
    lang: Option<String>,
    /// Lists the languages
    #[arg(long)]
    list: bool,
}

/// The languages that there is a template for, by name or its usual short form.
#[derive(Debug, Clone)]
struct Languages;

impl clap::builder::TypedValueParser for Languages {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        let values = clap::builder::PossibleValuesParser::new(possible());
        let name = values.parse_ref(command, arg, value)?;
        let known = all().find(|template| template.alias == name);
        Ok(known.map_or(name, |template| template.key.to_owned()))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(possible().into_iter()))
    }
}

fn possible() -> Vec<PossibleValue> {
    let value = |template: &Template| {
        let value = PossibleValue::new(template.key);
        match template.alias {
            "" => value,
            alias => value.alias(alias),
        }
    };
    all().map(value).collect()
}

impl Args {
    pub(super) async fn run(self, _: &Globals) -> Result<Answer, Failure> {
        let (Some(dir), Some(language), false) = (self.name, self.lang, self.list) else {
            return Ok(list());
        };
        let template = all().find(|template| template.key == language);
        let template = template.with_context(|| format!("there is no template for `{language}`"))?;
        let id = id_of(&dir)?;
        refuse_used(&dir)?;
        let files = write(template, &dir, &id)?;
        let steps = next_steps(template, &dir);
        let mut text = format!("{} in {}\n", template.name, dir.display());
        for file in &files {
            text.push_str(&format!("  {file}\n"));
        }
        text.push_str("next:\n");
        for step in &steps {
            text.push_str(&format!("  {step}\n"));
        }
        text.push_str(&format!("{README} there goes on, to a run on a host\n"));
        Ok(Answer::new("signalbox.new/1", text)
            .with("id", id)
            .with("language", template.key)
            .with("dir", dir.display().to_string())
            .with("files", files)
            .with("next", steps))
    }
}

fn list() -> Answer {
    let rows = all().map(|template| [template.key.to_owned(), template.needs.to_owned()]);
    let languages: Vec<Value> = all()
        .map(|template| json!({"language": template.key, "name": template.name, "needs": template.needs}))
        .collect();
    Answer::new("signalbox.new.list/1", table(["language", "needs"], rows)).with("languages", languages)
}

/// The robot's id: the name of the folder.
fn id_of(dir: &Path) -> Result<String, Failure> {
    // `.` and `..` have no name of their own.
    let named = match dir.file_name() {
        Some(name) => Some(name.to_owned()),
        None => dir
            .canonicalize()
            .ok()
            .and_then(|dir| Some(dir.file_name()?.to_owned())),
    };
    let id = named.unwrap_or_default().to_string_lossy().into_owned();
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    let is_id = id.chars().all(is_plain)
        && id.starts_with(|letter: char| letter.is_ascii_lowercase())
        && !id.ends_with('-')
        && !id.contains("--")
        && id.len() <= ID_CHARS_MAX;
    if is_id {
        return Ok(id);
    }
    let message = format!(
        "`{id}` cannot be a robot's id: use 1 to {ID_CHARS_MAX} lower-case letters, digits and single hyphens, \
         a letter first, such as `greet-client`"
    );
    Err(Failure::say(Exit::Usage, message))
}

/// Nothing of somebody's is touched.
fn refuse_used(dir: &Path) -> Result<(), Failure> {
    let shown = dir.display();
    match std::fs::read_dir(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(anyhow::Error::new(error)
            .context(format!("cannot use `{shown}`"))
            .into()),
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => {
                let message = format!("`{shown}` has something in it: name a new folder, or an empty one");
                Err(Failure::say(Exit::Conflict, message))
            }
        },
    }
}

/// Writes the files and answers their names.
fn write(template: &Template, dir: &Path, id: &str) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for (name, text) in template.files() {
        let path = dir.join(&name);
        let failed = || format!("cannot write `{}`", path.display());
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(failed)?;
        }
        std::fs::write(&path, file(&name, text, id)).with_context(failed)?;
        names.push(name);
    }
    let path = dir.join(README);
    std::fs::write(&path, readme(template, id))
        .with_context(|| format!("cannot write `{}`", path.display()))?;
    names.push(README.to_owned());
    if template.key == "rust" {
        // The editor finds the SDK before the first build.
        signalbox_build::write_rust_sdk(dir)?;
    }
    names.sort();
    Ok(names)
}

fn next_steps(template: &Template, dir: &Path) -> Vec<String> {
    let mut steps = Vec::new();
    if dir != Path::new(".") {
        let shown = dir.display().to_string();
        let is_plain = shown
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "/-_.".contains(letter));
        steps.push(match is_plain {
            true => format!("cd {shown}"),
            false => format!("cd '{}'", shown.replace('\'', "'\\''")),
        });
    }
    steps.extend(template.prepare.iter().map(|step| (*step).to_owned()));
    steps.push("signalbox robot test".to_owned());
    steps.push("signalbox robot build".to_owned());
    steps
}
