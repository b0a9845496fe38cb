//! `signalbox replay --all`: what another version would have done in the runs of a robot.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use signalbox_crm::ids::RunId;

use super::super::attach::duration;
use super::super::output::field;
use super::super::watching::Watching;
use super::super::{Answer, Exit, Failure, Globals};
use super::{Player, fetched, text};
use crate::clock::Clock;
use crate::rehearsal::Go;

/// Runs that are replayed without `--limit`.
pub(super) const RUNS_DEFAULT: usize = 1_000;
/// Runs that the text names in each group.
const NAMED_MAX: usize = 5;

/// Which runs.
pub(super) struct Asked {
    pub(super) robot: String,
    pub(super) since: Option<String>,
    pub(super) limit: usize,
}

/// What came of them.
#[derive(Default)]
struct Tally {
    same: usize,
    /// Runs by what differs.
    others: BTreeMap<String, Vec<Value>>,
    /// Runs without a record, or with one that does not fit.
    unplayable: Vec<Value>,
    fuel: Vec<(u64, u64)>,
}

pub(super) async fn run(globals: &Globals, player: Player, asked: Asked) -> Result<Answer, Failure> {
    let client = globals.client()?;
    let mut query = vec![("robot", asked.robot.clone())];
    if let Some(since) = &asked.since {
        let length = std::time::Duration::from_secs(duration("--since", since)?.into());
        let from = Clock::System.now().minus(length);
        query.extend(from.map(|from| ("finished_from", from.to_string())));
    }
    let mut runs = client.list("/runs", &query, asked.limit).await?;
    runs.retain(|run| run["attempt_count"].as_u64().is_some_and(|count| count > 0));
    let robot = player.component.clone().ok_or_else(|| {
        Failure::say(
            Exit::Usage,
            "--all needs --component: the version that is to be tried",
        )
    })?;
    let watching = Watching::new(globals.json);
    let mut tally = Tally::default();
    for (done, run) in runs.iter().enumerate() {
        let id = field(run, "id");
        if watching.show(done, runs.len(), |_| id.clone()) == Go::Stop {
            watching.end();
            return Err(Failure::say(
                Exit::Interrupted,
                format!("stopped after {done} runs"),
            ));
        }
        let Ok(number) = id.parse::<RunId>() else { continue };
        let file = match fetched(&client, number, None).await {
            Ok(file) => file,
            Err(failure) if failure.exit == Exit::Unreachable => return Err(failure),
            Err(failure) => {
                tally
                    .unplayable
                    .push(json!({"run": id, "why": format!("{:#}", failure.error)}));
                continue;
            }
        };
        match player.replay(&robot, &file).await {
            Err(failure) => {
                tally
                    .unplayable
                    .push(json!({"run": id, "why": format!("{:#}", failure.error)}));
            }
            Ok(replay) => match &replay.difference {
                None => {
                    tally.same += 1;
                    tally.fuel.push((file.fuel, replay.fuel));
                }
                Some(difference) => {
                    let group = tally.others.entry(text::kind(difference)).or_default();
                    group.push(json!({"run": id, "difference": difference}));
                }
            },
        }
    }
    watching.end();
    Ok(answer(&asked.robot, &robot.manifest().label(), tally))
}

fn answer(of: &str, label: &str, tally: Tally) -> Answer {
    let Tally {
        same,
        others,
        unplayable,
        mut fuel,
    } = tally;
    let other_count: usize = others.values().map(Vec::len).sum();
    let total = same + other_count + unplayable.len();
    let mut words = format!("{total} runs of {of}, replayed as {label}\n{same:>6}  the same\n");
    let groups = others.iter().map(|(kind, runs)| (kind.as_str(), runs));
    let rest = (!unplayable.is_empty()).then_some(("cannot be replayed", &unplayable));
    for (kind, runs) in groups.chain(rest) {
        let mut named: Vec<String> = runs.iter().take(NAMED_MAX).map(|run| field(run, "run")).collect();
        if runs.len() > NAMED_MAX {
            named.push("...".to_owned());
        }
        words.push_str(&format!("{:>6}  {kind}: {}\n", runs.len(), named.join(" ")));
    }
    fuel.sort_unstable();
    if let Some((was, now)) = fuel.get(fuel.len() / 2) {
        words.push_str(&format!("{}  {}", "median", text::fuel(*was, *now)));
    }
    if other_count > 0 {
        words.push_str("`signalbox replay RUN --component FILE` shows one of them\n");
    }
    let answer = Answer::new("signalbox.replay.all/1", words)
        .with("same_count", same)
        .with("others", json!(others))
        .with("unplayable", unplayable);
    if other_count > 0 {
        answer.ending(Exit::Failed)
    } else {
        answer
    }
}
