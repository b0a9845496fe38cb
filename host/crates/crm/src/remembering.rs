//! What robots remember from run to run: texts under keys.

use std::fmt;

use crate::changes::{ChangeSet, Remembered};
use crate::ids::{AttachmentId, ItemId};
use crate::rejection::{Code, Rejection};
use crate::rules::Rules;
use crate::said;
use crate::sentence::Sentence;
use crate::template;

/// The longest key, in bytes.
pub const KEY_BYTES_MAX: usize = 128;
/// The longest text, in bytes.
pub const VALUE_BYTES_MAX: usize = 64 * 1024;

/// Whose memory it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StateOwner {
    /// The robot with this id, whatever it is attached to.
    Robot(String),
    /// An attachment for an item, or for itself.
    Attachment(AttachmentId, Option<ItemId>),
}

/// How much a memory holds, and may hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    /// Keys.
    pub key_count: i64,
    /// Bytes of keys and texts together.
    pub byte_count: i64,
}

impl Extent {
    /// Without the bytes under a key, as far as there are any.
    #[must_use]
    pub fn without(self, bytes: Option<i64>) -> Extent {
        Extent {
            key_count: self.key_count - i64::from(bytes.is_some()),
            byte_count: self.byte_count - bytes.unwrap_or(0),
        }
    }
}

impl StateOwner {
    /// The most that it may hold: wasm-hosts study, table of limits.
    pub fn extent_max(&self) -> Extent {
        match self {
            StateOwner::Robot(_) => Extent {
                key_count: 10_000,
                byte_count: 64 * 1024 * 1024,
            },
            StateOwner::Attachment(..) => Extent {
                key_count: 1_000,
                byte_count: 1024 * 1024,
            },
        }
    }
}

/// As it is stored: `robot:notify`, `attachment:5`, `attachment:5 deal:17`.
impl fmt::Display for StateOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StateOwner::Robot(id) => write!(f, "robot:{id}"),
            StateOwner::Attachment(attachment, None) => attachment.fmt(f),
            StateOwner::Attachment(attachment, Some(item)) => write!(f, "{attachment} {item}"),
        }
    }
}

/// Refuses a key that is empty, too long, or cannot be stored.
///
/// # Errors
/// `invalid`.
pub fn check_key(key: &str) -> Result<(), Rejection> {
    if key.is_empty() || key.len() > KEY_BYTES_MAX {
        let message = said!(
            "the key has {count} bytes, not 1 to {max}",
            count = key.len(),
            max = KEY_BYTES_MAX
        );
        return Err(Rejection::invalid(message));
    }
    check_storable(template!("key"), key)
}

fn check_storable(what: &'static str, text: &str) -> Result<(), Rejection> {
    if text.contains('\0') {
        return Err(Rejection::invalid(said!(
            "the {what} holds U+0000",
            what = Sentence::fixed(what)
        )));
    }
    Ok(())
}

/// Keeps a text under a key. `held` is what the memory holds with what the run has changed so far, and `before` the
/// bytes under this key, as far as there are any. Says what it holds then.
///
/// # Errors
/// `invalid` (key, text), `limit.state`.
pub fn remember(
    rules: &Rules<'_>,
    changes: &mut ChangeSet,
    owner: StateOwner,
    (key, value): (String, String),
    held: Extent,
    before: Option<i64>,
) -> Result<Extent, Rejection> {
    check_key(&key)?;
    check_storable(template!("text"), &value)?;
    if value.len() > VALUE_BYTES_MAX {
        let message = said!(
            "the text has {count} bytes, more than {max}",
            count = value.len(),
            max = VALUE_BYTES_MAX
        );
        return Err(Rejection::invalid(message));
    }
    let max = owner.extent_max();
    let without = held.without(before);
    let then = Extent {
        key_count: without.key_count + 1,
        byte_count: without.byte_count + bytes_of(&key, &value),
    };
    if then.key_count > max.key_count || then.byte_count > max.byte_count {
        let message = said!(
            "the memory of {owner} would have {keys} keys and {bytes} bytes, more than {keys_max} or {bytes_max}",
            owner,
            keys = then.key_count,
            bytes = then.byte_count,
            keys_max = max.key_count,
            bytes_max = max.byte_count
        );
        return Err(Rejection::new(Code::LimitState, message));
    }
    put(rules, changes, owner, key, Some(value));
    Ok(then)
}

/// Forgets a key.
///
/// # Errors
/// `invalid`.
pub fn forget(
    rules: &Rules<'_>,
    changes: &mut ChangeSet,
    owner: StateOwner,
    key: String,
) -> Result<(), Rejection> {
    check_key(&key)?;
    put(rules, changes, owner, key, None);
    Ok(())
}

/// The bytes that count.
pub fn bytes_of(key: &str, value: &str) -> i64 {
    i64::try_from(key.len() + value.len()).unwrap_or(i64::MAX)
}

fn put(rules: &Rules<'_>, changes: &mut ChangeSet, owner: StateOwner, key: String, value: Option<String>) {
    let run = rules.actor.run();
    changes.state.insert((owner, key), Remembered { value, run });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::World;
    use crate::ids::ItemKind;

    const FULL: Extent = Extent {
        key_count: 1_000,
        byte_count: 1024 * 1024,
    };

    fn attachment() -> StateOwner {
        StateOwner::Attachment(AttachmentId(5), None)
    }

    fn put(key: &str, value: &str, held: Extent, before: Option<i64>) -> Result<ChangeSet, Rejection> {
        let (world, mut changes) = (World::new(), ChangeSet::default());
        let entry = (key.to_owned(), value.to_owned());
        remember(&world.rules(), &mut changes, attachment(), entry, held, before)?;
        Ok(changes)
    }

    #[test]
    fn owners_are_written_apart() {
        let item = ItemId {
            kind: ItemKind::Deal,
            number: 17,
        };
        assert_eq!(StateOwner::Robot("notify".to_owned()).to_string(), "robot:notify");
        assert_eq!(attachment().to_string(), "attachment:5");
        assert_eq!(
            StateOwner::Attachment(AttachmentId(5), Some(item)).to_string(),
            "attachment:5 deal:17"
        );
    }

    #[test]
    fn what_is_kept_is_staged_and_the_last_one_stands() {
        let changes = put("a", "1", Extent::default(), None).expect("room");
        let kept = &changes.state[&(attachment(), "a".to_owned())];
        assert_eq!(kept.value.as_deref(), Some("1"));
        assert_eq!(changes.write_count(), 1);
    }

    #[test]
    fn keys_and_texts_that_cannot_be_kept_are_refused() {
        let code = |key: &str, value: &str, held, before| {
            put(key, value, held, before).err().map(|refused| refused.code)
        };
        let none = Extent::default();
        assert_eq!(code("", "1", none, None), Some(Code::Invalid));
        assert_eq!(code(&"k".repeat(129), "1", none, None), Some(Code::Invalid));
        assert_eq!(code("a\0", "1", none, None), Some(Code::Invalid));
        assert_eq!(code("a", "\0", none, None), Some(Code::Invalid));
        assert_eq!(
            code("a", &"v".repeat(VALUE_BYTES_MAX + 1), none, None),
            Some(Code::Invalid)
        );
        assert_eq!(code("a", &"v".repeat(VALUE_BYTES_MAX), none, None), None);
        assert_eq!(code("a", "1", FULL, None), Some(Code::LimitState));
        assert_eq!(code("a", "1", FULL, Some(2)), None, "no more than there was");
        assert_eq!(code("a", "12", FULL, Some(2)), Some(Code::LimitState));
    }
}
