//! Times, sums and names as people read them.

use std::time::Duration;

use jiff::tz::TimeZone;
use maud::{Markup, html};
use signalbox_crm::account::Language;
use signalbox_crm::directory::Directory;
use signalbox_crm::ids::{ContactId, EmployeeId, ItemId, ItemKind};
use signalbox_crm::time::Timestamp;
use signalbox_crm::value::Money;

use super::visitor::Visitor;
use super::words::Words;

/// Where an item's page is.
pub(super) fn item_path(id: ItemId) -> String {
    let section = match id.kind {
        ItemKind::Deal => "deals",
        ItemKind::Lead => "leads",
    };
    format!("/{section}/{}", id.number)
}

/// Where a client's page is.
pub(super) fn contact_path(id: ContactId) -> String {
    format!("/contacts/{}", id.0)
}

/// `23 ноя 2026, 14:05` or `23 Nov 2026, 14:05`; without the year in the present one.
pub(super) fn instant(at: Timestamp, visitor: &Visitor) -> Markup {
    shown(at, visitor, &plain_instant(at, visitor))
}

/// As `instant`, but of today only the time.
pub(super) fn near_instant(at: Timestamp, visitor: &Visitor) -> Markup {
    let (zoned, now) = (at.zoned(&visitor.zone), visitor.now.zoned(&visitor.zone));
    match zoned.date() == now.date() {
        true => shown(at, visitor, &zoned.strftime("%H:%M").to_string()),
        false => instant(at, visitor),
    }
}

/// A text for an instant, with the whole of it for a pointer that rests there, and for programs.
fn shown(at: Timestamp, visitor: &Visitor, text: &str) -> Markup {
    let whole = at
        .zoned(&visitor.zone)
        .strftime("%Y-%m-%d %H:%M:%S %Z")
        .to_string();
    html! { time datetime=(at.to_string()) title=(whole) { (text) } }
}

/// As `instant`, as a text.
pub(super) fn plain_instant(at: Timestamp, visitor: &Visitor) -> String {
    let zoned = at.zoned(&visitor.zone);
    let is_this_year = zoned.year() == visitor.now.zoned(&visitor.zone).year();
    let date = date_text(&zoned, visitor.words.0, !is_this_year);
    format!("{date}, {}", zoned.strftime("%H:%M"))
}

/// The date alone.
pub(super) fn date(at: Timestamp, zone: &TimeZone, language: Language) -> String {
    date_text(&at.zoned(zone), language, true)
}

fn date_text(zoned: &jiff::Zoned, language: Language, has_year: bool) -> String {
    let months = match language {
        Language::Ru => [
            "янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек",
        ],
        Language::En => [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ],
    };
    let index = usize::try_from(zoned.month() - 1).unwrap_or_default();
    let month = months[index.min(11)];
    match has_year {
        true => format!("{} {month} {}", zoned.day(), zoned.year()),
        false => format!("{} {month}", zoned.day()),
    }
}

/// `3 days`: the largest unit that fits.
pub(super) fn span(duration: Duration, words: Words) -> String {
    let minutes = duration.as_secs() / 60;
    match minutes {
        0 => words.t("time-now"),
        1..60 => words.n("time-minutes", minutes),
        60..1440 => words.n("time-hours", minutes / 60),
        _ => words.n("time-days", minutes / 1440),
    }
    .into_owned()
}

/// `1 500,50 RUB` or `1,500.50 RUB`; without hundredths where there are none.
pub(super) fn money(money: &Money, language: Language) -> String {
    let (thousands, point) = match language {
        Language::Ru => ('\u{a0}', ','),
        Language::En => (',', '.'),
    };
    let whole = (money.hundredths / 100).unsigned_abs().to_string();
    let mut text = String::new();
    if money.hundredths < 0 {
        text.push('-');
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(thousands);
        }
        text.push(digit);
    }
    let rest = (money.hundredths % 100).unsigned_abs();
    if rest > 0 {
        text.push_str(&format!("{point}{rest:02}"));
    }
    format!("{text}\u{a0}{}", money.currency)
}

/// An employee's name; the id of one who is not known.
pub(super) fn person(directory: &Directory, id: EmployeeId) -> String {
    let known = directory.employees.get(&id);
    known.map_or_else(|| id.to_string(), |person| person.name.clone())
}

/// Who did something, as history and records name him: `employee:3`, `robot:notify@1.0.0`, `system`.
pub(super) fn actor(text: &str, visitor: &Visitor) -> String {
    let words = visitor.words;
    if let Ok(id) = text.parse::<EmployeeId>() {
        return person(&visitor.directory, id);
    }
    let channel = text.parse().ok();
    if let Some(channel) = channel.and_then(|id| visitor.directory.channels.get(&id)) {
        return words
            .f("actor-channel", &[("channel", channel.title.as_str().into())])
            .into_owned();
    }
    match text.strip_prefix("robot:") {
        Some(robot) => words.f("actor-robot", &[("robot", robot.into())]).into_owned(),
        None if text == "system" => words.t("actor-system").into_owned(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_grouped_as_the_language_does() {
        let of = |hundredths| Money {
            hundredths,
            currency: "RUB".to_owned(),
        };
        for (hundredths, ru, en) in [
            (150_050, "1\u{a0}500,50\u{a0}RUB", "1,500.50\u{a0}RUB"),
            (100, "1\u{a0}RUB", "1\u{a0}RUB"),
            (
                12_345_678_900,
                "123\u{a0}456\u{a0}789\u{a0}RUB",
                "123,456,789\u{a0}RUB",
            ),
            (-5, "-0,05\u{a0}RUB", "-0.05\u{a0}RUB"),
        ] {
            assert_eq!(money(&of(hundredths), Language::Ru), ru);
            assert_eq!(money(&of(hundredths), Language::En), en);
        }
    }

    #[test]
    fn spans_have_the_largest_unit_that_fits() {
        let span = |seconds| span(Duration::from_secs(seconds), Words(Language::En));
        assert_eq!(
            [span(59), span(60), span(7200), span(86_400 * 3)],
            ["just now", "1 minute", "2 hours", "3 days"]
        );
    }
}
