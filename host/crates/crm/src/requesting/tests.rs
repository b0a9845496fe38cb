use serde_json::json;

use super::*;
use crate::attachment::Attachment;
use crate::directory::DirectoryChange;
use crate::fixture::{World, at, attachment, deal, manifest, robot};
use crate::http_request::{Method, Wake};
use crate::ids::RunId;

fn asked(url: &str) -> Asked {
    Asked {
        method: Method::Post,
        url: url.to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: Some("{}".to_owned()),
        payload: "deal".to_owned(),
        wake: Wake::Always,
        timeout_s: 0,
        attempts_max: 0,
    }
}

fn part(name: &str, value: &str, secret: Option<&str>) -> Part {
    Part {
        name: name.to_owned(),
        value: value.to_owned(),
        secret: secret.map(str::to_owned),
    }
}

/// A robot that wants `api.example.com` and all below `example.org`, of which the admin grants one.
fn world() -> World {
    let mut world = World::new();
    let wants = manifest(json!({"http_hosts": ["api.example.com", "*.example.org"]}));
    let version = robot(&granted().digest, wants);
    world.set(DirectoryChange::Robot(version, None));
    world
}

fn granted() -> Attachment {
    Attachment {
        http_hosts: vec![
            "api.example.com".to_owned(),
            "b.example.org".to_owned(),
            "evil.net".to_owned(),
        ],
        ..attachment(1)
    }
}

fn stage(world: &World, changes: &mut ChangeSet, asked: Asked) -> Result<RequestId, Rejection> {
    let attachment = granted();
    let asking = Asking {
        attachment: &attachment,
        chain: Origin {
            root: None,
            depth: 2,
            run: Some(RunId(5)),
        },
        item: Some((deal().id, 3)),
    };
    request(&world.rules(), changes, asking, asked)
}

fn refused(asked: Asked) -> String {
    let error = stage(&world(), &mut ChangeSet::default(), asked).expect_err("it is refused");
    format!("{}: {}", error.code.as_str(), error.message.english())
}

#[test]
fn request_is_staged_with_its_defaults_and_a_key_of_its_own() {
    let (world, mut changes) = (world(), ChangeSet::default());
    stage(&world, &mut changes, asked("https://api.example.com/v1?a=1")).expect("granted");
    stage(&world, &mut changes, asked("https://b.example.org/")).expect("granted");
    let [one, two] = changes.requests.as_slice() else {
        panic!("two requests are staged");
    };
    assert_eq!(
        (one.asked.timeout_s, one.asked.attempts_max),
        (TIMEOUT_S, ATTEMPTS)
    );
    assert_eq!(one.origin, "https://api.example.com");
    assert_eq!((one.item, one.stage_entry), (Some(deal().id), Some(3)));
    assert_ne!(one.idempotency_key, two.idempotency_key);
    assert_eq!(changes.write_count(), 2);
}

#[test]
fn manifest_and_admin_must_both_name_the_host() {
    for (url, whose) in [
        ("https://evil.net/", "robot `notify@1.0.0`"),
        ("https://a.example.org/", "attachment:1"),
        ("http://api.example.com/", "robot `notify@1.0.0`"),
        ("https://api.example.com:444/", "robot `notify@1.0.0`"),
    ] {
        let message = refused(asked(url));
        assert!(
            message.starts_with("denied: ") && message.ends_with(whose),
            "{message}"
        );
    }
}

#[test]
fn secret_goes_to_its_own_hosts_only_and_must_exist() {
    let with = |url: &str, secret: &str| Asked {
        headers: vec![part("Authorization", "Bearer ", Some(secret))],
        ..asked(url)
    };
    let mut changes = ChangeSet::default();
    stage(&world(), &mut changes, with("https://api.example.com/", "key")).expect("granted");
    assert_eq!(changes.requests[0].asked.headers[0].name, "authorization");
    assert_eq!(
        refused(with("https://b.example.org/", "key")),
        "denied: https://b.example.org is not among the hosts of secret `key`"
    );
    assert_eq!(
        refused(with("https://api.example.com/", "other")),
        "not-found: there is no secret `other`"
    );
}

#[test]
fn what_is_no_request_is_refused_with_the_reason() {
    let base = || asked("https://api.example.com/");
    let header = |name: &str, value: &str| Asked {
        headers: vec![part(name, value, None)],
        ..base()
    };
    let long = "x".repeat(BODY_BYTES_MAX + 1);
    for (wrong, why) in [
        (asked("/v1"), "no URL"),
        (asked("ftp://api.example.com/"), "neither https nor http"),
        (
            asked("https://user:password@api.example.com/"),
            "a name or a password",
        ),
        (asked("https://api.example.com/#top"), "fragment"),
        (asked(&format!("https://api.example.com/{long}")), "the URL has"),
        (header("Host", "evil.net"), "`host` is set by the host only"),
        (header("Proxy-Authorization", "x"), "set by the host only"),
        (header("x y", "1"), "`x y` is no name"),
        (header("x", "a\r\nhost: evil.net"), "more than visible ASCII"),
        (header("x", "\u{43f}"), "more than visible ASCII"),
        (header("", "1"), "no name"),
        (
            Asked {
                headers: vec![part("x", "1", None); PARTS_MAX + 1],
                ..base()
            },
            "33 headers",
        ),
        (
            Asked {
                method: Method::Get,
                ..base()
            },
            "no meaning with GET",
        ),
        (
            Asked {
                body: Some(long.clone()),
                ..base()
            },
            "the body has",
        ),
        (
            Asked {
                payload: "\0".to_owned(),
                ..base()
            },
            "U+0000",
        ),
        (
            Asked {
                timeout_s: 61,
                ..base()
            },
            "61, not 0 to 60",
        ),
        (
            Asked {
                attempts_max: 11,
                ..base()
            },
            "11, not 0 to 10",
        ),
    ] {
        let message = refused(wrong);
        assert!(
            message.starts_with("invalid: ") && message.contains(why),
            "{message}"
        );
    }
}

fn response(status: u16) -> Response {
    Response {
        status,
        headers: Vec::new(),
        body: String::new(),
        is_cut: false,
    }
}

fn answered(status: u16) -> Attempted {
    Attempted::Answered {
        response: response(status),
        retry_after: None,
    }
}

/// State, pause in seconds, and whether the robot is started again.
fn after(wake: Wake, attempt_count: u32, end: Attempted) -> (RequestState, Option<u64>, bool) {
    let mut changes = ChangeSet::default();
    let new = Asked {
        wake,
        attempts_max: 2,
        ..asked("https://api.example.com/")
    };
    stage(&world(), &mut changes, new).expect("granted");
    let mut request = changes.requests.remove(0);
    request.attempt_count = attempt_count;
    let now = at("2026-03-02T12:00:00Z");
    attempted(&mut changes, request, end, now);
    let request = &changes.requests_done[0];
    let pause = (request.state == RequestState::Pending).then(|| request.due_at.since(now).as_secs());
    assert_eq!(request.finished_at.is_none(), pause.is_some());
    (request.state, pause, !changes.facts.is_empty())
}

#[test]
fn what_may_pass_is_tried_again_and_then_the_robot_is_told() {
    let failed = || Attempted::Failed {
        error: "no answer within 10 s".to_owned(),
    };
    for end in [answered(503), answered(429), failed()] {
        let (state, pause, wakes) = after(Wake::Always, 0, end.clone());
        assert_eq!((state, wakes), (RequestState::Pending, false), "{end:?}");
        assert!(pause.is_some_and(|pause| pause < 60));
    }
    let waits = Attempted::Answered {
        response: response(429),
        retry_after: Some(Duration::from_secs(600)),
    };
    assert_eq!(after(Wake::Always, 0, waits).1, Some(600));
    assert_eq!(
        after(Wake::Always, 1, answered(503)),
        (RequestState::Answered, None, true)
    );
    assert_eq!(after(Wake::Always, 1, failed()), (RequestState::Dead, None, true));
    let never = Attempted::Impossible {
        error: "there is no secret `key`".to_owned(),
    };
    assert_eq!(after(Wake::Always, 0, never), (RequestState::Dead, None, true));
}

#[test]
fn robot_is_started_again_when_it_said_so() {
    for (wake, status, wakes) in [
        (Wake::Always, 200, true),
        (Wake::OnFailure, 200, false),
        (Wake::OnFailure, 302, false),
        (Wake::OnFailure, 404, true),
        (Wake::Never, 404, false),
    ] {
        assert_eq!(
            after(wake, 0, answered(status)),
            (RequestState::Answered, None, wakes),
            "{wake:?} {status}"
        );
    }
}
