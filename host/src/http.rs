//! The HTTP API: decodes requests, checks who asks, lets `engine` and `crm` decide, encodes answers.
//!
//! No SQL and no rules here. Each handler names in the type of its `Caller` what the caller must be allowed to do.

use signalbox_crm::said;
use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;

use crate::accounts::Accounts;
use crate::engine::core::SharedCore;
use crate::engine::robots::Robots;
use crate::trust::Trust;

mod absences;
mod activities;
mod activity_changes;
mod attachment_form;
mod attachments;
mod automation;
mod bulk;
mod calendars;
pub(crate) mod caller;
mod channels;
mod contact_changes;
mod contacts;
mod conversations;
mod dead_letters;
mod deliveries;
mod document;
mod dry_runs;
mod employees;
mod explain;
mod failure;
mod fields;
mod health;
mod hooks;
mod inbound;
pub(crate) mod input;
mod item_changes;
mod item_records;
mod items;
mod messages;
mod notifications;
pub(crate) mod paging;
mod pipelines;
pub(crate) mod problem;
mod requests;
mod robot_update;
mod robots;
mod run_files;
mod run_view;
mod runs;
pub mod secret;
mod secrets;
pub mod server;
pub(crate) mod session_cookie;
mod setup;
mod setup_files;
mod stages;
mod status;
mod tokens;
mod version;
mod writing;

pub use document::openapi;
pub use server::serve;

use problem::{Kind, Problem};

/// Where the API lives.
const BASE: &str = "/api/v1";

/// What handlers share.
pub struct AppState {
    /// The engine.
    pub core: SharedCore,
    /// Robots that are loaded: an installed one is compiled at once.
    pub robots: Arc<Robots>,
    /// Whose robots may be installed.
    pub trust: Trust,
    /// Who may sign in, and how fast.
    pub accounts: Accounts,
    /// Where people reach this host, without a slash at the end; as they ask for it without it.
    pub public_url: Option<String>,
}

impl AppState {
    /// What handlers share, for people who reach the host as they ask for it.
    pub fn new(core: SharedCore, robots: Arc<Robots>, trust: Trust) -> Self {
        AppState {
            core,
            robots,
            trust,
            accounts: Accounts::default(),
            public_url: None,
        }
    }

    /// Whether people reach this host over HTTPS.
    pub fn is_https(&self) -> bool {
        let url = self.public_url.as_deref();
        url.is_some_and(|url| url.starts_with("https://"))
    }
}

/// All routes, each with its part of the OpenAPI document.
fn routes() -> OpenApiRouter<Arc<AppState>> {
    let api = OpenApiRouter::new()
        .merge(pipelines::routes())
        .merge(stages::routes())
        .merge(fields::routes())
        .merge(calendars::routes())
        .merge(items::routes())
        .merge(item_changes::routes())
        .merge(item_records::routes())
        .merge(explain::routes())
        .merge(contacts::routes())
        .merge(activities::routes())
        .merge(activity_changes::routes())
        .merge(employees::routes())
        .merge(absences::routes())
        .merge(notifications::routes())
        .merge(channels::routes())
        .merge(conversations::routes())
        .merge(messages::routes())
        .merge(robots::routes())
        .merge(attachments::routes())
        .merge(automation::routes())
        .merge(setup_files::routes())
        .merge(runs::routes())
        .merge(dry_runs::routes())
        .merge(robot_update::routes())
        .merge(run_files::routes())
        .merge(tokens::routes())
        .merge(dead_letters::routes())
        .merge(bulk::routes())
        .merge(deliveries::routes())
        .merge(requests::routes())
        .merge(secrets::routes())
        .merge(inbound::routes())
        .merge(status::routes());
    OpenApiRouter::new()
        .nest(BASE, api)
        .merge(health::routes())
        .merge(hooks::routes())
}

/// The whole HTTP surface of the host.
pub fn router(app: Arc<AppState>) -> Router {
    let (router, _) = routes().split_for_parts();
    let draining = middleware::from_fn_with_state(Arc::clone(&app), unless_draining);
    guarded(router.layer(draining)).with_state(app)
}

/// What holds for every route: limits, and a problem for whatever goes wrong outside the handlers.
fn guarded<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(DefaultBodyLimit::max(input::BODY_BYTES_MAX))
}

/// A host that is about to stop takes no changes: who comes to the next one is answered there.
async fn unless_draining(State(app): State<Arc<AppState>>, request: Request, next: Next) -> Response {
    if app.core.draining.is_on() && !request.method().is_safe() {
        return Problem::new(Kind::Unavailable, said!("the host is shutting down")).into_response();
    }
    next.run(request).await
}

async fn no_route(uri: axum::http::Uri) -> Problem {
    Problem::not_found(uri.path())
}

async fn no_method(method: axum::http::Method, uri: axum::http::Uri) -> Problem {
    let detail = said!("`{path}` does not take {method}", path = uri.path(), method);
    Problem::new(Kind::MethodNotAllowed, detail)
}

/// A panic ends its request only.
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    tracing::error!(error = %text, "A request panicked: {text}");
    Problem::new(Kind::Internal, said!("the host failed; its log says why")).into_response()
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::Notify;

    use super::*;

    async fn ask(at: std::net::SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(at).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    async fn panics() -> Problem {
        panic!("the secret of the house");
    }

    #[tokio::test]
    async fn panic_ends_its_request_only_and_tells_nothing() {
        let router: Router = guarded(
            Router::new()
                .route("/panic", get(panics))
                .route("/", get(async || "here")),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, router, std::future::pending()));
        let answer = ask(at, "/panic").await;
        assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
        assert!(
            answer.contains(r#""code":"internal""#) && !answer.contains("secret"),
            "{answer}"
        );
        assert!(ask(at, "/").await.ends_with("here"));
    }

    #[tokio::test]
    async fn request_that_has_begun_is_answered_before_the_end() {
        let (begun, stop, go_on) = (
            Arc::new(Notify::new()),
            Arc::new(Notify::new()),
            Arc::new(Notify::new()),
        );
        let (has_begun, may_go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
        let slow = async move || {
            has_begun.notify_one();
            may_go_on.notified().await;
            "answered"
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let stopping = Arc::clone(&stop);
        let router = guarded(Router::new().route("/slow", get(slow)));
        let serving = tokio::spawn(serve(listener, router, async move { stopping.notified().await }));
        let asking = tokio::spawn(async move { ask(at, "/slow").await });
        begun.notified().await;
        stop.notify_one();
        tokio::task::yield_now().await;
        assert!(!serving.is_finished());
        go_on.notify_one();
        assert!(asking.await.unwrap().ends_with("answered"));
        serving.await.unwrap().unwrap();
    }
}
