//! A Rhai script, compiled before, with a fresh scope for each run. The engine with its functions is shared by all runs.

use std::cell::RefCell;

use rhai::{AST, Array, Dynamic, Engine, Map, Scope};

use crate::Way;
use crate::job::{Activity, DEAL, Done, Item, Money, Move, Notification, Office};

const SCRIPT: &str = r#"
let threshold = param("threshold");
let item = item(deal);
if item.amount == () { return item.id + " has no amount"; }
if parse_float(item.amount.amount) <= parse_float(threshold.amount) {
    return item.id + " is not above " + threshold.amount;
}
notify(#{
    to: ["role:assignee"],
    title: "Large deal: " + item.title,
    text: item.amount.amount + " " + item.amount.currency,
});
let planned = plan(#{ item: item.id, kind: "call", title: "Call about " + item.title, deadline: "+3d" });
move_on(#{ item: item.id, stage: "stage:3" });
item.id + " moved on, " + planned + " planned"
"#;

thread_local! {
    /// What the run on this thread drafts: the functions of an engine cannot be given anything by the run.
    static OFFICE: RefCell<Office> = RefCell::default();
}

pub(crate) struct Rhai {
    engine: Engine,
    script: AST,
}

impl Rhai {
    pub(crate) fn new() -> Self {
        let mut engine = Engine::new();
        engine
            .register_fn("param", |key: &str| optional(office(|o| o.param(key)).map(money)))
            .register_fn("item", |id: &str| optional(office(|o| o.item(id)).map(item)))
            .register_fn("notify", |mut new: Map| {
                let to = new.remove("to").map(Dynamic::cast::<Array>).unwrap_or_default();
                let notification = Notification {
                    to: to.into_iter().map(Dynamic::cast::<String>).collect(),
                    title: text(&mut new, "title"),
                    text: text(&mut new, "text"),
                };
                let sent = office(|o| o.notify(notification));
                sent.into_iter().map(Dynamic::from).collect::<Array>()
            })
            .register_fn("plan", |mut new: Map| {
                let activity = Activity {
                    item: text(&mut new, "item"),
                    kind: text(&mut new, "kind"),
                    title: text(&mut new, "title"),
                    deadline: text(&mut new, "deadline"),
                };
                office(|o| o.plan(activity))
            })
            .register_fn("move_on", |mut new: Map| {
                let to = Move {
                    item: text(&mut new, "item"),
                    stage: text(&mut new, "stage"),
                };
                office(|o| o.move_on(to));
            });
        let script = engine.compile(SCRIPT).expect("a script");
        Rhai { engine, script }
    }

    fn run(&self) -> Done {
        let mut scope = Scope::new();
        scope.push("deal", DEAL.to_owned());
        let said = self.engine.eval_ast_with_scope(&mut scope, &self.script);
        Done {
            said: said.expect("no error"),
            changes: office(std::mem::take).changes,
        }
    }
}

impl Way for Rhai {
    fn name(&self) -> &'static str {
        "Rhai, a fresh scope"
    }

    fn work(&mut self, times: u32) -> Done {
        for _ in 1..times {
            self.run();
        }
        self.run()
    }
}

fn office<T>(work: impl FnOnce(&mut Office) -> T) -> T {
    OFFICE.with_borrow_mut(work)
}

fn text(map: &mut Map, key: &str) -> String {
    map.remove(key).map(Dynamic::cast::<String>).unwrap_or_default()
}

fn optional(value: Option<impl Into<Dynamic>>) -> Dynamic {
    value.map_or(Dynamic::UNIT, Into::into)
}

fn money(money: Money) -> Map {
    let pairs = [("amount", money.amount), ("currency", money.currency)];
    pairs
        .into_iter()
        .map(|(key, text)| (key.into(), text.into()))
        .collect()
}

fn item(item: Item) -> Map {
    let texts = [
        ("id", Some(item.id)),
        ("title", Some(item.title)),
        ("pipeline", Some(item.pipeline)),
        ("stage", Some(item.stage)),
        ("stage_entered_at", Some(item.stage_entered_at)),
        ("assignee", item.assignee),
        ("contact", item.contact),
        ("source", item.source),
        ("created_at", Some(item.created_at)),
        ("updated_at", Some(item.updated_at)),
        ("closed_at", item.closed_at),
        ("last_contact_at", item.last_contact_at),
    ];
    let mut map: Map = texts
        .into_iter()
        .map(|(key, text)| (key.into(), optional(text)))
        .collect();
    map.insert("amount".into(), optional(item.amount.map(money)));
    map.insert("stage_entry".into(), i64::from(item.stage_entry).into());
    map.insert("version".into(), i64::from(item.version).into());
    map
}
