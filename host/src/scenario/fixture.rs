//! A fixture: what there is, and the one step that starts a robot.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;
use signalbox_crm::time::Timestamp;

use super::given::{Budget, Given};
use super::script::{Script, parse_at};
use super::typo::{Typo, read_text};
use super::{Kit, Played, play_script};
use crate::setup::{AttachmentSetup, SecretSetup, Setup};

/// The attachment of the robot in a fixture.
const TITLE: &str = "fixture";
/// Keys of an attachment that say when it starts.
const MOMENTS: [&str; 4] = ["stage", "event", "schedule", "manual"];

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixture {
    /// When it begins; a Monday morning without it.
    #[serde(default = "monday")]
    pub at: Timestamp,
    /// People, pipelines and channels; those of `company.toml` without it.
    pub setup: Option<Setup>,
    /// Passwords and keys of services outside, besides those of the set-up.
    #[serde(default)]
    pub secret: Vec<SecretSetup>,
    /// Steps that were taken before, one a line.
    #[serde(default)]
    pub before: String,
    /// The item that the robot is started by hand for, by its name in `before`.
    pub item: Option<String>,
    /// The step that starts the robot, instead of a start by hand.
    pub step: Option<String>,
    /// How the robot is attached, as in a set-up file, but for title and robot; by hand without a moment.
    #[serde(default)]
    pub attachment: toml::Table,
    #[serde(skip)]
    file: PathBuf,
    #[serde(skip)]
    text: String,
}

fn monday() -> Timestamp {
    Timestamp::parse("2026-03-02T09:00:00Z").expect("it is an instant")
}

impl Fixture {
    /// Reads the file.
    ///
    /// # Errors
    /// A file that is missing or too large; [`Typo`] with its line.
    pub fn read(path: &Path) -> anyhow::Result<Fixture> {
        let text = read_text(path)?;
        let fixture: Fixture = toml::from_str(&text).map_err(|error| Typo::of_toml(path, &text, &error))?;
        Ok(Fixture {
            file: path.to_owned(),
            text,
            ..fixture
        })
    }

    /// The line of a text in the file.
    fn line_of(&self, text: &str) -> usize {
        let lines = self
            .text
            .lines()
            .position(|line| !text.is_empty() && line.contains(text));
        lines.map_or(1, |at| at + 1)
    }

    fn script(&self) -> Result<Script, Typo> {
        let first = self.before.lines().map(str::trim).find(|line| !line.is_empty());
        let first = first.unwrap_or_default();
        let skipped = self
            .before
            .lines()
            .take_while(|line| line.trim().is_empty())
            .count();
        let from = self.line_of(first).saturating_sub(skipped).max(1);
        let mut steps = parse_at(&self.file, &self.before, from)?;
        let last = match (&self.step, &self.item) {
            (Some(_), Some(item)) => {
                let problem = "`item` is for a start by hand: leave it out, or leave out `step`";
                return Err(Typo::of_message(&self.file, self.line_of(item), problem));
            }
            (Some(step), None) => step.clone(),
            (None, Some(item)) => format!("start {TITLE} {item}"),
            (None, None) => format!("start {TITLE}"),
        };
        let at = self.step.as_deref().or(self.item.as_deref()).unwrap_or_default();
        let mut last = parse_at(&self.file, &last, self.line_of(at))?;
        if last.len() != 1 {
            return Err(Typo::of_message(
                &self.file,
                self.line_of("step"),
                "`step` is one step",
            ));
        }
        let from = steps.len();
        steps.append(&mut last);
        Ok(Script {
            path: self.file.clone(),
            steps,
            from,
        })
    }

    fn given(mut self, robot: &str) -> anyhow::Result<Given> {
        let attachment = attachment(std::mem::take(&mut self.attachment), robot)
            .map_err(|error| Typo::of_meaning(&self.file, &self.text, &error))?;
        Ok(Given {
            about: String::new(),
            rows: Vec::new(),
            is_refused: false,
            at: self.at,
            robots: vec![robot.to_owned()],
            setup: self.setup,
            secret: self.secret,
            attachment: vec![attachment],
            budget: Budget::default(),
            file: self.file,
        })
    }
}

fn attachment(mut table: toml::Table, robot: &str) -> anyhow::Result<AttachmentSetup> {
    table.insert("title".to_owned(), TITLE.into());
    table.insert("robot".to_owned(), robot.into());
    if !MOMENTS.iter().any(|moment| table.contains_key(*moment)) {
        table.insert("manual".to_owned(), true.into());
    }
    AttachmentSetup::deserialize(table).context("`attachment`")
}

/// Plays a fixture for the robot with this id, with its last step so many times. Of the runs, those of this robot are
/// left that these steps have started.
///
/// # Errors
/// [`Typo`], also for names that nobody has; a host that fails.
pub async fn play_fixture(
    fixture: Fixture,
    robot: &str,
    times: usize,
    kit: Kit<'_>,
) -> anyhow::Result<Played> {
    let mut script = fixture.script()?;
    let last = script.steps.pop().context("a fixture has a step")?;
    script.steps.extend(std::iter::repeat_n(last, times));
    let mut played = play_script(fixture.given(robot)?, &script, kit).await?;
    let last_before = played.last_before;
    played
        .traces
        .retain(|trace| trace.run > last_before && trace.robot == robot);
    Ok(played)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The steps of a fixture with their lines, or the refusal.
    fn steps(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f.toml");
        std::fs::write(&path, text).unwrap();
        let script = Fixture::read(&path).and_then(|fixture| Ok(fixture.script()?));
        match script {
            Ok(script) => {
                let lines = script
                    .steps
                    .iter()
                    .map(|step| format!("{} {}", step.number, step.text));
                lines.collect::<Vec<_>>().join("\n")
            }
            Err(error) => error
                .to_string()
                .replace(&format!("{}/", folder.path().display()), ""),
        }
    }

    #[test]
    fn last_step_starts_the_robot_by_hand_unless_another_is_named() {
        let before = "before = '''\n\ndeal a sales/new\n# why\n+1h\n'''\n";
        assert_eq!(
            steps(&format!("{before}item = \"a\"\n")),
            "3 deal a sales/new\n5 +1h\n2 start fixture a".replace("2 start", "3 start")
        );
        assert_eq!(
            steps(&format!("{before}step = \"move a sales/won\"\n")),
            "3 deal a sales/new\n5 +1h\n7 move a sales/won"
        );
        assert_eq!(steps(""), "1 start fixture");
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        for (text, words) in [
            (
                "at = \"2026-03-02T09:00:00Z\"\nbefor = \"\"",
                "f.toml:2: unknown field `befor`",
            ),
            (
                "\nstep = \"mvoe a sales/won\"",
                "f.toml:2: `mvoe` is no step; did you mean `move`?",
            ),
            (
                "item = \"a\"\nstep = \"+1h\"",
                "f.toml:1: `item` is for a start by hand",
            ),
            ("step = \"+1h\\n+2h\"", "f.toml:1: `step` is one step"),
        ] {
            assert!(steps(text).starts_with(words), "{}", steps(text));
        }
    }
}
