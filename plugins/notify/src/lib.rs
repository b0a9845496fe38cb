//! Tells employees something.

use signalbox_sdk::prelude::*;

params! {
    struct Params {
        to: Vec<String>,
        title: String,
        text: Option<String>,
        tag: Option<String>,
    }
}

fn run(_invocation: Invocation) -> Result<Outcome, Failure> {
    let Params { to, title, text, tag } = Params::read()?;
    let text = text.unwrap_or_default();
    let sent = notifications::send(&notifications::NewNotification { to, title, text, tag })?;
    done(format!("notified {} employee(s)", sent.len()))
}

signalbox_sdk::robot!(run);
