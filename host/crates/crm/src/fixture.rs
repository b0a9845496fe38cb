//! A small company for the tests of the rules.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};

use crate::attachment::{Attachment, Moment};
use crate::calendar::CalendarSpec;
use crate::condition::Condition;
use crate::contact::{Contact, ContactPoint, PointKind};
use crate::conversation::{Channel, Provider};
use crate::directory::{Calendar, Directory, DirectoryChange, RobotVersion};
use crate::event::{Event, Fact};
use crate::ids::{
    AttachmentId, CalendarId, ChannelId, ContactId, EmployeeId, EventId, IdKind, ItemId, ItemKind,
    PipelineId, StageId,
};
use crate::item::Item;
use crate::people::{Absence, Actor, Employee, Role};
use crate::pipeline::{FieldDef, FieldType, Pipeline, Stage, StageKind};
use crate::robot::Manifest;
use crate::rules::Rules;
use crate::secret::Secret;
use crate::time::Timestamp;
use crate::value::LocalText;

/// Monday, 14:20 in Moscow. The Monday after it is a holiday.
pub(crate) const NOW: &str = "2026-03-02T11:20:00Z";

pub(crate) const ANNA: EmployeeId = EmployeeId(1);
pub(crate) const BORIS: EmployeeId = EmployeeId(2);
pub(crate) const VERA: EmployeeId = EmployeeId(3);
/// Has left.
pub(crate) const GLEB: EmployeeId = EmployeeId(4);
/// On leave until 10 March.
pub(crate) const DINA: EmployeeId = EmployeeId(5);

/// Deals; activities at most 5 working days after the last contact.
pub(crate) const SALES: PipelineId = PipelineId(1);
/// Leads.
pub(crate) const INTAKE: PipelineId = PipelineId(2);

pub(crate) const NEW: StageId = StageId(1);
/// Wants `meeting-at`.
pub(crate) const MEETING: StageId = StageId(2);
/// Wants `amount` and the file `form`.
pub(crate) const OFFER: StageId = StageId(3);
pub(crate) const WON: StageId = StageId(4);
/// Wants a reason.
pub(crate) const LOST: StageId = StageId(5);
pub(crate) const FRESH: StageId = StageId(11);

/// Opens deals, can answer.
pub(crate) const TELEGRAM: ChannelId = ChannelId(1);
/// Conversations only, cannot answer.
pub(crate) const FORM: ChannelId = ChannelId(2);

pub(crate) struct World {
    pub(crate) directory: Directory,
    pub(crate) now: Timestamp,
    pub(crate) actor: Actor,
    pub(crate) overrides: bool,
    new_id: Box<dyn Fn(IdKind) -> i64 + Sync>,
}

impl World {
    pub(crate) fn new() -> World {
        let next = AtomicI64::new(100);
        World {
            directory: directory(),
            now: at(NOW),
            actor: Actor::Employee(ANNA),
            overrides: false,
            new_id: Box::new(move |_| next.fetch_add(1, Ordering::Relaxed)),
        }
    }

    pub(crate) fn rules(&self) -> Rules<'_> {
        Rules {
            directory: &self.directory,
            now: self.now,
            actor: &self.actor,
            new_id: &*self.new_id,
            overrides_required_fields: self.overrides,
        }
    }

    pub(crate) fn new_id(&self) -> &(dyn Fn(IdKind) -> i64 + Sync) {
        &*self.new_id
    }

    pub(crate) fn set(&mut self, change: DirectoryChange) {
        self.directory.apply(change).expect("a valid change");
    }

    pub(crate) fn attach(&mut self, attachment: Attachment) {
        self.set(DirectoryChange::Attachment(attachment));
    }
}

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect(text)
}

pub(crate) fn deal() -> Item {
    item(ItemKind::Deal, SALES, NEW)
}

pub(crate) fn item(kind: ItemKind, pipeline: PipelineId, stage: StageId) -> Item {
    let created = at("2026-03-02T08:00:00Z");
    Item {
        id: ItemId { kind, number: 7 },
        pipeline,
        stage,
        stage_entry: 1,
        stage_entered_at: created,
        title: "Фасад".to_owned(),
        assignee: Some(BORIS),
        contact: Some(ContactId(9)),
        amount: None,
        source: None,
        fields: BTreeMap::new(),
        raised_at: created,
        last_contact_at: None,
        closed_at: None,
        lost_reason: None,
        created_at: created,
        updated_at: created,
        version: 3,
    }
}

pub(crate) fn contact() -> Contact {
    Contact {
        id: ContactId(9),
        name: "Иван".to_owned(),
        points: vec![point(PointKind::Phone, "+79876543210")],
        assignee: Some(VERA),
        created_at: at(NOW),
        version: 2,
    }
}

pub(crate) fn point(kind: PointKind, key: &str) -> ContactPoint {
    ContactPoint {
        kind,
        key: key.to_owned(),
        raw: key.to_owned(),
    }
}

pub(crate) fn event(fact: Fact, item: Option<&Item>) -> Event {
    Event {
        id: EventId(50),
        fact,
        item: item.map(|item| item.id),
        root: EventId(50),
        depth: 0,
        caused_by: None,
        at: at(NOW),
    }
}

/// Notifies when a deal enters the first stage.
pub(crate) fn attachment(id: i64) -> Attachment {
    Attachment {
        id: AttachmentId(id),
        title: format!("A{id}"),
        robot: "notify".to_owned(),
        digest: "d-notify".to_owned(),
        moment: Moment::Stage { stage: NEW },
        timing: Default::default(),
        window: Default::default(),
        condition: Condition::default(),
        mode: Default::default(),
        cancel_on: Default::default(),
        repeat: Default::default(),
        missed: Default::default(),
        missed_within_s: 0,
        on_error: Default::default(),
        attempts_max: 4,
        backoff_base_s: 1,
        backoff_max_s: 3_600,
        concurrency_max: 0,
        rate_per_minute: 0,
        overrides_required_fields: false,
        scope: Default::default(),
        grants: vec!["notifications".to_owned()],
        http_hosts: Vec::new(),
        grant_fields: Vec::new(),
        grant_audience: Vec::new(),
        params: params(json!({"to": ["role:assignee"]})),
        sort: 0,
        is_enabled: true,
        version: 0,
    }
}

pub(crate) fn params(value: Value) -> BTreeMap<String, Value> {
    serde_json::from_value(value).expect("an object")
}

pub(crate) fn manifest(value: Value) -> Manifest {
    let mut whole = json!({
        "contract": "0.1", "id": "notify", "version": "1.0.0", "group": "employees",
        "name": {"ru": "", "en": ""}, "description": {"ru": "", "en": ""},
        "causes": ["stage-entered", "timer", "schedule", "message-received", "manual", "event"],
    });
    for (key, value) in value.as_object().expect("an object") {
        whole[key] = value.clone();
    }
    serde_json::from_value(whole).expect("a manifest")
}

pub(crate) fn robot(digest: &str, manifest: Manifest) -> RobotVersion {
    RobotVersion {
        digest: digest.to_owned(),
        manifest,
        imports: Vec::new(),
        size_bytes: 1,
        installed_at: at(NOW),
        signed_by: None,
        is_bundled: true,
        is_current: true,
    }
}

pub(crate) fn employee(id: EmployeeId, name: &str, head: Option<EmployeeId>) -> Employee {
    Employee {
        id,
        name: name.to_owned(),
        email: Some(format!("e{}@example.com", id.0)),
        role: Role::Operator,
        head,
        is_active: true,
        absences: Vec::new(),
        calendar: None,
        version: 1,
    }
}

pub(crate) fn stage(id: StageId, pipeline: PipelineId, key: &str, kind: StageKind) -> Stage {
    Stage {
        id,
        pipeline,
        key: key.to_owned(),
        title: LocalText::same(key),
        kind,
        sort: i32::try_from(id.0).expect("small") * 10,
        required_fields: Vec::new(),
        requires_reason: kind == StageKind::Lost,
        version: 1,
    }
}

pub(crate) fn pipeline(id: PipelineId, key: &str, item_kind: ItemKind) -> Pipeline {
    Pipeline {
        id,
        key: key.to_owned(),
        title: LocalText::same(key),
        item_kind,
        activity_working_days_max: None,
        calendar: None,
        version: 1,
    }
}

pub(crate) fn field(key: &str, field_type: FieldType) -> FieldDef {
    FieldDef {
        key: key.to_owned(),
        title: LocalText::same(key),
        field_type,
        options: Vec::new(),
        version: 1,
    }
}

pub(crate) fn channel(id: ChannelId, key: &str) -> Channel {
    Channel {
        id,
        key: key.to_owned(),
        title: key.to_owned(),
        provider: Provider::Generic,
        inbound_secret: "whsec_AAAA".to_owned(),
        outbound_secret: None,
        base_url: None,
        per_second: None,
        guarantee: crate::conversation::Guarantee::default(),
        opens_item_in: None,
        default_assignee: None,
        is_active: true,
        version: 1,
    }
}

pub(crate) fn calendar(id: i64, key: &str) -> Calendar {
    let mut spec = CalendarSpec::office("Europe/Moscow");
    spec.holidays = vec!["2026-03-09".to_owned()];
    Calendar {
        id: CalendarId(id),
        key: key.to_owned(),
        spec,
        is_default: true,
        version: 1,
    }
}

fn directory() -> Directory {
    let mut directory = Directory::default();
    directory.installation = "5e1f".into();
    let changes = people().into_iter().map(DirectoryChange::Employee);
    let changes = changes.chain(pipelines().into_iter().map(DirectoryChange::Pipeline));
    let changes = changes.chain(stages().into_iter().map(DirectoryChange::Stage));
    let changes = changes.chain(fields().into_iter().map(DirectoryChange::Field));
    let changes = changes.chain(channels().into_iter().map(DirectoryChange::Channel));
    let changes = changes.chain(
        robots()
            .into_iter()
            .map(|robot| DirectoryChange::Robot(robot, None)),
    );
    let rest = [
        DirectoryChange::Calendar(calendar(1, "office")),
        DirectoryChange::Secret(secret()),
    ];
    for change in changes.chain(rest) {
        directory.apply(change).expect("a valid company");
    }
    directory
}

fn secret() -> Secret {
    Secret {
        name: "key".to_owned(),
        value: "s3cr3t-value".to_owned(),
        hosts: vec!["api.example.com".to_owned()],
        version: 1,
    }
}

fn people() -> Vec<Employee> {
    let mut gleb = employee(GLEB, "Глеб", Some(BORIS));
    gleb.is_active = false;
    let mut dina = employee(DINA, "Дина", Some(ANNA));
    dina.absences = vec![Absence {
        from: at("2026-03-01T00:00:00Z"),
        until: at("2026-03-10T00:00:00Z"),
    }];
    vec![
        employee(ANNA, "Анна", None),
        employee(BORIS, "Борис", Some(ANNA)),
        employee(VERA, "Вера", Some(ANNA)),
        gleb,
        dina,
    ]
}

fn pipelines() -> Vec<Pipeline> {
    let mut sales = pipeline(SALES, "sales", ItemKind::Deal);
    sales.activity_working_days_max = Some(5);
    vec![sales, pipeline(INTAKE, "intake", ItemKind::Lead)]
}

fn stages() -> Vec<Stage> {
    let mut meeting = stage(MEETING, SALES, "meeting", StageKind::Open);
    meeting.required_fields = vec!["meeting-at".to_owned()];
    let mut offer = stage(OFFER, SALES, "offer", StageKind::Open);
    offer.required_fields = vec!["amount".to_owned(), "form".to_owned()];
    vec![
        stage(NEW, SALES, "new", StageKind::Open),
        meeting,
        offer,
        stage(WON, SALES, "won", StageKind::Won),
        stage(LOST, SALES, "lost", StageKind::Lost),
        stage(FRESH, INTAKE, "fresh", StageKind::Open),
    ]
}

fn fields() -> Vec<FieldDef> {
    let mut segment = field("segment", FieldType::Select);
    segment.options = vec!["a".to_owned(), "b".to_owned()];
    vec![
        field("meeting-at", FieldType::Instant),
        field("form", FieldType::File),
        field("note", FieldType::Text),
        field("score", FieldType::Number),
        field("vip", FieldType::Flag),
        field("budget", FieldType::Money),
        field("tags", FieldType::Many),
        segment,
    ]
}

fn channels() -> Vec<Channel> {
    let mut telegram = channel(TELEGRAM, "telegram");
    telegram.provider = Provider::Telegram;
    telegram.base_url = Some("https://api.telegram.org".to_owned());
    telegram.opens_item_in = Some(SALES);
    telegram.default_assignee = Some(BORIS);
    vec![telegram, channel(FORM, "form")]
}

fn robots() -> Vec<RobotVersion> {
    let title = json!({"ru": "", "en": ""});
    let permission = |interface: &str| json!([{"interface": interface, "reason": title.clone()}]);
    let notify = manifest(json!({
        "permission": permission("notifications"),
        "param": [{"key": "to", "type": "users", "title": title, "required": true}],
    }));
    let mover = manifest(json!({
        "id": "move-stage",
        "permission": permission("stages"),
        "param": [
            {"key": "stage", "type": "stage", "title": title, "required": true},
            {"key": "allow-back", "type": "bool", "title": title},
        ],
    }));
    vec![robot("d-notify", notify), robot("d-move", mover)]
}
