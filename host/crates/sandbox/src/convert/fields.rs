//! Fields of items, and new items.

use std::collections::BTreeMap;

use signalbox_crm::moving::NewItem;
use signalbox_crm::rejection::Rejection;
use signalbox_crm::sentence::Sentence;
use signalbox_crm::value::{FieldValue, Money};

use super::{id, instant, maybe_id};
use crate::bindings::{item_creation, types};
use crate::session::{Answer, Field};

/// Fields as robots see them.
pub(crate) fn fields(fields: Vec<Field>) -> Vec<types::Field> {
    let shown = |(key, value): Field| types::Field {
        key,
        value: value.map(Into::into),
    };
    fields.into_iter().map(shown).collect()
}

/// Fields that a robot gives.
pub(crate) fn given_fields(fields: Vec<types::Field>) -> Answer<Vec<Field>> {
    let given = |field: types::Field| Ok((field.key, field.value.map(given_value).transpose()?));
    fields.into_iter().map(given).collect()
}

/// An item that a robot makes. Which fields there are is for the rules to say, but no key may come twice.
pub(crate) fn new_item(item: item_creation::NewItem) -> Answer<NewItem> {
    let mut fields = BTreeMap::new();
    for (key, value) in given_fields(item.fields)? {
        if let Some(value) = value
            && fields.insert(key, value).is_some()
        {
            return Err(Rejection::invalid(Sentence::plain("a field is given twice")).into());
        }
    }
    Ok(NewItem {
        pipeline: id(&item.pipeline)?,
        stage: maybe_id(item.stage.as_deref())?,
        title: item.title,
        assignee: maybe_id(item.assignee.as_deref())?,
        contact: maybe_id(item.contact.as_deref())?,
        amount: item.amount.map(money).transpose()?,
        source: item.source,
        fields,
    })
}

fn money(money: types::Money) -> Answer<Money> {
    Ok(Money::new(&money.amount, &money.currency).map_err(Rejection::invalid)?)
}

fn given_value(value: types::FieldValue) -> Answer<FieldValue> {
    Ok(match value {
        types::FieldValue::Text(text) => FieldValue::Text(text),
        types::FieldValue::Number(number) => FieldValue::Number(number),
        types::FieldValue::Flag(flag) => FieldValue::Flag(flag),
        types::FieldValue::Instant(at) => FieldValue::Instant(instant(&at)?),
        types::FieldValue::Money(amount) => FieldValue::Money(money(amount)?),
        types::FieldValue::Many(many) => FieldValue::Many(many),
        types::FieldValue::Other(_) => {
            return Err(Rejection::invalid(Sentence::plain(
                "a field cannot be set to a value of the case `other`",
            ))
            .into());
        }
    })
}

impl From<FieldValue> for types::FieldValue {
    fn from(value: FieldValue) -> Self {
        match value {
            FieldValue::Text(text) => types::FieldValue::Text(text),
            FieldValue::Number(number) => types::FieldValue::Number(number),
            FieldValue::Flag(flag) => types::FieldValue::Flag(flag),
            FieldValue::Instant(at) => types::FieldValue::Instant(at.to_string()),
            FieldValue::Money(money) => types::FieldValue::Money(money.into()),
            FieldValue::Many(many) => types::FieldValue::Many(many),
        }
    }
}
