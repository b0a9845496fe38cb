//! A host with its API, and a client.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use signalbox::app::{App, AppOptions, Grounds};
use signalbox::clock::Clock;
use signalbox::engine::committer::Proposal;
use signalbox::http::{AppState, router, secret, serve};
use signalbox::trust::Trust;
use signalbox_crm::directory::{DirectoryChange, Token};
use signalbox_crm::ids::{EmployeeId, IdKind, TokenId};
use signalbox_crm::people::{Actor, Role};
use signalbox_crm::time::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Monday, 14:20 in Moscow.
pub(super) const NOW: &str = "2026-03-02T11:20:00Z";

pub(super) struct Api {
    pub(super) app: App,
    pub(super) admin: String,
    at: SocketAddr,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// By name in lower case.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Value,
}

impl Answer {
    /// The body of an answer with this status.
    #[track_caller]
    pub(super) fn ok(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{:#}", self.body);
        self.body
    }

    /// Checks a problem: its form, its status, its code.
    #[track_caller]
    pub(super) fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!(
            (self.status, self.body["code"].as_str()),
            (status, Some(code)),
            "{:#}",
            self.body
        );
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.body["type"], format!("urn:signalbox:problem:{code}"));
        assert_eq!(self.body["status"], status);
        assert!(
            self.body["title"].is_string() && self.body["detail"].is_string(),
            "{:#}",
            self.body
        );
        self.body
    }
}

impl Api {
    pub(super) async fn start() -> Api {
        let now = Timestamp::parse(NOW).unwrap();
        Api::start_with(AppOptions::for_test(Clock::starting_at(now))).await
    }

    pub(super) async fn start_with(options: AppOptions) -> Api {
        Api::of(App::start(options).await.unwrap(), Trust::default()).await
    }

    /// On a database and a sender that the test has made.
    pub(super) async fn start_on(grounds: Grounds, options: AppOptions) -> Api {
        Api::of(App::start_on(grounds, options).await.unwrap(), Trust::default()).await
    }

    /// A host that trusts these keys.
    pub(super) async fn start_trusting(trust: Trust) -> Api {
        let now = Timestamp::parse(NOW).unwrap();
        let options = AppOptions::for_test(Clock::starting_at(now));
        Api::of(App::start(options).await.unwrap(), trust).await
    }

    async fn of(app: App, trust: Trust) -> Api {
        let state = Arc::new(AppState::new(
            Arc::clone(&app.core),
            Arc::clone(&app.robots),
            trust,
        ));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, router(state), std::future::pending()));
        let mut api = Api {
            app,
            admin: String::new(),
            at,
        };
        api.admin = api.token(Role::Admin, None).await;
        api
    }

    /// A valid token, made past the API: somebody must be the first.
    pub(super) async fn token(&self, role: Role, employee: Option<EmployeeId>) -> String {
        let secret = secret::fresh();
        let core = &self.app.core;
        let mut proposal = Proposal::new(core.clock.now(), Actor::System);
        proposal.changes.directory.push(DirectoryChange::Token(Token {
            id: TokenId(core.new_id(IdKind::Token)),
            name: role.as_str().to_owned(),
            digest: secret::digest(&secret),
            role,
            employee,
            created_at: core.clock.now(),
            expires_at: None,
            revoked_at: None,
        }));
        core.submit(proposal).await.unwrap();
        secret
    }

    /// One request on a connection of its own.
    pub(super) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Answer {
        let body = body.as_ref();
        let length = body.len();
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
        request.push_str(&format!("content-length: {length}\r\n"));
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        let mut stream = TcpStream::connect(self.at).await.unwrap();
        stream
            .write_all(&[request.as_bytes(), body].concat())
            .await
            .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        read(std::str::from_utf8(&answer).unwrap())
    }

    /// As the admin, below `/api/v1`.
    pub(super) async fn as_admin(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Answer {
        let bearer = format!("Bearer {}", self.admin);
        let headers = [&[("authorization", bearer.as_str())], headers].concat();
        self.send(method, &format!("/api/v1{path}"), &headers, body).await
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.as_admin("GET", path, &[], "").await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Answer {
        self.as_admin("POST", path, &[], body.to_string()).await
    }

    /// A change of something with this version.
    pub(super) async fn change(&self, method: &str, path: &str, version: i64, body: Value) -> Answer {
        self.as_admin(
            method,
            path,
            &[("if-match", &format!("\"{version}\""))],
            body.to_string(),
        )
        .await
    }

    /// Creates and gives the id.
    pub(super) async fn create(&self, path: &str, body: Value) -> String {
        let made = self.post(path, body).await.ok(201);
        made["id"].as_str().unwrap().to_owned()
    }

    /// A pipeline of deals with the stages `new`, `offer` and `lost`, in this order: their ids.
    pub(super) async fn sales(&self) -> Sales {
        let title = json!({"ru": "Продажи", "en": "Sales"});
        let pipeline = json!({"key": "sales", "title": title, "item_kind": "deal"});
        let pipeline = self.create("/pipelines", pipeline).await;
        let stages = format!("/pipelines/{pipeline}/stages");
        let stage = |key: &str, kind: &str| json!({"key": key, "title": title, "kind": kind});
        let new = self.create(&stages, stage("new", "open")).await;
        let mut offer = stage("offer", "open");
        offer["required_fields"] = json!(["amount"]);
        let offer = self.create(&stages, offer).await;
        let mut lost = stage("lost", "lost");
        lost["requires_reason"] = json!(true);
        let lost = self.create(&stages, lost).await;
        Sales {
            pipeline,
            new,
            offer,
            lost,
        }
    }
}

pub(super) struct Sales {
    pub(super) pipeline: String,
    pub(super) new: String,
    pub(super) offer: String,
    pub(super) lost: String,
}

impl Sales {
    pub(super) fn deal(&self, title: &str) -> Value {
        json!({"pipeline": self.pipeline, "title": title})
    }
}

fn read(answer: &str) -> Answer {
    let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
    let (status, headers) = head.split_once("\r\n").unwrap_or((head, ""));
    let header = |line: &str| {
        let (name, value) = line.split_once(": ").expect("a header");
        (name.to_lowercase(), value.to_owned())
    };
    let headers: BTreeMap<String, String> = headers.lines().map(header).collect();
    let is_text = headers
        .get("content-type")
        .is_some_and(|media| media == "application/toml");
    Answer {
        status: status.split(' ').nth(1).unwrap().parse().unwrap(),
        headers,
        body: match body {
            "" => Value::Null,
            text if is_text => Value::String(text.to_owned()),
            json => serde_json::from_str(json).unwrap(),
        },
    }
}
