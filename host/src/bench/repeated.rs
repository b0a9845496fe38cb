//! One case measured several times: medians, and how far they lie apart.

use serde::{Deserialize, Serialize};

use super::report::Case;
use super::split::CpuSplit;

/// The least and the most of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// The least.
    pub least: f64,
    /// The most.
    pub most: f64,
}

/// How far the figures of a case lay apart that was measured several times.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// How often it was measured.
    pub count: usize,
    /// Committed runs in a second.
    pub runs_per_second: Range,
    /// Half of the deals had their effects by then.
    pub p50_ms: Range,
    /// 99 of 100 had.
    pub p99_ms: Range,
    /// CPU time of the host.
    pub cpu_us_per_run: Option<Range>,
}

impl Case {
    /// The case with the median of each figure; none of none. `times` are of one kind.
    pub(super) fn median(times: &[Case]) -> Option<Case> {
        let first = times.first()?;
        let all = |figure: fn(&Case) -> f64| times.iter().map(figure).collect::<Vec<_>>();
        let some = |figure: fn(&Case) -> Option<f64>| times.iter().map(figure).collect::<Option<Vec<_>>>();
        let runs_per_second = all(|case| case.runs_per_second);
        let (p50_ms, p99_ms) = (all(|case| case.p50_ms), all(|case| case.p99_ms));
        let cpu = some(|case| case.cpu_us_per_run);
        let spread = Spread {
            count: times.len(),
            runs_per_second: range(&runs_per_second),
            p50_ms: range(&p50_ms),
            p99_ms: range(&p99_ms),
            cpu_us_per_run: cpu.as_deref().map(range),
        };
        Some(Case {
            seconds: all(|case| case.seconds).iter().sum(),
            runs: times.iter().map(|case| case.runs).sum(),
            runs_per_second: median(runs_per_second),
            deals_per_second: median(all(|case| case.deals_per_second)),
            p50_ms: median(p50_ms),
            p99_ms: median(p99_ms),
            cpu_us_per_run: cpu.map(median),
            cpu_split: split(times),
            client_cpu_us_per_run: some(|case| case.client_cpu_us_per_run).map(median),
            group: median(all(|case| case.group)),
            memory_peak_bytes: times.iter().filter_map(|case| case.memory_peak_bytes).max(),
            spread: (times.len() > 1).then_some(spread),
            ..first.clone()
        })
    }
}

fn split(times: &[Case]) -> Option<CpuSplit> {
    let splits: Vec<CpuSplit> = times.iter().map(|case| case.cpu_split).collect::<Option<_>>()?;
    let of = |figure: fn(&CpuSplit) -> f64| median(splits.iter().map(figure).collect());
    let database: Option<Vec<f64>> = splits.iter().map(|split| split.database_us).collect();
    Some(CpuSplit {
        robots_us: of(|split| split.robots_us),
        host_calls_us: of(|split| split.host_calls_us),
        instances_us: of(|split| split.instances_us),
        validation_us: of(|split| split.validation_us),
        database_us: database.map(median),
        rest_us: of(|split| split.rest_us),
    })
}

/// The one in the middle; of an even number the mean of the two there.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        count if count % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

fn range(values: &[f64]) -> Range {
    Range {
        least: values.iter().copied().fold(f64::INFINITY, f64::min),
        most: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::compare::tests::case;

    #[test]
    fn each_figure_has_its_own_median_and_range() {
        let times = [
            case(8, 1000.0, 30.0),
            case(8, 3000.0, 10.0),
            case(8, 2000.0, 20.0),
        ];
        let found = Case::median(&times).unwrap();
        assert_eq!(
            (found.runs_per_second, found.p99_ms, found.runs),
            (2000.0, 20.0, 3)
        );
        let spread = found.spread.unwrap();
        let range = |least, most| Range { least, most };
        assert_eq!(
            (spread.count, spread.runs_per_second, spread.p99_ms),
            (3, range(1000.0, 3000.0), range(10.0, 30.0))
        );
        assert_eq!(Case::median(&times[..2]).unwrap().runs_per_second, 2000.0);
        assert!(Case::median(&times[..1]).unwrap().spread.is_none());
        assert!(Case::median(&[]).is_none());
    }
}
