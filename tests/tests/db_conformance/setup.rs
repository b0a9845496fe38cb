//! The set-up and the small tables of the host.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use signalbox_crm::attachment::Attachment;
use signalbox_crm::automation::{
    AutomationDraft, AutomationId, AutomationVersion, Counts, Origin, VERSIONS_KEPT_MAX,
};
use signalbox_crm::directory::DirectoryChange;
use signalbox_crm::ids::{AttachmentId, EmployeeId};
use signalbox_crm::people::{Absence, Employee, Role};
use signalbox_crm::pipeline::Stage;
use signalbox_crm::timer::{Delivery, DeliveryState, Inbound, InboundState};
use signalbox_db::{
    Batch, DbError, DeliveryFilter, Expiring, Expiry, INSTALLATION, IdempotencyRow, ScheduleMove,
    ScheduleRow, Turn,
};

use super::place::Place;
use super::samples::*;

fn of<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn employee(id: i64, email: Option<&str>, version: i64) -> Employee {
    Employee {
        id: EmployeeId(id),
        name: "\u{410}\u{43d}\u{43d}\u{430} \"A\"".to_owned(),
        email: email.map(str::to_owned),
        role: Role::Operator,
        head: None,
        is_active: true,
        absences: vec![Absence {
            from: at(1),
            until: at(2),
        }],
        calendar: None,
        version,
    }
}

fn stage(id: i64, key: &str) -> Stage {
    of(json!({
        "id": format!("stage:{id}"), "pipeline": "pipeline:1", "key": key, "title": { "ru": "x", "en": "x" },
        "kind": "open", "sort": id, "required_fields": ["budget"], "requires_reason": false, "version": 1,
    }))
}

fn robot(is_current: bool, component: Option<&[u8]>) -> DirectoryChange {
    let text = json!({ "ru": "x", "en": "x" });
    let version = of(json!({
        "digest": "ab".repeat(32), "imports": ["signalbox:robot/items"], "size_bytes": 3, "installed_at": at(0),
        "is_bundled": true, "is_current": is_current,
        "manifest": {
            "contract": "0.9", "id": "notify", "version": "1.0.0", "name": text, "description": text,
            "group": "x", "causes": ["manual"],
        },
    }));
    DirectoryChange::Robot(version, component.map(|bytes| Arc::new(bytes.to_vec())))
}

pub(crate) fn whole() -> Vec<DirectoryChange> {
    let title = json!({ "ru": "x", "en": "x" });
    vec![
        DirectoryChange::Calendar(of(json!({
            "id": "calendar:1", "key": "main", "is_default": true, "version": 1,
            "spec": { "zone": "Europe/Moscow", "weekly": [{ "days": ["mon-fri"], "hours": ["09:00-18:00"] }] },
        }))),
        DirectoryChange::Employee(employee(1, Some("anna@example.com"), 1)),
        DirectoryChange::Employee(employee(2, None, 1)),
        DirectoryChange::Pipeline(of(json!({
            "id": "pipeline:1", "key": "sales", "title": title, "item_kind": "deal",
            "activity_working_days_max": 5, "calendar": null, "version": 1,
        }))),
        DirectoryChange::Stage(stage(1, "new")),
        DirectoryChange::Stage(stage(2, "work")),
        DirectoryChange::Field(of(json!({
            "key": "budget", "title": title, "field_type": "number", "options": [], "version": 1,
        }))),
        DirectoryChange::Channel(of(json!({
            "id": "channel:1", "key": "bot", "title": "Bot", "provider": "telegram", "inbound_secret": "s",
            "outbound_secret": null, "base_url": null, "opens_item_in": "pipeline:1", "default_assignee": null,
            "is_active": true, "version": 1,
        }))),
        robot(true, Some(b"\0asm")),
        DirectoryChange::Attachment(of(json!({
            "id": "attachment:1", "title": "Tell", "robot": "notify", "digest": "ab".repeat(32),
            "moment": { "kind": "stage", "stage": "stage:1" }, "grants": ["notifications"],
            "params": { "text": "Hi" }, "is_enabled": true, "version": 1,
        }))),
        DirectoryChange::Token(of(json!({
            "id": "token:1", "name": "ci", "digest": "cd".repeat(32), "role": "integrator", "employee": null,
            "created_at": at(0), "expires_at": null, "revoked_at": null,
        }))),
        DirectoryChange::Account(of(json!({
            "employee": "employee:1", "password": "$argon2id$x", "version": 1,
            "invitation": { "digest": "ef".repeat(32), "expires_at": at(9) },
            "preferences": { "language": "ru", "theme": "dark", "has_shortcuts": false,
                "filters": [{ "name": "Mine", "path": "/board/1?assignee=employee:1" }] },
        }))),
        DirectoryChange::Session(of(json!({
            "digest": "0a".repeat(32), "employee": "employee:1", "created_at": at(0), "expires_at": at(9),
            "agent": "Firefox", "version": 1,
        }))),
    ]
}

fn changes(version: i64, directory: Vec<DirectoryChange>) -> Batch {
    let mut batch = batch();
    batch.directory = directory;
    batch.directory_version = version;
    batch
}

pub(crate) async fn directory_reads_back_as_it_was_committed(place: &Place) {
    let db = place.open().await;
    assert_eq!(db.load_directory().await.unwrap().version, 0);
    db.commit(&changes(3, whole())).await.unwrap();
    let mut expected = signalbox_crm::directory::Directory::default();
    for change in whole() {
        expected.apply(change).unwrap();
    }
    let found = db.load_directory().await.unwrap();
    assert_eq!(found.version, 3);
    assert_eq!(found.employees, expected.employees);
    assert_eq!(found.pipelines, expected.pipelines);
    assert_eq!(found.stages, expected.stages);
    assert_eq!(found.fields, expected.fields);
    assert_eq!(found.calendars.len(), 1);
    assert_eq!(found.channels, expected.channels);
    assert_eq!(found.robots, expected.robots);
    assert_eq!(found.attachments, expected.attachments);
    assert_eq!(found.tokens, expected.tokens);
    assert_eq!(found.accounts, expected.accounts);
    assert_eq!(found.sessions, expected.sessions);
    assert_eq!(
        db.robot_component(&"ab".repeat(32)).await.unwrap().as_deref(),
        Some(b"\0asm".as_slice())
    );
    assert_eq!(db.robot_component("unknown").await.unwrap(), None);

    let removed = DirectoryChange::AttachmentRemoved(AttachmentId(1));
    let signed_out = DirectoryChange::SessionRemoved("0a".repeat(32));
    db.commit(&changes(4, vec![removed, signed_out, robot(false, None)]))
        .await
        .unwrap();
    let found = db.load_directory().await.unwrap();
    assert!(found.attachments.is_empty() && found.sessions.is_empty());
    assert!(!found.robots[&"ab".repeat(32)].is_current);
    assert!(db.robot_component(&"ab".repeat(32)).await.unwrap().is_some());
}

pub(crate) async fn stale_entry_of_the_directory_is_a_conflict(place: &Place) {
    let db = place.open().await;
    db.commit(&changes(1, whole())).await.unwrap();
    let stale = changes(2, vec![DirectoryChange::Employee(employee(1, None, 3))]);
    assert!(matches!(
        db.commit(&stale).await,
        Err(DbError::Conflict("employee"))
    ));
    let taken = changes(
        2,
        vec![DirectoryChange::Employee(employee(
            3,
            Some("anna@example.com"),
            1,
        ))],
    );
    assert!(matches!(db.commit(&taken).await, Err(DbError::Constraint(_))));
    let taken = changes(2, vec![DirectoryChange::Stage(stage(3, "work"))]);
    assert!(matches!(db.commit(&taken).await, Err(DbError::Constraint(_))));
    let next = vec![
        DirectoryChange::Employee(employee(1, None, 2)),
        DirectoryChange::Employee(employee(3, Some("anna@example.com"), 1)),
    ];
    db.commit(&changes(2, next)).await.unwrap();
    assert_eq!(
        db.load_directory().await.unwrap().employees[&EmployeeId(1)].version,
        2
    );
}

pub(crate) async fn drafts_are_replaced_and_versions_are_kept(place: &Place) {
    let db = place.open().await;
    db.commit(&changes(1, whole())).await.unwrap();
    let sales: AutomationId = "pipeline:1".parse().unwrap();
    let attachments = db.load_directory().await.unwrap().attachments;
    let attachments: Vec<Attachment> = attachments.values().map(|one| Attachment::clone(one)).collect();
    let draft = |version: i64, title: &str| {
        let mut entries = attachments.clone();
        entries[0].title = title.to_owned();
        DirectoryChange::Draft(Box::new(AutomationDraft {
            automation: sales,
            version,
            base_number: 1,
            base: attachments.clone(),
            entries,
            begun_at: at(1),
            begun_by: "employee:1".to_owned(),
            changed_at: at(2),
            changed_by: "employee:2".to_owned(),
        }))
    };
    let version = |number: i64, automation: AutomationId| AutomationVersion {
        automation,
        number,
        at: at(number),
        by: "employee:1".to_owned(),
        origin: Origin::Published,
        comment: "\u{41f}\u{43e}\u{447}\u{435}\u{43c}\u{443}".to_owned(),
        counts: Counts {
            added: 1,
            changed: 2,
            removed: 3,
        },
        attachments: attachments.clone(),
    };
    let store = |version: AutomationVersion| DirectoryChange::AutomationVersion(Box::new(version));
    let first = vec![
        draft(5, "One"),
        store(version(1, sales)),
        store(version(1, AutomationId::General)),
    ];
    db.commit(&changes(2, first)).await.unwrap();
    // Whoever has an older draft, or the same number, comes too late.
    let late = db.commit(&changes(3, vec![draft(5, "Two")])).await;
    assert!(
        matches!(late, Err(DbError::Conflict("automation_draft"))),
        "{late:?}"
    );
    let late = db.commit(&changes(3, vec![store(version(1, sales))])).await;
    assert!(matches!(late, Err(DbError::Constraint(_))), "{late:?}");
    db.commit(&changes(3, vec![draft(9, "Two"), store(version(2, sales))]))
        .await
        .unwrap();

    let found = db.load_directory().await.unwrap();
    assert_eq!(found.drafts.len(), 1);
    assert_eq!(
        (
            found.drafts[&sales].version,
            found.drafts[&sales].entries[0].title.as_str()
        ),
        (9, "Two")
    );
    let heads: Vec<_> = found
        .automation_heads
        .iter()
        .map(|(id, head)| (*id, head.number, head.at))
        .collect();
    assert_eq!(heads, [(AutomationId::General, 1, at(1)), (sales, 2, at(2))]);
    let numbers = async |before| {
        let page = db.automation_versions(sales, before, 10).await.unwrap();
        assert!(page.iter().all(|one| one.attachments.is_empty()));
        page.iter().map(|one| one.number).collect::<Vec<_>>()
    };
    assert_eq!(numbers(None).await, [2, 1]);
    assert_eq!(numbers(Some(2)).await, [1]);
    assert_eq!(
        db.automation_version(sales, 2).await.unwrap(),
        Some(version(2, sales))
    );
    assert_eq!(db.automation_version(sales, 3).await.unwrap(), None);

    // So many versions are kept; a draft goes once.
    let gone = DirectoryChange::DraftRemoved(sales);
    let next = store(version(VERSIONS_KEPT_MAX + 1, sales));
    db.commit(&changes(4, vec![gone.clone(), next])).await.unwrap();
    assert_eq!(numbers(None).await, [VERSIONS_KEPT_MAX + 1, 2]);
    assert!(db.load_directory().await.unwrap().drafts.is_empty());
    let late = db.commit(&changes(5, vec![gone])).await;
    assert!(
        matches!(late, Err(DbError::Conflict("automation_draft"))),
        "{late:?}"
    );
}

pub(crate) async fn small_tables_keep_the_last_value(place: &Place) {
    let db = place.open().await;
    let turn = |employee, seq| Turn {
        attachment: AttachmentId(1),
        employee: EmployeeId(employee),
        seq,
    };
    let tick = |attachment, was: Option<i64>, seconds: Option<i64>| ScheduleMove {
        attachment: AttachmentId(attachment),
        was: was.map(at),
        version: 1,
        next_at: seconds.map(at),
    };
    let answer = IdempotencyRow {
        key: "token:1/abc".to_owned(),
        fingerprint: "f".to_owned(),
        status: 201,
        body: "{}".to_owned(),
        at: at(1),
    };
    let mut first = batch();
    first.id_marks = vec![("item", 10), ("run", 20)];
    first.turns = vec![turn(1, 1), turn(2, 2)];
    first.schedules = vec![tick(1, None, Some(10)), tick(2, None, Some(5))];
    first.meta = vec![("a".to_owned(), "1".to_owned())];
    first.idempotency = vec![answer.clone()];
    db.commit(&first).await.unwrap();

    let mut second = batch();
    second.id_marks = vec![("item", 9), ("run", 21)];
    second.turns = vec![turn(1, 3)];
    second.schedules = vec![tick(1, Some(10), None), tick(2, Some(5), Some(15))];
    second.meta = vec![("a".to_owned(), "2".to_owned())];
    db.commit(&second).await.unwrap();

    let marks = db.load_id_marks().await.unwrap();
    assert_eq!((marks["item"], marks["run"]), (10, 21));
    assert_eq!(db.load_turns().await.unwrap(), vec![turn(1, 3), turn(2, 2)]);
    let row = ScheduleRow {
        attachment: AttachmentId(2),
        version: 1,
        next_at: at(15),
    };
    assert_eq!(db.load_schedules().await.unwrap(), vec![row]);
    assert_eq!(db.meta("a").await.unwrap().as_deref(), Some("2"));
    assert_eq!(db.meta("b").await.unwrap(), None);
    let mut more = batch();
    let row = |key: &str| (key.to_owned(), String::new());
    more.meta = vec![row("pause:%"), row("pause:x"), row("pause"), row("paused:x")];
    db.commit(&more).await.unwrap();
    let found: Vec<String> = db.metas("pause:").await.unwrap().into_keys().collect();
    assert_eq!(found, ["pause:%", "pause:x"]);
    assert_eq!(db.idempotency("token:1/abc").await.unwrap(), Some(answer));
    let mut again = batch();
    again.idempotency = first.idempotency;
    assert!(matches!(
        db.commit(&again).await,
        Err(DbError::Conflict("idempotency"))
    ));
}

pub(crate) async fn what_has_served_goes_in_bounded_numbers(place: &Place) {
    let db = place.open().await;
    let key = |number: i64| IdempotencyRow {
        key: format!("key {number}"),
        fingerprint: "f".to_owned(),
        status: 201,
        body: "{}".to_owned(),
        at: at(number),
    };
    let raw = |number: i64, state| Inbound {
        received_at: at(number),
        state,
        ..inbound(number, &format!("update {number}"))
    };
    let mut first = batch();
    first.idempotency = (1..=5).map(key).collect();
    // The oldest one waits to be processed: it stays however old it is.
    first.inbound = (1..=5)
        .map(|number| {
            let state = if number == 1 {
                InboundState::Received
            } else {
                InboundState::Processed
            };
            raw(number, state)
        })
        .collect();
    first.deliveries = (1..=4).map(delivery).collect();
    db.commit(&first).await.unwrap();
    let mut second = batch();
    second.deliveries_done = (2..=4)
        .map(|number| Delivery {
            state: DeliveryState::Delivered,
            finished_at: Some(at(number)),
            ..delivery(number)
        })
        .collect();
    db.commit(&second).await.unwrap();

    let expire = async |what, before, max| {
        let mut third = batch();
        third.expired = vec![Expiry {
            what,
            before: at(before),
            max,
        }];
        db.commit(&third).await.unwrap().expired_count
    };
    assert_eq!(expire(Expiring::IdempotencyKeys, 4, 2).await, 2);
    assert_eq!(expire(Expiring::IdempotencyKeys, 4, 2).await, 1);
    assert_eq!(expire(Expiring::IdempotencyKeys, 4, 2).await, 0);
    assert_eq!(db.idempotency("key 3").await.unwrap(), None);
    assert_eq!(db.idempotency("key 4").await.unwrap(), Some(key(4)));

    assert_eq!(expire(Expiring::Inbound, 5, 100).await, 3);
    let left = db.inbound_page(None, None, 10).await.unwrap();
    let left: Vec<i64> = left.into_iter().map(|inbound| inbound.id.0).collect();
    assert_eq!(left, [5, 1]);

    assert_eq!(expire(Expiring::Deliveries, 4, 100).await, 2);
    let left = db.deliveries(&DeliveryFilter::default(), None, 10).await.unwrap();
    let left: Vec<i64> = left.into_iter().map(|delivery| delivery.id.0).collect();
    assert_eq!(left, [4, 1]);
}

pub(crate) async fn installation_keeps_its_id(place: &Place) {
    let db = place.open().await;
    assert_eq!(&*db.load_directory().await.unwrap().installation, "");
    let mut first = batch();
    first.meta = vec![(INSTALLATION.to_owned(), "5e1f".to_owned())];
    db.commit(&first).await.unwrap();
    db.close().await;
    let directory = place.open().await.load_directory().await.unwrap();
    assert_eq!(&*directory.installation, "5e1f");
}
