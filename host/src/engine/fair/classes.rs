//! What the set-up says about the turns of runs.

use std::collections::HashMap;

use signalbox_crm::directory::Directory;
use signalbox_crm::ids::AttachmentId;
use signalbox_crm::robot::CONCURRENCY;

use super::{Class, Gate, WEIGHT_DEFAULT};

/// The attachments that have limits, by the set-up: of their own, or of their robot. Where the attachments of a robot
/// have versions with different limits, the lowest holds. A limit that so many workers cannot reach is none.
pub fn classes(directory: &Directory, worker_count: u32) -> HashMap<AttachmentId, Class> {
    let is_felt = |limit: u64| limit < u64::from(worker_count);
    let robots = robot_limits(directory);
    let class = |robot: &str, id: AttachmentId, own: u32| {
        let robot_limit = robots.get(robot).copied().filter(|limit| is_felt(*limit));
        let own = Some(u64::from(own)).filter(|limit| *limit > 0 && is_felt(*limit));
        let gates = [
            robot_limit.map(|limit| (Gate::Robot(robot.to_owned()), limit)),
            own.map(|limit| (Gate::Attachment(id), limit)),
        ];
        let gates = gates.into_iter().flatten();
        Class {
            weight: WEIGHT_DEFAULT,
            gates: gates
                .map(|(gate, limit)| (gate, usize::try_from(limit).unwrap_or(usize::MAX)))
                .collect(),
        }
    };
    let attachments = directory.attachments.values();
    attachments
        .map(|a| (a.id, class(&a.robot, a.id, a.concurrency_max)))
        .filter(|(_, class)| !class.gates.is_empty())
        .collect()
}

/// How often each attached robot may be executed at once, where its manifest says so.
fn robot_limits(directory: &Directory) -> HashMap<&str, u64> {
    let mut limits: HashMap<&str, u64> = HashMap::new();
    for attachment in directory.attachments.values() {
        let version = directory.robots.get(&attachment.digest);
        if let Some(limit) = version.and_then(|version| version.manifest.limits.get(CONCURRENCY)) {
            let lowest = limits.entry(&attachment.robot).or_insert(*limit);
            *lowest = (*lowest).min(*limit).max(1);
        }
    }
    limits
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use signalbox_crm::directory::DirectoryChange;

    use super::*;

    /// A version of `calls` with this limit.
    fn robot(digest: &str, concurrency: u64) -> DirectoryChange {
        let text = json!({"ru": "x", "en": "x"});
        let version = json!({
            "digest": digest, "imports": [], "size_bytes": 1, "installed_at": "2026-03-02T09:00:00Z",
            "is_bundled": false, "is_current": true,
            "manifest": {
                "contract": "0.1", "id": "calls", "version": "1.0.0", "group": "other", "name": text,
                "description": text, "causes": ["manual"], "limits": {"concurrency": concurrency},
            },
        });
        DirectoryChange::Robot(serde_json::from_value(version).expect("a version"), None)
    }

    fn attachment(id: i64, digest: &str, concurrency_max: u32) -> DirectoryChange {
        let attachment = json!({
            "id": format!("attachment:{id}"), "title": "x", "robot": "calls", "digest": digest,
            "moment": {"kind": "manual"}, "grants": [], "is_enabled": true, "concurrency_max": concurrency_max,
        });
        DirectoryChange::Attachment(serde_json::from_value(attachment).expect("an attachment"))
    }

    fn gates(changes: Vec<DirectoryChange>) -> Vec<(i64, Vec<(Gate, usize)>)> {
        let mut directory = Directory::default();
        for change in changes {
            directory.apply(change).expect("applied");
        }
        let classes = classes(&directory, 64).into_iter();
        let mut gates: Vec<_> = classes.map(|(id, class)| (id.0, class.gates)).collect();
        gates.sort_by_key(|(id, _)| *id);
        gates
    }

    #[test]
    fn lowest_limit_of_the_attached_versions_holds_for_a_robot() {
        let robots = || vec![robot("a", 5), robot("b", 3), robot("not attached", 1)];
        let attached = [attachment(1, "a", 0), attachment(2, "b", 2)];
        let of_robot = || (Gate::Robot("calls".to_owned()), 3);
        let own = (Gate::Attachment(AttachmentId(2)), 2);
        assert_eq!(
            gates(robots().into_iter().chain(attached).collect()),
            [(1, vec![of_robot()]), (2, vec![of_robot(), own])]
        );
    }

    #[test]
    fn limit_that_the_workers_cannot_reach_is_none() {
        assert_eq!(gates(vec![robot("a", 64), attachment(1, "a", 64)]), []);
    }
}
