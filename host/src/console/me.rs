//! The person's own things: colours, language, password, saved filters, and the way out.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use maud::html;
use serde::Deserialize;
use signalbox_crm::account::{
    Account, Language, PASSWORD_CHARS_MIN, Preferences, SavedFilter, Theme, check_preferences, is_own_path,
};
use signalbox_crm::directory::DirectoryChange;

use super::Console;
use super::form::Form;
use super::page::{Page, Section};
use super::visitor::{LANGUAGE_COOKIE, Visitor};
use crate::accounts::{InvitationError, account_of, changed, sign_out};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::session_cookie::clear_session;

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new()
        .route("/me", get(show))
        .route("/me/likes", post(like))
        .route("/me/password", post(change_password))
        .route("/me/filters", post(save_filter))
        .route("/me/filters/remove", post(remove_filter))
        .route("/sign-out", post(leave))
}

impl Visitor {
    /// Changes how the person likes the console.
    ///
    /// # Errors
    /// `invalid`; the commit.
    pub(super) async fn prefer(&self, change: impl Fn(&mut Preferences)) -> Result<(), Problem> {
        let core = &self.console.app.core;
        changed(core, self.who.actor(), |draft| {
            let mut account: Account = account_of(&draft.directory, self.me.id);
            change(&mut account.preferences);
            check_preferences(&account.preferences)?;
            draft.changes.directory.push(DirectoryChange::Account(account));
            Ok(())
        })
        .await?;
        Ok(())
    }
}

/// What a page about oneself tells after a form.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    /// A path to keep as a filter.
    save: Option<String>,
}

async fn show(Extension(visitor): Extension<Arc<Visitor>>, Query(asked): Query<Asked>) -> Response {
    let save = asked
        .save
        .as_deref()
        .filter(|path| is_own_path(path))
        .unwrap_or_default();
    draw(&visitor, save, None).into_response()
}

/// Good or bad news about a form.
struct News {
    text: String,
    is_bad: bool,
}

fn draw<'v>(visitor: &'v Visitor, save: &str, news: Option<&News>) -> Page<'v> {
    let (words, likes) = (visitor.words, &visitor.likes);
    let body = html! {
        h1 { (words.t("me-title")) }
        @if let Some(news) = news {
            p.notice.notice-bad[news.is_bad].notice-good[!news.is_bad] role="alert" { (news.text) }
        }
        div.columns {
            section.panel {
                h2 { (words.t("me-filters")) }
                @if !save.is_empty() {
                    form.row method="post" action="/me/filters" {
                        input type="hidden" name="path" value=(save);
                        label { span { (words.t("me-filter-name")) } input name="name" required maxlength="60" autofocus; }
                        button.primary { (words.t("me-filter-save")) }
                    }
                }
                @if likes.filters.is_empty() { p.quiet { (words.t("me-filter-none")) } }
                ul { @for filter in &likes.filters {
                    li {
                        form.row method="post" action="/me/filters/remove" {
                            a href=(filter.path) { (filter.name) }
                            input type="hidden" name="name" value=(filter.name);
                            button { (words.t("me-filter-remove")) }
                        }
                    }
                } }
            }
            section.panel {
                h2 { (words.t("me-password")) }
                form.stack method="post" action="/me/password" {
                    label { span { (words.t("me-password-present")) }
                        input type="password" name="present" autocomplete="current-password" required; }
                    label { span { (words.t("me-password-new")) }
                        input type="password" name="password" autocomplete="new-password" required minlength=(PASSWORD_CHARS_MIN); }
                    button { (words.t("me-password-go")) }
                }
            }
            section.panel {
                form method="post" action="/me/likes" data-auto {
                    input type="hidden" name="back" value="/me";
                    input type="hidden" name="shortcuts" value="off";
                    label {
                        input type="checkbox" name="shortcuts" value="on" checked[likes.has_shortcuts]; " "
                        (words.t("me-shortcuts"))
                    }
                    p { button { (words.t("me-filter-save")) } }
                }
            }
        }
    };
    Page::new(visitor, Section::None, words.t("me-title")).body(body)
}

async fn change_password(
    Extension(visitor): Extension<Arc<Visitor>>,
    form: Form,
) -> Result<Response, Problem> {
    let (words, app) = (visitor.words, &visitor.console.app);
    let present = form.get("present").unwrap_or_default();
    let chosen = form.get("password").unwrap_or_default();
    let refused = |text: String| {
        let news = News { text, is_bad: true };
        (StatusCode::UNPROCESSABLE_ENTITY, draw(&visitor, "", Some(&news))).into_response()
    };
    if !app
        .accounts
        .is_password_of(&app.core, visitor.me.id, present)
        .await
    {
        return Ok(refused(words.t("me-password-wrong").into_owned()));
    }
    let changed = app
        .accounts
        .change_password(&app.core, visitor.me.id, chosen, &visitor.session.digest)
        .await;
    match changed {
        Ok(()) => {
            let text = words.t("me-password-done").into_owned();
            Ok(draw(&visitor, "", Some(&News { text, is_bad: false })).into_response())
        }
        Err(InvitationError::Rejected(rejection)) => {
            let text = words.f(
                "set-up-wrong-password",
                &[("reason", words.say(&rejection.message).into())],
            );
            Ok(refused(text.into_owned()))
        }
        Err(InvitationError::Draft(error)) => Err(error.into()),
        Err(InvitationError::Busy | InvitationError::Over) => {
            Ok(refused(words.t("sign-in-busy").into_owned()))
        }
    }
}

async fn save_filter(Extension(visitor): Extension<Arc<Visitor>>, form: Form) -> Result<Response, Problem> {
    let filter = SavedFilter {
        name: form.get("name").unwrap_or_default().trim().to_owned(),
        path: form.get("path").unwrap_or_default().to_owned(),
    };
    match visitor.prefer(|likes| likes.filters.push(filter.clone())).await {
        Ok(()) => Ok(Redirect::to(&filter.path).into_response()),
        Err(problem) => {
            let text = visitor.words.say(&ProblemBody::from(problem).detail);
            let page = draw(&visitor, &filter.path, Some(&News { text, is_bad: true }));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

async fn remove_filter(Extension(visitor): Extension<Arc<Visitor>>, form: Form) -> Result<Redirect, Problem> {
    let name = form.get("name").unwrap_or_default();
    visitor
        .prefer(|likes| likes.filters.retain(|filter| filter.name != name))
        .await?;
    Ok(Redirect::to("/me"))
}

async fn like(Extension(visitor): Extension<Arc<Visitor>>, form: Form) -> Result<Response, Problem> {
    let theme = Theme::ALL
        .into_iter()
        .find(|theme| form.get("theme") == Some(theme.as_str()));
    let language = Language::ALL
        .into_iter()
        .find(|known| form.get("language") == Some(known.as_str()));
    visitor
        .prefer(|likes| {
            likes.theme = theme.unwrap_or(likes.theme);
            likes.language = language.or(likes.language);
            likes.has_shortcuts = form
                .get("shortcuts")
                .map_or(likes.has_shortcuts, |word| word == "on");
        })
        .await?;
    let back = form.get("back").filter(|path| is_own_path(path)).unwrap_or("/");
    let mut response = Redirect::to(back).into_response();
    if let Some(language) = language {
        // For the door, where nobody is known yet.
        let text = format!(
            "{LANGUAGE_COOKIE}={}; Path=/; Max-Age=31536000; SameSite=Lax",
            language.as_str()
        );
        if let Ok(cookie) = text.parse() {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
    }
    Ok(response)
}

async fn leave(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Arc<Visitor>>,
) -> Result<Response, Problem> {
    sign_out(&console.app.core, visitor.who.actor(), &visitor.session.digest).await?;
    let cookie = clear_session(console.app.is_https());
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response())
}
