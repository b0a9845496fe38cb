//! What a robot says of its parameters before it is attached.

use signalbox_crm::attachment::Attachment;
use signalbox_crm::directory::Directory;
use signalbox_crm::event::Fact;
use signalbox_crm::ids::{EventId, ItemId, ItemKind, RunId};
use signalbox_crm::params::plain;
use signalbox_crm::rejection::{Code, Rejection};
use signalbox_crm::robot::Manifest;
use signalbox_crm::sentence::Sentence;
use signalbox_crm::time::Timestamp;
use signalbox_sandbox::{Invocation, Limits};

use super::core::Core;
use super::robots::Robots;

/// Asks the robot whether it takes the parameters of an attachment, which fit its form: a script has its syntax, one
/// field may need another. Where placeholders are among them, the robot is asked when it runs.
///
/// # Errors
/// `invalid`, with the robot's words and the parameters that they name.
pub async fn check_params(
    core: &Core,
    robots: &Robots,
    directory: &Directory,
    attachment: &Attachment,
) -> Result<(), Rejection> {
    let Some(version) = directory.robots.get(&attachment.digest) else {
        return Ok(());
    };
    let Some(params) = plain(&version.manifest, &attachment.params) else {
        return Ok(());
    };
    // What cannot be loaded says so on the page of its run, and may be mended until then.
    let Ok(robot) = robots.get(&core.db, &attachment.digest).await else {
        return Ok(());
    };
    let invocation = invocation(attachment, core.clock.now());
    let sandbox = robots.sandbox();
    let refused = sandbox
        .refused_params(&robot, invocation, params, Limits::default())
        .await;
    match refused {
        None => Ok(()),
        Some(message) => Err(Rejection {
            code: Code::Invalid,
            fields: named(&version.manifest, &message),
            message: Sentence::plain(message),
        }),
    }
}

/// As if a person had started it for a deal.
fn invocation(attachment: &Attachment, now: Timestamp) -> Invocation {
    Invocation {
        run: RunId(0),
        attachment: attachment.id,
        attempt: 1,
        item: Some(ItemId {
            kind: ItemKind::Deal,
            number: 0,
        }),
        event: EventId(0),
        happened_at: now,
        cause: Fact::ManualRun {
            attachment: attachment.id,
            by: None,
        },
    }
}

/// The parameters that the words are about.
fn named(manifest: &Manifest, words: &str) -> Vec<String> {
    let keys = manifest.param.iter().map(|param| param.key.clone());
    keys.filter(|key| words.contains(&format!("`{key}`"))).collect()
}
