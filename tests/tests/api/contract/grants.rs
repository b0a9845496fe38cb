//! What an admin grants besides whole interfaces: fields and an audience, and how a denial is seen.

use serde_json::json;

use super::caller::Company;

#[tokio::test]
async fn robot_reads_and_writes_the_fields_that_it_was_granted() {
    let company = Company::new().await;
    company
        .calls("fields.set; $item; note=text:a; size=number:7")
        .await;
    let narrow = json!({"grant_fields": ["note", "amount"]});
    let run = company
        .calls_with(
            narrow,
            "fields.get; $item; note,amount
            fields.get; $item; note,title
            fields.get-all; $item
            fields.set; $item; note=text:b
            fields.set; $item; note=text:c; size=number:8
            item-creation.create; pipeline:1; -; New; -; -; -; -; size=number:1
            item-creation.create; pipeline:1; -; New; -; -; -; -; note=text:x",
        )
        .await;
    assert_eq!(
        run.answers, "ok denied ok ok denied denied ok",
        "{:#}",
        run.details
    );
    let all = json!([{"key": "note", "value": {"Text": "a"}}]);
    assert_eq!(run.answer(3), &all, "what is not granted is not there");
    let attachment = run.details["run"]["attachment"].as_str().unwrap();
    // The run has completed: it is `status` that says that something is missing, until the attachment is changed.
    let problem = || async {
        let status = company.api.get("/status").await.ok(200);
        let problems = status["problems"].as_array().unwrap().clone();
        problems
            .into_iter()
            .find(|problem| problem["code"] == "robot-denied")
    };
    let text = problem().await.expect("a problem")["text"].to_string();
    assert!(
        text.contains(attachment) && text.contains("fields.get: field `title`"),
        "{text}"
    );
    let wider = json!({"grant_fields": []});
    let path = format!("/attachments/{attachment}");
    company.api.change("PATCH", &path, 1, wider).await.ok(200);
    assert_eq!(problem().await, None);
    let denied = |function: &str, key: &str| {
        format!("{function}: field `{key}` is not granted to {attachment}, which has note, amount")
    };
    assert_eq!(
        run.details["attempts"][0]["denied"],
        json!([
            denied("fields.get", "title"),
            denied("fields.set", "size"),
            denied("item-creation.create", "size"),
        ])
    );
}

#[tokio::test]
async fn robot_reaches_its_audience_and_nobody_else() {
    let company = Company::new().await;
    let api = &company.api;
    let person = |name: &str| json!({"name": name, "role": "operator"});
    let boris = api.create("/employees", person("Boris")).await;
    let (anna, client) = (&company.anna, &company.client);
    let script = format!(
        "assignment.assign; $item; {boris}
        assignment.assign; $item; {anna}
        assignment.assign-from-list; $item; {anna},{boris}; even; yes
        assignment.assign-from-list; $item; {anna}; even; yes
        notifications.send; role:assignee; a; b
        notifications.send; {anna},{boris}; a; b
        activities.create; $item; todo; -; -; -; -; {boris}
        activities.create; $item; todo
        item-creation.create; pipeline:1; -; New; {boris}
        item-creation.create; pipeline:1; -; New; {anna}
        contact-editing.create; Olga; -; -; {boris}
        contact-editing.update; {client}; -; -; -; {anna}"
    );
    let run = company
        .calls_with(json!({"grant_audience": [anna]}), &script)
        .await;
    assert_eq!(
        run.answers, "denied ok denied ok ok denied denied ok denied ok denied ok",
        "{:#}",
        run.details
    );
    let denied = run.details["attempts"][0]["denied"].as_array().unwrap();
    let attachment = run.details["run"]["attachment"].as_str().unwrap();
    assert_eq!(
        denied[2],
        format!(
            "notifications.send: `notifications` for {boris} is not granted to {attachment}, whose audience is {anna}"
        )
    );
    assert_eq!(denied.len(), 6);
    // Roles are those of the item at that moment, with what the run itself has changed.
    let roles = json!({"grant_audience": ["role:assignee"]});
    let script = format!("notifications.send; {anna}; a; b\nnotifications.send; {boris}; a; b");
    let run = company.calls_with(roles, &script).await;
    assert_eq!(run.answers, "ok denied");
    // An activity without a name goes to the assignee, who must be in the audience as well.
    let other = json!({"grant_audience": [boris]});
    let run = company.calls_with(other, "activities.create; $item; todo").await;
    assert_eq!(run.answers, "denied");
}

#[tokio::test]
async fn narrowing_is_checked_changed_and_kept_in_the_history() {
    let company = Company::new().await;
    let api = &company.api;
    let body = |fields: &[&str], audience: &[&str]| {
        json!({
            "title": "Caller", "robot": "caller", "moment": {"kind": "manual"}, "params": {"script": "clock.now"},
            "grant_fields": fields, "grant_audience": audience,
        })
    };
    for (fields, audience, status, code) in [
        (&["colour"][..], &[][..], 422, "invalid"),
        (&[], &["role:boss"], 422, "invalid"),
        (&[], &["employee:999"], 404, "not-found"),
    ] {
        let refused = api.post("/attachments", body(fields, audience)).await;
        refused.refused(status, code);
    }
    let id = api.create("/attachments", body(&["note"], &["role:head"])).await;
    let path = format!("/attachments/{id}");
    let made = api.get(&path).await.ok(200);
    assert_eq!(
        (&made["grant_fields"], &made["grant_audience"]),
        (&json!(["note"]), &json!(["role:head"]))
    );
    let wider = json!({"grant_fields": []});
    let changed = api.change("PATCH", &path, 1, wider).await.ok(200);
    assert_eq!(changed["grant_fields"], json!([]));
    assert_eq!(changed["grant_audience"], json!(["role:head"]));
    let history = api.app.core.db.history(&id, None, 10).await.unwrap();
    let line = &history[0].entry;
    assert_eq!(
        (line.what.as_str(), line.before.as_deref(), line.after.as_deref()),
        ("grant_fields", Some("[\"note\"]"), Some("[]"))
    );
}
