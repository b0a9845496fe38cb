//! The audit: whether what is stored keeps the promises of the engine.
//!
//! Each check has a name, a promise, the number of rows it looked at and the rows that break it. The statements read
//! whole tables: for an operator at rest and for tests, not for a request.

mod effects;
mod history;
mod records;
mod runs;

use crate::dialect::Sql;
use crate::error::DbError;
use crate::open::Db;
use crate::snapshot::Snapshot;

/// How many broken rows are named for each check.
const EXAMPLES_MAX: u32 = 5;

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    /// For programs: never changes its meaning.
    pub name: &'static str,
    /// What must hold, as a sentence.
    pub promise: &'static str,
    /// How many rows were looked at.
    pub checked_count: i64,
    /// How many of them break the promise.
    pub broken_count: i64,
    /// The ids of the first five that break it.
    pub examples: Vec<String>,
}

/// One check. `broken` selects one column, the id of what breaks the promise.
struct Check {
    name: &'static str,
    promise: &'static str,
    checked: &'static str,
    broken: Sql,
}

impl Check {
    /// A check with one text for both databases.
    const fn new(
        name: &'static str,
        promise: &'static str,
        checked: &'static str,
        broken: &'static str,
    ) -> Self {
        Check {
            name,
            promise,
            checked,
            broken: Sql::same(broken),
        }
    }
}

impl Db {
    /// Checks every promise, all on the state of one instant, also while a host writes.
    ///
    /// # Errors
    /// `Unavailable`, `NotADatabase`.
    pub async fn audit(&self) -> Result<Vec<Audited>, DbError> {
        let mut snapshot = self.snapshot().await?;
        let audited = audit_all(&mut snapshot).await;
        snapshot.end().await?;
        audited
    }
}

async fn audit_all(snapshot: &mut Snapshot) -> Result<Vec<Audited>, DbError> {
    let mut found = Vec::new();
    let all = [runs::CHECKS, effects::CHECKS, history::CHECKS, records::CHECKS];
    for check in all.into_iter().flatten() {
        found.push(check.audit(snapshot).await?);
    }
    Ok(found)
}

impl Check {
    async fn audit(&self, snapshot: &mut Snapshot) -> Result<Audited, DbError> {
        let check = self;
        let broken = match snapshot {
            Snapshot::Postgres(_) => check.broken.postgres,
            Snapshot::Sqlite(_) => check.broken.sqlite,
        };
        let checked_count = count(snapshot, check.checked.to_owned()).await?;
        let sql = format!("SELECT COUNT(*)\nFROM (\n{broken}\n) AS broken");
        let broken_count = count(snapshot, sql).await?;
        let examples = match broken_count {
            0 => Vec::new(),
            _ => {
                let sql = format!("{broken}\nLIMIT {EXAMPLES_MAX}");
                snapshot.rows(sql, |fields| fields.text()).await?
            }
        };
        Ok(Audited {
            name: check.name,
            promise: check.promise,
            checked_count,
            broken_count,
            examples,
        })
    }
}

async fn count(snapshot: &mut Snapshot, sql: String) -> Result<i64, DbError> {
    Ok(snapshot
        .rows(sql, |fields| fields.int())
        .await?
        .pop()
        .unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use sqlx::Executor;

    use super::*;
    use crate::open::Pools;

    const RUN: &str =
        "INSERT INTO run (id, event, attachment, cancel_on, state, attempt_count, created_at, shard)
VALUES ($1, 1, 1, 'never', 'available', 0, 0, 1)";

    /// What unique indexes guard is audited too: a damaged index lets it through.
    #[tokio::test]
    async fn doubled_rows_are_found_where_the_index_is_gone() {
        let db = Db::open_in_memory().await.expect("a database");
        let Pools::Sqlite { readers, .. } = &db.shared.pools else {
            panic!("it is SQLite");
        };
        readers
            .execute("DROP INDEX run_event_attachment; DROP INDEX conversation_open")
            .await
            .expect("indexes");
        for id in [1_i64, 2] {
            sqlx::query(RUN).bind(id).execute(readers).await.expect("a run");
            let conversation = "INSERT INTO conversation (
    id, channel, external_chat, opened_at, message_count, version
)
VALUES ($1, 3, 'chat', 0, 0, 1)";
            sqlx::query(conversation)
                .bind(id)
                .execute(readers)
                .await
                .expect("a conversation");
        }
        let audited = db.audit().await.expect("audited");
        for (name, id) in [("run-once", "event:1"), ("conversation-once", "channel:3")] {
            let found = audited.iter().find(|check| check.name == name).expect(name);
            assert_eq!(
                (found.checked_count, found.broken_count, &found.examples[..]),
                (2, 1, &[id.to_owned()][..])
            );
        }
    }
}
