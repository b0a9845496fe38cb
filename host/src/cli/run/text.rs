//! A run in words: why it started, what it asked, what it was told, what came of it.

use std::fmt::{self, Write as _};

use serde_json::Value;

use super::super::output::field;

/// The most of one argument or answer that a line shows, in characters. `--json` has the whole.
const SHOWN_CHARS_MAX: usize = 160;

/// The whole run.
pub(in crate::cli) fn details(details: &Value) -> String {
    let mut text = String::new();
    // Writing into a string does not fail.
    let _ = write(&mut text, details);
    text
}

fn write(out: &mut String, details: &Value) -> fmt::Result {
    let (run, event) = (&details["run"], &details["event"]);
    writeln!(
        out,
        "{}  {}  {}",
        field(run, "id"),
        field(run, "state"),
        field(run, "title")
    )?;
    line(out, "robot", &field(run, "robot"))?;
    line(out, "attachment", &field(run, "attachment"))?;
    line(out, "item", &field(run, "item"))?;
    line(out, "cause", &cause(event))?;
    let reason = [field(run, "reason"), field(run, "detail")];
    line(
        out,
        "reason",
        &reason
            .into_iter()
            .filter(|word| word != "-")
            .collect::<Vec<_>>()
            .join(": "),
    )?;
    line(out, "waits", &field(details, "waits"))?;
    line(out, "due", &field(run, "due_at"))?;
    line(out, "finished", &field(run, "finished_at"))?;
    list(&details["attempts"])
        .iter()
        .try_for_each(|one| attempt(out, one))
}

/// A line with its label; nothing where there is no value.
pub(in crate::cli) fn line(out: &mut String, label: &str, value: &str) -> fmt::Result {
    match value {
        "" | "-" => Ok(()),
        value => writeln!(out, "{label:<11} {value}"),
    }
}

/// `stage-entered at 2026-03-09T14:20:00Z (pipeline:1, stage:3), event:9, depth 1, made by run:4`.
fn cause(event: &Value) -> String {
    let fact = event["fact"].as_object().cloned().unwrap_or_default();
    let named = fact
        .iter()
        .filter(|(key, value)| *key != "kind" && !value.is_null());
    let named: Vec<String> = named
        .map(|(key, value)| format!("{key} {}", short(value)))
        .collect();
    let mut text = format!("{} at {}", field(event, "fact.kind"), field(event, "at"));
    if !named.is_empty() {
        text.push_str(&format!(" ({})", named.join(", ")));
    }
    text.push_str(&format!(
        ", {}, depth {}",
        field(event, "id"),
        field(event, "depth")
    ));
    match event["caused_by"].as_str() {
        Some(by) => format!("{text}, made by {by}"),
        None => text,
    }
}

fn attempt(out: &mut String, attempt: &Value) -> fmt::Result {
    writeln!(
        out,
        "\nattempt {} of {}",
        field(attempt, "number"),
        field(attempt, "robot")
    )?;
    line(out, "  verdict", &verdict(&attempt["verdict"]))?;
    line(out, "  started", &field(attempt, "started_at"))?;
    let cost = format!(
        "{} us, {} fuel, {} bytes of memory",
        field(attempt, "duration_us"),
        field(attempt, "fuel"),
        field(attempt, "memory_bytes")
    );
    line(out, "  used", &cost)?;
    list(&attempt["denied"])
        .iter()
        .try_for_each(|denied| line(out, "  denied", &short(denied)))?;
    calls(out, attempt)?;
    let effects = list(&attempt["effects"]);
    writeln!(out, "  effects ({})", effects.len())?;
    effects
        .iter()
        .try_for_each(|one| writeln!(out, "    {}", effect(one)))
}

/// The host calls with their answers, and the log between them.
pub(in crate::cli) fn calls(out: &mut String, attempt: &Value) -> fmt::Result {
    let calls = list(&attempt["calls"]);
    let logs = list(&attempt["logs"]);
    writeln!(out, "  host calls ({})", calls.len())?;
    for (index, one) in calls.iter().enumerate() {
        log_lines(out, logs, index)?;
        call(out, one)?;
    }
    log_lines(out, logs, calls.len())
}

pub(in crate::cli) fn verdict(verdict: &Value) -> String {
    let word = field(verdict, "verdict");
    match verdict["summary"].as_str() {
        Some("") => word,
        Some(summary) => format!("{word}: {summary}"),
        None => {
            let later = if verdict["retryable"] == true {
                " (may succeed later)"
            } else {
                ""
            };
            format!(
                "{word}: {}: {}{later}",
                field(verdict, "code"),
                field(verdict, "message")
            )
        }
    }
}

fn call(out: &mut String, call: &Value) -> fmt::Result {
    let args: Vec<String> = list(&call["args"]).iter().map(short).collect();
    writeln!(
        out,
        "    {}.{}({})",
        field(call, "interface"),
        field(call, "function"),
        args.join(", ")
    )?;
    let answer = &call["answer"];
    match (answer.get("ok"), answer.get("err")) {
        (Some(Value::Null), _) => writeln!(out, "      ok"),
        (Some(value), _) => writeln!(out, "      ok {}", short(value)),
        (None, Some(error)) => writeln!(
            out,
            "      refused {}: {}",
            field(error, "code"),
            field(error, "message")
        ),
        (None, None) => writeln!(out, "      the run ended inside this call"),
    }
}

/// The lines that the robot wrote before the host call with this number; at the end, all that is left.
fn log_lines(out: &mut String, logs: &[Value], index: usize) -> fmt::Result {
    let is_here = |line: &&Value| line["after_call"].as_u64() == u64::try_from(index).ok();
    logs.iter().filter(is_here).try_for_each(|line| {
        writeln!(
            out,
            "    log {}: {}",
            field(line, "level"),
            field(line, "message")
        )
    })
}

/// `changed deal:17 stage: stage:1 -> stage:2`.
fn effect(effect: &Value) -> String {
    match effect["effect"].as_str() {
        Some("changed") => format!(
            "changed {} {}: {} -> {}",
            field(effect, "subject"),
            field(effect, "what"),
            short(&effect["before"]),
            short(&effect["after"])
        ),
        Some("notified") => format!(
            "notified {}: {}",
            field(effect, "employee"),
            field(effect, "title")
        ),
        Some("commented") => format!("commented {}: {}", field(effect, "item"), field(effect, "text")),
        Some("replied") => format!(
            "replied in {} with {}",
            field(effect, "conversation"),
            field(effect, "message")
        ),
        _ => short(effect),
    }
}

/// The entries of a list; none where there is none.
pub(in crate::cli) fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Texts without quotes, everything else as JSON, cut to one line.
pub(in crate::cli) fn short(value: &Value) -> String {
    let text = match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.replace(['\n', '\r'], " "),
        other => other.to_string(),
    };
    if text.chars().count() <= SHOWN_CHARS_MAX {
        return text;
    }
    text.chars().take(SHOWN_CHARS_MAX).chain("...".chars()).collect()
}

#[cfg(test)]
mod tests;
