use std::collections::{HashMap, VecDeque};

use proptest::prelude::*;
use signalbox_crm::ids::AttachmentId;

use super::*;

fn runs(id: i64) -> Flow {
    Flow::Runs(AttachmentId(id))
}

fn by_hand(id: i64) -> Flow {
    Flow::ByHand(AttachmentId(id))
}

/// Takes one, ends it at this cost, and says whose it was.
fn turn(queue: &mut FairQueue<u32>, cost: u64) -> Option<Flow> {
    let (begun, _) = queue.take()?;
    queue.end(&begun, cost);
    Some(begun.flow)
}

/// Lets each flow finish one piece of work, so that its cost is known.
fn seen(queue: &mut FairQueue<u32>, flow: Flow, cost: u64) {
    queue.push(flow, 0);
    let (begun, _) = queue.take().expect("it waits alone");
    assert_eq!(begun.flow, flow);
    queue.end(&begun, cost);
    queue.rest();
}

#[test]
fn flow_pays_for_what_it_begins_past_the_others_and_no_gate_lets_more_through() {
    let mut queue = FairQueue::new(4);
    let gate = (Gate::Attachment(AttachmentId(1)), 1);
    let class = Class {
        weight: 1,
        gates: vec![gate],
    };
    queue.set_classes(HashMap::from([(AttachmentId(1), class)]));
    assert_eq!(queue.begin_beside(runs(1)), None, "nobody knows its cost");
    seen(&mut queue, runs(1), 500);
    seen(&mut queue, runs(2), 500);
    seen(&mut queue, runs(3), 1_001);
    assert_eq!(queue.begin_beside(runs(3)), None, "it costs much");
    let beside = queue.begin_beside(runs(1)).expect("the gate is open");
    assert_eq!(queue.begin_beside(runs(1)), None, "the gate is closed");
    queue.push(runs(1), 1);
    queue.push(runs(2), 2);
    queue.push(runs(2), 3);
    assert_eq!(turn(&mut queue, 500), Some(runs(2)));
    queue.end(&beside, 500);
    // Both have had one turn.
    assert_eq!(turn(&mut queue, 500), Some(runs(1)));
    assert_eq!(turn(&mut queue, 500), Some(runs(2)));
}

#[test]
fn lanes_of_one_flow_have_their_turn_in_the_order_in_which_they_came() {
    let mut queue = FairQueue::new(1);
    let tickets: Vec<u64> = (0..4).map(|lane| queue.push(runs(1), lane)).collect();
    assert_eq!(queue.remove(runs(1), tickets[1]), Some(1));
    assert_eq!(queue.remove(runs(1), tickets[1]), None);
    let order: Vec<u32> = std::iter::from_fn(|| {
        let (begun, lane) = queue.take()?;
        queue.end(&begun, 100);
        Some(lane)
    })
    .collect();
    assert_eq!(order, [0, 2, 3]);
}

#[test]
fn newcomer_waits_for_one_turn_of_each_other_at_most_however_much_they_have() {
    let mut queue = FairQueue::new(1);
    for flow in 0..20 {
        for lane in 0..100 {
            queue.push(runs(flow), lane);
        }
    }
    for _ in 0..137 {
        turn(&mut queue, 100);
    }
    queue.push(runs(99), 0);
    let waited = (0..)
        .take_while(|_| turn(&mut queue, 100) != Some(runs(99)))
        .count();
    assert!(waited <= 20, "{waited}");
}

#[test]
fn flow_that_costs_a_hundred_times_as_much_gets_a_hundredth_of_the_turns() {
    let mut queue = FairQueue::new(1);
    for lane in 0..1_000 {
        queue.push(runs(1), lane);
        queue.push(runs(2), lane);
    }
    let cost = |flow| if flow == runs(1) { 10_000 } else { 100 };
    let mut turns = HashMap::new();
    for _ in 0..505 {
        let (begun, _) = queue.take().expect("both have work");
        queue.end(&begun, cost(begun.flow));
        *turns.entry(begun.flow).or_insert(0) += 1;
    }
    assert!((4..=8).contains(&turns[&runs(1)]), "{turns:?}");
}

#[test]
fn runs_by_hand_come_first_and_leave_a_sixteenth() {
    let mut queue = FairQueue::new(1);
    for lane in 0..40 {
        queue.push(runs(1), lane);
        queue.push(by_hand(2), lane);
    }
    let order: Vec<bool> = (0..32)
        .map(|_| turn(&mut queue, 100) == Some(by_hand(2)))
        .collect();
    let others = order.iter().filter(|is_by_hand| !**is_by_hand).count();
    assert_eq!((order[0], others), (true, 2), "{order:?}");
}

#[test]
fn costly_flows_get_a_sixteenth_of_the_workers_together() {
    let mut queue = FairQueue::new(64);
    for flow in 0..200 {
        seen(&mut queue, runs(flow), 200_000);
    }
    for flow in 0..200 {
        queue.push(runs(flow), 0);
    }
    let begun: Vec<Begun> = std::iter::from_fn(|| queue.take().map(|(begun, _)| begun)).collect();
    assert_eq!(begun.len(), 4);
    assert!(matches!(queue.held_by(runs(150)), Some((Gate::Costly, 4))));
    seen_beside(&mut queue, runs(500));
    queue.end(&begun[0], 200_000);
    assert!(queue.take().is_some() && queue.take().is_none());
}

/// A flow that nobody has seen yet goes in beside them.
fn seen_beside(queue: &mut FairQueue<u32>, flow: Flow) {
    queue.push(flow, 0);
    assert_eq!(queue.take().map(|(begun, _)| begun.flow), Some(flow));
}

#[test]
fn robot_with_a_limit_is_executed_so_often_at_once_over_all_its_attachments() {
    let mut queue = FairQueue::new(64);
    let class = |weight| Class {
        weight,
        gates: vec![(Gate::Robot("slow".to_owned()), 2)],
    };
    let classes = |count| (0..count).map(|id| (AttachmentId(id), class(1))).collect();
    queue.set_classes(classes(5));
    for id in 0..5 {
        seen(&mut queue, runs(id), 100);
    }
    for id in 0..5 {
        queue.push(runs(id), 0);
        queue.push(by_hand(id), 1);
    }
    let first = queue.take().expect("the first").0;
    let second = queue.take().expect("the second").0;
    assert!(queue.take().is_none());
    assert_eq!((first.flow, second.flow), (by_hand(0), by_hand(1)));
    queue.end(&first, 100);
    assert_eq!(queue.take().map(|(begun, _)| begun.flow), Some(by_hand(2)));
    assert!(queue.take().is_none());
    // Without the limit everything may go on.
    queue.set_classes(HashMap::new());
    let rest = std::iter::from_fn(|| queue.take()).count();
    assert_eq!(rest, 7);
}

/// What a test does with a queue.
#[derive(Debug, Clone)]
enum Act {
    Push { flow: usize },
    Remove { nth: usize },
    Take,
    End { nth: usize, cost: u64 },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (0..FLOWS.len()).prop_map(|flow| Act::Push { flow }),
        1 => any::<usize>().prop_map(|nth| Act::Remove { nth }),
        4 => Just(Act::Take),
        3 => (any::<usize>(), prop_oneof![Just(100), Just(3_000), Just(400_000)])
            .prop_map(|(nth, cost)| Act::End { nth, cost }),
    ];
    prop::collection::vec(act, 1..200)
}

const FLOWS: [Flow; 7] = [
    Flow::Intake,
    Flow::ByHand(AttachmentId(1)),
    Flow::Runs(AttachmentId(1)),
    Flow::Runs(AttachmentId(2)),
    Flow::Runs(AttachmentId(3)),
    Flow::Runs(AttachmentId(4)),
    Flow::Runs(AttachmentId(5)),
];

/// Attachments 1 and 2 are of one robot; 2 and 3 have limits of their own.
fn limited() -> HashMap<AttachmentId, Class> {
    let robot = || (Gate::Robot("one".to_owned()), 2);
    let own = |id, max| (Gate::Attachment(AttachmentId(id)), max);
    let classes = [
        (1, vec![robot()]),
        (2, vec![robot(), own(2, 1)]),
        (3, vec![own(3, 1)]),
    ];
    let class = |(id, gates)| (AttachmentId(id), Class { weight: 1, gates });
    classes.into_iter().map(class).collect()
}

proptest! {
    /// Whatever happens, work that no closed gate holds gets its turn, each lane once, in the order of its flow.
    #[test]
    fn nothing_is_lost_doubled_or_forgotten_at_a_gate(acts in acts(), workers in 1_u32..9) {
        let mut queue = FairQueue::new(workers);
        queue.set_classes(limited());
        let mut waiting: HashMap<Flow, VecDeque<(u64, u32)>> = HashMap::new();
        let mut begun: Vec<Begun> = Vec::new();
        let mut next_lane = 0;
        for act in acts {
            match act {
                Act::Push { flow } => {
                    next_lane += 1;
                    let ticket = queue.push(FLOWS[flow], next_lane);
                    waiting.entry(FLOWS[flow]).or_default().push_back((ticket, next_lane));
                }
                Act::Remove { nth } => {
                    let flow = FLOWS[nth % FLOWS.len()];
                    let lanes = waiting.entry(flow).or_default();
                    if !lanes.is_empty() {
                        let (ticket, lane) = lanes.remove(nth % lanes.len()).unwrap();
                        prop_assert_eq!(queue.remove(flow, ticket), Some(lane));
                    }
                }
                Act::Take => match queue.take() {
                    Some((taken, lane)) => {
                        let first = waiting.get_mut(&taken.flow).and_then(VecDeque::pop_front);
                        prop_assert_eq!(first.map(|(_, lane)| lane), Some(lane));
                        begun.push(taken);
                    }
                    None => for (flow, lanes) in &waiting {
                        let gates = queue.gates_of(*flow);
                        let is_held = gates.iter().any(|gate| queue.gates.is_closed(gate));
                        prop_assert!(lanes.is_empty() || is_held, "{:?} waits for nothing", flow);
                    },
                },
                Act::End { nth, cost } => if !begun.is_empty() {
                    let ended = begun.swap_remove(nth % begun.len());
                    queue.end(&ended, cost);
                },
            }
        }
        // At the end of all work nothing is left.
        while let Some((taken, _)) = queue.take() {
            waiting.get_mut(&taken.flow).and_then(VecDeque::pop_front).unwrap();
            begun.push(taken);
            let ended = begun.swap_remove(0);
            queue.end(&ended, 100);
        }
        for ended in std::mem::take(&mut begun) {
            queue.end(&ended, 100);
        }
        while let Some((taken, _)) = queue.take() {
            waiting.get_mut(&taken.flow).and_then(VecDeque::pop_front).unwrap();
            queue.end(&taken, 100);
        }
        prop_assert!(waiting.values().all(VecDeque::is_empty), "{:?}", waiting);
    }

    /// Flows that always have work: after any number of turns, what two of them have got, divided by their weights,
    /// differs by no more than the largest piece of each (the theorem of start-time fair queueing).
    #[test]
    fn shares_are_in_the_ratio_of_weights(
        weights in prop::collection::vec(1_u32..10, 2..6),
        costs in prop::collection::vec(100_u64..5_000, 50..400),
    ) {
        let mut queue = FairQueue::new(1);
        let class = |(id, weight): (usize, &u32)| {
            (AttachmentId(id as i64), Class { weight: *weight, gates: Vec::new() })
        };
        queue.set_classes(weights.iter().enumerate().map(class).collect());
        for id in 0..weights.len() {
            for lane in 0..costs.len() as u32 {
                queue.push(runs(id as i64), lane);
            }
        }
        let mut got = vec![0_u64; weights.len()];
        let largest = *costs.iter().max().unwrap();
        for cost in costs {
            let (begun, _) = queue.take().unwrap();
            let Flow::Runs(AttachmentId(id)) = begun.flow else { unreachable!() };
            queue.end(&begun, cost);
            got[id as usize] += cost;
        }
        for (a, wa) in got.iter().zip(&weights) {
            for (b, wb) in got.iter().zip(&weights) {
                let bound = largest as f64 / f64::from(*wa) + largest as f64 / f64::from(*wb);
                let apart = *a as f64 / f64::from(*wa) - *b as f64 / f64::from(*wb);
                prop_assert!(apart.abs() <= bound + 1.0, "{:?} {:?}", got, weights);
            }
        }
    }
}
