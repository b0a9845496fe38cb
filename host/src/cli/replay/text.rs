//! Replays in words.

use serde_json::Value;
use signalbox_sandbox::{Difference, HostCall, Replay, Robot, RunFile};

use super::super::run::text::verdict;

/// One replay.
pub(in crate::cli) fn one(file: &RunFile, robot: &Robot, replay: &Replay) -> String {
    let run = file.invocation["run"].as_str().unwrap_or("the run");
    let attempt = &file.invocation["attempt"];
    let label = robot.manifest().label();
    let now = match robot.digest() == file.digest {
        true => String::new(),
        false if label == file.robot => ", now another build of it".to_owned(),
        false => format!(", now {label}"),
    };
    let mut text = format!("{run}, attempt {attempt} of {}{now}\n", file.robot);
    text.push_str(&course(replay));
    if replay.is_log_other {
        text.push_str("the log has other lines\n");
    }
    text.push_str(&fuel(file.fuel, replay.fuel));
    if file.is_masked && replay.difference.is_some() {
        text.push_str("the record is masked: the robot may have looked into what was replaced\n");
    }
    text
}

fn course(replay: &Replay) -> String {
    match &replay.difference {
        None => format!(
            "the same: {} host calls, {}\n",
            replay.calls.len(),
            said(&replay.verdict)
        ),
        Some(Difference::Call { now, recorded }) => {
            let recorded = match recorded {
                Some(call) => words(call),
                None => "no other change".to_owned(),
            };
            format!(
                "differs at host call {}\n  recorded  {recorded}\n  now       {}\n",
                now.index + 1,
                words(now)
            )
        }
        Some(Difference::Missing { recorded }) => format!(
            "ends without a change\n  recorded  {}\n  now       {}\n",
            words(recorded),
            said(&replay.verdict)
        ),
        Some(Difference::Verdict { now, recorded }) => format!(
            "ends otherwise\n  recorded  {}\n  now       {}\n",
            said(recorded),
            said(now)
        ),
    }
}

/// What differs, for counting.
pub(super) fn kind(difference: &Difference) -> String {
    match difference {
        Difference::Call { now, .. } => format!("another call of {}", name(now)),
        Difference::Missing { recorded } => format!("no call of {}", name(recorded)),
        Difference::Verdict { .. } => "another result".to_owned(),
    }
}

fn name(call: &HostCall) -> String {
    format!("{}.{}", call.interface, call.function)
}

/// `stages.move("deal:17", "stage:3", false)`.
fn words(call: &HostCall) -> String {
    let args: Vec<Value> = serde_json::from_str(call.args.get()).unwrap_or_default();
    let args: Vec<String> = args.iter().map(Value::to_string).collect();
    format!("{}({})", name(call), args.join(", "))
}

fn said(said: &signalbox_crm::run::Verdict) -> String {
    verdict(&serde_json::to_value(said).unwrap_or_default())
}

/// `fuel 9376, was 9400 (-0.3 %)`.
pub(super) fn fuel(was: u64, now: u64) -> String {
    if was == now || was == 0 {
        return format!("fuel {now}, as it was\n");
    }
    let percent = (now as f64 / was as f64 - 1.0) * 100.0;
    format!("fuel {now}, was {was} ({percent:+.1} %)\n")
}
