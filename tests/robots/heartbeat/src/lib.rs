//! A robot that wakes itself up regularly: the tests see whether it is left alone.

use signalbox_sdk::prelude::*;

params! {
    struct Params {
        every: Duration,
        beats: i32,
    }
}

fn run(invocation: Invocation) -> Result<Outcome, Failure> {
    let Params { every, beats } = Params::read()?;
    let item = invocation.require_item()?;
    let left = match &invocation.cause {
        Cause::Timer(timer) => {
            plan(item)?;
            timer.payload.parse().unwrap_or(0)
        }
        _ => beats,
    };
    if left > 0 {
        timers::set("beat", clock::now() + every, &(left - 1).to_string())?;
    }
    done(format!("{left} beat(s) to come"))
}

fn plan(item: &str) -> Result<(), Failure> {
    let activity = activities::NewActivity {
        kind: activities::ActivityKind::Todo,
        title: None,
        description: None,
        deadline: None,
        duration: None,
        assignee: None,
        reminders: Vec::new(),
    };
    activities::create(item, &activity)?;
    Ok(())
}

signalbox_sdk::robot!(run);
