//! What a commit checks before it writes, where several hosts share PostgreSQL: that this host is still in its place,
//! and that what was read is still so. SQLite has one host, whose memory knows that.

use std::collections::BTreeMap;
use std::fmt::Write;

use signalbox_crm::contact::PointKind;
use signalbox_crm::finding::ItemQuery;
use signalbox_crm::ids::{AttachmentId, ContactId, EmployeeId, ItemId, StageId};
use signalbox_crm::remembering::StateOwner;
use signalbox_crm::time::Timestamp;

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
    /// A page of items that fit a query, in lists into which others must not write meanwhile.
    ItemsFound {
        /// Which.
        page: FoundPage,
        /// Where they are.
        lists: Vec<Written>,
        /// What was there.
        digest: String,
    },
    /// What a robot remembers under a key: the run that has changed it last, 0 for nothing.
    State(StateOwner, String, i64),
}

/// A page of a search, as the database can repeat it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FoundPage {
    /// Which items.
    pub query: ItemQuery,
    /// After the item with this number.
    pub after: Option<i64>,
    /// How many.
    pub limit: u32,
}

impl FoundPage {
    /// As the function of the migration takes it.
    fn json(&self) -> String {
        let query = &self.query;
        let mut text = format!("{{\"after\":{},\"limit\":{}", self.after.unwrap_or(0), self.limit);
        let parts = [
            ("contact", query.contact.map(|id| id.0)),
            ("stage", query.stage.map(|id| id.0)),
            ("assignee", query.assignee.map(|id| id.0)),
            ("pipeline", query.pipeline.map(|id| id.0)),
            ("open", query.is_open.map(i64::from)),
            ("before", query.entered_before.map(Timestamp::micros)),
        ];
        for (name, value) in parts {
            if let Some(value) = value {
                let _ = write!(text, ",\"{name}\":{value}");
            }
        }
        text.push('}');
        text
    }
}

/// A list into which a commit writes: whoever has read it must not commit at the same time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Written {
    /// An item of this contact.
    ItemsOf(ContactId),
    /// A contact with this phone, e-mail or account.
    ContactsAt(PointKind, String),
    /// An item in this stage.
    ItemsIn(StageId),
    /// An item of which this employee is in charge.
    ItemsBy(EmployeeId),
    /// What a robot remembers under a key.
    State(StateOwner, String),
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
        for lock in locks_of(check) {
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
            Check::ItemsFound { page, digest, .. } => rows.row().text(&page.json()).text(digest).int(place),
            Check::State(owner, key, run) => {
                rows.row().text(&owner.to_string()).text(key).int(*run).int(place)
            }
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
        Check::ItemsFound { .. } => "items_found",
        Check::State(..) => "state",
    }
}

/// The locks under which a list is read. The activities of an item have none: who writes one has the item's row.
fn locks_of(check: &Check) -> Vec<i64> {
    match check {
        Check::ItemsOf(contact, _) => vec![lock_of_written(&Written::ItemsOf(*contact))],
        Check::ContactsAt(kind, key, _) => vec![lock_of_written(&Written::ContactsAt(*kind, key.clone()))],
        Check::Turn(attachment, _) => vec![number_of(&format!("turn {attachment}"))],
        Check::ItemsFound { lists, .. } => lists.iter().map(lock_of_written).collect(),
        Check::State(owner, key, _) => vec![lock_of_written(&Written::State(owner.clone(), key.clone()))],
        Check::Row(..) | Check::Locked(..) | Check::ActivitiesOf(..) => Vec::new(),
    }
}

fn lock_of_written(list: &Written) -> i64 {
    match list {
        Written::ItemsOf(contact) => number_of(&format!("items of {contact}")),
        Written::ContactsAt(kind, key) => number_of(&format!("contacts at {} {key}", kind.as_str())),
        Written::ItemsIn(stage) => number_of(&format!("items in {stage}")),
        Written::ItemsBy(employee) => number_of(&format!("items by {employee}")),
        Written::State(owner, key) => number_of(&format!("state {owner} {key}")),
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

    /// Likewise of a page of items that fit a query.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn items_found_digest(&self, page: &FoundPage) -> Result<Option<String>, DbError> {
        self.digest("SELECT signalbox_items_found_1($1)", vec![page.json().into()])
            .await
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
    use signalbox_crm::ids::PipelineId;

    use super::*;

    #[test]
    fn checks_are_grouped_by_table_and_keep_their_places() {
        let mut batch = Batch::new(Timestamp::MIN);
        batch.checks = vec![
            Check::Row(RowTable::Item, 7, 3),
            Check::Locked(RowTable::Item, 9),
            Check::Row(RowTable::Contact, 2, 1),
            Check::Turn(AttachmentId(5), 11),
            Check::State(StateOwner::Robot("notify".to_owned()), "last".to_owned(), 8),
        ];
        let turn = number_of("turn attachment:5");
        let state = number_of("state robot:notify last");
        let (first, second) = (turn.min(state), turn.max(state));
        let expected = format!(
            r#"{{"lock":[[{first},1],[{second},1]],"contact":[[2,1,2]],"item":[[7,3,0],[9,null,1]],"state":[["robot:notify","last",8,4]],"turn":[[5,11,3]]}}"#
        );
        assert_eq!(checks(&batch), expected);
    }

    #[test]
    fn page_names_only_what_is_looked_for() {
        let mut page = FoundPage {
            query: ItemQuery::default(),
            after: None,
            limit: 10,
        };
        page.query.pipeline = Some(PipelineId(3));
        assert_eq!(page.json(), r#"{"after":0,"limit":10,"pipeline":3}"#);
        page.query.is_open = Some(false);
        page.query.entered_before = Some(Timestamp::MIN);
        page.after = Some(7);
        let before = Timestamp::MIN.micros();
        let expected = format!(r#"{{"after":7,"limit":10,"pipeline":3,"open":0,"before":{before}}}"#);
        assert_eq!(page.json(), expected);
    }

    #[test]
    fn stale_places_are_read_back() {
        let found = stale_reads("-1 0 12");
        let expected = [StaleRead::Directory, StaleRead::Check(0), StaleRead::Check(12)];
        assert_eq!(found, expected);
    }
}
