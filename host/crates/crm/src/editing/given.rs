//! Fields as robots ask for them and give them: keys and values, custom fields and core ones alike.

use std::collections::BTreeSet;

use super::{FIELDS_MAX, ItemPatch, about, shown};
use crate::directory::Directory;
use crate::item::Item;
use crate::pipeline::CORE_FIELDS;
use crate::rejection::Rejection;
use crate::said;
use crate::sentence::Sentence;
use crate::value::FieldValue;

impl ItemPatch {
    /// Of keys and values as robots give them: custom fields, and those of the others that may be set like them.
    /// None empties a field.
    ///
    /// # Errors
    /// `invalid`: no field or too many, a key twice, a field that cannot be set like this, a value of another type.
    pub fn of_fields(fields: Vec<(String, Option<FieldValue>)>) -> Result<Self, Rejection> {
        if fields.is_empty() || fields.len() > FIELDS_MAX {
            let message = said!(
                "{count} fields, not 1 to {max}",
                count = fields.len(),
                max = FIELDS_MAX
            );
            return Err(Rejection::invalid(message));
        }
        let mut patch = ItemPatch::default();
        let mut seen = BTreeSet::new();
        for (key, value) in fields {
            if !seen.insert(key.clone()) {
                return Err(about(
                    &key,
                    said!("field `{key}` is given twice", key = shown(&key)),
                ));
            }
            patch.put(key, value)?;
        }
        Ok(patch)
    }

    fn put(&mut self, key: String, value: Option<FieldValue>) -> Result<(), Rejection> {
        match key.as_str() {
            "title" => self.title = Some(of_text(&key, value)?.unwrap_or_default()),
            "source" => self.source = Some(of_text(&key, value)?),
            "lost-reason" => self.lost_reason = Some(of_text(&key, value)?),
            "contact" => {
                let id = of_text(&key, value)?;
                self.contact = Some(id.map(|id| id.parse()).transpose()?);
            }
            "amount" => {
                self.amount = Some(match value {
                    None => None,
                    Some(FieldValue::Money(money)) => Some(money),
                    Some(other) => return Err(mistyped(&key, said!("an amount"), &other)),
                });
            }
            core if CORE_FIELDS.contains(&core) => {
                return Err(about(core, said!("field `{core}` cannot be set like this", core)));
            }
            _ => drop(self.fields.insert(key, value)),
        }
        Ok(())
    }
}

fn of_text(key: &str, value: Option<FieldValue>) -> Result<Option<String>, Rejection> {
    match value {
        None => Ok(None),
        Some(FieldValue::Text(text)) => Ok(Some(text)),
        Some(other) => Err(mistyped(key, said!("a text"), &other)),
    }
}

fn mistyped(key: &str, wanted: Sentence, value: &FieldValue) -> Rejection {
    let message = said!(
        "field `{key}` is {wanted} and cannot be `{shown}`",
        key,
        wanted,
        shown = shown(&value.to_string())
    );
    about(key, message)
}

/// The fields of an item with these keys, in their order.
///
/// # Errors
/// `invalid`: no key or too many, or one that no item has.
pub fn read_fields(
    directory: &Directory,
    item: &Item,
    keys: Vec<String>,
) -> Result<Vec<(String, Option<FieldValue>)>, Rejection> {
    if keys.is_empty() || keys.len() > FIELDS_MAX {
        let message = said!(
            "{count} keys, not 1 to {max}",
            count = keys.len(),
            max = FIELDS_MAX
        );
        return Err(Rejection::invalid(message));
    }
    let read = |key: String| {
        if !CORE_FIELDS.contains(&key.as_str()) && !directory.fields.contains_key(&key) {
            return Err(about(&key, said!("there is no field `{key}`", key = shown(&key))));
        }
        let value = item.field(&key);
        Ok((key, value))
    };
    keys.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{World, deal};
    use crate::ids::ContactId;
    use crate::value::Money;

    fn text(text: &str) -> Option<FieldValue> {
        Some(FieldValue::Text(text.to_owned()))
    }

    fn patch(fields: &[(&str, Option<FieldValue>)]) -> Result<ItemPatch, Rejection> {
        let given = fields
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()));
        ItemPatch::of_fields(given.collect())
    }

    #[test]
    fn core_and_custom_fields_become_one_patch() {
        let money = Money::new("5", "RUB").expect("money");
        let patch = patch(&[
            ("title", text("Крыша")),
            ("amount", Some(FieldValue::Money(money.clone()))),
            ("contact", text("contact:4")),
            ("source", None),
            ("note", text("a")),
            ("form", None),
        ]);
        let expected = ItemPatch {
            title: Some("Крыша".to_owned()),
            amount: Some(Some(money)),
            contact: Some(Some(ContactId(4))),
            source: Some(None),
            lost_reason: None,
            fields: [("note".to_owned(), text("a")), ("form".to_owned(), None)].into(),
        };
        assert_eq!(patch, Ok(expected));
    }

    #[test]
    fn fields_that_cannot_be_set_are_refused_by_name() {
        let refused =
            |fields: &[(&str, Option<FieldValue>)]| patch(fields).expect_err("a refusal").message.english();
        assert_eq!(refused(&[]), "0 fields, not 1 to 200");
        assert_eq!(
            refused(&[("note", None), ("note", text("a"))]),
            "field `note` is given twice"
        );
        assert_eq!(
            refused(&[("assignee", text("employee:1"))]),
            "field `assignee` cannot be set like this"
        );
        assert_eq!(
            refused(&[("amount", text("5"))]),
            "field `amount` is an amount and cannot be `5`"
        );
        assert_eq!(
            refused(&[("title", Some(FieldValue::Flag(true)))]),
            "field `title` is a text and cannot be `true`"
        );
        assert!(refused(&[("contact", text("deal:4"))]).contains("`deal:4`"));
        let many: Vec<(String, Option<FieldValue>)> =
            (0..=FIELDS_MAX).map(|n| (n.to_string(), None)).collect();
        assert!(ItemPatch::of_fields(many).is_err());
    }

    #[test]
    fn fields_are_read_in_their_order_and_unknown_ones_refused() {
        let world = World::new();
        let read = |keys: &[&str]| {
            let keys = keys.iter().map(|key| (*key).to_owned()).collect();
            read_fields(&world.directory, &deal(), keys)
        };
        let found = read(&["note", "title", "lost-reason"]).expect("fields");
        let title = FieldValue::Text(deal().title);
        assert_eq!(
            found,
            [
                ("note".to_owned(), None),
                ("title".to_owned(), Some(title)),
                ("lost-reason".to_owned(), None)
            ]
        );
        let refused = read(&["title", "colour"]).expect_err("a refusal");
        assert_eq!(
            (refused.message.english().as_str(), refused.fields),
            ("there is no field `colour`", vec!["colour".to_owned()])
        );
        assert!(read(&[]).is_err());
    }
}
