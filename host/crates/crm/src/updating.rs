//! The way of an attachment to another version of its robot.

use std::collections::BTreeSet;

use crate::attaching::check_attachment;
use crate::attachment::Attachment;
use crate::directory::{Directory, RobotVersion};
use crate::rejection::Rejection;
use crate::robot::Permission;

/// What another version means for an attachment.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionUpdate {
    /// What the version asks for, and the old one did not.
    pub asks: Vec<Permission>,
    /// Whether the attachment may have it.
    pub verdict: UpdateVerdict,
}

/// Whether an attachment may have another version. Unless it may, the old one goes on.
#[derive(Debug, Clone, PartialEq)]
pub enum UpdateVerdict {
    /// It may: the attachment with that version.
    Updated(Box<Attachment>),
    /// The version asks for more than was approved.
    Waits,
    /// The version does not take the attachment as it is.
    Refused(Rejection),
}

/// Nothing is approved in advance that the version does not ask for.
///
/// # Errors
/// `invalid`, with the interface.
pub fn check_approved(version: &RobotVersion, approved: &BTreeSet<String>) -> Result<(), Rejection> {
    let permissions = &version.manifest.permission;
    let asks = |interface: &String| permissions.iter().any(|one| one.interface == *interface);
    match approved.iter().find(|interface| !asks(interface)) {
        None => Ok(()),
        Some(interface) => {
            let label = version.manifest.label();
            let message = format!("approve: `{label}` does not ask for `{interface}`");
            Err(Rejection::invalid(message))
        }
    }
}

/// Decides about one attachment. What the admin has withheld from the old version stays withheld.
pub fn update_version(
    directory: &Directory,
    before: &Attachment,
    version: &RobotVersion,
    approved: &BTreeSet<String>,
) -> VersionUpdate {
    let old = directory.robots.get(&before.digest);
    let had = |permission: &&Permission| {
        let mut asked = old.iter().flat_map(|old| &old.manifest.permission);
        asked.any(|known| known.interface == permission.interface)
            || before.grants.contains(&permission.interface)
    };
    let wanted = &version.manifest.permission;
    let asks: Vec<Permission> = wanted.iter().filter(|one| !had(one)).cloned().collect();
    if !asks.iter().all(|one| approved.contains(&one.interface)) {
        let verdict = UpdateVerdict::Waits;
        return VersionUpdate { asks, verdict };
    }
    // All that is new is approved by now.
    let granted = wanted
        .iter()
        .filter(|one| before.grants.contains(&one.interface) || !had(one));
    let after = Attachment {
        digest: version.digest.clone(),
        grants: granted.map(|one| one.interface.clone()).collect(),
        version: before.version + 1,
        ..before.clone()
    };
    let verdict = match check_attachment(&after, directory) {
        Ok(_) => UpdateVerdict::Updated(Box::new(after)),
        Err(rejection) => UpdateVerdict::Refused(rejection),
    };
    VersionUpdate { asks, verdict }
}
