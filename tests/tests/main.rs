//! All integration tests in one binary, one module for each subject: each further binary would link the
//! whole host again.

#![expect(
    clippy::unwrap_used,
    reason = "functions that only tests call are tests, which clippy cannot see"
)]

mod api;
mod backlog;
mod browser;
mod cli;
mod clock_set;
mod commit_cut;
mod conflicts;
mod console;
mod contract;
mod cookbook;
mod db_conformance;
mod hostile;
mod kill;
mod languages;
mod poison;
mod pressure;
mod reads;
mod recovery;
mod rehearsal;
mod scenarios;
mod simulation;
mod stacks;
mod storm;
mod tidy;
