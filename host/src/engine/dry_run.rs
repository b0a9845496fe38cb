//! What a robot would do for an item: executed like a real run, up to the commit, which there is none of.
//!
//! The same matching, the same rules of time and condition, the same draft, session and limits. Nothing is stored,
//! counted against a rate, noted for a breaker, or sent; rows that it would make have numbers of their own
//! ([`super::trial_ids`]).

mod cause;
mod effects;
mod following;
mod scene;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use signalbox_crm::attachment::Attachment;
use signalbox_crm::explaining::{Bearing, Point, PointCode, before};
use signalbox_crm::ids::{AttachmentId, EmployeeId, ItemId, RunId};
use signalbox_crm::lifecycle::{Due, when_due};
use signalbox_crm::rejection::Rejection;
use signalbox_crm::run::{Reason, Verdict};
use signalbox_crm::time::Timestamp;
use signalbox_db::DbError;
use signalbox_sandbox::Limits;
use tokio::sync::Semaphore;

pub use self::effects::Effect;
pub use self::following::{Cancelled, Following, Started};
use self::scene::Scene;
use super::core::SharedCore;
use super::denials::denied_calls;
use super::draft::DraftError;
use super::robots::Robots;
use super::trial_ids::named;
use super::worker::trial::{Trial, Tried, Used};

/// Robots that are tried at the same time. 2: people wait for the answer, and clients for the workers.
pub const AT_ONCE_MAX: u32 = 2;

/// What dry runs share.
#[derive(Debug)]
pub struct DryRuns {
    /// As those of a real run.
    pub limits: Limits,
    places: Semaphore,
}

impl DryRuns {
    /// None is under way.
    pub fn new(limits: Limits) -> Self {
        DryRuns {
            limits,
            places: Semaphore::new(AT_ONCE_MAX as usize),
        }
    }
}

/// Which robot is tried, and with what set-up.
#[derive(Debug, Clone)]
pub enum Subject {
    /// An attachment as it is.
    Attachment(AttachmentId),
    /// An attachment as somebody wants to have it. One with the id of another stands in its place; `attachment:0` is
    /// new.
    Unsaved(Box<Attachment>),
    /// The cause and the item of this run, with its attachment and the item as they are now.
    Run(RunId),
}

/// What is to be tried.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The robot.
    pub subject: Subject,
    /// The item; not for a run, which has its own, nor for robots that have none.
    pub item: Option<ItemId>,
    /// Values that take the place of those of the attachment.
    pub params: BTreeMap<String, Value>,
    /// When the moment comes; now without it.
    pub at: Option<Timestamp>,
    /// Executes the robot although it would not start.
    pub regardless: bool,
    /// Who asks.
    pub by: Option<EmployeeId>,
}

impl Ask {
    /// Tries the robot now, as it is set up.
    pub fn new(subject: Subject, item: Option<ItemId>) -> Self {
        Ask {
            subject,
            item,
            params: BTreeMap::new(),
            at: None,
            regardless: false,
            by: None,
        }
    }
}

/// Why nothing was tried.
#[derive(Debug, thiserror::Error)]
pub enum DryRunError {
    /// Others are at it.
    #[error("{AT_ONCE_MAX} robots are tried at the moment: try again")]
    Busy,
    /// What is asked for makes no sense.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The database cannot answer.
    #[error("the database cannot answer")]
    Db(#[from] DbError),
    /// The database was away while the robot asked.
    #[error("the database could not be reached meanwhile")]
    CutOff,
}

impl From<DraftError> for DryRunError {
    fn from(error: DraftError) -> Self {
        match error {
            DraftError::Rejected(rejection) => DryRunError::Rejected(rejection),
            DraftError::Db(error) => DryRunError::Db(error),
            DraftError::Commit(_) => DryRunError::CutOff,
        }
    }
}

/// What a robot would do. Rows that it would make are called `activity:new-1`.
#[derive(Debug, Serialize)]
pub struct DryRun {
    /// The attachment.
    pub attachment: String,
    /// Its title.
    pub title: String,
    /// `notify@1.0.0`.
    pub robot: String,
    /// The item.
    pub item: Option<ItemId>,
    /// What would start it, as in the record of a run.
    pub cause: Value,
    /// Whether it would start at all.
    pub starts: bool,
    /// When its moment comes.
    pub at: Timestamp,
    /// When it would be executed.
    pub due_at: Timestamp,
    /// Why it would start, wait or not start, in the order in which it is decided.
    pub points: Vec<Point>,
    /// What it did in the sandbox; none when it would not start, and when it would fail before.
    pub execution: Option<Executed>,
    /// How it ended; none when it was not executed.
    #[serde(flatten)]
    pub verdict: Option<Verdict>,
    /// What it would change and send.
    pub effects: Vec<Effect>,
    /// What would happen then, and which robots that would start.
    pub events: Vec<Following>,
    /// Runs that would be cancelled because the item leaves its stage.
    pub cancels: Vec<Cancelled>,
}

/// What a robot did in the sandbox, as in the record of a run.
#[derive(Debug, Serialize)]
pub struct Executed {
    /// Wall-clock time, in microseconds.
    pub duration_us: u64,
    /// Fuel used.
    pub fuel: u64,
    /// Largest linear memory, in bytes.
    pub memory_bytes: u64,
    /// What it was denied.
    pub denied: Vec<String>,
    /// Every host call with its arguments and answer.
    pub calls: Box<RawValue>,
    /// Log lines.
    pub logs: Box<RawValue>,
}

impl From<Used> for Executed {
    fn from(used: Used) -> Self {
        let calls = named(&serde_json::to_string(&used.calls).unwrap_or_default());
        let logs = named(&serde_json::to_string(&used.logs).unwrap_or_default());
        Executed {
            duration_us: used.duration_us,
            fuel: used.fuel,
            memory_bytes: used.memory_bytes,
            denied: denied_calls(&calls),
            calls: raw(calls),
            logs: raw(logs),
        }
    }
}

fn raw(json: String) -> Box<RawValue> {
    RawValue::from_string(json).unwrap_or_else(|error| to_raw_value(&error.to_string()).unwrap_or_default())
}

/// Tries a robot, and stores nothing.
///
/// # Errors
/// `DryRunError`. That the robot fails, or would not start, is an answer and no error.
pub async fn dry_run(core: &SharedCore, robots: &Robots, ask: Ask) -> Result<DryRun, DryRunError> {
    let place = core.dry_runs.places.try_acquire();
    let _place = place.map_err(|_| DryRunError::Busy)?;
    let scene = Scene::set(core, &ask).await?;
    let foreseen = scene.foresee(core).await?;
    let mut points = scene.points.clone();
    points.extend(foreseen.points);
    points.extend(scene.second_look(foreseen.due_at, &points));
    let starts = before::starts(&points);
    let mut answer = DryRun {
        attachment: named(&scene.attachment.id.to_string()),
        title: scene.attachment.title.clone(),
        robot: scene.label(),
        item: scene.event.item,
        cause: scene.cause(),
        starts,
        at: scene.event.at,
        due_at: foreseen.due_at,
        points: points.into_iter().map(with_names).collect(),
        execution: None,
        verdict: None,
        effects: Vec::new(),
        events: Vec::new(),
        cancels: Vec::new(),
    };
    if starts || ask.regardless {
        let tried = scene.try_out(core, robots, answer.due_at).await?;
        answer.take(core, &scene, tried).await?;
    }
    Ok(answer)
}

fn with_names(mut point: Point) -> Point {
    point.text = named(&point.text);
    point.values.values_mut().for_each(|value| *value = named(value));
    point
}

impl DryRun {
    async fn take(&mut self, core: &SharedCore, scene: &Scene, tried: Tried) -> Result<(), DryRunError> {
        let Tried {
            verdict,
            mut draft,
            used,
        } = tried;
        let chosen = following::choose(core, &mut draft).await?;
        self.effects = effects::describe(&draft.changes, &chosen);
        following::assign_chosen(&mut draft, chosen)?;
        self.cancels = following::cancelled(core, &draft).await?;
        self.events = following::events(scene, &mut draft).await?;
        self.verdict = Some(with_names_in(verdict));
        self.execution = used.map(Executed::from);
        Ok(())
    }
}

fn with_names_in(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Done { summary } => Verdict::Done {
            summary: named(&summary),
        },
        Verdict::Skipped { summary } => Verdict::Skipped {
            summary: named(&summary),
        },
        Verdict::Failed {
            code,
            message,
            retryable,
        } => Verdict::Failed {
            code,
            message: named(&message),
            retryable,
        },
    }
}

impl Scene {
    /// Asks the rule of real runs once more: whatever it knows and the points do not say is said here.
    fn second_look(&self, due_at: Timestamp, points: &[Point]) -> Option<Point> {
        let calendar = self.calendar();
        let ready = self.ready(due_at);
        let due = when_due(
            &ready.run,
            Some(&self.attachment),
            self.item.as_ref(),
            calendar.as_deref(),
            due_at,
        );
        let Due::Cancel(reason, detail) = due else {
            return None;
        };
        let detail = detail.unwrap_or_default();
        let is_said = !before::starts(points);
        (!is_said).then(|| never(reason, &detail))
    }

    async fn try_out(
        &self,
        core: &SharedCore,
        robots: &Robots,
        due_at: Timestamp,
    ) -> Result<Tried, DryRunError> {
        let ready = self.ready(due_at);
        let trial = Trial {
            core,
            robots,
            ready: &ready,
            directory: self.directory.clone(),
            below: self.below.clone(),
            now: due_at,
            ids: self.ids.clone(),
        };
        let tried = trial.run(self.attachment.clone(), self.item.clone()).await;
        tried.ok_or(DryRunError::CutOff)
    }
}

fn never(reason: Reason, detail: &str) -> Point {
    let text = format!("its run would never start: {} {detail}", reason.as_str());
    Point::new(PointCode::NeverStarts, Bearing::Against, text.trim_end())
        .with("reason", reason.as_str())
        .with("detail", detail)
}
