//! Nobody has been in touch with the client in time: the assignee hears of it, and later the head.

use signalbox_sdk::prelude::*;

params! { struct Params { within: Duration } }

fn run(invocation: Invocation) -> Result<Outcome, Failure> {
    let Params { within } = Params::read()?;
    let item = items::get(invocation.require_item()?)?;
    let who = match &invocation.cause {
        Cause::Timer(timer) => timer.payload.clone(),
        _ => {
            timers::set(
                "late",
                calendar::add_working(clock::now(), within)?,
                "role:assignee",
            )?;
            return done("the clock is ticking");
        }
    };
    // Instants are compared as instants, never as texts.
    let entered = Instant::parse(&item.stage_entered_at)?;
    if let Some(last) = &item.last_contact_at
        && Instant::parse(last)? >= entered
    {
        return skipped(format!("{} was contacted at {last}", item.id));
    }
    notifications::send(&notifications::NewNotification {
        to: vec![who.clone()],
        title: format!("Nobody has answered: {}", item.title),
        text: String::new(),
        tag: Some(format!("late:{}", item.id)),
    })?;
    if who == "role:assignee" {
        timers::set("late", calendar::add_working(clock::now(), within)?, "role:head")?;
    }
    done(format!("told {who}"))
}

signalbox_sdk::robot!(run);
