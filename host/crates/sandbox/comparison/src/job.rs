//! The job's world: one deal, one parameter, and what is drafted.

use serde::{Deserialize, Serialize};

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Done {
    /// The robot's own words.
    pub(crate) said: String,
    /// In their order.
    pub(crate) changes: Vec<Change>,
}

/// What a robot asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// Somebody is told.
    Notification(Notification),
    /// Something is to be done.
    Activity(Activity),
    /// The deal moves.
    Move(Move),
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Notification {
    pub(crate) to: Vec<String>,
    pub(crate) title: String,
    pub(crate) text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Activity {
    pub(crate) item: String,
    pub(crate) kind: String,
    pub(crate) title: String,
    pub(crate) deadline: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Move {
    pub(crate) item: String,
    pub(crate) stage: String,
}

/// The contract's record, all of it: every way hands over the same.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) pipeline: String,
    pub(crate) stage: String,
    pub(crate) stage_entry: u32,
    pub(crate) stage_entered_at: String,
    pub(crate) assignee: Option<String>,
    pub(crate) contact: Option<String>,
    pub(crate) amount: Option<Money>,
    pub(crate) source: Option<String>,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    pub(crate) closed_at: Option<String>,
    pub(crate) last_contact_at: Option<String>,
    pub(crate) version: u32,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Money {
    pub(crate) amount: String,
    pub(crate) currency: String,
}

pub(crate) const DEAL: &str = "deal:17";
pub(crate) const TITLE: &str = "Крыша для дачи";
pub(crate) const AMOUNT: &str = "500000.00";
pub(crate) const THRESHOLD: &str = "100000.00";
pub(crate) const CURRENCY: &str = "RUB";
pub(crate) const NOON: &str = "2026-03-02T12:00:00Z";

/// The least that a host can be: it answers, and keeps what it was asked for. No rules, no permissions, no journal.
#[derive(Debug, Default)]
pub(crate) struct Office {
    pub(crate) changes: Vec<Change>,
}

impl Office {
    pub(crate) fn param(&self, key: &str) -> Option<Money> {
        (key == "threshold").then(|| rub(THRESHOLD))
    }

    pub(crate) fn item(&self, id: &str) -> Option<Item> {
        (id == DEAL).then(|| Item {
            id: DEAL.to_owned(),
            title: TITLE.to_owned(),
            pipeline: "pipeline:1".to_owned(),
            stage: "stage:2".to_owned(),
            stage_entry: 1,
            stage_entered_at: NOON.to_owned(),
            assignee: Some("employee:3".to_owned()),
            contact: None,
            amount: Some(rub(AMOUNT)),
            source: None,
            created_at: NOON.to_owned(),
            updated_at: NOON.to_owned(),
            closed_at: None,
            last_contact_at: None,
            version: 1,
        })
    }

    pub(crate) fn notify(&mut self, notification: Notification) -> Vec<String> {
        self.changes.push(Change::Notification(notification));
        vec!["notification:1".to_owned()]
    }

    pub(crate) fn plan(&mut self, activity: Activity) -> String {
        self.changes.push(Change::Activity(activity));
        "activity:1".to_owned()
    }

    pub(crate) fn move_on(&mut self, to: Move) {
        self.changes.push(Change::Move(to));
    }
}

fn rub(amount: &str) -> Money {
    Money {
        amount: amount.to_owned(),
        currency: CURRENCY.to_owned(),
    }
}

/// What every way must come to.
pub(crate) fn expected() -> Done {
    Done {
        said: "deal:17 moved on, activity:1 planned".to_owned(),
        changes: vec![
            Change::Notification(Notification {
                to: vec!["role:assignee".to_owned()],
                title: format!("Large deal: {TITLE}"),
                text: format!("{AMOUNT} {CURRENCY}"),
            }),
            Change::Activity(Activity {
                item: DEAL.to_owned(),
                kind: "call".to_owned(),
                title: format!("Call about {TITLE}"),
                deadline: "+3d".to_owned(),
            }),
            Change::Move(Move {
                item: DEAL.to_owned(),
                stage: "stage:3".to_owned(),
            }),
        ],
    }
}
