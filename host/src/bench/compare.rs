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
    /// `new / old`; none where the old one was 0.
    pub ratio: Option<f64>,
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

struct Figure {
    name: &'static str,
    read: fn(&Case) -> Option<f64>,
    more_is_better: bool,
    /// A difference up to this is none, however large its share: the clocks and the system are no finer.
    noise: f64,
}

const fn less_is_better(name: &'static str, noise: f64, read: fn(&Case) -> Option<f64>) -> Figure {
    Figure {
        name,
        read,
        more_is_better: false,
        noise,
    }
}

const FIGURES: [Figure; 10] = [
    Figure {
        name: "runs_per_second",
        read: |case| Some(case.runs_per_second),
        more_is_better: true,
        noise: 0.0,
    },
    less_is_better("p50_ms", 0.05, |case| Some(case.p50_ms)),
    less_is_better("p99_ms", 0.05, |case| Some(case.p99_ms)),
    less_is_better("cpu_us_per_run", 1.0, |case| case.cpu_us_per_run),
    less_is_better("robots_us", 1.0, |case| Some(case.cpu_split?.robots_us)),
    less_is_better("host_calls_us", 1.0, |case| Some(case.cpu_split?.host_calls_us)),
    less_is_better("instances_us", 1.0, |case| Some(case.cpu_split?.instances_us)),
    less_is_better("validation_us", 1.0, |case| Some(case.cpu_split?.validation_us)),
    less_is_better("database_us", 1.0, |case| case.cpu_split?.database_us),
    less_is_better("rest_us", 1.0, |case| Some(case.cpu_split?.rest_us)),
];

impl Figure {
    /// Without a division: a figure may have been 0.
    fn is_worse(&self, old: f64, new: f64, allowed: f64) -> bool {
        let (worse_by, share) = match self.more_is_better {
            true => (old - new, old * allowed),
            false => (new - old, old * allowed),
        };
        worse_by > share.max(self.noise)
    }
}

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
    let figures = FIGURES.iter().filter_map(|figure| {
        let (before, after) = ((figure.read)(old)?, (figure.read)(new)?);
        Some(Change {
            case: case.clone(),
            figure: figure.name,
            old: before,
            new: after,
            ratio: (before != 0.0).then(|| after / before),
            is_worse: figure.is_worse(before, after, allowed),
        })
    });
    figures.collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::bench::Door;

    pub(in crate::bench) fn case(submitters: usize, runs_per_second: f64, p99_ms: f64) -> Case {
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
            cpu_split: None,
            client_cpu_us_per_run: None,
            group: 1.0,
            memory_peak_bytes: None,
            spread: None,
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

    #[test]
    fn what_was_nothing_can_get_worse_and_noise_cannot() {
        let (p99, runs) = (&FIGURES[2], &FIGURES[0]);
        assert!(p99.is_worse(0.0, 3.0, 0.1) && !p99.is_worse(0.0, 0.0, 0.1));
        assert!(!p99.is_worse(0.04, 0.08, 0.1) && p99.is_worse(0.04, 0.4, 0.1));
        assert!(!runs.is_worse(0.0, 5.0, 0.1) && runs.is_worse(5.0, 0.0, 0.1));
        let (changes, _) = changes(&[case(1, 0.0, 1.0)], &[case(1, 10.0, 1.0)], 0.1);
        assert_eq!((changes[0].ratio, changes[1].ratio), (None, Some(1.0)));
    }
}
