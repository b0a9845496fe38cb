//! All integration tests in one binary, one module for each subject: each further binary would link the
//! whole host again.

mod api;
mod cli;
mod db_conformance;
mod hostile;
mod kill;
mod scenarios;
mod tidy;
