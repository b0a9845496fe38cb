//! Asks a service outside about a deal, and notes its answer.

use signalbox_sdk::prelude::*;

/// The longest answer that is noted, in characters.
const NOTED_MAX: usize = 1_000;

params! {
    struct Params {
        url: String,
        token: String,
    }
}

fn run(invocation: Invocation) -> Result<Outcome, Failure> {
    let Params { url, token } = Params::read()?;
    let item = invocation.require_item()?;
    let Some(answer) = http::answer()? else {
        http::post(url)
            .secret_header("authorization", "Bearer ", token)
            .body(format!("{{\"deal\":\"{item}\"}}"))
            .send()?;
        return done("the warehouse is asked");
    };
    match answer.response() {
        Ok(response) => {
            let text: String = response.body.chars().take(NOTED_MAX).collect();
            timeline::add_comment(item, &format!("The warehouse says: {text}"))?;
            done("its answer is noted")
        }
        Err(failure) => {
            notifications::send(&notifications::NewNotification {
                to: vec!["role:assignee".to_owned()],
                title: "The warehouse does not answer".to_owned(),
                text: failure.message.clone(),
                tag: Some(format!("warehouse:{item}")),
            })?;
            done(failure.message)
        }
    }
}

signalbox_sdk::robot!(run);
