//! The SQL of Signalbox, for SQLite and PostgreSQL: the only crate that has any.
//!
//! Reads are methods of [`Db`], one file for each kind of row. There is one write: [`Db::commit`] stores a
//! [`Batch`] in one transaction.

mod activity;
mod apply;
mod attempt;
mod audit;
mod automation;
mod batch;
mod board;
mod bulk;
mod commit;
mod contact;
mod conversation;
mod copy;
mod dead_letter;
mod delivery;
mod dialect;
mod directory;
mod encode;
mod error;
mod event;
mod expiry;
mod filter;
mod function;
mod gate;
mod guard;
mod host_rows;
mod hosts;
mod http_request;
mod inbound;
mod item;
mod message;
mod migrate;
mod notes;
mod notification;
mod open;
mod operate;
mod postgres;
mod robot_counts;
mod run;
mod run_changes;
mod script;
mod sharding;
mod snapshot;
mod sqlite;
mod sqlite_thread;
mod standing;
mod state;
pub mod tally;
mod timer;

pub use activity::ActivityFilter;
pub use attempt::{AttemptSummary, RunCost};
pub use audit::Audited;
pub use batch::{
    Batch, Committed, IdempotencyRow, InboundDone, Rescheduled, RunUpdate, ScheduleMove, ScheduleRow,
    StageLeft, Turn, WakeUpVoid,
};
pub use board::{ColumnSum, Due, DueCount, ItemDue, ItemWaits};
pub use conversation::ConversationFilter;
pub use copy::copy_sqlite;
pub use dead_letter::{DeadGroup, DeadLetter};
pub use delivery::DeliveryFilter;
pub use error::DbError;
pub use event::EventFilter;
pub use expiry::{Expiring, Expiry};
pub use gate::{Fault, Gate, Passage};
pub use guard::{Check, FoundPage, RowTable, StaleRead, Written};
pub use host_rows::INSTALLATION;
pub use hosts::{HostRow, LEASE, Listener, Standing as HostStanding};
pub use http_request::RequestFilter;
pub use item::{DueFilter, ItemFilter, ItemPage};
pub use notes::{HistoryFilter, Noted};
pub use open::{Db, OpenOptions, Synchronous};
pub use operate::CheckReport;
pub use robot_counts::RobotCount;
pub use run::{RunFilter, RunWithEvent};
pub use sqlite_thread::COMMITTING_THREAD;
pub use standing::{Blocker, COUNT_MAX, Standing, Storage};
pub use state::Kept;
