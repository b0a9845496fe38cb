//! Style sheets and modules, compiled in. Their path has the digest of all of them, so browsers keep them for ever.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::http::problem::Problem;
use signalbox_crm::said;

macro_rules! assets {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("assets/", $name)))),*]
    };
}

/// Every file by its name.
const ASSETS: &[(&str, &str)] = assets![
    "app.css",
    "app.js",
    "automation.css",
    "automation.js",
    "board.css",
    "board.js",
    "drag.js",
    "drop.js",
    "icon.svg",
    "item.css",
    "keys.js",
    "live.js",
    "morph.js",
    "robots.css",
    "robots.js",
    "runs.css",
    "runs.js",
    "setup_file.js",
];

static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = Sha256::new();
    for (name, text) in ASSETS {
        hasher.update(name);
        hasher.update(text);
    }
    hasher.finalize()[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
});

/// Changes when any file does: a page that was drawn by another version of the host is loaded anew.
pub(super) fn version() -> &'static str {
    &VERSION
}

/// Where browsers find a file.
pub(super) fn asset_path(name: &str) -> String {
    format!("/assets/{}/{name}", version())
}

/// One file. An older version's path gets the present one, for pages that are still open.
pub(super) async fn asset(Path((asked, name)): Path<(String, String)>) -> Response {
    let Some((_, text)) = ASSETS.iter().find(|(known, _)| *known == name) else {
        return Problem::not_found_because(said!("`/assets/{asked}/{name}` does not exist", asked, name))
            .into_response();
    };
    let media = match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/javascript; charset=utf-8",
    };
    let cache = match asked == version() {
        true => "public, max-age=31536000, immutable",
        false => "no-store",
    };
    (
        [(header::CONTENT_TYPE, media), (header::CACHE_CONTROL, cache)],
        *text,
    )
        .into_response()
}
