//! How many deals stand in a stage, and how many there were last time. Attach it to a schedule, with the scope `all`.

use signalbox_sdk::prelude::*;
use state::Space;

params! { struct Params { pipeline: String, stage: String, to: Vec<String> } }

/// So many are counted, then it says "or more": every deal that is looked at is part of what the run has read.
const PAGES_MAX: usize = 5;

fn run(_: Invocation) -> Result<Outcome, Failure> {
    let Params { pipeline, stage, to } = Params::read()?;
    let query = items::ItemQuery {
        pipeline: Some(pipeline),
        stage: Some(stage.clone()),
        assignee: None,
        contact: None,
        is_open: Some(true),
        entered_before: None,
    };
    let (mut count, mut after) = (0, None::<String>);
    for _ in 0..PAGES_MAX {
        let page = items::find(&query, after.as_deref(), 50)?;
        count += page.len();
        after = page.last().map(|item| item.id.clone());
        if page.len() < 50 {
            break;
        }
    }
    let last = state::get(Space::Robot, &stage)?;
    state::set(Space::Robot, &stage, &count.to_string())?;
    let text = match last {
        Some(last) => format!("{count} deals, last time {last}"),
        None => format!("{count} deals"),
    };
    notifications::send(&notifications::NewNotification {
        to,
        title: "How many wait".to_owned(),
        text: text.clone(),
        tag: Some("report".to_owned()),
    })?;
    done(text)
}

signalbox_sdk::robot!(run);
