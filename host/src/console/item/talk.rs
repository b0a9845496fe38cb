//! The conversations of an item, and a form to answer.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use maud::{Markup, html};
use serde_json::json;
use signalbox_crm::conversation::{Conversation, Direction, Message};
use signalbox_crm::ids::ConversationId;
use signalbox_crm::item::Item;
use signalbox_db::ConversationFilter;

use super::{Failed, refuse, summary};
use crate::console::Console;
use crate::console::asking::{Ask, Refused};
use crate::console::form::Form;
use crate::console::format::{instant, item_path, person};
use crate::console::visitor::{Allowed, Visitor};
use crate::engine::changes::Topic;
use crate::http::caller::Work;
use crate::http::problem::Problem;
use signalbox_crm::said;

/// Conversations that the card shows, latest first.
const TALKS_MAX: u32 = 5;
/// Messages of each, latest ones.
const MESSAGES_MAX: u32 = 50;

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new().route("/conversations/{number}/messages", post(answer))
}

async fn talks(visitor: &Visitor, item: &Item) -> Result<Vec<Conversation>, Problem> {
    let filter = ConversationFilter {
        item: Some(item.id.number),
        ..ConversationFilter::default()
    };
    Ok(visitor
        .console
        .app
        .core
        .db
        .conversations(&filter, None, TALKS_MAX)
        .await?)
}

/// What the page watches.
pub(super) async fn topics(visitor: &Visitor, item: &Item) -> Result<Vec<Topic>, Problem> {
    let talks = talks(visitor, item).await?;
    Ok(talks.iter().map(|talk| Topic::Conversation(talk.id)).collect())
}

pub(super) async fn tab(
    visitor: &Visitor,
    item: &Item,
    failed: Option<Failed<'_>>,
) -> Result<Markup, Problem> {
    let words = visitor.words;
    let talks = talks(visitor, item).await?;
    let mut shown = Vec::with_capacity(talks.len());
    for talk in &talks {
        let mut messages = visitor
            .console
            .app
            .core
            .db
            .messages(talk.id, None, MESSAGES_MAX)
            .await?;
        messages.reverse();
        shown.push((talk, messages));
    }
    let failed = failed.filter(|failed| failed.part == "talk");
    Ok(html! {
        (summary(words, failed.map(|failed| failed.problem)))
        @if shown.is_empty() { p.empty { (words.t("talk-none")) } }
        @for (talk, messages) in &shown { (draw(visitor, item, talk, messages, failed)) }
    })
}

fn draw(
    visitor: &Visitor,
    item: &Item,
    talk: &Conversation,
    messages: &[Message],
    failed: Option<Failed<'_>>,
) -> Markup {
    let words = visitor.words;
    let channel = visitor.directory.channels.get(&talk.channel);
    let channel = channel.map_or_else(|| talk.channel.to_string(), |channel| channel.title.clone());
    let id = talk.id.to_string();
    let typed = failed.filter(|failed| failed.form.get("conversation") == Some(&id));
    html! {
        section.talk data-key=(talk.id) {
            h2 {
                (channel) " "
                @if talk.closed_at.is_some() { span.chip { (words.t("talk-closed")) } }
            }
            ol.messages {
                @for message in messages { (bubble(visitor, message)) }
            }
            @if talk.closed_at.is_none() && visitor.may::<Work>() {
                form.comment method="post" action={ "/conversations/" (talk.id.0) "/messages" } data-key={ "answer-" (talk.id) } {
                    input type="hidden" name="item" value=(item.id);
                    input type="hidden" name="conversation" value=(talk.id);
                    input type="hidden" name="tab" value="talk";
                    textarea name="text" required aria-label=(words.t("talk-answer")) placeholder=(words.t("talk-answer")) {
                        (typed.and_then(|failed| failed.form.get("text")).unwrap_or_default())
                    }
                    button { (words.t("talk-answer-go")) }
                }
            }
        }
    }
}

fn bubble(visitor: &Visitor, message: &Message) -> Markup {
    let words = visitor.words;
    let class = match message.direction {
        Direction::Inbound => "in",
        Direction::Outbound => "out",
    };
    let author = match (message.author, message.run) {
        (_, Some(_)) => words.t("talk-by-robot").into_owned(),
        (Some(id), None) => person(&visitor.directory, id),
        (None, None) if message.direction == Direction::Inbound => words.t("talk-client").into_owned(),
        (None, None) => words.t("actor-system").into_owned(),
    };
    html! {
        li class=(class) data-key=(message.id) {
            p.quiet {
                (author) ", " (instant(message.sent_at, visitor))
                @if let Some(run) = message.run { ", " a href={ "/runs/" (run.0) } { (run) } }
            }
            @if let Some(media) = &message.media { p { span.chip { (media) } } }
            p.text { (message.text) }
        }
    }
}

async fn answer(visitor: Allowed<Work>, Path(number): Path<i64>, form: Form) -> Result<Response, Problem> {
    let item = form.get("item").and_then(|text| text.parse().ok());
    let item = item.ok_or_else(|| Problem::invalid("item", said!("the form names no lead or deal")))?;
    let path = format!("/conversations/{}/messages", ConversationId(number));
    let body = json!({ "text": form.get("text").unwrap_or_default() });
    match visitor.ask(Ask::post(&path, body)).await {
        Ok(_) => Ok(Redirect::to(&format!("{}?tab=talk", item_path(item))).into_response()),
        Err(Refused(problem)) => refuse(&visitor, item, "talk", &form, &problem).await,
    }
}
