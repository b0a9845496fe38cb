//! The bundled robot `script`: what an admin types is contained like every robot.

use expect_test::{Expect, expect};
use signalbox::bundled::BUNDLED;
use signalbox_crm::params::ParamValue;
use signalbox_sandbox::{Limits, Robot, RunReport, Sandbox, SandboxConfig};
use tokio::sync::OnceCell;

use super::desk::{Desk, invocation};
use super::{by_hand, words};

/// The robot, compiled once.
async fn scripts() -> &'static (Sandbox, Robot) {
    static SCRIPTS: OnceCell<(Sandbox, Robot)> = OnceCell::const_new();
    let load = || async {
        let sandbox = Sandbox::new(SandboxConfig::default()).expect("a sandbox");
        let (_, bytes) = BUNDLED
            .iter()
            .find(|(id, _)| *id == "script")
            .expect("it is bundled");
        let robot = sandbox.load(bytes.to_vec()).await.expect("a robot");
        (sandbox, robot)
    };
    SCRIPTS.get_or_init(load).await
}

async fn run(script: &str) -> RunReport {
    let (sandbox, robot) = scripts().await;
    let params = vec![("script".to_owned(), ParamValue::Text(script.to_owned()))];
    sandbox
        .run(
            robot,
            invocation(1, by_hand()),
            params,
            Box::new(Desk::default()),
            Limits::default(),
        )
        .await
}

async fn check(script: &str, expected: Expect) {
    expected.assert_eq(&words(&run(script).await.verdict));
}

#[tokio::test]
async fn script_reads_decides_and_writes() {
    let report = run("const item = items.get(invocation.item);
        if (item.amount && Number(item.amount.amount) < 100) return skipped('a small one');
        notifications.send({ to: ['role:assignee'], title: `Look at ${item.title}` });
        timeline.addComment(item.id, `${invocation.cause.tag} at ${clock.now()}`);
        log.info('told of', item.id);
        return done(`told of ${item.id}`);")
    .await;
    assert_eq!(words(&report.verdict), "done: told of deal:17");
    let calls = report
        .calls
        .iter()
        .filter(|call| call.interface != "params" && call.interface != "random");
    let calls: Vec<String> = calls
        .map(|call| format!("{}.{}{}", call.interface, call.function, call.args.get()))
        .collect();
    expect![[r#"
        items.get["deal:17"]
        notifications.send[{"to":["role:assignee"],"title":"Look at Крыша для дачи","text":"","tag":null}]
        clock.now[]
        timeline.add-comment["deal:17","manual at 2026-03-02T12:00:00Z"]"#]]
    .assert_eq(&calls.join("\n"));
    assert_eq!(report.logs[0].message, "told of deal:17");
}

#[tokio::test]
async fn script_returns_a_text_or_nothing_and_nothing_else() {
    check("return 'so'", expect!["done: so"]).await;
    check("", expect!["done: "]).await;
    check("return skipped('no reason')", expect!["skipped: no reason"]).await;
    check(
        "return 7",
        expect!["exception: TypeError: a script returns done(text), skipped(text), a text or nothing"],
    )
    .await;
    check(
        "return Promise.resolve(done('later'))",
        expect!["exception: TypeError: a script returns done(text), skipped(text), a text or nothing"],
    )
    .await;
}

#[tokio::test]
async fn refusal_ends_the_run_with_its_code_unless_it_is_caught() {
    check(
        "stages.move('deal:17', 'stage:3')",
        expect!["denied: the desk has no such thing"],
    )
    .await;
    check(
        "items.get('deal:9')",
        expect!["not-found: `deal:9` does not exist"],
    )
    .await;
    let caught = "try { items.get('deal:9') } catch (e) { return [e.name, e.code, e.retryable, e instanceof Failure, e instanceof Error].join() }";
    check(caught, expect!["done: Failure,not-found,false,true,true"]).await;
    check(
        "throw new Failure('too-early', 'not before noon', { retryable: true })",
        expect!["too-early, retryable: not before noon"],
    )
    .await;
}

#[tokio::test]
async fn mistake_is_told_with_its_line() {
    check(
        "const a = 1;\n\n  nothing.here();",
        expect!["exception: ReferenceError: nothing is not defined"],
    )
    .await;
    check(
        "const a = 1;\nreturn done('a'",
        expect![
            "invalid-param: `script`: SyntaxError: expected one of ',' or ')', got '}' in argument list at line 3, col 1"
        ],
    )
    .await;
    check(
        "const a = 1;\nconst b = = 2;",
        expect![
            "invalid-param: `script`: SyntaxError: unexpected token '=', primary expression at line 2, col 11"
        ],
    )
    .await;
    check(
        "const b = = 2;",
        expect![
            "invalid-param: `script`: SyntaxError: unexpected token '=', primary expression at line 1, col 11"
        ],
    )
    .await;
    check(
        "}); ({",
        expect!["invalid-param: `script`: TypeError: the script is no body of a function"],
    )
    .await;
    check(
        "items.get(17)",
        expect!["exception: TypeError: `item` is no text (line 1)"],
    )
    .await;
    check(
        "notifications.send({ to: 'role:assignee', title: 'a' })",
        expect!["exception: TypeError: `notification.to` is no list (line 1)"],
    )
    .await;
    check(
        "const a = 1;\n\n  items.get(a);",
        expect!["exception: TypeError: `item` is no text (line 3)"],
    )
    .await;
    check(
        "function f() {\n throw new Error('no (really)');\n}\nf();",
        expect!["exception: Error: no (really) (line 4)"],
    )
    .await;
    check("throw 'a word'", expect![[r#"exception: "a word""#]]).await;
    check(
        "activities.create('deal:17', { kind: 'party' })",
        expect![
            "exception: TypeError: `party` is no kind of activity: todo, call, meeting, mail, other (line 1)"
        ],
    )
    .await;
    check(
        "fields.set('deal:17', [{ key: 'a', value: { tag: 'text', val: 7 } }])",
        expect!["exception: TypeError: `fields[0].value.val` is no text (line 1)"],
    )
    .await;
}

#[tokio::test]
async fn script_that_takes_too_much_reaches_the_limits_of_a_run() {
    check("for (;;);", expect!["limit.cpu: the robot used up its fuel"]).await;
    check(
        "for (;;) try { for (;;); } catch {}",
        expect!["limit.cpu: the robot used up its fuel"],
    )
    .await;
    check(
        "let s = 'x'; for (;;) s += s;",
        expect!["limit.memory: the robot asked for 36175872 bytes of memory, 33554432 are allowed"],
    )
    .await;
    check(
        "const all = []; for (;;) all.push(new Array(1000).fill(0));",
        expect!["limit.cpu: the robot used up its fuel"],
    )
    .await;
    let huge = words(&run("return 'x'.repeat(2 ** 28)").await.verdict);
    assert!(
        huge.starts_with("panic: ") && huge.ends_with("capacity overflow"),
        "{huge}"
    );
    check(
        "function f() { return f() + 1 } return f()",
        expect![
            "exception: RuntimeLimitError: reached the maximum number of recursive calls on this execution"
        ],
    )
    .await;
    check(
        &format!("return {}1{}", "(".repeat(9_000), ")".repeat(9_000)),
        expect!["stack-overflow: the robot's stack overflowed, or it used memory that it does not have"],
    )
    .await;
    check(
        &format!("return {}{}", "[".repeat(9_000), "]".repeat(9_000)),
        expect!["stack-overflow: the robot's stack overflowed, or it used memory that it does not have"],
    )
    .await;
    check(
        "return /(a+)+$/.test('a'.repeat(40) + 'b') ? 'yes' : 'no'",
        expect!["limit.cpu: the robot used up its fuel"],
    )
    .await;
    check(
        "for (;;) items.get('deal:17')",
        expect!["limit.calls: this run has made more than 1000 host calls"],
    )
    .await;
    check(
        "for (;;) try { items.get('deal:17') } catch {}",
        expect![
            "limit.calls: this run has made more than 1000 host calls; the robot went on after 10 refusals"
        ],
    )
    .await;
}

#[tokio::test]
async fn scripts_share_nothing() {
    check(
        "globalThis.seen = Array.prototype.seen = items.seen = 1; return 'set'",
        expect!["done: set"],
    )
    .await;
    check(
        "return [globalThis.seen, [].seen, items.seen].join()",
        expect!["done: ,,"],
    )
    .await;
}

#[tokio::test]
async fn script_has_no_clock_and_no_randomness_of_its_own() {
    let script = "return [Date.now(), Math.random(), random.number()].join()";
    let (first, second) = (run(script).await, run(script).await);
    assert_eq!(words(&first.verdict), words(&second.verdict));
    assert!(words(&first.verdict).starts_with("done: 0,0."), "{first:?}");
    check(
        "return typeof require + typeof fetch + typeof process + typeof setTimeout",
        expect!["done: undefinedundefinedundefinedundefined"],
    )
    .await;
}
