//! The fields that the stage ahead wants become an activity, before somebody is refused the move.

use signalbox_sdk::prelude::*;

params! { struct Params { stage: String } }

const TITLE: &str = "Fill in what the next stage needs";

fn run(invocation: Invocation) -> Result<Outcome, Failure> {
    let Params { stage } = Params::read()?;
    let item = items::get(invocation.require_item()?)?;
    let missing = stages::missing_fields(&item.id, &stage)?;
    let open = activities::list_open(&item.id)?;
    let planned = open.iter().find(|activity| activity.title == TITLE);
    match (missing.is_empty(), planned) {
        (true, Some(activity)) => {
            activities::complete(&activity.id)?;
            done("everything is filled in by now")
        }
        (true, None) => skipped("everything is filled in"),
        (false, Some(_)) => skipped("it is planned already"),
        (false, None) => {
            activities::create(
                &item.id,
                &activities::NewActivity {
                    kind: activities::ActivityKind::Todo,
                    title: Some(TITLE.to_owned()),
                    description: Some(missing.join(", ")),
                    deadline: None,
                    duration: None,
                    assignee: None,
                    reminders: Vec::new(),
                },
            )?;
            done(format!("{} field(s) to fill in", missing.len()))
        }
    }
}

signalbox_sdk::robot!(run);
