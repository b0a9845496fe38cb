//! Notes that people leave on items.

use crate::changes::ChangeSet;
use crate::item::Item;
use crate::notification::TimelineEntry;
use crate::rejection::Rejection;
use crate::rules::Rules;
use crate::said;

/// The longest comment, in characters.
pub const TEXT_CHARS_MAX: usize = 10_000;

/// Adds a comment to the item's timeline.
///
/// # Errors
/// `invalid`: an empty or endless text.
pub fn comment(
    rules: &Rules<'_>,
    changes: &mut ChangeSet,
    item: &Item,
    text: &str,
) -> Result<TimelineEntry, Rejection> {
    let count = text.chars().count();
    if text.trim().is_empty() || count > TEXT_CHARS_MAX {
        let message = said!(
            "the text has {count} characters, not 1 to {max}, or only blanks",
            count,
            max = TEXT_CHARS_MAX
        );
        return Err(Rejection {
            fields: vec!["text".to_owned()],
            ..Rejection::invalid(message)
        });
    }
    let entry = TimelineEntry {
        item: item.id,
        at: rules.now,
        kind: "comment".to_owned(),
        text: text.to_owned(),
        actor: rules.actor.to_string(),
        run: rules.actor.run(),
    };
    changes.timeline.push(entry.clone());
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{ANNA, World, deal};
    use crate::rejection::Code;

    #[test]
    fn comment_says_who_wrote_it() {
        let (world, mut changes) = (World::new(), ChangeSet::default());
        let entry = comment(&world.rules(), &mut changes, &deal(), "Перезвонить").expect("valid");
        assert_eq!((entry.actor, entry.item), (ANNA.to_string(), deal().id));
        assert_eq!(changes.timeline.len(), 1);
    }

    #[test]
    fn empty_or_endless_comment_is_refused() {
        let world = World::new();
        for text in ["", " \n ", &"я".repeat(TEXT_CHARS_MAX + 1)] {
            let mut changes = ChangeSet::default();
            let refused = comment(&world.rules(), &mut changes, &deal(), text).expect_err("wrong");
            assert_eq!((refused.code, changes), (Code::Invalid, ChangeSet::default()));
        }
    }
}
