//! How people and robots change the fields of an item.

use std::collections::BTreeMap;

pub use self::given::read_fields;
use crate::changes::ChangeSet;
use crate::directory::Directory;
use crate::event::Fact;
use crate::ids::ContactId;
use crate::item::Item;
use crate::pipeline::FieldType;
use crate::rejection::Rejection;
use crate::rules::Rules;
use crate::said;
use crate::sentence::Sentence;
use crate::template;
use crate::value::{FieldValue, Money};

mod given;

/// The longest title, in characters: a card shows about 60, a list about 200.
pub const TITLE_CHARS_MAX: usize = 250;
/// The longest text in a custom field, in characters.
pub const FIELD_CHARS_MAX: usize = 10_000;
/// The most custom fields on one item.
pub const FIELDS_MAX: usize = 200;
/// The most values of a field that holds several.
pub const VALUES_MAX: usize = 200;
/// The longest name of a source, in characters: a title's length.
pub const SOURCE_CHARS_MAX: usize = 250;
/// The longest reason for a loss, in characters.
pub const REASON_CHARS_MAX: usize = 2_000;

/// New values for some fields; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ItemPatch {
    /// What the card shows.
    pub title: Option<String>,
    /// The expected amount; `Some(None)` clears it.
    pub amount: Option<Option<Money>>,
    /// The client; `Some(None)` clears it.
    pub contact: Option<Option<ContactId>>,
    /// Where it came from; `Some(None)` clears it.
    pub source: Option<Option<String>>,
    /// Why it was lost; `Some(None)` clears it.
    pub lost_reason: Option<Option<String>>,
    /// Custom fields; `None` clears one.
    pub fields: BTreeMap<String, Option<FieldValue>>,
}

/// Changes fields. Nothing happens, and nothing is noted, where the new value is the old one.
///
/// # Errors
/// `invalid`: an unknown field, a value of the wrong type, a text that is too long.
pub fn edit_item(
    rules: &Rules<'_>,
    changes: &mut ChangeSet,
    mut item: Item,
    patch: ItemPatch,
) -> Result<Item, Rejection> {
    let before = item.clone();
    if let Some(title) = patch.title {
        check_title(&title)?;
        item.title = title;
    }
    check_source(patch.source.as_ref().and_then(Option::as_deref))?;
    let reason = patch.lost_reason.as_ref().and_then(Option::as_deref);
    check_length(template!("reason"), reason, REASON_CHARS_MAX)?;
    set(&mut item.amount, patch.amount);
    set(&mut item.contact, patch.contact);
    set(&mut item.source, patch.source);
    set(&mut item.lost_reason, patch.lost_reason);
    for (key, value) in patch.fields {
        match value {
            Some(value) => {
                check_field(rules.directory, &key, &value)?;
                item.fields.insert(key, value);
            }
            None => drop(item.fields.remove(&key)),
        }
    }
    if item.fields.len() > FIELDS_MAX {
        return Err(Rejection::invalid(said!(
            "{item} has more than {max} fields",
            item = item.id,
            max = FIELDS_MAX
        )));
    }
    let changed = changed_fields(&before, &item);
    if changed.is_empty() {
        return Ok(item);
    }
    for key in &changed {
        let text = |value: Option<FieldValue>| value.map(|v| v.to_string());
        rules.note(
            changes,
            item.id,
            key,
            text(before.field(key)),
            text(item.field(key)),
        );
    }
    item.updated_at = rules.now;
    changes.happened(Fact::ItemChanged { fields: changed }, Some(item.id));
    changes.put_item(item.clone());
    Ok(item)
}

fn set<T>(field: &mut Option<T>, new: Option<Option<T>>) {
    if let Some(value) = new {
        *field = value;
    }
}

fn changed_fields(before: &Item, after: &Item) -> Vec<String> {
    let core = ["title", "amount", "contact", "source", "lost-reason"].into_iter();
    let custom = before
        .fields
        .keys()
        .chain(after.fields.keys())
        .map(String::as_str);
    let mut keys: Vec<String> = core
        .chain(custom)
        .filter(|key| before.field(key) != after.field(key))
        .map(str::to_owned)
        .collect();
    keys.sort();
    keys.dedup();
    keys
}

/// Refuses an empty or endless title.
///
/// # Errors
/// `invalid`.
pub fn check_title(title: &str) -> Result<(), Rejection> {
    if title.trim().is_empty() {
        return Err(Rejection::invalid(said!("the title is empty")));
    }
    check_length(template!("title"), Some(title), TITLE_CHARS_MAX)
}

/// Refuses an endless source.
///
/// # Errors
/// `invalid`.
pub fn check_source(source: Option<&str>) -> Result<(), Rejection> {
    check_length(template!("source"), source, SOURCE_CHARS_MAX)
}

fn check_length(what: &'static str, text: Option<&str>, max: usize) -> Result<(), Rejection> {
    let count = text.map_or(0, |text| text.chars().count());
    if count <= max {
        return Ok(());
    }
    let message = said!(
        "the {what} has {count} characters, more than {max}",
        what = Sentence::fixed(what),
        count,
        max
    );
    Err(Rejection::invalid(message))
}

/// Refuses custom fields that are unknown, of the wrong type, or too many.
///
/// # Errors
/// `invalid`.
pub fn check_fields(directory: &Directory, fields: &BTreeMap<String, FieldValue>) -> Result<(), Rejection> {
    if fields.len() > FIELDS_MAX {
        let message = said!(
            "{count} fields, more than {max}",
            count = fields.len(),
            max = FIELDS_MAX
        );
        return Err(Rejection::invalid(message));
    }
    fields
        .iter()
        .try_for_each(|(key, value)| check_field(directory, key, value))
}

fn check_field(directory: &Directory, key: &str, value: &FieldValue) -> Result<(), Rejection> {
    let def = directory.fields.get(key).ok_or_else(|| Rejection {
        fields: vec![key.to_owned()],
        ..Rejection::invalid(said!("there is no field `{key}`", key))
    })?;
    let fits = match (def.field_type, value) {
        (FieldType::Select, FieldValue::Text(choice)) => def.options.contains(choice),
        (FieldType::Text | FieldType::File, FieldValue::Text(text)) => {
            text.chars().count() <= FIELD_CHARS_MAX
        }
        (FieldType::Number, FieldValue::Number(number)) => number.is_finite(),
        (FieldType::Many, FieldValue::Many(many)) => {
            let chars: usize = many.iter().map(|text| text.chars().count()).sum();
            many.len() <= VALUES_MAX && chars <= FIELD_CHARS_MAX
        }
        (FieldType::Flag, FieldValue::Flag(_))
        | (FieldType::Instant, FieldValue::Instant(_))
        | (FieldType::Money, FieldValue::Money(_)) => true,
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let shown = shown(&value.to_string());
    let message = said!(
        "field `{key}` is a {kind} and cannot be `{shown}`",
        key,
        kind = format_args!("{:?}", def.field_type),
        shown
    );
    Err(about(key, message))
}

fn about(key: &str, message: Sentence) -> Rejection {
    Rejection {
        fields: vec![shown(key)],
        ..Rejection::invalid(message)
    }
}

/// The beginning of a text from outside.
fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{World, deal};
    use crate::rejection::Code;

    fn edit(world: &World, patch: ItemPatch) -> Result<(Item, ChangeSet), Rejection> {
        let mut changes = ChangeSet::default();
        let item = edit_item(&world.rules(), &mut changes, deal(), patch)?;
        Ok((item, changes))
    }

    fn field(key: &str, value: FieldValue) -> ItemPatch {
        ItemPatch {
            fields: BTreeMap::from([(key.to_owned(), Some(value))]),
            ..ItemPatch::default()
        }
    }

    #[test]
    fn changed_fields_are_named_in_the_event_and_in_the_history() {
        let world = World::new();
        let mut patch = field("note", FieldValue::Text("перезвонить".to_owned()));
        patch.amount = Some(Some(Money::new("1500", "RUB").expect("money")));
        let (item, changes) = edit(&world, patch).expect("an edit");
        assert_eq!((item.updated_at, changes.items[&7].base), (world.now, Some(3)));
        let fields = vec!["amount".to_owned(), "note".to_owned()];
        assert_eq!(changes.facts[0].fact, Fact::ItemChanged { fields });
        let rows: Vec<_> = changes
            .history
            .iter()
            .map(|h| (h.what.as_str(), h.after.as_deref()))
            .collect();
        assert_eq!(
            rows,
            [("amount", Some("1500.00 RUB")), ("note", Some("перезвонить"))]
        );
    }

    #[test]
    fn an_edit_that_changes_nothing_leaves_no_trace() {
        let world = World::new();
        let patch = ItemPatch {
            title: Some(deal().title),
            source: Some(None),
            fields: BTreeMap::from([("note".to_owned(), None)]),
            ..ItemPatch::default()
        };
        assert_eq!(edit(&world, patch).expect("no edit").1, ChangeSet::default());
    }

    #[test]
    fn values_of_the_wrong_type_are_refused_by_name() {
        let world = World::new();
        let text = |text: &str| FieldValue::Text(text.to_owned());
        let good = [
            ("note", text("x")),
            ("form", text("file:1")),
            ("segment", text("a")),
            ("score", FieldValue::Number(0.5)),
            ("vip", FieldValue::Flag(false)),
            ("meeting-at", FieldValue::Instant(world.now)),
            (
                "budget",
                FieldValue::Money(Money::new("1", "RUB").expect("money")),
            ),
            ("tags", FieldValue::Many(vec!["x".to_owned(); 200])),
        ];
        for (key, value) in good.clone() {
            edit(&world, field(key, value)).expect(key);
        }
        let bad = [
            ("note", FieldValue::Flag(true)),
            ("note", text(&"x".repeat(FIELD_CHARS_MAX + 1))),
            ("segment", text("c")),
            ("score", FieldValue::Number(f64::NAN)),
            ("vip", text("true")),
            ("meeting-at", text("tomorrow")),
            ("tags", FieldValue::Many(vec![String::new(); 201])),
            (
                "tags",
                FieldValue::Many(vec!["x".repeat(FIELD_CHARS_MAX), "x".to_owned()]),
            ),
            ("colour", text("red")),
        ];
        for (key, value) in bad {
            let rejection = edit(&world, field(key, value)).expect_err(key);
            assert_eq!(
                (rejection.code, rejection.fields),
                (Code::Invalid, vec![key.to_owned()])
            );
        }
    }

    #[test]
    fn texts_of_the_core_have_limits() {
        let world = World::new();
        let long = |count: usize| "ы".repeat(count);
        let title = |count| ItemPatch {
            title: Some(long(count)),
            ..ItemPatch::default()
        };
        let source = |count| ItemPatch {
            source: Some(Some(long(count))),
            ..ItemPatch::default()
        };
        let reason = |count| ItemPatch {
            lost_reason: Some(Some(long(count))),
            ..ItemPatch::default()
        };
        for (fits, does_not) in [
            (title(250), title(251)),
            (source(250), source(251)),
            (reason(2_000), reason(2_001)),
        ] {
            edit(&world, fits).expect("the longest");
            assert_eq!(edit(&world, does_not).expect_err("too long").code, Code::Invalid);
        }
        assert!(edit(&world, title(0)).is_err());
    }
}
