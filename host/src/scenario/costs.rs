//! What runs use, and whether that is within a scenario's budget.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{Budget, Trace};

/// What the runs of one robot used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// Attempts of all runs.
    pub attempt_count: u64,
    /// The most fuel of one attempt.
    pub fuel_max: u64,
    /// The most host calls of one attempt.
    pub host_calls_max: u64,
}

impl Cost {
    /// Of the runs of this robot.
    pub fn of(robot: &str, traces: &[Trace]) -> Cost {
        let mut cost = Cost::default();
        let own = traces.iter().filter(|trace| trace.robot == robot);
        for attempt in own.flat_map(|trace| &trace.attempts) {
            let calls: Vec<&RawValue> = serde_json::from_str(&attempt.calls).unwrap_or_default();
            cost.attempt_count += 1;
            cost.fuel_max = cost.fuel_max.max(attempt.fuel);
            cost.host_calls_max = cost.host_calls_max.max(calls.len() as u64);
        }
        cost
    }
}

/// A sentence for each figure that is over the budget.
pub fn over_budget(budget: Budget, cost: Cost) -> Vec<String> {
    let over = |what: &str, used: u64, most: Option<u64>| {
        let most = most.filter(|most| used > *most)?;
        Some(format!(
            "a run used {used} {what}, the budget of given.toml is {most}"
        ))
    };
    [
        over("fuel", cost.fuel_max, budget.fuel),
        over("host calls", cost.host_calls_max, budget.host_calls),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budget_is_kept_up_to_its_last_unit() {
        let cost = Cost {
            attempt_count: 2,
            fuel_max: 100,
            host_calls_max: 5,
        };
        let budget = |fuel, host_calls| over_budget(Budget { fuel, host_calls }, cost);
        assert!(budget(None, None).is_empty() && budget(Some(100), Some(5)).is_empty());
        assert_eq!(
            budget(Some(99), Some(4)),
            [
                "a run used 100 fuel, the budget of given.toml is 99",
                "a run used 5 host calls, the budget of given.toml is 4"
            ]
        );
    }
}
