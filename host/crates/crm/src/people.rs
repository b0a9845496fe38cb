//! Employees, their roles, and who acts.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::{CalendarId, ChannelId, EmployeeId, RunId};
use crate::time::Timestamp;

/// What a person or a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Everything.
    Admin,
    /// Pipelines, robots and attachments, and all that an operator may do.
    Editor,
    /// Works with items, contacts, activities and conversations.
    Operator,
    /// Reads everything, writes nothing.
    Auditor,
    /// Installs robots and reads runs.
    Integrator,
}

impl Role {
    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Admin => "admin",
            Role::Editor => "editor",
            Role::Operator => "operator",
            Role::Auditor => "auditor",
            Role::Integrator => "integrator",
        }
    }

    /// May change items, contacts, activities and conversations.
    pub fn can_work(self) -> bool {
        matches!(self, Role::Admin | Role::Editor | Role::Operator)
    }

    /// May change pipelines and attachments.
    pub fn can_configure(self) -> bool {
        matches!(self, Role::Admin | Role::Editor)
    }

    /// May install robots.
    pub fn can_install(self) -> bool {
        matches!(self, Role::Admin | Role::Integrator)
    }

    /// May manage people, channels and tokens.
    pub fn can_administer(self) -> bool {
        matches!(self, Role::Admin)
    }
}

/// A time away from work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Absence {
    /// The first instant away.
    pub from: Timestamp,
    /// The first instant back.
    pub until: Timestamp,
}

/// An employee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Employee {
    /// The id.
    pub id: EmployeeId,
    /// As people see it.
    pub name: String,
    /// Unique, where known.
    pub email: Option<String>,
    /// What the person may do.
    pub role: Role,
    /// Who leads this person.
    pub head: Option<EmployeeId>,
    /// False after the person has left.
    pub is_active: bool,
    /// Times away.
    pub absences: Vec<Absence>,
    /// Own working time; the company's without one.
    pub calendar: Option<CalendarId>,
    /// Grows by one with each change.
    pub version: i64,
}

impl Employee {
    /// Works here and is not away at `now`.
    pub fn is_available(&self, now: Timestamp) -> bool {
        self.is_active && !self.absences.iter().any(|a| a.from <= now && now < a.until)
    }
}

/// Who made a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A person.
    Employee(EmployeeId),
    /// A robot in a run.
    Robot {
        /// `notify@1.0.0`.
        robot: String,
        /// The run.
        run: RunId,
    },
    /// A client's message through a channel.
    Channel(ChannelId),
    /// The host itself: reminders, schedules, imports.
    System,
}

impl Actor {
    /// The run behind the change, if a robot made it.
    pub fn run(&self) -> Option<RunId> {
        match self {
            Actor::Robot { run, .. } => Some(*run),
            Actor::Employee(_) | Actor::Channel(_) | Actor::System => None,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Actor::Employee(id) => id.fmt(f),
            Actor::Robot { robot, .. } => write!(f, "robot:{robot}"),
            Actor::Channel(id) => id.fmt(f),
            Actor::System => f.write_str("system"),
        }
    }
}
