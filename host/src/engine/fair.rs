//! Who is next, when many have work: start-time fair queueing over flows. A flow is an attachment, or the intake.
//!
//! Each flow has a tag: the virtual time at which its next piece of work begins. The least tag is served, and moves on
//! by the cost of the work divided by the flow's weight; a flow that comes back begins at the present virtual time.
//! So flows that always have work get shares in the ratio of their weights, and one that has little work gets its turn
//! nearly at once, whatever the others do (Goyal, Vin, Cheng: Start-time Fair Queueing, 1996).
//!
//! Pure: no clock and no randomness. The same calls give the same order on each machine.

use std::collections::{BTreeMap, HashMap};
use std::mem;

use signalbox_crm::ids::AttachmentId;

pub use self::classes::classes;
use self::gates::Gates;
pub use self::gates::{Class, Gate};

mod classes;
mod gates;
#[cfg(test)]
mod tests;

/// What shares the workers with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Flow {
    /// Runs that a person has started: before all others, up to a bound.
    ByHand(AttachmentId),
    /// What providers send, of all channels.
    Intake,
    /// Runs of an attachment.
    Runs(AttachmentId),
}

/// What a flow weighs unless somebody says otherwise.
pub const WEIGHT_DEFAULT: u32 = 1;
/// The intake counts as much as eight attachments: clients wait for it, and a provider that waits sends once more.
const WEIGHT_OF_INTAKE: u32 = 8;
/// Runs by hand in a row while others wait: the rest keeps a sixteenth of the turns.
const BY_HAND_IN_A_ROW_MAX: u32 = 15;
/// Flows that are remembered while nothing waits; all are forgotten beyond.
const FLOWS_MAX: usize = 10_000;
/// Virtual time for one unit of cost at weight 1: room for weights.
const SCALE: u64 = 1_000;

/// Where a flow stands among others: by its tag, then by who came first.
type Key = (u64, u64);

/// What was begun, to be handed back at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// The flow that it belongs to.
    pub flow: Flow,
    estimate: u64,
    gates: Vec<Gate>,
}

/// Lanes that wait for a turn.
#[derive(Debug)]
pub struct FairQueue<L> {
    flows: HashMap<Flow, FlowState<L>>,
    by_hand: Level,
    others: Level,
    by_hand_in_a_row: u32,
    gates: Gates,
    next_ticket: u64,
    /// Grows whenever nothing waits or is under way: tags of an earlier time mean nothing then.
    period: u64,
}

/// Flows that may be next, and their virtual time.
#[derive(Debug, Default)]
struct Level {
    ready: BTreeMap<Key, Flow>,
    time: u64,
}

#[derive(Debug)]
struct FlowState<L> {
    period: u64,
    tag: u64,
    /// The mean cost of recent work; none before the first has ended.
    mean: Option<u64>,
    waiting: BTreeMap<u64, L>,
    place: Place,
}

/// In which list the flow's key is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Nowhere,
    Ready(Key),
    Parked(Gate, Key),
}

impl<L> FairQueue<L> {
    /// An empty queue for this many workers.
    pub fn new(worker_count: u32) -> Self {
        FairQueue {
            flows: HashMap::new(),
            by_hand: Level::default(),
            others: Level::default(),
            by_hand_in_a_row: 0,
            gates: Gates::new(worker_count),
            next_ticket: 0,
            period: 0,
        }
    }

    /// Lines a lane up behind the others of its flow. The ticket takes it out again.
    pub fn push(&mut self, flow: Flow, lane: L) -> u64 {
        self.next_ticket += 1;
        let ticket = self.next_ticket;
        let period = self.period;
        let state = self.flows.entry(flow).or_insert_with(|| FlowState::new(period));
        if state.period != period {
            (state.period, state.tag) = (period, 0);
        }
        state.waiting.insert(ticket, lane);
        if state.waiting.len() == 1 {
            self.make_ready(flow);
        }
        ticket
    }

    /// Takes a lane out that is not to have a turn any more.
    pub fn remove(&mut self, flow: Flow, ticket: u64) -> Option<L> {
        let state = self.flows.get_mut(&flow)?;
        let lane = state.waiting.remove(&ticket)?;
        self.displace(flow);
        self.make_ready(flow);
        // It may have been let in front of others that can pass a gate now.
        for gate in self.gates_of(flow) {
            self.let_one_in(&gate);
        }
        Some(lane)
    }

    /// The lane whose turn it is. None when nothing waits, or whatever waits is held by a gate.
    pub fn take(&mut self) -> Option<(Begun, L)> {
        while let Some((key, flow)) = self.first() {
            let gates = self.gates_of(flow);
            match gates.iter().find(|gate| self.gates.is_closed(gate)).cloned() {
                Some(closed) => self.park(flow, key, closed, &gates),
                None => return self.begin(flow, key, gates),
            }
        }
        None
    }

    /// Begins work of a flow past the others, beside work that is under way. Its flow pays for it as always. None
    /// unless it is known to cost little, and nothing holds it back.
    pub fn begin_beside(&mut self, flow: Flow) -> Option<Begun> {
        let state = self.flows.get(&flow)?;
        let estimate = state.mean.filter(|mean| *mean <= gates::COST_ASSUMED_US)?;
        let gates = self.gates_of(flow);
        let is_held = matches!(state.place, Place::Parked(..));
        if is_held || gates.iter().any(|gate| self.gates.is_closed(gate)) {
            return None;
        }
        for gate in &gates {
            self.gates.enter(gate);
        }
        let weight = self.weight(flow);
        let (now, period) = (self.level(flow).time, self.period);
        self.displace(flow);
        if let Some(state) = self.flows.get_mut(&flow) {
            if state.period != period {
                (state.period, state.tag) = (period, 0);
            }
            state.tag = state.tag.max(now) + advance(estimate, weight);
        }
        self.make_ready(flow);
        Some(Begun {
            flow,
            estimate,
            gates,
        })
    }

    /// The work has ended, and this is what it cost.
    pub fn end(&mut self, begun: &Begun, cost: u64) {
        for gate in &begun.gates {
            self.gates.leave(gate);
        }
        let flow = begun.flow;
        let weight = self.weight(flow);
        let mut passed = self.gates_of(flow);
        self.displace(flow);
        if let Some(state) = self.flows.get_mut(&flow) {
            state.tag = (state.tag + advance(cost, weight)).saturating_sub(advance(begun.estimate, weight));
            state.mean = Some(state.mean.map_or(cost, |mean| (mean * 7 + cost) / 8));
        }
        self.make_ready(flow);
        // It may count as cheap now, and not go through the gate that had let it in.
        passed.extend(begun.gates.iter().cloned());
        for gate in &passed {
            self.let_one_in(gate);
        }
    }

    /// What holds for attachments from now on.
    pub fn set_classes(&mut self, classes: HashMap<AttachmentId, Class>) {
        for flow in self.gates.set_classes(classes) {
            self.displace(flow);
            self.make_ready(flow);
        }
    }

    /// Nothing waits and nothing is under way: what flows have used is forgotten, what their work costs is not.
    pub fn rest(&mut self) {
        self.period += 1;
        self.by_hand.time = 0;
        self.others.time = 0;
        self.by_hand_in_a_row = 0;
        if self.flows.len() > FLOWS_MAX {
            self.flows.clear();
        }
    }

    /// Whether a flow is there that may have a turn.
    pub fn has_ready(&self) -> bool {
        !self.by_hand.ready.is_empty() || !self.others.ready.is_empty()
    }

    /// The gate that holds a flow back.
    pub fn held_by(&self, flow: Flow) -> Option<(Gate, usize)> {
        match &self.flows.get(&flow)?.place {
            Place::Parked(gate, _) => Some((gate.clone(), self.gates.count_max(gate))),
            Place::Ready(_) | Place::Nowhere => None,
        }
    }

    /// Flows with work, and how many lanes of each wait for a turn.
    pub fn waiting(&self) -> impl Iterator<Item = (Flow, usize)> {
        let flows = self.flows.iter();
        flows.filter_map(|(flow, state)| (!state.waiting.is_empty()).then_some((*flow, state.waiting.len())))
    }

    /// Runs by hand come first, as long as others get a turn now and then.
    fn first(&self) -> Option<(Key, Flow)> {
        let first_of = |level: &Level| level.ready.first_key_value().map(|(key, flow)| (*key, *flow));
        let (by_hand, other) = (first_of(&self.by_hand), first_of(&self.others));
        if self.by_hand_in_a_row >= BY_HAND_IN_A_ROW_MAX {
            other.or(by_hand)
        } else {
            by_hand.or(other)
        }
    }

    fn begin(&mut self, flow: Flow, key: Key, gates: Vec<Gate>) -> Option<(Begun, L)> {
        let weight = self.weight(flow);
        let level = self.level(flow);
        level.ready.remove(&key);
        level.time = level.time.max(key.0);
        let is_by_hand = matches!(flow, Flow::ByHand(_));
        self.by_hand_in_a_row = if is_by_hand { self.by_hand_in_a_row + 1 } else { 0 };
        for gate in &gates {
            self.gates.enter(gate);
        }
        let state = self.flows.get_mut(&flow)?;
        state.place = Place::Nowhere;
        let (_, lane) = state.waiting.pop_first()?;
        let estimate = state.mean.unwrap_or(gates::COST_ASSUMED_US);
        state.tag = key.0 + advance(estimate, weight);
        self.make_ready(flow);
        let begun = Begun {
            flow,
            estimate,
            gates,
        };
        Some((begun, lane))
    }

    /// Puts the flow among those that may be next, if it has work and is in no list.
    fn make_ready(&mut self, flow: Flow) {
        let now = self.level(flow).time;
        let Some(state) = self.flows.get_mut(&flow) else {
            return;
        };
        let Some(ticket) = state.waiting.keys().next().copied() else {
            return;
        };
        if state.place != Place::Nowhere {
            return;
        }
        // What it has used counts for ever, what it has not used is lost.
        state.tag = state.tag.max(now);
        let key = (state.tag, ticket);
        state.place = Place::Ready(key);
        self.level(flow).ready.insert(key, flow);
    }

    /// Takes the flow out of the list that it is in.
    fn displace(&mut self, flow: Flow) {
        let Some(state) = self.flows.get_mut(&flow) else {
            return;
        };
        match mem::replace(&mut state.place, Place::Nowhere) {
            Place::Nowhere => {}
            Place::Ready(key) => {
                self.level(flow).ready.remove(&key);
            }
            Place::Parked(gate, key) => self.gates.unpark(&gate, key, flow),
        }
    }

    /// A gate is closed for the flow. If another had let it in, the next one behind that gate gets its chance.
    fn park(&mut self, flow: Flow, key: Key, closed: Gate, gates: &[Gate]) {
        self.displace(flow);
        self.gates.park(&closed, key, flow);
        if let Some(state) = self.flows.get_mut(&flow) {
            state.place = Place::Parked(closed.clone(), key);
        }
        for gate in gates.iter().filter(|gate| **gate != closed) {
            self.let_one_in(gate);
        }
    }

    /// The first flow that is parked at a gate may be next, if the gate is open.
    fn let_one_in(&mut self, gate: &Gate) {
        if self.gates.is_closed(gate) {
            return;
        }
        if let Some(flow) = self.gates.first_parked(gate) {
            self.displace(flow);
            self.make_ready(flow);
        }
    }

    fn gates_of(&self, flow: Flow) -> Vec<Gate> {
        let mean = self.flows.get(&flow).and_then(|state| state.mean);
        self.gates.of(flow, mean)
    }

    fn level(&mut self, flow: Flow) -> &mut Level {
        match flow {
            Flow::ByHand(_) => &mut self.by_hand,
            Flow::Intake | Flow::Runs(_) => &mut self.others,
        }
    }

    fn weight(&self, flow: Flow) -> u32 {
        match flow {
            Flow::ByHand(id) | Flow::Runs(id) => self.gates.weight(id),
            Flow::Intake => WEIGHT_OF_INTAKE,
        }
    }
}

impl<L> FlowState<L> {
    fn new(period: u64) -> Self {
        FlowState {
            period,
            tag: 0,
            mean: None,
            waiting: BTreeMap::new(),
            place: Place::Nowhere,
        }
    }
}

/// How far a cost moves a tag on.
fn advance(cost: u64, weight: u32) -> u64 {
    cost.saturating_mul(SCALE) / u64::from(weight.max(1))
}
