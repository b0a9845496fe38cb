//! Rows for tests.

use std::collections::BTreeMap;

use signalbox_crm::activity::{Activity, ActivityKind, ActivityState};
use signalbox_crm::attachment::CancelOn;
use signalbox_crm::contact::{Contact, ContactPoint, PointKind};
use signalbox_crm::conversation::{Conversation, Direction, Message};
use signalbox_crm::event::{Event, Fact, Origin};
use signalbox_crm::http_request::{Asked, HttpRequest, Method, RequestState, Wake};
use signalbox_crm::ids::{
    ActivityId, AttachmentId, ChannelId, ContactId, ConversationId, DeliveryId, EmployeeId, EventId,
    InboundId, ItemId, ItemKind, MessageId, NotificationId, PipelineId, RequestId, RunId, StageId,
};
use signalbox_crm::item::Item;
use signalbox_crm::notification::Notification;
use signalbox_crm::run::{Attempt, Failures, Run, RunState, Verdict};
use signalbox_crm::time::Timestamp;
use signalbox_crm::timer::{Delivery, DeliveryState, Inbound, InboundState};
use signalbox_db::Batch;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_780_000_000_000_000 + seconds * 1_000_000)
}

pub(crate) fn batch() -> Batch {
    Batch::new(at(0))
}

pub(crate) fn deal(number: i64) -> ItemId {
    ItemId {
        kind: ItemKind::Deal,
        number,
    }
}

pub(crate) fn item(number: i64) -> Item {
    Item {
        id: deal(number),
        pipeline: PipelineId(1),
        stage: StageId(1),
        stage_entry: 1,
        stage_entered_at: at(0),
        title: format!("Deal {number}"),
        assignee: None,
        contact: None,
        amount: None,
        source: None,
        fields: BTreeMap::new(),
        raised_at: at(number),
        last_contact_at: None,
        closed_at: None,
        lost_reason: None,
        created_at: at(0),
        updated_at: at(0),
        version: 1,
    }
}

pub(crate) fn contact(id: i64, name: &str, phones: &[&str]) -> Contact {
    let point = |phone: &&str| ContactPoint {
        kind: PointKind::Phone,
        key: (*phone).to_owned(),
        raw: format!("tel {phone}"),
    };
    Contact {
        id: ContactId(id),
        name: name.to_owned(),
        points: phones.iter().map(point).collect(),
        assignee: None,
        created_at: at(0),
        version: 1,
    }
}

pub(crate) fn activity(id: i64, item: i64, deadline: i64) -> Activity {
    Activity {
        id: ActivityId(id),
        item: deal(item),
        kind: ActivityKind::Call,
        title: "Call".to_owned(),
        description: String::new(),
        deadline_at: at(deadline),
        duration_s: None,
        assignee: None,
        reminders_min: Vec::new(),
        state: ActivityState::Open,
        created_at: at(0),
        finished_at: None,
        version: 1,
    }
}

pub(crate) fn conversation(id: i64, chat: &str) -> Conversation {
    Conversation {
        id: ConversationId(id),
        channel: ChannelId(1),
        external_chat: chat.to_owned(),
        contact: None,
        item: None,
        operator: None,
        opened_at: at(0),
        closed_at: None,
        last_inbound_at: None,
        last_outbound_at: None,
        message_count: 0,
        version: 1,
    }
}

pub(crate) fn message(id: i64, conversation: i64, seq: i64, external: &str) -> Message {
    Message {
        id: MessageId(id),
        conversation: ConversationId(conversation),
        seq,
        direction: Direction::Inbound,
        text: format!("Message {id}"),
        media: None,
        external_id: Some(external.to_owned()),
        album: None,
        author: None,
        run: None,
        sent_at: at(id),
        edited_at: None,
        version: 1,
    }
}

pub(crate) fn notification(id: i64, tag: Option<&str>) -> Notification {
    Notification {
        id: NotificationId(id),
        employee: EmployeeId(1),
        title: format!("Notification {id}"),
        text: String::new(),
        item: None,
        tag: tag.map(str::to_owned),
        run: None,
        created_at: at(id),
        read_at: None,
    }
}

pub(crate) fn delivery(id: i64) -> Delivery {
    Delivery {
        id: DeliveryId(id),
        channel: ChannelId(1),
        conversation: ConversationId(1),
        message: MessageId(id),
        seq: id,
        item: Some(deal(1)),
        run: Some(RunId(1)),
        external_chat: "chat".to_owned(),
        text: "Answer".to_owned(),
        idempotency_key: format!("installation:{id}"),
        state: DeliveryState::Pending,
        attempt_count: 0,
        due_at: at(id),
        started_at: None,
        last_error: None,
        created_at: at(0),
        finished_at: None,
    }
}

/// A request to a service that waits.
pub(crate) fn request(id: i64) -> HttpRequest {
    HttpRequest {
        id: RequestId(id),
        attachment: AttachmentId(1),
        chain: Origin {
            root: None,
            depth: 0,
            run: None,
        },
        item: None,
        stage_entry: None,
        origin: "https://api.example.com".to_owned(),
        asked: Asked {
            method: Method::Get,
            url: "https://api.example.com/".to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            payload: String::new(),
            wake: Wake::Never,
            timeout_s: 10,
            attempts_max: 5,
        },
        idempotency_key: format!("installation:request:{id}"),
        state: RequestState::Pending,
        attempt_count: 0,
        due_at: at(id),
        last_error: None,
        response: None,
        created_at: at(0),
        finished_at: None,
    }
}

pub(crate) fn inbound(id: i64, dedup_key: &str) -> Inbound {
    Inbound {
        id: InboundId(id),
        channel: ChannelId(1),
        dedup_key: dedup_key.to_owned(),
        chat: Some("chat".to_owned()),
        body: "{}".to_owned(),
        received_at: at(id),
        state: InboundState::Received,
        note: None,
    }
}

pub(crate) fn event(id: i64) -> Event {
    Event {
        id: EventId(id),
        fact: Fact::ItemCreated { source: None },
        item: Some(deal(1)),
        root: EventId(id),
        depth: 0,
        caused_by: None,
        at: at(0),
    }
}

pub(crate) fn run(id: i64, state: RunState) -> Run {
    Run {
        id: RunId(id),
        event: EventId(1),
        attachment: AttachmentId(id),
        item: Some(deal(1)),
        stage_entry: Some(1),
        cancel_on: CancelOn::LeaveStage,
        state,
        reason: None,
        detail: None,
        due_at: (state == RunState::Retryable).then(|| at(0)),
        after: None,
        timer_key: None,
        attempt_count: 0,
        failures: Failures::default(),
        created_at: at(0),
        finished_at: state.is_final().then(|| at(0)),
    }
}

pub(crate) fn attempt(run: i64, number: u32, verdict: Verdict) -> Attempt {
    Attempt {
        run: RunId(run),
        number,
        robot: "notify@1.0.0".to_owned(),
        digest: "0a".repeat(32),
        verdict,
        started_at: at(1),
        ended_at: at(2),
        duration_us: 1_000_000,
        fuel: 12_345,
        memory_bytes: 1 << 20,
        calls: r#"[{"call":"now","answer":"2026"}]"#.to_owned(),
        effects: "[]".to_owned(),
        logs: r#"["a \"quoted\" line"]"#.to_owned(),
    }
}
