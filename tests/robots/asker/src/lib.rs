//! A robot that asks a service once, and is told once what came of it: the tests count both.

use signalbox_sdk::prelude::*;

/// Few, so that some requests are given up.
const ATTEMPTS: u32 = 3;

params! {
    struct Params {
        url: String,
        one_in: i32,
    }
}

fn run(invocation: Invocation) -> Result<Outcome, Failure> {
    let Params { url, one_in } = Params::read()?;
    let item = invocation.require_item()?;
    let Some(answer) = http::answer()? else {
        let title = items::get(item)?.title;
        let number = item.rsplit(':').next().and_then(|number| number.parse().ok());
        if number.unwrap_or(0_i64) % i64::from(one_in) != 0 {
            return done("not about this one");
        }
        http::post(url)
            .body(&invocation.run)
            .payload(&invocation.run)
            .attempts(ATTEMPTS)
            .send()?;
        return done(format!("asked about {title}"));
    };
    let said = match (&answer.response, &answer.problem) {
        (Some(response), _) => response.body.clone(),
        (None, problem) => problem.clone().unwrap_or_default(),
    };
    timeline::add_comment(item, &format!("{} said: {said}", answer.payload))?;
    done("noted")
}

signalbox_sdk::robot!(run);
