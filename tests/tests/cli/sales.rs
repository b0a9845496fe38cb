//! A small pipeline at a running host, and what happens to its deals.

use serde_json::{Value, json};

use super::host::Host;

/// How often a run is looked at before the test gives up: each look starts a program, which takes a while.
const LOOKS_MAX: usize = 500;

/// A pipeline `sales` with the stages `new`, `won` and `paid`, which wants an amount, and a person.
pub(super) fn sales(host: &Host) {
    let title = json!({ "ru": "Продажи", "en": "Sales" });
    let pipeline = json!({ "key": "sales", "title": title, "item_kind": "deal" });
    let pipeline = host.send("POST", "/pipelines", None, &pipeline);
    let path = format!("/pipelines/{}/stages", id_of(&pipeline));
    let stages = [
        ("new", "open", vec![]),
        ("won", "won", vec![]),
        ("paid", "won", vec!["amount"]),
    ];
    for (sort, (key, kind, wants)) in stages.into_iter().enumerate() {
        let title = json!({ "ru": key, "en": key });
        let stage =
            json!({ "key": key, "title": title, "kind": kind, "sort": sort, "required_fields": wants });
        host.send("POST", &path, None, &stage);
    }
    let anna = json!({ "name": "Anna", "email": "anna@example.com", "role": "operator" });
    host.send("POST", "/employees", None, &anna);
}

/// The id of a thing.
pub(super) fn id_of(thing: &Value) -> String {
    thing["id"].as_str().expect("everything has an id").to_owned()
}

fn pipeline(host: &Host) -> Value {
    let listed = host.cli(&["pipeline", "list", "--json"]);
    listed.json("signalbox.pipeline.list/1")["pipelines"][0].clone()
}

/// A new deal in the first stage.
pub(super) fn deal(host: &Host) -> Value {
    let deal = json!({ "title": "Two tractors", "pipeline": pipeline(host)["id"] });
    host.send("POST", "/items", None, &deal)
}

/// Wins a new deal.
pub(super) fn win(host: &Host) -> String {
    let deal = deal(host);
    let (id, won) = (id_of(&deal), pipeline(host)["stages"][1]["id"].clone());
    host.send(
        "POST",
        &format!("/items/{id}/move"),
        deal["version"].as_i64(),
        &json!({ "stage": won }),
    );
    id
}

/// The only run about the item, when it is final.
pub(super) fn final_run(host: &Host, item: &str) -> Value {
    for _ in 0..LOOKS_MAX {
        let listed = host.cli(&["run", "list", "--item", item, "--json"]).with_code(0);
        let runs = listed.json("signalbox.run.list/1");
        let run = &runs["runs"][0];
        if matches!(
            run["state"].as_str(),
            Some("completed" | "discarded" | "cancelled")
        ) {
            return run.clone();
        }
    }
    panic!("no run about {item} became final");
}
