//! A robot whose first attempts fail when all their work is done: nothing of it may remain.

use signalbox_sdk::prelude::*;

params! {
    struct Params {
        failures: i32,
    }
}

fn run(invocation: Invocation) -> Result<Outcome, Failure> {
    let Params { failures } = Params::read()?;
    let item = items::get(invocation.require_item()?)?;
    let activity = activities::NewActivity {
        kind: activities::ActivityKind::Todo,
        title: Some(format!("attempt {}", invocation.attempt)),
        description: None,
        deadline: None,
        duration: None,
        assignee: None,
        reminders: Vec::new(),
    };
    activities::create(&item.id, &activity)?;
    notifications::send(&notifications::NewNotification {
        to: vec!["role:assignee".to_owned()],
        title: format!("{} at version {}", item.title, item.version),
        text: String::new(),
        tag: None,
    })?;
    if i64::from(invocation.attempt) <= i64::from(failures) {
        return Err(Failure::retryable("no-luck", "not in this attempt"));
    }
    done("at last")
}

signalbox_sdk::robot!(run);
