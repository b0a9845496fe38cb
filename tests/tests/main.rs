//! All integration tests in one binary, one module for each subject.

mod api;
mod cli;
mod db_conformance;
