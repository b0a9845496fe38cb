//! A robot that calls functions of the contract from a list, whatever the host answers. `README.md` has the format.

mod call;
mod words;

use signalbox_sdk::prelude::*;

use call::Caller;

params! {
    struct Params {
        script: String,
    }
}

fn run(invocation: Invocation) -> Result<Outcome, Failure> {
    let script = Params::read()?.script;
    match script.as_str() {
        "crash" => panic!("as it was told"),
        "refusal" => return done(items::get("deal:999")?.id),
        _ => {}
    }
    let mut caller = Caller::new(&invocation);
    for line in script.lines().map(str::trim) {
        if !line.is_empty() && !line.starts_with('#') {
            caller.call(line)?;
        }
    }
    done(caller.answers())
}

signalbox_sdk::robot!(run);
