//! Notices that somebody set the machine's clock, or that the machine slept: the time of day went another way than the
//! time that passed.
//!
//! What is due follows the time of day: after a step forwards it is due earlier, after a step back later. Nothing is
//! lost or doubled by that (rows are moved on from where they stand), but an admin wants to know why things came at odd
//! times.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use signalbox_crm::notifying::{Notice, notify};
use signalbox_crm::people::Actor;
use signalbox_crm::time::Timestamp;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::core::SharedCore;
use super::draft::{Draft, DraftError};
use crate::clock::STEP_HELD_MAX;

/// A smaller step is not told: time servers make them, and the clock of the host hides those that go back.
const STEP_MIN: Duration = STEP_HELD_MAX;

/// The clock was set, or the machine slept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct ClockStep {
    /// The time afterwards.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// By so many seconds; negative: back.
    pub by_s: i64,
}

/// Compares the time of day with the time that passed.
#[derive(Debug, Default)]
pub struct ClockWatch {
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    last: Option<(Timestamp, Instant)>,
    step: Option<ClockStep>,
    is_told: bool,
}

impl ClockWatch {
    /// It is `now`, and `instant` by the clock that nobody sets. Says by how much somebody has set the first one since
    /// the last look.
    pub fn look(&self, now: Timestamp, instant: Instant) -> Option<ClockStep> {
        let last = self.lock().last.replace((now, instant));
        let (last_now, last_instant) = last?;
        let passed = i64::try_from(instant.duration_since(last_instant).as_micros()).ok()?;
        let by_micros = (now.micros() - last_now.micros()).checked_sub(passed)?;
        if Duration::from_micros(by_micros.unsigned_abs()) < STEP_MIN {
            return None;
        }
        let step = ClockStep {
            at: now,
            by_s: by_micros / 1_000_000,
        };
        self.note(step);
        Some(step)
    }

    /// Remembers a step, which is not told yet.
    pub fn note(&self, step: ClockStep) {
        let mut seen = self.lock();
        (seen.step, seen.is_told) = (Some(step), false);
    }

    /// The last step since the start.
    pub fn step(&self) -> Option<ClockStep> {
        self.lock().step
    }

    fn untold(&self) -> Option<ClockStep> {
        let seen = self.lock();
        seen.step.filter(|_| !seen.is_told)
    }

    fn told(&self, step: ClockStep) {
        let mut seen = self.lock();
        seen.is_told = seen.step == Some(step);
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the admins of the last step, if they do not know of it. What the database cannot store now is told later.
///
/// # Errors
/// The database.
pub async fn tell(core: &SharedCore) -> Result<(), DraftError> {
    let Some(step) = core.clock_watch.untold() else {
        return Ok(());
    };
    let mut draft = Draft::new(core, Actor::System);
    let admins = draft.directory.admins();
    let notice = notice(step);
    draft.rule(|rules, changes| notify(rules, changes, &admins, None, &notice))?;
    draft.commit().await?;
    core.clock_watch.told(step);
    Ok(())
}

fn notice(step: ClockStep) -> Notice {
    let ClockStep { at, by_s } = step;
    let (way, what) = if by_s < 0 {
        (
            "назад",
            "Сроки наступят позже; расписания не срабатывают второй раз.",
        )
    } else {
        ("вперёд", "Наступившие сроки отработаны по правилам роботов.")
    };
    let length = length(by_s.unsigned_abs());
    Notice {
        title: format!("Часы сервера переведены {way} на {length}"),
        text: format!(
            "Сейчас {at}. {what} Причиной бывает настройка времени или сон машины: проверьте синхронизацию времени."
        ),
        tag: Some("clock-step".to_owned()),
    }
}

/// `1 д 2 ч 3 мин`, without what is zero.
fn length(seconds: u64) -> String {
    let parts = [
        (seconds / 86_400, "д"),
        (seconds / 3_600 % 24, "ч"),
        (seconds / 60 % 60, "мин"),
        (seconds % 60, "с"),
    ];
    let shown = parts.iter().filter(|(count, _)| *count > 0);
    let shown: Vec<String> = shown.map(|(count, unit)| format!("{count} {unit}")).collect();
    shown.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[tokio::test]
    async fn only_a_step_of_the_clock_is_noticed_and_with_its_size() {
        let watch = ClockWatch::default();
        let begin = Instant::now();
        let look = |now, passed_s| watch.look(at(now), begin + Duration::from_secs(passed_s));
        assert_eq!(look(1_000, 0), None);
        assert_eq!(look(1_030, 30), None);
        assert_eq!(look(1_065, 60), None, "five seconds are no step");
        let forwards = look(1_095 + 86_400, 90).expect("a step");
        assert_eq!((forwards.at, forwards.by_s), (at(1_095 + 86_400), 86_400));
        let back = look(1_125 + 82_800, 120).expect("a step");
        assert_eq!(back.by_s, -3_600);
        assert_eq!(watch.step(), Some(back));
    }

    #[test]
    fn a_step_is_told_once() {
        let watch = ClockWatch::default();
        let step = |by_s| ClockStep { at: at(1), by_s };
        watch.note(step(60));
        assert_eq!(watch.untold(), Some(step(60)));
        watch.told(step(60));
        assert_eq!(watch.untold(), None);
        watch.note(step(-60));
        watch.told(step(60));
        assert_eq!(watch.untold(), Some(step(-60)));
    }

    #[test]
    fn lengths_are_words() {
        assert_eq!(length(3_600), "1 ч");
        assert_eq!(length(90_061), "1 д 1 ч 1 мин 1 с");
    }
}
