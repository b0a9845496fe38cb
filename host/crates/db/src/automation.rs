//! Drafts and versions of automations. Drafts are read with the set-up; of versions only the newest number is.

use std::collections::BTreeMap;

use signalbox_crm::automation::{
    AutomationDraft, AutomationHead, AutomationId, AutomationVersion, Counts, VERSIONS_KEPT_MAX,
};

use crate::commit::Step;
use crate::dialect::{Arg, Fields, Sql};
use crate::directory::body;
use crate::error::DbError;
use crate::filter::Filter;
use crate::open::Db;

const PUT_DRAFT: Sql = Sql::same(
    "INSERT INTO automation_draft (automation, version, body)
VALUES ($1, $2, $3)
ON CONFLICT (automation) DO UPDATE SET version = excluded.version, body = excluded.body
WHERE automation_draft.version < excluded.version",
);

const DELETE_DRAFT: Sql = Sql::same(
    "DELETE FROM automation_draft
WHERE automation = $1",
);

const ADD_VERSION: Sql = Sql::same(
    "INSERT INTO automation_version (
    automation, number, at, actor, origin, comment, added_count, changed_count, removed_count, body
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
);

const DELETE_OLD_VERSIONS: Sql = Sql::same(
    "DELETE FROM automation_version
WHERE automation = $1
AND number <= $2",
);

/// The columns in the order in which [`read`] takes them; the attachments are a column of their own.
const SELECT: &str = "SELECT
    automation_version.automation, automation_version.number, automation_version.at, automation_version.actor,
    automation_version.origin, automation_version.comment, automation_version.added_count,
    automation_version.changed_count, automation_version.removed_count, '[]'
FROM automation_version";

const SELECT_WHOLE: &str = "SELECT
    automation_version.automation, automation_version.number, automation_version.at, automation_version.actor,
    automation_version.origin, automation_version.comment, automation_version.added_count,
    automation_version.changed_count, automation_version.removed_count, automation_version.body
FROM automation_version";

const SELECT_HEADS: &str = "SELECT newest.automation, newest.number, newest.at, newest.actor
FROM automation_version AS newest
WHERE newest.number = (
    SELECT MAX(other.number)
    FROM automation_version AS other
    WHERE other.automation = newest.automation
)";

pub(crate) fn draft_step(draft: &AutomationDraft) -> Step {
    let args = vec![
        draft.automation.number().into(),
        draft.version.into(),
        body(draft),
    ];
    Step {
        expected: Some((1, "automation_draft")),
        ..Step::new(PUT_DRAFT, args)
    }
}

pub(crate) fn draft_removed_step(automation: AutomationId) -> Step {
    Step {
        expected: Some((1, "automation_draft")),
        ..Step::new(DELETE_DRAFT, vec![automation.number().into()])
    }
}

pub(crate) fn version_steps(new: &AutomationVersion, steps: &mut Vec<Step>) {
    let automation = new.automation.number();
    let Counts {
        added,
        changed,
        removed,
    } = new.counts;
    let args = vec![
        automation.into(),
        new.number.into(),
        new.at.micros().into(),
        new.by.as_str().into(),
        new.origin.as_str().into(),
        new.comment.as_str().into(),
        added.into(),
        changed.into(),
        removed.into(),
        body(&new.attachments),
    ];
    steps.push(Step {
        expected: Some((1, "automation_version")),
        ..Step::new(ADD_VERSION, args)
    });
    let old = new.number - VERSIONS_KEPT_MAX;
    if old > 0 {
        steps.push(Step::new(
            DELETE_OLD_VERSIONS,
            vec![automation.into(), old.into()],
        ));
    }
}

fn read(fields: &mut Fields<'_>) -> Result<AutomationVersion, DbError> {
    Ok(AutomationVersion {
        automation: AutomationId::from_number(fields.int()?),
        number: fields.int()?,
        at: fields.instant()?,
        by: fields.text()?,
        origin: fields.word("origin of a version")?,
        comment: fields.text()?,
        counts: Counts {
            added: fields.count()?,
            changed: fields.count()?,
            removed: fields.count()?,
        },
        attachments: fields.json("attachments of a version")?,
    })
}

fn read_head(fields: &mut Fields<'_>) -> Result<(AutomationId, AutomationHead), DbError> {
    let automation = AutomationId::from_number(fields.int()?);
    let head = AutomationHead {
        number: fields.int()?,
        at: fields.instant()?,
        by: fields.text()?,
    };
    Ok((automation, head))
}

impl Db {
    pub(crate) async fn automation_heads(&self) -> Result<BTreeMap<AutomationId, AutomationHead>, DbError> {
        let heads = self.rows(SELECT_HEADS, vec![], read_head).await?;
        Ok(heads.into_iter().collect())
    }

    /// A page of an automation's versions without their attachments, newest first; `before` is the number of the last
    /// one of the page before it.
    ///
    /// # Errors
    /// `Unavailable`, `BadRow`.
    pub async fn automation_versions(
        &self,
        automation: AutomationId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AutomationVersion>, DbError> {
        let mut filter = Filter::default();
        filter.and("automation_version.automation = ?", [automation.number().into()]);
        filter.maybe::<i64>("automation_version.number < ?", before);
        let (sql, args) = filter.page(SELECT, "ORDER BY automation_version.number DESC", limit);
        self.rows(sql, args, read).await
    }

    /// One version with its attachments; none when there is none with this number, or it went long ago.
    ///
    /// # Errors
    /// `Unavailable`, `BadRow`.
    pub async fn automation_version(
        &self,
        automation: AutomationId,
        number: i64,
    ) -> Result<Option<AutomationVersion>, DbError> {
        let mut filter = Filter::default();
        let key: [Arg; 2] = [automation.number().into(), number.into()];
        filter.and(
            "automation_version.automation = ?\nAND automation_version.number = ?",
            key,
        );
        let (sql, args) = filter.page(SELECT_WHOLE, "", 1);
        self.row(sql, args, read).await
    }
}
