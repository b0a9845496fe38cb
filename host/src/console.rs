//! The console: pages for people, drawn by the host.
//!
//! A page reads what it shows from the engine; whatever it changes goes through the API (`asking`), so that the same
//! rules, rights and words hold for a click and for a command. All state is in the address, and every form works
//! without JavaScript; the modules under `assets` make it quicker.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower::ServiceExt;
use tower_http::compression::CompressionLayer;

use crate::http::problem::Problem;
use crate::http::{self, AppState};

mod asking;
mod assets;
mod automation;
mod bell;
mod board;
mod calendar;
mod contacts;
mod entering;
mod explain;
mod form;
mod format;
mod home;
mod item;
mod item_fields;
mod live;
mod me;
mod page;
mod paging;
mod robots;
mod runs;
mod search;
mod settings;
mod sign_in;
mod visitor;
mod words;

/// The largest form, in bytes.
const FORM_BYTES_MAX: usize = 256 * 1024;

/// What pages share.
pub(crate) struct Console {
    app: Arc<AppState>,
    /// The API, asked in the name of whoever is signed in.
    api: Router,
}

/// What begins a path that is not the console's.
const OTHERS: [&str; 5] = ["/api/", "/hooks/", "/health", "/ready", "/openapi.json"];

/// Everything that the host serves: the API, and the console for people.
pub fn site(app: Arc<AppState>) -> Router {
    let api = http::router(Arc::clone(&app));
    let console = Arc::new(Console { app, api });
    let pages = Router::new()
        .merge(home::routes())
        .merge(board::routes())
        .merge(item::routes())
        .merge(automation::routes())
        .merge(calendar::routes())
        .merge(contacts::routes())
        .merge(runs::routes())
        .merge(robots::routes())
        .merge(explain::routes())
        .merge(me::routes())
        .merge(bell::routes())
        .merge(search::routes())
        .merge(settings::routes())
        .merge(live::routes())
        .fallback(no_page)
        .layer(middleware::from_fn_with_state(
            Arc::clone(&console),
            entering::enter,
        ));
    Router::new()
        .merge(sign_in::routes())
        .route("/assets/{version}/{name}", get(assets::asset))
        .fallback_service(pages.with_state(Arc::clone(&console)))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&console),
            entering::dress,
        ))
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn_with_state(Arc::clone(&console), for_programs))
        .with_state(console)
}

/// What programs ask for goes to the API as it is.
async fn for_programs(
    State(console): State<Arc<Console>>,
    request: Request,
    next: middleware::Next,
) -> Response {
    let path = request.uri().path();
    if OTHERS.iter().any(|other| path.starts_with(other)) {
        let Ok(answer) = console.api.clone().oneshot(request).await;
        return answer;
    }
    next.run(request).await
}

async fn no_page(uri: axum::http::Uri) -> Response {
    Problem::not_found(uri.path()).into_response()
}
