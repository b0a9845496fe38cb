use super::*;
use crate::contact::PointKind;
use crate::directory::DirectoryChange;
use crate::fixture::{BORIS, FORM, GLEB, NEW, TELEGRAM, VERA, World, at, contact, deal, point, stage};
use crate::ids::ChannelId;
use crate::pipeline::StageKind;

fn incoming(text: &str) -> Incoming {
    Incoming {
        chat: "777".to_owned(),
        external_id: "1".to_owned(),
        sender_name: "Иван".to_owned(),
        points: vec![point(PointKind::Handle, "telegram:777")],
        text: text.to_owned(),
        media: None,
        album: None,
        sent_at: at("2026-03-02T11:19:58Z"),
        is_edit: false,
    }
}

fn take(world: &World, channel: ChannelId, incoming: Incoming, known: Known) -> ChangeSet {
    let mut changes = ChangeSet::default();
    let channel = world.directory.channel(channel).expect("a channel");
    receive(&world.rules(), &mut changes, channel, incoming, known).expect("received");
    changes
}

fn kinds(changes: &ChangeSet) -> Vec<&'static str> {
    changes.facts.iter().map(|f| f.fact.kind().as_str()).collect()
}

/// What a first message left behind, as the next one finds it.
fn after(changes: &ChangeSet) -> Known {
    Known {
        conversation: changes.conversations.values().next().map(|s| s.row.clone()),
        contact: changes.contacts.values().next().map(|s| s.row.clone()),
        item: changes.items.values().next().map(|s| s.row.clone()),
        ..Known::default()
    }
}

#[test]
fn a_stranger_gets_a_contact_a_deal_and_a_conversation() {
    let world = World::new();
    let changes = take(&world, TELEGRAM, incoming("Здравствуйте"), Known::default());
    assert_eq!(
        kinds(&changes),
        [
            "item-created",
            "stage-entered",
            "conversation-opened",
            "message-received"
        ]
    );
    let known = after(&changes);
    let (conversation, item) = (known.conversation.expect("one"), known.item.expect("one"));
    let contact = known.contact.expect("one");
    assert_eq!(
        (item.stage, item.assignee, item.source.as_deref()),
        (NEW, Some(BORIS), Some("telegram"))
    );
    assert_eq!((item.title.as_str(), contact.name.as_str()), ("Иван", "Иван"));
    assert_eq!(
        (item.contact, conversation.contact),
        (Some(contact.id), Some(contact.id))
    );
    assert_eq!(
        (conversation.item, conversation.message_count),
        (Some(item.id), 1)
    );
    assert_eq!(item.last_contact_at, None, "nobody has talked to the client yet");
    let Fact::MessageReceived { is_first, text, .. } = &changes.facts[3].fact else {
        panic!("a message")
    };
    assert_eq!((*is_first, text.as_str()), (true, "Здравствуйте"));
}

#[test]
fn the_next_message_goes_on_with_the_open_conversation() {
    let world = World::new();
    let known = after(&take(&world, TELEGRAM, incoming("раз"), Known::default()));
    let first = known.conversation.clone().expect("one").id;
    let second = Incoming {
        external_id: "2".to_owned(),
        ..incoming("два")
    };
    let changes = take(&world, TELEGRAM, second, known);
    assert_eq!(kinds(&changes), ["message-received"]);
    assert_eq!(changes.conversations.keys().copied().collect::<Vec<_>>(), [first]);
    let message = &changes.messages.values().next().expect("one").row;
    assert_eq!((message.seq, message.conversation), (2, first));
    let Fact::MessageReceived { is_first, .. } = changes.facts[0].fact else {
        panic!("a message")
    };
    assert!(!is_first);
}

#[test]
fn a_known_client_keeps_his_deal_and_gets_the_new_handle() {
    let world = World::new();
    let known = Known {
        contact: Some(contact()),
        item: Some(deal()),
        ..Known::default()
    };
    let changes = take(&world, TELEGRAM, incoming("это снова я"), known);
    assert_eq!(kinds(&changes), ["conversation-opened", "message-received"]);
    let points = &changes.contacts[&contact().id].row.points;
    let keys: Vec<_> = points.iter().map(|p| p.key.as_str()).collect();
    assert_eq!(keys, ["+79876543210", "telegram:777"]);
    assert_eq!(
        changes.conversations.values().next().expect("one").row.item,
        Some(deal().id)
    );
    let same = Incoming {
        points: contact().points,
        ..incoming("и ещё")
    };
    let known = Known {
        contact: Some(contact()),
        item: Some(deal()),
        ..Known::default()
    };
    assert!(
        take(&world, TELEGRAM, same, known).contacts.is_empty(),
        "nothing new about the client"
    );
}

#[test]
fn a_clients_own_manager_takes_the_new_deal() {
    let world = World::new();
    let known = Known {
        contact: Some(contact()),
        ..Known::default()
    };
    let changes = take(&world, TELEGRAM, incoming("новый вопрос"), known);
    assert_eq!(after(&changes).item.expect("opened").assignee, Some(VERA));
    let left = crate::contact::Contact {
        assignee: Some(GLEB),
        ..contact()
    };
    let known = Known {
        contact: Some(left),
        ..Known::default()
    };
    let changes = take(&world, TELEGRAM, incoming("новый вопрос"), known);
    assert_eq!(
        after(&changes).item.expect("opened").assignee,
        Some(BORIS),
        "who has left is passed over"
    );
}

#[test]
fn a_conversation_whose_deal_is_closed_goes_on_with_a_new_one() {
    let world = World::new();
    let first = take(&world, TELEGRAM, incoming("раз"), Known::default());
    let mut known = after(&first);
    let closed = known.item.as_mut().expect("one");
    closed.closed_at = Some(world.now);
    let closed = closed.id;
    let changes = take(
        &world,
        TELEGRAM,
        Incoming {
            external_id: "2".to_owned(),
            ..incoming("два")
        },
        known,
    );
    let conversation = &changes.conversations.values().next().expect("one").row;
    assert_ne!(conversation.item, Some(closed));
    assert_eq!(conversation.item, after(&changes).item.map(|item| item.id));
}

#[test]
fn a_channel_for_conversations_only_opens_no_item() {
    let world = World::new();
    let changes = take(&world, FORM, incoming("вопрос"), Known::default());
    assert_eq!(kinds(&changes), ["conversation-opened", "message-received"]);
    assert!(changes.items.is_empty());
}

#[test]
fn required_fields_of_the_first_stage_do_not_lose_a_client() {
    let mut world = World::new();
    let mut first = stage(NEW, crate::fixture::SALES, "new", StageKind::Open);
    first.required_fields = vec!["amount".to_owned()];
    world.set(DirectoryChange::Stage(first));
    let changes = take(&world, TELEGRAM, incoming("вопрос"), Known::default());
    assert_eq!(after(&changes).item.expect("opened").stage, NEW);
    assert!(
        changes
            .history
            .iter()
            .any(|h| h.what == "required-fields-overridden")
    );
}

#[test]
fn a_message_that_is_known_already_changes_nothing() {
    let world = World::new();
    let first = take(&world, TELEGRAM, incoming("раз"), Known::default());
    let message = first.messages.values().next().map(|s| s.row.clone());
    let known = Known {
        message,
        ..after(&first)
    };
    assert_eq!(
        take(&world, TELEGRAM, incoming("раз"), known),
        ChangeSet::default()
    );
}

#[test]
fn an_album_is_one_event_for_robots() {
    let world = World::new();
    let picture = |id: &str| Incoming {
        external_id: id.to_owned(),
        media: Some("photo".to_owned()),
        album: Some("a1".to_owned()),
        ..incoming("")
    };
    let first = take(&world, TELEGRAM, picture("1"), Known::default());
    assert!(kinds(&first).contains(&"message-received"));
    let second = take(
        &world,
        TELEGRAM,
        picture("2"),
        Known {
            has_album: true,
            ..after(&first)
        },
    );
    assert_eq!((kinds(&second), second.messages.len()), (vec![], 1));
}

#[test]
fn an_edit_changes_its_message_and_a_late_one_does_not() {
    let world = World::new();
    let first = take(&world, TELEGRAM, incoming("раз"), Known::default());
    let message = first.messages.values().next().expect("one").row.clone();
    let edit = |text: &str, sent_at: &str, message: &Message| {
        let incoming = Incoming {
            is_edit: true,
            sent_at: at(sent_at),
            ..incoming(text)
        };
        take(
            &world,
            TELEGRAM,
            incoming,
            Known {
                message: Some(message.clone()),
                ..after(&first)
            },
        )
    };
    let changes = edit("два", "2026-03-02T11:25:00Z", &message);
    assert_eq!(kinds(&changes), ["message-edited"]);
    assert_eq!(changes.facts[0].item, after(&first).item.map(|item| item.id));
    let edited = changes.messages[&message.id].row.clone();
    assert_eq!((edited.text.as_str(), edited.seq), ("два", 1));
    assert_eq!(
        edit("раз", "2026-03-02T11:24:00Z", &edited),
        ChangeSet::default(),
        "an older edit"
    );
    assert_eq!(
        edit("два", "2026-03-02T11:26:00Z", &edited),
        ChangeSet::default(),
        "the same text"
    );
}

#[test]
fn long_texts_are_cut_to_what_a_message_holds() {
    let world = World::new();
    let long = "ы".repeat(TEXT_CHARS_MAX + 1);
    let nameless = Incoming {
        sender_name: " ".to_owned(),
        ..incoming(&long)
    };
    let changes = take(&world, TELEGRAM, nameless, Known::default());
    let message = &changes.messages.values().next().expect("one").row;
    assert_eq!(message.text.chars().count(), TEXT_CHARS_MAX);
    assert_eq!(after(&changes).contact.expect("one").name, "777");
}

fn conversation(world: &World, channel: ChannelId) -> Conversation {
    after(&take(world, channel, incoming("раз"), Known::default()))
        .conversation
        .expect("one")
}

#[test]
fn an_answer_is_a_message_and_a_delivery_with_one_key() {
    let world = World::new();
    let open = conversation(&world, TELEGRAM);
    let mut changes = ChangeSet::default();
    let id = reply(
        &world.rules(),
        &mut changes,
        open.clone(),
        Some(BORIS),
        "Добрый день",
    )
    .expect("accepted");
    let (message, delivery) = (&changes.messages[&id].row, &changes.deliveries[0]);
    assert_eq!(
        (message.seq, message.direction, message.author),
        (2, Direction::Outbound, Some(BORIS))
    );
    assert_eq!((delivery.message, delivery.external_chat.as_str()), (id, "777"));
    assert_eq!(
        (delivery.idempotency_key.clone(), delivery.state),
        (format!("5e1f:{id}"), DeliveryState::Pending)
    );
    assert_eq!(
        changes.conversations[&open.id].row.last_outbound_at,
        Some(world.now)
    );
}

#[test]
fn an_answer_that_cannot_be_sent_is_refused() {
    let world = World::new();
    let open = conversation(&world, TELEGRAM);
    let closed = Conversation {
        closed_at: Some(world.now),
        ..open.clone()
    };
    let long = "x".repeat(TEXT_CHARS_MAX + 1);
    for (conversation, text, code) in [
        (open.clone(), "  ", Code::Invalid),
        (open.clone(), long.as_str(), Code::Invalid),
        (closed, "да", Code::Conflict),
        (conversation(&world, FORM), "да", Code::Conflict),
    ] {
        let mut changes = ChangeSet::default();
        let rejection = reply(&world.rules(), &mut changes, conversation, None, text).expect_err(text);
        assert_eq!((rejection.code, changes), (code, ChangeSet::default()));
    }
}

#[test]
fn a_conversation_is_closed_once() {
    let world = World::new();
    let (open, mut changes) = (conversation(&world, TELEGRAM), ChangeSet::default());
    let closed = close(&world.rules(), &mut changes, open.clone()).expect("open");
    assert_eq!(closed.closed_at, Some(world.now));
    let fact = Fact::ConversationClosed {
        conversation: open.id,
    };
    assert_eq!(
        (&changes.facts[0].fact, changes.facts[0].item),
        (&fact, open.item)
    );
    let rejection = close(&world.rules(), &mut ChangeSet::default(), closed).expect_err("closed");
    assert_eq!(rejection.code, Code::Conflict);
}
