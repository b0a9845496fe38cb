//! Where one deal stands while its history is read.

use std::collections::VecDeque;

use crate::eventlog::mapping::{Mapping, Moves, StageKind};

/// The stage and the open activities of one deal.
pub(super) struct Track<'a> {
    mapping: &'a Mapping,
    stage: usize,
    /// The numbers of the open activities, oldest first, by position in the mapping.
    open: Vec<VecDeque<u32>>,
}

/// What an event does to the deal's stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    Forward,
    Backward,
    /// The deal is there already.
    Reentry,
    /// The pipeline does not follow such moves.
    Refused,
}

impl<'a> Track<'a> {
    /// A new deal, in the first stage.
    pub(super) fn new(mapping: &'a Mapping) -> Self {
        Self {
            mapping,
            stage: 0,
            open: vec![VecDeque::new(); mapping.activities.len()],
        }
    }

    /// Moves the deal where the pipeline's rules let it.
    pub(super) fn enter(&mut self, stage: usize) -> Move {
        let outcome = self.judge(stage);
        match outcome {
            Move::Forward | Move::Backward => self.stage = stage,
            Move::Reentry | Move::Refused => {}
        }
        outcome
    }

    /// Whether an activity of this kind is open.
    pub(super) fn is_open(&self, activity: usize) -> bool {
        !self.open[activity].is_empty()
    }

    /// Opens an activity.
    pub(super) fn plan(&mut self, activity: usize, number: u32) {
        self.open[activity].push_back(number);
    }

    /// Closes the oldest open activity of this kind.
    pub(super) fn complete(&mut self, activity: usize) -> Option<u32> {
        self.open[activity].pop_front()
    }

    fn judge(&self, stage: usize) -> Move {
        let [from, to] = [self.stage, stage].map(|index| self.mapping.stages[index].kind);
        let pipeline = &self.mapping.pipeline;
        if stage == self.stage {
            return Move::Reentry;
        }
        let (is_backward, rule) = match (from, to) {
            (StageKind::Open, StageKind::Open) if stage < self.stage => (true, pipeline.backward),
            (StageKind::Open, StageKind::Open | StageKind::Won | StageKind::Lost) => (false, Moves::Follow),
            (StageKind::Won | StageKind::Lost, StageKind::Open) => (true, pipeline.reopen),
            (StageKind::Won | StageKind::Lost, StageKind::Won | StageKind::Lost) => (false, pipeline.reopen),
        };
        match (rule, is_backward) {
            (Moves::Ignore, _) => Move::Refused,
            (Moves::Follow, true) => Move::Backward,
            (Moves::Follow, false) => Move::Forward,
        }
    }
}
