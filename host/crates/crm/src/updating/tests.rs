use serde_json::{Value, json};

use super::*;
use crate::directory::DirectoryChange;
use crate::fixture::{World, attachment, manifest, robot};

/// The new version of the robot, which wants these hosts.
fn version(hosts: &[&str]) -> RobotVersion {
    let wants = wanting(hosts, "2.0.0");
    robot("d-new", manifest(wants))
}

fn wanting(hosts: &[&str], version: &str) -> Value {
    let permission = json!([{"interface": "outbound-http", "reason": {"ru": "Спросить.", "en": "To ask."}}]);
    let permission = if hosts.is_empty() { json!([]) } else { permission };
    json!({"version": version, "permission": permission, "http_hosts": hosts, "param": []})
}

/// An attachment that grants some of the hosts that the old version wants.
fn attached(world: &mut World, old: &[&str], granted: &[&str]) -> Attachment {
    let before = attachment(1);
    let known = robot(&before.digest, manifest(wanting(old, "1.0.0")));
    world.set(DirectoryChange::Robot(known, None));
    let is_asked = !old.is_empty();
    Attachment {
        grants: is_asked.then(|| OUTBOUND.to_owned()).into_iter().collect(),
        http_hosts: granted.iter().map(|host| (*host).to_owned()).collect(),
        params: Default::default(),
        ..before
    }
}

fn approved(interfaces: &[&str], hosts: &[&str]) -> Approved {
    Approved {
        interfaces: interfaces.iter().map(|one| (*one).to_owned()).collect(),
        http_hosts: hosts.iter().map(|one| (*one).to_owned()).collect(),
    }
}

/// What the update asks for, and what the attachment grants after it.
fn update(old: &[&str], granted: &[&str], new: &[&str], allowed: Approved) -> String {
    let mut world = World::new();
    let before = attached(&mut world, old, granted);
    let version = version(new);
    world.set(DirectoryChange::Robot(version.clone(), None));
    let update = update_version(&world.directory, &before, &version, &allowed);
    let asks = update.asks_hosts.join(" ");
    match update.verdict {
        UpdateVerdict::Updated(after) => format!("asks [{asks}] has [{}]", after.http_hosts.join(" ")),
        UpdateVerdict::Waits => format!("asks [{asks}] waits"),
        UpdateVerdict::Refused(rejection) => format!("asks [{asks}] refused: {rejection}"),
    }
}

const A: &str = "a.example.com";
const B: &str = "b.example.com";

#[test]
fn host_that_was_never_shown_waits_for_approval() {
    let nothing = Approved::default;
    assert_eq!(
        update(&[A], &[A], &[A, B], nothing()),
        format!("asks [{B}] waits")
    );
    assert_eq!(
        update(&[A], &[A], &[A, B], approved(&[], &[B])),
        format!("asks [{B}] has [{A} {B}]")
    );
    // However it is written.
    assert_eq!(
        update(&[A], &[A], &[A, B], approved(&[], &["https://B.example.com:443"])),
        format!("asks [{B}] has [{A} {B}]")
    );
    // More than one of them.
    assert_eq!(
        update(&[A], &[A], &["*.example.com"], approved(&[], &[])),
        "asks [*.example.com] waits"
    );
    // The permission and its hosts are two questions.
    assert_eq!(
        update(&[], &[], &[A], approved(&["outbound-http"], &[])),
        format!("asks [{A}] waits")
    );
    assert_eq!(
        update(&[], &[], &[A], approved(&[], &[A])),
        format!("asks [{A}] waits")
    );
    assert_eq!(
        update(&[], &[], &[A], approved(&["outbound-http"], &[A])),
        format!("asks [{A}] has [{A}]")
    );
}

#[test]
fn host_that_was_shown_is_no_question_and_stays_withheld() {
    let nothing = Approved::default;
    assert_eq!(
        update(&[A, B], &[A], &[A, B], nothing()),
        format!("asks [] has [{A}]")
    );
    assert_eq!(
        update(&["*"], &[A], &["*.example.com"], nothing()),
        "asks [*.example.com] waits"
    );
    assert_eq!(
        update(&["*"], &[B], &["*", B], nothing()),
        format!("asks [] has [{B}]")
    );
    assert_eq!(
        update(&[A], &[A], &["*"], nothing()),
        format!("asks [] has [{A}]")
    );
}

#[test]
fn host_that_is_not_asked_for_any_more_is_not_granted_any_more() {
    let nothing = Approved::default;
    assert_eq!(
        update(&[A, B], &[A, B], &[B], nothing()),
        format!("asks [] has [{B}]")
    );
    assert_eq!(update(&[A], &[A], &[], nothing()), "asks [] has []");
}

#[test]
fn robot_without_its_permission_reaches_no_host_and_asks_for_none() {
    let mut world = World::new();
    let before = Attachment {
        grants: Vec::new(),
        ..attached(&mut world, &[A], &[A])
    };
    let version = version(&[A, B]);
    world.set(DirectoryChange::Robot(version.clone(), None));
    let update = update_version(&world.directory, &before, &version, &Approved::default());
    assert_eq!(update.asks_hosts, Vec::<String>::new());
    let UpdateVerdict::Updated(after) = update.verdict else {
        panic!("{update:?}");
    };
    assert_eq!((after.grants.len(), after.http_hosts), (0, vec![A.to_owned()]));
}

#[test]
fn nothing_is_approved_that_the_version_does_not_ask_for() {
    let version = version(&[A, "*"]);
    let refused = |allowed: Approved| match check_approved(&version, &allowed) {
        Ok(()) => "ok".to_owned(),
        Err(rejection) => rejection.to_string(),
    };
    let label = version.manifest.label();
    assert_eq!(refused(approved(&[OUTBOUND], &[A])), "ok");
    assert_eq!(
        refused(approved(&["items"], &[])),
        format!("approve: `{label}` does not ask for `items`")
    );
    for (host, name) in [
        (B, B),
        ("*", "*"),
        ("http://a.example.com", "http://a.example.com"),
    ] {
        assert_eq!(
            refused(approved(&[], &[host])),
            format!("approve_hosts: `{label}` does not ask for the host `{name}`")
        );
    }
    assert!(refused(approved(&[], &["a/b"])).contains("`a/b` is no host"));
}
