//! How the demo tells what happened: one block for each run, with its cause, its effects and its own words.

use std::fmt::Write as _;
use std::io::IsTerminal;

use jiff::tz::TimeZone;
use serde_json::Value;
use signalbox_crm::time::{Timestamp, zone_named};

use super::super::output::{field, write_stdout};
use super::glossary::Glossary;
use crate::clock::Clock;

/// The zone of the company.
const ZONE: &str = "Europe/Moscow";
/// Where the second column begins.
const INDENT: &str = "                ";

/// How a part of a line looks on a terminal.
#[derive(Debug, Clone, Copy)]
pub(super) enum Look {
    Heading,
    Quiet,
    Good,
    Waiting,
    Bad,
}

/// Writes for people; silent when a program listens.
pub(super) struct Teller {
    is_silent: bool,
    has_colour: bool,
    zone: TimeZone,
}

impl Teller {
    /// Colour only on a terminal, and not where `NO_COLOR` is set (no-color.org).
    pub(super) fn new(is_silent: bool) -> Self {
        let is_unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Teller {
            is_silent,
            has_colour: std::io::stdout().is_terminal() && !is_unwanted,
            zone: zone_named(ZONE).unwrap_or(TimeZone::UTC),
        }
    }

    /// Says a text.
    pub(super) fn say(&self, text: &str) {
        if !self.is_silent {
            // Nobody reads any more: the play goes on, and its exit code still counts.
            let _ = write_stdout(text);
        }
    }

    /// Begins a step.
    pub(super) fn step(&self, number: usize, heading: &str) {
        let heading = self.paint(Look::Heading, &format!("{number}. {heading}"));
        self.say(&format!("\n{heading}\n"));
    }

    /// What somebody outside did, and how the host answered.
    pub(super) fn request(&self, who: &str, what: &str, answer: &str) {
        let answer = self.paint(Look::Quiet, &format!("[{answer}]"));
        self.say(&format!("   {who}: {what} {answer}\n"));
    }

    /// A remark.
    pub(super) fn remark(&self, text: &str) {
        self.say(&format!("   {}\n", self.paint(Look::Quiet, text)));
    }

    /// What a client sees.
    pub(super) fn client_sees(&self, name: &str, text: &str) {
        let label = self.paint(Look::Quiet, "client sees");
        self.say(&format!("   {label}  {name}'s phone: «{text}»\n"));
    }

    /// A run: when, which robot, why, what it did, what it said. `chosen` is who was taken from a list.
    pub(super) fn run(&self, details: &Value, chosen: Option<&str>, glossary: &Glossary) {
        let run = &details["run"];
        let attempt = details["attempts"]
            .as_array()
            .and_then(|attempts| attempts.last());
        let mut out = String::new();
        let robot = field(run, "robot");
        let robot = robot.split('@').next().unwrap_or_default();
        let at = self.time(&field(
            run,
            if run["finished_at"].is_string() {
                "finished_at"
            } else {
                "created_at"
            },
        ));
        let outcome = outcome(run, attempt);
        // Writing into a string does not fail.
        let _ = writeln!(
            out,
            "   {at} {robot:<16}{} «{}»",
            self.paint(look(&outcome), &format!("{outcome:<10}")),
            field(run, "title")
        );
        self.line(&mut out, "because", &because(&details["event"], glossary));
        if let Some(reason) = self.reason(run) {
            self.line(&mut out, "reason", &reason);
        }
        if let Some(attempt) = attempt {
            for effect in list(&attempt["effects"]) {
                self.line(&mut out, "did", &self.did(effect, chosen, glossary));
            }
            for log in list(&attempt["logs"]) {
                self.line(&mut out, "log", &field(log, "message"));
            }
            self.line(&mut out, "says", &self.says(&attempt["verdict"], glossary));
            let used = format!(
                "{:.1} ms, {} fuel",
                attempt["duration_us"].as_f64().unwrap_or_default() / 1000.0,
                field(attempt, "fuel")
            );
            self.line(&mut out, "used", &self.paint(Look::Quiet, &used));
        }
        self.say(&out);
    }

    fn line(&self, out: &mut String, label: &str, text: &str) {
        if !text.is_empty() && text != "-" {
            let label = self.paint(Look::Quiet, &format!("{label:<8}"));
            let _ = writeln!(out, "{INDENT}{label}{text}");
        }
    }

    /// What an effect changed.
    fn did(&self, effect: &Value, chosen: Option<&str>, glossary: &Glossary) -> String {
        let word = |key: &str| field(effect, key);
        let value = |key: &str| match &effect[key] {
            Value::String(text) => self.sentence(text, glossary),
            _ => word(key),
        };
        match effect["effect"].as_str().unwrap_or_default() {
            "changed" if effect["before"].is_null() => {
                format!("{} {}: {}", word("subject"), word("what"), value("after"))
            }
            "changed" => {
                let change = format!("{} -> {}", value("before"), value("after"));
                format!("{} {}: {change}", word("subject"), word("what"))
            }
            "notified" => format!("notified {}: {}", value("employee"), word("title")),
            "assigned-from-list" => {
                let chosen = chosen.map_or_else(|| "nobody".to_owned(), |id| glossary.name(id));
                let how = format!("{}, {} in the list", word("distribution"), word("candidates"));
                format!("{} assignee: {chosen} ({how})", word("item"))
            }
            "commented" => format!("{} comment: {}", word("item"), word("text")),
            "replied" => format!(
                "{} leaves for the client of {}",
                word("message"),
                word("conversation")
            ),
            "remembered" => format!("{} remembers `{}`", word("owner"), word("key")),
            "forgotten" => format!("{} forgets `{}`", word("owner"), word("key")),
            "wake-up-set" => format!("wake-up `{}` set for {}", word("key"), value("at")),
            "wake-up-cancelled" => format!("wake-up `{}` cancelled", word("key")),
            _ => effect.to_string(),
        }
    }

    /// The robot's own words.
    fn says(&self, verdict: &Value, glossary: &Glossary) -> String {
        match verdict["summary"].as_str() {
            Some(summary) => self.sentence(summary, glossary),
            None => format!("{}: {}", field(verdict, "code"), field(verdict, "message")),
        }
    }

    /// Names instead of ids, and times of the wall instead of instants.
    fn sentence(&self, text: &str, glossary: &Glossary) -> String {
        let words: Vec<String> = text
            .split(' ')
            .map(|word| {
                if word.ends_with('Z') {
                    self.time(word)
                } else {
                    word.to_owned()
                }
            })
            .collect();
        glossary.sentence(&words.join(" "))
    }

    /// Why a run is in its state.
    fn reason(&self, run: &Value) -> Option<String> {
        let reason = run["reason"].as_str()?;
        let detail = match (reason, run["detail"].as_str()) {
            ("delay", _) => format!("due at {}", self.time(&field(run, "due_at"))),
            ("left-stage", None) => "the deal left the stage before the run was due".to_owned(),
            (_, detail) => detail.unwrap_or_default().to_owned(),
        };
        Some(format!("{reason}: {detail}").trim_end_matches(": ").to_owned())
    }

    /// An instant as people see it: today to the millisecond, other days to the minute.
    fn time(&self, text: &str) -> String {
        let Ok(at) = Timestamp::parse(text) else {
            return text.to_owned();
        };
        let (at, now) = (at.zoned(&self.zone), Clock::System.now().zoned(&self.zone));
        let format = if at.date() == now.date() {
            "%H:%M:%S%.3f"
        } else {
            "%Y-%m-%d %H:%M"
        };
        at.strftime(format).to_string()
    }

    fn paint(&self, look: Look, text: &str) -> String {
        if !self.has_colour {
            return text.to_owned();
        }
        // Select Graphic Rendition, ECMA-48 section 8.3.117.
        let code = match look {
            Look::Heading => 1,
            Look::Quiet => 2,
            Look::Good => 32,
            Look::Waiting => 33,
            Look::Bad => 31,
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// The state, or the robot's verdict where it ran.
fn outcome(run: &Value, attempt: Option<&Value>) -> String {
    match (run["state"].as_str(), attempt) {
        (Some("completed"), Some(attempt)) => field(attempt, "verdict.verdict"),
        (Some("scheduled"), _) => "waits".to_owned(),
        _ => field(run, "state"),
    }
}

fn look(outcome: &str) -> Look {
    match outcome {
        "done" => Look::Good,
        "discarded" | "retryable" => Look::Bad,
        _ => Look::Waiting,
    }
}

/// The event that started the run.
fn because(event: &Value, glossary: &Glossary) -> String {
    let fact = &event["fact"];
    let item = field(event, "item");
    let text = match fact["kind"].as_str().unwrap_or_default() {
        "stage-entered" => format!(
            "{item} entered the stage {}",
            glossary.name(&field(fact, "stage"))
        ),
        "message-received" if fact["is-first"] == true => {
            format!("the client of {item} wrote for the first time")
        }
        "message-received" => format!("the client of {item} wrote"),
        "activity-completed" => format!("{} of {item} was completed", field(fact, "activity")),
        "timer-fired" => format!(
            "the wake-up `{}` that it had set for {item} is due",
            field(fact, "key")
        ),
        other => format!("{other} of {item}"),
    };
    match event["caused_by"].as_str() {
        Some(run) => format!("{text} (by {run})"),
        None => text,
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
