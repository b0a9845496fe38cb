use signalbox_crm::ids::{ChannelId, ConversationId, DeliveryId, MessageId};
use signalbox_crm::timer::DeliveryState;
use tokio::net::TcpListener;

use super::*;
use crate::channels::signature;
use crate::channels::tests::channel;
use crate::exchange::service::Service;

mod over_tls;

const TOKEN: &str = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";
const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const NOW_SECONDS: i64 = 1_773_055_320;

fn to(provider: Provider, base_url: String) -> Channel {
    let secret = match provider {
        Provider::Telegram => TOKEN,
        Provider::Generic => SECRET,
    };
    Channel {
        outbound_secret: Some(secret.to_owned()),
        base_url: Some(base_url),
        ..channel(provider)
    }
}

fn delivery() -> Delivery {
    let now = Timestamp::from_micros(NOW_SECONDS * 1_000_000);
    Delivery {
        id: DeliveryId(5),
        channel: ChannelId(3),
        conversation: ConversationId(9),
        message: MessageId(17),
        seq: 4,
        item: None,
        run: None,
        external_chat: "1609506098".to_owned(),
        text: "Да, две.\n\u{1f44d} \u{5e9}\u{5dc}\u{5d5}\u{5dd}".to_owned(),
        idempotency_key: "message:17".to_owned(),
        state: DeliveryState::Pending,
        attempt_count: 0,
        due_at: now,
        started_at: None,
        last_error: None,
        created_at: now,
        finished_at: None,
    }
}

async fn send_with(sender: &Sender, channel: &Channel) -> Sent {
    let sent = sender
        .send(
            channel,
            &delivery(),
            Timestamp::from_micros(NOW_SECONDS * 1_000_000),
        )
        .await;
    let shown = format!("{sent:?}");
    assert!(
        !shown.contains("AAHdqTcv") && !shown.contains("C2FVsBQI"),
        "{shown}"
    );
    sent
}

async fn sent(provider: Provider, receiver: &Service) -> Sent {
    let channel = to(provider, format!("http://{}/", receiver.start().await));
    send_with(&Sender::new().unwrap(), &channel).await
}

fn dead(error: &str) -> Sent {
    let error = error.to_owned();
    Sent::Dead { error }
}

fn unknown(error: &str) -> Sent {
    Sent::Unknown {
        error: error.to_owned(),
    }
}

fn retry(after_seconds: Option<u64>, error: &str) -> Sent {
    Sent::Retry {
        after: after_seconds.map(Duration::from_secs),
        error: error.to_owned(),
    }
}

#[tokio::test]
async fn telegram_gets_chat_and_text() {
    let receiver = Service::new(
        200,
        r#"{"ok":true,"result":{"message_id":77,"date":1,"chat":{"id":1}}}"#,
    );
    let external_id = Some("77".to_owned());
    assert_eq!(
        sent(Provider::Telegram, &receiver).await,
        Sent::Delivered { external_id }
    );
    let seen = receiver.only();
    assert_eq!(seen.uri.path(), format!("/bot{TOKEN}/sendMessage"));
    assert_eq!(seen.headers["content-type"], "application/json");
    let body: serde_json::Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(body, json!({ "chat_id": 1_609_506_098, "text": delivery().text }));
}

#[tokio::test]
async fn refusals_of_telegram_are_told_apart() {
    let blocked = r#"{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}"#;
    let flood = r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 34","parameters":{"retry_after":34}}"#;
    let endless = flood.replace("34}", "99999999}");
    let no_chat = r#"{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}"#;
    let echo = format!(r#"{{"ok":false,"description":"no method /bot{TOKEN}/sendMessage"}}"#);
    for (receiver, expected) in [
        (
            Service::new(400, no_chat),
            dead("status 400: Bad Request: chat not found"),
        ),
        (
            Service::new(403, blocked),
            dead("status 403: Forbidden: bot was blocked by the user"),
        ),
        (
            Service::new(200, blocked),
            dead("status 403: Forbidden: bot was blocked by the user"),
        ),
        (
            Service::new(404, echo),
            dead("status 404: no method /bot[secret]/sendMessage"),
        ),
        (
            Service::new(429, flood),
            retry(Some(34), "status 429: Too Many Requests: retry after 34"),
        ),
        (
            Service::new(429, endless),
            retry(Some(86_400), "status 429: Too Many Requests: retry after 34"),
        ),
        (
            Service::new(429, "").with("retry-after", "5"),
            retry(Some(5), "status 429: the answer is not Telegram's"),
        ),
        (
            Service::new(500, "{}"),
            unknown("status 500: the answer is not Telegram's"),
        ),
        (
            Service::new(200, "<html>Log in</html>"),
            unknown("status 200, but the answer is not Telegram's"),
        ),
        (
            Service::new(200, vec![b' '; 10 * ANSWER_BYTES_MAX]),
            unknown("status 200, but the answer has more than 65536 bytes"),
        ),
    ] {
        assert_eq!(sent(Provider::Telegram, &receiver).await, expected);
    }
}

#[tokio::test]
async fn generic_receiver_can_verify_the_signature() {
    let receiver = Service::new(200, r#"{"id":"x-1"}"#);
    let external_id = Some("x-1".to_owned());
    assert_eq!(
        sent(Provider::Generic, &receiver).await,
        Sent::Delivered { external_id }
    );
    let seen = receiver.only();
    assert_eq!(seen.headers["idempotency-key"], "message:17");
    assert_eq!(signature::event_id(&seen.headers), Ok("message:17"));
    let now = Timestamp::from_micros(NOW_SECONDS * 1_000_000);
    signature::verify(&Secret::parse(SECRET).unwrap(), &seen.headers, &seen.body, now).unwrap();
    let body: serde_json::Value = serde_json::from_slice(&seen.body).unwrap();
    let expected = json!({
        "type": "message",
        "id": "message:17",
        "chat": "1609506098",
        "text": delivery().text,
        "sent_at": "2026-03-09T11:22:00Z",
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn answers_of_a_generic_receiver_are_told_apart() {
    let delivered = Sent::Delivered { external_id: None };
    for (receiver, expected) in [
        (Service::new(204, ""), delivered.clone()),
        (Service::new(202, "not json"), delivered.clone()),
        (Service::new(200, vec![b'x'; 10 * ANSWER_BYTES_MAX]), delivered),
        (
            Service::new(400, "no\u{0} such\nchat"),
            dead("status 400: no such chat"),
        ),
        (Service::new(410, ""), dead("status 410")),
        (
            Service::new(429, "").with("retry-after", "7"),
            retry(Some(7), "status 429"),
        ),
        (
            Service::new(503, "").with("retry-after", "Mon, 09 Mar 2026 11:00:00 GMT"),
            retry(None, "status 503"),
        ),
        (
            Service::new(503, "").with("retry-after", "Mon, 09 Mar 2026 11:30:00 GMT"),
            retry(Some(480), "status 503"),
        ),
        (
            Service::new(503, "").with("retry-after", "soon"),
            retry(None, "status 503"),
        ),
        (
            Service::new(500, vec![b'x'; 10 * ANSWER_BYTES_MAX]),
            unknown("status 500"),
        ),
    ] {
        assert_eq!(sent(Provider::Generic, &receiver).await, expected);
    }
}

#[tokio::test]
async fn redirect_is_not_followed() {
    let receiver = Service::new(307, "").with("location", "/elsewhere");
    assert_eq!(
        sent(Provider::Generic, &receiver).await,
        retry(None, "status 307")
    );
    receiver.only();
}

#[tokio::test]
async fn silent_receiver_is_given_up_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", silent.local_addr().unwrap());
    let sender = Sender::with(Duration::from_millis(50), RootCertStore::empty()).unwrap();
    for provider in [Provider::Telegram, Provider::Generic] {
        let channel = to(provider, base_url.clone());
        assert_eq!(
            send_with(&sender, &channel).await,
            unknown("no answer within 50 ms")
        );
    }
}

#[tokio::test]
async fn refused_connection_is_tried_again_and_shows_no_token() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let channel = to(Provider::Telegram, base_url);
    match send_with(&Sender::new().unwrap(), &channel).await {
        Sent::Retry { after: None, error } => assert!(error.to_lowercase().contains("refused"), "{error}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn channel_that_cannot_send_says_what_it_lacks() {
    let sender = Sender::new().unwrap();
    let good = to(Provider::Telegram, "http://127.0.0.1:9".to_owned());
    let generic = to(Provider::Generic, "http://127.0.0.1:9".to_owned());
    let without_url = Channel {
        base_url: None,
        ..good.clone()
    };
    let without_secret = Channel {
        outbound_secret: None,
        ..good.clone()
    };
    let odd_token = Channel {
        outbound_secret: Some("1/../2".to_owned()),
        ..good.clone()
    };
    let odd_secret = Channel {
        outbound_secret: Some("whsec_AAAA".to_owned()),
        ..generic
    };
    for (channel, error) in [
        (without_url, "channel `shop` has no base URL"),
        (without_secret, "channel `shop` has no outbound secret"),
        (
            odd_token,
            "channel `shop` has an outbound secret that is not a bot token",
        ),
        (
            odd_secret,
            "channel `shop` has an outbound secret that does not have 24 to 64 bytes",
        ),
    ] {
        assert_eq!(send_with(&sender, &channel).await, dead(error));
    }
    for base_url in ["not a url", "ftp://127.0.0.1"] {
        let channel = to(Provider::Telegram, base_url.to_owned());
        assert!(
            matches!(send_with(&sender, &channel).await, Sent::Dead { .. }),
            "{base_url}"
        );
    }
}
