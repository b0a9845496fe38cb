//! The compared job: a parameter and the deal are read; above the threshold somebody is told, a call is planned, and
//! the deal moves on.

use signalbox_sdk::prelude::*;

params! { struct Params { threshold: Money } }

fn run(invocation: Invocation) -> Result<Outcome, Failure> {
    let Params { threshold } = Params::read()?;
    let item = items::get(invocation.require_item()?)?;
    let Some(amount) = item.amount else {
        return skipped(format!("{} has no amount", item.id));
    };
    if amount.hundredths()? <= threshold.hundredths()? {
        return skipped(format!("{} is not above {}", item.id, threshold.amount));
    }
    notifications::send(&notifications::NewNotification {
        to: vec!["role:assignee".to_owned()],
        title: format!("Large deal: {}", item.title),
        text: format!("{} {}", amount.amount, amount.currency),
        tag: None,
    })?;
    let planned = activities::create(
        &item.id,
        &activities::NewActivity {
            kind: activities::ActivityKind::Call,
            title: Some(format!("Call about {}", item.title)),
            description: None,
            deadline: Some("+3d".to_owned()),
            duration: None,
            assignee: None,
            reminders: Vec::new(),
        },
    )?;
    stages::move_(&item.id, "stage:3", false)?;
    done(format!("{} moved on, {planned} planned", item.id))
}

signalbox_sdk::robot!(run);
