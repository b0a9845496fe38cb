//! A robot that is ready to run.

use std::sync::Arc;

use signalbox_crm::robot::Manifest;

use crate::artefacts::CacheUse;
use crate::bindings;
use crate::execution::Execution;
use crate::inspect::{InspectError, Inspection};

/// A compiled and linked component. Cheap to clone; runs that have begun finish on the one they began with.
#[derive(Clone)]
pub struct Robot {
    pub(crate) parts: Arc<Parts>,
}

/// What all clones share.
pub(crate) struct Parts {
    pub(crate) inspection: Inspection,
    pub(crate) pre: bindings::RobotPre<Execution>,
    pub(crate) cache: CacheUse,
    pub(crate) code_bytes: usize,
}

impl Robot {
    /// What the component is and asks for.
    pub fn inspection(&self) -> &Inspection {
        &self.parts.inspection
    }

    /// What it says about itself.
    pub fn manifest(&self) -> &Manifest {
        &self.parts.inspection.manifest
    }

    /// SHA-256 of the component, in hexadecimal: the robot's version for the host.
    pub fn digest(&self) -> &str {
        &self.parts.inspection.digest
    }

    /// How much memory its compiled code takes.
    pub fn code_bytes(&self) -> usize {
        self.parts.code_bytes
    }

    /// What the cache did when it was loaded.
    pub fn cache(&self) -> &CacheUse {
        &self.parts.cache
    }
}

impl std::fmt::Debug for Robot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Robot")
            .field("label", &self.manifest().label())
            .field("digest", &self.digest())
            .field("cache", self.cache())
            .finish()
    }
}

/// Why a component cannot be loaded. The integrator acts on it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// It is not a robot.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// wasmtime cannot compile it.
    #[error("the component cannot be compiled: {0}")]
    Compile(String),
    /// It needs more than any run gets, whatever the limits.
    #[error("the component needs {count} {what}, at most {max} are allowed")]
    TooMany {
        /// Memories or tables.
        what: &'static str,
        /// How many.
        count: u32,
        /// How many are allowed.
        max: usize,
    },
    /// It uses functions or types of an interface otherwise than the contract has them.
    #[error("the component does not fit the contract: {0}")]
    Link(String),
}
