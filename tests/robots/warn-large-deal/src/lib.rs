//! The robot of `sdk/README.md`.

use signalbox_sdk::prelude::*;

params! { struct Params { threshold: i32, to: Vec<String> } }

fn run(invocation: Invocation) -> Result<Outcome, Failure> {
    let Params { threshold, to } = Params::read()?;
    let item = items::get(invocation.require_item()?)?;
    let amount = item.amount.map_or(Ok(0), |amount| amount.hundredths())?;
    if amount < i64::from(threshold) * 100 {
        return skipped(format!("{} is below {threshold}", item.id));
    }
    notifications::send(&notifications::NewNotification {
        to,
        title: format!("Large deal: {}", item.title),
        text: String::new(),
        tag: None,
    })?;
    done("somebody knows now")
}

signalbox_sdk::robot!(run);
