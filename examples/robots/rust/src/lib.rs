//! Tells the person in charge of a deal above a threshold, and leaves a comment.

use signalbox_sdk::prelude::*;

params! { struct Params { threshold: Money } }

fn run(invocation: Invocation) -> Result<Outcome, Failure> {
    let Params { threshold } = Params::read()?;
    let item = items::get(invocation.require_item()?)?;
    let Some(amount) = item.amount else {
        return skipped(format!("{} has no amount", item.id));
    };
    if amount.currency != threshold.currency {
        let message = format!(
            "{} is in {}, the threshold in {}",
            item.id, amount.currency, threshold.currency
        );
        return Err(Failure::new("other-currency", message));
    }
    if amount.hundredths()? <= threshold.hundredths()? {
        return skipped(format!("{} is not above {}", item.id, threshold.amount));
    }

    let text = format!("{} {}", amount.amount, amount.currency);
    info!("{} is above {}", item.id, threshold.amount);
    notifications::send(&notifications::NewNotification {
        to: vec!["role:assignee".to_owned()],
        title: format!("Large deal: {}", item.title),
        text: text.clone(),
        tag: None,
    })?;
    timeline::add_comment(&item.id, &format!("Large deal: {text}"))?;
    done(format!("told of {}", item.id))
}

signalbox_sdk::robot!(run);
