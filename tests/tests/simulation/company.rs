//! The company of the simulation: a database that is made once and copied for each seed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use signalbox::app::{App, AppOptions, Grounds, robot_version};
use signalbox::channels::send::Sender;
use signalbox::clock::Clock;
use signalbox::engine::committer::Proposal;
use signalbox::engine::robots::Robots;
use signalbox::http::secret;
use signalbox::outbound::send::WebSender;
use signalbox::setup::{Names, Setup};
use signalbox_crm::directory::{DirectoryChange, Token};
use signalbox_crm::ids::{IdKind, TokenId};
use signalbox_crm::people::{Actor, Role};
use signalbox_crm::time::Timestamp;
use signalbox_db::{Db, OpenOptions, Synchronous};
use signalbox_sandbox::inspect::inspect;
use signalbox_sandbox::{Sandbox, SandboxConfig};
use signalbox_tests::robots::ROBOTS;

use super::requests::SERVICE;

/// A Monday.
pub(super) const START: &str = "2026-03-02T09:00:00Z";
/// 32 bytes in base64.
pub(super) const GENERIC_SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
pub(super) const TELEGRAM_SECRET: &str = "s3cret-Token_1";
/// The stages between which people move deals.
pub(super) const STAGES: [&str; 4] = ["sales/new", "sales/work", "sales/offer", "sales/won"];
/// Attachments that people switch off and on.
pub(super) const SWITCHED: [&str; 3] = ["late", "after-hopeless", "heartbeat"];
/// Is switched off in the end, so that there is an end.
pub(super) const SCHEDULED: &str = "every-5-minutes";

/// Starts so often in a minute and not more often.
pub(super) const RATED: &str = "told";
pub(super) const RATE_PER_MINUTE: u32 = 2;
/// Is executed for one message at a time.
pub(super) const LIMITED: &str = "answer";

/// Asks a service outside about each deal.
pub(super) const ASKING: &str = "ask";

/// What all seeds share.
pub(super) struct Company {
    pub(super) template: PathBuf,
    pub(super) names: Names,
    pub(super) robots: Arc<Robots>,
    /// Of an administrator.
    pub(super) token: String,
    _folder: tempfile::TempDir,
}

/// A folder in memory where there is one.
pub(super) fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        return tempfile::tempdir_in(memory).unwrap();
    }
    tempfile::tempdir().unwrap()
}

pub(super) fn open_options() -> OpenOptions {
    OpenOptions {
        synchronous: Synchronous::Off,
        readers: 1,
        ..OpenOptions::default()
    }
}

/// The company, made at the first call.
pub(super) fn company() -> &'static Company {
    static COMPANY: OnceLock<Company> = OnceLock::new();
    COMPANY.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(found())
    })
}

async fn found() -> Company {
    let folder = folder();
    let template = folder.path().join("template.db");
    let mut options = AppOptions::for_test(Clock::starting_at(Timestamp::parse(START).unwrap()));
    options.database = Some(format!("sqlite:{}", template.display()));
    let sandbox = Sandbox::new(SandboxConfig {
        stops_by_time: false,
        ..SandboxConfig::default()
    });
    let robots = Arc::new(Robots::new(sandbox.unwrap()));
    let grounds = Grounds {
        db: Db::open(options.database.as_deref().unwrap(), &open_options())
            .await
            .unwrap(),
        robots: Arc::clone(&robots),
        sender: Sender::new().unwrap(),
        web_sender: WebSender::new(Arc::from([])).unwrap(),
    };
    let app = App::start_on(grounds, options).await.unwrap();
    let mut proposal = Proposal::new(app.core.clock.now(), Actor::System);
    for (_, bytes) in ROBOTS
        .iter()
        .filter(|(id, _)| ["asker", "flaky", "heartbeat"].contains(id))
    {
        let version = robot_version(inspect(bytes).unwrap(), proposal.at, false);
        let change = DirectoryChange::Robot(version, Some(Arc::new(bytes.to_vec())));
        proposal.changes.directory.push(change);
    }
    let token = secret::fresh();
    proposal.changes.directory.push(DirectoryChange::Token(Token {
        id: TokenId(app.core.new_id(IdKind::Token)),
        name: "simulation".to_owned(),
        digest: secret::digest(&token),
        role: Role::Admin,
        employee: None,
        created_at: proposal.at,
        expires_at: None,
        revoked_at: None,
    }));
    app.core.submit(proposal).await.unwrap();
    let names = setup().apply(&app.core).await.unwrap();
    for digest in app.core.records.directory().robots.keys() {
        robots.get(&app.core.db, digest).await.unwrap();
    }
    app.stop().await;
    Company {
        template,
        names,
        robots,
        token,
        _folder: folder,
    }
}

fn setup() -> Setup {
    let text = |text: &str| json!({ "ru": text, "en": text });
    let stage = |key: &str, kind: &str| json!({ "key": key, "title": text(key), "kind": kind });
    let channel = |key: &str, provider: &str, inbound: &str, outbound: &str| {
        json!({
            "key": key, "title": key, "provider": provider, "opens_item_in": "sales",
            "default_assignee": "anna", "inbound_secret": inbound,
            "outbound_secret": outbound, "base_url": "http://receiver.test",
        })
    };
    let setup = json!({
        "zone": "UTC",
        "employee": [
            { "key": "boris", "name": "Boris" },
            { "key": "anna", "name": "Anna", "head": "boris" },
            { "key": "vera", "name": "Vera", "head": "boris" },
        ],
        "field": [{ "key": "meeting-at", "title": text("Meeting"), "type": "instant" }],
        "pipeline": [{
            "key": "sales", "title": text("Sales"),
            "stage": [
                stage("new", "open"), stage("work", "open"), stage("offer", "open"), stage("won", "won"),
            ],
        }],
        "channel": [
            channel("tg", "telegram", TELEGRAM_SECRET, "123:ABC"),
            channel("site", "generic", GENERIC_SECRET, GENERIC_SECRET),
        ],
        "attachment": attachments(),
    });
    serde_json::from_value(setup).unwrap()
}

fn attachments() -> Vec<Value> {
    let next = "after-previous";
    let tell = |title: &str| json!({ "to": ["role:assignee"], "title": title });
    let plan = json!({ "kind": "todo", "title": "call", "deadline": "+1h", "reminders": [10], "skip-if-open": true });
    vec![
        json!({ "title": RATED, "robot": "notify", "stage": "sales/new", "cancel_on": "never",
            "rate_per_minute": RATE_PER_MINUTE, "params": tell("new") }),
        json!({ "title": "late", "robot": "notify", "stage": "sales/new", "delay": "90s", "params": tell("late") }),
        json!({ "title": "planned", "robot": "create-activity", "stage": "sales/new", "mode": next, "params": plan }),
        json!({ "title": ASKING, "robot": "asker", "stage": "sales/new", "http_hosts": [SERVICE],
            "params": { "url": format!("https://{SERVICE}/orders"), "one-in": 1 } }),
        json!({ "title": "flaky", "robot": "flaky", "stage": "sales/work", "attempts_max": 6,
            "params": { "failures": 2 } }),
        json!({ "title": "after-flaky", "robot": "create-activity", "stage": "sales/work", "mode": next, "params": plan }),
        json!({ "title": "move-on", "robot": "move-stage", "stage": "sales/work", "mode": next, "delay": "2m",
            "params": { "stage": "sales/offer" } }),
        json!({ "title": "hopeless", "robot": "flaky", "stage": "sales/work", "attempts_max": 2,
            "params": { "failures": 99 } }),
        json!({ "title": "after-hopeless", "robot": "notify", "stage": "sales/work", "mode": next,
            "params": tell("never") }),
        json!({ "title": "in-turn", "robot": "reassign", "stage": "sales/offer",
            "params": { "employees": ["anna", "vera"], "distribution": "even" } }),
        json!({ "title": "before-meeting", "robot": "notify", "stage": "sales/offer", "relative_to": "meeting-at",
            "offset": "-10m", "params": tell("meeting") }),
        json!({ "title": "control", "robot": "stage-control", "stage": "sales/offer",
            "params": { "title": "slow", "limit": "3m", "working": false, "escalate-after": "2m" } }),
        json!({ "title": "heartbeat", "robot": "heartbeat", "stage": "sales/offer",
            "params": { "every": 60, "beats": 2 } }),
        json!({ "title": LIMITED, "robot": "auto-reply", "event": "message-received", "attempts_max": 20,
            "concurrency_max": 1,
            "params": { "text": "re {=Event:text}", "when": "always" } }),
        json!({ "title": SCHEDULED, "robot": "notify", "schedule": "*/5 * * * *", "pipeline": "sales",
            "stage": "sales/work", "params": tell("every 5 minutes") }),
        json!({ "title": "reminded", "robot": "notify", "event": "activity-reminder-due", "params": tell("soon") }),
        json!({ "title": "by-hand", "robot": "notify", "manual": true, "params": tell("by hand") }),
    ]
}
