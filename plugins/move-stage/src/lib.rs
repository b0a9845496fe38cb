//! Moves the item to a stage.

use signalbox_sdk::prelude::*;

params! {
    struct Params {
        stage: String,
        allow_back: bool,
    }
}

fn run(invocation: Invocation) -> Result<Outcome, Failure> {
    let Params { stage, allow_back } = Params::read()?;
    let item = invocation.require_item()?;
    match stages::move_(item, &stage, allow_back)? {
        stages::MoveResult::Moved => done(format!("moved {item} to {stage}")),
        stages::MoveResult::AlreadyThere => skipped(format!("{item} is in {stage} already")),
    }
}

signalbox_sdk::robot!(run);
