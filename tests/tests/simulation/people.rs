//! What people and providers ask of the host, each as a task of its own: they get an answer, or the host dies.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode};
use serde_json::json;
use signalbox::channels::signature::Secret;
use signalbox::engine::committer::{CommitError, Receipt};
use signalbox::engine::core::SharedCore;
use signalbox::engine::draft::{Draft, DraftError};
use signalbox::http::{AppState, router};
use signalbox::trust::Trust;
use signalbox_crm::activity::{ActivityKind, ActivityState};
use signalbox_crm::attachment::Attachment;
use signalbox_crm::changes::RunChange;
use signalbox_crm::directory::DirectoryChange;
use signalbox_crm::editing::{ItemPatch, edit_item};
use signalbox_crm::event::Fact;
use signalbox_crm::ids::{ItemId, RunId};
use signalbox_crm::moving::{NewItem, Reach, create_item, move_item};
use signalbox_crm::people::Actor;
use signalbox_crm::planning::{self, NewActivity};
use signalbox_crm::run::{Reason, RunState};
use signalbox_crm::value::FieldValue;
use signalbox_crm::{assigning, talking};
use signalbox_db::{DbError, RunFilter};
use tower::ServiceExt;

use super::company::{GENERIC_SECRET, SCHEDULED, STAGES, SWITCHED, TELEGRAM_SECRET};
use super::planted::Planted;
use super::sometimes::Sometimes;
use super::world::{Webhook, World};

/// Attempts of a person whose view is out of date.
const STALE_MAX: u32 = 20;
/// An answer of the API.
const ANSWER_BYTES_MAX: usize = 1 << 16;
/// Runs among which a person chooses.
const RUNS_SHOWN: u32 = 50;

/// Something that is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ask {
    Create(String),
    /// Through the API, under a key of its own: the same again until it is answered, and sometimes after that.
    Post(String),
    Move(ItemId, &'static str),
    Date(ItemId, u64),
    Title(ItemId, u64),
    Assign(ItemId, &'static str),
    Plan(ItemId),
    Complete(ItemId),
    Switch(&'static str, bool),
    StartByHand(ItemId),
    CancelRun(u64),
    RetryRun(u64),
    Answer(u64),
    /// By its place in the ledger.
    Webhook(usize),
}

impl Ask {
    /// Something.
    pub(super) fn at_random(world: &World) -> Ask {
        let chance = &world.chance;
        let items: Vec<ItemId> = world.ledger().deals.values().flatten().copied().collect();
        let kind = if items.is_empty() { 0 } else { chance.below(100) };
        let item = || chance.pick(&items);
        match kind {
            0..8 => Ask::Create(format!("deal {}", world.ledger().deals.len())),
            8..16 => Ask::Post(next_post(world)),
            16..40 => Ask::Move(item(), chance.pick(&STAGES)),
            40..46 => Ask::Date(item(), chance.between(5, 60)),
            46..52 => Ask::Title(item(), chance.below(1000)),
            52..56 => Ask::Assign(item(), chance.pick(&["anna", "vera"])),
            56..60 => Ask::Plan(item()),
            60..64 => Ask::Complete(item()),
            64..68 => Ask::Switch(chance.pick(&SWITCHED), chance.one_in(2)),
            68..71 => Ask::StartByHand(item()),
            71..75 => Ask::CancelRun(chance.below(u64::from(RUNS_SHOWN))),
            75..79 => Ask::RetryRun(chance.below(u64::from(RUNS_SHOWN))),
            79..83 => Ask::Answer(chance.below(4)),
            _ => Ask::Webhook(next_webhook(world)),
        }
    }
}

/// Mostly a new deal; sometimes one that was asked for before, whether it was answered or not.
fn next_post(world: &World) -> String {
    let ledger = world.ledger();
    let known: Vec<&String> = ledger.posts.keys().collect();
    match known.is_empty() || world.chance.below(3) == 0 {
        true => format!("deal {}", ledger.deals.len()),
        false => world.chance.pick(&known).clone(),
    }
}

/// Mostly a new message; sometimes one that came before, or one whose place others have taken.
fn next_webhook(world: &World) -> usize {
    let mut ledger = world.ledger();
    let known = ledger.webhooks.len();
    if known > 0 && world.chance.one_in(4) {
        let place = world.chance.below(known as u64);
        return usize::try_from(place).expect("below a length");
    }
    let chat = world.chance.below(4);
    let number = ledger.webhooks.iter().filter(|known| known.chat == chat).count() as u64;
    let new = |number| Webhook {
        channel: if chat < 2 { "tg" } else { "site" },
        chat,
        number,
        is_accepted: false,
    };
    ledger.webhooks.push(new(number));
    if world.chance.one_in(5) {
        // This one is overtaken: the provider sends it when it comes to what is not accepted.
        ledger.webhooks.push(new(number + 1));
        return known + 1;
    }
    known
}

/// Someone who waits for an answer, until the task ends or dies.
struct Asking(Arc<World>);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.asking.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Asks, as a task.
pub(super) fn ask(world: &Arc<World>, core: &SharedCore, what: Ask) {
    world.trace.note(format!("ask {what:?}"));
    world.asking.fetch_add(1, Ordering::Relaxed);
    if let Ask::Create(title) | Ask::Post(title) = &what {
        world.ledger().deals.entry(title.clone()).or_default();
    }
    if let Ask::Post(title) = &what {
        world.ledger().posts.entry(title.clone()).or_default();
    }
    let person = Person {
        world: Arc::clone(world),
        core: Arc::clone(core),
    };
    let asking = Asking(Arc::clone(world));
    tokio::spawn(async move {
        let answer = person.go(&what).await;
        let words = match &answer {
            Ok(()) => "yes".to_owned(),
            Err(error) => error.to_string(),
        };
        asking.0.trace.note(format!("answer to {what:?}: {words}"));
    });
}

struct Person {
    world: Arc<World>,
    core: SharedCore,
}

impl Person {
    async fn go(&self, what: &Ask) -> Result<(), DraftError> {
        if let Ask::Webhook(place) = what {
            return self.send(*place).await;
        }
        if let Ask::Post(title) = what {
            self.post(title).await;
            return Ok(());
        }
        for _ in 0..STALE_MAX {
            let mut draft = Draft::new(&self.core, Actor::System);
            let Some(item) = self.stage(&mut draft, what).await? else {
                return Ok(());
            };
            let mut proposal = draft.into_proposal();
            if self.world.planted == Some(Planted::StaleChangeStored) {
                proposal.reads.clear();
            }
            match self.core.submit(proposal).await {
                Ok(receipt) => {
                    self.note(what, item, &receipt);
                    return Ok(());
                }
                Err(CommitError::Stale(_)) => self.world.tally.saw(Sometimes::StaleChange),
                Err(CommitError::Db(error)) if matches!(*error, DbError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Remembers what was promised.
    fn note(&self, what: &Ask, item: Option<ItemId>, receipt: &Receipt) {
        let mut ledger = self.world.ledger();
        if let Ask::Create(title) = what {
            ledger.deals.insert(title.clone(), item);
        }
        ledger.events.extend(receipt.events.iter().copied());
        ledger.runs.extend(receipt.run_ids());
    }

    /// Makes the change in the draft; none when there is nothing to change.
    async fn stage(&self, draft: &mut Draft, what: &Ask) -> Result<Option<Option<ItemId>>, DraftError> {
        let names = &self.world.company.names;
        match what {
            Ask::Create(title) => {
                let new = NewItem {
                    pipeline: names.pipeline("sales").unwrap(),
                    stage: None,
                    title: title.clone(),
                    assignee: Some(names.employee("anna").unwrap()),
                    contact: None,
                    amount: None,
                    source: None,
                    fields: Default::default(),
                };
                let item = draft.rule(|rules, changes| create_item(rules, changes, new))?;
                return Ok(Some(Some(item.id)));
            }
            Ask::Move(id, stage) => {
                let item = draft.item(*id).await?;
                let stage = names.stage(stage).unwrap();
                let reach = Reach {
                    back: true,
                    across: true,
                };
                draft.rule(|rules, changes| move_item(rules, changes, item, stage, reach))?;
            }
            Ask::Date(id, minutes) => {
                let at = draft.now.plus(Duration::from_secs(minutes * 60)).unwrap();
                let mut patch = ItemPatch::default();
                let key = "meeting-at".to_owned();
                patch.fields.insert(key, Some(FieldValue::Instant(at)));
                let item = draft.item(*id).await?;
                draft.rule(|rules, changes| edit_item(rules, changes, item, patch))?;
            }
            Ask::Title(id, number) => {
                let source = Some(Some(format!("source {number}")));
                let patch = ItemPatch {
                    source,
                    ..ItemPatch::default()
                };
                let item = draft.item(*id).await?;
                draft.rule(|rules, changes| edit_item(rules, changes, item, patch))?;
            }
            Ask::Assign(id, person) => {
                let item = draft.item(*id).await?;
                let person = names.employee(person).unwrap();
                draft.rule(|rules, changes| assigning::assign(rules, changes, item, person))?;
            }
            Ask::Plan(id) => {
                let item = draft.item(*id).await?;
                let new = NewActivity {
                    kind: ActivityKind::Call,
                    title: Some("call".to_owned()),
                    description: None,
                    deadline: Some("+2h".to_owned()),
                    duration_s: None,
                    assignee: None,
                    reminders_min: vec![5, 30],
                };
                draft.rule(|rules, changes| planning::plan(rules, changes, &item, new))?;
            }
            Ask::Complete(id) => {
                let item = draft.item(*id).await?;
                let Some(first) = draft.open_activities(item.id, 1).await?.pop() else {
                    return Ok(None);
                };
                let activity = draft.activity(first.id).await?;
                let end = ActivityState::Completed;
                draft.rule(|rules, changes| planning::finish(rules, changes, item, activity, end))?;
            }
            Ask::Switch(title, is_enabled) => {
                let id = names.attachments[*title];
                let mut attachment = Attachment::clone(&draft.directory.attachments[&id]);
                if attachment.is_enabled == *is_enabled {
                    return Ok(None);
                }
                attachment.is_enabled = *is_enabled;
                attachment.version += 1;
                draft
                    .changes
                    .directory
                    .push(DirectoryChange::Attachment(attachment));
            }
            Ask::StartByHand(id) => {
                draft.item(*id).await?;
                let fact = Fact::ManualRun {
                    attachment: names.attachments["by-hand"],
                    by: None,
                };
                draft.changes.happened(fact, Some(*id));
            }
            Ask::CancelRun(place) => {
                let from = vec![RunState::Scheduled, RunState::Available, RunState::Retryable];
                return self.change_run(draft, *place, from, RunState::Cancelled).await;
            }
            Ask::RetryRun(place) => {
                let from = vec![RunState::Discarded, RunState::Cancelled, RunState::Retryable];
                return self.change_run(draft, *place, from, RunState::Retryable).await;
            }
            Ask::Answer(chat) => {
                let (channel, chat) = chat_of(*chat);
                let channel = names.channel(channel).unwrap();
                let Some(open) = self.core.db.open_conversation(channel, &chat).await? else {
                    return Ok(None);
                };
                let conversation = draft.conversation(open.id).await?;
                let item = match conversation.item {
                    Some(id) => Some(draft.item(id).await?),
                    None => None,
                };
                let text = format!("a person at {}", draft.now);
                draft.rule(|rules, changes| {
                    talking::answer(rules, changes, conversation, item, (None, &text))
                })?;
            }
            Ask::Webhook(_) | Ask::Post(_) => {}
        }
        Ok(Some(None))
    }

    async fn change_run(
        &self,
        draft: &mut Draft,
        place: u64,
        from: Vec<RunState>,
        to: RunState,
    ) -> Result<Option<Option<ItemId>>, DraftError> {
        let shown = self.core.db.runs(&RunFilter::default(), None, RUNS_SHOWN).await?;
        // Nobody cancels an answer: that each client gets one is what the check counts.
        let is_answer = |fact: &Fact| matches!(fact, Fact::MessageReceived { .. });
        let mut fit = shown
            .iter()
            .filter(|found| from.contains(&found.run.state) && !is_answer(&found.event.fact));
        let place = usize::try_from(place).expect("a small number");
        let ids: Vec<RunId> = fit.by_ref().map(|found| found.run.id).collect();
        let Some(run) = ids.get(place % ids.len().max(1)).copied() else {
            return Ok(None);
        };
        draft.changes.runs.push(RunChange {
            run,
            from,
            to,
            reason: Some(Reason::ByHand),
            detail: None,
            due_at: (to == RunState::Retryable).then_some(draft.now),
        });
        Ok(Some(None))
    }

    /// Creates a deal through the API. The key is its title: whenever it is repeated, the answer must be the same.
    async fn post(&self, title: &str) {
        let pipeline = self.world.company.names.pipeline("sales").unwrap();
        let body = json!({ "pipeline": pipeline.to_string(), "title": title });
        let request = Request::post("/api/v1/items")
            .header("authorization", format!("Bearer {}", self.world.company.token))
            .header("content-type", "application/json")
            .header("idempotency-key", title)
            .body(Body::from(body.to_string()))
            .unwrap();
        let state = Arc::new(AppState::new(
            Arc::clone(&self.core),
            Arc::clone(&self.world.company.robots),
            Trust::default(),
        ));
        let answer = router(state).oneshot(request).await.unwrap();
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), ANSWER_BYTES_MAX)
            .await
            .unwrap();
        if status != StatusCode::CREATED {
            let body = String::from_utf8_lossy(&body);
            self.world.trace.note(format!("post {title}: {status} {body}"));
            if !status.is_server_error() {
                self.world.problem(format!("refused: {title}: {status} {body}"));
            }
            return;
        }
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let id: ItemId = body["id"].as_str().unwrap().parse().unwrap();
        let mut ledger = self.world.ledger();
        ledger.deals.insert(title.to_owned(), Some(id));
        let known = ledger.posts.insert(title.to_owned(), Some(id)).flatten();
        drop(ledger);
        match known {
            Some(known) if known != id => {
                self.world
                    .problem(format!("key forgotten: {title} was {known}, and is {id}"));
            }
            Some(_) => self.world.tally.saw(Sometimes::RepeatedPost),
            None => {}
        }
    }

    /// A provider sends a webhook.
    async fn send(&self, place: usize) -> Result<(), DraftError> {
        let webhook = self.world.ledger().webhooks[place].clone();
        let is_overtaken = |other: &Webhook| {
            other.is_accepted && other.chat == webhook.chat && other.number > webhook.number
        };
        if webhook.is_accepted {
            self.world.tally.saw(Sometimes::DuplicateWebhook);
        } else if self.world.ledger().webhooks.iter().any(is_overtaken) {
            self.world.tally.saw(Sometimes::LateWebhook);
        }
        let (headers, body) = self.message(&webhook);
        let directory = self.core.records.directory();
        let channel = self.world.company.names.channel(webhook.channel).unwrap();
        let channel = directory.channel(channel).unwrap();
        match signalbox::intake::accept(&self.core, channel, &headers, body.as_bytes()).await {
            Ok(_) => self.world.ledger().webhooks[place].is_accepted = true,
            Err(error) => self.world.trace.note(format!("webhook {place}: {error}")),
        }
        Ok(())
    }

    fn message(&self, webhook: &Webhook) -> (HeaderMap, String) {
        let now = self.core.clock.now();
        let seconds = now.micros() / 1_000_000;
        let (_, chat) = chat_of(webhook.chat);
        let unique = webhook.chat * 1000 + webhook.number;
        let mut headers = HeaderMap::new();
        if webhook.channel == "tg" {
            let chat: i64 = chat.parse().unwrap();
            let body = json!({
                "update_id": unique,
                "message": {
                    "message_id": webhook.number, "date": seconds, "text": webhook.text(),
                    "chat": { "id": chat, "type": "private", "first_name": "Ivan" },
                    "from": { "id": chat, "is_bot": false, "first_name": "Ivan" },
                },
            });
            let token = HeaderValue::from_static(TELEGRAM_SECRET);
            headers.insert("x-telegram-bot-api-secret-token", token);
            return (headers, body.to_string());
        }
        let body = json!({
            "type": "message", "id": format!("m-{}", webhook.number), "chat": chat, "sender": { "id": chat },
            "text": webhook.text(), "sent_at": now.to_string(),
        });
        let body = body.to_string();
        let id = format!("event-{unique}");
        let signature = Secret::parse(GENERIC_SECRET)
            .unwrap()
            .sign(&id, seconds, body.as_bytes());
        headers.insert("webhook-id", HeaderValue::from_str(&id).unwrap());
        headers.insert("webhook-timestamp", HeaderValue::from(seconds));
        headers.insert("webhook-signature", HeaderValue::from_str(&signature).unwrap());
        (headers, body)
    }
}

/// The channel and the provider's id of a chat.
pub(super) fn chat_of(chat: u64) -> (&'static str, String) {
    match chat {
        0 | 1 => ("tg", format!("{}", 100 + chat)),
        _ => ("site", format!("chat-{chat}")),
    }
}

/// In the end an admin switches the schedule off.
pub(super) fn last() -> Ask {
    Ask::Switch(SCHEDULED, false)
}
