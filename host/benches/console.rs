//! What the pages of a large pipeline cost: `cargo bench -p signalbox --bench console`.
//!
//! A pipeline of 5,000 deals in five stages, each with a client, an amount and an open activity; in the first stage a
//! robot waits for each of its deals. The time from the request to the last byte of the compressed page, in this
//! process; no network, no browser.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Request, Response};
use serde_json::{Value, json};
use signalbox::accounts::Chosen;
use signalbox::app::{App, AppOptions, BACKLOG_MAX, WORKERS_DEFAULT};
use signalbox::bootstrap::bootstrap;
use signalbox::clock::Clock;
use signalbox::console::site;
use signalbox::http::AppState;
use signalbox::trust::Trust;
use tower::ServiceExt;

/// The host's own allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const STAGES: usize = 5;
const DEALS: usize = 5_000;
/// How often each page is asked for.
const VISITS: usize = 31;

const PAGES: [&str; 9] = [
    "/deals",
    "/deals?q=4999",
    "/deals?due=overdue",
    "/deals?view=list",
    "/deals/1",
    "/calendar?assignee=",
    "/automation/1",
    "/runs",
    "/search?q=Deal",
];

struct Host {
    router: Router,
    token: String,
    cookie: String,
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = AppOptions {
        database: Some(format!("sqlite:{}", folder.path().join("console.db").display())),
        worker_count: WORKERS_DEFAULT,
        backlog_max: BACKLOG_MAX,
        ..AppOptions::for_test(Clock::System)
    };
    let app = App::start(options).await.expect("a host");
    let host = Host::of(&app).await;
    host.fill().await;
    println!("| page | median, ms | least to most | bytes, compressed |");
    println!("|---|---|---|---|");
    for page in PAGES {
        let mut times = Vec::with_capacity(VISITS);
        let mut bytes = 0;
        for _ in 0..VISITS {
            let asked_at = Instant::now();
            bytes = host.page(page).await.len();
            times.push(asked_at.elapsed());
        }
        times.sort_unstable();
        let (least, most) = (times[0], times[VISITS - 1]);
        let median = ms(times[VISITS / 2]);
        println!(
            "| `{page}` | {median} | {} to {} | {bytes} |",
            ms(least),
            ms(most)
        );
    }
    app.stop().await;
}

fn ms(duration: Duration) -> String {
    format!("{:.1}", duration.as_secs_f64() * 1_000.0)
}

impl Host {
    /// A host with an administrator who is signed in.
    async fn of(app: &App) -> Host {
        let core = &app.core;
        let first = bootstrap(core, "Europe/Moscow").await.expect("a commit");
        let first = first.expect("a new database");
        let state = AppState::new(Arc::clone(core), Arc::clone(&app.robots), Trust::default());
        let chosen = Chosen {
            password: "correct horse battery",
            name: None,
            email: Some("anna@example.com"),
            agent: "benchmark",
        };
        let signed_in = state.accounts.accept(core, &first.link, chosen).await;
        Host {
            cookie: format!("signalbox={}", signed_in.expect("a fresh link").secret),
            router: site(Arc::new(state)),
            token: first.secret,
        }
    }

    async fn fill(&self) {
        let text = |text: &str| json!({"ru": text, "en": text});
        let pipeline = json!({"key": "sales", "title": text("Sales"), "item_kind": "deal"});
        let pipeline = self.create("/pipelines", pipeline).await;
        let mut stages = Vec::new();
        for number in 0..STAGES {
            let stage = json!({"key": format!("s{number}"), "title": text("A stage"), "kind": "open"});
            stages.push(self.create(&format!("/pipelines/{pipeline}/stages"), stage).await);
        }
        let robot = json!({
            "robot": "notify", "title": "Later", "grants": ["notifications"],
            "moment": {"kind": "stage", "stage": stages[0]}, "timing": {"kind": "delay", "seconds": 604_800, "working": false},
            "params": {"to": ["role:assignee"], "title": "It is time"},
        });
        self.create("/attachments", robot).await;
        for number in 0..DEALS {
            let contact = json!({"name": format!("Client {number}")});
            let contact = self.create("/contacts", contact).await;
            let deal = json!({
                "pipeline": pipeline, "stage": stages[number % STAGES], "title": format!("Deal {number}"),
                "contact": contact, "amount": format!("{}.50 RUB", 1_000 + number),
            });
            let deal = self.create("/items", deal).await;
            let activity = json!({"item": deal, "kind": "call", "title": "Call", "deadline": "+1d"});
            self.create("/activities", activity).await;
        }
    }

    async fn create(&self, path: &str, body: Value) -> String {
        let request = Request::post(format!("/api/v1{path}"))
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json");
        let bytes = self.send(request.body(Body::from(body.to_string()))).await;
        let made: Value = serde_json::from_slice(&bytes).expect("JSON");
        made["id"]
            .as_str()
            .unwrap_or_else(|| panic!("{path}: {made:#}"))
            .to_owned()
    }

    async fn page(&self, path: &str) -> Bytes {
        let request = Request::get(path)
            .header("host", "localhost")
            .header("cookie", &self.cookie)
            .header("accept-encoding", "br, gzip");
        self.send(request.body(Body::empty())).await
    }

    async fn send(&self, request: axum::http::Result<Request<Body>>) -> Bytes {
        let answer: Response<Body> = match self.router.clone().oneshot(request.expect("a request")).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        };
        let status = answer.status();
        let bytes = to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
        assert!(
            status.is_success(),
            "{status}: {}",
            String::from_utf8_lossy(&bytes)
        );
        bytes
    }
}
