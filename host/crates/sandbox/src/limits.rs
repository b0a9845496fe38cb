//! Limits of one run.

use std::collections::BTreeMap;
use std::time::Duration;

use signalbox_crm::quotas::Quotas;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// The most that `memory_bytes_max` may be: the pool has no larger slots. 1 GiB.
pub const MEMORY_BYTES_CEILING: usize = 1024 * MIB;

/// The most that `table_elements_max` may be: the pool has no larger slots. CPython has about 6,000.
pub const TABLE_ELEMENTS_CEILING: usize = 100_000;

/// How often a robot may be told that it has reached a limit. A robot that goes on asking is not listening: the
/// refusal after that ends the run.
pub const LIMIT_REFUSALS_MAX: u32 = 10;

/// What one run may use. Each limit names the verdict of a run that reaches it.
///
/// The defaults are for robots in every language that the SDK has: Python, which needs most, takes 14 of 32 MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Fuel: about one unit for each instruction of the component. Deterministic: the same run uses the same fuel on
    /// every machine. Default 200 million, some 0.2 s; a robot of four host calls uses about 10 thousand.
    /// Verdict: `limit.cpu`.
    pub fuel_max: u64,
    /// Time in the component's own code, without waits for the host, to the next 10 ms. It ends what fuel measures
    /// badly, such as large memory copies. Default 2 s: ten times what the default fuel takes.
    /// Verdict: `limit.time`.
    pub cpu_max: Duration,
    /// Time from start to end with all waits. Default 10 s: what people wait for on a Kanban board.
    /// Verdict: `limit.time`.
    pub wall_max: Duration,
    /// All linear memories together, in bytes, up to [`MEMORY_BYTES_CEILING`]. Default 32 MiB: a small Rust robot has
    /// 1.1 MiB. Verdict: `limit.memory`.
    pub memory_bytes_max: usize,
    /// All tables together, in elements, up to [`TABLE_ELEMENTS_CEILING`]. Default 20,000: the largest known, those of
    /// CPython, have about 6,000. Verdict: `limit.table`.
    pub table_elements_max: usize,
    /// What the component may pass to the host in one call, and in its result, in bytes. Default 1 MiB: the largest
    /// honest argument is a message of 4,096 characters. Verdict: `limit.payload`.
    pub payload_bytes_max: usize,
    /// Arguments and answers of all host calls together, as JSON in the journal, in bytes. Default 4 MiB: it is kept in
    /// memory until the commit and then stored with the run. Verdict: `limit.payload`.
    pub journal_bytes_max: usize,
    /// Host calls without `log`. Default 1,000. A call beyond it is refused with `limit.calls`;
    /// after [`LIMIT_REFUSALS_MAX`] refusals the run ends with verdict `limit.calls`.
    pub call_count_max: u32,
    /// Text of the outcome or failure, in bytes. Default 64 KiB: the journal shows it.
    /// Verdict: `limit.payload`.
    pub result_bytes_max: usize,
    /// Log lines that are kept; further ones are counted. Default 500. No verdict.
    pub log_lines_max: u32,
    /// Log text that is kept, in bytes; further lines are counted. Default 64 KiB. No verdict.
    pub log_bytes_max: usize,
}

impl Limits {
    /// What a host allows whose operator says nothing else.
    pub const DEFAULT: Limits = Limits {
        fuel_max: 200_000_000,
        cpu_max: Duration::from_secs(2),
        wall_max: Duration::from_secs(10),
        memory_bytes_max: 32 * MIB,
        table_elements_max: 20_000,
        payload_bytes_max: MIB,
        journal_bytes_max: 4 * MIB,
        call_count_max: 1_000,
        result_bytes_max: 64 * KIB,
        log_lines_max: 500,
        log_bytes_max: 64 * KIB,
    };

    /// The defaults with other figures of the operator. The time in the component's own code follows the fuel.
    pub fn of_host(fuel_max: u64, wall_max: Duration, memory_bytes_max: usize) -> Self {
        let usual = Limits::DEFAULT;
        let times = fuel_max.div_ceil(usual.fuel_max).clamp(1, 1_000);
        let times = u32::try_from(times).expect("at most 1,000");
        Limits {
            fuel_max,
            cpu_max: usual.cpu_max.saturating_mul(times).min(wall_max),
            wall_max,
            memory_bytes_max,
            ..usual
        }
    }

    /// The names in a manifest.
    pub const NAMES: [&str; 4] = ["memory-bytes", "fuel", "wall-clock-ms", "host-calls"];

    /// Sentences about wishes of a manifest that have no effect, because these limits are lower.
    pub fn idle_wishes(&self, wishes: &BTreeMap<String, u64>) -> Vec<String> {
        let quotas = Quotas::HOST;
        let allowed = |name: &str| {
            Some(match name {
                "fuel" => self.fuel_max,
                "memory-bytes" => self.memory_bytes_max as u64,
                "wall-clock-ms" => u64::try_from(self.wall_max.as_millis()).unwrap_or(u64::MAX),
                "host-calls" => self.call_count_max.into(),
                "writes" => quotas.writes as u64,
                "notifications" => quotas.notifications as u64,
                "client-messages" => quotas.client_messages as u64,
                "timers" => quotas.timers as u64,
                "requests" => quotas.requests as u64,
                _ => return None,
            })
        };
        let idle = wishes.iter().filter_map(|(name, wish)| {
            let allowed = allowed(name).filter(|allowed| wish > allowed)?;
            Some(format!(
                "`{name}` is {wish}, but hosts allow {allowed}: it has no effect"
            ))
        });
        idle.collect()
    }

    /// These limits, lowered to what a manifest wishes for. A wish above them has no effect.
    #[must_use]
    pub fn narrowed(mut self, wishes: &BTreeMap<String, u64>) -> Self {
        let size = |wish: u64| usize::try_from(wish).unwrap_or(usize::MAX);
        for (name, wish) in wishes {
            match name.as_str() {
                "fuel" => self.fuel_max = self.fuel_max.min(*wish),
                "memory-bytes" => self.memory_bytes_max = self.memory_bytes_max.min(size(*wish)),
                "wall-clock-ms" => self.wall_max = self.wall_max.min(Duration::from_millis(*wish)),
                "host-calls" => {
                    let wish = u32::try_from(*wish).unwrap_or(u32::MAX);
                    self.call_count_max = self.call_count_max.min(wish);
                }
                // `Quotas` has the others; lanes know the concurrency.
                _ => {}
            }
        }
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifest_lowers_limits_and_never_raises_them() {
        let wish = |name: &str, value: u64| BTreeMap::from([(name.to_owned(), value)]);
        let limits = Limits::default();
        assert_eq!(limits.narrowed(&wish("fuel", 5)).fuel_max, 5);
        assert_eq!(limits.narrowed(&wish("host-calls", 7)).call_count_max, 7);
        assert_eq!(
            limits.narrowed(&wish("memory-bytes", 65_536)).memory_bytes_max,
            65_536
        );
        let second = Duration::from_secs(1);
        assert_eq!(limits.narrowed(&wish("wall-clock-ms", 1_000)).wall_max, second);
        assert_eq!(limits.narrowed(&wish("timers", 1)), limits);
        for name in Limits::NAMES {
            assert_eq!(limits.narrowed(&wish(name, u64::MAX)), limits);
            assert_ne!(limits.narrowed(&wish(name, 1)), limits, "{name}");
        }
    }

    #[test]
    fn wish_that_has_no_effect_is_told() {
        let wishes = BTreeMap::from([
            ("fuel".to_owned(), 900_000_000),
            ("host-calls".to_owned(), 1_000),
            ("client-messages".to_owned(), 4),
            ("concurrency".to_owned(), 100),
        ]);
        assert_eq!(
            Limits::default().idle_wishes(&wishes),
            [
                "`client-messages` is 4, but hosts allow 3: it has no effect",
                "`fuel` is 900000000, but hosts allow 200000000: it has no effect",
            ]
        );
    }

    #[test]
    fn operator_sets_fuel_time_and_memory() {
        let second = Duration::from_secs(1);
        let usual = Limits::default();
        let same = Limits::of_host(usual.fuel_max, usual.wall_max, usual.memory_bytes_max);
        assert_eq!(same, usual);
        let long = Limits::of_host(10 * usual.fuel_max, 60 * second, usual.memory_bytes_max);
        assert_eq!((long.cpu_max, long.wall_max), (20 * second, 60 * second));
        let short = Limits::of_host(10 * usual.fuel_max, second, usual.memory_bytes_max);
        assert_eq!(short.cpu_max, second);
    }
}
