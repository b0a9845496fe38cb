use std::sync::Arc;

use signalbox_crm::attachment::CancelOn;
use signalbox_crm::event::{Event, Fact};
use signalbox_crm::ids::{EventId, ItemId, ItemKind};
use signalbox_crm::run::RunState;
use signalbox_crm::time::Timestamp;

use super::*;

const NOW: Timestamp = Timestamp::from_micros(1_770_000_000_000_000);

/// Run `id` of an attachment about a deal.
fn run(id: i64, attachment: i64, deal: i64) -> (LaneKey, Task) {
    task(id, attachment, deal, Fact::ItemCreated { source: None })
}

fn run_by_hand(id: i64, attachment: i64, deal: i64) -> (LaneKey, Task) {
    let fact = Fact::ManualRun {
        attachment: AttachmentId(attachment),
        by: None,
    };
    task(id, attachment, deal, fact)
}

fn task(id: i64, attachment: i64, deal: i64, fact: Fact) -> (LaneKey, Task) {
    let item = ItemId {
        kind: ItemKind::Deal,
        number: deal,
    };
    let run = Run {
        id: RunId(id),
        event: EventId(id),
        attachment: AttachmentId(attachment),
        item: Some(item),
        stage_entry: Some(1),
        cancel_on: CancelOn::Never,
        state: RunState::Available,
        reason: None,
        detail: None,
        due_at: Some(NOW),
        after: None,
        timer_key: None,
        attempt_count: 0,
        failures: signalbox_crm::run::Failures::default(),
        created_at: NOW,
        finished_at: None,
    };
    let event = Event {
        id: EventId(id),
        fact,
        item: Some(item),
        root: EventId(id),
        depth: 0,
        caused_by: None,
        at: NOW,
    };
    let event = Arc::new(event);
    (LaneKey::of(&run), Task::Run(Box::new(ReadyRun { run, event })))
}

fn id_of(task: &Task) -> i64 {
    match task {
        Task::Run(ready) => ready.run.id.0,
        Task::Inbound(id) => id.0,
    }
}

/// One worker takes everything; says in which order.
fn order(lanes: &Lanes) -> Vec<i64> {
    let turn = || {
        let (key, task) = lanes.try_take()?;
        lanes.done(key, &task);
        Some(id_of(&task))
    };
    std::iter::from_fn(turn).collect()
}

#[test]
fn runs_of_one_item_follow_each_other_and_two_workers_never_have_the_same_item() {
    let lanes = Lanes::new(8);
    lanes.push([run(1, 1, 1), run(2, 2, 1), run(3, 3, 1), run(4, 1, 2)]);
    let first = lanes.try_take().expect("deal 1");
    let second = lanes.try_take().expect("deal 2");
    assert_eq!((id_of(&first.1), id_of(&second.1)), (1, 4));
    assert!(lanes.try_take().is_none());
    assert!(lanes.is_running(RunId(1)) && !lanes.is_running(RunId(2)));
    lanes.done(first.0, &first.1);
    lanes.done(second.0, &second.1);
    assert_eq!(order(&lanes), [2, 3]);
    assert_eq!(lanes.open_count(), 0);
}

#[test]
fn nothing_starts_while_somebody_holds() {
    let lanes = Lanes::new(8);
    let hold = lanes.hold();
    lanes.push([run(1, 1, 1)]);
    assert!(lanes.try_take().is_none());
    drop(hold);
    assert_eq!(order(&lanes), [1]);
}

#[test]
fn run_by_hand_lifts_what_stands_before_it_and_nothing_else() {
    let lanes = Lanes::new(1);
    lanes.push([run(1, 1, 1), run(2, 1, 2), run(3, 1, 3), run(4, 2, 3)]);
    lanes.push([run_by_hand(5, 9, 3)]);
    assert_eq!(order(&lanes), [3, 4, 5, 1, 2]);
}

#[test]
fn cancelled_runs_are_forgotten_and_their_lane_stands_where_its_next_run_belongs() {
    let lanes = Lanes::new(1);
    lanes.push([run(1, 1, 1), run(2, 1, 2), run_by_hand(3, 1, 3), run(4, 2, 3)]);
    let deal = |number| {
        let kind = ItemKind::Deal;
        LaneKey::Item(ItemId { kind, number })
    };
    lanes.forget(&[deal(1), deal(3), deal(9)], &[RunId(1), RunId(3)]);
    assert_eq!(lanes.open_count(), 2);
    assert_eq!(order(&lanes), [2, 4]);
}

/// Lets runs of these attachments end, so that their cost is known.
fn seen(lanes: &Lanes, attachments: impl IntoIterator<Item = (i64, u64)>) {
    for (attachment, cost_us) in attachments {
        lanes.push([run(1_000, attachment, 1_000)]);
        let (key, task) = lanes.try_take().expect("it waits alone");
        if let Task::Run(ready) = &task {
            lanes.spent(&ready.run, cost_us);
        }
        lanes.done(key, &task);
    }
}

#[test]
fn next_run_of_a_lane_is_taken_as_well_if_it_is_known_to_cost_little_and_nobody_wants_it_otherwise() {
    let lanes = Lanes::new(8);
    seen(&lanes, [(1, 100), (2, 100), (3, 100_000)]);
    lanes.push([run(1, 1, 1), run(2, 2, 1), run(3, 3, 1), run(4, 1, 2)]);
    let (key, first) = lanes.try_take().expect("deal 1");
    assert!(lanes.take_next(&key, |_| false).is_none());
    let hold = lanes.hold();
    assert!(lanes.take_next(&key, |_| true).is_none(), "nothing starts");
    drop(hold);
    let second = lanes.take_next(&key, |_| true).expect("it costs little");
    assert_eq!((id_of(&first), second.run.id), (1, RunId(2)));
    assert!(lanes.take_next(&key, |_| true).is_none(), "run 3 costs much");
    assert!(lanes.is_running(RunId(1)) && lanes.is_running(RunId(2)));
    lanes.done(key.clone(), &first);
    let other = lanes.try_take().expect("deal 2");
    assert_eq!(id_of(&other.1), 4, "deal 1 is still being worked on");
    lanes.done(key, &Task::Run(second));
    lanes.done(other.0, &other.1);
    assert_eq!(order(&lanes), [3]);
    assert_eq!(lanes.open_count(), 0);
}

#[test]
fn run_by_hand_and_the_first_run_of_an_attachment_are_not_taken_past_others() {
    let lanes = Lanes::new(8);
    seen(&lanes, [(1, 100)]);
    lanes.push([run(1, 1, 1), run(2, 2, 1), run(3, 1, 2), run_by_hand(4, 1, 2)]);
    for _ in 0..2 {
        let (key, task) = lanes.try_take().expect("one of each deal");
        assert!(lanes.take_next(&key, |_| true).is_none(), "{key:?}");
        lanes.done(key, &task);
    }
}

/// 200 robots loop for 0.2 s each, on thousands of deals; ten healthy ones have a deal now and then.
#[test]
fn healthy_robots_wait_for_a_bounded_number_of_turns_beside_200_that_loop() {
    const WORKERS: u32 = 64;
    const LOOPING: i64 = 200;
    let lanes = Lanes::new(WORKERS);
    let mut next_id = 0;
    let mut new = |attachment, deal| {
        next_id += 1;
        run(next_id, attachment, deal)
    };
    for deal in 0..20 {
        lanes.push((0..LOOPING).map(|robot| new(robot, deal * LOOPING + robot)));
    }
    let mut busy: VecDeque<(LaneKey, Task)> = VecDeque::new();
    let (mut waits, mut pushed_at, mut looping_busy_max) = (Vec::new(), HashMap::new(), 0);
    for turn in 0..4_000_usize {
        if turn >= 1_000 && turn.is_multiple_of(10) {
            let healthy = LOOPING + (turn as i64 / 10) % 10;
            let (key, task) = new(healthy, 1_000_000 + turn as i64);
            pushed_at.insert(id_of(&task), turn);
            lanes.push([(key, task)]);
        }
        while let Some((key, task)) = lanes.try_take() {
            if let Some(at) = pushed_at.remove(&id_of(&task)) {
                waits.push(turn - at);
            }
            busy.push_back((key, task));
        }
        let is_looping = |task: &Task| matches!(task, Task::Run(ready) if ready.run.attachment.0 < LOOPING);
        let looping_busy = busy.iter().filter(|(_, task)| is_looping(task)).count();
        if turn >= 1_000 {
            looping_busy_max = looping_busy_max.max(looping_busy);
        }
        // One of those at work ends in each turn, the longest first.
        if let Some((key, task)) = busy.pop_front() {
            if let (true, Task::Run(ready)) = (is_looping(&task), &task) {
                lanes.spent(&ready.run, 200_000);
            }
            lanes.done(key, &task);
        }
    }
    assert_eq!((waits.len(), pushed_at.len()), (300, 0));
    assert!(waits.iter().all(|wait| *wait == 0), "{waits:?}");
    assert!(looping_busy_max <= WORKERS as usize / 16, "{looping_busy_max}");
}
