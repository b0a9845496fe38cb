use signalbox_crm::attachment::Attachment;
use signalbox_crm::directory::DirectoryChange;
use signalbox_crm::event::Origin;
use signalbox_crm::http_request::{RequestState, Wake};
use signalbox_crm::ids::{AttachmentId, RequestId, RunId};
use signalbox_crm::secret::Secret;
use tokio::net::TcpListener;

use super::*;
use crate::exchange::service::Service;

const SECRET: &str = "s3cr3t/value+1";

fn part(name: &str, value: &str, secret: Option<&str>) -> Part {
    Part {
        name: name.to_owned(),
        value: value.to_owned(),
        secret: secret.map(str::to_owned),
    }
}

fn request(url: &str) -> HttpRequest {
    HttpRequest {
        id: RequestId(7),
        attachment: AttachmentId(1),
        chain: Origin {
            root: None,
            depth: 1,
            run: Some(RunId(5)),
        },
        item: None,
        stage_entry: None,
        origin: String::new(),
        asked: Asked {
            method: Method::Post,
            url: url.to_owned(),
            query: vec![part("deal", "a b&c", None), part("key", "", Some("key"))],
            headers: vec![part("authorization", "Bearer ", Some("key"))],
            body: Some("{}".to_owned()),
            payload: String::new(),
            wake: Wake::Always,
            timeout_s: 5,
            attempts_max: 5,
        },
        idempotency_key: "5e1f:request:7".to_owned(),
        state: RequestState::Pending,
        attempt_count: 0,
        due_at: Timestamp::MIN,
        last_error: None,
        response: None,
        created_at: Timestamp::MIN,
        finished_at: None,
    }
}

/// A host where one attachment may reach these, with one secret for them.
fn directory(hosts: &[String]) -> Directory {
    let mut directory = Directory::default();
    let attachment: Attachment = serde_json::from_value(serde_json::json!({
        "id": "attachment:1", "title": "A", "robot": "r", "digest": "d", "moment": {"kind": "manual"},
        "grants": ["outbound-http"], "http_hosts": hosts, "is_enabled": true,
    }))
    .unwrap();
    let secret = Secret {
        name: "key".to_owned(),
        value: SECRET.to_owned(),
        hosts: hosts.to_vec(),
        version: 1,
    };
    for change in [
        DirectoryChange::Attachment(attachment),
        DirectoryChange::Secret(secret),
    ] {
        directory.apply(change).unwrap();
    }
    directory
}

/// Sends the request to where it goes; `is_open` lets the operator name that place.
async fn sent(request: &HttpRequest, is_open: bool) -> Attempted {
    let url = Url::parse(&request.asked.url).unwrap();
    let host = format!(
        "{}://{}:{}",
        url.scheme(),
        url.host_str().unwrap(),
        url.port().unwrap_or(80)
    );
    let private: Vec<WebHost> = match is_open {
        true => vec![host.parse().unwrap()],
        false => Vec::new(),
    };
    let sender = WebSender::new(private.into()).unwrap();
    sender.send(&directory(&[host]), request, Timestamp::MIN).await
}

#[track_caller]
fn response(attempted: Attempted) -> Response {
    match attempted {
        Attempted::Answered { response, .. } => response,
        other => panic!("no answer: {other:?}"),
    }
}

#[track_caller]
fn impossible(attempted: Attempted) -> String {
    match attempted {
        Attempted::Impossible { error } => error,
        other => panic!("it was sent: {other:?}"),
    }
}

#[tokio::test]
async fn secrets_go_to_the_service_and_do_not_come_back() {
    let echo = format!("you said Bearer {SECRET} and s3cr3t%2Fvalue%2B1");
    let service = Service::new(200, echo).with("x-echo", format!("<{SECRET}>"));
    let at = service.start().await;
    let answered = response(sent(&request(&format!("http://{at}/v1?a=1")), true).await);
    let seen = service.only();
    assert_eq!(seen.method, "POST");
    assert_eq!(
        seen.uri.to_string(),
        "/v1?a=1&deal=a+b%26c&key=s3cr3t%2Fvalue%2B1"
    );
    assert_eq!(seen.headers["authorization"], format!("Bearer {SECRET}"));
    assert_eq!(seen.headers["idempotency-key"], "5e1f:request:7");
    assert_eq!(seen.headers["content-type"], "application/json");
    assert_eq!(seen.headers.get_all("content-type").iter().count(), 1);
    assert_eq!(seen.body, "{}");
    assert_eq!(answered.body, "you said Bearer [secret] and [secret]");
    let echo = answered.headers.iter().find(|header| header.name == "x-echo");
    assert_eq!(echo.unwrap().value, "<[secret]>");
    assert!(!format!("{answered:?}").contains("s3cr3t"));
}

#[tokio::test]
async fn private_addresses_are_reached_where_the_operator_names_them_only() {
    let service = Service::new(200, "inside");
    let at = service.start().await;
    let port = at.port();
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://0x7f.1:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://169.254.169.254:{port}/latest/meta-data"),
    ] {
        let error = impossible(sent(&request(&url), false).await);
        assert!(error.contains("is no public address"), "{url}: {error}");
    }
    // A name is looked at when it is resolved.
    let failed = sent(&request(&format!("http://localhost:{port}/")), false).await;
    let Attempted::Failed { error } = failed else {
        panic!("{failed:?}");
    };
    assert!(error.contains("`localhost` is no public address"), "{error}");
    assert!(service.seen_count() == 0, "nothing has arrived");
    response(sent(&request(&format!("http://localhost:{port}/")), true).await);
    assert_eq!(service.seen_count(), 1);
}

#[tokio::test]
async fn redirect_is_an_answer_and_nobody_follows_it() {
    let service = Service::new(302, "").with("location", "http://169.254.169.254/latest/meta-data");
    let at = service.start().await;
    let answered = response(sent(&request(&format!("http://{at}/")), true).await);
    assert_eq!(answered.status, 302);
    service.only();
}

#[tokio::test]
async fn answer_is_cut_at_its_limits_and_read_in_its_own_letters() {
    let long = Service::new(200, vec![b'x'; ANSWER_BYTES_MAX + 1]);
    let at = long.start().await;
    let answered = response(sent(&request(&format!("http://{at}/")), true).await);
    assert_eq!((answered.body.len(), answered.is_cut), (ANSWER_BYTES_MAX, true));
    let mut many = Service::new(200, "");
    for _ in 0..HEADERS_MAX + 1 {
        many = many.with("x-more", "1");
    }
    let at = many.start().await;
    let answered = response(sent(&request(&format!("http://{at}/")), true).await);
    assert_eq!((answered.headers.len(), answered.is_cut), (HEADERS_MAX, true));
    let russian = Service::new(200, vec![0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2, 0x00])
        .with("content-type", "text/plain; charset=\"windows-1251\"");
    let at = russian.start().await;
    let answered = response(sent(&request(&format!("http://{at}/")), true).await);
    assert_eq!(
        (answered.body.as_str(), answered.is_cut),
        ("Привет\u{fffd}", false)
    );
}

#[tokio::test]
async fn what_was_withdrawn_since_never_leaves() {
    let service = Service::new(200, "");
    let at = service.start().await;
    let host = format!("http://{at}");
    let private: Vec<WebHost> = vec![host.parse().unwrap()];
    let sender = WebSender::new(private.into()).unwrap();
    let asked = request(&format!("http://{at}/"));
    let mut withdrawn = directory(std::slice::from_ref(&host));
    withdrawn
        .apply(DirectoryChange::SecretRemoved("key".to_owned()))
        .unwrap();
    let error = impossible(sender.send(&withdrawn, &asked, Timestamp::MIN).await);
    assert_eq!(error, "there is no secret `key`");
    let error = impossible(sender.send(&directory(&[]), &asked, Timestamp::MIN).await);
    assert!(
        error.contains("is not among the hosts of attachment:1"),
        "{error}"
    );
    let error = impossible(sender.send(&Directory::default(), &asked, Timestamp::MIN).await);
    assert_eq!(error, "attachment:1 was removed");
    assert!(service.seen_count() == 0);
}

#[tokio::test]
async fn service_that_is_not_there_or_says_nothing_is_a_failed_attempt() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let failed = sent(&request(&format!("http://{closed}/")), true).await;
    let Attempted::Failed { error } = failed else {
        panic!("{failed:?}");
    };
    assert!(error.contains("refused") && !error.contains("s3cr3t"), "{error}");
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut asked = request(&format!("http://{}/", silent.local_addr().unwrap()));
    asked.asked.timeout_s = 1;
    let failed = sent(&asked, true).await;
    assert_eq!(
        failed,
        Attempted::Failed {
            error: "no answer within 1000 ms".to_owned()
        }
    );
}
