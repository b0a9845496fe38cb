//! `state`.

use signalbox_crm::remembering::{self, Extent, StateOwner, bytes_of};
use signalbox_sandbox::session::{Answer, StateSpace};

use super::RunDraft;

impl RunDraft {
    fn owner(&self, space: StateSpace) -> StateOwner {
        match space {
            StateSpace::Robot => StateOwner::Robot(self.attachment.robot.clone()),
            StateSpace::Item => StateOwner::Attachment(self.attachment.id, self.item),
        }
    }

    pub(super) async fn recall(&mut self, space: StateSpace, key: &str) -> Answer<Option<String>> {
        self.check_grant("state")?;
        remembering::check_key(key)?;
        let owner = self.owner(space);
        let found = self.draft.state(&owner, key).await;
        found.map_err(|error| self.refused(error))
    }

    pub(super) async fn keep(&mut self, space: StateSpace, key: String, value: String) -> Answer<()> {
        self.check_grant("state")?;
        self.check_writes()?;
        remembering::check_key(&key)?;
        let owner = self.owner(space);
        let before = self.size(&owner, &key).await?;
        let held = self.held(&owner).await?;
        let whose = owner.clone();
        let then = self.draft.rule(|rules, changes| {
            remembering::remember(rules, changes, whose, (key, value), held, before)
        })?;
        self.held.insert(owner, then);
        Ok(())
    }

    pub(super) async fn drop_key(&mut self, space: StateSpace, key: String) -> Answer<bool> {
        if self.recall(space, &key).await?.is_none() {
            return Ok(false);
        }
        self.check_writes()?;
        let owner = self.owner(space);
        let before = self.size(&owner, &key).await?;
        let held = self.held(&owner).await?;
        let whose = owner.clone();
        self.draft
            .rule(|rules, changes| remembering::forget(rules, changes, whose, key))?;
        self.held.insert(owner, held.without(before));
        Ok(true)
    }

    /// How much a memory holds, with what the run has changed. What other runs store at the same moment is not
    /// counted: the limit bounds what a robot may fill, and need not be exact.
    async fn held(&mut self, owner: &StateOwner) -> Answer<Extent> {
        if let Some(held) = self.held.get(owner) {
            return Ok(*held);
        }
        let db = self.draft.core().db.clone();
        let held = db
            .state_extent(owner)
            .await
            .map_err(|error| self.failed(&error))?;
        self.held.insert(owner.clone(), held);
        Ok(held)
    }

    /// The bytes under a key, with what the run has changed; none where there is nothing.
    async fn size(&mut self, owner: &StateOwner, key: &str) -> Answer<Option<i64>> {
        let entry = (owner.clone(), key.to_owned());
        if let Some(staged) = self.draft.changes.state.get(&entry) {
            return Ok(staged.value.as_ref().map(|value| bytes_of(key, value)));
        }
        let db = self.draft.core().db.clone();
        db.state_bytes(owner, key)
            .await
            .map_err(|error| self.failed(&error))
    }
}
