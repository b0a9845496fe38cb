//! Somebody sets the machine's clock while the host works, or the machine sleeps.

use std::time::Duration;

use serde_json::json;
use signalbox::app::{App, AppOptions};
use signalbox::clock::Clock;
use signalbox::engine::clock_watch::ClockStep;
use signalbox::engine::draft::Draft;
use signalbox::setup::{Names, Setup};
use signalbox_crm::event::Fact;
use signalbox_crm::moving::{NewItem, create_item};
use signalbox_crm::people::Actor;
use signalbox_crm::run::{Reason, RunState};
use signalbox_crm::time::Timestamp;
use signalbox_db::{EventFilter, RunFilter};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

struct Company {
    app: App,
    clock: Clock,
    names: Names,
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

impl Company {
    /// At ten past eleven, with a schedule that ticks each hour and a robot an hour after a deal is new.
    async fn new() -> Company {
        let clock = Clock::starting_at(time("2026-03-02T11:10:00Z"));
        let app = App::start(AppOptions::for_test(clock.clone())).await.unwrap();
        let title = json!({ "ru": "x", "en": "x" });
        let robot = |more: serde_json::Value| {
            let mut attachment = json!({ "robot": "notify", "params": { "to": ["anna"], "title": "x" } });
            attachment
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            attachment
        };
        let setup = json!({
            "zone": "UTC",
            "employee": [{ "key": "anna", "name": "Anna", "role": "admin" }],
            "pipeline": [{ "key": "sales", "title": title, "stage": [{ "key": "new", "title": title }] }],
            "attachment": [
                robot(json!({ "title": "hourly", "schedule": "0 * * * *" })),
                robot(json!({ "title": "later", "stage": "sales/new", "delay": "1h" })),
                robot(json!({ "title": "at once", "stage": "sales/new" })),
            ],
        });
        let setup: Setup = serde_json::from_value(setup).unwrap();
        let names = setup.apply(&app.core).await.unwrap();
        let company = Company { app, clock, names };
        company.pass(Duration::ZERO).await;
        company
    }

    /// A deal, while no robot starts yet.
    async fn deal(&self) {
        let mut draft = Draft::new(&self.app.core, Actor::System);
        let new = NewItem {
            pipeline: self.names.pipeline("sales").unwrap(),
            stage: None,
            title: "Deal".to_owned(),
            assignee: None,
            contact: None,
            amount: None,
            source: None,
            fields: Default::default(),
        };
        draft
            .rule(|rules, changes| create_item(rules, changes, new))
            .unwrap();
        draft.commit().await.unwrap();
    }

    async fn pass(&self, time: Duration) {
        let until = self.clock.now().plus(time).unwrap();
        self.app.advance_to(until).await.unwrap();
    }

    /// The clock is set, and the scheduler notices it as it does at its next look.
    fn set(&self, forwards: Duration, back: Duration) {
        let at = self.clock.now().plus(forwards).unwrap().minus(back).unwrap();
        self.clock.set(at);
        let by_s = forwards.as_secs() as i64 - back.as_secs() as i64;
        self.app.scheduler.clock_was_set(ClockStep { at, by_s });
    }

    /// The ticks that made an event, and the runs that were given up, in order.
    async fn ticks(&self) -> Vec<String> {
        let mut events = self
            .app
            .core
            .db
            .events(&EventFilter::default(), None, 100)
            .await
            .unwrap();
        events.sort_by_key(|event| event.id);
        let ticks = events.into_iter().filter_map(|event| match event.fact {
            Fact::ScheduleTicked { due_at, .. } => Some(due_at.to_string()),
            Fact::ScheduleMissed {
                first_at, last_at, ..
            } => Some(format!("missed {first_at} to {last_at}")),
            _ => None,
        });
        ticks.collect()
    }

    async fn runs(&self, title: &str) -> Vec<(RunState, Option<Reason>, Option<Timestamp>)> {
        let filter = RunFilter {
            attachment: Some(self.names.attachments[title]),
            ..RunFilter::default()
        };
        let runs = self.app.core.db.runs(&filter, None, 100).await.unwrap();
        let short = |found: signalbox_db::RunWithEvent| (found.run.state, found.run.reason, found.run.due_at);
        runs.into_iter().map(short).collect()
    }

    async fn told(&self) -> Vec<String> {
        let anna = self.names.employee("anna").unwrap();
        let db = &self.app.core.db;
        let all = db.notifications(anna, false, None, 100).await.unwrap();
        let titles = all.into_iter().map(|notification| notification.title);
        titles.filter(|title| title != "x").collect()
    }

    async fn end(self) {
        for check in self.app.core.db.audit().await.unwrap() {
            assert_eq!(check.broken_count, 0, "{check:?}");
        }
        self.app.stop().await;
    }
}

#[tokio::test]
async fn clock_set_back_by_an_hour_makes_no_tick_come_twice() {
    let company = Company::new().await;
    company.pass(HOUR).await;
    company.set(Duration::ZERO, HOUR);
    company.pass(HOUR / 2).await;
    assert_eq!(company.ticks().await, ["2026-03-02T12:00:00Z"]);
    company.pass(2 * HOUR).await;
    assert_eq!(
        company.ticks().await,
        ["2026-03-02T12:00:00Z", "2026-03-02T13:00:00Z"]
    );
    assert_eq!(company.told().await, ["Часы сервера переведены назад на 1 ч"]);
    company.end().await;
}

#[tokio::test]
async fn clock_that_was_a_month_ahead_leaves_no_schedule_behind_in_the_future() {
    let company = Company::new().await;
    company.set(30 * DAY, Duration::ZERO);
    company.pass(Duration::ZERO).await;
    company.set(Duration::ZERO, 30 * DAY);
    company.pass(HOUR).await;
    let ticks = company.ticks().await;
    assert_eq!(ticks.last().unwrap(), "2026-03-02T12:00:00Z", "{ticks:?}");
    company.end().await;
}

#[tokio::test]
async fn after_a_day_of_sleep_everything_that_was_due_comes_once() {
    let company = Company::new().await;
    company.deal().await;
    company.set(DAY, Duration::ZERO);
    company.pass(HOUR / 6).await;
    assert_eq!(
        company.ticks().await,
        [
            "missed 2026-03-02T12:00:00Z to 2026-03-03T10:00:00Z",
            "2026-03-03T11:00:00Z"
        ]
    );
    let late = Some(time("2026-03-02T12:10:00Z"));
    assert_eq!(company.runs("later").await, [(RunState::Completed, None, late)]);
    assert_eq!(company.told().await, ["Часы сервера переведены вперёд на 1 д"]);
    company.pass(HOUR).await;
    assert_eq!(company.runs("later").await.len(), 1);
    assert_eq!(company.ticks().await.len(), 3);
    company.end().await;
}

#[tokio::test]
async fn what_a_run_does_is_not_older_than_what_started_it() {
    let company = Company::new().await;
    let created_at = company.clock.now();
    {
        let _held = company.app.core.lanes.hold();
        company.deal().await;
        company.set(Duration::ZERO, HOUR);
    }
    company.pass(Duration::ZERO).await;
    let done = company.runs("at once").await;
    assert_eq!(done[0].0, RunState::Completed);
    let db = &company.app.core.db;
    let filter = RunFilter {
        attachment: Some(company.names.attachments["at once"]),
        ..RunFilter::default()
    };
    let run = db.runs(&filter, None, 1).await.unwrap().remove(0).run;
    let attempts = db.attempts(run.id, 10).await.unwrap();
    assert!(attempts[0].started_at >= created_at && attempts[0].ended_at >= attempts[0].started_at);
    assert!(run.finished_at.unwrap() >= run.created_at);
    let anna = company.names.employee("anna").unwrap();
    let told = db.notifications(anna, false, None, 100).await.unwrap();
    let of_run = told.iter().find(|told| told.run == Some(run.id)).unwrap();
    assert!(of_run.created_at >= created_at);
    company.end().await;
}
