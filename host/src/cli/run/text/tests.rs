use serde_json::json;

use super::*;

#[test]
fn run_is_told_from_cause_to_effects() {
    let run = json!({
        "run": {
            "id": "run:5", "state": "completed", "reason": null, "detail": null, "attachment": "attachment:2",
            "title": "Won", "robot": "notify@0.1.0", "item": "deal:17", "due_at": "2026-03-09T14:20:00Z",
            "finished_at": "2026-03-09T14:20:01Z", "attempt_count": 1,
        },
        "event": {
            "id": "event:9", "fact": {"kind": "stage-entered", "pipeline": "pipeline:1", "stage": "stage:3", "from": null},
            "item": "deal:17", "root": "event:8", "depth": 1, "caused_by": "run:4", "at": "2026-03-09T14:20:00Z",
        },
        "attempts": [{
            "number": 1, "robot": "notify@0.1.0", "verdict": {"verdict": "done", "summary": "told 1 person"},
            "started_at": "2026-03-09T14:20:00Z", "duration_us": 240, "fuel": 9000, "memory_bytes": 65536,
            "calls": [
                {"interface": "items", "function": "get", "args": ["deal:17"], "answer": {"ok": {"title": "x"}}},
                {"interface": "notifications", "function": "notify", "args": [["role:head"], "Won"],
                 "answer": {"err": {"code": "no-candidate", "message": "`role:head` is nobody", "retryable": false}}},
            ],
            "denied": ["fields.get: field `budget` is not granted to attachment:2, which has title"],
            "logs": [
                {"level": "info", "message": "hello", "after_call": 0},
                {"level": "warn", "message": "bye", "after_call": 2},
            ],
            "effects": [
                {"effect": "changed", "subject": "deal:17", "what": "stage", "before": null, "after": "stage:3"},
                {"effect": "notified", "employee": "employee:1", "title": "Won"},
            ],
        }],
    });
    let expected = "\
run:5  completed  Won
robot       notify@0.1.0
attachment  attachment:2
item        deal:17
cause       stage-entered at 2026-03-09T14:20:00Z (pipeline pipeline:1, stage stage:3), event:9, depth 1, made by run:4
due         2026-03-09T14:20:00Z
finished    2026-03-09T14:20:01Z

attempt 1 of notify@0.1.0
  verdict   done: told 1 person
  started   2026-03-09T14:20:00Z
  used      240 us, 9000 fuel, 65536 bytes of memory
  denied    fields.get: field `budget` is not granted to attachment:2, which has title
  host calls (2)
    log info: hello
    items.get(deal:17)
      ok {\"title\":\"x\"}
    notifications.notify([\"role:head\"], Won)
      refused no-candidate: `role:head` is nobody
    log warn: bye
  effects (2)
    changed deal:17 stage: - -> stage:3
    notified employee:1: Won
";
    assert_eq!(details(&run), expected);
}

#[test]
fn failure_has_its_code_and_long_values_are_cut() {
    let message = "the robot used up its fuel";
    let failed = json!({"verdict": "failed", "code": "limit.cpu", "message": message, "retryable": false});
    assert_eq!(verdict(&failed), "failed: limit.cpu: the robot used up its fuel");
    assert_eq!(
        short(&json!("я".repeat(200))),
        format!("{}...", "я".repeat(SHOWN_CHARS_MAX))
    );
}
