//! All integration tests in one binary, one module for each subject.

mod db_conformance;
mod tidy;
