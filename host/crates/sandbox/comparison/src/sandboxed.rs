//! A run as the host has it: grants, limits, journal, log, and the draft behind a session.

use std::any::Any;

use signalbox_crm::params::ParamValue;
use signalbox_crm::run::Verdict;
use signalbox_crm::value::Money;
use signalbox_sandbox::{Limits, Robot, RunReport, Sandbox, SandboxConfig};
use tokio::runtime::Runtime;

use crate::Way;
use crate::job::{self, AMOUNT, CURRENCY, Change, Done, THRESHOLD};
use desk::{Desk, Taken, entered, invocation};

// The session of the tests.
#[path = "../../../../../tests/tests/hostile/desk.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod desk;

pub(crate) struct Sandboxed {
    runtime: Runtime,
    sandbox: Sandbox,
    robot: Robot,
    amount: Money,
    threshold: Money,
}

impl Sandboxed {
    pub(crate) fn new(component: Vec<u8>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime");
        let sandbox = Sandbox::new(SandboxConfig::default()).expect("a sandbox");
        assert!(sandbox.is_pooled(), "this machine has no room for a pool");
        let robot = runtime.block_on(sandbox.load(component)).expect("a robot");
        Sandboxed {
            runtime,
            sandbox,
            robot,
            amount: rub(AMOUNT),
            threshold: rub(THRESHOLD),
        }
    }

    async fn run(&self) -> RunReport {
        let params = vec![("threshold".to_owned(), ParamValue::Money(self.threshold.clone()))];
        let mut session = Box::new(Desk::default());
        session.amount = Some(self.amount.clone());
        session.taken = Some(Vec::new());
        self.sandbox
            .run(
                &self.robot,
                invocation(1, entered()),
                params,
                session,
                Limits::default(),
            )
            .await
    }
}

impl Way for Sandboxed {
    fn name(&self) -> &'static str {
        "Signalbox"
    }

    fn work(&mut self, times: u32) -> Done {
        let report = self.runtime.block_on(async {
            for _ in 1..times {
                self.run().await;
            }
            self.run().await
        });
        done(report)
    }
}

fn done(report: RunReport) -> Done {
    let Verdict::Done { summary: said, .. } = report.verdict else {
        panic!("{:?}", report.verdict);
    };
    let session: Box<dyn Any> = report.session;
    let desk = session.downcast::<Desk>().expect("the session that was given");
    let taken = desk.taken.into_iter().flatten();
    Done {
        said,
        changes: taken.map(change).collect(),
    }
}

fn change(taken: Taken) -> Change {
    match taken {
        Taken::Notification(new) => Change::Notification(job::Notification {
            to: new.to,
            title: new.title,
            text: new.text,
        }),
        Taken::Activity(item, new) => Change::Activity(job::Activity {
            item: item.to_string(),
            kind: new.kind.as_str().to_owned(),
            title: new.title.unwrap_or_default(),
            deadline: new.deadline.unwrap_or_default(),
        }),
        Taken::Move(item, stage) => Change::Move(job::Move {
            item: item.to_string(),
            stage: stage.to_string(),
        }),
    }
}

fn rub(amount: &str) -> Money {
    Money::new(amount, CURRENCY).expect("an amount")
}
