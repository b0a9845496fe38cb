use axum::http::{HeaderName, HeaderValue};

use super::*;
use crate::channels::tests::channel;
use signalbox_crm::conversation::Provider;

const MANUAL: &str = include_str!("../../../docs/generic-channel.md");
/// The secret of the examples in the manual.
const SECRET: &str = "whsec_c2lnbmFsYm94LWV4YW1wbGUtc2VjcmV0LTAwMQ==";
const MESSAGE: &str = r#"{"type":"message","id":"m-1","chat":"c-1","sender":{"id":"7","name":"Anna Berg",
    "phone":"8(987) 654-32-10","email":"Anna@Example.com"},"text":"Hello","media":"photo","album":"a-1",
    "sent_at":"2026-03-09T14:20:00+03:00"}"#;

fn headers() -> HeaderMap {
    HeaderMap::from_iter([(signature::ID_HEADER.parse().unwrap(), "evt_1".parse().unwrap())])
}

fn refused(body: &str) -> String {
    envelope(&headers(), body).unwrap_err().to_string()
}

fn with(field: &str, value: &str) -> String {
    let mut json: serde_json::Value = serde_json::from_str(MESSAGE).unwrap();
    let pointer = format!("/{}", field.replace('.', "/"));
    let value: Option<serde_json::Value> = (!value.is_empty()).then(|| serde_json::from_str(value).unwrap());
    match (json.pointer_mut(&pointer), value) {
        (Some(place), Some(value)) => *place = value,
        (None, Some(value)) => json[field] = value,
        (_, None) => drop(json.as_object_mut().unwrap().remove(field)),
    }
    json.to_string()
}

/// A request of the manual: its headers and body.
fn example(index: usize) -> (HeaderMap, &'static str) {
    let request = MANUAL.split("```http\n").nth(index + 1).unwrap();
    let (head, rest) = request.split_once("\n\n").unwrap();
    let body = rest.split_once("\n```").unwrap().0;
    let mut headers = HeaderMap::new();
    for line in head.lines().skip(1) {
        let (name, value) = line.split_once(": ").unwrap();
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    (headers, body)
}

fn incoming(body: &str) -> Incoming {
    match read(ChannelId(3), body) {
        Reading::Message(incoming) => incoming,
        Reading::Ignored(why) => panic!("ignored: {why}"),
    }
}

#[test]
fn examples_of_the_manual_have_true_signatures() {
    let mut channel = channel(Provider::Generic);
    channel.inbound_secret = SECRET.to_owned();
    for (index, seconds) in [(0, 1_773_055_201), (1, 1_773_055_261), (2, 1_773_055_320)] {
        let (headers, body) = example(index);
        let fitting = Secret::parse(SECRET).unwrap().sign(
            signature::event_id(&headers).unwrap(),
            seconds,
            body.as_bytes(),
        );
        assert_eq!(
            headers[signature::SIGNATURE_HEADER].to_str().unwrap(),
            fitting,
            "{index}"
        );
        let now = Timestamp::from_micros(seconds * 1_000_000);
        authenticate(&channel, &headers, body.as_bytes(), now).unwrap();
    }
}

#[test]
fn examples_of_the_manual_are_read() {
    let (headers, body) = example(0);
    let known = envelope(&headers, body).unwrap();
    assert_eq!(
        (known.dedup_key.as_str(), known.chat.as_deref()),
        ("evt_1001", Some("chat-42"))
    );
    let (first, edit) = (incoming(body), incoming(example(1).1));
    assert_eq!(first.text, "Is the red one in stock?");
    assert_eq!((edit.external_id, edit.is_edit), (first.external_id, true));
    let full = MANUAL
        .split("```json\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    assert_eq!(incoming(full).points.len(), 3);
}

#[test]
fn message_is_read_with_every_field() {
    let point = |kind, key: &str, raw: &str| ContactPoint {
        kind,
        key: key.to_owned(),
        raw: raw.to_owned(),
    };
    let expected = Incoming {
        chat: "c-1".to_owned(),
        external_id: "m-1".to_owned(),
        sender_name: "Anna Berg".to_owned(),
        points: vec![
            point(PointKind::Handle, "generic:3:7", "7"),
            point(PointKind::Phone, "+79876543210", "8(987) 654-32-10"),
            point(PointKind::Email, "anna@example.com", "Anna@Example.com"),
        ],
        text: "Hello".to_owned(),
        media: Some("photo".to_owned()),
        album: Some("a-1".to_owned()),
        sent_at: "2026-03-09T11:20:00Z".parse().unwrap(),
        is_edit: false,
    };
    assert_eq!(incoming(MESSAGE), expected);
}

#[test]
fn mistyped_phone_does_not_lose_the_message() {
    let message = incoming(&with("sender.phone", r#""ask my wife""#));
    assert_eq!(message.points.len(), 2);
}

#[test]
fn mistake_is_refused_by_name() {
    for (field, value, problem) in [
        ("txt", r#""a""#, "unknown field `txt`"),
        ("sender", r#"{"id":"7","fone":"1"}"#, "unknown field `fone`"),
        (
            "sender",
            r#"{"name":"Anna"}"#,
            "`sender` has none of `id`, `phone`, `email`",
        ),
        ("sender", "", "missing field `sender`"),
        ("id", "", "missing field `id`"),
        ("id", "5", "invalid type: integer `5`, expected a string"),
        (
            "id",
            r#""""#,
            "`id` is ``, not 1 to 128 characters without controls",
        ),
        ("chat", "", "missing field `chat`"),
        (
            "chat",
            r#""a\u0000b""#,
            "`chat` is `ab`, not 1 to 128 characters without controls",
        ),
        (
            "sent_at",
            r#""yesterday""#,
            "`yesterday` is not an RFC 3339 instant",
        ),
        ("sent_at", "", "missing field `sent_at`"),
        ("type", "", "missing field `type`"),
        ("type", "null", "invalid type: null, expected a string"),
    ] {
        let error = refused(&with(field, value));
        assert!(error.contains(problem), "{error}");
    }
    let empty = with("media", "null").replace("Hello", " ");
    assert!(refused(&empty).contains("neither `text` nor `media` says anything"));
    assert!(refused("{").contains("EOF while parsing"));
    assert_eq!(
        envelope(&HeaderMap::new(), MESSAGE).unwrap_err().to_string(),
        "header `webhook-id` is missing or not an id"
    );
}

#[test]
fn unknown_type_is_kept_and_ignored_by_name() {
    let body = r#"{"type":"message.read","chat":"c-1","whatever":[1]}"#;
    assert_eq!(envelope(&headers(), body).unwrap().chat.as_deref(), Some("c-1"));
    assert_eq!(
        read(ChannelId(3), body),
        Reading::Ignored("an event of type `message.read`".to_owned())
    );
}

#[test]
fn channel_without_a_usable_secret_accepts_nothing() {
    let mut channel = channel(Provider::Generic);
    channel.inbound_secret = "hunter2".to_owned();
    let error = authenticate(&channel, &headers(), b"{}", Timestamp::MIN)
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "the inbound secret of channel `shop` does not begin with `whsec_`"
    );
}
