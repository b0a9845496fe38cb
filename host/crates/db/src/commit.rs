//! The one write: a batch becomes a list of steps, and the steps one transaction.

use signalbox_crm::ids::{InboundId, RunId};

use crate::batch::{Batch, Committed};
use crate::dialect::{Arg, Sql};
use crate::encode::Rows;
use crate::error::DbError;
use crate::open::Db;
use crate::{
    activity, attempt, bulk, contact, conversation, delivery, directory, event, expiry, guard, host_rows,
    http_request, inbound, item, message, notes, notification, run, run_changes, sharding, state, timer,
};

/// One statement of a commit.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) sql: Sql,
    pub(crate) args: Vec<Arg>,
    /// How many rows it must touch, and the table's name for the conflict.
    pub(crate) expected: Option<(u64, &'static str)>,
    /// What its `RETURNING id` is.
    pub(crate) returns: Returns,
}

/// What the ids that a step returns are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Returns {
    Nothing,
    /// Nothing, from a function.
    Guard,
    Cancelled,
    Changed,
    Claimed,
    InboundClaimed,
    Stored,
    Expired,
}

impl Step {
    pub(crate) fn new(sql: Sql, args: Vec<Arg>) -> Self {
        Step {
            sql,
            args,
            expected: None,
            returns: Returns::Nothing,
        }
    }

    /// One statement for all rows.
    pub(crate) fn of_rows(sql: Sql, rows: Rows) -> Self {
        Step::new(sql, vec![Arg::Rows(rows)])
    }

    /// One statement for all rows, each of which must touch exactly one row of the table.
    pub(crate) fn of_each(sql: Sql, rows: Rows, table: &'static str) -> Self {
        let expected = Some((rows.count(), table));
        Step {
            expected,
            ..Step::of_rows(sql, rows)
        }
    }

    pub(crate) fn returning(mut self, returns: Returns) -> Self {
        self.returns = returns;
        self
    }
}

impl Committed {
    pub(crate) fn add(&mut self, returns: Returns, ids: Vec<i64>) {
        match returns {
            Returns::Nothing | Returns::Guard => {}
            Returns::Cancelled => self.cancelled.extend(ids.into_iter().map(RunId)),
            Returns::Changed => self.changed.extend(ids.into_iter().map(RunId)),
            Returns::Claimed => self.claimed.extend(ids.into_iter().map(RunId)),
            Returns::InboundClaimed => self.inbound_claimed.extend(ids.into_iter().map(InboundId)),
            Returns::Stored => self.inbound_stored.extend(ids.into_iter().map(InboundId)),
            Returns::Expired => self.expired_count += ids.len() as u64,
        }
    }
}

/// The statements of a batch. Order: what others refer to first, what frees a unique place before what takes it,
/// and runs end before the stage that they left cancels the rest.
fn steps(batch: &Batch, host: i64) -> Vec<Step> {
    let mut steps = Vec::new();
    directory::steps(batch, &mut steps);
    contact::steps(batch, &mut steps);
    item::steps(batch, &mut steps);
    conversation::steps(batch, &mut steps);
    message::steps(batch, &mut steps);
    activity::steps(batch, &mut steps);
    timer::steps(batch, &mut steps);
    notification::steps(batch, &mut steps);
    notes::steps(batch, &mut steps);
    state::steps(batch, &mut steps);
    event::steps(batch, &mut steps);
    run::steps(batch, host, &mut steps);
    run_changes::steps(batch, host, &mut steps);
    attempt::steps(batch, &mut steps);
    delivery::steps(batch, &mut steps);
    http_request::steps(batch, &mut steps);
    inbound::steps(batch, host, &mut steps);
    bulk::steps(batch, &mut steps);
    host_rows::steps(batch, &mut steps);
    expiry::steps(batch, &mut steps);
    sharding::steps(batch, host, &mut steps);
    steps
}

impl Db {
    /// Stores the batch in one transaction: everything or nothing. An empty batch does not touch the database.
    ///
    /// The transaction runs as a task of its own: a caller that stops waiting does not stop it.
    ///
    /// # Errors
    /// `Conflict` when a row is not as it was read, `Stale` when something else is not, `Ousted` when another host has
    /// taken this one's place, `Constraint`, `Full`, `Unavailable`: nothing is stored.
    /// `OutcomeUnknown` when the connection broke during COMMIT (PostgreSQL only).
    pub async fn commit(&self, batch: &Batch) -> Result<Committed, DbError> {
        let Some(gate) = &self.gate else {
            return self.commit_at_once(batch).await;
        };
        let mut batch = batch.clone();
        gate.before_commit(&mut batch).await?;
        let outcome = self.commit_at_once(&batch).await;
        gate.after_commit(&batch, &outcome).await?;
        outcome
    }

    async fn commit_at_once(&self, batch: &Batch) -> Result<Committed, DbError> {
        let mut steps = steps(batch, self.host());
        if steps.is_empty() {
            return Ok(Committed::default());
        }
        if self.is_postgres() {
            steps.insert(0, guard::step(batch, self.is_shared()));
        }
        let db = self.clone();
        let transaction = tokio::spawn(async move { db.apply(steps).await });
        match transaction.await {
            Ok(result) => result,
            Err(stopped) => match stopped.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(DbError::Unavailable(sqlx::Error::WorkerCrashed)),
            },
        }
    }
}
