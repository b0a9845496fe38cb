//! Runs robots: the only crate that knows wasmtime and the generated types of the contract.
//!
//! [`Sandbox::load`] turns a component into a [`Robot`]; [`Sandbox::run`] runs it once in a fresh instance, with a
//! [`session::Session`] behind its host functions and [`Limits`] around it, and gives back a [`RunReport`].
//! [`inspect::inspect`] reads a component without running it.

mod answers;
mod artefacts;
mod bindings;
mod cause;
mod compiler;
mod compiling;
mod convert;
mod dice;
mod execution;
mod hearing;
mod imports;
pub mod inspect;
mod invocation;
mod journal;
pub mod limits;
mod logbook;
mod meter;
mod replay;
mod robot;
mod run;
mod run_file;
mod sandbox;
pub mod session;
mod stop;
mod stopwatch;
mod wasi;

pub use artefacts::CacheUse;
pub use compiling::{CompilerProcess, compile_if_asked};
pub use invocation::Invocation;
pub use journal::HostCall;
pub use limits::Limits;
pub use logbook::{LogLevel, LogLine};
pub use replay::{Difference, Replay};
pub use robot::{LoadError, Robot};
pub use run::RunReport;
pub use run_file::{RUN_FILE_SCHEMA, RunFile, RunFileError};
pub use sandbox::{Sandbox, SandboxConfig, SandboxError};
