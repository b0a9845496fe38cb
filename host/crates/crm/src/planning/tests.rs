use super::*;
use crate::fixture::{BORIS, DINA, FRESH, GLEB, INTAKE, VERA, World, at, deal, item};
use crate::ids::ItemKind;

fn call() -> NewActivity {
    NewActivity {
        kind: ActivityKind::Call,
        title: None,
        description: None,
        deadline: None,
        duration_s: None,
        assignee: None,
        reminders_min: Vec::new(),
    }
}

fn planned(world: &World, item: &Item, new: NewActivity) -> Result<(Activity, ChangeSet), Rejection> {
    let mut changes = ChangeSet::default();
    let id = plan(&world.rules(), &mut changes, item, new)?;
    Ok((changes.activities[&id].row.clone(), changes))
}

fn deadline_of(world: &World, item: &Item, text: &str) -> Result<Timestamp, Rejection> {
    let new = NewActivity {
        deadline: Some(text.to_owned()),
        ..call()
    };
    planned(world, item, new).map(|(activity, _)| activity.deadline_at)
}

/// Rows 16 and 17 of the requirements trace.
#[test]
fn without_words_it_is_contact_the_client_in_three_days_at_the_next_whole_hour() {
    let world = World::new();
    let (activity, changes) = planned(&world, &deal(), call()).expect("planned");
    assert_eq!(activity.title, "Связаться с клиентом");
    assert_eq!(
        activity.deadline_at,
        at("2026-03-05T12:00:00Z"),
        "14:20 in Moscow gives 15:00"
    );
    assert_eq!(
        (activity.assignee, activity.state),
        (Some(BORIS), ActivityState::Open)
    );
    assert_eq!(changes.facts[0].fact.kind().as_str(), "activity-created");
    assert_eq!(changes.timers.len(), 1, "the deadline itself");
    let blank = NewActivity {
        title: Some(" ".to_owned()),
        ..call()
    };
    assert_eq!(
        planned(&world, &deal(), blank).expect("planned").0.title,
        DEFAULT_TITLE
    );
}

/// Row 18 of the requirements trace.
#[test]
fn reminders_are_offsets_of_which_only_the_last_passed_one_fires() {
    let world = World::new();
    let new = NewActivity {
        deadline: Some("+1h".to_owned()),
        reminders_min: vec![15, 1440, 90, 15, 30],
        ..call()
    };
    let (activity, changes) = planned(&world, &deal(), new).expect("planned");
    assert_eq!(activity.reminders_min, [1440, 90, 30, 15]);
    let timers: Vec<_> = changes.timers.iter().map(|t| (t.kind, t.due_at)).collect();
    assert_eq!(
        timers,
        [
            (TimerKind::Reminder { minutes: 90 }, world.now),
            (TimerKind::Reminder { minutes: 30 }, at("2026-03-02T11:50:00Z")),
            (TimerKind::Reminder { minutes: 15 }, at("2026-03-02T12:05:00Z")),
            (TimerKind::Overdue, at("2026-03-02T12:20:00Z")),
        ]
    );
}

#[test]
fn too_many_or_too_early_reminders_are_refused() {
    let world = World::new();
    let with = |reminders_min| {
        planned(
            &world,
            &deal(),
            NewActivity {
                reminders_min,
                ..call()
            },
        )
    };
    with((1..=10).collect()).expect("ten");
    assert_eq!(with((1..=11).collect()).expect_err("eleven").code, Code::Invalid);
    with(vec![43_200]).expect("30 days");
    assert_eq!(with(vec![43_201]).expect_err("more").code, Code::Invalid);
}

/// Row 80 of the requirements trace. Monday, 9 March, is a holiday.
#[test]
fn five_working_days_pass_over_the_weekend_and_the_holiday() {
    let world = World::new();
    let item = Item {
        last_contact_at: Some(at("2026-03-03T07:00:00Z")),
        ..deal()
    };
    let last = at("2026-03-11T15:00:00Z");
    assert_eq!(deadline_of(&world, &item, "2026-03-11T15:00:00Z"), Ok(last));
    let late = deadline_of(&world, &item, "2026-03-11T15:00:01Z").expect_err("a second more");
    assert_eq!(late.code, Code::RuleViolated);
    assert!(
        late.message
            .english()
            .contains("5 working days after the last contact 2026-03-03T07:00:00Z"),
        "{late}"
    );
    assert_eq!(
        deadline_of(&world, &deal(), "+5wd"),
        Ok(at("2026-03-10T15:00:00Z"))
    );
    assert!(deadline_of(&world, &deal(), "+6wd").is_err());
    let lead = item_of_intake();
    deadline_of(&world, &lead, "+30wd").expect("a pipeline without the rule");
}

fn item_of_intake() -> Item {
    item(ItemKind::Lead, INTAKE, FRESH)
}

#[test]
fn the_default_deadline_never_breaks_the_rule_of_the_pipeline() {
    let world = World::new();
    let soon = Item {
        last_contact_at: Some(at("2026-02-25T07:00:00Z")),
        ..deal()
    };
    let (activity, _) = planned(&world, &soon, call()).expect("planned");
    assert_eq!(
        activity.deadline_at,
        at("2026-03-04T15:00:00Z"),
        "the fifth working day"
    );
}

#[test]
fn a_client_who_was_forgotten_can_still_be_called_until_the_next_working_day() {
    let world = World::new();
    let forgotten = Item {
        last_contact_at: Some(at("2026-01-12T07:00:00Z")),
        ..deal()
    };
    assert_eq!(
        deadline_of(&world, &forgotten, "tomorrow 18:00"),
        Ok(at("2026-03-03T15:00:00Z"))
    );
    assert!(deadline_of(&world, &forgotten, "+2wd").is_err());
    assert_eq!(
        planned(&world, &forgotten, call())
            .expect("planned")
            .0
            .deadline_at,
        at("2026-03-03T15:00:00Z")
    );
}

#[test]
fn a_deadline_that_has_passed_or_makes_no_sense_is_refused() {
    let world = World::new();
    assert_eq!(
        deadline_of(&world, &deal(), "today 10:00")
            .expect_err("passed")
            .code,
        Code::RuleViolated
    );
    assert_eq!(
        deadline_of(&world, &deal(), "soon").expect_err("no sense").code,
        Code::Invalid
    );
}

/// Row 87 of the requirements trace.
#[test]
fn calls_last_15_minutes_and_meetings_an_hour_at_most() {
    let world = World::new();
    for (kind, longest) in [(ActivityKind::Call, 900), (ActivityKind::Meeting, 3_600)] {
        let lasting = |duration_s| NewActivity {
            kind,
            duration_s: Some(duration_s),
            ..call()
        };
        planned(&world, &deal(), lasting(longest)).expect("the longest");
        let rejection = planned(&world, &deal(), lasting(longest + 1)).expect_err("a second more");
        assert_eq!(rejection.code, Code::RuleViolated);
    }
    let todo = NewActivity {
        kind: ActivityKind::Todo,
        duration_s: Some(86_400),
        ..call()
    };
    planned(&world, &deal(), todo).expect("work takes as long as it takes");
}

#[test]
fn the_doer_is_somebody_who_works_here() {
    let world = World::new();
    let for_whom = |assignee| {
        planned(
            &world,
            &deal(),
            NewActivity {
                assignee: Some(assignee),
                ..call()
            },
        )
    };
    assert_eq!(for_whom(DINA).expect("on leave, but here").0.assignee, Some(DINA));
    assert_eq!(for_whom(GLEB).expect_err("has left").code, Code::RuleViolated);
    assert_eq!(
        for_whom(EmployeeId(99)).expect_err("unknown").code,
        Code::NotFound
    );
    let orphan = Item {
        assignee: Some(GLEB),
        ..deal()
    };
    assert_eq!(
        planned(&world, &orphan, call()).expect("planned").0.assignee,
        None
    );
}

#[test]
fn texts_have_limits() {
    let world = World::new();
    let title = NewActivity {
        title: Some("x".repeat(251)),
        ..call()
    };
    let description = NewActivity {
        description: Some("x".repeat(10_001)),
        ..call()
    };
    for new in [title, description] {
        assert_eq!(
            planned(&world, &deal(), new).expect_err("too long").code,
            Code::Invalid
        );
    }
}

/// Row 19 of the requirements trace.
#[test]
fn a_due_reminder_lifts_the_item_and_tells_the_doer() {
    let mut world = World::new();
    let new = NewActivity {
        assignee: Some(VERA),
        reminders_min: vec![30],
        ..call()
    };
    let (activity, planned) = planned(&world, &deal(), new).expect("planned");
    world.now = at("2026-03-05T11:30:00Z");
    let mut changes = ChangeSet::default();
    fire(
        &world.rules(),
        &mut changes,
        deal(),
        &activity,
        &planned.timers[0],
    )
    .expect("fired");
    assert_eq!(changes.items[&7].row.raised_at, world.now);
    assert_eq!(
        changes.facts[0].fact,
        Fact::ActivityReminderDue {
            activity: activity.id,
            minutes: 30
        }
    );
    let notice = &changes.notifications[0];
    assert_eq!(
        (notice.employee, notice.title.as_str()),
        (VERA, "Напоминание: Связаться с клиентом")
    );
    let mut changes = ChangeSet::default();
    fire(
        &world.rules(),
        &mut changes,
        deal(),
        &activity,
        &planned.timers[1],
    )
    .expect("fired");
    assert_eq!(
        changes.facts[0].fact,
        Fact::ActivityOverdue {
            activity: activity.id
        }
    );
}

#[test]
fn a_timer_of_an_ended_or_moved_activity_does_nothing() {
    let world = World::new();
    let (activity, planned) = planned(&world, &deal(), call()).expect("planned");
    let done = Activity {
        state: ActivityState::Completed,
        ..activity.clone()
    };
    let moved = Activity {
        deadline_at: at("2026-03-06T12:00:00Z"),
        ..activity
    };
    for activity in [done, moved] {
        let mut changes = ChangeSet::default();
        fire(
            &world.rules(),
            &mut changes,
            deal(),
            &activity,
            &planned.timers[0],
        )
        .expect("nothing");
        assert_eq!(changes, ChangeSet::default());
    }
}

#[test]
fn a_new_deadline_voids_the_old_timers() {
    let world = World::new();
    let (activity, _) = planned(&world, &deal(), call()).expect("planned");
    let mut changes = ChangeSet::default();
    reschedule(&world.rules(), &mut changes, &deal(), activity.clone(), "+1d").expect("moved");
    assert_eq!(changes.timers_void, [activity.id]);
    assert_eq!(changes.timers[0].deadline_at, at("2026-03-03T11:20:00Z"));
    let late = reschedule(&world.rules(), &mut changes, &deal(), activity.clone(), "+6wd");
    assert_eq!(late.expect_err("row 80").code, Code::RuleViolated);
    let done = Activity {
        state: ActivityState::Cancelled,
        ..activity
    };
    let ended = reschedule(&world.rules(), &mut changes, &deal(), done, "+1d");
    assert_eq!(ended.expect_err("ended").code, Code::Conflict);
}

#[test]
fn a_call_that_was_made_counts_as_a_contact_and_a_todo_does_not() {
    let world = World::new();
    for (kind, contact) in [(ActivityKind::Call, Some(world.now)), (ActivityKind::Todo, None)] {
        let (activity, _) = planned(&world, &deal(), NewActivity { kind, ..call() }).expect("planned");
        let mut changes = ChangeSet::default();
        finish(
            &world.rules(),
            &mut changes,
            deal(),
            activity,
            ActivityState::Completed,
        )
        .expect("done");
        assert_eq!(
            changes.items.get(&7).and_then(|item| item.row.last_contact_at),
            contact
        );
        assert_eq!(changes.facts[0].fact.kind().as_str(), "activity-completed");
        assert_eq!(changes.timers_void.len(), 1);
    }
}

#[test]
fn an_activity_ends_once() {
    let world = World::new();
    let (activity, _) = planned(&world, &deal(), call()).expect("planned");
    let end = |activity: &Activity, state| {
        let mut changes = ChangeSet::default();
        finish(&world.rules(), &mut changes, deal(), activity.clone(), state)
    };
    assert_eq!(
        end(&activity, ActivityState::Open).expect_err("no end").code,
        Code::Invalid
    );
    end(&activity, ActivityState::Cancelled).expect("cancelled");
    let done = Activity {
        state: ActivityState::Completed,
        ..activity
    };
    assert_eq!(
        end(&done, ActivityState::Completed).expect_err("twice").code,
        Code::Conflict
    );
}
