//! Runs a script that an admin has typed: JavaScript, on an engine in this component.
//!
//! The script is the body of a function that is called with the run's invocation. It gets what the attachment was
//! granted, as every robot does, and the limits of a run are around all of it, the engine included.

mod calls;
mod chance;
mod outcome;
mod values;

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::rc::Rc;

use boa_engine::context::time::FixedClock;
use boa_engine::{Context, JsError, JsResult, JsValue, Source};
use signalbox_sdk::prelude::*;

use values::ToScript as _;

params! { struct Params { script: String } }

/// Functions that call each other. The engine says "RangeError" then; its own default is 512.
const DEPTH_MAX: usize = 200;

/// What scripts have besides the contract's functions, as in the SDK for JavaScript.
const PRELUDE: &str = include_str!("prelude.js");

/// What stands before the script: on its first line, so that lines are counted as the admin sees them.
const HEAD: &str = "(function (invocation) { \"use strict\"; ";

thread_local! {
    /// The engine that was made when this component was built. Each run has an instance, and so an engine, of its own.
    static PREPARED: Cell<Option<Context>> = const { Cell::new(None) };
}

/// Makes the engine while this component is built, which is where a run would spend most of its time (`Cargo.toml`).
#[unsafe(no_mangle)]
extern "C" fn prepare() {
    // A build must not go on without it: each run would make its own again.
    PREPARED.set(Some(engine().expect("an engine")));
}

fn run(invocation: Invocation) -> Result<Outcome, Failure> {
    let Params { script } = Params::read()?;
    // Never dropped: what the engine made goes with the instance, at once.
    let mut engine = ManuallyDrop::new(match PREPARED.take() {
        Some(engine) => engine,
        None => engine()?,
    });
    // Before anything is asked of the host: so the host hears of a mistake when the script is saved.
    let function = read(&mut engine, &script)
        .map_err(|error| Failure::new("invalid-param", format!("`script`: {}", outcome::misread(&error))))?;
    let returned = call(&mut engine, &function, &invocation);
    match returned.and_then(|value| outcome::read(&value, &mut engine)) {
        Ok(outcome) => Ok(outcome),
        Err(thrown) => Err(outcome::failure(&thrown, &mut engine)),
    }
}

/// A fresh engine. Its clock stands still at zero: a run's time is `clock.now()`.
fn engine() -> Result<Context, Failure> {
    let broken = |error: JsError| Failure::new("script-engine", error.to_string());
    let mut engine = Context::builder()
        .clock(Rc::new(FixedClock::from_millis(0)))
        .build()
        .map_err(broken)?;
    engine.runtime_limits_mut().set_recursion_limit(DEPTH_MAX);
    calls::offer(&mut engine).map_err(broken)?;
    engine.eval(Source::from_bytes(PRELUDE)).map_err(broken)?;
    Ok(engine)
}

/// Makes a function of the script, and calls nothing of it.
fn read(engine: &mut Context, script: &str) -> JsResult<JsValue> {
    let body = format!("{HEAD}{script}\n}})");
    let function = engine.eval(Source::from_bytes(&body))?;
    values::callable(&function)?;
    Ok(function)
}

fn call(engine: &mut Context, function: &JsValue, invocation: &Invocation) -> JsResult<JsValue> {
    let argument = invocation.to_script(engine);
    let function = values::callable(function)?;
    function.call(&JsValue::undefined(), &[argument], engine)
}

signalbox_sdk::robot!(run);
