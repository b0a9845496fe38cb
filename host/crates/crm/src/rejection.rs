//! A rejection: a rule says no. It is an answer, not an error of the host.

use std::fmt;

use crate::said;
use crate::sentence::Sentence;

/// Why a rule says no. Robots see the code as a string; it never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// No permission, or outside the scope of the grant.
    Denied,
    /// There is no such thing.
    NotFound,
    /// A malformed argument.
    Invalid,
    /// The stage wants fields that are empty.
    RequiredFields,
    /// A rule of the core forbids it.
    RuleViolated,
    /// The move would go back and may not.
    BackwardRefused,
    /// The stage does not exist, or belongs to another pipeline.
    NoSuchStage,
    /// Nobody can be chosen.
    NoCandidate,
    /// The thing is not in a state that allows it, or somebody changed it meanwhile.
    Conflict,
    /// The channel does not accept messages to this client any more.
    WindowClosed,
    /// Too many notifications in one run.
    LimitNotifications,
    /// Too many client messages in one run.
    LimitMessages,
    /// Too many writes in one run.
    LimitWrites,
    /// Too many requests to services outside in one run.
    LimitRequests,
    /// Too many timers in one run.
    LimitTimers,
    /// A robot's memory is full.
    LimitState,
    /// Too many host calls in one run.
    LimitCalls,
}

impl Code {
    /// The stable word for robots, logs and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::Denied => "denied",
            Code::NotFound => "not-found",
            Code::Invalid => "invalid",
            Code::RequiredFields => "required-fields",
            Code::RuleViolated => "rule-violated",
            Code::BackwardRefused => "backward-refused",
            Code::NoSuchStage => "no-such-stage",
            Code::NoCandidate => "no-candidate",
            Code::Conflict => "conflict",
            Code::WindowClosed => "window-closed",
            Code::LimitNotifications => "limit.notifications",
            Code::LimitMessages => "limit.messages",
            Code::LimitWrites => "limit.writes",
            Code::LimitRequests => "limit.requests",
            Code::LimitTimers => "limit.timers",
            Code::LimitState => "limit.state",
            Code::LimitCalls => "limit.calls",
        }
    }

    /// Whether the same may be allowed later without anybody changing anything: people come back from leave. All
    /// other refusals wait for somebody to change something.
    pub fn is_passing(self) -> bool {
        self == Code::NoCandidate
    }
}

/// A rule says no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// For programs.
    pub code: Code,
    /// For people: names the thing and the value.
    pub message: Sentence,
    /// The fields concerned, where the code is about fields.
    pub fields: Vec<String>,
}

impl Rejection {
    /// A rejection without fields.
    pub fn new(code: Code, message: impl Into<Sentence>) -> Self {
        Rejection {
            code,
            message: message.into(),
            fields: Vec::new(),
        }
    }

    /// There is no such thing.
    pub fn not_found(what: impl fmt::Display) -> Self {
        Rejection::new(Code::NotFound, said!("`{what}` does not exist", what))
    }

    /// A malformed argument.
    pub fn invalid(message: impl Into<Sentence>) -> Self {
        Rejection::new(Code::Invalid, message)
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message.english())
    }
}

impl std::error::Error for Rejection {}

impl From<crate::ids::BadId> for Rejection {
    fn from(bad: crate::ids::BadId) -> Self {
        Rejection::invalid(bad)
    }
}
