//! What narrows the grants of an attachment: fields and people.

use signalbox_crm::granting;
use signalbox_crm::ids::EmployeeId;
use signalbox_crm::item::Item;
use signalbox_crm::rejection::Rejection;
use signalbox_sandbox::session::{Answer, Field};

use super::RunDraft;

impl RunDraft {
    /// Whether the robot may read and write all of these fields.
    pub(super) fn check_fields<'a>(&self, keys: impl IntoIterator<Item = &'a str>) -> Result<(), Rejection> {
        granting::check_fields(&self.attachment, keys)
    }

    /// Those that it may read.
    pub(super) fn granted_fields(&self, item: Item) -> Vec<Field> {
        let fields = item.fields.into_iter();
        let granted = fields.filter(|(key, _)| granting::is_field_granted(&self.attachment, key));
        granted.map(|(key, value)| (key, Some(value))).collect()
    }

    /// Whether it may put somebody in charge of something new, with the run's item for the roles.
    pub(super) async fn check_in_charge(
        &mut self,
        interface: &str,
        person: Option<EmployeeId>,
    ) -> Answer<()> {
        // The item is read only where that matters: who reads more meets more conflicts.
        let (Some(person), false) = (person, self.attachment.grant_audience.is_empty()) else {
            return Ok(());
        };
        let own = self.own_item().await?;
        Ok(self.check_audience(interface, own.as_ref(), &[person])?)
    }

    /// Whether it may reach these people, with `item` for the roles.
    pub(super) fn check_audience(
        &self,
        interface: &str,
        item: Option<&Item>,
        people: &[EmployeeId],
    ) -> Result<(), Rejection> {
        granting::check_audience(&self.attachment, &self.draft.directory, item, interface, people)
    }
}
