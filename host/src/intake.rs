//! What providers send: stored as it came, answered, then processed in order for each chat.

use axum::http::HeaderMap;
use signalbox_crm::changes::ChangeSet;
use signalbox_crm::contact::Contact;
use signalbox_crm::conversation::Channel;
use signalbox_crm::ids::{IdKind, InboundId};
use signalbox_crm::people::Actor;
use signalbox_crm::talking::{self, Incoming, Known};
use signalbox_crm::timer::{Inbound, InboundState};
use signalbox_db::DbError;

use crate::channels::{self, Malformed, Reading, Unauthentic};
use crate::engine::committer::{CommitError, Proposal};
use crate::engine::core::SharedCore;
use crate::engine::draft::{Draft, DraftError};

/// Executions of one inbound event that met changed rows or failed, before it is given up.
const FAILURES_MAX: u32 = 20;
/// The longest note of why an inbound event was given up.
const NOTE_CHARS_MAX: usize = 1000;
/// Pause before an inbound event is tried again that the database could not serve.
const DATABASE_PAUSE: std::time::Duration = std::time::Duration::from_millis(250);

/// Why a webhook is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// It does not come from the provider.
    #[error(transparent)]
    Unauthentic(#[from] Unauthentic),
    /// It is not in the provider's format at all.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// It could not be stored: the provider shall send it again.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// Stores a webhook. When this returns `Ok` it is durable, and will be processed also after a crash; a repetition of
/// a known one is accepted and changes nothing.
///
/// # Errors
/// `IntakeError`; nothing is stored then.
pub async fn accept(
    core: &SharedCore,
    channel: &Channel,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<InboundId, IntakeError> {
    let now = core.clock.now();
    channels::authenticate(channel, headers, body, now)?;
    let envelope = channels::envelope(channel, headers, body)?;
    let id = InboundId(core.new_id(IdKind::Inbound));
    let mut proposal = Proposal::new(now, Actor::Channel(channel.id));
    proposal.changes.inbound.push(Inbound {
        id,
        channel: channel.id,
        dedup_key: envelope.dedup_key,
        chat: envelope.chat,
        body: String::from_utf8_lossy(body).into_owned(),
        received_at: now,
        state: InboundState::Received,
        note: None,
    });
    core.submit(proposal).await?;
    Ok(id)
}

/// Processes a stored webhook. While the database cannot be reached it waits; after too many conflicts and other
/// failures it is given up, and the later messages of its chat go on.
pub async fn process(core: &SharedCore, id: InboundId) {
    let mut failure_count = 0;
    let mut last = String::new();
    while failure_count < FAILURES_MAX {
        let error = match try_process(core, id).await {
            Ok(()) => return,
            Err(DraftError::Rejected(rejection)) => match ignore(core, id, rejection.to_string()).await {
                Ok(()) => return,
                Err(error) => error,
            },
            Err(error) => error,
        };
        match &error {
            DraftError::Commit(CommitError::Stale(_)) => {
                failure_count += 1;
                last = error.to_string();
                continue;
            }
            // Rows of the database are not as they were read: they are read again, and at once.
            DraftError::Commit(CommitError::Db(refused)) if matches!(**refused, DbError::Conflict(_)) => {
                failure_count += 1;
                last = described(&error);
                continue;
            }
            DraftError::Commit(CommitError::Closed) => return,
            DraftError::Commit(_) | DraftError::Rejected(_) | DraftError::Db(_) => {}
        }
        tracing::error!(error = %error, "{id} cannot be processed now: {error}");
        failure_count += u32::from(!error.is_passing());
        last = described(&error);
        tokio::time::sleep(DATABASE_PAUSE).await;
    }
    give_up(core, id, format!("{FAILURES_MAX} times: {last}")).await;
}

/// The error with what caused it.
fn described(error: &DraftError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Gives a stored webhook up, with the reason: it waits for a person.
pub async fn give_up(core: &SharedCore, id: InboundId, why: String) {
    tracing::error!("{id} cannot be processed and is given up: {why}");
    let why: String = why.chars().take(NOTE_CHARS_MAX).collect();
    loop {
        match end(core, id, InboundState::Failed, why.clone()).await {
            Err(error) if error.is_passing() => tokio::time::sleep(DATABASE_PAUSE).await,
            Err(error) => {
                return tracing::error!(error = %error, "{id} stays unprocessed until the next start: {error}");
            }
            Ok(()) => return,
        }
    }
}

async fn try_process(core: &SharedCore, id: InboundId) -> Result<(), DraftError> {
    let Some(inbound) = core.db.inbound(id).await? else {
        return Ok(());
    };
    if inbound.state != InboundState::Received {
        return Ok(());
    }
    let mut draft = Draft::new(core, Actor::Channel(inbound.channel));
    let channel = Channel::clone(draft.directory.channel(inbound.channel)?);
    let incoming = match channels::read(&channel, &inbound.body) {
        Reading::Message(incoming) if channel.is_active => incoming,
        Reading::Message(_) => return ignore(core, id, "the channel is paused".to_owned()).await,
        Reading::Ignored(why) => return ignore(core, id, why).await,
    };
    let known = known(&mut draft, &channel, &incoming).await?;
    draft.rule(|rules, changes| talking::receive(rules, changes, &channel, incoming, known))?;
    draft
        .changes
        .inbound_done
        .push((id, InboundState::Processed, None));
    draft.commit().await?;
    Ok(())
}

async fn ignore(core: &SharedCore, id: InboundId, why: String) -> Result<(), DraftError> {
    end(core, id, InboundState::Ignored, why).await
}

async fn end(core: &SharedCore, id: InboundId, state: InboundState, why: String) -> Result<(), DraftError> {
    let mut proposal = Proposal::new(core.clock.now(), Actor::System);
    proposal.changes = ChangeSet {
        inbound_done: vec![(id, state, Some(why))],
        ..ChangeSet::default()
    };
    core.submit(proposal).await?;
    Ok(())
}

/// Reads what is known about the message: its conversation, its client, its item.
async fn known(draft: &mut Draft, channel: &Channel, incoming: &Incoming) -> Result<Known, DraftError> {
    let core = std::sync::Arc::clone(draft.core());
    let conversation = core.db.open_conversation(channel.id, &incoming.chat).await?;
    if let Some(found) = &conversation {
        draft.has_read_conversation(found);
    }
    let message = core
        .db
        .message_by_external(channel.id, &incoming.chat, &incoming.external_id)
        .await?;
    if let Some(found) = &message {
        draft.has_read_message(found);
    }
    let has_album = match (&conversation, &incoming.album) {
        (Some(conversation), Some(album)) => core.db.has_album(conversation.id, album).await?,
        _ => false,
    };
    let contact = match conversation.as_ref().and_then(|c| c.contact) {
        Some(id) => Some(draft.contact(id).await?),
        None => find_contact(draft, incoming).await?,
    };
    let item = match conversation.as_ref().and_then(|c| c.item) {
        Some(id) => Some(draft.item(id).await?).filter(|item| item.closed_at.is_none()),
        None => None,
    };
    let item = match (item, &contact) {
        (Some(item), _) => Some(item),
        (None, Some(contact)) => {
            draft.reads_items_of(contact.id).await?;
            match core.db.open_items(contact.id, 1).await?.pop() {
                Some(found) => Some(draft.item(found.id).await?),
                None => None,
            }
        }
        (None, None) => None,
    };
    Ok(Known {
        conversation,
        message,
        has_album,
        contact,
        item,
    })
}

/// The client by account, phone or e-mail, in this order; of several the oldest.
async fn find_contact(draft: &mut Draft, incoming: &Incoming) -> Result<Option<Contact>, DraftError> {
    for point in &incoming.points {
        draft.reads_contacts_at(point.kind, &point.key).await?;
        let found = draft.core().db.contacts_at(point.kind, &point.key, 1).await?;
        if let Some(contact) = found.into_iter().next() {
            return Ok(Some(draft.contact(contact.id).await?));
        }
    }
    Ok(None)
}
