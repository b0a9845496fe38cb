//! What a commit checks before it writes, where several hosts share PostgreSQL: that this host is still in its place,
//! and that what was read is still so. SQLite has one host, whose memory knows that.

use std::collections::BTreeMap;
use std::fmt::Write;

use signalbox_crm::contact::PointKind;
use signalbox_crm::ids::{AttachmentId, ContactId, ItemId};

use crate::batch::Batch;
use crate::commit::{Returns, Step};
use crate::dialect::{Arg, Sql};
use crate::encode::Rows;
use crate::error::DbError;
use crate::open::Db;

/// The state of the error that lists stale reads by their places.
pub(crate) const STALE: &str = "SB002";
/// The state of the error of a host that has lost its place.
pub(crate) const OUSTED: &str = "SB003";
/// The place of the set-up among stale reads.
const DIRECTORY_PLACE: i64 = -1;

/// PostgreSQL only: SQLite has no such function, and needs none.
const GUARD: Sql = Sql::same("SELECT * FROM signalbox_guard_1($1, $2, $3, $4, $5)");

/// Something that was read, and must be so when the commit is stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Check {
    /// A row and its version.
    Row(RowTable, i64, i64),
    /// A row that is only locked, because a list is read that depends on it.
    Locked(RowTable, i64),
    /// The list of a contact's items.
    ItemsOf(ContactId, String),
    /// The list of an item's activities.
    ActivitiesOf(ItemId, String),
    /// The list of contacts with a phone, an e-mail or an account.
    ContactsAt(PointKind, String, String),
    /// The last turn that was taken in a queue.
    Turn(AttachmentId, i64),
}

/// A list into which a commit writes: whoever has read it must not commit at the same time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Written {
    /// An item of this contact.
    ItemsOf(ContactId),
    /// A contact with this phone, e-mail or account.
    ContactsAt(PointKind, String),
}

/// A table whose rows have versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowTable {
    /// Leads and deals.
    Item,
    /// Contacts.
    Contact,
    /// Activities.
    Activity,
    /// Conversations.
    Conversation,
    /// Messages.
    Message,
}

impl RowTable {
    fn as_str(self) -> &'static str {
        match self {
            RowTable::Item => "item",
            RowTable::Contact => "contact",
            RowTable::Activity => "activity",
            RowTable::Conversation => "conversation",
            RowTable::Message => "message",
        }
    }
}

/// A read that is not so any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaleRead {
    /// The set-up.
    Directory,
    /// The check at this place of the batch.
    Check(usize),
}

/// The places in the error's message.
pub(crate) fn stale_reads(message: &str) -> Vec<StaleRead> {
    let places = message
        .split_whitespace()
        .filter_map(|word| word.parse::<i64>().ok());
    places
        .map(|place| match place {
            DIRECTORY_PLACE => StaleRead::Directory,
            place => StaleRead::Check(usize::try_from(place).unwrap_or_default()),
        })
        .collect()
}

/// The first step of each commit on PostgreSQL.
pub(crate) fn step(batch: &Batch, is_shared: bool) -> Step {
    let base = batch.directory_base.map(|version| version.to_string());
    let args = vec![
        // The writer fills them in.
        Arg::Int(0),
        Arg::Int(0),
        Arg::MaybeText(base),
        Arg::Int(i64::from(!batch.directory.is_empty())),
        Arg::MaybeText(is_shared.then(|| checks(batch))),
    ];
    Step::new(GUARD, args).returning(Returns::Guard)
}

/// The step of this host, with the mark of this transaction.
pub(crate) fn fill_in(step: &mut Step, host: i64, mark: i64) {
    if let [of_host, of_mark, ..] = step.args.as_mut_slice() {
        *of_host = Arg::Int(host);
        *of_mark = Arg::Int(mark);
    }
}

/// The checks as the function takes them.
fn checks(batch: &Batch) -> String {
    let mut locks: BTreeMap<i64, i64> = batch
        .written
        .iter()
        .map(|list| (lock_of_written(list), 0))
        .collect();
    let mut lists: BTreeMap<&'static str, Rows> = BTreeMap::new();
    for (place, check) in (0_i64..).zip(&batch.checks) {
        if let Some(lock) = lock_of(check) {
            locks.insert(lock, 1);
        }
        let rows = lists
            .entry(name_of(check))
            .or_insert_with(|| Rows::with_capacity(16, 32));
        match check {
            Check::Row(_, id, version) => rows.row().int(*id).int(*version).int(place),
            Check::Locked(_, id) => rows.row().int(*id).null().int(place),
            Check::ItemsOf(contact, digest) => rows.row().int(contact.0).text(digest).int(place),
            Check::ActivitiesOf(item, digest) => rows.row().int(item.number).text(digest).int(place),
            Check::ContactsAt(kind, key, digest) => {
                rows.row().word(kind.as_str()).text(key).text(digest).int(place)
            }
            Check::Turn(attachment, seq) => rows.row().int(attachment.0).int(*seq).int(place),
        };
    }
    let mut text = String::from("{\"lock\":");
    let mut rows = Rows::with_capacity(locks.len(), 24);
    for (lock, exclusive) in locks {
        rows.row().int(lock).int(exclusive);
    }
    text.push_str(&rows.json());
    for (name, rows) in lists {
        let _ = write!(text, ",\"{name}\":{}", rows.json());
    }
    text.push('}');
    text
}

fn name_of(check: &Check) -> &'static str {
    match check {
        Check::Row(table, ..) | Check::Locked(table, _) => table.as_str(),
        Check::ItemsOf(..) => "items_of",
        Check::ActivitiesOf(..) => "activities_of",
        Check::ContactsAt(..) => "contacts_at",
        Check::Turn(..) => "turn",
    }
}

/// The lock under which a list is read. The activities of an item have none: who writes one has the item's row.
fn lock_of(check: &Check) -> Option<i64> {
    match check {
        Check::ItemsOf(contact, _) => Some(lock_of_written(&Written::ItemsOf(*contact))),
        Check::ContactsAt(kind, key, _) => Some(lock_of_written(&Written::ContactsAt(*kind, key.clone()))),
        Check::Turn(attachment, _) => Some(number_of(&format!("turn {attachment}"))),
        Check::Row(..) | Check::Locked(..) | Check::ActivitiesOf(..) => None,
    }
}

fn lock_of_written(list: &Written) -> i64 {
    match list {
        Written::ItemsOf(contact) => number_of(&format!("items of {contact}")),
        Written::ContactsAt(kind, key) => number_of(&format!("contacts at {} {key}", kind.as_str())),
    }
}

/// The number of a lock. The same in all releases, as they share the database: FNV-1a.
fn number_of(name: &str) -> i64 {
    i64::from_ne_bytes(signalbox_crm::shard::hash(name.as_bytes()).to_ne_bytes())
}

impl Db {
    /// The digest of a list, to be read before the list itself: a change between the two is then found at commit.
    /// None where one host has the database for itself.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn items_of_digest(&self, contact: ContactId) -> Result<Option<String>, DbError> {
        self.digest("SELECT signalbox_items_of_1($1)", vec![contact.0.into()])
            .await
    }

    /// Likewise of an item's activities.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn activities_of_digest(&self, item: ItemId) -> Result<Option<String>, DbError> {
        self.digest("SELECT signalbox_activities_of_1($1)", vec![item.number.into()])
            .await
    }

    /// Likewise of the contacts with a phone, an e-mail or an account.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn contacts_at_digest(&self, kind: PointKind, key: &str) -> Result<Option<String>, DbError> {
        let args = vec![kind.as_str().into(), key.into()];
        self.digest("SELECT signalbox_contacts_at_1($1, $2)", args).await
    }

    async fn digest(&self, sql: &'static str, args: Vec<Arg>) -> Result<Option<String>, DbError> {
        if !self.is_shared() {
            return Ok(None);
        }
        self.row(sql, args, |fields| fields.text()).await
    }
}

#[cfg(test)]
mod tests {
    use signalbox_crm::time::Timestamp;

    use super::*;

    #[test]
    fn checks_are_grouped_by_table_and_keep_their_places() {
        let mut batch = Batch::new(Timestamp::MIN);
        batch.checks = vec![
            Check::Row(RowTable::Item, 7, 3),
            Check::Locked(RowTable::Item, 9),
            Check::Row(RowTable::Contact, 2, 1),
            Check::Turn(AttachmentId(5), 11),
        ];
        let turn = number_of("turn attachment:5");
        let expected = format!(
            r#"{{"lock":[[{turn},1]],"contact":[[2,1,2]],"item":[[7,3,0],[9,null,1]],"turn":[[5,11,3]]}}"#
        );
        assert_eq!(checks(&batch), expected);
    }

    #[test]
    fn stale_places_are_read_back() {
        let found = stale_reads("-1 0 12");
        let expected = [StaleRead::Directory, StaleRead::Check(0), StaleRead::Check(12)];
        assert_eq!(found, expected);
    }
}
