//! The rules of Signalbox: entities, what may happen to them, what follows from it.
//!
//! Pure: rules take values and `now` and return values. No clock, no randomness, no database, no logging.

pub mod activity;
pub mod attachment;
pub mod calendar;
pub mod changes;
pub mod condition;
pub mod contact;
pub mod conversation;
pub mod directory;
pub mod event;
pub mod ids;
pub mod item;
pub mod notification;
pub mod people;
pub mod pipeline;
pub mod rejection;
pub mod robot;
pub mod run;
pub mod time;
pub mod timer;
pub mod value;
