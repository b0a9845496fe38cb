//! Cases and a mapping make a plan: the steps of a history in the order of time.
//!
//! Pure: no clock and no CRM. The replay reads the steps and sets its virtual clock to each step's instant.

mod builder;
mod summary;
#[cfg(test)]
mod tests;
mod track;

use std::sync::Arc;

use jiff::Timestamp;

use super::mapping::ActivityKind;
use super::xes::XesError;

pub use builder::Builder;
pub use summary::{Summary, Unknown};

/// The most steps of one plan, all of them in memory at about 150 bytes each: fifteen times the largest log tried.
pub const STEPS_MAX: usize = 5_000_000;

/// A history that can be replayed: the steps, and the people who appear in them.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The steps, by instant, then by the order of cases in the log, then by the order of events in the case.
    pub steps: Vec<Step>,
    /// Everybody who appears in the steps, heads included, by resource.
    pub employees: Vec<Employee>,
    /// What was read, and what became of it.
    pub summary: Summary,
}

/// Something that happened to a deal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// The case's name in the log; it is unique within a plan.
    pub case: Arc<str>,
    /// What.
    pub kind: StepKind,
}

/// What happened. Resources are the log's words for people; software is left out of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// A deal was created, in the first stage of the pipeline. It is the first step of each case.
    CaseOpened {
        /// The deal's title.
        title: Arc<str>,
        /// The stage in which it was created.
        stage_key: Arc<str>,
        /// What it is worth, when the log says.
        amount: Option<Amount>,
        /// Who created it; `None` when software did, and the CRM has to find somebody.
        assignee: Option<Arc<str>>,
        /// Where it came from.
        source: Option<Arc<str>>,
    },
    /// The deal moved to another stage.
    StageEntered {
        /// The stage.
        stage_key: Arc<str>,
        /// Who moved it.
        resource: Option<Arc<str>>,
    },
    /// An activity was created on the deal.
    ActivityPlanned {
        /// Its number, unique within the plan.
        activity: u32,
        /// Its kind.
        kind: ActivityKind,
        /// Its title.
        title: Arc<str>,
        /// Who created it.
        assignee: Option<Arc<str>>,
    },
    /// An activity was completed.
    ActivityCompleted {
        /// The number under which it was planned.
        activity: u32,
        /// Who completed it.
        resource: Option<Arc<str>>,
    },
}

/// Money as the CRM takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    /// A decimal number with a point, as in the log.
    pub value: Arc<str>,
    /// An ISO 4217 code.
    pub currency: Arc<str>,
}

/// A person of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Employee {
    /// The log's word for the person.
    pub resource: Arc<str>,
    /// The name for the CRM.
    pub name: String,
    /// The resource of the person's head.
    pub head: Option<Arc<str>>,
}

/// A log that cannot become a plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] XesError),
    /// The log has activities that the mapping does not name, and the mapping wants to hear of it.
    #[error("the mapping does not name {} of the log's activities:{}", .0.len(), summary::list(.0))]
    UnknownActivities(Vec<Unknown>),
    /// Two cases with one name: the deals could not be told apart.
    #[error("line {line}: a second case is named `{case}`")]
    DuplicateCase {
        /// The name.
        case: String,
        /// The line of the second.
        line: u64,
    },
    /// An amount that is no decimal number.
    #[error("line {line}: case `{case}`: attribute `{attribute}` is `{value}`, not a decimal number")]
    BadAmount {
        /// The case.
        case: String,
        /// The attribute that the mapping names.
        attribute: String,
        /// Its value.
        value: String,
        /// The line of the case.
        line: u64,
    },
    /// The case has no creation time of type date.
    #[error("line {line}: case `{case}` has no attribute `{attribute}` of type date")]
    NoCreationTime {
        /// The case.
        case: String,
        /// The attribute that the mapping names.
        attribute: String,
        /// The line of the case.
        line: u64,
    },
    /// The plan is too long.
    #[error("the plan has more than {STEPS_MAX} steps")]
    TooLong,
}
