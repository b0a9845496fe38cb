//! What got worse between two reports.

use std::fmt;

use serde::Serialize;

use super::report::Case;

/// A figure of a case in two reports.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Such as `http, 8 submitters`.
    pub case: String,
    /// The name of the field.
    pub figure: &'static str,
    /// In the first report.
    pub old: f64,
    /// In the second report.
    pub new: f64,
    /// `new / old`.
    pub ratio: f64,
    /// Worse by more than is allowed.
    pub is_worse: bool,
}

/// How many figures are worse, and how many cases could not be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worse(pub usize);

impl fmt::Display for Worse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("nothing is worse"),
            1 => f.write_str("1 figure is worse"),
            count => write!(f, "{count} figures are worse"),
        }
    }
}

/// A figure, how to read it, and whether more is better.
type Figure = (&'static str, fn(&Case) -> Option<f64>, bool);

const FIGURES: [Figure; 4] = [
    ("runs_per_second", |case| Some(case.runs_per_second), true),
    ("p50_ms", |case| Some(case.p50_ms), false),
    ("p99_ms", |case| Some(case.p99_ms), false),
    ("cpu_us_per_run", |case| case.cpu_us_per_run, false),
];

/// The figures of the cases that are in both. `allowed` is a share: 0.1 lets a figure be a tenth worse.
pub fn changes(old: &[Case], new: &[Case], allowed: f64) -> (Vec<Change>, Worse) {
    let pairs = old.iter().filter_map(|before| {
        let after = new.iter().find(|after| is_same(before, after))?;
        Some((before, after))
    });
    let changes: Vec<Change> = pairs.flat_map(|(old, new)| of_case(old, new, allowed)).collect();
    let worse = changes.iter().filter(|change| change.is_worse).count();
    (changes, Worse(worse))
}

fn is_same(a: &Case, b: &Case) -> bool {
    let kind = |case: &Case| {
        (
            case.door,
            case.submitters,
            case.offered_per_second.map(f64::to_bits),
        )
    };
    kind(a) == kind(b)
}

fn of_case(old: &Case, new: &Case, allowed: f64) -> Vec<Change> {
    let case = old.name();
    let figures = FIGURES.iter().filter_map(|(figure, read, more_is_better)| {
        let (before, after) = (read(old)?, read(new)?);
        let ratio = after / before;
        let is_worse = match more_is_better {
            true => ratio < 1.0 - allowed,
            false => ratio > 1.0 + allowed,
        };
        Some(Change {
            case: case.clone(),
            figure,
            old: before,
            new: after,
            ratio,
            is_worse,
        })
    });
    figures.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Door;

    fn case(submitters: usize, runs_per_second: f64, p99_ms: f64) -> Case {
        Case {
            door: Door::Inside,
            submitters,
            offered_per_second: None,
            seconds: 1.0,
            runs: 1,
            runs_per_second,
            deals_per_second: runs_per_second / 3.0,
            p50_ms: 2.0,
            p99_ms,
            cpu_us_per_run: None,
            client_cpu_us_per_run: None,
            group: 1.0,
            memory_peak_bytes: None,
        }
    }

    #[test]
    fn slower_and_later_are_worse_and_the_rest_is_not() {
        let old = [case(1, 1000.0, 10.0), case(8, 1000.0, 10.0)];
        let new = [case(1, 950.0, 9.0), case(8, 800.0, 12.0), case(32, 1.0, 1.0)];
        let (changes, worse) = changes(&old, &new, 0.1);
        let bad: Vec<_> = changes
            .iter()
            .filter(|c| c.is_worse)
            .map(|c| (c.case.as_str(), c.figure))
            .collect();
        assert_eq!(
            bad,
            [
                ("inside, 8 submitters", "runs_per_second"),
                ("inside, 8 submitters", "p99_ms")
            ]
        );
        assert_eq!((changes.len(), worse), (6, Worse(2)));
    }
}
