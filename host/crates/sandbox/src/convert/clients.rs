//! Clients.

use signalbox_crm::contact::{Contact, ContactPoint, PointKind};
use signalbox_crm::contacting::{ContactPatch, NewContact};

use super::{count, maybe_id, text};
use crate::bindings::{contact_editing, contacts};
use crate::session::Answer;

impl From<Contact> for contacts::Contact {
    fn from(contact: Contact) -> Self {
        let of_kind = |kind: PointKind, shown: fn(&ContactPoint) -> &String| {
            let points = contact.points.iter().filter(|point| point.kind == kind);
            points.map(|point| shown(point).clone()).collect()
        };
        contacts::Contact {
            id: text(contact.id),
            phones: of_kind(PointKind::Phone, |point| &point.raw),
            emails: of_kind(PointKind::Email, |point| &point.raw),
            accounts: of_kind(PointKind::Handle, |point| &point.key),
            name: contact.name,
            assignee: contact.assignee.map(text),
            created_at: text(contact.created_at),
            version: count(contact.version),
        }
    }
}

/// A client that a robot makes.
pub(crate) fn new_contact(contact: contact_editing::NewContact) -> Answer<NewContact> {
    Ok(NewContact {
        name: contact.name,
        phones: contact.phones,
        emails: contact.emails,
        assignee: maybe_id(contact.assignee.as_deref())?,
    })
}

/// What a robot changes of a client.
pub(crate) fn contact_patch(patch: contact_editing::ContactPatch) -> Answer<ContactPatch> {
    Ok(ContactPatch {
        name: patch.name,
        phones: patch.phones,
        emails: patch.emails,
        assignee: maybe_id(patch.assignee.as_deref())?.map(Some),
    })
}
