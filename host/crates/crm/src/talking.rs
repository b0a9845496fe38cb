//! Conversations: what follows from a client's message, and answers to clients.

use std::collections::BTreeMap;

use crate::assigning::check_works_here;
use crate::changes::ChangeSet;
use crate::contact::{Contact, ContactPoint};
use crate::conversation::{Channel, Conversation, Direction, Message};
use crate::event::Fact;
use crate::ids::{ContactId, ConversationId, DeliveryId, EmployeeId, IdKind, ItemId, MessageId};
use crate::item::Item;
use crate::moving::{NewItem, create_item};
use crate::rejection::{Code, Rejection};
use crate::rules::Rules;
use crate::said;
use crate::time::Timestamp;
use crate::timer::{Delivery, DeliveryState};

/// The longest text of a message, in characters: Telegram Bot API, `sendMessage`, 1-4096 characters.
pub const TEXT_CHARS_MAX: usize = 4096;

/// The most phones, e-mails and accounts of one client that messages add.
pub const POINTS_MAX: usize = 50;

/// A client's message, in the words of no provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// The provider's id of the chat.
    pub chat: String,
    /// The provider's id of the message.
    pub external_id: String,
    /// The client's name, as the messenger shows it.
    pub sender_name: String,
    /// How the client can be recognised: the messenger's account first, then a phone or e-mail if one was given.
    pub points: Vec<ContactPoint>,
    /// The text or caption.
    pub text: String,
    /// What came besides text, by kind.
    pub media: Option<String>,
    /// The provider's id of the album.
    pub album: Option<String>,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// It replaces the text of an earlier message with this id.
    pub is_edit: bool,
}

/// What is known already.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The open conversation of the chat.
    pub conversation: Option<Conversation>,
    /// The message with the same external id.
    pub message: Option<Message>,
    /// Whether the conversation has a picture of the same album.
    pub has_album: bool,
    /// The client: of the conversation, or by one of the points.
    pub contact: Option<Contact>,
    /// The item of the conversation, or else the client's open item that was touched last.
    pub item: Option<Item>,
}

/// Takes a message in: finds or opens its conversation, its client and its item. A conversation whose item is
/// closed goes on with a new item, where the channel opens items.
///
/// # Errors
/// `not-found` when the channel opens items in a pipeline that is gone.
pub fn receive(
    rules: &Rules<'_>,
    changes: &mut ChangeSet,
    channel: &Channel,
    incoming: Incoming,
    known: Known,
) -> Result<(), Rejection> {
    if let Some(message) = known.message {
        if incoming.is_edit {
            let own = known.conversation.filter(|c| c.id == message.conversation);
            edit(changes, message, incoming, own.and_then(|c| c.item));
        }
        return Ok(());
    }
    let contact = recognise(rules, changes, &incoming, known.contact);
    let item = match known.item {
        Some(item) if item.closed_at.is_none() || channel.opens_item_in.is_none() => Some(item),
        _ => open_item(rules, changes, channel, &incoming, &contact)?,
    };
    let is_new = known.conversation.is_none();
    let mut conversation = match known.conversation {
        Some(conversation) => conversation,
        None => open_conversation(rules, channel, &incoming.chat),
    };
    conversation.contact = Some(contact.id);
    conversation.item = item.as_ref().map(|item| item.id).or(conversation.item);
    conversation.last_inbound_at = conversation
        .last_inbound_at
        .max(Some(incoming.sent_at.min(rules.now)));
    conversation.message_count += 1;
    if let Some(mut item) = item {
        item.raised_at = rules.now;
        changes.put_item(item);
    }
    let message = inbound(rules, &conversation, &incoming);
    if is_new {
        let fact = Fact::ConversationOpened {
            conversation: conversation.id,
            channel: channel.id,
        };
        changes.happened(fact, conversation.item);
    }
    if !known.has_album {
        let fact = Fact::MessageReceived {
            conversation: conversation.id,
            message: message.id,
            channel: channel.id,
            contact: conversation.contact,
            text: message.text.clone(),
            is_first: conversation.message_count == 1,
            sent_at: message.sent_at,
        };
        changes.happened(fact, conversation.item);
    }
    changes.put_message(message);
    changes.put_conversation(conversation);
    Ok(())
}

fn edit(changes: &mut ChangeSet, mut message: Message, incoming: Incoming, item: Option<ItemId>) {
    let text = cut(&incoming.text);
    let is_stale = message.edited_at.is_some_and(|at| at > incoming.sent_at);
    if is_stale || message.text == text {
        return;
    }
    message.text = text;
    message.edited_at = Some(incoming.sent_at);
    let fact = Fact::MessageEdited {
        conversation: message.conversation,
        message: message.id,
        text: message.text.clone(),
    };
    changes.happened(fact, item);
    changes.put_message(message);
}

/// The client, with the points that are new.
fn recognise(
    rules: &Rules<'_>,
    changes: &mut ChangeSet,
    incoming: &Incoming,
    known: Option<Contact>,
) -> Contact {
    let is_known = known.is_some();
    let mut contact = known.unwrap_or_else(|| Contact {
        id: ContactId((rules.new_id)(IdKind::Contact)),
        name: name_or(&incoming.sender_name, &incoming.chat),
        points: Vec::new(),
        assignee: None,
        created_at: rules.now,
        version: 0,
    });
    let own: Vec<_> = contact.points.iter().map(|p| (p.kind, p.key.clone())).collect();
    let new: Vec<_> = incoming
        .points
        .iter()
        .filter(|p| !own.contains(&(p.kind, p.key.clone())))
        .cloned()
        .collect();
    if !is_known {
        rules.note(changes, contact.id, "created", None, Some(contact.name.clone()));
    }
    if !is_known || !new.is_empty() {
        let room = POINTS_MAX.saturating_sub(contact.points.len());
        contact.points.extend(new.into_iter().take(room));
        changes.put_contact(contact.clone());
    }
    contact
}

fn name_or(name: &str, other: &str) -> String {
    let name = if name.trim().is_empty() {
        other
    } else {
        name.trim()
    };
    name.chars().take(crate::editing::TITLE_CHARS_MAX).collect()
}

/// Opens an item for a client. Fields that the first stage wants are no reason to lose a client: they stay empty,
/// and the history says so. A person who has left is not put in charge.
fn open_item(
    rules: &Rules<'_>,
    changes: &mut ChangeSet,
    channel: &Channel,
    incoming: &Incoming,
    contact: &Contact,
) -> Result<Option<Item>, Rejection> {
    let Some(pipeline) = channel.opens_item_in else {
        return Ok(None);
    };
    let in_charge = [contact.assignee, channel.default_assignee];
    let works_here = |id: &EmployeeId| check_works_here(rules.directory, *id).is_ok();
    let new = NewItem {
        pipeline,
        stage: None,
        title: name_or(&incoming.sender_name, &incoming.chat),
        assignee: in_charge.into_iter().flatten().find(|id| works_here(id)),
        contact: Some(contact.id),
        amount: None,
        source: Some(channel.provider.as_str().to_owned()),
        fields: BTreeMap::new(),
    };
    let lenient = Rules {
        overrides_required_fields: true,
        ..*rules
    };
    create_item(&lenient, changes, new).map(Some)
}

fn open_conversation(rules: &Rules<'_>, channel: &Channel, chat: &str) -> Conversation {
    Conversation {
        id: ConversationId((rules.new_id)(IdKind::Conversation)),
        channel: channel.id,
        external_chat: chat.to_owned(),
        contact: None,
        item: None,
        operator: None,
        opened_at: rules.now,
        closed_at: None,
        last_inbound_at: None,
        last_outbound_at: None,
        message_count: 0,
        version: 0,
    }
}

fn inbound(rules: &Rules<'_>, conversation: &Conversation, incoming: &Incoming) -> Message {
    Message {
        id: MessageId((rules.new_id)(IdKind::Message)),
        conversation: conversation.id,
        seq: conversation.message_count,
        direction: Direction::Inbound,
        text: cut(&incoming.text),
        media: incoming.media.clone(),
        external_id: Some(incoming.external_id.clone()),
        album: incoming.album.clone(),
        author: None,
        run: None,
        sent_at: incoming.sent_at,
        edited_at: incoming.is_edit.then_some(incoming.sent_at),
        version: 0,
    }
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}

/// Ends a conversation: the client's next message opens a new one.
///
/// # Errors
/// `conflict` when it is closed already.
pub fn close(
    rules: &Rules<'_>,
    changes: &mut ChangeSet,
    mut conversation: Conversation,
) -> Result<Conversation, Rejection> {
    if conversation.closed_at.is_some() {
        let message = said!("{conversation} is closed already", conversation = conversation.id);
        return Err(Rejection::new(Code::Conflict, message));
    }
    conversation.closed_at = Some(rules.now);
    rules.note(changes, conversation.id, "closed", None, None);
    let fact = Fact::ConversationClosed {
        conversation: conversation.id,
    };
    changes.happened(fact, conversation.item);
    changes.put_conversation(conversation.clone());
    Ok(conversation)
}

/// A person answers the client. Unlike a robot's answer this is a contact: somebody talked to the client.
///
/// # Errors
/// As for `reply`.
pub fn answer(
    rules: &Rules<'_>,
    changes: &mut ChangeSet,
    conversation: Conversation,
    item: Option<Item>,
    (author, text): (Option<EmployeeId>, &str),
) -> Result<MessageId, Rejection> {
    let id = reply(rules, changes, conversation, author, text)?;
    if let Some(mut item) = item {
        item.last_contact_at = Some(rules.now);
        changes.put_item(item);
    }
    Ok(id)
}

/// Answers the client: the message is stored now and leaves the house after the commit.
///
/// # Errors
/// `invalid` (text), `conflict` (closed, or the channel sends nothing).
pub fn reply(
    rules: &Rules<'_>,
    changes: &mut ChangeSet,
    mut conversation: Conversation,
    author: Option<EmployeeId>,
    text: &str,
) -> Result<MessageId, Rejection> {
    let count = if text.trim().is_empty() {
        0
    } else {
        text.chars().count()
    };
    if count == 0 || count > TEXT_CHARS_MAX {
        return Err(Rejection::invalid(said!(
            "the text has {count} characters, not 1 to {max}",
            count,
            max = TEXT_CHARS_MAX
        )));
    }
    if conversation.closed_at.is_some() {
        return Err(Rejection::new(
            Code::Conflict,
            said!("{conversation} is closed", conversation = conversation.id),
        ));
    }
    let channel = rules.directory.channel(conversation.channel)?;
    if channel.base_url.is_none() {
        let message = said!(
            "channel `{channel}` has no base URL, so nothing can be sent",
            channel = channel.key
        );
        return Err(Rejection::new(Code::Conflict, message));
    }
    let id = MessageId((rules.new_id)(IdKind::Message));
    conversation.message_count += 1;
    conversation.last_outbound_at = Some(rules.now);
    changes.put_message(Message {
        id,
        conversation: conversation.id,
        seq: conversation.message_count,
        direction: Direction::Outbound,
        text: text.to_owned(),
        media: None,
        external_id: None,
        album: None,
        author,
        run: rules.actor.run(),
        sent_at: rules.now,
        edited_at: None,
        version: 0,
    });
    changes.deliveries.push(Delivery {
        id: DeliveryId((rules.new_id)(IdKind::Delivery)),
        channel: channel.id,
        conversation: conversation.id,
        message: id,
        seq: conversation.message_count,
        item: conversation.item,
        run: rules.actor.run(),
        external_chat: conversation.external_chat.clone(),
        text: text.to_owned(),
        idempotency_key: format!("{}:{id}", rules.directory.installation),
        state: DeliveryState::Pending,
        attempt_count: 0,
        due_at: rules.now,
        started_at: None,
        last_error: None,
        created_at: rules.now,
        finished_at: None,
    });
    changes.put_conversation(conversation);
    Ok(id)
}

#[cfg(test)]
mod tests;
