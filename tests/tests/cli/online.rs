//! Commands against a running host.

use serde_json::{Value, json};
use signalbox::bundled::BUNDLED;

use super::host::Host;
use super::sales::{deal, final_run, id_of, sales, win};

#[test]
fn robot_is_attached_by_names_and_its_run_is_shown() {
    let host = Host::start();
    sales(&host);
    let listed = host.cli(&["pipeline", "list"]).with_code(0).out;
    assert!(listed.contains("sales/won   stage:2  won   won    -"), "{listed}");
    let attach = [
        "attach",
        "--robot",
        "notify",
        "--stage",
        "sales/won",
        "--title",
        "Cheer",
    ];
    let params = [
        "--param",
        "to=anna@example.com",
        "--param",
        "title=Won: {=Document:TITLE}",
        "--attempts=2",
        "--backoff=10s",
        "--backoff-max=5m",
        "--concurrency=3",
        "--per-minute=30",
        "--json",
    ];
    let made = host
        .cli(&[&attach[..], &params].concat())
        .with_code(0)
        .json("signalbox.attach/1");
    let attachment = &made["attachment"];
    assert_eq!(
        attachment["params"]["to"][0]
            .as_str()
            .map(|id| id.starts_with("employee:")),
        Some(true),
        "{made}"
    );
    assert_eq!(
        (&attachment["title"], &attachment["grants"]),
        (&"Cheer".into(), &json!(["notifications"]))
    );
    assert_eq!(
        [
            "attempts_max",
            "backoff_base_s",
            "backoff_max_s",
            "concurrency_max",
            "rate_per_minute",
        ]
        .map(|key| attachment[key].as_u64()),
        [Some(2), Some(10), Some(300), Some(3), Some(30)]
    );
    host.cli(&[&attach[..], &["--backoff", "soon"]].concat())
        .refused(2, "`soon`");
    host.cli(&[&attach[..], &["--backoff", "2d"]].concat())
        .refused(1, "backoff_base_s is 172800");
    let spread = [
        "attach",
        "--robot",
        "notify",
        "--schedule",
        "0 9 * * *",
        "--zone",
        "UTC",
        "--spread",
        "1h",
    ];
    let lacking = host.cli(&spread).with_code(2).err;
    assert!(lacking.contains("--pipeline"), "{lacking}");
    let spread = [
        &spread[..],
        &["--pipeline", "sales", "--param", "to=anna@example.com"],
    ]
    .concat();
    let spread = [&spread[..], &["--param", "title=Look", "--json"]].concat();
    let made = host.cli(&spread).with_code(0).json("signalbox.attach/1");
    assert_eq!(made["attachment"]["moment"]["items"]["spread-s"], 3600, "{made}");
    host.cli(&[&attach[..], &["--concurrency", "1001"]].concat())
        .refused(1, "concurrency_max is 1001");
    let run = final_run(&host, &win(&host));
    assert_eq!(
        (&run["state"], &run["robot"]),
        (&"completed".into(), &"notify@0.1.0".into()),
        "{run}"
    );
    let id = run["id"].as_str().unwrap();
    let shown = host.cli(&["run", "show", id]).with_code(0).out;
    for words in [
        "completed  Cheer",
        "cause       stage-entered at ",
        "verdict   done",
        "notifications.send(",
        "fuel",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(shown.contains("Won: Two tractors\n"), "{shown}");
    let raw = host
        .cli(&["run", "show", id, "--json"])
        .with_code(0)
        .json("signalbox.run.show/1");
    assert_eq!(raw["attempts"][0]["verdict"]["verdict"], "done");
    host.cli(&["run", "retry", id]).refused(6, "completed");
    host.cli(&["run", "show", "run:999999"]).refused(4, "run:999999");
}

#[test]
fn deal_is_made_and_moved_by_names_and_the_robot_of_its_stage_runs() {
    let host = Host::start();
    let empty = host.cli(&["pipeline", "list"]).with_code(0);
    assert!(empty.err.contains("there is no pipeline yet"), "{empty:?}");
    sales(&host);
    let notify = ["--param", "to=anna@example.com", "--param", "title=Won"];
    let attach = [
        &["attach", "--robot", "notify", "--stage", "sales/won"],
        &notify[..],
    ]
    .concat();
    let attached = host.cli(&attach).with_code(0).out;
    assert!(
        attached.ends_with(
            "it starts when an item enters sales/won from now on; for those that are there:\n  \
             signalbox bulk run --attachment attachment:1 --pipeline sales --from sales/won --wait\n\
             its runs:\n  signalbox run list --attachment attachment:1\n"
        ),
        "{attached}"
    );
    let none = host
        .cli(&["run", "list", "--attachment", "attachment:1"])
        .with_code(0);
    assert!(none.err.contains("no run fits"), "{none:?}");
    let create = [
        "item",
        "create",
        "--stage",
        "sales/new",
        "--title",
        "Two tractors",
    ];
    let more = [
        "--amount",
        "900000.00 RUB",
        "--assignee",
        "anna@example.com",
        "--json",
    ];
    let made = host.cli(&[&create[..], &more].concat()).with_code(0);
    let made = made.json("signalbox.item.create/1");
    let id = made["item"]["id"].as_str().unwrap();
    assert_eq!(made["item"]["amount"], "900000.00 RUB", "{made}");
    let moved = host
        .cli(&["item", "move", id, "--to", "sales/won"])
        .with_code(0)
        .out;
    assert_eq!(
        moved,
        format!("{id} is in sales/won\n`signalbox run list --item {id}` says what robots do about it\n")
    );
    assert_eq!(final_run(&host, id)["state"], "completed");
    let listed = host
        .cli(&["item", "list", "--stage", "sales/won"])
        .with_code(0)
        .out;
    assert!(
        listed.contains("sales/won") && listed.contains("Two tractors"),
        "{listed}"
    );
    assert_eq!(
        host.cli(&["item", "list", "--stage", "sales/new"])
            .with_code(0)
            .out
            .lines()
            .count(),
        1
    );
    host.cli(&["item", "move", id, "--to", "sales/new"]).refused(
        6,
        "may not go back; `--allow-back` lets an item go to a stage further left",
    );
    host.cli(&["item", "move", "deal:99", "--to", "sales/won"])
        .refused(4, "deal:99");
    host.cli(&["item", "move", id, "--to", "won"])
        .refused(2, "`signalbox pipeline list` has them all");
    host.cli(&[&create[..], &["--amount", "much"]].concat())
        .refused(1, "amount");
    host.cli(&[
        "attach",
        "--robot",
        "auto-reply",
        "--stage",
        "sales/won",
        "--param",
        "text=x",
    ])
    .refused(1, "cannot be attached to a stage; it takes ");
}

#[test]
fn robots_of_a_pipeline_are_drafted_published_and_brought_back() {
    let host = Host::start();
    sales(&host);
    let attach = [
        "attach",
        "--robot",
        "notify",
        "--stage",
        "sales/new",
        "--title",
        "Tell",
    ];
    let params = ["--param", "to=anna@example.com", "--param", "title=x"];
    host.cli(&[&attach[..], &params].concat()).with_code(0);
    let automation = |args: &[&str]| host.cli(&[&["automation"], args].concat());
    let add = |params: &str| {
        let change = r#"{"kind": "add", "robot": "notify", "moment": {"kind": "stage", "stage": "stage:2"},
            "set": {"title": "Cheer", "params": PARAMS}}"#;
        change.replace("PARAMS", params)
    };
    let draft = automation(&["edit", "sales", &add("{}")]).with_code(0).out;
    for words in [
        "adds `Cheer` (robot `notify`) to stage `won`",
        "params.title: `title` is required",
    ] {
        assert!(draft.contains(words), "{words}: {draft}");
    }
    automation(&["publish", "sales"]).refused(1, "`Cheer`");
    let listed = automation(&["list"]).with_code(0).out;
    assert!(
        listed.contains("sales     1        1       by employee:1"),
        "{listed}"
    );
    automation(&["discard", "sales"]).with_code(0);
    automation(&["publish", "sales"]).refused(4, "draft of pipeline:1");
    std::fs::write(
        host.folder().join("change.json"),
        add(r#"{"to": ["role:assignee"], "title": "x"}"#),
    )
    .unwrap();
    automation(&["edit", "sales", "--file", "change.json"]).with_code(0);
    automation(&["rollback", "sales", "1"]).refused(6, "has version");
    let published = automation(&["publish", "sales", "--comment", "Cheer them", "--json"]).with_code(0);
    let published = published.json("signalbox.automation.publish/1");
    assert_eq!(published["version"]["number"], 2, "{published}");
    let diff = automation(&["diff", "sales", "--from", "2", "--to", "1"])
        .with_code(0)
        .out;
    assert_eq!(diff, "removes `Cheer` (robot `notify`) from stage `won`\n");
    let back = automation(&["rollback", "sales", "1", "--publish"])
        .with_code(0)
        .out;
    assert!(
        back.starts_with("version 3 is in force\nremoves `Cheer`"),
        "{back}"
    );
    let history = automation(&["history", "sales"]).with_code(0).out;
    for words in [
        "published  +1 ~0 -0  Cheer them",
        "published  +0 ~0 -1  Back to version 1",
        "direct     +1 ~0 -0",
    ] {
        assert!(history.contains(words), "{words}: {history}");
    }
    let preview = automation(&["run", "sales", "--attachment", "attachment:1", "--dry-run"])
        .with_code(0)
        .out;
    assert!(
        preview.starts_with("0 items stand there: 0 runs would be made\nstage `new`: 1 robots"),
        "{preview}"
    );
    let ran = automation(&["run", "sales", "--attachment", "attachment:1", "--wait"])
        .with_code(0)
        .out;
    assert!(ran.contains(" is done: 0 of 0 items"), "{ran}");
    let file = host
        .cli(&["setup", "export", "--pipeline", "sales"])
        .with_code(0)
        .out;
    std::fs::write(
        host.folder().join("sales.toml"),
        file.replace("title = \"Tell\"", "title = \"Say\""),
    )
    .unwrap();
    let import = ["setup", "import", "sales.toml"];
    let shown = host.cli(&import).with_code(0).out;
    for words in [
        "adds `Say` (robot `notify`)",
        "removes `Tell`",
        "nothing is stored: --yes takes it in",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let taken = host
        .cli(&[&import[..], &["--yes", "--publish"]].concat())
        .with_code(0)
        .out;
    assert!(taken.ends_with("taken in, and in force\n"), "{taken}");
    let same = host.cli(&[&import[..], &["--yes"]].concat()).with_code(0).out;
    assert_eq!(same, "nothing differs\n");
    host.cli(&["setup", "import", "none.toml"])
        .refused(4, "none.toml");
    let copied = automation(&["copy", "general", "--from", "sales"])
        .with_code(0)
        .out;
    assert!(copied.starts_with("note: `Say` was not copied: "), "{copied}");
    automation(&["edit", "sales", "{"]).refused(2, "not JSON");
    automation(&["diff", "none"]).refused(4, "there is no pipeline `none`");
    automation(&["history", "sales", "--version", "9"]).refused(4, "version 9");
}

#[test]
fn status_says_that_all_is_well_and_then_what_is_not() {
    let host = Host::start();
    let quiet = host.cli(&["status"]).with_code(0).out;
    for line in ["database    sqlite, ", "oldest due  none\n", "problems    none\n"] {
        assert!(quiet.contains(line), "{line}: {quiet}");
    }
    sales(&host);
    let attach = ["attach", "--robot", "move-stage", "--stage", "sales/new"];
    host.cli(&[&attach[..], &["--param", "stage=sales/paid"]].concat())
        .with_code(0);
    let run = final_run(&host, &id_of(&deal(&host)));
    assert_eq!(run["state"], "discarded", "{run}");
    let said = host.cli(&["status"]).with_code(0).out;
    let problem =
        "problem     runs-discarded: 1 runs were discarded in the last 24 hours: `signalbox run list";
    assert!(said.contains(problem), "{said}");
    let status = host
        .cli(&["status", "--json"])
        .with_code(0)
        .json("signalbox.status/1");
    let figures = [
        &status["runs"]["discarded_24h"],
        &status["lanes"]["backlog"],
        &status["host"]["worker_count"],
    ];
    assert_eq!(figures, [&json!(1), &json!(0), &json!(4)], "{status}");
}

#[test]
fn retry_waits_and_ends_as_the_robot_ended() {
    let host = Host::start();
    sales(&host);
    let attach = [
        "attach",
        "--robot",
        "move-stage",
        "--stage",
        "sales/new",
        "--param",
        "stage=sales/paid",
    ];
    host.cli(&attach).with_code(0);
    let item = id_of(&deal(&host));
    let run = final_run(&host, &item);
    assert_eq!(
        (&run["state"], &run["reason"]),
        (&"discarded".into(), &"not-retryable".into()),
        "{run}"
    );
    let retry = ["run", "retry", run["id"].as_str().unwrap(), "--wait"];
    let failed = host.cli(&retry).with_code(7).out;
    assert!(
        failed.contains("attempt 2 of move-stage@") && failed.contains("failed: required-fields: "),
        "{failed}"
    );

    let bulk = ["run", "retry", "--code", "required-fields", "--pipeline", "sales"];
    let shown = host.cli(&[&bulk[..], &["--dry-run"]].concat()).with_code(0).out;
    for words in ["not-retryable", "required-fields", "1 run would be due at once"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let retried = host
        .cli(&[&bulk[..], &["--json"]].concat())
        .with_code(0)
        .json("signalbox.run.retry-many/1");
    assert_eq!(retried["runs"][0]["id"], run["id"], "{retried}");
    host.cli(&["run", "retry"]).with_code(2);
    host.cli(&["run", "retry", "run:1", "--dry-run"]).with_code(2);
    let version = host.send("GET", &format!("/items/{item}"), None, &Value::Null)["version"].as_i64();
    host.send(
        "PATCH",
        &format!("/items/{item}"),
        version,
        &json!({ "amount": "1500.00 RUB" }),
    );
    let done = host
        .cli(&[&retry[..], &["--json"]].concat())
        .with_code(0)
        .json("signalbox.run.retry/1");
    assert_eq!(done["run"]["state"], "completed", "{done}");
}

#[test]
fn run_is_saved_and_replayed_by_its_own_version_and_another() {
    let host = Host::start();
    sales(&host);
    let attach = ["attach", "--robot", "notify", "--stage", "sales/won"];
    let params = [
        "--param",
        "to=anna@example.com",
        "--param",
        "title=Won: {=Document:TITLE}",
    ];
    host.cli(&[&attach[..], &params].concat()).with_code(0);
    let run = final_run(&host, &win(&host));
    let id = run["id"].as_str().unwrap();
    let own = host.cli(&["replay", id]).with_code(0).out;
    assert!(own.contains("the same: ") && own.contains(", as it was"), "{own}");

    host.cli(&["run", "save", id, "--out", "saved.json", "--masked"])
        .with_code(0);
    host.cli(&["run", "save", id, "--out", "saved.json"])
        .refused(6, "--force");
    let bundled = |name: &str| {
        let robot = BUNDLED.iter().find(|(id, _)| *id == name).unwrap();
        std::fs::write(host.folder().join(name), robot.1).unwrap();
    };
    bundled("notify");
    bundled("create-activity");
    let half = &BUNDLED[0].1[..10_000];
    std::fs::write(host.folder().join("half.wasm"), half).unwrap();
    host.cli(&["replay", "saved.json", "--component", "half.wasm"])
        .refused(
            1,
            "`half.wasm` is not a robot: the file ends early, after 10000 bytes",
        );
    let replay = ["replay", "saved.json", "--json", "--component"];
    let same = host.cli(&[&replay[..], &["notify"]].concat()).with_code(0);
    assert_eq!(same.json("signalbox.replay/1")["is_same"], true);
    let other = host
        .cli(&[&replay[..], &["create-activity"]].concat())
        .with_code(1);
    let other = other.json("signalbox.replay/1");
    assert_eq!(other["is_same"], false, "{other}");

    let all = [
        "replay",
        "--all",
        "--robot",
        "notify",
        "--since",
        "7d",
        "--component",
    ];
    let same = host.cli(&[&all[..], &["notify"]].concat()).with_code(0).out;
    assert!(
        same.contains("1 runs of notify") && same.contains("1  the same"),
        "{same}"
    );
    let other = host
        .cli(&[&all[..], &["create-activity"]].concat())
        .with_code(1)
        .out;
    assert!(other.contains(id), "{other}");

    // A saved run is a test from then on.
    std::fs::create_dir(host.folder().join("tests")).unwrap();
    std::fs::rename(
        host.folder().join("saved.json"),
        host.folder().join("tests/won.run.json"),
    )
    .unwrap();
    for (name, code, words) in [
        ("notify", 0, "won.run.json"),
        (
            "create-activity",
            1,
            "does not do what it did when the run was saved",
        ),
    ] {
        let component = format!("{name}.wasm");
        std::fs::rename(host.folder().join(name), host.folder().join(&component)).unwrap();
        let tested = host.cli(&["robot", "test", &component]).with_code(code).out;
        assert!(tested.contains(words), "{tested}");
    }
    std::fs::rename(host.folder().join("notify.wasm"), host.folder().join("notify")).unwrap();

    host.cli(&["replay", "nothing.json"]).refused(4, "nothing.json");
    host.cli(&["replay", "notify"]).refused(1, "`notify`");
    host.cli(&["replay", "run:999"]).refused(4, "run:999");
    host.cli(&["replay", "--all", "--robot", "notify"]).with_code(2);
    host.cli(&[&all[..], &["notify", "--since", "soon"]].concat())
        .with_code(2);
}

#[test]
fn robot_is_tried_and_then_explained() {
    let host = Host::start();
    sales(&host);
    let attach = [
        "attach",
        "--robot",
        "notify",
        "--stage",
        "sales/won",
        "--title",
        "Cheer",
    ];
    let params = [
        "--param",
        "to=anna@example.com",
        "--param",
        "title=Won: {=Document:TITLE}",
    ];
    let made = host.cli(&[&attach[..], &params, &["--json"]].concat());
    let attachment = id_of(&made.json("signalbox.attach/1")["attachment"]);
    let item = id_of(&deal(&host));
    let tried = host
        .cli(&["dry-run", &attachment, "--item", &item])
        .with_code(0)
        .out;
    for words in [
        "would start at once",
        "  ? deal:1 stands in stage `new`, and is taken as if it entered stage `won` now",
        "  it would (1)",
        "is told: Won: Two tractors",
    ] {
        assert!(tried.contains(words), "{words}: {tried}");
    }
    let other = [
        "dry-run",
        &attachment,
        "--item",
        &item,
        "--param",
        "title=Hello",
        "--json",
    ];
    let other = host.cli(&other).with_code(0).json("signalbox.dry-run/1");
    assert_eq!(other["effects"][0]["what"], "Hello");
    let none = host.cli(&["run", "list", "--json"]).json("signalbox.run.list/1");
    assert_eq!(none["runs"], json!([]), "nothing has run");

    let won = win(&host);
    final_run(&host, &won);
    let stand = host.cli(&["explain", &won]).with_code(0).out;
    assert!(stand.contains("ran") && stand.contains("Cheer"), "{stand}");
    let why = host
        .cli(&["explain", &item, "--attachment", &attachment])
        .with_code(0)
        .out;
    assert!(
        why.contains("did-not-start") && why.contains("  - deal:1 has not entered"),
        "{why}"
    );
    let again = host.cli(&["dry-run", "run:1", "--json"]).with_code(0);
    assert_eq!(again.json("signalbox.dry-run/1")["item"], won);

    host.cli(&["dry-run", "run:1", "--item", &item]).with_code(2);
    host.cli(&["dry-run", &attachment]).refused(1, "say which");
    host.cli(&["dry-run", "attachment:999", "--item", &item])
        .refused(4, "attachment:999");
    host.cli(&["explain", "deal:999"]).refused(4, "deal:999");
}

#[test]
fn delays_events_and_schedules_become_moments() {
    let host = Host::start();
    sales(&host);
    let moment = |args: &[&str]| {
        let base = ["attach", "--robot", "notify", "--param", "title=x", "--json"];
        let made = host
            .cli(&[&base[..], args].concat())
            .with_code(0)
            .json("signalbox.attach/1");
        (
            made["attachment"]["moment"].clone(),
            made["attachment"]["timing"].clone(),
        )
    };
    let (_, timing) = moment(&["--stage", "sales/new", "--delay", "4h", "--working"]);
    assert_eq!(
        timing,
        json!({ "kind": "delay", "seconds": 14400, "working": true })
    );
    let (event, _) = moment(&["--event", "item-created", "--pipeline", "sales"]);
    assert_eq!(
        (&event["kind"], &event["event"]),
        (&"event".into(), &"item-created".into())
    );
    assert!(event["pipeline"].as_str().unwrap().starts_with("pipeline:"));
    let (schedule, _) = moment(&["--schedule", "0 9 * * Mon", "--zone", "Asia/Omsk"]);
    assert_eq!(
        schedule,
        json!({ "kind": "schedule", "cron": "0 9 * * Mon", "zone": "Asia/Omsk" })
    );
    assert_eq!(moment(&["--manual"]).0, json!({ "kind": "manual" }));
}

#[test]
fn attachment_that_names_nothing_is_refused_by_name() {
    let host = Host::start();
    sales(&host);
    let attach = |args: &[&str]| {
        host.cli(&[&["attach", "--robot", "notify", "--param", "title=x"][..], args].concat())
    };
    attach(&["--stage", "sales/lost"]).refused(4, "there is no stage `lost`; known: new, won, paid");
    attach(&["--stage", "support/new"]).refused(4, "there is no pipeline `support`; known: sales");
    attach(&["--stage", "sales"]).refused(2, "`sales` is not a stage: write `pipeline/stage`");
    attach(&["--manual", "--param", "to=bob@example.com"])
        .refused(4, "there is no employee `bob@example.com`");
    attach(&["--manual", "--param", "colour=red"]).refused(1, "`colour`");
    attach(&["--manual", "--param", "title"]).refused(2, "--param: `title` is not `key=value`");
    attach(&["--manual", "--grant-field", "colour"]).refused(1, "grant_fields: there is no field `colour`");
    attach(&["--manual", "--grant-audience", "bob@example.com"])
        .refused(4, "there is no employee `bob@example.com`");
    attach(&["--manual", "--grant-audience", "role:boss"])
        .refused(1, "grant_audience: `role:boss` is neither");
    let narrow = [
        "--grant-field",
        "title",
        "--grant-audience",
        "anna@example.com",
        "--grant-audience",
        "role:head",
    ];
    let made = attach(&[&["--manual"], &narrow[..]].concat()).with_code(0).out;
    assert!(
        made.contains("grant_fields   [\"title\"]") && made.contains("\"role:head\"]"),
        "{made}"
    );
    attach(&["--manual", "--withhold", "items"]).refused(2, "robot `notify` does not ask for `items`");
    let schedule = ["--schedule", "0 9 * * 1", "--zone", "UTC"];
    assert_eq!(attach(&schedule).with_code(1).out, "");
    host.cli(&["attach", "--robot", "cheer", "--manual"])
        .refused(4, "there is no robot `cheer`; known: auto-reply, ");
}

#[test]
fn new_version_of_a_robot_is_installed_once() {
    let host = Host::start();
    let (_, component) = BUNDLED.iter().find(|(id, _)| *id == "notify").unwrap();
    // An empty custom section `test` changes the digest and nothing else.
    let changed = [component, &[0, 5, 4, b't', b'e', b's', b't'][..]].concat();
    std::fs::write(host.folder().join("notify.wasm"), changed).unwrap();
    let install = ["robot", "install", "notify.wasm", "--json"];
    let first = host.cli(&install).with_code(0).json("signalbox.robot.install/1");
    assert_eq!(first["is_new"], true);
    let second = host.cli(&install).with_code(0).json("signalbox.robot.install/1");
    assert_eq!(
        (&second["is_new"], &second["digest"]),
        (&false.into(), &first["digest"])
    );
    // Whoever installs it sees what it asks for, and why.
    let told = host.cli(&install[..3]).with_code(0).out;
    let asked = &first["robot"]["manifest"]["permission"][0];
    for words in [
        &asked["interface"],
        &asked["reason"]["en"],
        &asked["reason"]["ru"],
    ] {
        assert!(told.contains(words.as_str().unwrap()), "{told}");
    }
    let count = |args: &[&str]| {
        host.cli(args).json("signalbox.robot.list/1")["robots"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(count(&["robot", "list", "--json"]), BUNDLED.len());
    assert_eq!(count(&["robot", "list", "--all", "--json"]), BUNDLED.len() + 1);
    let listed = host.cli(&["robot", "list"]).with_code(0).out;
    assert!(
        listed
            .lines()
            .any(|line| line.starts_with("notify ") && line.contains("  installed  ")),
        "{listed}"
    );
}

#[test]
fn token_may_do_what_its_role_may_until_it_is_revoked() {
    let host = Host::start();
    let create = ["token", "create", "--name", "audit", "--role", "auditor"];
    let secret = host.cli(&create).with_code(0).out.trim().to_owned();
    assert!(secret.starts_with("sbx_"), "{secret}");
    host.cli_as(&secret, &["run", "list"]).with_code(0);
    host.cli_as(&secret, &create).refused(5, "auditor");
    let tokens = host
        .cli(&["token", "list", "--json"])
        .json("signalbox.token.list/1");
    let audit = tokens["tokens"]
        .as_array()
        .unwrap()
        .iter()
        .find(|token| token["name"] == "audit")
        .unwrap();
    assert!(!tokens.to_string().contains(&secret[4..]));
    host.cli(&["token", "revoke", audit["id"].as_str().unwrap()])
        .with_code(0);
    host.cli_as(&secret, &["run", "list"]).refused(5, "revoked");
    host.cli_as("", &["run", "list"]).with_code(5);
    host.cli(&["token", "create", "--name", "x", "--role", "king"])
        .refused(1, "king");
    host.cli(&["token", "revoke", "token:99"]).refused(4, "token:99");
}
