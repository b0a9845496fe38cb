//! `contacts`, `contact-editing`, `conversations`, `messaging`, `conversation-control`.

use serde_json::json;

use super::caller::Company;

#[tokio::test]
async fn client_of_the_deal_is_read_and_changed_and_no_other() {
    let company = Company::new().await;
    let client = &company.client;
    let script = format!(
        "contacts.get; {client}
        contact-editing.update; {client}; Иван Петрович; 8 (912) 345-67-89,+7 912 345 67 90; ivan@example.com
        contacts.get; {client}
        contacts.get; contact:2
        contact-editing.update; contact:2; Взлом
        contact-editing.update; {client}; -; звоните
        contact-editing.update; {client}; -; -; -; employee:999
        fields.set; $item; contact=text:contact:2
        contacts.get; nobody"
    );
    let run = company.calls(&script).await;
    assert_eq!(
        run.answers,
        "ok ok ok denied denied invalid not-found denied invalid"
    );
    assert_eq!(run.answer(3)["name"], "Иван Петрович");
    assert_eq!(
        run.answer(3)["phones"],
        json!(["8 (912) 345-67-89", "+7 912 345 67 90"])
    );
    let stored = company.api.get(&format!("/contacts/{client}")).await.ok(200);
    assert_eq!(stored["name"], "Иван Петрович");
    let wide = company.calls_in("all", "contacts.get; contact:2").await;
    assert_eq!(wide.answers, "ok");
}

#[tokio::test]
async fn made_contact_is_the_robots_own_and_can_be_put_on_the_deal() {
    let company = Company::new().await;
    let run = company
        .calls(
            "contact-editing.create; Ольга; +7 987 654-32-10; olga@example.com
            contacts.get; $1
            fields.set; $item; contact=text:$1
            contact-editing.create; Ольга; -; no-address
            contact-editing.create",
        )
        .await;
    assert_eq!(run.answers, "ok ok invalid invalid invalid");
    let made = run.answer(1).as_str().unwrap();
    let run = company
        .calls("contact-editing.create; Ольга\nitem-creation.create; pipeline:1; -; X; -; $1")
        .await;
    assert_eq!(run.answers, "ok ok");
    let stored = company.api.get(&format!("/contacts/{made}")).await.ok(200);
    let points: Vec<_> = stored["points"]
        .as_array()
        .unwrap()
        .iter()
        .map(|point| point["key"].clone())
        .collect();
    assert_eq!(points, ["+79876543210", "olga@example.com"]);
}

#[tokio::test]
async fn conversation_is_read_answered_and_closed() {
    let company = Company::new().await;
    let run = company
        .calls_on_message(
            "item",
            "conversations.get; $conversation
            conversations.of-item; $item
            messaging.reply; $2; Сто рублей
            conversations.messages; $2; -; 100
            conversations.messages; $2; 2; 1
            conversations.messages; $2; 1; 1
            conversations.messages; $2; -; 0
            conversations.messages; $2; -; 101
            conversation-control.close; $2
            conversations.of-item; $item
            messaging.reply; $2; Ещё одно
            conversation-control.close; $2
            conversations.of-item; deal:1
            conversation-control.close; conversation:999",
        )
        .await;
    assert_eq!(
        run.answers,
        "ok ok ok ok ok ok invalid invalid ok ok conflict conflict denied not-found"
    );
    let texts: Vec<_> = run
        .answer(4)
        .as_array()
        .unwrap()
        .iter()
        .map(|message| (message["number"].clone(), message["text"].clone()))
        .collect();
    let answer = (json!(2), json!("Сто рублей"));
    assert_eq!(texts, [answer, (json!(1), json!("Сколько стоит?"))]);
    assert_eq!(run.answer(5)[0]["number"], 1);
    assert_eq!(run.answer(6), &json!([]));
    assert_eq!(
        run.answer(10)[0]["is_open"],
        false,
        "a robot reads what it has written"
    );
    let open = company.api.get("/conversations?open=true").await.ok(200);
    assert_eq!(open["items"], json!([]));
    assert_eq!(company.message(2, "Ау?").await.status, 200);
    company.api.app.core.lanes.idle().await;
    let all = company.api.get("/conversations").await.ok(200);
    assert_eq!(all["items"].as_array().unwrap().len(), 2, "a new one: {all:#}");
}
