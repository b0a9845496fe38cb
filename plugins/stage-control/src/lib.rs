//! Watches how long an item stays in a stage: tells the assignee, then the head, then finds somebody else.
//!
//! The run on the stage entry sets one wake-up for each step; the run of a wake-up does its step, unless the item was
//! handled in the meantime. All wake-ups are set at once, so that a step which fails does not stop the later ones.

use signalbox_sdk::prelude::*;

params! {
    struct Params {
        limit: Duration,
        working: bool,
        notify_assignee: bool,
        escalate_after: Option<Duration>,
        reassign_after: Option<Duration>,
        reassign_to: Option<Vec<String>>,
        distribution: assignment::Distribution,
        handled_when: HandledWhen,
        title: String,
        text: Option<String>,
    }

    enum HandledWhen {
        LeftStage = "left-stage",
        Contacted = "contacted",
    }
}

/// The keys of the wake-ups.
const NOTIFY: &str = "notify";
const ESCALATE: &str = "escalate";
const REASSIGN: &str = "reassign";

fn run(invocation: Invocation) -> Result<Outcome, Failure> {
    let params = Params::read()?;
    let item = items::get(invocation.require_item()?)?;
    match &invocation.cause {
        Cause::StageEntered(_) | Cause::Manual(_) => arm(&item, &params),
        Cause::Timer(timer) => match handled(&item, &params, &timer.payload)? {
            Some(reason) => skipped(reason),
            None => act(&item, &params, &timer.key),
        },
        cause => Err(cause.unexpected()),
    }
}

/// Sets a wake-up for each step that is switched on. They carry the number of the stage entry.
fn arm(item: &Item, params: &Params) -> Result<Outcome, Failure> {
    let mut steps = Vec::new();
    let mut at = later(
        Instant::parse(&item.stage_entered_at)?,
        params.limit,
        params.working,
    )?;
    if params.notify_assignee {
        steps.push((NOTIFY, at));
    }
    if let Some(wait) = params.escalate_after {
        at = later(at, wait, params.working)?;
        steps.push((ESCALATE, at));
    }
    if let Some(wait) = params.reassign_after {
        if params.reassign_to.as_ref().is_none_or(Vec::is_empty) {
            return Err(Failure::new(
                "missing-param",
                "parameter `reassign-to` is missing: nobody to reassign to",
            ));
        }
        at = later(at, wait, params.working)?;
        steps.push((REASSIGN, at));
    }
    for (key, at) in &steps {
        timers::set(key, *at, &item.stage_entry.to_string())?;
    }
    match steps.first() {
        Some((_, at)) => done(format!(
            "watching {}: {} step(s), the first at {at}",
            item.id,
            steps.len()
        )),
        None => skipped("no step is switched on"),
    }
}

fn later(start: Instant, wait: Duration, working: bool) -> Result<Instant, Failure> {
    if working {
        calendar::add_working(start, wait)
    } else {
        Ok(start + wait)
    }
}

/// Why there is nothing to do any more, if so. `entry` is the stage entry for which the wake-up was set.
fn handled(item: &Item, params: &Params, entry: &str) -> Result<Option<String>, Failure> {
    if item.stage_entry.to_string() != entry {
        return Ok(Some(format!("{} has left the stage", item.id)));
    }
    if let (HandledWhen::Contacted, Some(contact)) = (params.handled_when, &item.last_contact_at)
        && Instant::parse(contact)? > Instant::parse(&item.stage_entered_at)?
    {
        return Ok(Some(format!(
            "the client of {} was contacted at {contact}",
            item.id
        )));
    }
    Ok(None)
}

/// Does the step of a wake-up.
fn act(item: &Item, params: &Params, key: &str) -> Result<Outcome, Failure> {
    match key {
        NOTIFY => notify(item, params, "role:assignee"),
        ESCALATE => notify(item, params, "role:head"),
        REASSIGN => {
            let candidates = params.reassign_to.as_deref().unwrap_or_default();
            assignment::assign_from_list(&item.id, candidates, params.distribution, true)?;
            done(format!(
                "{} goes to one of {} employees",
                item.id,
                candidates.len()
            ))
        }
        other => Err(Failure::new(
            "unknown-step",
            format!("there is no step `{other}`"),
        )),
    }
}

/// An item without an assignee, or an assignee without a head, is no reason to fail: the next step comes.
fn notify(item: &Item, params: &Params, role: &str) -> Result<Outcome, Failure> {
    let sent = notifications::send(&notifications::NewNotification {
        to: vec![role.to_owned()],
        title: params.title.clone(),
        text: params.text.clone().unwrap_or_default(),
        tag: Some(format!("stage-control:{}", item.id)),
    });
    match sent {
        Ok(_) => done(format!("notified {role} of {}", item.id)),
        Err(error) if error.code == "no-candidate" => skipped(error.message),
        Err(error) => Err(error.into()),
    }
}

signalbox_sdk::robot!(run);
