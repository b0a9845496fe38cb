//! Which runs the journal shows: all of it in the address.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Map, Value};
use signalbox_crm::time::Timestamp;
use url::form_urlencoded;

use crate::console::visitor::Visitor;
use crate::http::problem::{Problem, ProblemBody};
use signalbox_crm::said;

/// The states that are stored. `running` is an available run that is executed now.
const STATES: [&str; 6] = [
    "scheduled",
    "available",
    "retryable",
    "completed",
    "discarded",
    "cancelled",
];

/// Reasons that the filter offers.
const REASONS: [&str; 26] = [
    "delay",
    "waiting-for-field",
    "outside-window",
    "rate-limited",
    "after-previous",
    "robot-paused",
    "left-stage",
    "left-pipeline",
    "item-closed",
    "condition-false",
    "attachment-off",
    "gone",
    "chain-stopped",
    "missed",
    "replaced",
    "by-hand",
    "already-ran",
    "earlier-stage-wins",
    "broken",
    "loop-stopped",
    "failed",
    "not-retryable",
    "attempts-used-up",
    "deterministic",
    "quarantined",
    "denied",
];

/// Times that the filter offers, in hours.
const SINCE: [(&str, u64); 3] = [("1h", 1), ("24h", 24), ("7d", 7 * 24)];

/// The query of the journal. Empty texts count as absent: that is how forms send fields that nobody filled.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Asked {
    state: Option<String>,
    robot: Option<String>,
    attachment: Option<String>,
    item: Option<String>,
    reason: Option<String>,
    code: Option<String>,
    from: Option<String>,
    until: Option<String>,
    since: Option<String>,
    pub(super) after: Option<String>,
    retried: Option<String>,
}

fn given(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

impl Asked {
    fn parts(&self) -> [(&'static str, Option<&str>); 9] {
        [
            ("state", given(self.state.as_ref())),
            ("robot", given(self.robot.as_ref())),
            ("attachment", given(self.attachment.as_ref())),
            ("item", given(self.item.as_ref())),
            ("reason", given(self.reason.as_ref())),
            ("code", given(self.code.as_ref())),
            ("from", given(self.from.as_ref())),
            ("until", given(self.until.as_ref())),
            ("since", given(self.since.as_ref())),
        ]
    }

    fn part(&self, name: &str) -> &str {
        let found = self.parts().into_iter().find(|(known, _)| *known == name);
        found.and_then(|(_, value)| value).unwrap_or_default()
    }

    /// Whether anything is left out.
    pub(super) fn is_filtered(&self) -> bool {
        self.parts().iter().any(|(_, value)| value.is_some())
    }

    /// Runs that fit and are over without a result can be executed again.
    pub(super) fn may_be_retried(&self) -> bool {
        matches!(self.part("state"), "discarded" | "cancelled")
    }

    /// How many runs were made due before the page was shown.
    pub(super) fn retried(&self) -> Option<i64> {
        given(self.retried.as_ref())?.parse().ok()
    }

    /// The filter as the API takes it. Days are those of the person.
    ///
    /// # Errors
    /// `invalid`, for what is no day and no time.
    pub(super) fn fields(
        &self,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Result<Vec<(&'static str, String)>, Problem> {
        let mut fields = Vec::new();
        for (name, value) in self.parts() {
            let Some(value) = value else { continue };
            fields.push(match name {
                "from" => ("finished_from", day(name, value, zone)?.0.to_string()),
                // A day that was chosen says it more exactly.
                "since" if !self.part("from").is_empty() => continue,
                "since" => ("finished_from", before(value, now)?.to_string()),
                "until" => ("finished_until", day(name, value, zone)?.1.to_string()),
                name => (name, value.to_owned()),
            });
        }
        Ok(fields)
    }

    /// The query for the API.
    ///
    /// # Errors
    /// As `fields`.
    pub(super) fn query(&self, zone: &TimeZone, now: Timestamp) -> Result<String, Problem> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.fields(zone, now)?);
        if let Some(after) = given(self.after.as_ref()) {
            query.append_pair("after", after);
        }
        Ok(query.finish())
    }

    /// The body of a request about all that fit.
    ///
    /// # Errors
    /// As `fields`.
    pub(super) fn body(&self, zone: &TimeZone, now: Timestamp) -> Result<Map<String, Value>, Problem> {
        let fields = self.fields(zone, now)?.into_iter();
        Ok(fields
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect())
    }

    /// The query with some parts changed; an empty value takes a part out. Without one it is of the first page.
    pub(super) fn link(&self, changes: &[(&str, &str)]) -> String {
        let known = self
            .parts()
            .map(|(name, value)| (name, value.unwrap_or_default()));
        let is_changed = |name: &str| changes.iter().any(|(changed, _)| *changed == name);
        let kept = known.iter().filter(|(name, _)| !is_changed(name));
        let pairs = kept.chain(changes).filter(|(_, value)| !value.is_empty());
        let query: String = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        format!("?{query}")
    }
}

/// The beginning of the time that a word names.
fn before(value: &str, now: Timestamp) -> Result<Timestamp, Problem> {
    let found = SINCE.iter().find(|(word, _)| *word == value);
    let hours =
        found.ok_or_else(|| Problem::invalid("since", said!("`{value}` is no time such as 24h", value)))?;
    Ok(now.minus(Duration::from_secs(hours.1 * 60 * 60)).unwrap_or(now))
}

/// When a day begins and ends.
fn day(name: &str, value: &str, zone: &TimeZone) -> Result<(Timestamp, Timestamp), Problem> {
    let found: Option<(Timestamp, Timestamp)> = value.parse::<Date>().ok().and_then(|date| {
        let begin = |date: Date| {
            let zoned = date.to_zoned(zone.clone()).ok()?;
            Some(Timestamp::from_micros(zoned.timestamp().as_microsecond()))
        };
        Some((begin(date)?, begin(date.tomorrow().ok()?)?))
    });
    found.ok_or_else(|| Problem::invalid(name, said!("`{value}` is no day such as 2026-03-02", value)))
}

/// The line above the journal.
pub(super) fn filter_bar(visitor: &Visitor, asked: &Asked, problem: Option<&ProblemBody>) -> Markup {
    let (words, directory) = (visitor.words, &visitor.directory);
    let robots: BTreeSet<&str> = directory
        .robots
        .values()
        .map(|version| version.manifest.id.as_str())
        .collect();
    let is_wrong = |name: &str| {
        let named = problem.is_some_and(|problem| problem.fields.iter().any(|field| field == name));
        named.then_some("true")
    };
    html! {
        form.filter.row action="/runs" data-auto {
            label { span { (words.t("runs-state")) }
                select name="state" aria-invalid=[is_wrong("state")] {
                    option value="" { (words.t("runs-any")) }
                    @for state in STATES {
                        option value=(state) selected[asked.part("state") == state] { (words.t(&format!("run-state-{state}"))) }
                    }
                }
            }
            label { span { (words.t("runs-robot")) }
                select name="robot" {
                    option value="" { (words.t("runs-any")) }
                    @for robot in robots { option value=(robot) selected[asked.part("robot") == robot] { (robot) } }
                }
            }
            label { span { (words.t("runs-attachment")) }
                select name="attachment" aria-invalid=[is_wrong("attachment")] {
                    option value="" { (words.t("runs-any")) }
                    @for attachment in directory.attachments.values() {
                        option value=(attachment.id) selected[asked.part("attachment") == attachment.id.to_string()] {
                            (attachment.title)
                        }
                    }
                }
            }
            label { span { (words.t("runs-reason")) }
                select name="reason" aria-invalid=[is_wrong("reason")] {
                    option value="" { (words.t("runs-any")) }
                    @for reason in REASONS {
                        option value=(reason) selected[asked.part("reason") == reason] { (words.t(&format!("run-reason-{reason}"))) }
                    }
                }
            }
            label { span { (words.t("runs-item")) }
                input name="item" size="10" placeholder="deal:17" value=(asked.part("item")) aria-invalid=[is_wrong("item")];
            }
            label { span { (words.t("runs-code")) }
                input name="code" size="12" placeholder="trap" value=(asked.part("code"));
            }
            label { span { (words.t("runs-since")) }
                select name="since" aria-invalid=[is_wrong("since")] {
                    option value="" { (words.t("runs-any")) }
                    @for (word, _) in SINCE {
                        option value=(word) selected[asked.part("since") == word] { (words.t(&format!("runs-since-{word}"))) }
                    }
                }
            }
            label { span { (words.t("runs-from")) }
                input type="date" name="from" value=(asked.part("from")) aria-invalid=[is_wrong("from")];
            }
            label { span { (words.t("runs-until")) }
                input type="date" name="until" value=(asked.part("until")) aria-invalid=[is_wrong("until")];
            }
            button { (words.t("board-show")) }
            @if asked.is_filtered() { a href="/runs" { (words.t("board-show-all")) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_person_with_the_last_one_whole() {
        let zone = TimeZone::get("Europe/Moscow").unwrap();
        let asked = Asked {
            state: Some("  ".to_owned()),
            from: Some("2026-03-02".to_owned()),
            until: Some("2026-03-02".to_owned()),
            after: Some("x".to_owned()),
            ..Asked::default()
        };
        assert_eq!(
            asked.query(&zone, Timestamp::from_micros(0)).unwrap(),
            "finished_from=2026-03-01T21%3A00%3A00Z&finished_until=2026-03-02T21%3A00%3A00Z&after=x"
        );
        assert_eq!(asked.link(&[]), "?from=2026-03-02&until=2026-03-02");
        assert_eq!(
            asked.link(&[("from", ""), ("after", "y")]),
            "?until=2026-03-02&after=y"
        );
        let hour = Asked {
            since: Some("1h".to_owned()),
            ..Asked::default()
        };
        let now = Timestamp::parse("2026-03-02T11:20:00Z").unwrap();
        assert_eq!(
            hour.query(&zone, now).unwrap(),
            "finished_from=2026-03-02T10%3A20%3A00Z"
        );
        let both = Asked {
            from: Some("2026-03-02".to_owned()),
            ..hour
        };
        assert_eq!(
            both.query(&zone, now).unwrap(),
            "finished_from=2026-03-01T21%3A00%3A00Z"
        );
        for wrong in ["yesterday", "2026-02-30", "9999-12-31"] {
            let asked = Asked {
                from: Some(wrong.to_owned()),
                ..Asked::default()
            };
            assert!(asked.query(&zone, Timestamp::from_micros(0)).is_err(), "{wrong}");
        }
    }
}
