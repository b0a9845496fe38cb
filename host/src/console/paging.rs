//! Lists in parts: each part ends with a cursor, and the address has it.

use maud::{Markup, html};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::words::Words;
use crate::http::paging::{read_cursor, write_cursor};
use crate::http::problem::Problem;

/// Rows of a page, and the cursor behind them, if there are more.
pub(super) struct Paged<T> {
    pub(super) rows: Vec<T>,
    pub(super) next: Option<String>,
}

impl<T> Paged<T> {
    /// The page of `list` from up to `size` rows and one more, which tells that there is a next page.
    pub(super) fn of<K: Serialize>(list: &str, size: usize, mut rows: Vec<T>, key: impl Fn(&T) -> K) -> Self {
        let has_more = rows.len() > size;
        rows.truncate(size);
        let last = rows.last().filter(|_| has_more);
        let next = last.map(|last| write_cursor(list, &key(last)));
        Paged { rows, next }
    }
}

/// How many rows to read for a page of this size.
pub(super) fn fetch(size: usize) -> u32 {
    u32::try_from(size + 1).unwrap_or(u32::MAX)
}

/// The row behind which the page begins; none on the first page.
///
/// # Errors
/// `invalid`, when the list has not given this cursor.
pub(super) fn after<K: DeserializeOwned>(list: &str, text: Option<&str>) -> Result<Option<K>, Problem> {
    let text = text.filter(|text| !text.is_empty());
    text.map(|text| read_cursor(list, text)).transpose()
}

/// The ways to the first page, when this is another one, and to the next.
pub(super) fn pager(words: Words, first: Option<&str>, next: Option<&str>) -> Markup {
    html! {
        @if first.is_some() || next.is_some() {
            p.row {
                @if let Some(first) = first { a.button href=(first) { (words.t("page-first")) } }
                @if let Some(next) = next { a.button href=(next) { (words.t("page-next")) } }
            }
        }
    }
}
