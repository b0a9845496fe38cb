//! Numbers for rows that are made to be looked at and never stored.

use std::sync::atomic::{AtomicI64, Ordering};

/// The number before the first one: far above all that are stored, and below those that are drawn by lot (see
/// [`super::ids`]).
const FROM: i64 = 1 << 51;
/// More than a draft can hold.
const COUNT_MAX: i64 = 1 << 20;

/// Numbers of one trial, from the same one each time. People see them as `activity:new-1`.
#[derive(Debug, Default)]
pub struct TrialIds {
    given_count: AtomicI64,
}

impl TrialIds {
    /// A number that no stored row has.
    pub fn next(&self) -> i64 {
        FROM + 1 + self.given_count.fetch_add(1, Ordering::Relaxed) % COUNT_MAX
    }
}

/// The text with `:new-1` for `:2251799813685249`, and so on.
pub fn named(text: &str) -> String {
    let mut parts = text.split(':');
    let mut named = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // `activity:1` is an id, `"count":1` is a number.
        let is_id = named.ends_with(|last: char| last.is_ascii_lowercase());
        named.push(':');
        let end = part.bytes().take_while(u8::is_ascii_digit).count();
        let number = part[..end].parse::<i64>().ok();
        match number.filter(|number| is_id && (FROM + 1..=FROM + COUNT_MAX).contains(number)) {
            Some(number) => {
                named.push_str(&format!("new-{}", number - FROM));
                named.push_str(&part[end..]);
            }
            None => named.push_str(part),
        }
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_trial_have_names_and_others_stay() {
        let ids = TrialIds::default();
        let (first, second) = (ids.next(), ids.next());
        let text =
            format!(r#"{{"a":"deal:{first}","b":["activity:{second}, x","deal:17"],"c":{first},"d":"a:"}}"#);
        let expected =
            format!(r#"{{"a":"deal:new-1","b":["activity:new-2, x","deal:17"],"c":{first},"d":"a:"}}"#);
        assert_eq!(named(&text), expected);
        let (low, high) = (format!("deal:{FROM}"), format!("deal:{}", i64::MAX));
        assert_eq!((named(&low), named(&high)), (low, high));
    }

    #[test]
    fn robots_can_read_the_ids_that_they_are_given() {
        let id = signalbox_crm::ids::ActivityId(TrialIds::default().next());
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(id.0 < 1 << 53, "every language must be able to hold it");
    }
}
