//! A report in words.

use std::fmt::Write;

use super::Machine;
use super::report::{DealLine, NotifiedRow, Report};

/// How many people are shown under an attachment; the JSON has all.
const PEOPLE_MAX: usize = 5;

/// The report for people.
pub fn report_text(report: &Report) -> String {
    let mut text = String::new();
    let sections: [fn(&Report, &mut String) -> std::fmt::Result; 7] =
        [history, deals, runs, effects, notified, escalations, troubles];
    for section in sections {
        section(report, &mut text).expect("a string takes everything");
    }
    text
}

/// What depends on the machine, for people.
pub fn machine_text(machine: &Machine) -> String {
    format!(
        "{} on {}: {} commits, {} robot runs per second; {} inside robots\n",
        duration(machine.elapsed_ms),
        machine.database,
        machine.commit_count,
        machine.attempts_per_s,
        duration(machine.robots_ms),
    )
}

fn duration(ms: u64) -> String {
    match ms / 1000 {
        0..60 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

fn history(report: &Report, text: &mut String) -> std::fmt::Result {
    let history = &report.history;
    let at = |at: Option<signalbox_crm::time::Timestamp>| at.map_or_else(String::new, |at| at.to_string());
    writeln!(
        text,
        "history     {} cases, {} steps from {} to {}",
        history.case_count,
        history.step_count,
        at(history.first_at),
        at(history.last_at)
    )?;
    writeln!(
        text,
        "            {} moves, {} activities planned, {} completed, by {} people",
        history.move_count, history.planned_count, history.completed_count, history.employee_count
    )
}

fn deals(report: &Report, text: &mut String) -> std::fmt::Result {
    let stages: Vec<String> = report
        .deals
        .iter()
        .map(|row| format!("{} {}", row.stage, row.count))
        .collect();
    let count: i64 = report.deals.iter().map(|row| row.count).sum();
    writeln!(text, "deals       {count}: {}", stages.join(", "))?;
    for (what, title) in [("stage", "moves"), ("assignee", "assigned")] {
        let rows = report.changes.iter().filter(|row| row.what == what);
        let by: Vec<String> = rows.map(|row| format!("{} by {}", row.count, row.by)).collect();
        writeln!(text, "{title:<11} {}", by.join(", "))?;
    }
    for row in &report.unplayed {
        writeln!(text, "\n{}: {} steps of the history", row.kind, row.count)?;
        for (what, count) in &row.by_text {
            writeln!(text, "  {count:>6}  {what}")?;
        }
        lines(&row.first, text)?;
    }
    Ok(())
}

fn lines(first: &[DealLine], text: &mut String) -> std::fmt::Result {
    for line in first {
        let since = line
            .since
            .map_or_else(String::new, |since| format!(", waited since {since}"));
        let words = line
            .text
            .as_deref()
            .map_or_else(String::new, |words| format!("  {words}"));
        writeln!(text, "  {}  {}{since}{words}", line.at, line.deal)?;
    }
    Ok(())
}

fn runs(report: &Report, text: &mut String) -> std::fmt::Result {
    writeln!(
        text,
        "\nruns: {}, {} executions",
        report.run_count(),
        report.attempt_count()
    )?;
    for row in &report.runs {
        let ended: Vec<String> = row
            .ended
            .iter()
            .map(|(how, count)| format!("{how} {count}"))
            .collect();
        writeln!(
            text,
            "  {} ({}): {}  {}",
            row.attachment,
            row.robot,
            row.count,
            ended.join(", ")
        )?;
    }
    Ok(())
}

fn effects(report: &Report, text: &mut String) -> std::fmt::Result {
    writeln!(text, "\neffects")?;
    for row in &report.effects {
        writeln!(text, "  {}: {} {}", row.attachment, row.effect, row.count)?;
    }
    if report.refusals.is_empty() {
        return writeln!(text, "\nno call of a robot was refused");
    }
    writeln!(text, "\nrefused calls")?;
    for row in &report.refusals {
        writeln!(
            text,
            "  {}: {} {} {}",
            row.attachment, row.call, row.code, row.count
        )?;
    }
    Ok(())
}

fn notified(report: &Report, text: &mut String) -> std::fmt::Result {
    writeln!(text, "\nnotified")?;
    let mut rows = report.notified.as_slice();
    while let Some(first) = rows.first() {
        let is_same = |row: &NotifiedRow| row.attachment == first.attachment;
        let (group, rest) = rows.split_at(rows.iter().take_while(|row| is_same(row)).count());
        let total: i64 = group.iter().map(|row| row.count).sum();
        let people: Vec<String> = group
            .iter()
            .take(PEOPLE_MAX)
            .map(|row| format!("{} {}", row.employee, row.count))
            .collect();
        let more = match group.len().saturating_sub(PEOPLE_MAX) {
            0 => String::new(),
            more => format!(", and {more} more people"),
        };
        let name = first
            .attachment
            .as_deref()
            .unwrap_or("the host itself, deadlines");
        writeln!(text, "  {name}: {total}  {}{more}", people.join(", "))?;
        rows = rest;
    }
    Ok(())
}

fn escalations(report: &Report, text: &mut String) -> std::fmt::Result {
    for row in &report.escalations {
        let step = row
            .step
            .as_deref()
            .map_or_else(String::new, |step| format!(" ({step})"));
        writeln!(
            text,
            "\nescalated by {}{step}: {} deals, {} times",
            row.attachment, row.deal_count, row.run_count
        )?;
        lines(&row.first, text)?;
    }
    Ok(())
}

fn troubles(report: &Report, text: &mut String) -> std::fmt::Result {
    for (title, rows) in [
        ("stopped loops", &report.loop_stops),
        ("failures", &report.failures),
    ] {
        if rows.is_empty() {
            writeln!(text, "\nno {title}")?;
            continue;
        }
        writeln!(text, "\n{title}, the first {}", rows.len())?;
        for row in rows {
            let deal = row.deal.as_deref().unwrap_or("-");
            writeln!(
                text,
                "  {}  {}  {}  {}: {}",
                row.at, row.attachment, deal, row.code, row.message
            )?;
        }
    }
    Ok(())
}
