//! The set-up as one file: out of a host, and into another one.

use serde_json::{Value, json};
use signalbox::setup::Setup;
use signalbox_crm::people::Role;

use super::harness::Api;

/// Every kind of thing that a file can have, and every kind of moment and timing.
const COMPANY: &str = r#"
zone = "Asia/Omsk"

[calendar]
zone = "Asia/Omsk"
weekly = [{ days = ["mon-sat"], hours = ["10:00-19:00"] }]
holidays = ["2026-11-04"]

[[extra_calendar]]
key = "shop"
zone = "Asia/Vladivostok"
weekly = [{ days = ["sat"], hours = ["10:00-14:00"] }]

[[employee]]
key = "anna"
name = "Анна Петрова"
email = "anna@example.com"
role = "editor"

[[employee]]
key = "boris"
name = "Борис"
head = "anna"

[[employee]]
key = "vera"
name = "Вера"

[[field]]
key = "meeting-at"
title = { ru = "Встреча", en = "Meeting" }
type = "instant"

[[field]]
key = "segment"
title = { ru = "Сегмент", en = "Segment" }
type = "select"
options = ["a", "b"]

[[pipeline]]
key = "sales"
title = { ru = "Продажи", en = "Sales" }
activity_working_days_max = 5
calendar = "shop"

[[pipeline.stage]]
key = "new"
title = { ru = "Новая", en = "New" }

[[pipeline.stage]]
key = "offer"
title = { ru = "Предложение", en = "Offer" }
required_fields = ["meeting-at", "amount"]

[[pipeline.stage]]
key = "lost"
title = { ru = "Проиграна", en = "Lost" }
kind = "lost"
requires_reason = true

[[pipeline]]
key = "leads"
title = { ru = "Лиды", en = "Leads" }
kind = "lead"

[[pipeline.stage]]
key = "fresh"
title = { ru = "Свежий", en = "Fresh" }

[[attachment]]
title = "Второй"
robot = "notify"
stage = "sales/new"
delay = "4h"
delay_working = true
window = "working"
params = { to = ["anna", "role:assignee"], title = "x" }

[[attachment]]
title = "Первый"
robot = "reassign"
stage = "sales/new"
mode = "after-previous"
on_error = "continue"
enabled = false
withhold = ["assignment"]
grant_audience = ["boris", "role:head"]
grant_fields = ["segment"]
concurrency_max = 3
rate_per_minute = 30
attempts_max = 7
params = { employees = ["anna", "boris"], distribution = "even" }

[[attachment]]
title = "Напомнить"
robot = "notify"
stage = "sales/offer"
relative_to = "meeting-at"
offset = "-24h"
missed = "if-within"
missed_within = "6h"
condition = { any = [[{ field = "segment", op = "eq", value = "a" }, { field = "amount", op = "filled" }]] }
params = { to = ["role:assignee"], title = "x" }

[[attachment]]
title = "Дальше"
robot = "move-stage"
event = "item-changed"
pipeline = "sales"
stage = "sales/new"
fields = ["segment"]
params = { stage = "sales/offer" }

[[attachment]]
title = "По утрам"
robot = "notify"
schedule = "0 9 * * Mon"
zone = "Europe/Moscow"
pipeline = "leads"
stage = "leads/fresh"
spread = "30m"
items_max = 50
params = { to = ["anna"], title = "x" }

[[attachment]]
title = "В срок"
robot = "notify"
stage = "leads/fresh"
at = "2026-11-04T09:00:00Z"
repeat = "once-per-item"
cancel_on = "never"
scope = "pipeline"
params = { to = ["anna"], title = "x" }

[[attachment]]
title = "Вручную"
robot = "notify"
manual = true
params = { to = ["anna"], title = "x" }
"#;

async fn company() -> Api {
    let api = Api::start().await;
    Setup::parse(COMPANY).unwrap().apply(&api.app.core).await.unwrap();
    api
}

async fn export(api: &Api, query: &str) -> String {
    let answer = api.get(&format!("/setup/export{query}")).await;
    assert_eq!(answer.headers["content-type"], "application/toml");
    answer.ok(200).as_str().unwrap().to_owned()
}

async fn import(api: &Api, query: &str, text: &str) -> super::harness::Answer {
    api.as_admin("POST", &format!("/setup/import{query}"), &[], text)
        .await
}

fn things(view: &Value) -> Vec<String> {
    let all = view["things"].as_array().unwrap().iter();
    let word = |thing: &Value| {
        let how = if thing["is_changed"] == true {
            "changed"
        } else {
            "new"
        };
        format!(
            "{how} {} {}",
            thing["kind"].as_str().unwrap(),
            thing["name"].as_str().unwrap()
        )
    };
    all.map(word).collect()
}

async fn publish_all(api: &Api, view: &Value) {
    for one in view["automations"].as_array().unwrap() {
        assert_eq!(one["problems"], json!([]), "{one:#}");
        let path = format!(
            "/automation/{}/draft/publish",
            one["automation"].as_str().unwrap()
        );
        let version = one["version"].as_i64().unwrap();
        api.change("POST", &path, version, json!({})).await.ok(200);
    }
}

#[tokio::test]
async fn what_is_exported_and_imported_into_an_empty_host_is_exported_as_the_same() {
    let first = company().await;
    let text = export(&first, "").await;
    assert!(!text.contains("sbx_") && text.contains("digest = "), "{text}");
    // It can be taken in where it came from, and changes nothing.
    let same = import(&first, "", &text).await.ok(200);
    assert_eq!(
        (&same["things"], &same["automations"], &same["notes"]),
        (&json!([]), &json!([]), &json!([]))
    );

    let second = Api::start().await;
    let preview = import(&second, "?preview=true", &text).await.ok(200);
    assert_eq!(preview["is_preview"], true);
    assert_eq!(second.get("/pipelines").await.ok(200)["items"], json!([]));
    let view = import(&second, "", &text).await.ok(200);
    assert_eq!(things(&view), things(&preview));
    assert_eq!(
        things(&view),
        [
            "new calendar company",
            "new calendar shop",
            "new employee Анна Петрова",
            "new employee Борис",
            "new field meeting-at",
            "new field segment",
            "new pipeline sales",
            "new stage sales/new",
            "new stage sales/offer",
            "new stage sales/lost",
            "new pipeline leads",
            "new stage leads/fresh",
        ]
    );
    let names: Vec<&str> = view["automations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["general", "sales", "leads"]);
    // Robots are drafts still.
    assert_eq!(second.get("/attachments").await.ok(200)["items"], json!([]));
    publish_all(&second, &view).await;
    assert_eq!(export(&second, "").await, text);
    let shown = Setup::parse(&text).unwrap();
    let titles: Vec<&str> = shown.attachment.iter().map(|one| one.title.as_str()).collect();
    assert_eq!(
        titles,
        [
            "Второй",
            "Первый",
            "Напомнить",
            "Дальше",
            "В срок",
            "По утрам",
            "Вручную"
        ]
    );
    assert_eq!(
        shown
            .employee
            .iter()
            .map(|one| one.key.as_str())
            .collect::<Vec<_>>(),
        ["anna@example.com", "Борис"]
    );
}

#[tokio::test]
async fn one_pipeline_goes_into_a_host_that_has_another_set_up() {
    let first = company().await;
    let text = export(&first, "?pipeline=pipeline:1").await;
    assert!(
        !text.contains("leads") && !text.contains("Вручную") && text.contains("shop"),
        "{text}"
    );
    first
        .get("/setup/export?pipeline=pipeline:9")
        .await
        .refused(404, "not-found");
    let second = company().await;
    let second_sales = "/automation/pipeline:1";
    // Here it has one robot less, one with another delay, and one of its own; and another title.
    let entries = second.get(second_sales).await.ok(200)["entries"].clone();
    let id = |title: &str| {
        let found = entries
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["title"] == title);
        found.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let path = format!("/attachments/{}", id("Второй"));
    second
        .change("PATCH", &path, 1, json!({"timing": {"kind": "now"}}))
        .await
        .ok(200);
    second
        .change(
            "DELETE",
            &format!("/attachments/{}", id("Напомнить")),
            1,
            Value::Null,
        )
        .await
        .ok(204);
    let own = json!({"title": "Own", "robot": "notify", "moment": {"kind": "stage", "stage": "stage:1"},
        "params": {"to": ["role:head"], "title": "x"}});
    second.create("/attachments", own).await;
    let title = json!({"title": {"ru": "Другая", "en": "Other"}});
    second
        .change("PATCH", "/pipelines/pipeline:1", 1, title)
        .await
        .ok(200);
    let view = import(&second, "", &text).await.ok(200);
    assert_eq!(things(&view), ["changed pipeline sales"]);
    let texts: Vec<&str> = view["automations"][0]["difference"]["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["text"].as_str().unwrap())
        .collect();
    assert_eq!(
        texts,
        [
            "changes `Второй`: timing from at once to after 14400 s of working time",
            "adds `Напомнить` (robot `notify`) to stage `offer`",
            "removes `Own` (robot `notify`) from stage `new`",
        ]
    );
    // Somebody's draft is not lost.
    let again = import(&second, "", &text).await.refused(409, "conflict");
    assert!(
        again["detail"]
            .as_str()
            .unwrap()
            .contains("draft of `sales` by system"),
        "{again:#}"
    );
    let view = import(&second, "?replace_drafts=true", &text).await.ok(200);
    publish_all(&second, &view).await;
    assert_eq!(export(&second, "?pipeline=pipeline:1").await, text);
    // The robot that stays is the same one.
    assert_eq!(second.get(&path).await.ok(200)["version"], 3);
}

#[tokio::test]
async fn what_a_file_cannot_bring_is_said_and_nothing_is_stored() {
    let api = Api::start().await;
    let zone = "zone = \"UTC\"\n";
    for (text, words) in [
        ("zone = 1", "line 1"),
        ("zone = \"UTC\"\ncolour = \"red\"", "colour"),
        (
            "zone = \"UTC\"\n[[secret]]\nname = \"k\"\nvalue = \"12345678\"\nhosts = [\"a.example.com\"]",
            "secrets",
        ),
        (
            "zone = \"UTC\"\n[[pipeline]]\nkey = \"Big\"\ntitle = { ru = \"x\", en = \"x\" }\nstage = []",
            "`Big` is not a key",
        ),
        (
            "zone = \"UTC\"\n[[pipeline]]\nkey = \"a\"\ntitle = { ru = \"x\", en = \"x\" }\nstage = []\ncalendar = \"no\"",
            "no calendar `no`",
        ),
        ("zone = \"UTC\"\n[calendar]\nzone = \"Mars\"", "`Mars`"),
    ] {
        let refused = import(&api, "", text).await.refused(422, "invalid");
        assert!(
            refused["detail"].as_str().unwrap().contains(words),
            "{words}: {refused:#}"
        );
    }
    let bytes = api
        .as_admin("POST", "/setup/import", &[], b"zone = \"\xff\"")
        .await;
    assert!(
        bytes.refused(422, "invalid")["detail"]
            .as_str()
            .unwrap()
            .contains("UTF-8")
    );
    let nul = import(&api, "", "zone = \"U\0C\"").await;
    assert!(
        nul.refused(422, "invalid")["detail"]
            .as_str()
            .unwrap()
            .contains("NUL")
    );
    import(&api, "?yes=true", zone)
        .await
        .refused(400, "unknown-field");
    assert_eq!(api.get("/pipelines").await.ok(200)["items"], json!([]));

    // People are the admins' business.
    let first = company().await;
    let text = export(&first, "").await;
    let editor = format!("Bearer {}", api.token(Role::Editor, None).await);
    let by_editor = async |text: &str| {
        let headers = [("authorization", editor.as_str())];
        api.send("POST", "/api/v1/setup/import", &headers, text).await
    };
    let refused = by_editor(&text).await.refused(403, "denied");
    assert!(
        refused["detail"].as_str().unwrap().contains("Анна Петрова"),
        "{refused:#}"
    );

    // What is missing here is left out, or is seen in the draft.
    let (head, _) = text.split_once("[[employee]]").unwrap();
    let robots = r#"
[[pipeline]]
key = "sales"
title = { ru = "x", en = "x" }
stage = [{ key = "new", title = { ru = "x", en = "x" } }]

[[attachment]]
title = "Gone"
robot = "not-here"
stage = "sales/new"

[[attachment]]
title = "Silent"
robot = "auto-reply"
event = "message-received"
stage = "sales/new"
channel = "telegram"

[[attachment]]
title = "Old"
robot = "notify"
version = "0.0.1"
digest = "abc"
stage = "sales/new"
params = { to = ["anna@example.com"], title = "x" }
"#;
    let view = by_editor(&format!("{head}{robots}")).await.ok(200);
    let notes: Vec<&str> = view["notes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|note| note.as_str().unwrap())
        .collect();
    assert_eq!(notes[0], "`Gone` was left out: robot `not-here` is not installed");
    assert!(
        notes[1].starts_with("`Silent` was left out: there is no channel `telegram`"),
        "{notes:?}"
    );
    assert!(
        notes[2].starts_with("`Old` gets notify@")
            && notes[2].ends_with("0.0.1 of the file is not installed"),
        "{notes:?}"
    );
    let draft = &view["automations"][0];
    assert_eq!(
        draft["problems"][0]["message"],
        "`to`: `anna@example.com` does not exist"
    );
    // Another stage here stays, and its place too.
    let other = json!({"key": "own", "title": {"ru": "x", "en": "x"}, "kind": "open"});
    let sales = api.get("/pipelines").await.ok(200)["items"][0]["id"].clone();
    let stages = format!("/pipelines/{}/stages", sales.as_str().unwrap());
    api.create(&stages, other).await;
    let view = import(&api, "?preview=true", &format!("{head}{robots}"))
        .await
        .ok(200);
    assert!(
        view["notes"]
            .to_string()
            .contains("stage `sales/own` is not in the file, and stays"),
        "{view:#}"
    );
    assert!(
        view["notes"].to_string().contains("there is a draft of `sales`"),
        "{view:#}"
    );
}
