//! The door: signing in, and the link with which somebody chooses a password.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use maud::{Markup, html};
use serde::Deserialize;
use signalbox_crm::account::{PASSWORD_CHARS_MIN, is_own_path};

use super::Console;
use super::form::Form;
use super::page::bare;
use super::visitor::language_of;
use super::words::Words;
use crate::accounts::{Chosen, InvitationError, SignInError, SignedIn, invited};
use crate::http::problem::Problem;
use crate::http::session_cookie::{check_origin, session_cookie, set_session};

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new()
        .route("/sign-in", get(ask_who).post(sign_in))
        .route("/set-up/{secret}", get(ask_password).post(accept))
}

/// Somebody at the door: the language, and the name of the browser. Refuses forms of other sites.
struct Guest {
    words: Words,
    agent: String,
    /// Was signed in, and is not any more.
    is_late: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for Guest {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        check_origin(parts)?;
        Ok(Guest {
            words: Words(language_of(parts)),
            agent: agent(&parts.headers),
            is_late: session_cookie(&parts.headers).is_some(),
        })
    }
}

fn agent(headers: &HeaderMap) -> String {
    let header = headers.get(header::USER_AGENT);
    header
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}

/// Where the person wanted to go.
#[derive(Debug, Default, Deserialize)]
struct Back {
    to: Option<String>,
}

impl Back {
    fn path(&self) -> &str {
        let path = self.to.as_deref().filter(|path| is_own_path(path));
        path.unwrap_or("/")
    }
}

async fn ask_who(guest: Guest, Query(back): Query<Back>) -> Response {
    let notice = (back.to.is_some() && guest.is_late).then(|| guest.words.t("sign-in-again"));
    sign_in_page(guest.words, "", back.path(), notice.as_deref())
}

async fn sign_in(State(console): State<Arc<Console>>, guest: Guest, form: Form) -> Result<Response, Problem> {
    let words = guest.words;
    let (email, password) = (
        form.get("email").unwrap_or_default(),
        form.get("password").unwrap_or_default(),
    );
    let back = Back {
        to: form.get("to").map(str::to_owned),
    };
    let core = &console.app.core;
    let (status, notice) = match console
        .app
        .accounts
        .sign_in(core, email, password, &guest.agent)
        .await
    {
        Ok(signed_in) => return Ok(welcome(&console, &signed_in, back.path())),
        Err(SignInError::Wrong) => (StatusCode::UNPROCESSABLE_ENTITY, words.t("sign-in-wrong")),
        Err(SignInError::Wait(left)) => {
            let seconds = i64::try_from(left.as_secs()).unwrap_or(i64::MAX);
            let text = words.f("sign-in-wait", &[("seconds", seconds.into())]);
            (StatusCode::TOO_MANY_REQUESTS, text)
        }
        Err(SignInError::Busy) => (StatusCode::SERVICE_UNAVAILABLE, words.t("sign-in-busy")),
        Err(SignInError::Draft(error)) => return Err(error.into()),
    };
    Ok((status, sign_in_page(words, email, back.path(), Some(&notice))).into_response())
}

fn welcome(console: &Console, signed_in: &SignedIn, to: &str) -> Response {
    let cookie = set_session(&signed_in.secret, console.app.is_https());
    ([(header::SET_COOKIE, cookie)], Redirect::to(to)).into_response()
}

fn sign_in_page(words: Words, email: &str, to: &str, notice: Option<&str>) -> Response {
    let body = html! {
        form.door method="post" action="/sign-in" {
            h1 { (words.t("sign-in-title")) }
            (said(notice))
            input type="hidden" name="to" value=(to);
            label {
                span { (words.t("sign-in-email")) }
                input type="email" name="email" value=(email) autocomplete="username" required autofocus;
            }
            label {
                span { (words.t("sign-in-password")) }
                input type="password" name="password" autocomplete="current-password" required;
            }
            button.primary { (words.t("sign-in-go")) }
            p.quiet { (words.t("sign-in-lost")) }
        }
    };
    bare(words, &words.t("sign-in-title"), body)
}

fn said(notice: Option<&str>) -> Markup {
    html! { @if let Some(notice) = notice { p.notice role="alert" { (notice) } } }
}

async fn ask_password(
    State(console): State<Arc<Console>>,
    guest: Guest,
    Path(secret): Path<String>,
) -> Response {
    match Newcomer::of(&console, &secret) {
        Some(newcomer) => set_up_page(guest.words, &newcomer, None),
        None => over(guest.words),
    }
}

async fn accept(
    State(console): State<Arc<Console>>,
    guest: Guest,
    Path(secret): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let words = guest.words;
    let Some(newcomer) = Newcomer::of(&console, &secret) else {
        return Ok(over(words));
    };
    let chosen = Chosen {
        password: form.get("password").unwrap_or_default(),
        name: newcomer.is_unnamed.then(|| form.get("name").unwrap_or_default()),
        email: newcomer
            .email
            .is_none()
            .then(|| form.get("email").unwrap_or_default()),
        agent: &guest.agent,
    };
    let typed = Newcomer {
        name: chosen.name.unwrap_or(&newcomer.name).to_owned(),
        email: newcomer.email.clone(),
        typed_email: chosen.email.unwrap_or_default().to_owned(),
        is_unnamed: newcomer.is_unnamed,
    };
    let accounts = &console.app.accounts;
    let notice = match accounts.accept(&console.app.core, &secret, chosen).await {
        Ok(signed_in) => return Ok(welcome(&console, &signed_in, "/")),
        Err(InvitationError::Over) => return Ok(over(words)),
        Err(InvitationError::Rejected(rejection)) => {
            let is_password = rejection.fields.iter().any(|field| field == "password");
            let key = if is_password {
                "set-up-wrong-password"
            } else {
                "set-up-wrong"
            };
            words.f(key, &[("reason", words.say(&rejection.message).into())])
        }
        Err(InvitationError::Busy) => words.t("sign-in-busy"),
        Err(InvitationError::Draft(error)) => return Err(error.into()),
    };
    let page = set_up_page(words, &typed, Some(&notice));
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// Whose link it is, and what is not known of the person yet.
struct Newcomer {
    name: String,
    /// Known already: only an administrator changes it.
    email: Option<String>,
    typed_email: String,
    /// The administrator that the host has made itself.
    is_unnamed: bool,
}

impl Newcomer {
    fn of(console: &Console, secret: &str) -> Option<Self> {
        let core = &console.app.core;
        let directory = core.records.directory();
        let id = invited(&directory, secret, core.clock.now())?;
        let person = directory.employees.get(&id)?;
        let has_signed_in = directory
            .accounts
            .get(&id)
            .is_some_and(|account| account.password.is_some());
        Some(Newcomer {
            name: person.name.clone(),
            email: person.email.clone(),
            typed_email: String::new(),
            is_unnamed: person.email.is_none() && !has_signed_in,
        })
    }
}

fn set_up_page(words: Words, newcomer: &Newcomer, notice: Option<&str>) -> Response {
    let body = html! {
        form.door method="post" {
            h1 { (words.t("set-up-title")) }
            p { (words.t("set-up-about")) }
            (said(notice))
            label {
                span { (words.t("set-up-name")) }
                input name="name" value=(newcomer.name) readonly[!newcomer.is_unnamed] autocomplete="name" required;
            }
            label {
                span { (words.t("set-up-email")) }
                input type="email" name="email" autocomplete="username" required
                    value=(newcomer.email.as_deref().unwrap_or(&newcomer.typed_email))
                    readonly[newcomer.email.is_some()];
            }
            label {
                span { (words.t("set-up-password")) }
                input type="password" name="password" autocomplete="new-password" required
                    minlength=(PASSWORD_CHARS_MIN) aria-describedby="password-help";
            }
            p.quiet #password-help { (words.n("set-up-password-help", PASSWORD_CHARS_MIN)) }
            button.primary { (words.t("set-up-go")) }
        }
    };
    bare(words, &words.t("set-up-title"), body)
}

fn over(words: Words) -> Response {
    let title = words.t("set-up-over");
    let body = html! {
        section.door {
            h1 { (title) }
            p { (words.t("set-up-over-next")) }
            a.button href="/sign-in" { (words.t("sign-in-title")) }
        }
    };
    (StatusCode::NOT_FOUND, bare(words, &title, body)).into_response()
}
