//! Rows are kept as they are given.

use signalbox_crm::changes::Remembered;
use signalbox_crm::contact::{ContactPoint, PointKind};
use signalbox_crm::conversation::Direction;
use signalbox_crm::ids::{
    ActivityId, AttachmentId, ChannelId, ContactId, ConversationId, EmployeeId, InboundId, MessageId,
    NotificationId, RunId, TimerId,
};
use signalbox_crm::notification::{HistoryEntry, TimelineEntry};
use signalbox_crm::remembering::StateOwner;
use signalbox_crm::shard::ShardSet;
use signalbox_crm::timer::{DeliveryState, InboundState, Timer, TimerKind};
use signalbox_crm::value::{FieldValue, Money};
use signalbox_db::{DbError, DeliveryFilter, InboundDone};

use super::place::Place;
use super::samples::*;

pub(crate) async fn rows_read_back_as_they_were_committed(place: &Place) {
    let db = place.open().await;
    let mut full = item(1);
    full.assignee = Some(EmployeeId(7));
    full.contact = Some(ContactId(1));
    full.amount = Some(Money::new("-1500.50", "RUB").unwrap());
    full.source = Some("site".to_owned());
    full.fields.insert("budget".to_owned(), FieldValue::Number(0.1));
    full.fields.insert(
        "tags".to_owned(),
        FieldValue::Many(vec!["a".to_owned(), "b".to_owned()]),
    );
    full.fields.insert("until".to_owned(), FieldValue::Instant(at(5)));
    full.last_contact_at = Some(at(3));
    full.closed_at = Some(at(4));
    full.lost_reason = Some("price".to_owned());
    let mut person = contact(1, "Anna", &["+79876543210"]);
    person.points.push(ContactPoint {
        kind: PointKind::Handle,
        key: "telegram:5".to_owned(),
        raw: "@anna".to_owned(),
    });
    let mut work = activity(1, 1, 100);
    work.duration_s = Some(900);
    work.reminders_min = vec![60, 15];
    work.assignee = Some(EmployeeId(7));
    let mut talk = conversation(1, "chat");
    talk.item = Some(deal(1));
    talk.contact = Some(ContactId(1));
    talk.message_count = 2;
    talk.last_inbound_at = Some(at(2));
    let mut answer = message(2, 1, 2, "x");
    answer.direction = Direction::Outbound;
    answer.author = Some(EmployeeId(7));
    answer.run = Some(RunId(3));
    answer.media = Some("photo".to_owned());
    answer.album = Some("album".to_owned());
    answer.edited_at = Some(at(9));
    let mut told = notification(1, Some("tag"));
    told.item = Some(deal(1));
    told.run = Some(RunId(3));
    let note = TimelineEntry {
        item: deal(1),
        at: at(1),
        kind: "note".to_owned(),
        text: "text".to_owned(),
        actor: "system".to_owned(),
        run: None,
    };
    let change = HistoryEntry {
        subject: "deal:1".to_owned(),
        at: at(1),
        actor: "robot:notify@1.0.0".to_owned(),
        run: Some(RunId(3)),
        what: "stage".to_owned(),
        before: Some("stage:1".to_owned()),
        after: None,
    };

    let mut batch = batch();
    batch.items_new = vec![full.clone(), item(2)];
    batch.contacts_new = vec![person.clone(), contact(2, "Boris", &[])];
    batch.activities_new = vec![work.clone()];
    batch.conversations_new = vec![talk.clone()];
    batch.messages_new = vec![message(1, 1, 1, "x"), answer.clone()];
    batch.notifications = vec![told.clone()];
    batch.timeline = vec![note.clone()];
    batch.history = vec![change.clone()];
    batch.deliveries = vec![delivery(1)];
    batch.inbound = vec![inbound(1, "a")];
    batch.events = vec![event(1)];
    db.commit(&batch).await.unwrap();

    assert_eq!(db.item(1).await.unwrap(), Some(full));
    assert_eq!(db.item(2).await.unwrap(), Some(item(2)));
    assert_eq!(db.item(3).await.unwrap(), None);
    assert_eq!(db.contact(ContactId(1)).await.unwrap(), Some(person));
    assert_eq!(
        db.contact(ContactId(2)).await.unwrap(),
        Some(contact(2, "Boris", &[]))
    );
    assert_eq!(db.activity(ActivityId(1)).await.unwrap(), Some(work.clone()));
    assert_eq!(db.open_activities(1, 10).await.unwrap(), vec![work]);
    assert_eq!(
        db.conversation(ConversationId(1)).await.unwrap(),
        Some(talk.clone())
    );
    assert_eq!(
        db.open_conversation(ChannelId(1), "chat").await.unwrap(),
        Some(talk)
    );
    let messages = db.messages(ConversationId(1), None, 10).await.unwrap();
    assert_eq!(messages, vec![answer.clone(), message(1, 1, 1, "x")]);
    assert_eq!(db.message(MessageId(2)).await.unwrap(), Some(answer));
    let found = db.message_by_external(ChannelId(1), "chat", "x").await.unwrap();
    assert_eq!(found, Some(message(1, 1, 1, "x")));
    assert_eq!(db.notification(NotificationId(1)).await.unwrap(), Some(told));
    assert_eq!(db.timeline(1, None, 10).await.unwrap()[0].entry, note);
    assert_eq!(db.history("deal:1", None, 10).await.unwrap()[0].entry, change);
    assert_eq!(
        db.due_deliveries(&ShardSet::ALL, at(9), &[], 10).await.unwrap(),
        vec![delivery(1)]
    );
    assert_eq!(db.inbound(InboundId(1)).await.unwrap(), Some(inbound(1, "a")));
    assert_eq!(db.event(event(1).id).await.unwrap(), Some(event(1)));
}

pub(crate) async fn changed_rows_replace_the_old_ones(place: &Place) {
    let db = place.open().await;
    let mut first = batch();
    first.items_new = vec![item(1), item(2)];
    first.contacts_new = vec![contact(1, "Anna", &["+79876543210"])];
    first.activities_new = vec![activity(1, 1, 100)];
    first.conversations_new = vec![conversation(1, "chat")];
    first.messages_new = vec![message(1, 1, 1, "x")];
    db.commit(&first).await.unwrap();

    let mut moved = item(1);
    moved.title = "New title".to_owned();
    moved.raised_at = at(500);
    moved.version = 2;
    let mut person = contact(1, "Anna B.", &["+79876543211", "+79876543212"]);
    person.version = 2;
    let mut done = activity(1, 1, 100);
    done.state = signalbox_crm::activity::ActivityState::Completed;
    done.finished_at = Some(at(50));
    done.version = 2;
    let mut closed = conversation(1, "chat");
    closed.closed_at = Some(at(50));
    closed.version = 2;
    let mut edited = message(1, 1, 1, "x");
    edited.text = "Edited".to_owned();
    edited.version = 2;
    let mut second = batch();
    second.items = vec![(1, moved.clone())];
    second.contacts = vec![(1, person.clone())];
    second.activities = vec![(1, done.clone())];
    second.conversations = vec![(1, closed.clone())];
    second.conversations_new = vec![conversation(2, "chat")];
    second.messages = vec![(1, edited.clone())];
    db.commit(&second).await.unwrap();

    assert_eq!(db.item(1).await.unwrap(), Some(moved));
    assert_eq!(db.item(2).await.unwrap(), Some(item(2)));
    assert_eq!(db.contact(ContactId(1)).await.unwrap(), Some(person));
    assert_eq!(db.activity(ActivityId(1)).await.unwrap(), Some(done));
    assert_eq!(db.open_activities(1, 10).await.unwrap(), vec![]);
    assert_eq!(db.conversation(ConversationId(1)).await.unwrap(), Some(closed));
    let open = db.open_conversation(ChannelId(1), "chat").await.unwrap();
    assert_eq!(open, Some(conversation(2, "chat")));
    assert_eq!(db.message(MessageId(1)).await.unwrap(), Some(edited));
}

pub(crate) async fn text_of_any_kind_survives_and_nul_is_replaced(place: &Place) {
    let db = place.open().await;
    let texts = [
        "",
        " ",
        "\"\\/\u{8}\u{c}\n\r\t\u{1}\u{1f}\u{7f}",
        "\u{41f}\u{440}\u{438}\u{432}\u{435}\u{442} \u{1f600} \u{2028}\u{feff}",
        "\\u0000 '; DROP TABLE item; --",
        "null",
    ];
    let mut first = batch();
    for (number, text) in (1_i64..).zip(texts) {
        let mut row = item(number);
        row.title = text.to_owned();
        row.fields
            .insert(text.to_owned(), FieldValue::Text(text.to_owned()));
        first.items_new.push(row);
    }
    let mut nul = item(100);
    nul.title = "a\0b".to_owned();
    nul.fields
        .insert("x".to_owned(), FieldValue::Text("c\0d".to_owned()));
    first.items_new.push(nul);
    db.commit(&first).await.unwrap();

    for row in first.items_new.iter().take(texts.len()) {
        assert_eq!(db.item(row.id.number).await.unwrap().as_ref(), Some(row));
    }
    let nul = db.item(100).await.unwrap().unwrap();
    assert_eq!(nul.title, "a\u{fffd}b");
    // Inside JSON it is escaped, and stays what it is.
    assert_eq!(nul.fields["x"], FieldValue::Text("c\0d".to_owned()));
    assert_eq!(db.history("a\0b", None, 1).await.unwrap(), vec![]);
}

pub(crate) async fn notification_with_a_tag_replaces_the_unread_one(place: &Place) {
    let db = place.open().await;
    let employee = EmployeeId(1);
    let mut first = batch();
    first.notifications = vec![
        notification(1, Some("a")),
        notification(2, None),
        notification(3, Some("a")),
    ];
    db.commit(&first).await.unwrap();
    let unread = db.notifications(employee, true, None, 10).await.unwrap();
    assert_eq!(unread, vec![notification(3, Some("a")), notification(2, None)]);

    let mut second = batch();
    second.notifications = vec![notification(4, Some("a"))];
    db.commit(&second).await.unwrap();
    let unread = db.notifications(employee, true, None, 10).await.unwrap();
    assert_eq!(unread, vec![notification(4, Some("a")), notification(2, None)]);

    let mut third = batch();
    third.notifications_read = vec![
        (NotificationId(4), EmployeeId(2), at(60)),
        (NotificationId(99), EmployeeId(2), at(60)),
    ];
    third.notifications = vec![notification(5, Some("a"))];
    db.commit(&third).await.unwrap();
    assert_eq!(db.unread_count(employee).await.unwrap(), 2);
    let all = db
        .notifications(employee, false, Some(NotificationId(5)), 10)
        .await
        .unwrap();
    assert_eq!(all[0].read_at, Some(at(60)));
    assert_eq!(all.len(), 2);
}

pub(crate) async fn inbound_event_is_stored_once(place: &Place) {
    let db = place.open().await;
    let mut first = batch();
    first.inbound = vec![inbound(1, "a"), inbound(2, "b"), inbound(3, "a")];
    let committed = db.commit(&first).await.unwrap();
    assert_eq!(committed.inbound_stored, vec![InboundId(1), InboundId(2)]);

    let mut second = batch();
    second.inbound = vec![inbound(4, "b")];
    second.inbound_done = vec![InboundDone {
        id: InboundId(1),
        state: InboundState::Ignored,
        note: Some("a sticker".to_owned()),
    }];
    assert_eq!(db.commit(&second).await.unwrap().inbound_stored, vec![]);
    assert_eq!(
        db.unclaimed_inbound(&ShardSet::ALL, 10).await.unwrap(),
        vec![inbound(2, "b")]
    );
    assert_eq!(
        db.inbound(InboundId(1)).await.unwrap().unwrap().note.as_deref(),
        Some("a sticker")
    );
    second.inbound.clear();
    assert!(matches!(
        db.commit(&second).await,
        Err(DbError::Conflict("inbound"))
    ));
}

pub(crate) async fn delivery_is_pending_until_it_is_delivered_or_dead(place: &Place) {
    let db = place.open().await;
    let mut first = batch();
    first.deliveries = vec![delivery(1), delivery(2)];
    first.messages_new = vec![message(1, 1, 7, "a"), message(2, 1, 8, "b")];
    db.commit(&first).await.unwrap();
    assert_eq!(
        db.next_delivery_after(&ShardSet::ALL, at(0)).await.unwrap(),
        Some(at(1))
    );
    assert_eq!(
        db.next_delivery_after(&ShardSet::ALL, at(1)).await.unwrap(),
        Some(at(2))
    );
    // The second of a conversation waits for the first, also when that is due later.
    let due = async |now, except: &[ChannelId]| {
        db.due_deliveries(&ShardSet::ALL, at(now), except, 10)
            .await
            .unwrap()
    };
    assert_eq!(due(9, &[]).await, [delivery(1)]);
    assert_eq!(due(9, &[ChannelId(1)]).await, []);
    let many: Vec<ChannelId> = (2..=500).map(ChannelId).collect();
    assert_eq!(due(9, &many).await, [delivery(1)]);
    assert_eq!(due(9, &[&many[..], &[ChannelId(1)]].concat()).await, []);
    let mut later = delivery(1);
    later.due_at = at(50);
    later.started_at = Some(at(3));
    let mut again = batch();
    again.deliveries_done = vec![later.clone()];
    db.commit(&again).await.unwrap();
    assert_eq!(due(9, &[]).await, []);
    assert_eq!(due(50, &[ChannelId(2)]).await, [later]);

    let mut dead = delivery(1);
    dead.state = DeliveryState::Dead;
    dead.attempt_count = 3;
    dead.last_error = Some("410".to_owned());
    dead.finished_at = Some(at(9));
    let mut second = batch();
    second.deliveries_done = vec![dead.clone()];
    db.commit(&second).await.unwrap();
    assert!(matches!(
        db.commit(&second).await,
        Err(DbError::Conflict("delivery"))
    ));
    let filter = DeliveryFilter {
        state: Some(DeliveryState::Dead),
        ..DeliveryFilter::default()
    };
    assert_eq!(
        db.deliveries(&filter, None, 10).await.unwrap(),
        vec![dead.clone()]
    );

    let mut third = batch();
    third.at = at(77);
    third.deliveries_again = vec![dead.id, delivery(2).id];
    db.commit(&third).await.unwrap();
    let again = db.delivery(dead.id).await.unwrap().unwrap();
    assert_eq!(
        (again.state, again.due_at, again.finished_at),
        (DeliveryState::Pending, at(77), None)
    );
    assert_eq!(db.delivery(delivery(2).id).await.unwrap(), Some(delivery(2)));
}

pub(crate) async fn timers_of_an_activity_are_replaced(place: &Place) {
    let db = place.open().await;
    let timer = |id: i64, activity: i64, due: i64, kind: TimerKind| Timer {
        id: TimerId(id),
        due_at: at(due),
        kind,
        activity: ActivityId(activity),
        item: deal(1),
        deadline_at: at(100),
    };
    let reminder = timer(1, 1, 40, TimerKind::Reminder { minutes: 15 });
    let mut first = batch();
    first.timers = vec![
        timer(2, 1, 100, TimerKind::Overdue),
        reminder.clone(),
        timer(3, 2, 50, TimerKind::Overdue),
    ];
    db.commit(&first).await.unwrap();
    assert_eq!(db.next_timer_at(&ShardSet::ALL).await.unwrap(), Some(at(40)));
    let due = db.due_timers(&ShardSet::ALL, at(50), 10).await.unwrap();
    assert_eq!(due, vec![reminder, timer(3, 2, 50, TimerKind::Overdue)]);

    let mut second = batch();
    second.timers_fired = vec![TimerId(3)];
    second.timers_void = vec![ActivityId(1)];
    second.timers = vec![timer(4, 1, 200, TimerKind::Overdue)];
    db.commit(&second).await.unwrap();
    assert_eq!(
        db.due_timers(&ShardSet::ALL, at(999), 10).await.unwrap(),
        second.timers
    );
}

pub(crate) async fn what_robots_remember_is_replaced_counted_and_forgotten(place: &Place) {
    let db = place.open().await;
    let robot = StateOwner::Robot("notify".to_owned());
    let own = StateOwner::Attachment(AttachmentId(5), Some(deal(17)));
    let entry = |owner: &StateOwner, key: &str, value: Option<&str>, run: i64| {
        let remembered = Remembered {
            value: value.map(str::to_owned),
            run: Some(RunId(run)),
        };
        ((owner.clone(), key.to_owned()), remembered)
    };
    let store = async |entries: Vec<((StateOwner, String), Remembered)>| {
        let mut batch = batch();
        batch.state.extend(entries);
        db.commit(&batch).await.unwrap();
    };
    store(vec![
        entry(&robot, "a", Some("1"), 1),
        entry(&robot, "b", Some("ёж"), 1),
        entry(&own, "a", Some(""), 1),
    ])
    .await;
    store(vec![
        entry(&robot, "a", Some("2"), 2),
        entry(&robot, "none", None, 2),
    ])
    .await;
    let kept = db.state(&robot, "a").await.unwrap().unwrap();
    assert_eq!((kept.value.as_str(), kept.run), ("2", 2));
    let extent = db.state_extent(&robot).await.unwrap();
    assert_eq!((extent.key_count, extent.byte_count), (2, 2 + 5));
    assert_eq!(db.state_bytes(&own, "a").await.unwrap(), Some(1));
    store(vec![entry(&robot, "a", None, 3), entry(&robot, "b", None, 3)]).await;
    assert_eq!(db.state(&robot, "a").await.unwrap(), None);
    assert_eq!(db.state_bytes(&robot, "b").await.unwrap(), None);
    assert_eq!(db.state_extent(&robot).await.unwrap().key_count, 0);
    assert_eq!(db.state(&own, "a").await.unwrap().unwrap().value, "", "another's");
}
