//! What a script returns or throws, as the host understands it.

use boa_engine::object::ObjectInitializer;
use boa_engine::property::Attribute;
use boa_engine::{Context, JsError, JsNativeError, JsObject, JsResult, JsValue, Source, js_string};
use signalbox_sdk::prelude::*;

use crate::HEAD;
use crate::values::{callable, property, string};

/// `done(text)`, `skipped(text)`, a text, or nothing.
pub(crate) fn read(value: &JsValue, engine: &mut Context) -> JsResult<Outcome> {
    if value.is_undefined() {
        return Ok(Outcome::Done(String::new()));
    }
    if let Some(text) = value.as_string() {
        return Ok(Outcome::Done(text.to_std_string_lossy()));
    }
    let tag = property(value, "tag", engine)?;
    let text = property(value, "val", engine)?;
    match (string(&tag).as_deref(), string(&text)) {
        (Some("done"), Some(text)) => Ok(Outcome::Done(text)),
        (Some("skipped"), Some(text)) => Ok(Outcome::Skipped(text)),
        _ => Err(JsNativeError::typ()
            .with_message("a script returns done(text), skipped(text), a text or nothing")
            .into()),
    }
}

/// A `Failure` keeps its code; everything else is an `exception`, with its place where the engine knows it.
pub(crate) fn failure(thrown: &JsError, engine: &mut Context) -> Failure {
    let told = told(&thrown.to_string());
    let value = thrown.clone().into_opaque(engine).unwrap_or_default();
    let mut part = |name: &str| property(&value, name, engine).unwrap_or_default();
    let (code, message, retryable) = (part("code"), part("message"), part("retryable"));
    match (string(&code), string(&message)) {
        (Some(code), Some(message)) => Failure {
            code,
            message,
            retryable: retryable.as_boolean().unwrap_or_default(),
        },
        _ => Failure::new("exception", told),
    }
}

/// The engine's words, with the line of the script where it knows one: it does of calls and `throw`, and of a name that
/// does not exist it only knows where the function begins.
///
/// It writes `TypeError: no (unknown at :3:5)` or `SyntaxError: no at line 3, col 5 (native)`, and below that the calls
/// that are open.
fn told(words: &str) -> String {
    let first = words.lines().next().unwrap_or_default();
    let Some((message, place)) = first.rsplit_once(" (") else {
        return first.to_owned();
    };
    let mut parts = place.trim_end_matches(')').rsplit(':').map(str::parse::<usize>);
    match (parts.next(), parts.next()) {
        (Some(Ok(column)), Some(Ok(line))) if line > 1 || column > HEAD.len() => {
            format!("{message} (line {line})")
        }
        (Some(Ok(_)), Some(Ok(_))) => message.to_owned(),
        _ if place == "native)" => message.to_owned(),
        _ => first.to_owned(),
    }
}

/// What is wrong with a script that cannot be read, with its line and column as the admin sees them.
pub(crate) fn misread(error: &JsError) -> String {
    let words = told(&error.to_string());
    let place = words.rsplit_once(" at line 1, col ");
    let column = place.and_then(|(_, column)| column.parse::<usize>().ok());
    match (place, column) {
        (Some((message, _)), Some(column)) if column > HEAD.len() => {
            format!("{message} at line 1, col {}", column - HEAD.len())
        }
        _ => words,
    }
}

/// What the host refuses, as a `Failure` that a script may catch.
pub(crate) fn refusal(error: &signalbox_sdk::Error, engine: &mut Context) -> JsError {
    match thrown(error, engine) {
        Ok(failure) => JsError::from_opaque(failure.into()),
        Err(broken) => broken,
    }
}

/// An instance of the class of the prelude, which no script can replace.
fn thrown(error: &signalbox_sdk::Error, engine: &mut Context) -> JsResult<JsObject> {
    let class = callable(&engine.eval(Source::from_bytes("Failure"))?)?;
    let mut options = ObjectInitializer::new(engine);
    options.property(js_string!("retryable"), error.retryable, Attribute::all());
    let options = options.build().into();
    let (code, message) = (error.code.as_str(), error.message.as_str());
    let given = [js_string!(code).into(), js_string!(message).into(), options];
    class.construct(&given, None, engine)
}
