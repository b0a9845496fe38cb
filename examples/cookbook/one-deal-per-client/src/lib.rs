//! Two people must not sell to one client at the same time. Needs the scope `pipeline`: it looks at other deals.

use signalbox_sdk::prelude::*;

fn run(invocation: Invocation) -> Result<Outcome, Failure> {
    let new = items::get(invocation.require_item()?)?;
    let Some(contact) = new.contact.clone() else {
        return skipped(format!("{} has no client", new.id));
    };
    let query = items::ItemQuery {
        pipeline: Some(new.pipeline),
        stage: None,
        assignee: None,
        contact: Some(contact),
        is_open: Some(true),
        entered_before: None,
    };
    let others = items::find(&query, None, 10)?;
    let Some(old) = others.into_iter().find(|item| item.id != new.id) else {
        return skipped("the client has no other open deal");
    };
    timeline::add_comment(&new.id, &format!("The client has an open deal: {}", old.id))?;
    timeline::add_comment(&old.id, &format!("The client came back: {}", new.id))?;
    if let Some(person) = &old.assignee {
        notifications::send(&notifications::NewNotification {
            to: vec![person.clone()],
            title: format!("Your client came back: {}", old.title),
            text: new.title,
            tag: Some(format!("again:{}", old.id)),
        })?;
    }
    done(format!("{} belongs to {}", new.id, old.id))
}

signalbox_sdk::robot!(run);
