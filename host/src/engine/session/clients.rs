//! `contacts` and `contact-editing`.

use signalbox_crm::attachment::Scope;
use signalbox_crm::contact::{Contact, ContactPoint};
use signalbox_crm::contacting::{self, ContactPatch, NewContact};
use signalbox_crm::ids::ContactId;
use signalbox_crm::rejection::Rejection;
use signalbox_sandbox::session::Answer;

use super::{RunDraft, outside};

/// Contacts that a robot finds at once.
const CONTACTS_MAX: u32 = 50;

impl RunDraft {
    /// The client, if the scope allows it: everybody, or the client of the run's item or conversation, or one that
    /// the run has made.
    pub(super) async fn contact_in_scope(&mut self, id: ContactId) -> Answer<Contact> {
        if !self.may_see_contact(id).await? {
            return Err(outside(&self.attachment, id).into());
        }
        self.draft.contact(id).await.map_err(|error| self.refused(error))
    }

    async fn may_see_contact(&mut self, id: ContactId) -> Answer<bool> {
        let staged = self.draft.changes.contacts.get(&id);
        let is_new = staged.is_some_and(|staged| staged.base.is_none());
        if is_new || self.attachment.scope == Scope::All {
            return Ok(true);
        }
        if let Some(item) = self.item {
            let item = self.draft.item(item).await.map_err(|error| self.refused(error))?;
            if item.contact == Some(id) {
                return Ok(true);
            }
        }
        let Some(conversation) = self.conversation else {
            return Ok(false);
        };
        let found = self.draft.conversation(conversation).await;
        Ok(found.map_err(|error| self.refused(error))?.contact == Some(id))
    }

    pub(super) async fn make_contact(&mut self, new: NewContact) -> Answer<ContactId> {
        self.check_grant("contact-editing")?;
        self.check_in_charge("contact-editing", new.assignee).await?;
        self.check_writes()?;
        let made = self
            .draft
            .rule(|rules, changes| contacting::create_contact(rules, changes, new))?;
        Ok(made.id)
    }

    pub(super) async fn change_contact(&mut self, id: ContactId, patch: ContactPatch) -> Answer<()> {
        self.check_grant("contact-editing")?;
        let contact = self.contact_in_scope(id).await?;
        let person = patch.assignee.flatten();
        self.check_in_charge("contact-editing", person).await?;
        self.check_writes()?;
        self.draft
            .rule(|rules, changes| contacting::edit_contact(rules, changes, contact, patch))?;
        Ok(())
    }

    /// Who looks for clients sees them all.
    pub(super) async fn search_contacts(
        &mut self,
        point: Result<ContactPoint, Rejection>,
    ) -> Answer<Vec<Contact>> {
        self.check_grant("contacts")?;
        let point = point?;
        if self.attachment.scope != Scope::All {
            return Err(outside(&self.attachment, "a search for contacts").into());
        }
        self.draft
            .contacts_at(point.kind, &point.key, CONTACTS_MAX)
            .await
            .map_err(|error| self.refused(error))
    }
}
