//! Gates: how many pieces of work of one kind may be under way at once. Whoever comes to a closed gate is parked there.

use std::collections::{BTreeMap, HashMap};

use signalbox_crm::ids::AttachmentId;

use super::{Flow, Key, WEIGHT_DEFAULT};

/// What work costs that nobody has seen yet, in microseconds: ten times a small robot.
pub(super) const COST_ASSUMED_US: u64 = 1_000;
/// From here on a flow counts as costly, in microseconds: a robot that computes so long is felt by those beside it.
const COSTLY_US: u64 = 50_000;
/// The share of the workers that costly flows get together, and the share of those that nobody has seen yet. The rest
/// is free within a moment, whoever loops.
const COSTLY_SHARE: u32 = 16;
const UNKNOWN_SHARE: u32 = 4;

/// What work has to pass.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Gate {
    /// Of flows whose work costs much.
    Costly,
    /// Of flows of which nothing has ended yet.
    Unknown,
    /// Of all attachments of one robot.
    Robot(String),
    /// Of one attachment.
    Attachment(AttachmentId),
}

/// What holds for the runs of an attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// Its share among others. At least 1.
    pub weight: u32,
    /// Gates with the most that may be under way behind each. At least 1.
    pub gates: Vec<(Gate, usize)>,
}

/// All gates.
#[derive(Debug)]
pub(super) struct Gates {
    classes: HashMap<AttachmentId, Class>,
    gates: HashMap<Gate, State>,
}

#[derive(Debug)]
struct State {
    count_max: usize,
    begun_count: usize,
    /// Runs by hand first, then by tag.
    parked: BTreeMap<(bool, Key), Flow>,
}

impl State {
    fn new(count_max: usize) -> Self {
        State {
            count_max,
            begun_count: 0,
            parked: BTreeMap::new(),
        }
    }
}

impl Gates {
    pub(super) fn new(worker_count: u32) -> Self {
        let share = |share: u32| State::new((worker_count / share).max(1) as usize);
        let gates = [
            (Gate::Costly, share(COSTLY_SHARE)),
            (Gate::Unknown, share(UNKNOWN_SHARE)),
        ];
        Gates {
            classes: HashMap::new(),
            gates: gates.into_iter().collect(),
        }
    }

    /// Changes what holds. Flows that were parked try again.
    pub(super) fn set_classes(&mut self, classes: HashMap<AttachmentId, Class>) -> Vec<Flow> {
        if classes == self.classes {
            return Vec::new();
        }
        let limits: HashMap<&Gate, usize> = classes
            .values()
            .flat_map(|class| class.gates.iter().map(|(gate, max)| (gate, *max)))
            .collect();
        for (gate, state) in &mut self.gates {
            if let Gate::Robot(_) | Gate::Attachment(_) = gate {
                state.count_max = limits.get(gate).copied().unwrap_or(usize::MAX);
            }
        }
        for (gate, max) in limits {
            if !self.gates.contains_key(gate) {
                self.gates.insert(gate.clone(), State::new(max));
            }
        }
        self.gates.retain(|_, state| {
            state.count_max < usize::MAX || state.begun_count > 0 || !state.parked.is_empty()
        });
        self.classes = classes;
        let parked = self.gates.values().flat_map(|state| state.parked.values());
        parked.copied().collect()
    }

    /// The gates that the flow's next work has to pass.
    pub(super) fn of(&self, flow: Flow, mean: Option<u64>) -> Vec<Gate> {
        let (id, by_cost) = match flow {
            Flow::Intake => return Vec::new(),
            Flow::ByHand(id) => (id, None),
            Flow::Runs(id) => match mean {
                None => (id, Some(Gate::Unknown)),
                Some(mean) => (id, (mean >= COSTLY_US).then_some(Gate::Costly)),
            },
        };
        let class = self.classes.get(&id);
        let limits = class.map(|class| class.gates.as_slice()).unwrap_or_default();
        let limits = limits.iter().map(|(gate, _)| gate.clone());
        by_cost.into_iter().chain(limits).collect()
    }

    pub(super) fn weight(&self, id: AttachmentId) -> u32 {
        self.classes.get(&id).map_or(WEIGHT_DEFAULT, |class| class.weight)
    }

    pub(super) fn count_max(&self, gate: &Gate) -> usize {
        self.gates.get(gate).map_or(usize::MAX, |state| state.count_max)
    }

    pub(super) fn is_closed(&self, gate: &Gate) -> bool {
        let state = self.gates.get(gate);
        state.is_some_and(|state| state.begun_count >= state.count_max)
    }

    pub(super) fn enter(&mut self, gate: &Gate) {
        if let Some(state) = self.gates.get_mut(gate) {
            state.begun_count += 1;
        }
    }

    pub(super) fn leave(&mut self, gate: &Gate) {
        if let Some(state) = self.gates.get_mut(gate) {
            state.begun_count -= 1;
        }
    }

    pub(super) fn park(&mut self, gate: &Gate, key: Key, flow: Flow) {
        if let Some(state) = self.gates.get_mut(gate) {
            state.parked.insert(place(flow, key), flow);
        }
    }

    pub(super) fn unpark(&mut self, gate: &Gate, key: Key, flow: Flow) {
        if let Some(state) = self.gates.get_mut(gate) {
            state.parked.remove(&place(flow, key));
        }
    }

    /// The parked flow that is next.
    pub(super) fn first_parked(&self, gate: &Gate) -> Option<Flow> {
        let state = self.gates.get(gate)?;
        state.parked.first_key_value().map(|(_, flow)| *flow)
    }
}

fn place(flow: Flow, key: Key) -> (bool, Key) {
    (!matches!(flow, Flow::ByHand(_)), key)
}
