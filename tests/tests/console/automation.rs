//! The robots designer without JavaScript: the draft, the catalogue, forms of robots, publishing.

use serde_json::{Value, json};
use signalbox_crm::people::Role;

use super::harness::{Page, Site, Visitor};

/// The version of the draft that a page shows.
pub(crate) fn version(page: &Page) -> String {
    let (_, rest) = page
        .text
        .split_once("name=\"version\" value=\"")
        .expect("a form with a version");
    rest.split('"').next().unwrap().to_owned()
}

async fn draft(site: &Site) -> Value {
    site.api("GET", "/automation/pipeline:1/draft", None, Value::Null)
        .await
}

/// The titles of the draft's entries, with their columns.
async fn entries(site: &Site) -> Vec<(String, String)> {
    let draft = draft(site).await;
    let entries = draft["entries"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    entries
        .iter()
        .map(|entry| (text(&entry["title"]), text(&entry["column"])))
        .collect()
}

/// Adds a robot through the catalogue.
pub(super) async fn add(anna: &mut Visitor, stage: &str, robot: &str) -> Page {
    let path = format!("/automation/1/add?stage={stage}");
    let version = version(&anna.get(&path).await.ok());
    let fields = [
        ("version", version.as_str()),
        ("when", "stage"),
        ("stage", stage),
        ("robot", robot),
    ];
    anna.post(&path, &fields).await
}

/// One button of a card.
async fn press(anna: &mut Visitor, what: &str, entry: &str, more: &[(&str, &str)]) -> Page {
    let version = version(&anna.get("/automation/1").await.ok());
    let mut fields = vec![("version", version.as_str()), ("entry", entry), ("do", what)];
    fields.extend_from_slice(more);
    anna.post("/automation/1/edit", &fields).await
}

#[tokio::test]
async fn robots_are_added_ordered_and_published_as_a_whole() {
    let site = Site::start().await;
    let mut anna = site.visitor(Role::Editor).await;
    anna.get("/automation").await.ok().shows("There is no pipeline");
    let sales = site.sales().await;
    anna.get("/automation")
        .await
        .ok()
        .shows("Sales")
        .shows("0 robots");
    let page = anna.get("/automation/1").await.ok();
    page.shows("Automation: Sales")
        .shows("Offer")
        .shows("A robot does not run for deals and leads that stand on the stage already")
        .hides("not published");
    // Several are added first; the catalogue stays open.
    let page = add(&mut anna, &sales.new, "notify").await.ok();
    page.shows("Added: Notification.").shows("Employee alerts");
    add(&mut anna, &sales.new, "move-stage").await.ok();
    anna.get("/automation/1/add?stage=stage:1&q=STAGE")
        .await
        .ok()
        .shows("Moves the item")
        .hides("Sends a notification");
    anna.get("/automation/1/add?when=schedule")
        .await
        .ok()
        .shows("This robot does not start like that.");
    let page = anna.get("/automation/1").await.ok();
    page.shows("2 changes are not published")
        .shows("Not configured")
        .shows("The draft cannot be published until");
    let names = |titles: &[&str]| -> Vec<(String, String)> {
        titles
            .iter()
            .map(|title| ((*title).to_owned(), sales.new.clone()))
            .collect()
    };
    assert_eq!(entries(&site).await, names(&["Notification", "Change stage"]));
    press(&mut anna, "up", "attachment:2", &[]).await.ok();
    assert_eq!(entries(&site).await, names(&["Change stage", "Notification"]));
    // At the ends nothing moves.
    press(&mut anna, "up", "attachment:2", &[]).await.ok();
    press(&mut anna, "down", "attachment:1", &[]).await.ok();
    assert_eq!(entries(&site).await, names(&["Change stage", "Notification"]));
    press(&mut anna, "down", "attachment:2", &[]).await.ok();
    assert_eq!(entries(&site).await, names(&["Notification", "Change stage"]));
    press(&mut anna, "off", "attachment:2", &[])
        .await
        .ok()
        .shows("Switch on: Change stage");
    // An unfinished draft stays a draft.
    let page = anna.get("/automation/1").await;
    let page = anna
        .post("/automation/1/publish", &[("version", &version(&page))])
        .await;
    assert_eq!(page.status, 422);
    page.shows("role=\"alert\"");
    press(&mut anna, "remove", "attachment:2", &[]).await.ok();
    let set = json!({"kind": "change", "entry": "attachment:1", "set": {"params": {"title": "New deal"}}});
    let seen = draft(&site).await["version"].as_i64();
    site.api("PATCH", "/automation/pipeline:1/draft", seen, set).await;
    let page = anna.get("/automation/1").await.ok();
    let page = anna
        .post(
            "/automation/1/publish",
            &[("version", &version(&page)), ("comment", "first")],
        )
        .await
        .ok();
    page.shows("Published").hides("not published");
    let force = site.api("GET", "/automation/pipeline:1", None, Value::Null).await;
    assert_eq!(
        (&force["number"], &force["entries"][0]["title"]),
        (&json!(1), &json!("Notification"))
    );
    // What is in force and taken out can come back until that is published.
    press(&mut anna, "remove", "attachment:1", &[])
        .await
        .ok()
        .shows("Removed: Notification")
        .shows("1 change is not published");
    press(&mut anna, "restore", "attachment:1", &[])
        .await
        .ok()
        .shows("The draft changes nothing");
    press(&mut anna, "move", "attachment:1", &[("stage", &sales.offer)])
        .await
        .ok()
        .shows("place 1 to &quot;Offer&quot;, place 1");
    let page = press(&mut anna, "copy", "attachment:1", &[("stage", &sales.new)])
        .await
        .ok();
    page.shows("2 changes are not published");
    let page = anna
        .post("/automation/1/discard", &[("version", &version(&page))])
        .await
        .ok();
    page.shows("The draft was discarded.");
    assert_eq!(entries(&site).await, names(&["Notification"]));
}

#[tokio::test]
async fn drafts_of_others_are_shown_before_they_are_changed() {
    let site = Site::start().await;
    let sales = site.sales().await;
    let mut anna = site.visitor_named(Role::Editor, "Anna").await.0;
    let mut boris = site.visitor_named(Role::Editor, "Boris").await.0;
    let seen = version(&anna.get(&format!("/automation/1/add?stage={}", sales.new)).await);
    add(&mut boris, &sales.new, "move-stage").await.ok();
    let fields = [
        ("version", seen.as_str()),
        ("stage", &sales.new),
        ("robot", "notify"),
    ];
    let page = anna.post("/automation/1/add", &fields).await;
    assert_eq!(page.status, 412);
    page.shows("The draft was changed meanwhile.");
    // In both languages, and what people write is text.
    let set = json!({"kind": "change", "entry": "attachment:1", "set": {"title": "<b>Win</b>"}});
    let seen = draft(&site).await["version"].as_i64();
    site.api("PATCH", "/automation/pipeline:1/draft", seen, set).await;
    anna.post("/me/likes", &[("language", "ru"), ("back", "/automation/1")])
        .await
        .shows("&lt;b&gt;Win&lt;/b&gt;")
        .shows("1 изменение не опубликовано")
        .shows("Не настроен");
    // Who may not configure sees everything and changes nothing.
    let mut olga = site.visitor(Role::Operator).await;
    olga.get("/automation/1")
        .await
        .ok()
        .shows("&lt;b&gt;Win&lt;/b&gt;")
        .hides("/automation/1/edit")
        .hides("/automation/1/publish");
    for (path, fields) in [
        ("/automation/1/edit", &[("version", "1"), ("do", "remove")][..]),
        ("/automation/1/publish", &[("version", "1")]),
        ("/automation/1/add", &[("version", "1"), ("robot", "notify")]),
    ] {
        assert_eq!(olga.post(path, fields).await.status, 403, "{path}");
    }
    for (path, status) in [
        ("/automation/99", 404),
        ("/automation/0", 404),
        ("/automation/-1", 404),
        ("/automation/x", 404),
        ("/automation/general", 200),
        ("/automation/general/add", 200),
        ("/automation/1/add?stage=stage:99&when=nonsense&event=x", 200),
    ] {
        assert_eq!(anna.get(path).await.status, status, "{path}");
    }
    let page = press(&mut anna, "explode", "attachment:1", &[]).await;
    assert_eq!(page.status, 422);
    let page = press(&mut anna, "remove", "attachment:99", &[]).await;
    assert_eq!(page.status, 404);
    let page = anna.post("/automation/1/publish", &[("version", "x")]).await;
    assert_eq!(page.status, 422);
}

#[tokio::test]
async fn robots_of_another_pipeline_are_copied() {
    let site = Site::start().await;
    let sales = site.sales().await;
    let mut anna = site.visitor(Role::Editor).await;
    let other = json!({"key": "repeat", "title": {"ru": "Повтор", "en": "Repeat"}, "item_kind": "deal"});
    let other = site.create("/pipelines", other).await;
    let stage = json!({"key": "new", "title": {"ru": "Новая", "en": "New"}, "kind": "open"});
    site.create(&format!("/pipelines/{other}/stages"), stage).await;
    add(&mut anna, &sales.new, "notify").await.ok();
    let set = json!({"kind": "change", "entry": "attachment:1", "set": {"params": {"title": "New deal"}}});
    let seen = draft(&site).await["version"].as_i64();
    site.api("PATCH", "/automation/pipeline:1/draft", seen, set).await;
    let seen = draft(&site).await["version"].as_i64();
    site.api("POST", "/automation/pipeline:1/draft/publish", seen, json!({}))
        .await;
    anna.get("/automation/2")
        .await
        .ok()
        .shows("Copy robots from another pipeline");
    let fields = [("version", "0"), ("do", "copy-from"), ("from", "pipeline:1")];
    anna.post("/automation/2/edit", &fields)
        .await
        .ok()
        .shows("Notification")
        .shows("1 change is not published");
}

/// Fields of a form with others in place of some of them.
fn fields<'a>(base: &[(&'a str, &'a str)], other: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut fields: Vec<_> = base
        .iter()
        .filter(|(name, _)| !other.iter().any(|(known, _)| known == name))
        .copied()
        .collect();
    fields.extend_from_slice(other);
    fields
}

#[tokio::test]
async fn form_of_a_robot_keeps_what_is_typed_and_names_what_is_wrong() {
    let site = Site::start().await;
    let sales = site.sales().await;
    let mut anna = site.visitor(Role::Editor).await;
    add(&mut anna, &sales.new, "notify").await.ok();
    let path = "/automation/1/entries/1";
    let page = anna.get(path).await.ok();
    page.shows("the assignee").hides("role=\"alert\"");
    let seen = version(&page);
    let base = [
        ("version", seen.as_str()),
        ("title", "Tell the head"),
        ("is_enabled", "false"),
        ("is_enabled", "true"),
        ("param.to", "role:head"),
        ("param.title", "Deal {=Document:TITLE} & <b>"),
        ("param.text", ""),
        ("moment.stage", sales.new.as_str()),
        ("timing", "delay"),
        ("delay.count", "1"),
        ("delay.unit", "m"),
        ("window", "any"),
        ("mode", "parallel"),
        ("grants", "notifications"),
        ("attempts_max", "4"),
        ("backoff_base_s", "1"),
        ("backoff_max_s", "3600"),
        ("test.0.0.field", "amount"),
        ("test.0.0.op", "gt"),
        ("test.0.0.value", "1000"),
    ];
    // Buttons of the condition save nothing and lose nothing.
    let page = anna
        .post(path, &fields(&base, &[("do", "add-test.0")]))
        .await
        .ok();
    page.shows("test.0.1.field")
        .shows("Deal {=Document:TITLE} &amp; &lt;b&gt;")
        .shows("value=\"1000\"");
    let page = anna
        .post(path, &fields(&base, &[("do", "drop-test.0.0")]))
        .await
        .ok();
    page.hides("test.0.0.field").shows("No condition");
    assert_eq!(draft(&site).await["entries"][0]["title"], json!("Notification"));
    // Everything wrong at once: all of it is named, and stays as it was typed.
    let wrong = [
        ("title", "Still <typed>"),
        ("delay.count", "soon"),
        ("attempts_max", "many"),
        ("window", "sometimes"),
        ("test.0.0.field", "created-at"),
        ("test.0.0.value", "yesterday"),
    ];
    let page = anna.post(path, &fields(&base, &wrong)).await;
    assert_eq!(page.status, 422);
    for text in [
        "href=\"#timing\"",
        "href=\"#attempts_max\"",
        "href=\"#window\"",
        "href=\"#condition\"",
        "Still &lt;typed&gt;",
        "value=\"soon\"",
        "value=\"many\"",
        "yesterday",
    ] {
        page.shows(text);
    }
    assert_eq!(draft(&site).await["entries"][0]["title"], json!("Notification"));
    // What a draft can keep is saved, and named.
    let unfinished = [
        ("param.title", ""),
        ("attempts_max", "99"),
        ("param.to", "employee:99"),
    ];
    let page = anna.post(path, &fields(&base, &unfinished)).await;
    assert_eq!(page.status, 422);
    page.shows("Saved in the draft, but the robot is not fully configured yet.")
        .shows("href=\"#params.title\"")
        .shows("This is required")
        .shows("value=\"employee:99\" checked")
        .shows("attempts_max is 99");
    // Somebody else was faster.
    let page = anna.post(path, &fields(&base, &[])).await;
    assert_eq!(page.status, 412);
    page.shows("The draft was changed meanwhile.")
        .shows("Tell the head");
    let seen = version(&page);
    let page = anna.post(path, &fields(&base, &[("version", &seen)])).await.ok();
    page.shows("Saved in the draft. Publish it")
        .shows("in 1 minute")
        .shows("Amount is more than \u{ab}1000\u{bb}")
        .hides("Not configured");
    let entry = draft(&site).await["entries"][0].clone();
    assert_eq!(
        entry["timing"],
        json!({"kind": "delay", "seconds": 60, "working": false})
    );
    assert_eq!(
        entry["params"],
        json!({"to": ["role:head"], "title": "Deal {=Document:TITLE} & <b>"})
    );
    let test = json!({"field": "amount", "op": "gt", "value": "1000"});
    assert_eq!(entry["condition"], json!({"any": [[test]]}));
    // Drawn from what is kept, sent back unchanged, nothing changes.
    anna.get(path)
        .await
        .ok()
        .shows("value=\"1\"")
        .shows("value=\"1000\"")
        .shows("value=\"role:head\" checked");
}

#[tokio::test]
async fn parameters_that_the_robot_lost_are_shown_until_they_are_dropped() {
    let site = Site::start().await;
    let sales = site.sales().await;
    let mut anna = site.visitor(Role::Editor).await;
    add(&mut anna, &sales.new, "move-stage").await.ok();
    let set = json!({"kind": "change", "entry": "attachment:1",
        "set": {"params": {"stage": sales.won, "shade": "<green>"}}});
    let seen = draft(&site).await["version"].as_i64();
    site.api("PATCH", "/automation/pipeline:1/draft", seen, set).await;
    let path = "/automation/1/entries/1";
    let page = anna.get(path).await.ok();
    page.shows("Parameters that this version of the robot does not have any more")
        .shows("&lt;green&gt;")
        .shows("href=\"#params.shade\"")
        .shows("Sales: Won");
    let seen = version(&page);
    let base = [
        ("version", seen.as_str()),
        ("title", "Win"),
        ("is_enabled", "true"),
        ("param.stage", sales.won.as_str()),
        ("param.allow-back", "false"),
        ("moment.stage", sales.new.as_str()),
        ("timing", "now"),
        ("grants", "stages"),
    ];
    let page = anna.post(path, &base).await;
    assert_eq!(page.status, 422);
    assert_eq!(
        draft(&site).await["entries"][0]["params"]["shade"],
        json!("<green>")
    );
    let seen = version(&page);
    let dropped = fields(&base, &[("version", &seen), ("drop", "shade")]);
    anna.post(path, &dropped).await.ok().shows("Saved in the draft.");
    let entry = draft(&site).await["entries"][0].clone();
    assert_eq!(entry["params"], json!({"stage": sales.won}));
    // Triggers and schedules have their own fields, and refuse what is none.
    let new = [
        ("when", "event"),
        ("event", "item-changed"),
        ("stage", sales.offer.as_str()),
        ("robot", "notify"),
    ];
    let seen = version(&anna.get("/automation/1").await);
    anna.post("/automation/1/add", &fields(&new, &[("version", &seen)]))
        .await
        .ok();
    let page = anna.get("/automation/1/entries/2").await.ok();
    page.shows("Which fields").shows("name=\"moment.event\"");
    let seen = version(&page);
    let bad = [
        ("version", seen.as_str()),
        ("title", "x"),
        ("moment.event", "moon"),
        ("timing", "now"),
    ];
    let page = anna.post("/automation/1/entries/2", &bad).await;
    assert_eq!(page.status, 422);
    page.shows("There is no such choice");
    let new = [("when", "schedule"), ("robot", "notify"), ("version", &seen)];
    anna.post("/automation/1/add", &new).await.ok();
    let page = anna.get("/automation/1/entries/3").await.ok();
    page.shows("0 9 * * Mon-Fri").shows("Europe/Moscow");
    for (path, status) in [
        ("/automation/1/entries/99", 404),
        ("/automation/1/entries/x", 404),
        ("/automation/9/entries/1", 404),
    ] {
        assert_eq!(anna.get(path).await.status, status, "{path}");
    }
    // Who may not configure can look.
    let mut olga = site.visitor(Role::Operator).await;
    olga.get("/automation/1/entries/1")
        .await
        .ok()
        .hides("value=\"save\"");
    assert_eq!(olga.post("/automation/1/entries/1", &base).await.status, 403);
}

/// Puts a robot that notifies into the stage, ready to be published.
async fn ready(site: &Site, anna: &mut Visitor, stage: &str, id: i64) {
    add(anna, stage, "notify").await.ok();
    let set = json!({"kind": "change", "entry": format!("attachment:{id}"),
        "set": {"params": {"title": "New deal"}}});
    let seen = draft(site).await["version"].as_i64();
    site.api("PATCH", "/automation/pipeline:1/draft", seen, set).await;
}

async fn publish(anna: &mut Visitor, comment: &str) -> Page {
    let version = version(&anna.get("/automation/1").await.ok());
    let fields = [("version", version.as_str()), ("comment", comment)];
    anna.post("/automation/1/publish", &fields).await
}

#[tokio::test]
async fn what_was_in_force_is_listed_compared_and_brought_back() {
    let site = Site::start().await;
    let sales = site.sales().await;
    let mut anna = site.visitor(Role::Editor).await;
    anna.get("/automation/1/history")
        .await
        .ok()
        .shows("Nothing was published here yet.");
    ready(&site, &mut anna, &sales.new, 1).await;
    publish(&mut anna, "the <first>").await.ok();
    press(&mut anna, "move", "attachment:1", &[("stage", &sales.offer)])
        .await
        .ok();
    publish(&mut anna, "").await.ok();
    let page = anna.get("/automation/1/history").await.ok();
    page.shows("the &lt;first&gt;")
        .shows("in force")
        .shows("1 added, 0 changed, 0 removed");
    anna.get("/automation/1/history?from=1&to=2")
        .await
        .ok()
        .shows("From version 1 to version 2")
        .shows("&quot;New&quot;, place 1 to &quot;Offer&quot;, place 1");
    anna.get("/automation/1/history?from=2")
        .await
        .ok()
        .shows("Nothing differs.");
    for wrong in ["from=9", "from=x", "from=1&to=x", "from=-1"] {
        let page = anna.get(&format!("/automation/1/history?{wrong}")).await;
        assert_eq!(page.status, 404, "{wrong}");
    }
    let page = anna
        .post("/automation/1/history/1", &[("version", "0")])
        .await
        .ok();
    page.shows("The draft is like that version now.")
        .shows("1 change is not published");
    let page = anna.post("/automation/1/history/1", &[("version", "0")]).await;
    assert_eq!(page.status, 412);
    let page = anna.post("/automation/1/history/99", &[("version", "0")]).await;
    assert_eq!(page.status, 404);
    let mut olga = site.visitor(Role::Operator).await;
    let denied = olga.post("/automation/1/history/1", &[("version", "0")]).await;
    assert_eq!(denied.status, 403);
}

#[tokio::test]
async fn new_robots_can_run_for_what_is_there_already() {
    let site = Site::start().await;
    let sales = site.sales().await;
    for title in ["Pool", "Garden"] {
        site.create("/items", sales.deal(title)).await;
    }
    let mut anna = site.visitor(Role::Admin).await;
    ready(&site, &mut anna, &sales.new, 1).await;
    let page = publish(&mut anna, "").await.ok();
    page.shows("Run the new robots for 2 items that are here already?")
        .shows("Garden")
        .shows("That is 2 runs.");
    let page = anna.post("/automation/1/here", &[("entry", "1")]).await.ok();
    page.shows("The robots are being started");
    let bulk = site.api("GET", "/bulk/bulk:1", None, Value::Null).await;
    assert_eq!(bulk["matched_count"], json!(2));
    for wrong in [&[][..], &[("entry", "99")], &[("entry", "x")]] {
        let page = anna.post("/automation/1/here", wrong).await;
        assert!((400..500).contains(&page.status), "{wrong:?}: {}", page.status);
    }
    // Who may not change many items at once is not asked.
    let mut boris = site.visitor(Role::Editor).await;
    ready(&site, &mut boris, &sales.new, 2).await;
    publish(&mut boris, "").await.ok().shows("Published");
    assert_eq!(
        boris.post("/automation/1/here", &[("entry", "2")]).await.status,
        403
    );
}

#[tokio::test]
async fn robot_is_tried_with_what_stands_in_the_form() {
    let site = Site::start().await;
    let sales = site.sales().await;
    let deal = site.create("/items", sales.deal("Pool <1>")).await;
    let mut anna = site.visitor(Role::Editor).await;
    add(&mut anna, &sales.new, "move-stage").await.ok();
    let path = "/automation/1/entries/1";
    let seen = version(&anna.get(path).await.ok());
    let base = [
        ("version", seen.as_str()),
        ("title", "Win"),
        ("is_enabled", "true"),
        ("param.stage", sales.won.as_str()),
        ("moment.stage", sales.new.as_str()),
        ("timing", "now"),
        ("grants", "stages"),
        ("do", "try"),
        ("try", "1"),
    ];
    let page = anna.post(path, &base).await.ok();
    page.shows("The robot would start")
        .shows("nothing is stored or sent")
        .shows("The robot would do its work")
        .shows("Would change");
    let item = site
        .api("GET", &format!("/items/{deal}"), None, Value::Null)
        .await;
    assert_eq!((&item["stage"], &item["version"]), (&json!(sales.new), &json!(1)));
    assert_eq!(draft(&site).await["entries"][0]["params"], json!({}));
    // The condition decides, and what was typed stays.
    let narrow = [
        ("test.0.0.field", "amount"),
        ("test.0.0.op", "filled"),
        ("timing", "delay"),
        ("delay.count", "2"),
        ("delay.unit", "h"),
    ];
    let page = anna.post(path, &fields(&base, &narrow)).await.ok();
    page.shows("The robot would not start").shows("value=\"Win\"");
    for (item, status) in [("99", 404), ("x", 404), ("lead:1", 404)] {
        let page = anna.post(path, &fields(&base, &[("try", item)])).await;
        assert_eq!(page.status, status, "{item}");
        page.shows("value=\"Win\"").shows("role=\"alert\"");
    }
}

#[tokio::test]
async fn what_two_people_changed_at_once_is_told_when_one_takes_over_the_others_changes() {
    let site = Site::start().await;
    let sales = site.sales().await;
    let mut anna = site.visitor(Role::Editor).await;
    let robot = json!({
        "title": "Tell", "robot": "notify", "moment": {"kind": "stage", "stage": sales.new},
        "params": {"to": ["role:assignee"], "title": "x"},
    });
    site.create("/attachments", robot).await;
    let mine = json!({"kind": "change", "entry": "attachment:1", "set": {"title": "Tell <Anna>"}});
    site.api("PATCH", "/automation/pipeline:1/draft", Some(0), mine)
        .await;
    let theirs = json!({"title": "Tell Boris"});
    site.api("PATCH", "/attachments/attachment:1", Some(1), theirs)
        .await;
    let seen = version(&anna.get("/automation/1").await.ok());
    let fields = [("version", seen.as_str())];
    let page = anna.post("/automation/1/publish", &fields).await;
    assert_eq!(page.status, 409);
    anna.post("/me/likes", &[("language", "ru"), ("back", "/me")])
        .await;
    let page = anna.post("/automation/1/rebase", &fields).await.ok();
    page.shows("Сделано, но обратите внимание")
        .shows("другие тоже изменили «Tell &lt;Anna&gt;» (title)");
    assert_eq!(
        entries(&site).await,
        [("Tell <Anna>".to_owned(), sales.new.clone())]
    );
}
