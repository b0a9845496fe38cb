//! The robot of `sdk/README.md`.

use signalbox_sdk::prelude::*;

params! {
    struct Params {
        threshold: i32,
        to: Vec<String>,
    }
}

fn run(invocation: Invocation) -> Result<Outcome, Failure> {
    let Params { threshold, to } = Params::read()?;
    let item = items::get(invocation.require_item()?)?;
    let Some(amount) = item.amount else {
        return skipped(format!("{} has no amount", item.id));
    };
    if amount.hundredths()? < i64::from(threshold) * 100 {
        return skipped(format!("{} is below {threshold}", amount.amount));
    }
    let title = format!("Large deal: {}", item.title);
    notifications::send(&notifications::NewNotification {
        to,
        title,
        text: String::new(),
        tag: None,
    })?;
    done("somebody knows now")
}

signalbox_sdk::robot!(run);
