//! The rules of Signalbox: entities, what may happen to them, what follows from it.
//!
//! Pure: rules take values and `now` and return values. No clock, no randomness, no database, no logging.

pub mod activity;
pub mod assigning;
pub mod attaching;
pub mod attachment;
pub mod backoff;
pub mod breaker;
pub mod bulk;
pub mod calendar;
pub mod changes;
pub mod commenting;
pub mod condition;
pub mod contact;
pub mod contacting;
pub mod conversation;
pub mod deadline;
pub mod destination;
pub mod directory;
pub mod editing;
pub mod email;
pub mod event;
pub mod finding;
#[cfg(test)]
mod fixture;
pub mod ids;
pub mod item;
pub mod lifecycle;
pub mod loop_guard;
pub mod matching;
pub mod missed;
pub mod moving;
pub mod name;
pub mod notification;
pub mod notifying;
pub mod params;
pub mod people;
pub mod phone;
pub mod pipeline;
pub mod planning;
pub mod rejection;
pub mod remembering;
pub mod retry;
pub mod robot;
pub mod rules;
pub mod run;
pub mod schedule;
pub mod setting_up;
pub mod shard;
pub mod talking;
pub mod tax_number;
pub mod time;
pub mod timer;
pub mod updating;
pub mod value;
