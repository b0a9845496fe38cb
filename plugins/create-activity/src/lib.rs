//! Plans an activity.

use signalbox_sdk::prelude::*;

params! {
    struct Params {
        kind: activities::ActivityKind,
        title: Option<String>,
        text: Option<String>,
        deadline: Option<String>,
        duration: Option<Duration>,
        reminders: Option<Vec<u32>>,
        assignee: Option<String>,
        skip_if_open: bool,
    }
}

fn run(invocation: Invocation) -> Result<Outcome, Failure> {
    let params = Params::read()?;
    let item = invocation.require_item()?;
    if params.skip_if_open
        && let Some(open) = activities::list_open(item)?.first()
    {
        return skipped(format!("{item} has the open activity {}", open.id));
    }
    let id = activities::create(item, &params.activity())?;
    done(format!("planned {id} for {item}"))
}

impl Params {
    /// What is not filled in is left to the host's defaults.
    fn activity(self) -> activities::NewActivity {
        activities::NewActivity {
            kind: self.kind,
            title: self.title,
            description: self.text,
            deadline: self.deadline,
            duration: self
                .duration
                .map(|duration| u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)),
            assignee: self.assignee,
            reminders: self.reminders.unwrap_or_default(),
        }
    }
}

signalbox_sdk::robot!(run);
