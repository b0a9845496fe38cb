//! Clients and their contact points.

use signalbox_crm::contact::{Contact, ContactPoint, PointKind};
use signalbox_crm::ids::{ContactId, EmployeeId};
use signalbox_crm::name::search_name;
use signalbox_crm::phone::{Phone, PhoneQuery};

use crate::batch::Batch;
use crate::commit::Step;
use crate::dialect::{Arg, Fields, Sql, by_word, over_rows};
use crate::encode::Rows;
use crate::error::DbError;
use crate::filter::{Filter, containing};
use crate::open::Db;

const ROW_BYTES: usize = 160;
const KINDS: [PointKind; 3] = [PointKind::Phone, PointKind::Email, PointKind::Handle];

const INSERT: Sql = over_rows!(
    "INSERT INTO contact (
    id, name, name_search, assignee, created_at, version
)
SELECT
    CAST(r.value ->> 0 AS BIGINT), r.value ->> 1, r.value ->> 2, CAST(r.value ->> 3 AS BIGINT),
    CAST(r.value ->> 4 AS BIGINT), CAST(r.value ->> 5 AS BIGINT)",
    ""
);

const UPDATE: Sql = over_rows!(
    "UPDATE contact
SET
    name = r.value ->> 1, name_search = r.value ->> 2, assignee = CAST(r.value ->> 3 AS BIGINT),
    created_at = CAST(r.value ->> 4 AS BIGINT), version = CAST(r.value ->> 5 AS BIGINT)",
    "WHERE contact.id = CAST(r.value ->> 0 AS BIGINT)
AND contact.version = CAST(r.value ->> 6 AS BIGINT)"
);

const DELETE_POINTS: Sql = over_rows!(
    "DELETE FROM contact_point
WHERE contact IN (
    SELECT CAST(r.value ->> 0 AS BIGINT)",
    ")"
);

const INSERT_POINTS: Sql = over_rows!(
    "INSERT INTO contact_point (
    contact, place, kind, key, raw, national, reversed
)
SELECT
    CAST(r.value ->> 0 AS BIGINT), CAST(r.value ->> 1 AS BIGINT), r.value ->> 2, r.value ->> 3,
    r.value ->> 4, r.value ->> 5, r.value ->> 6",
    ""
);

/// The columns in the order in which [`read`] takes them.
const SELECT: &str = "SELECT contact.id, contact.name, contact.assignee, contact.created_at, contact.version
FROM contact";

const SELECT_POINTS: &str =
    "SELECT contact_point.contact, contact_point.kind, contact_point.key, contact_point.raw
FROM contact_point";

fn read(fields: &mut Fields<'_>) -> Result<Contact, DbError> {
    Ok(Contact {
        id: ContactId(fields.int()?),
        name: fields.text()?,
        points: Vec::new(),
        assignee: fields.maybe_int()?.map(EmployeeId),
        created_at: fields.instant()?,
        version: fields.int()?,
    })
}

fn read_point(fields: &mut Fields<'_>) -> Result<(ContactId, ContactPoint), DbError> {
    let contact = ContactId(fields.int()?);
    let kind = by_word("contact point", &fields.text()?, &KINDS, PointKind::as_str)?;
    let point = ContactPoint {
        kind,
        key: fields.text()?,
        raw: fields.text()?,
    };
    Ok((contact, point))
}

fn write<'r>(rows: &'r mut Rows, contact: &Contact) -> &'r mut Rows {
    rows.row()
        .int(contact.id.0)
        .text(&contact.name)
        .text(&search_name(&contact.name))
        .maybe_int(contact.assignee.map(|id| id.0))
        .instant(contact.created_at)
        .int(contact.version)
}

fn write_points(rows: &mut Rows, contact: &Contact) {
    for (place, point) in (0_i64..).zip(&contact.points) {
        // A key that is not a number is found as a whole only.
        let phone = match point.kind {
            PointKind::Phone => Phone::parse(&point.key).ok(),
            PointKind::Email | PointKind::Handle => None,
        };
        rows.row()
            .int(contact.id.0)
            .int(place)
            .word(point.kind.as_str())
            .text(&point.key)
            .text(&point.raw)
            .maybe_text(phone.as_ref().map(Phone::national))
            .maybe_text(phone.as_ref().map(Phone::reversed).as_deref());
    }
}

pub(crate) fn steps(batch: &Batch, steps: &mut Vec<Step>) {
    let mut points = Rows::with_capacity(batch.contacts_new.len() + batch.contacts.len(), ROW_BYTES);
    if !batch.contacts.is_empty() {
        let mut rows = Rows::with_capacity(batch.contacts.len(), ROW_BYTES);
        let mut changed = Rows::with_capacity(batch.contacts.len(), 16);
        for (base, contact) in &batch.contacts {
            write(&mut rows, contact).int(*base);
            changed.row().int(contact.id.0);
            write_points(&mut points, contact);
        }
        steps.push(Step::of_each(UPDATE, rows, "contact"));
        steps.push(Step::of_rows(DELETE_POINTS, changed));
    }
    if !batch.contacts_new.is_empty() {
        let mut rows = Rows::with_capacity(batch.contacts_new.len(), ROW_BYTES);
        for contact in &batch.contacts_new {
            write(&mut rows, contact);
            write_points(&mut points, contact);
        }
        steps.push(Step::of_each(INSERT, rows, "contact"));
    }
    if points.count() > 0 {
        steps.push(Step::of_rows(INSERT_POINTS, points));
    }
}

impl Db {
    /// The contact with its points.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn contact(&self, id: ContactId) -> Result<Option<Contact>, DbError> {
        Ok(self.contacts_by_id(&[id]).await?.pop())
    }

    /// The contacts with these ids and their points, by id; unknown ids are left out.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn contacts_by_id(&self, ids: &[ContactId]) -> Result<Vec<Contact>, DbError> {
        let numbers: Vec<i64> = ids.iter().map(|id| id.0).collect();
        let sql = self.one_of(SELECT, "contact.id") + "\nORDER BY contact.id";
        let contacts = self.rows(sql, vec![Arg::ids(&numbers)], read).await?;
        self.with_points(contacts).await
    }

    /// A page of contacts by id; `name` is searched in any case, anywhere in the name.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn contacts(
        &self,
        name: Option<&str>,
        after: Option<ContactId>,
        limit: u32,
    ) -> Result<Vec<Contact>, DbError> {
        let mut filter = Filter::default();
        filter
            .maybe(
                "contact.name_search LIKE ? ESCAPE '\\'",
                name.map(|name| containing(&search_name(name))),
            )
            .maybe("contact.id > ?", after.map(|id| id.0));
        let (sql, args) = filter.page(SELECT, "ORDER BY contact.id", limit);
        let contacts = self.rows(sql, args, read).await?;
        self.with_points(contacts).await
    }

    /// The contacts that have this point, by id. A point may belong to several.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn contacts_at(&self, kind: PointKind, key: &str, limit: u32) -> Result<Vec<Contact>, DbError> {
        let mut filter = Filter::default();
        filter.and(
            "contact_point.kind = ? AND contact_point.key = ?",
            [kind.as_str().into(), key.into()],
        );
        self.contacts_of_points(filter, limit).await
    }

    /// The contacts with a phone that fits the query, by id.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn contacts_by_phone(&self, query: &PhoneQuery, limit: u32) -> Result<Vec<Contact>, DbError> {
        // The colon follows the digits in ASCII, so it ends the range of everything that begins with `digits`.
        let beginning = |digits: &str| [digits.into(), format!("{digits}:").into()];
        let mut filter = Filter::default();
        match query {
            PhoneQuery::National(digits) => {
                filter.and("contact_point.national = ?", [digits.as_str().into()])
            }
            PhoneQuery::Prefix(digits) => filter.and(
                "contact_point.national >= ? AND contact_point.national < ?",
                beginning(digits),
            ),
            PhoneQuery::Suffix(digits) => filter.and(
                "contact_point.reversed >= ? AND contact_point.reversed < ?",
                beginning(digits),
            ),
        };
        self.contacts_of_points(filter, limit).await
    }

    async fn contacts_of_points(&self, filter: Filter, limit: u32) -> Result<Vec<Contact>, DbError> {
        let select = "SELECT DISTINCT contact_point.contact\nFROM contact_point";
        let (sql, args) = filter.page(select, "ORDER BY contact_point.contact", limit);
        let found = self.rows(sql, args, |fields| fields.int()).await?;
        let ids: Vec<ContactId> = found.into_iter().map(ContactId).collect();
        self.contacts_by_id(&ids).await
    }

    async fn with_points(&self, mut contacts: Vec<Contact>) -> Result<Vec<Contact>, DbError> {
        if contacts.is_empty() {
            return Ok(contacts);
        }
        let numbers: Vec<i64> = contacts.iter().map(|contact| contact.id.0).collect();
        let sql = self.one_of(SELECT_POINTS, "contact_point.contact")
            + "\nORDER BY contact_point.contact, contact_point.place";
        for (id, point) in self.rows(sql, vec![Arg::ids(&numbers)], read_point).await? {
            if let Some(contact) = contacts.iter_mut().find(|contact| contact.id == id) {
                contact.points.push(point);
            }
        }
        Ok(contacts)
    }
}
