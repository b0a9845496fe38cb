//! What a run costs, for its fair share of the workers.
//!
//! Counted, not measured: a clock would call every run slow on a busy machine, those of healthy robots too, and would
//! order the runs of a rehearsal differently each time.

use signalbox_crm::run::Verdict;

/// Every run: a fresh instance, parameters, the commit. In microseconds.
pub const COST_BASE_US: u64 = 100;
/// A host call: mostly a read of the database. In microseconds.
const COST_OF_CALL_US: u64 = 20;
/// About one instruction each: a core executes so many in a microsecond.
const FUEL_PER_US: u64 = 1_000;
/// A run that ran out of time: fuel does not see large memory copies. As the default limit of computing time, 2 s.
const COST_OUT_OF_TIME_US: u64 = 2_000_000;

/// About how long the run kept a worker busy, in microseconds.
pub fn cost_us(fuel: u64, call_count: usize, verdict: &Verdict) -> u64 {
    let is_out_of_time = matches!(verdict, Verdict::Failed { code, .. } if code == "limit.time");
    let floor = if is_out_of_time { COST_OUT_OF_TIME_US } else { 0 };
    let calls = COST_OF_CALL_US.saturating_mul(call_count as u64);
    (COST_BASE_US + calls)
        .saturating_add(fuel / FUEL_PER_US)
        .max(floor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looping_robot_costs_a_thousand_times_as_much_as_a_small_one() {
        let done = Verdict::Done {
            summary: String::new(),
        };
        let failed = |code: &str| Verdict::Failed {
            code: code.to_owned(),
            message: String::new(),
            retryable: false,
        };
        assert_eq!(cost_us(10_000, 4, &done), 190);
        assert_eq!(cost_us(200_000_000, 0, &failed("limit.cpu")), 200_100);
        assert_eq!(cost_us(5_000, 0, &failed("limit.time")), 2_000_000);
    }
}
