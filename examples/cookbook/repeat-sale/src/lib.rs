//! A client who has bought once is called again. Attach it to the won stage, with a delay of half a year.

use signalbox_sdk::prelude::*;

params! { struct Params { stage: String, deadline: String } }

fn run(invocation: Invocation) -> Result<Outcome, Failure> {
    let Params { stage, deadline } = Params::read()?;
    let sold = items::get(invocation.require_item()?)?;
    let Some(contact) = sold.contact else {
        return skipped(format!("{} has no client", sold.id));
    };
    let made = item_creation::create(&item_creation::NewItem {
        pipeline: sold.pipeline,
        stage: Some(stage),
        title: format!("Again: {}", sold.title),
        assignee: sold.assignee,
        contact: Some(contact),
        amount: None,
        source: Some("repeat-sale".to_owned()),
        fields: Vec::new(),
    })?;
    activities::create(
        &made,
        &activities::NewActivity {
            kind: activities::ActivityKind::Call,
            title: Some(format!("Was the client content? {}", sold.title)),
            description: None,
            deadline: Some(deadline),
            duration: None,
            assignee: None,
            reminders: vec![15],
        },
    )?;
    done(format!("made {made} of {}", sold.id))
}

signalbox_sdk::robot!(run);
