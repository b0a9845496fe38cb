//! A client who writes to somebody on holiday gets somebody who is there.

use assignment::Distribution;
use signalbox_sdk::prelude::*;

params! { struct Params { people: Vec<String> } }

fn run(invocation: Invocation) -> Result<Outcome, Failure> {
    let Params { people } = Params::read()?;
    let item = items::get(invocation.require_item()?)?;
    if let Some(assignee) = &item.assignee
        && employees::get(assignee)?.is_available
    {
        return skipped(format!("{assignee} is there"));
    }
    // Who it will be is decided when the run is stored: the robot cannot name them here.
    assignment::assign_from_list(&item.id, &people, Distribution::Even, true)?;
    if let Some(assignee) = item.assignee {
        notifications::send(&notifications::NewNotification {
            to: vec![assignee],
            title: format!("While you are away, somebody else answers: {}", item.title),
            text: String::new(),
            tag: None,
        })?;
    }
    done("a stand-in takes over")
}

signalbox_sdk::robot!(run);
