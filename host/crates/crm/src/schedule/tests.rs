use super::*;
use expect_test::{Expect, expect};
use proptest::prelude::*;

fn check(expression: &str, zone: &str, after: &str, expected: Expect) {
    let schedule = Schedule::parse(expression, zone).unwrap();
    let after = Timestamp::parse(after).unwrap();
    let shown = schedule
        .next_n(after, 4)
        .into_iter()
        .map(|at| at.zoned(schedule.zone()));
    let lines: Vec<String> = shown.map(|at| at.strftime("%a %F %T %:z").to_string()).collect();
    expected.assert_eq(&lines.join("\n"));
}

fn check_refusal(expression: &str, expected: Expect) {
    expected.assert_eq(
        &Schedule::parse(expression, "Europe/Moscow")
            .unwrap_err()
            .to_string(),
    );
}

#[test]
fn schedule_follows_the_clock_of_its_zone() {
    check(
        "0 9 * * mon-fri",
        "Europe/Moscow",
        "2026-11-05T06:00:00Z",
        expect![[r#"
            Fri 2026-11-06 09:00:00 +03:00
            Mon 2026-11-09 09:00:00 +03:00
            Tue 2026-11-10 09:00:00 +03:00
            Wed 2026-11-11 09:00:00 +03:00"#]],
    );
    check(
        "*/30 0 9 * * *",
        "UTC",
        "2026-11-05T09:00:00.5Z",
        expect![[r#"
        Thu 2026-11-05 09:00:30 +00:00
        Fri 2026-11-06 09:00:00 +00:00
        Fri 2026-11-06 09:00:30 +00:00
        Sat 2026-11-07 09:00:00 +00:00"#]],
    );
    check(
        "0 9 13 * fri",
        "UTC",
        "2026-01-01T00:00:00Z",
        expect![[r#"
        Fri 2026-02-13 09:00:00 +00:00
        Fri 2026-03-13 09:00:00 +00:00
        Fri 2026-11-13 09:00:00 +00:00
        Fri 2027-08-13 09:00:00 +00:00"#]],
    );
    check(
        "0 0 29 2 *",
        "UTC",
        "2026-01-01T00:00:00Z",
        expect![[r#"
        Tue 2028-02-29 00:00:00 +00:00
        Sun 2032-02-29 00:00:00 +00:00
        Fri 2036-02-29 00:00:00 +00:00
        Wed 2040-02-29 00:00:00 +00:00"#]],
    );
}

#[test]
fn given_time_that_the_clock_skips_runs_at_the_change() {
    check(
        "30 2 * * *",
        "Europe/Berlin",
        "2026-03-28T00:00:00Z",
        expect![[r#"
            Sat 2026-03-28 02:30:00 +01:00
            Sun 2026-03-29 03:00:00 +02:00
            Mon 2026-03-30 02:30:00 +02:00
            Tue 2026-03-31 02:30:00 +02:00"#]],
    );
    check(
        "0,30 2,3 * * *",
        "Europe/Berlin",
        "2026-03-28T12:00:00Z",
        expect![[r#"
            Sun 2026-03-29 03:00:00 +02:00
            Sun 2026-03-29 03:30:00 +02:00
            Mon 2026-03-30 02:00:00 +02:00
            Mon 2026-03-30 02:30:00 +02:00"#]],
    );
}

#[test]
fn day_that_the_calendar_skips_runs_at_the_change() {
    check(
        "30 2 * * *",
        "Pacific/Apia",
        "2011-12-29T00:00:00Z",
        expect![[r#"
            Thu 2011-12-29 02:30:00 -10:00
            Sat 2011-12-31 00:00:00 +14:00
            Sat 2011-12-31 02:30:00 +14:00
            Sun 2012-01-01 02:30:00 +14:00"#]],
    );
    check(
        "0 */12 * * *",
        "Pacific/Apia",
        "2011-12-29T12:00:00Z",
        expect![[r#"
            Thu 2011-12-29 12:00:00 -10:00
            Sat 2011-12-31 00:00:00 +14:00
            Sat 2011-12-31 12:00:00 +14:00
            Sun 2012-01-01 00:00:00 +14:00"#]],
    );
}

#[test]
fn given_time_that_the_clock_repeats_runs_once() {
    check(
        "30 2 * * *",
        "Europe/Berlin",
        "2026-10-24T12:00:00Z",
        expect![[r#"
            Sun 2026-10-25 02:30:00 +02:00
            Mon 2026-10-26 02:30:00 +01:00
            Tue 2026-10-27 02:30:00 +01:00
            Wed 2026-10-28 02:30:00 +01:00"#]],
    );
    // From within the second pass.
    check(
        "30 2 * * *",
        "Europe/Berlin",
        "2026-10-25T01:10:00Z",
        expect![[r#"
            Mon 2026-10-26 02:30:00 +01:00
            Tue 2026-10-27 02:30:00 +01:00
            Wed 2026-10-28 02:30:00 +01:00
            Thu 2026-10-29 02:30:00 +01:00"#]],
    );
    // The end of the repeated hour itself is not repeated.
    check(
        "0 3 * * *",
        "Europe/Berlin",
        "2026-10-25T01:10:00Z",
        expect![[r#"
            Sun 2026-10-25 03:00:00 +01:00
            Mon 2026-10-26 03:00:00 +01:00
            Tue 2026-10-27 03:00:00 +01:00
            Wed 2026-10-28 03:00:00 +01:00"#]],
    );
}

#[test]
fn interval_runs_as_often_as_the_clock_shows_its_time() {
    check(
        "*/30 * * * *",
        "Europe/Berlin",
        "2026-03-29T00:15:00Z",
        expect![[r#"
            Sun 2026-03-29 01:30:00 +01:00
            Sun 2026-03-29 03:00:00 +02:00
            Sun 2026-03-29 03:30:00 +02:00
            Sun 2026-03-29 04:00:00 +02:00"#]],
    );
    check(
        "*/30 * * * *",
        "Europe/Berlin",
        "2026-10-25T00:15:00Z",
        expect![[r#"
            Sun 2026-10-25 02:30:00 +02:00
            Sun 2026-10-25 02:00:00 +01:00
            Sun 2026-10-25 02:30:00 +01:00
            Sun 2026-10-25 03:00:00 +01:00"#]],
    );
}

#[test]
fn refusal_names_the_field_and_the_value() {
    check_refusal(
        "0 9 * *",
        expect![
            "`0 9 * *` has 4 fields, not 5 (minute, hour, day of month, month, day of week) or 6 (seconds first)"
        ],
    );
    check_refusal(
        "0 0 9 * * mon 2026",
        expect![
            "`0 0 9 * * mon 2026` has 7 fields, not 5 (minute, hour, day of month, month, day of week) or 6 (seconds first)"
        ],
    );
    check_refusal(
        "@daily",
        expect![
            "`@daily` has 1 fields, not 5 (minute, hour, day of month, month, day of week) or 6 (seconds first)"
        ],
    );
    check_refusal(
        "0 9 * * 1-5",
        expect![
            "`1-5` in the day of week counts from Sunday or from Monday depending on the program: use sun, mon, tue, wed, thu, fri, sat, as in `mon-fri`"
        ],
    );
    check_refusal(
        "0 9 * * mon,7",
        expect![
            "`7` in the day of week counts from Sunday or from Monday depending on the program: use sun, mon, tue, wed, thu, fri, sat, as in `mon-fri`"
        ],
    );
    check_refusal(
        "60 9 * * *",
        expect![
            "`60` is not accepted as the minute: use 0-59, `*`, lists `a,b`, ranges `a-b` with a before b, steps `*/n`"
        ],
    );
    check_refusal(
        "0 22-2 * * *",
        expect![
            "`22-2` is not accepted as the hour: use 0-23, `*`, lists `a,b`, ranges `a-b` with a before b, steps `*/n`"
        ],
    );
    check_refusal(
        "0 9 L * *",
        expect![
            "`L` is not accepted as the day of month: use 1-31, `*`, lists `a,b`, ranges `a-b` with a before b, steps `*/n`"
        ],
    );
    check_refusal(
        "*/0 9 * * *",
        expect![
            "`*/0` is not accepted as the minute: use 0-59, `*`, lists `a,b`, ranges `a-b` with a before b, steps `*/n`"
        ],
    );
    check_refusal(
        "0 9 * foo *",
        expect![
            "`foo` is not accepted as the month: use 1-12 or jan-dec, `*`, lists `a,b`, ranges `a-b` with a before b, steps `*/n`"
        ],
    );
    check_refusal(
        "0 9 * * fri-mon",
        expect![
            "`fri-mon` is not accepted as the day of week: use mon, tue, wed, thu, fri, sat, sun, `*`, lists `a,b`, ranges `a-b` with a before b, steps `*/n`"
        ],
    );
    check_refusal(
        "0 9 30 2 *",
        expect!["`0 9 30 2 *` does not occur for 5 years or more"],
    );
    check_refusal(
        "0 9 29 2 fri",
        expect!["`0 9 29 2 fri` does not occur for 5 years or more"],
    );
    check_refusal(
        &"0".repeat(257),
        expect!["the schedule has 257 bytes, at most 256 are accepted"],
    );
    let refusal = Schedule::parse("0 9 * * *", "Moscow").unwrap_err().to_string();
    expect!["`Moscow` is not the IANA name of a time zone such as `Europe/Moscow`"].assert_eq(&refusal);
}

#[test]
fn schedule_ends_with_the_year_2100() {
    let schedule = Schedule::parse("0 9 * * *", "Europe/Berlin").unwrap();
    assert_eq!(
        schedule.next_after(Timestamp::parse("2100-12-31T12:00:00Z").unwrap()),
        None
    );
    assert_eq!(schedule.next_after(Timestamp::MAX), None);
    assert_eq!(
        schedule.next_n(Timestamp::from_micros(0), 1_000).len(),
        OCCURRENCES_MAX
    );
}

/// What another crate says. It calls a schedule fixed only when it has one time a day, so that the
/// expressions of the comparison have one time a day or `*` in the hours. It finds nothing across the day
/// that Samoa left out.
fn by_croner(expression: &str, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    let cron = croner::parser::CronParser::builder()
        .dom_and_dow(true)
        .build()
        .parse(expression)
        .unwrap();
    let found = cron.find_next_occurrence(&after.zoned(zone), false).ok()?;
    Some(Timestamp::from(found.timestamp()))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn occurrences_agree_with_another_crate(
        expression in prop::sample::select(vec![
            "30 2 * * *", "0 2 * * *", "0 3 * * *", "15 1 * * sun", "*/20 * * * *", "0 0 * * *", "45 23 31 * *",
            "5 */2 * * *", "59 59 2 * * *", "0 3 13 * fri", "0 12 29 2 *",
        ]),
        zone in prop::sample::select(vec![
            "Europe/Berlin", "America/New_York", "Europe/Moscow", "Australia/Lord_Howe", "America/Sao_Paulo",
            "Africa/Casablanca", "Asia/Kolkata", "America/St_Johns", "Asia/Beirut",
        ]),
        second in 946_684_800_i64..2_208_988_800,
    ) {
        let schedule = Schedule::parse(expression, zone).unwrap();
        // Starts near a change of the clock tell more than random ones.
        let near = jiff_second(second).and_then(|at| schedule.zone.following(at).next().map(|t| t.timestamp()));
        let shift = second.rem_euclid(14_400) - 10_800;
        for start in [Some(second), near.map(|at| at.as_second() + shift)].into_iter().flatten() {
            let mut at = instant(start).unwrap();
            for _ in 0..20 {
                let Some(next) = schedule.next_after(at) else { break };
                prop_assert_eq!(Some(next), by_croner(expression, schedule.zone(), at), "after {}", at);
                prop_assert!(next > at);
                at = next;
            }
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "[0-9*/,?@LW#a-z -]{0,40}") {
        if let Ok(schedule) = Schedule::parse(&text, "Europe/Berlin") {
            prop_assert!(schedule.next_after(Timestamp::from_micros(0)).is_some());
        }
    }

    #[test]
    fn no_fields_make_the_parser_panic(
        fields in prop::collection::vec(r"(\*|[0-9]{1,3}|[a-z]{3})([-/,][0-9]{1,10})?", 5..7),
    ) {
        let _ = Schedule::parse(&fields.join(" "), "Europe/Berlin");
    }
}
