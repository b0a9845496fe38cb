//! The first page: whatever the person may see first.

use std::sync::Arc;

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;

use super::Console;
use super::visitor::Allowed;
use crate::http::caller::{Read, ReadClients};

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new().route("/", get(home))
}

async fn home(visitor: Allowed<Read>) -> Redirect {
    match visitor.may::<ReadClients>() {
        true => Redirect::to("/deals"),
        false => Redirect::to("/robots"),
    }
}
