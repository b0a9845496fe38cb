//! A dry run in words.

use std::fmt::{self, Write as _};

use serde_json::Value;

use super::super::output::field;
use super::super::run::text::{calls, line, list, short, verdict};

/// The whole answer.
pub(super) fn tried(tried: &Value) -> String {
    let mut text = String::new();
    // Writing into a string does not fail.
    let _ = write(&mut text, tried);
    text
}

fn write(out: &mut String, tried: &Value) -> fmt::Result {
    let starts = match (tried["starts"] == true, tried["at"] == tried["due_at"]) {
        (true, true) => "would start at once".to_owned(),
        (true, false) => format!("would start at {}", field(tried, "due_at")),
        (false, _) => "would not start".to_owned(),
    };
    let name = [field(tried, "attachment"), field(tried, "title")].join("  ");
    writeln!(out, "{name}  {starts}")?;
    line(out, "robot", &field(tried, "robot"))?;
    line(out, "item", &field(tried, "item"))?;
    line(out, "cause", &field(tried, "cause.kind"))?;
    list(&tried["points"])
        .iter()
        .try_for_each(|one| point(out, one))?;
    if tried["verdict"].is_null() {
        return writeln!(
            out,
            "\nIt was not executed; --regardless shows what it would do if it started"
        );
    }
    writeln!(out)?;
    line(out, "verdict", &verdict(tried))?;
    execution(out, &tried["execution"])?;
    changes(out, tried)
}

/// `+` for, `-` against, `~` waits, `?` taken as if.
fn point(out: &mut String, point: &Value) -> fmt::Result {
    let mark = match point["bearing"].as_str() {
        Some("against") => '-',
        Some("waits") => '~',
        Some("assumed") => '?',
        _ => '+',
    };
    writeln!(out, "  {mark} {}", short(&point["text"]))
}

fn execution(out: &mut String, execution: &Value) -> fmt::Result {
    if execution.is_null() {
        return Ok(());
    }
    let [fuel, memory, calls_made] = [
        field(execution, "fuel"),
        field(execution, "memory_bytes"),
        list(&execution["calls"]).len().to_string(),
    ];
    let used = format!("{calls_made} host calls, {fuel} fuel, {memory} bytes of memory");
    line(out, "used", &used)?;
    list(&execution["denied"])
        .iter()
        .try_for_each(|denied| line(out, "denied", &short(denied)))?;
    calls(out, execution)
}

fn changes(out: &mut String, tried: &Value) -> fmt::Result {
    let effects = list(&tried["effects"]);
    writeln!(out, "  it would ({})", effects.len())?;
    effects
        .iter()
        .try_for_each(|effect| writeln!(out, "    {}", short(&effect["text"])))?;
    for run in list(&tried["cancels"]) {
        let (id, title) = (field(run, "run"), field(run, "title"));
        writeln!(
            out,
            "    cancel {id} ({title}), because the item leaves its stage"
        )?;
    }
    for event in list(&tried["events"]) {
        let (kind, item) = (field(event, "kind"), field(event, "item"));
        let starts = list(&event["starts"]);
        if starts.is_empty() {
            continue;
        }
        writeln!(out, "  then {kind} of {item} starts")?;
        starts.iter().try_for_each(|started| start(out, started))?;
    }
    Ok(())
}

fn start(out: &mut String, started: &Value) -> fmt::Result {
    let words = ["attachment", "title", "state", "reason", "detail", "due_at"].map(|key| field(started, key));
    let words: Vec<String> = words.into_iter().filter(|word| word != "-").collect();
    writeln!(out, "    {}", words.join("  "))
}
