use axum::http::HeaderMap;
use proptest::prelude::*;
use signalbox_crm::conversation::Guarantee;
use signalbox_crm::ids::ChannelId;

use super::*;

pub(super) fn channel(provider: Provider) -> Channel {
    Channel {
        id: ChannelId(3),
        key: "shop".to_owned(),
        title: "Shop".to_owned(),
        provider,
        inbound_secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".to_owned(),
        outbound_secret: None,
        base_url: None,
        per_second: None,
        guarantee: Guarantee::default(),
        opens_item_in: None,
        default_assignee: None,
        is_active: true,
        version: 1,
    }
}

fn headers() -> HeaderMap {
    HeaderMap::from_iter([(signature::ID_HEADER.parse().unwrap(), "msg_1".parse().unwrap())])
}

#[test]
fn body_has_limits() {
    let telegram = channel(Provider::Telegram);
    let refused = |body: &[u8]| envelope(&telegram, &headers(), body).unwrap_err().to_string();
    let large = format!(r#"{{"update_id":1,"x":"{}"}}"#, "a".repeat(BODY_BYTES_MAX));
    assert_eq!(
        refused(large.as_bytes()),
        format!("the body has {} bytes, more than 1048576", large.len())
    );
    let nested = |depth| {
        format!(
            r#"{{"update_id":1,"x":{}{}}}"#,
            "[".repeat(depth),
            "]".repeat(depth)
        )
    };
    assert_eq!(
        refused(nested(BODY_DEPTH_MAX).as_bytes()),
        "the body is nested more than 64 levels deep"
    );
    envelope(&telegram, &headers(), nested(BODY_DEPTH_MAX - 1).as_bytes()).unwrap();
    assert_eq!(refused(b"{\"\xff\"}"), "the body is not UTF-8 after byte 2");
}

#[test]
fn body_that_cannot_be_stored_as_text_is_refused() {
    let with_nul = b"{\"update_id\":1,\"poll\":\"\0\"}";
    assert!(envelope(&channel(Provider::Telegram), &headers(), with_nul).is_err());
}

/// Checks that nothing panics, and that what is accepted is also read.
fn try_everything(body: &[u8]) {
    for provider in [Provider::Telegram, Provider::Generic] {
        let channel = channel(provider);
        let now = Timestamp::from_micros(0);
        assert!(authenticate(&channel, &headers(), body, now).is_err());
        let _ = envelope(&channel, &headers(), body);
        if let Reading::Message(incoming) = read(&channel, &String::from_utf8_lossy(body)) {
            assert!(!incoming.text.contains('\0'));
            assert!(!incoming.sender_name.contains('\0'));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        try_everything(&body);
    }

    #[test]
    fn damaged_messages_never_panic(at in 0..400_usize, byte in any::<u8>(), cut in 0..400_usize) {
        let telegram = br#"{"update_id":1,"message":{"message_id":2,"from":{"id":7,"is_bot":false,"first_name":"Ira"},"chat":{"id":7,"type":"private"},"date":1773066000,"edit_date":-9223372036854775808,"contact":{"phone_number":"79876543210","user_id":7},"text":"\ud83d\ude00\u0000"}}"#;
        let generic = br#"{"type":"message","id":"1","chat":"2","sender":{"id":"7","phone":"8(987) 654-32-10","email":"a@b.example"},"text":"\ud83d\ude00\u0000","sent_at":"2026-03-09T14:20:00Z"}"#;
        for body in [telegram.as_slice(), generic] {
            let mut body = body.to_vec();
            let at = at % body.len();
            body[at] = byte;
            try_everything(&body);
            body.truncate(cut);
            try_everything(&body);
        }
    }

    #[test]
    fn arbitrary_headers_never_panic(id in "[ -~]{0,40}", time in "[ -~]{0,25}", signature in "[ -~]{0,80}") {
        let mut headers = HeaderMap::new();
        for (name, value) in [("webhook-id", id), ("webhook-timestamp", time), ("webhook-signature", signature)] {
            headers.insert(name, value.parse().unwrap());
        }
        let now = Timestamp::MAX;
        let refused = authenticate(&channel(Provider::Generic), &headers, b"{}", now);
        prop_assert!(refused.is_err());
    }
}
