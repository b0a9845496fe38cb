//! What happens before and after every page: who comes in, and how refusals look.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;
use signalbox_crm::account::is_own_path;
use url::form_urlencoded;

use super::Console;
use super::page::{Page, Section, bare};
use super::visitor::{Visitor, language_of};
use super::words::Words;
use crate::http::problem::ProblemBody;
use crate::http::session_cookie::check_origin;

/// Scripts, styles, images and connections of this host only; no inline script or style, no frame around it.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Lets in who is signed in, and shows the others the door: with the way back to where they wanted to go.
pub(super) async fn enter(State(console): State<Arc<Console>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let Some(visitor) = Visitor::of(&parts, &console).await else {
        return Redirect::to(&door(&parts)).into_response();
    };
    if let Err(problem) = check_origin(&parts) {
        return problem.into_response();
    }
    let visitor = Arc::new(visitor);
    parts.extensions.insert(Arc::clone(&visitor));
    let mut response = next.run(Request::from_parts(parts, body)).await;
    response.extensions_mut().insert(visitor);
    response
}

/// Where one signs in. A form that was sent too late leads back to the page on which it stood.
fn door(parts: &axum::http::request::Parts) -> String {
    let own = parts.uri.path_and_query().map_or("/", |at| at.as_str());
    let referer = || {
        let text = parts.headers.get(header::REFERER)?.to_str().ok()?;
        let url = url::Url::parse(text).ok()?;
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        Some(format!("{}{query}", url.path()))
    };
    let is_page = parts.method == Method::GET && !own.starts_with("/live");
    let back = if is_page {
        own.to_owned()
    } else {
        referer().unwrap_or_default()
    };
    if back == "/" || !is_own_path(&back) {
        return "/sign-in".to_owned();
    }
    let query: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("to", &back)
        .finish();
    format!("/sign-in?{query}")
}

/// Gives every answer its headers, and refusals a page.
pub(super) async fn dress(State(console): State<Arc<Console>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let words = Words(language_of(&parts));
    let response = next.run(Request::from_parts(parts, body)).await;
    let mut response = match response.extensions().get::<ProblemBody>().cloned() {
        Some(problem) => refusal(&console, &problem, &response, words),
        None => response,
    };
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if console.app.is_https() {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
    response
}

fn refusal(_: &Arc<Console>, problem: &ProblemBody, response: &Response, words: Words) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let visitor = response.extensions().get::<Arc<Visitor>>();
    let words = visitor.map_or(words, |visitor| visitor.words);
    let (title, next) = match status {
        StatusCode::NOT_FOUND => (words.t("error-not-found"), words.t("error-not-found-next")),
        StatusCode::FORBIDDEN => {
            let right = words.say(&problem.detail).into();
            (
                words.t("error-forbidden"),
                words.f("error-forbidden-next", &[("right", right)]),
            )
        }
        StatusCode::INTERNAL_SERVER_ERROR => (words.t("error-internal"), words.t("error-internal-next")),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
            (words.t("error-unavailable"), words.say(&problem.detail).into())
        }
        _ => (words.t("error-title"), words.say(&problem.detail).into()),
    };
    let body = html! {
        section.notice.notice-bad data-code=(problem.code) {
            h1 { (title) }
            p { (next) }
            p.row {
                a.button href="" { (words.t("error-retry")) }
                a.button.primary href="/" { (words.t("error-home")) }
            }
        }
    };
    let page = match visitor {
        Some(visitor) => Page::new(visitor, Section::None, title)
            .body(body)
            .into_response(),
        None => bare(words, &title, body),
    };
    (status, page).into_response()
}
