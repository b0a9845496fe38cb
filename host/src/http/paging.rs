//! Pages of lists: keyset paging with opaque cursors.

use std::collections::BTreeMap;
use std::ops::Bound;

use axum::Json;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use super::problem::Problem;
use signalbox_crm::said;

/// Rows of a page without `limit`.
const LIMIT_DEFAULT: u32 = 50;
/// The most rows of a page.
const LIMIT_MAX: u32 = 200;

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// The rows.
    pub(super) items: Vec<T>,
    /// What to pass as `after` for the next page; null on the last one.
    pub(super) next: Option<String>,
}

/// What a request asks of a list: how many rows, after which.
pub(super) struct Asked<K> {
    list: &'static str,
    limit: u32,
    /// The last row of the page before.
    pub(super) after: Option<K>,
}

impl<K: Serialize + DeserializeOwned> Asked<K> {
    /// Checks `limit` and `after`. A cursor of another list is refused.
    pub(super) fn new(list: &'static str, limit: Option<u32>, after: Option<&str>) -> Result<Self, Problem> {
        let limit = limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(Problem::invalid(
                "limit",
                said!("`limit` is {limit}, not 1 to {max}", limit, max = LIMIT_MAX),
            ));
        }
        let after = after.map(|text| read_cursor(list, text)).transpose()?;
        Ok(Asked { list, limit, after })
    }

    /// How many rows to read: one more than the page, which tells whether there is a next one.
    pub(super) fn fetch(&self) -> u32 {
        self.limit + 1
    }

    /// The page of the rows that were read.
    pub(super) fn page<R, T>(
        &self,
        mut rows: Vec<R>,
        key: impl Fn(&R) -> K,
        view: impl FnMut(R) -> T,
    ) -> Json<Page<T>> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows
            .last()
            .filter(|_| has_more)
            .map(|last| write_cursor(self.list, &key(last)));
        Json(Page {
            items: rows.into_iter().map(view).collect(),
            next,
        })
    }
}

impl<K: Serialize + DeserializeOwned + Ord + Clone> Asked<K> {
    /// The page of what is in memory, in the order of its keys.
    pub(super) fn page_of<R, T>(&self, all: &BTreeMap<K, R>, mut view: impl FnMut(&R) -> T) -> Json<Page<T>> {
        let from = self.after.clone().map_or(Bound::Unbounded, Bound::Excluded);
        let fetch = usize::try_from(self.fetch()).unwrap_or(usize::MAX);
        let rows = all.range((from, Bound::Unbounded)).take(fetch).collect();
        self.page(rows, |(key, _): &(&K, &R)| (*key).clone(), |(_, row)| view(row))
    }
}

impl<T> Page<T> {
    /// A list that is never longer than one page.
    pub(super) fn whole(items: Vec<T>) -> Json<Self> {
        Json(Page { items, next: None })
    }
}

/// The cursor behind a row, for the next page of this list.
pub(crate) fn write_cursor<K: Serialize>(list: &str, key: &K) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&(list, key)).unwrap_or_default())
}

/// The row of a cursor. One of another list is refused.
pub(crate) fn read_cursor<K: DeserializeOwned>(list: &str, text: &str) -> Result<K, Problem> {
    let decoded = URL_SAFE_NO_PAD.decode(text).ok();
    let cursor: Option<(String, K)> = decoded.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    match cursor {
        Some((of, key)) if of == list => Ok(key),
        _ => Err(Problem::invalid(
            "after",
            said!("`after` is not a cursor that this list gave"),
        )),
    }
}
