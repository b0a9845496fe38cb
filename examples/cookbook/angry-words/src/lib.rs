//! A complaint must not wait in a queue: the head hears of it, and a call is planned for the next hour.

use signalbox_sdk::prelude::*;

params! { struct Params { words: String } }

fn run(invocation: Invocation) -> Result<Outcome, Failure> {
    let Params { words } = Params::read()?;
    let Cause::MessageReceived(message) = &invocation.cause else {
        return Err(invocation.cause.unexpected());
    };
    let item = invocation.require_item()?;
    let said = lowered(&message.text);
    let Some(word) = words
        .split(',')
        .map(str::trim)
        .find(|word| said.contains(&lowered(word)))
    else {
        return skipped("none of the words");
    };
    notifications::send(&notifications::NewNotification {
        to: vec!["role:assignee".to_owned(), "role:head".to_owned()],
        title: format!("A client complains ({word})"),
        text: String::new(),
        tag: Some(format!("complaint:{item}")),
    })?;
    activities::create(
        item,
        &activities::NewActivity {
            kind: activities::ActivityKind::Call,
            title: Some("Call about the complaint".to_owned()),
            description: None,
            deadline: Some("+1h".to_owned()),
            duration: None,
            assignee: None,
            reminders: vec![30],
        },
    )?;
    done("somebody will call")
}

/// Russian and English letters only: the whole of Unicode would add 24 KB of tables.
fn lowered(text: &str) -> String {
    let lower = |c: char| match c {
        'А'..='Я' => char::from_u32(u32::from(c) + 32).unwrap_or(c),
        'Ё' => 'ё',
        other => other.to_ascii_lowercase(),
    };
    text.chars().map(lower).collect()
}

signalbox_sdk::robot!(run);
