//! How a scenario ended.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::scenario::Cost;

/// How the playing of one scenario ended.
#[derive(Debug)]
pub(super) struct TestResult {
    /// The folder's name.
    pub(super) name: String,
    /// How.
    pub(super) ending: Ending,
    /// Wall-clock time.
    pub(super) duration_ms: u64,
    /// What runs of the robot under test used.
    pub(super) cost: Cost,
}

/// How.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// As expected.
    Same,
    /// `expected.txt` was written.
    Written,
    /// With the difference.
    Differs(String),
    /// On the record of a saved run it does something else. With the difference.
    Strays(String),
    /// There is no `expected.txt`. With what happened.
    NothingExpected(String),
    /// A run used more than the budget. With a sentence for each figure.
    OverBudget(String),
    /// It could not be played. With the reason.
    Broken(String),
}

impl Ending {
    /// In one word, for programs.
    fn key(&self) -> &'static str {
        match self {
            Ending::Same => "same",
            Ending::Written => "written",
            Ending::Differs(_) | Ending::Strays(_) => "differs",
            Ending::NothingExpected(_) => "nothing-expected",
            Ending::OverBudget(_) => "over-budget",
            Ending::Broken(_) => "broken",
        }
    }

    /// In one sentence.
    pub(super) fn words(&self) -> String {
        let words = match self {
            Ending::Same => "as expected",
            Ending::Written => "expected.txt was written",
            Ending::Differs(_) => "what happened is not what expected.txt says",
            Ending::Strays(_) => "the robot does not do what it did when the run was saved",
            Ending::NothingExpected(_) => {
                "there is no expected.txt; read what happened, and keep it with --update"
            }
            Ending::OverBudget(problems) => return problems.replace('\n', "; "),
            Ending::Broken(problem) => problem,
        };
        words.to_owned()
    }

    /// What is shown below the sentence.
    pub(super) fn details(&self) -> &str {
        match self {
            Ending::Same | Ending::Written | Ending::OverBudget(_) | Ending::Broken(_) => "",
            Ending::Differs(text) | Ending::Strays(text) | Ending::NothingExpected(text) => text,
        }
    }
}

impl TestResult {
    /// Whether the test fails.
    pub(super) fn is_failed(&self) -> bool {
        !matches!(self.ending, Ending::Same | Ending::Written)
    }

    fn sign(&self) -> &'static str {
        match &self.ending {
            Ending::Same => "ok",
            Ending::Written => "written",
            Ending::Differs(_)
            | Ending::Strays(_)
            | Ending::NothingExpected(_)
            | Ending::OverBudget(_)
            | Ending::Broken(_) => "FAILED",
        }
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        json!({
            "name": self.name,
            "outcome": self.ending.key(),
            "message": self.ending.words(),
            "details": self.ending.details(),
            "duration_ms": self.duration_ms,
            "cost": self.cost,
        })
    }
}

/// A line for each scenario, and below it what went wrong.
pub(super) fn text(robot: &str, results: &[TestResult]) -> String {
    let width = results.iter().map(|result| result.name.chars().count()).max();
    let width = width.unwrap_or_default();
    let mut text = format!("{robot}\n");
    for result in results {
        let cost = result.cost;
        let _ = writeln!(
            text,
            "{:<8} {:<width$}  {:>5} ms  runs {}, each at most {} fuel and {} host calls",
            result.sign(),
            result.name,
            result.duration_ms,
            cost.attempt_count,
            cost.fuel_max,
            cost.host_calls_max
        );
        if result.is_failed() {
            let _ = writeln!(text, "    {}", result.ending.words());
            for line in result.ending.details().lines() {
                let _ = writeln!(text, "{}", format!("    {line}").trim_end());
            }
        }
    }
    let failed = results.iter().filter(|result| result.is_failed()).count();
    let total = results.len();
    let end = match failed {
        0 => format!("{total} passed"),
        failed => format!("{failed} of {total} failed"),
    };
    text.push_str(&format!("{end}\n"));
    text
}
