//! Answers a client's message.

use signalbox_sdk::prelude::*;

params! {
    struct Params {
        text: String,
        when: When,
    }

    enum When {
        Always = "always",
        First = "first",
        OffHours = "off-hours",
    }
}

fn run(invocation: Invocation) -> Result<Outcome, Failure> {
    let Params { text, when } = Params::read()?;
    let Cause::MessageReceived(message) = &invocation.cause else {
        return Err(invocation.cause.unexpected());
    };
    if when == When::First && !message.is_first {
        return skipped("not the first message of the conversation");
    }
    if when == When::OffHours && calendar::is_working(clock::now())? {
        return skipped("it is working time");
    }
    messaging::reply(&message.conversation, &text)?;
    done(format!("answered in {}", message.conversation))
}

signalbox_sdk::robot!(run);
