//! Pipelines and attachments by command.

use serde_json::json;

use super::host::Host;

#[test]
fn pipeline_is_made_with_the_stages_that_suit_most_and_robots_are_listed_and_removed() {
    let host = Host::start();
    let made = host.cli(&["pipeline", "create", "--title", "Продажи | Sales", "--json"]);
    let made = made.with_code(0).json("signalbox.pipeline.create/1");
    assert_eq!(made["pipeline"]["key"], "sales", "{made}");
    let repairs = [
        "pipeline",
        "create",
        "--title",
        "Ремонт",
        "--key",
        "repairs",
        "--kind",
        "lead",
        "--open",
        "Принято | Received",
        "--won",
        "Выдано | Returned",
    ];
    host.cli(&repairs).with_code(0);
    let listed = host.cli(&["pipeline", "list"]).with_code(0).out;
    for stage in [
        "sales/new ",
        "sales/offer ",
        "sales/won ",
        "sales/lost ",
        "repairs/received ",
        "repairs/returned ",
    ] {
        assert!(listed.contains(stage), "{stage}: {listed}");
    }
    assert_eq!(
        listed.lines().filter(|line| line.starts_with("repairs/")).count(),
        2,
        "{listed}"
    );
    host.cli(&repairs).refused(6, "`repairs` is taken");
    let strange = ["pipeline", "create", "--title", "x", "--kind", "contact"];
    host.cli(&strange).refused(2, "`contact` is neither");
    let attach = [
        "attach",
        "--robot",
        "notify",
        "--stage",
        "sales/won",
        "--title",
        "Cheer",
        "--param",
        "to=role:assignee",
        "--param",
        "title=Won",
    ];
    host.cli(&attach).with_code(0);
    let listed = host.cli(&["attachment", "list"]).with_code(0).out;
    assert!(listed.contains("Cheer  notify  stage  sales/won  on"), "{listed}");
    let others = host.cli(&["attachment", "list", "--robot", "script", "--json"]);
    assert_eq!(
        others.with_code(0).json("signalbox.attachment.list/1")["attachments"],
        json!([])
    );
    let id = listed.lines().nth(1).unwrap().split(' ').next().unwrap();
    let removed = host.cli(&["attachment", "remove", id]).with_code(0).out;
    assert!(removed.contains("`Cheer`"), "{removed}");
    host.cli(&["attachment", "remove", id])
        .refused(4, "does not exist");
}
