//! What a run costs in the database: CPU time of this process for each run of seven writes, by size of the group.
//!
//! `cargo run --release -p signalbox-db --example commit_cost [sqlite:PATH]`

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use signalbox_crm::activity::{Activity, ActivityKind, ActivityState};
use signalbox_crm::attachment::CancelOn;
use signalbox_crm::event::{Event, Fact};
use signalbox_crm::ids::{
    ActivityId, AttachmentId, EmployeeId, EventId, ItemId, ItemKind, NotificationId, PipelineId, RunId,
    StageId,
};
use signalbox_crm::item::Item;
use signalbox_crm::notification::{HistoryEntry, Notification};
use signalbox_crm::run::{Attempt, Failures, Run, RunState, Verdict};
use signalbox_crm::time::Timestamp;
use signalbox_db::{Batch, Db, OpenOptions, RunUpdate, StageLeft};

const ITEMS: i64 = 20_000;
const RUNS: i64 = 20_000;

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let url = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "sqlite:commit_cost.db".to_owned());
    let db = Db::open(&url, &OpenOptions::default()).await?;
    let mut first = Batch::new(at(0));
    first.items_new = (1..=ITEMS).map(|number| item(number, 1)).collect();
    db.commit(&first).await?;
    let mut next = 1;
    println!("group  runs/s  CPU us/run  ms/commit");
    for group in [1, 30, 100, 200] {
        let count = if group == 1 { RUNS / 20 } else { RUNS };
        let (began, cpu) = (Instant::now(), cpu_time()?);
        for _ in 0..count / group {
            db.commit(&runs(next, group)).await?;
            next += group;
        }
        let (wall, cpu) = (began.elapsed(), cpu_time()?.saturating_sub(cpu));
        let done = (count / group * group) as f64;
        println!(
            "{group:5}  {:6.0}  {:10.1}  {:9.2}",
            done / wall.as_secs_f64(),
            cpu.as_secs_f64() * 1e6 / done,
            wall.as_secs_f64() * 1e3 / (done / group as f64)
        );
    }
    Ok(())
}

/// User and system time of this process: fields 14 and 15 of `/proc/self/stat`, in hundredths of a second.
fn cpu_time() -> Result<Duration, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit_once(')').ok_or("no name in /proc/self/stat")?.1;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    Ok(Duration::from_millis(ticks * 10))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_780_000_000_000_000 + seconds * 1_000_000)
}

fn deal(number: i64) -> ItemId {
    ItemId {
        kind: ItemKind::Deal,
        number,
    }
}

fn item(number: i64, version: i64) -> Item {
    Item {
        id: deal(number),
        pipeline: PipelineId(1),
        stage: StageId(version % 7 + 1),
        stage_entry: version,
        stage_entered_at: at(version),
        title: format!("Deal {number} of a client with a name"),
        assignee: Some(EmployeeId(number % 50)),
        contact: Some(signalbox_crm::ids::ContactId(number % 5_000)),
        amount: None,
        source: Some("site".to_owned()),
        fields: BTreeMap::new(),
        raised_at: at(version * ITEMS + number),
        last_contact_at: None,
        closed_at: None,
        lost_reason: None,
        created_at: at(0),
        updated_at: at(version),
        version,
    }
}

/// Runs of different items: each changes its item, creates an activity, tells somebody, leaves a history row, an
/// event, the run that it starts, its own end and its record.
fn runs(first: i64, group: i64) -> Batch {
    let mut batch = Batch::new(at(first));
    for id in first..first + group {
        let number = (id - 1) % ITEMS + 1;
        let version = (id - 1) / ITEMS + 1;
        batch.items.push((version, item(number, version + 1)));
        batch.activities_new.push(activity(id, number));
        batch.notifications.push(notification(id, number));
        batch.history.push(HistoryEntry {
            subject: deal(number).to_string(),
            at: at(id),
            actor: "robot:move-stage@1.0.0".to_owned(),
            run: Some(RunId(id)),
            what: "stage".to_owned(),
            before: Some("stage:1".to_owned()),
            after: Some("stage:2".to_owned()),
        });
        batch.events.push(Event {
            id: EventId(id),
            fact: Fact::StageEntered {
                pipeline: PipelineId(1),
                stage: StageId(2),
                from: Some(StageId(1)),
            },
            item: Some(deal(number)),
            root: EventId(id),
            depth: 0,
            caused_by: Some(RunId(id)),
            at: at(id),
        });
        batch.runs.push(run(id, number, version));
        batch.runs_ended.push(RunUpdate {
            run: RunId(id),
            state: RunState::Completed,
            reason: None,
            detail: None,
            due_at: None,
            attempt_count: 1,
            failures: Failures::default(),
            finished_at: Some(at(id)),
        });
        batch.attempts.push(attempt(id));
        batch.stage_left.push(StageLeft {
            item: number,
            new_entry: version + 1,
            left_pipeline: false,
            closed: false,
        });
    }
    batch.id_marks = vec![("run", first + group), ("event", first + group)];
    batch
}

fn activity(id: i64, item: i64) -> Activity {
    Activity {
        id: ActivityId(id),
        item: deal(item),
        kind: ActivityKind::Call,
        title: "Call the client".to_owned(),
        description: String::new(),
        deadline_at: at(id + 259_200),
        duration_s: Some(900),
        assignee: Some(EmployeeId(item % 50)),
        reminders_min: vec![15],
        state: ActivityState::Open,
        created_at: at(id),
        finished_at: None,
        version: 1,
    }
}

fn notification(id: i64, item: i64) -> Notification {
    Notification {
        id: NotificationId(id),
        employee: EmployeeId(item % 50),
        title: "A deal has moved".to_owned(),
        text: "It stands in the next stage now.".to_owned(),
        item: Some(deal(item)),
        tag: None,
        run: Some(RunId(id)),
        created_at: at(id),
        read_at: None,
    }
}

fn run(id: i64, item: i64, stage_entry: i64) -> Run {
    Run {
        id: RunId(id),
        event: EventId(id),
        attachment: AttachmentId(id % 3),
        item: Some(deal(item)),
        stage_entry: Some(stage_entry),
        cancel_on: CancelOn::LeaveStage,
        state: RunState::Available,
        reason: None,
        detail: None,
        due_at: None,
        after: None,
        timer_key: None,
        attempt_count: 0,
        failures: Failures::default(),
        created_at: at(id),
        finished_at: None,
    }
}

fn attempt(run: i64) -> Attempt {
    Attempt {
        run: RunId(run),
        number: 1,
        robot: "move-stage@1.0.0".to_owned(),
        digest: "0a".repeat(32),
        verdict: Verdict::Done {
            summary: "Moved".to_owned(),
        },
        started_at: at(run),
        ended_at: at(run),
        duration_us: 120,
        fuel: 20_000,
        memory_bytes: 1_114_112,
        calls: r#"[{"call":"items.get","item":"deal:17"},{"call":"stages.move-to","stage":"stage:2"}]"#
            .to_owned(),
        effects: r#"[{"effect":"stage","from":"stage:1","to":"stage:2"}]"#.to_owned(),
        logs: "[]".to_owned(),
    }
}
