//! A deal without an open activity and without a contact for a week is forgotten. Attach it to a schedule.

use signalbox_sdk::prelude::*;

params! { struct Params { days: i32 } }

fn run(invocation: Invocation) -> Result<Outcome, Failure> {
    let Params { days } = Params::read()?;
    let item = items::get(invocation.require_item()?)?;
    let quiet = Duration::from_secs(u64::try_from(days).unwrap_or(0) * 86_400);
    let last = item.last_contact_at.as_deref().unwrap_or(&item.stage_entered_at);
    let is_due = Instant::parse(last)? + quiet <= clock::now();
    if !is_due {
        return skipped(format!("last contact at {last}"));
    }
    if !activities::list_open(&item.id)?.is_empty() {
        return skipped("somebody has planned something");
    }
    activities::create(
        &item.id,
        &activities::NewActivity {
            kind: activities::ActivityKind::Call,
            title: Some(format!("Forgotten: {}", item.title)),
            description: None,
            deadline: Some("+1d".to_owned()),
            duration: None,
            assignee: None,
            reminders: vec![60],
        },
    )?;
    done(format!("nobody had touched {} since {last}", item.id))
}

signalbox_sdk::robot!(run);
