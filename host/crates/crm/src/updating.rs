//! The way of an attachment to another version of its robot.

use std::collections::BTreeSet;

use crate::attaching::check_attachment;
use crate::attachment::Attachment;
use crate::directory::{Directory, RobotVersion};
use crate::rejection::Rejection;
use crate::robot::Permission;
use crate::said;
use crate::web_host::{WebHost, read_hosts};

#[cfg(test)]
mod tests;

/// The permission that hosts of the web belong to.
const OUTBOUND: &str = "outbound-http";

/// What an admin allows besides what attachments grant already.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Approved {
    /// Interfaces.
    pub interfaces: BTreeSet<String>,
    /// Hosts of the web, as the version names them.
    pub http_hosts: Vec<String>,
}

/// What another version means for an attachment.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionUpdate {
    /// What the version asks for, and the old one did not.
    pub asks: Vec<Permission>,
    /// The hosts of the web that it names, and that neither the old one named nor the attachment grants.
    pub asks_hosts: Vec<String>,
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
/// `invalid`, with the interface or the host.
pub fn check_approved(version: &RobotVersion, approved: &Approved) -> Result<(), Rejection> {
    let (manifest, label) = (&version.manifest, version.manifest.label());
    let asks = |interface: &String| {
        let mut permissions = manifest.permission.iter();
        permissions.any(|one| one.interface == *interface)
    };
    if let Some(interface) = approved.interfaces.iter().find(|interface| !asks(interface)) {
        let message = said!(
            "approve: `{label}` does not ask for `{interface}`",
            label,
            interface
        );
        return Err(Rejection::invalid(message));
    }
    let named = known(&manifest.http_hosts_named());
    for host in read_hosts(&approved.http_hosts)? {
        if !named.contains(&host) {
            let message = said!(
                "approve_hosts: `{label}` does not ask for the host `{host}`",
                label,
                host
            );
            return Err(Rejection::invalid(message));
        }
    }
    Ok(())
}

/// Decides about one attachment. What the admin has withheld from the old version stays withheld.
pub fn update_version(
    directory: &Directory,
    before: &Attachment,
    version: &RobotVersion,
    approved: &Approved,
) -> VersionUpdate {
    let old = directory.robots.get(&before.digest);
    let had = |permission: &&Permission| {
        let mut asked = old.iter().flat_map(|old| &old.manifest.permission);
        asked.any(|known| known.interface == permission.interface)
            || before.grants.contains(&permission.interface)
    };
    let wanted = &version.manifest.permission;
    let asks: Vec<Permission> = wanted.iter().filter(|one| !had(one)).cloned().collect();
    // All that is new is approved before it counts.
    let granted = wanted
        .iter()
        .filter(|one| before.grants.contains(&one.interface) || !had(one));
    let grants: Vec<String> = granted.map(|one| one.interface.clone()).collect();
    let asks_hosts = match grants.iter().any(|interface| interface == OUTBOUND) {
        true => new_hosts(before, old.map(AsRef::as_ref), version),
        // What was withheld reaches no host.
        false => Vec::new(),
    };
    let is_approved = asks
        .iter()
        .all(|one| approved.interfaces.contains(&one.interface))
        && are_approved(&asks_hosts, approved);
    if !is_approved {
        let verdict = UpdateVerdict::Waits;
        return VersionUpdate {
            asks,
            asks_hosts,
            verdict,
        };
    }
    let after = Attachment {
        digest: version.digest.clone(),
        grants,
        http_hosts: [still_asked(before, version), asks_hosts.clone()].concat(),
        version: before.version + 1,
        ..before.clone()
    };
    let verdict = match check_attachment(&after, directory) {
        Ok(_) => UpdateVerdict::Updated(Box::new(after)),
        Err(rejection) => UpdateVerdict::Refused(rejection),
    };
    VersionUpdate {
        asks,
        asks_hosts,
        verdict,
    }
}

/// Hosts that the version names, and that the admin has not been shown yet. `*` names none.
fn new_hosts(before: &Attachment, old: Option<&RobotVersion>, version: &RobotVersion) -> Vec<String> {
    let mut seen = known(&before.http_hosts);
    seen.extend(old.iter().flat_map(|old| known(&old.manifest.http_hosts_named())));
    let mut named = version.manifest.http_hosts_named();
    named.retain(|text| {
        let host = text.parse::<WebHost>();
        host.is_ok_and(|host| !seen.iter().any(|one| one.includes(&host)))
    });
    named
}

/// The granted hosts that the version asks for as well.
fn still_asked(before: &Attachment, version: &RobotVersion) -> Vec<String> {
    let asked = known(&version.manifest.http_hosts);
    let mut kept = before.http_hosts.clone();
    kept.retain(|text| {
        let host = text.parse::<WebHost>();
        host.is_ok_and(|host| asked.iter().any(|one| one.includes(&host)))
    });
    kept
}

fn are_approved(hosts: &[String], approved: &Approved) -> bool {
    let approved = known(&approved.http_hosts);
    known(hosts).iter().all(|host| approved.contains(host))
}

/// Hosts that were checked when they were stored.
fn known(texts: &[String]) -> Vec<WebHost> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}
