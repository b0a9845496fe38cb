//! Activities by day, for a week: what is overdue stands before it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use maud::{Markup, html};
use serde::Deserialize;
use signalbox_crm::activity::{Activity, ActivityState};
use signalbox_crm::ids::EmployeeId;
use signalbox_crm::item::Item;
use signalbox_crm::time::Timestamp;
use signalbox_db::ActivityFilter;

use super::Console;
use super::format::{date, item_path};
use super::item::activity_row;
use super::page::{Page, Section};
use super::paging::{Paged, after, fetch, pager};
use super::visitor::{Allowed, Visitor};
use crate::engine::changes::Topic;
use crate::http::caller::ReadClients;
use crate::http::problem::Problem;
use signalbox_crm::said;

/// Activities of a week on one page.
const ROWS: usize = 200;
/// Overdue activities from before the week on one page.
const EARLIER: usize = 50;
/// What the cursors are for.
const LIST: &str = "console-week";
const EARLIER_LIST: &str = "console-earlier";

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new().route("/calendar", get(show))
}

/// Which week, and whose.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    from: Option<String>,
    assignee: Option<String>,
    after: Option<String>,
    earlier: Option<String>,
}

impl Asked {
    /// The address of this week with other parts of its two lists.
    fn link(&self, monday: Date, after: &str, earlier: &str) -> String {
        let assignee = self.assignee.as_deref().unwrap_or("me");
        format!("?from={monday}&assignee={assignee}&after={after}&earlier={earlier}")
    }

    /// The Monday of the week.
    fn monday(&self, visitor: &Visitor) -> Result<Date, Problem> {
        let today = visitor.now.zoned(&visitor.zone).date();
        let day = match self.from.as_deref().filter(|text| !text.is_empty()) {
            Some(text) => text
                .parse()
                .map_err(|_| Problem::invalid("from", said!("`{text}` is no date", text)))?,
            None => today,
        };
        let back = day.weekday().since(Weekday::Monday);
        day.checked_sub(i32::from(back).days())
            .map_err(|_| Problem::invalid("from", said!("`{day}` lies too far away", day)))
    }

    fn assignee(&self, visitor: &Visitor) -> Result<Option<EmployeeId>, Problem> {
        match self.assignee.as_deref() {
            None | Some("me") => Ok(Some(visitor.me.id)),
            Some("") => Ok(None),
            Some(text) => text
                .parse()
                .map(Some)
                .map_err(|_| Problem::invalid("assignee", said!("`{text}` is no employee", text))),
        }
    }
}

fn midnight(day: Date, visitor: &Visitor) -> Result<Timestamp, Problem> {
    let zoned = day.to_zoned(visitor.zone.clone());
    let zoned = zoned.map_err(|_| Problem::invalid("from", said!("`{day}` lies too far away", day)))?;
    Ok(Timestamp::from_micros(zoned.timestamp().as_microsecond()))
}

async fn show(visitor: Allowed<ReadClients>, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let words = visitor.words;
    let (monday, assignee) = (asked.monday(&visitor)?, asked.assignee(&visitor)?);
    let days: Vec<Date> = monday.series(1.day()).take(8).collect();
    if days.len() < 8 {
        return Err(Problem::invalid(
            "from",
            said!("`{day}` lies too far away", day = monday),
        ));
    }
    let (from, until) = (
        midnight(days[0], &visitor)?,
        midnight(days[days.len() - 1], &visitor)?,
    );
    let filter = ActivityFilter {
        assignee,
        state: Some(ActivityState::Open),
        deadline_from: Some(from),
        deadline_until: Some(until),
        ..ActivityFilter::default()
    };
    let before = ActivityFilter {
        deadline_from: None,
        deadline_until: Some(from),
        ..filter.clone()
    };
    let key = |last: &Activity| (last.deadline_at, last.id);
    let db = &visitor.console.app.core.db;
    let (shown, earlier) = (
        asked.after.as_deref().unwrap_or_default(),
        asked.earlier.as_deref().unwrap_or_default(),
    );
    let found = db
        .activities(&filter, after(LIST, Some(shown))?, fetch(ROWS))
        .await?;
    let week = Paged::of(LIST, ROWS, found, key);
    let found = db
        .activities(&before, after(EARLIER_LIST, Some(earlier))?, fetch(EARLIER))
        .await?;
    let overdue = Paged::of(EARLIER_LIST, EARLIER, found, key);
    let both = week.rows.iter().chain(&overdue.rows);
    let mut numbers: Vec<i64> = both.map(|activity| activity.item.number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let items = db.items_by_number(&numbers).await?;
    let items: BTreeMap<i64, Item> = items.into_iter().map(|item| (item.id.number, item)).collect();
    let of_day = |day: Date| -> Vec<&Activity> {
        let is_then = |activity: &&Activity| activity.deadline_at.zoned(&visitor.zone).date() == day;
        week.rows.iter().filter(is_then).collect()
    };
    let first_week = (!shown.is_empty()).then(|| asked.link(monday, "", earlier));
    let first_earlier = (!earlier.is_empty()).then(|| asked.link(monday, shown, ""));
    let next_week = week.next.as_deref().map(|next| asked.link(monday, next, earlier));
    let next_earlier = overdue
        .next
        .as_deref()
        .map(|next| asked.link(monday, shown, next));
    let body = html! {
        h1 { (words.t("nav-calendar")) }
        (bar(&visitor, &asked, monday))
        @if !overdue.rows.is_empty() || first_earlier.is_some() {
            section.panel {
                h2 { (words.t("calendar-earlier")) }
                (list(&visitor, &overdue.rows.iter().collect::<Vec<_>>(), &items))
                (pager(words, first_earlier.as_deref(), next_earlier.as_deref()))
            }
        }
        div.week {
            @for day in &days[..7] {
                @let found = of_day(*day);
                section.panel aria-current=[(visitor.now.zoned(&visitor.zone).date() == *day).then_some("date")] {
                    h2 {
                        (words.t(&format!("weekday-{}", day.weekday().to_monday_one_offset()))) ", "
                        (date(midnight(*day, &visitor)?, &visitor.zone, words.0))
                    }
                    @if found.is_empty() { p.quiet { (words.t("calendar-free")) } }
                    (list(&visitor, &found, &items))
                }
            }
        }
        (pager(words, first_week.as_deref(), next_week.as_deref()))
    };
    Ok(Page::new(&visitor, Section::Calendar, words.t("nav-calendar"))
        .watches([Topic::Activities])
        .with(Some("item"), None)
        .wide()
        .body(body)
        .into_response())
}

fn bar(visitor: &Visitor, asked: &Asked, monday: Date) -> Markup {
    let words = visitor.words;
    let assignee = asked.assignee.as_deref().unwrap_or("me");
    let week = |step: i64| {
        let day = monday.checked_add(step.weeks()).unwrap_or(monday);
        format!("?from={day}&assignee={assignee}")
    };
    html! {
        form.filter.row action="/calendar" data-auto {
            a.button href=(week(-1)) { (words.t("calendar-before")) }
            a.button href={ "?assignee=" (assignee) } { (words.t("calendar-present")) }
            a.button href=(week(1)) { (words.t("calendar-next")) }
            input type="hidden" name="from" value=(monday);
            label { span.sr { (words.t("field-assignee")) }
                select name="assignee" {
                    option value="me" selected[assignee == "me"] { (words.t("board-mine")) }
                    option value="" selected[assignee.is_empty()] { (words.t("board-anybody")) }
                    @for person in visitor.directory.employees.values().filter(|person| person.is_active) {
                        option value=(person.id) selected[person.id.to_string() == assignee] { (person.name) }
                    }
                }
            }
            button { (words.t("board-show")) }
        }
    }
}

fn list(visitor: &Visitor, activities: &[&Activity], items: &BTreeMap<i64, Item>) -> Markup {
    html! {
        ul.activities {
            @for activity in activities {
                @if let Some(item) = items.get(&activity.item.number) {
                    li.of { a href=(item_path(item.id)) { (item.title) } }
                }
                (activity_row(visitor, activity, &visitor.at))
            }
        }
    }
}
