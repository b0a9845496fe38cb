//! Clients.

use crate::ids::{ContactId, EmployeeId};
use crate::time::Timestamp;

/// How a client can be reached; the normal form is the key by which a client is found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContactPoint {
    /// What it is.
    pub kind: PointKind,
    /// The normal form: a phone's `+7` and ten digits, or its digits where it has no international form; an e-mail's lower-case
    /// form; `<provider>:<id>` of a messenger.
    pub key: String,
    /// As it was written.
    pub raw: String,
}

/// The kind of a contact point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointKind {
    /// A phone number.
    Phone,
    /// An e-mail address.
    Email,
    /// An account in a messenger.
    Handle,
}

impl PointKind {
    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            PointKind::Phone => "phone",
            PointKind::Email => "email",
            PointKind::Handle => "handle",
        }
    }
}

/// A client, as a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The id.
    pub id: ContactId,
    /// As people see it.
    pub name: String,
    /// Phones, e-mails and messenger accounts. Shared ones are real: a point may belong to several contacts.
    pub points: Vec<ContactPoint>,
    /// The employee in charge.
    pub assignee: Option<EmployeeId>,
    /// When it was created.
    pub created_at: Timestamp,
    /// Grows by one with each run and each request that changes it.
    pub version: i64,
}
