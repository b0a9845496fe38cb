//! `signalbox status`: how the host stands.

use std::fmt::{self, Write as _};

use serde_json::Value;

use super::output::field;
use super::{Answer, Failure, Globals};

/// Shows how the host stands: what waits, what is late, what has failed, and what to do
///
/// The exit code is 0 also when there are problems: `--json` has them in `problems`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox status
  signalbox status --json | jq -r '.problems[].text'")]
pub(super) struct Args {}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let status = globals.client()?.get("/status").await?;
        Ok(Answer::new("signalbox.status/1", text(&status)).with_all(status))
    }
}

fn text(status: &Value) -> String {
    let mut text = String::new();
    // Writing into a string does not fail.
    let _ = write(&mut text, status);
    text
}

fn write(out: &mut String, status: &Value) -> fmt::Result {
    let of = |path: &str| field(status, path);
    writeln!(
        out,
        "host        {} since {}, {} workers",
        of("host.version"),
        of("host.started_at"),
        of("host.worker_count")
    )?;
    if let Some(by_s) = status["host"]["clock_step"]["by_s"].as_i64() {
        let at = of("host.clock_step.at");
        writeln!(out, "clock       set by {by_s} s to {at}")?;
    }
    for host in status["hosts"].as_array().into_iter().flatten() {
        let words = ["number", "name", "version", "shards", "lease_s"].map(|key| field(host, key));
        let [number, name, version, shards, lease_s] = words;
        let this = if host["is_this"] == true { ", this one" } else { "" };
        writeln!(
            out,
            "hosts       {number} {name} {version}: {shards} of 256 shards, lease {lease_s} s{this}"
        )?;
    }
    writeln!(out, "database    {}", database(status))?;
    writeln!(
        out,
        "lanes       {} of {} wait or work, {} busy, {} ready",
        of("lanes.backlog"),
        of("lanes.backlog_max"),
        of("lanes.busy"),
        of("lanes.ready")
    )?;
    for row in status["lanes"]["waiting"].as_array().into_iter().flatten() {
        let (id, title, count) = (
            field(row, "attachment"),
            field(row, "title"),
            field(row, "run_count"),
        );
        let held_by = row["held_by"]
            .as_str()
            .map_or(String::new(), |why| format!("; {why}"));
        writeln!(out, "            {count} of {id} ({title}){held_by}")?;
    }
    let at_least = if status["runs"]["is_capped"] == true {
        ", and more"
    } else {
        ""
    };
    writeln!(
        out,
        "runs        {} available, {} scheduled, {} retryable, {} after a previous one{at_least}",
        of("runs.available"),
        of("runs.scheduled"),
        of("runs.retryable"),
        of("runs.after_previous")
    )?;
    for bulk in status["bulk"].as_array().into_iter().flatten() {
        let words = ["id", "seen_count", "matched_count", "refused_count"].map(|key| field(bulk, key));
        writeln!(
            out,
            "bulk        {}: {} of {} items, {} refused",
            words[0], words[1], words[2], words[3]
        )?;
    }
    match status["runs"]["oldest_due_at"].as_str() {
        Some(at) => writeln!(out, "oldest due  {at}, {} s late", of("runs.late_s"))?,
        None => writeln!(out, "oldest due  none")?,
    }
    let waits = |name: &str| {
        let since = status[name]["oldest_at"].as_str();
        let since = since.map_or(String::new(), |at| format!(", the first since {at}"));
        format!("{} wait{since}", field(&status[name], "waiting"))
    };
    writeln!(out, "outbox      {}", waits("outbox"))?;
    writeln!(out, "requests    {}", waits("requests"))?;
    writeln!(out, "intake      {}", waits("intake"))?;
    writeln!(
        out,
        "dead, 24 h  {} runs, {} deliveries, {} requests, {} webhooks",
        of("runs.discarded_24h"),
        of("outbox.dead_24h"),
        of("requests.dead_24h"),
        of("intake.dead_24h")
    )?;
    let pool = if status["robots"]["is_pooled"] == true {
        ", pooled"
    } else {
        ""
    };
    writeln!(out, "robots      {} loaded{pool}", of("robots.loaded"))?;
    for robot in status["robots"]["paused"].as_array().into_iter().flatten() {
        let words = ["robot", "since", "probe_at"].map(|key| field(robot, key));
        writeln!(
            out,
            "            {} pauses since {}, tries at {}",
            words[0], words[1], words[2]
        )?;
    }
    problems(out, status)
}

fn database(status: &Value) -> String {
    let of = |name: &str| status["database"][name].as_u64();
    let mut text = format!(
        "{}, {}",
        field(status, "database.kind"),
        size(of("size_bytes").unwrap_or(0))
    );
    if let Some(bytes) = of("wal_bytes") {
        let _ = write!(text, ", log {}", size(bytes));
    }
    if let Some(age) = of("oldest_transaction_s") {
        let _ = write!(text, ", oldest transaction {age} s");
    }
    let _ = write!(text, ", {} commits wait", of("commits_waiting").unwrap_or(0));
    text
}

fn size(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

fn problems(out: &mut String, status: &Value) -> fmt::Result {
    let problems = status["problems"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if problems.is_empty() {
        return writeln!(out, "problems    none");
    }
    for problem in problems {
        let words = ["code", "text", "todo"].map(|key| field(problem, key));
        writeln!(out, "problem     {}: {}: {}", words[0], words[1], words[2])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn everything_stands_in_one_line_each() {
        let status = json!({
            "host": {"version": "0.1.0", "started_at": "2026-03-02T11:20:00Z", "worker_count": 64},
            "database": {"kind": "sqlite", "size_bytes": 1_572_864, "wal_bytes": 0, "oldest_transaction_s": null, "commits_waiting": 3},
            "lanes": {"backlog": 90, "backlog_max": 20_000, "busy": 64, "ready": 20, "waiting": [
                {"attachment": "attachment:7", "title": "Flood", "run_count": 26, "held_by": "robot `x` runs 2 at a time"},
            ]},
            "runs": {"available": 90, "scheduled": 5, "retryable": 1, "after_previous": 2, "discarded_24h": 4,
                "oldest_due_at": "2026-03-02T11:19:00Z", "late_s": 60, "is_capped": false},
            "outbox": {"waiting": 1, "oldest_at": "2026-03-02T11:19:30Z", "dead_24h": 0},
            "requests": {"waiting": 2, "oldest_at": "2026-03-02T11:19:40Z", "dead_24h": 1},
            "intake": {"waiting": 0, "oldest_at": null, "dead_24h": 0},
            "robots": {"loaded": 6, "is_pooled": true, "paused": [
                {"robot": "flaky@1.0.0", "since": "2026-03-02T11:20:00Z", "probe_at": "2026-03-02T11:20:30Z"},
            ]},
            "problems": [{"code": "runs-late", "text": "late", "todo": "look"}],
        });
        let expected = "\
host        0.1.0 since 2026-03-02T11:20:00Z, 64 workers
database    sqlite, 1.5 MiB, log 0.0 MiB, 3 commits wait
lanes       90 of 20000 wait or work, 64 busy, 20 ready
            26 of attachment:7 (Flood); robot `x` runs 2 at a time
runs        90 available, 5 scheduled, 1 retryable, 2 after a previous one
oldest due  2026-03-02T11:19:00Z, 60 s late
outbox      1 wait, the first since 2026-03-02T11:19:30Z
requests    2 wait, the first since 2026-03-02T11:19:40Z
intake      0 wait
dead, 24 h  4 runs, 0 deliveries, 1 requests, 0 webhooks
robots      6 loaded, pooled
            flaky@1.0.0 pauses since 2026-03-02T11:20:00Z, tries at 2026-03-02T11:20:30Z
problem     runs-late: late: look
";
        assert_eq!(super::text(&status), expected);
    }
}
