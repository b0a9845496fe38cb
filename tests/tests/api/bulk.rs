//! One change for many items: in pieces, each item once, whatever happens in between.

use serde_json::{Value, json};
use signalbox::app::AppOptions;
use signalbox::clock::Clock;
use signalbox::engine::bulk::Step;
use signalbox_crm::time::Timestamp;

use super::harness::{Api, NOW, Sales};

/// More than two pieces.
const DEALS: usize = 120;

struct Company {
    api: Api,
    options: AppOptions,
    sales: Sales,
    _folder: tempfile::TempDir,
}

impl Company {
    /// With deals in the first stage that may go on.
    async fn new(backlog_max: usize) -> Company {
        let folder = tempfile::tempdir().unwrap();
        let mut options = AppOptions::for_test(Clock::starting_at(Timestamp::parse(NOW).unwrap()));
        options.database = Some(format!("sqlite:{}", folder.path().join("crm.db").display()));
        options.backlog_max = backlog_max;
        let api = Api::start_with(options.clone()).await;
        let sales = api.sales().await;
        for number in 0..DEALS {
            let mut deal = sales.deal(&format!("Deal {number}"));
            deal["amount"] = json!("1.00 RUB");
            api.create("/items", deal).await;
        }
        Company {
            api,
            options,
            sales,
            _folder: folder,
        }
    }

    async fn restart(mut self) -> Company {
        self.api.app.stop().await;
        self.api = Api::start_with(self.options.clone()).await;
        self
    }

    async fn attach(&self, moment: Value) -> String {
        let anna = json!({"name": "Anna", "role": "operator"});
        let anna = self.api.create("/employees", anna).await;
        let robot = json!({
            "title": "Tell", "robot": "notify", "moment": moment,
            "params": {"to": [anna], "title": "x"},
        });
        self.api.create("/attachments", robot).await
    }

    fn moving(&self) -> Value {
        json!({
            "pipeline": self.sales.pipeline, "stage": self.sales.new,
            "change": {"kind": "move", "stage": self.sales.offer},
        })
    }

    async fn step(&self) -> Step {
        self.api.app.bulks.step().await.unwrap()
    }

    /// Until nothing is open any more.
    async fn drain(&self) {
        while self.step().await != Step::Idle {
            self.api.app.core.lanes.idle().await;
        }
    }

    async fn bulk(&self, id: &str) -> Value {
        self.api.get(&format!("/bulk/{id}")).await.ok(200)
    }

    async fn count(&self, stage: &str) -> usize {
        let mut count = 0;
        let mut after = String::new();
        loop {
            let path = format!("/items?stage={stage}&limit=200{after}");
            let page = self.api.get(&path).await.ok(200);
            count += page["items"].as_array().unwrap().len();
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return count,
            }
        }
    }
}

fn counts(bulk: &Value) -> (Value, [i64; 4]) {
    let of = |key: &str| bulk[key].as_i64().unwrap();
    (
        bulk["state"].clone(),
        [
            of("matched_count"),
            of("changed_count"),
            of("passed_count"),
            of("refused_count"),
        ],
    )
}

#[tokio::test]
async fn many_deals_are_moved_in_pieces_and_each_once_over_a_restart() {
    let company = Company::new(20_000).await;
    let moving = company.moving();
    let preview = company.api.post("/bulk/preview", moving.clone()).await.ok(200);
    assert_eq!(
        (&preview["matched_count"], &preview["changed_count"]),
        (&json!(DEALS), &json!(DEALS))
    );
    assert_eq!(company.count(&company.sales.new).await, DEALS);
    let id = company.api.create("/bulk", moving).await;
    assert_eq!(company.step().await, Step::Worked);
    let status = company.api.get("/status").await.ok(200);
    assert_eq!(
        status["bulk"],
        json!([{"id": id, "seen_count": 50, "matched_count": DEALS, "refused_count": 0}])
    );
    let company = company.restart().await;
    // A deal that comes later is left alone, and one that is there already is passed over.
    company.api.create("/items", company.sales.deal("Later")).await;
    let moved = company.api.get("/items/deal:120").await.ok(200);
    let version = moved["version"].as_i64().unwrap();
    let by_hand = json!({"stage": company.sales.offer});
    let path = "/items/deal:120/move";
    company.api.change("POST", path, version, by_hand).await.ok(200);
    company.drain().await;
    let bulk = company.bulk(&id).await;
    assert_eq!(counts(&bulk), (json!("done"), [120, 119, 0, 0]), "{bulk:#}");
    assert_eq!(company.count(&company.sales.offer).await, DEALS);
    assert_eq!(company.count(&company.sales.new).await, 1);
    let item = company.api.get("/items/deal:1").await.ok(200);
    assert_eq!(item["stage_entry"], 2);
    for check in company.api.app.core.db.audit().await.unwrap() {
        assert_eq!(check.broken_count, 0, "{check:?}");
    }
}

#[tokio::test]
async fn robot_is_started_for_the_deals_that_are_there_while_there_is_room() {
    let company = Company::new(200).await;
    let attachment = company.attach(json!({"kind": "manual"})).await;
    let body = json!({
        "pipeline": company.sales.pipeline,
        "change": {"kind": "run", "attachment": attachment},
    });
    let id = company.api.create("/bulk", body).await;
    let held = company.api.app.core.lanes.hold();
    assert_eq!(company.step().await, Step::Worked);
    // A tenth of the backlog is taken: what people and clients want has the rest.
    assert_eq!(company.step().await, Step::NoRoom);
    assert_eq!(company.api.app.core.lanes.open_count(), 50);
    drop(held);
    company.api.app.core.lanes.idle().await;
    company.drain().await;
    let bulk = company.bulk(&id).await;
    assert_eq!(counts(&bulk), (json!("done"), [120, 120, 0, 0]), "{bulk:#}");
    let runs = company
        .api
        .app
        .core
        .db
        .run_count(&Default::default())
        .await
        .unwrap();
    assert_eq!(runs, 120);
}

#[tokio::test]
async fn rules_refuse_in_bulk_as_they_do_one_by_one_and_say_which() {
    let company = Company::new(20_000).await;
    let lost = json!({
        "pipeline": company.sales.pipeline,
        "change": {"kind": "move", "stage": company.sales.lost},
    });
    let preview = company.api.post("/bulk/preview", lost.clone()).await.ok(200);
    assert_eq!(preview["refused_count"], DEALS);
    assert_eq!(preview["refusals"].as_array().unwrap().len(), 20);
    let id = company.api.create("/bulk", lost).await;
    company.drain().await;
    let bulk = company.bulk(&id).await;
    assert_eq!(counts(&bulk), (json!("done"), [120, 0, 0, 120]), "{bulk:#}");
    assert_eq!(bulk["refusals"][0]["item"], "deal:1");
    assert_eq!(company.count(&company.sales.new).await, DEALS);

    let with_reason = json!({
        "pipeline": company.sales.pipeline,
        "change": {"kind": "move", "stage": company.sales.lost, "lost_reason": "Season is over"},
    });
    company.api.create("/bulk", with_reason).await;
    company.drain().await;
    assert_eq!(company.count(&company.sales.lost).await, DEALS);
}

#[tokio::test]
async fn bulk_change_is_cancelled_in_between_and_cannot_be_twice() {
    let company = Company::new(20_000).await;
    let id = company.api.create("/bulk", company.moving()).await;
    company.step().await;
    let path = format!("/bulk/{id}/cancel");
    let cancelled = company.api.post(&path, json!({})).await.ok(200);
    assert_eq!(counts(&cancelled), (json!("cancelled"), [120, 50, 0, 0]));
    assert_eq!(company.step().await, Step::Idle);
    assert_eq!(company.count(&company.sales.offer).await, 50);
    company.api.post(&path, json!({})).await.refused(409, "conflict");
    let listed = company.api.get("/bulk").await.ok(200);
    assert_eq!(listed["items"][0]["id"], json!(id));
    let missing = json!({
        "pipeline": company.sales.pipeline, "change": {"kind": "run", "attachment": "attachment:99"},
    });
    company.api.post("/bulk", missing).await.refused(404, "not-found");
}

#[tokio::test]
async fn two_bulk_changes_take_turns() {
    let company = Company::new(20_000).await;
    let attachment = company.attach(json!({"kind": "manual"})).await;
    let run = json!({
        "pipeline": company.sales.pipeline,
        "change": {"kind": "run", "attachment": attachment},
    });
    let first = company.api.create("/bulk", run.clone()).await;
    let second = company.api.create("/bulk", run).await;
    for _ in 0..2 {
        company.step().await;
    }
    for id in [first, second] {
        assert_eq!(company.bulk(&id).await["seen_count"], 50);
    }
}
