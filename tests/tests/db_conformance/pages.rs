//! Pages, filters and searches.

use signalbox_crm::activity::ActivityState;
use signalbox_crm::contact::PointKind;
use signalbox_crm::ids::{ActivityId, ContactId, EmployeeId, PipelineId, RunId, StageId};
use signalbox_crm::phone::{Phone, PhoneQuery};
use signalbox_crm::run::{Reason, Run, RunState, Verdict};
use signalbox_db::{ActivityFilter, ConversationFilter, EventFilter, ItemFilter, ItemPage, RunFilter};

use super::place::Place;
use super::samples::*;

pub(crate) async fn items_come_in_pages_without_gaps(place: &Place) {
    let db = place.open().await;
    let mut batch = batch();
    for number in 1..=10 {
        let mut row = item(number);
        // Several cards with the same instant: the number decides.
        row.raised_at = at(number / 4);
        row.stage = StageId(1 + number % 2);
        row.closed_at = (number == 3).then(|| at(1));
        batch.items_new.push(row);
    }
    db.commit(&batch).await.unwrap();

    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = db
            .items(&ItemFilter::default(), ItemPage::Raised(after), 3)
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.raised_at, last.id.number));
        seen.extend(page.iter().map(|row| row.id.number));
    }
    assert_eq!(seen, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);

    let filter = ItemFilter {
        pipeline: Some(PipelineId(1)),
        stage: Some(StageId(2)),
        is_open: Some(true),
        ..ItemFilter::default()
    };
    let page = db.items(&filter, ItemPage::Number(Some(1)), 2).await.unwrap();
    assert_eq!(page.iter().map(|row| row.id.number).collect::<Vec<_>>(), [5, 7]);
    assert_eq!(db.item_count(&filter).await.unwrap(), 4);
    let before = |at| ItemFilter {
        entered_before: Some(at),
        ..filter.clone()
    };
    let entered_at = page[0].stage_entered_at;
    assert_eq!(
        db.item_count(&before(entered_at)).await.unwrap(),
        0,
        "at that instant is not before"
    );
    let later = entered_at.plus(std::time::Duration::from_secs(1)).unwrap();
    assert_eq!(db.item_count(&before(later)).await.unwrap(), 4);
    let some = db.items_by_number(&[3, 99, 1]).await.unwrap();
    assert_eq!(some.len(), 2);
}

pub(crate) async fn names_and_titles_are_found_in_any_case(place: &Place) {
    let db = place.open().await;
    let mut batch = batch();
    for (number, title) in [
        (1, "\u{415}\u{43b}\u{43a}\u{438} 100%"),
        (2, "\u{451}\u{43b}\u{43a}\u{430}"),
        (3, "100 rubles"),
        (4, "OTHER"),
    ] {
        let mut row = item(number);
        row.title = title.to_owned();
        batch.items_new.push(row);
        batch.contacts_new.push(contact(number, title, &[]));
    }
    db.commit(&batch).await.unwrap();
    for (text, found) in [
        ("\u{415}\u{41b}\u{41a}", vec![1, 2]),
        ("\u{401}\u{43b}\u{43a}\u{430}", vec![2]),
        ("100", vec![1, 3]),
        ("oThEr", vec![4]),
        ("1_0", vec![]),
    ] {
        let filter = ItemFilter {
            title: Some(text.to_owned()),
            ..ItemFilter::default()
        };
        let items = db.items(&filter, ItemPage::Number(None), 10).await.unwrap();
        assert_eq!(
            items.iter().map(|row| row.id.number).collect::<Vec<_>>(),
            found,
            "{text}"
        );
        let contacts = db.contacts(Some(text), None, 10).await.unwrap();
        assert_eq!(
            contacts.iter().map(|row| row.id.0).collect::<Vec<_>>(),
            found,
            "{text}"
        );
    }
    assert_eq!(
        db.contacts(None, Some(ContactId(2)), 1).await.unwrap()[0].id,
        ContactId(3)
    );
}

pub(crate) async fn phone_is_found_however_it_is_written(place: &Place) {
    let db = place.open().await;
    let phone = |text: &str| Phone::parse(text).unwrap().normal();
    let (first, second, third) = (
        phone("8(987) 654-32-10"),
        phone("+7 495 654-32-10"),
        phone("+7 987 000-00-00"),
    );
    let mut batch = batch();
    batch.contacts_new = vec![
        contact(1, "A", &[&first]),
        contact(2, "B", &[&second]),
        contact(3, "C", &[&third, &first]),
    ];
    db.commit(&batch).await.unwrap();
    for (text, found) in [
        ("8(987) 654-32-10", vec![1, 3]),
        ("(987) 654-32-10", vec![1, 3]),
        ("654-32-10", vec![1, 2, 3]),
        ("495", vec![2]),
        ("111-11-11", vec![]),
    ] {
        let query = PhoneQuery::parse(text).unwrap();
        let contacts = db.contacts_by_phone(&query, 10).await.unwrap();
        assert_eq!(
            contacts.iter().map(|row| row.id.0).collect::<Vec<_>>(),
            found,
            "{text}"
        );
    }
    let exact = db.contacts_at(PointKind::Phone, &first, 10).await.unwrap();
    assert_eq!(exact.iter().map(|row| row.id.0).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(exact[1].points.len(), 2);
    assert_eq!(
        db.contacts_at(PointKind::Handle, &first, 10).await.unwrap(),
        vec![]
    );
}

pub(crate) async fn filters_of_activities_conversations_and_runs_hold(place: &Place) {
    let db = place.open().await;
    let mut batch = batch();
    for id in 1..=4 {
        let mut row = activity(id, id % 2, 100 - id);
        row.assignee = Some(EmployeeId(id));
        if id == 4 {
            row.state = ActivityState::Completed;
            row.finished_at = Some(at(1));
        }
        batch.activities_new.push(row);
        let mut talk = conversation(id, &format!("chat {id}"));
        talk.operator = Some(EmployeeId(id % 2));
        talk.closed_at = (id == 1).then(|| at(1));
        batch.conversations_new.push(talk);
        let mut fact = event(id);
        fact.root = event(1).id;
        fact.depth = u32::try_from(id - 1).unwrap();
        batch.events.push(fact);
    }
    batch.runs = vec![
        run(1, RunState::Completed),
        run(2, RunState::Discarded),
        run(3, RunState::Discarded),
    ];
    db.commit(&batch).await.unwrap();

    let open = ActivityFilter {
        state: Some(ActivityState::Open),
        ..ActivityFilter::default()
    };
    let ids =
        |rows: Vec<signalbox_crm::activity::Activity>| rows.iter().map(|row| row.id.0).collect::<Vec<_>>();
    assert_eq!(ids(db.activities(&open, None, 10).await.unwrap()), [3, 2, 1]);
    assert_eq!(
        ids(db
            .activities(&open, Some((at(97), ActivityId(3))), 1)
            .await
            .unwrap()),
        [2]
    );
    let window = ActivityFilter {
        deadline_from: Some(at(96)),
        deadline_until: Some(at(98)),
        ..ActivityFilter::default()
    };
    assert_eq!(ids(db.activities(&window, None, 10).await.unwrap()), [4, 3]);
    let mine = ActivityFilter {
        assignee: Some(EmployeeId(2)),
        item: Some(0),
        ..ActivityFilter::default()
    };
    assert_eq!(ids(db.activities(&mine, None, 10).await.unwrap()), [2]);

    let filter = ConversationFilter {
        operator: Some(EmployeeId(1)),
        is_open: Some(true),
        ..ConversationFilter::default()
    };
    let talks = db.conversations(&filter, None, 10).await.unwrap();
    assert_eq!(talks.iter().map(|row| row.id.0).collect::<Vec<_>>(), [3]);

    let discarded = RunFilter {
        state: Some(RunState::Discarded),
        item: Some(1),
        ..RunFilter::default()
    };
    let runs = db.runs(&discarded, None, 10).await.unwrap();
    assert_eq!(
        runs.iter().map(|found| found.run.id.0).collect::<Vec<_>>(),
        [3, 2]
    );
    assert_eq!(db.runs(&discarded, Some(RunId(3)), 10).await.unwrap().len(), 1);
    assert_eq!(db.run_count(&discarded).await.unwrap(), 2);
    let mut ends = super::samples::batch();
    let verdict = |code: &str| Verdict::Failed {
        code: code.to_owned(),
        message: String::new(),
        retryable: false,
    };
    ends.runs = vec![Run {
        attempt_count: 1,
        reason: Some(Reason::Denied),
        finished_at: Some(at(50)),
        ..run(4, RunState::Discarded)
    }];
    ends.attempts = vec![attempt(4, 1, verdict("denied"))];
    ends.items_new = vec![item(1)];
    db.commit(&ends).await.unwrap();
    let pipeline = db.item(1).await.unwrap().unwrap().pipeline;
    let all = RunFilter {
        state: Some(RunState::Discarded),
        ..RunFilter::default()
    };
    let with = |change: &dyn Fn(&mut RunFilter)| {
        let mut filter = all.clone();
        change(&mut filter);
        filter
    };
    for (filter, expected) in [
        (with(&|f| f.reason = Some(Reason::Denied)), vec![4]),
        (with(&|f| f.reason = Some(Reason::Failed)), vec![]),
        (with(&|f| f.code = Some("denied".to_owned())), vec![4]),
        (with(&|f| f.code = Some("trap".to_owned())), vec![]),
        (with(&|f| f.pipeline = Some(pipeline)), vec![2, 3, 4]),
        (with(&|f| f.pipeline = Some(PipelineId(999))), vec![]),
        (with(&|f| f.finished_from = Some(at(50))), vec![4]),
        (with(&|f| f.finished_until = Some(at(50))), vec![2, 3]),
    ] {
        let found = db.dead_letters(&filter, None, 10).await.unwrap();
        let ids: Vec<i64> = found.iter().map(|letter| letter.run.0).collect();
        assert_eq!(ids, expected, "{filter:?}");
    }
    let page = db.dead_letters(&all, Some(RunId(2)), 1).await.unwrap();
    assert_eq!((page[0].run, &page[0].code), (RunId(3), &None));
    let groups = db.dead_groups(&all, 10).await.unwrap();
    let groups: Vec<_> = groups
        .iter()
        .map(|group| (group.attachment.0, group.code.as_deref(), group.count))
        .collect();
    assert_eq!(groups, [(2, None, 1), (3, None, 1), (4, Some("denied"), 1)]);
    let bounded = db.dead_groups(&all, 2).await.unwrap();
    assert_eq!(bounded.iter().map(|group| group.count).sum::<i64>(), 2);

    let unknown = RunFilter {
        robot: Some("notify".to_owned()),
        ..RunFilter::default()
    };
    assert_eq!(db.run_count(&unknown).await.unwrap(), 0);

    let chain = EventFilter {
        root: Some(event(1).id),
        ..EventFilter::default()
    };
    assert_eq!(db.event_count(&chain).await.unwrap(), 3);
    assert_eq!(db.events(&chain, None, 1).await.unwrap()[0].id, event(4).id);
}
