//! The functions of the contract that scripts have, under the names of the SDK for JavaScript.

use boa_engine::object::ObjectInitializer;
use boa_engine::property::Attribute;
use boa_engine::{Context, JsArgs, JsError, JsResult, JsValue, NativeFunction, js_string};
use signalbox_sdk::bindings::signalbox::robot::{clock, fields, state};
use signalbox_sdk::prelude::{
    activities, assignment, items, messaging, notifications, random, stages, timeline,
};
use signalbox_sdk::{Error, log};

use crate::outcome::refusal;
use crate::values::{
    field, item, list, maybe, optional, property, read_field, read_texts, required, string, text, texts,
    wrong,
};

type Call = fn(&[JsValue], &mut Context) -> JsResult<JsValue>;

/// Interface, function, what it does.
const CALLS: [(&str, &[(&str, Call)]); 12] = [
    ("items", &[("get", items_get)]),
    ("fields", &[("get", fields_get), ("set", fields_set)]),
    ("stages", &[("move", stages_move)]),
    ("assignment", &[("assign", assign)]),
    ("activities", &[("create", activities_create)]),
    ("timeline", &[("addComment", add_comment)]),
    ("notifications", &[("send", notify)]),
    ("messaging", &[("reply", reply)]),
    ("state", &[("get", state_get), ("set", state_set)]),
    ("clock", &[("now", now)]),
    ("random", &[("number", number)]),
    (
        "log",
        &[
            ("debug", |words, engine| line(log::Level::Debug, words, engine)),
            ("info", |words, engine| line(log::Level::Info, words, engine)),
            ("warn", |words, engine| line(log::Level::Warn, words, engine)),
            ("error", |words, engine| line(log::Level::Error, words, engine)),
        ],
    ),
];

/// Makes a global object of each interface.
pub(crate) fn offer(engine: &mut Context) -> JsResult<()> {
    for (interface, functions) in CALLS {
        let mut object = ObjectInitializer::new(engine);
        for (name, call) in functions {
            let call = *call;
            let function = NativeFunction::from_copy_closure(move |_, given, engine| call(given, engine));
            object.function(function, js_string!(*name), 0);
        }
        let object = object.build();
        engine.register_global_property(js_string!(interface), object, Attribute::READONLY)?;
    }
    Ok(())
}

fn argument(given: &[JsValue], place: usize, name: &str) -> JsResult<String> {
    string(given.get_or_undefined(place)).ok_or_else(|| wrong(&format!("`{name}` is no text")))
}

/// What the host answered, or its refusal as an exception.
fn answered<T>(answer: Result<T, Error>, engine: &mut Context) -> Result<T, JsError> {
    answer.map_err(|error| refusal(&error, engine))
}

fn items_get(given: &[JsValue], engine: &mut Context) -> JsResult<JsValue> {
    let found = answered(items::get(&argument(given, 0, "item")?), engine)?;
    Ok(item(&found, engine))
}

fn fields_get(given: &[JsValue], engine: &mut Context) -> JsResult<JsValue> {
    let (id, keys) = (
        argument(given, 0, "item")?,
        read_texts(given.get_or_undefined(1), engine)?,
    );
    let found = answered(fields::get(&id, &keys), engine)?;
    let found: Vec<JsValue> = found.iter().map(|one| field(one, engine)).collect();
    Ok(boa_engine::object::builtins::JsArray::from_iter(found, engine).into())
}

fn fields_set(given: &[JsValue], engine: &mut Context) -> JsResult<JsValue> {
    let id = argument(given, 0, "item")?;
    let mut new = Vec::new();
    for one in list(given.get_or_undefined(1), engine)? {
        new.push(read_field(&one, engine)?);
    }
    answered(fields::set(&id, &new), engine)?;
    Ok(JsValue::undefined())
}

fn stages_move(given: &[JsValue], engine: &mut Context) -> JsResult<JsValue> {
    let (id, stage) = (argument(given, 0, "item")?, argument(given, 1, "stage")?);
    let allow_back = given.get_or_undefined(2).to_boolean();
    let moved = answered(stages::move_(&id, &stage, allow_back), engine)?;
    Ok(text(match moved {
        stages::MoveResult::Moved => "moved",
        stages::MoveResult::AlreadyThere => "already-there",
    }))
}

fn assign(given: &[JsValue], engine: &mut Context) -> JsResult<JsValue> {
    let (id, employee) = (argument(given, 0, "item")?, argument(given, 1, "employee")?);
    answered(assignment::assign(&id, &employee), engine)?;
    Ok(JsValue::undefined())
}

fn activities_create(given: &[JsValue], engine: &mut Context) -> JsResult<JsValue> {
    let (id, new) = (argument(given, 0, "item")?, given.get_or_undefined(1));
    let kind = match optional(new, "kind", engine)?.as_deref() {
        None | Some("todo") => activities::ActivityKind::Todo,
        Some("call") => activities::ActivityKind::Call,
        Some("meeting") => activities::ActivityKind::Meeting,
        Some("mail") => activities::ActivityKind::Mail,
        Some(other) => return Err(wrong(&format!("`{other}` is no kind of activity"))),
    };
    let mut reminders = Vec::new();
    let given = property(new, "reminders", engine)?;
    if !given.is_null_or_undefined() {
        for one in list(&given, engine)? {
            reminders.push(one.to_u32(engine)?);
        }
    }
    let duration = property(new, "duration", engine)?;
    let activity = activities::NewActivity {
        kind,
        title: optional(new, "title", engine)?,
        description: optional(new, "description", engine)?,
        deadline: optional(new, "deadline", engine)?,
        duration: match duration.is_null_or_undefined() {
            true => None,
            false => Some(duration.to_u32(engine)?),
        },
        assignee: optional(new, "assignee", engine)?,
        reminders,
    };
    answered(activities::create(&id, &activity), engine).map(|id| text(&id))
}

fn add_comment(given: &[JsValue], engine: &mut Context) -> JsResult<JsValue> {
    let (id, comment) = (argument(given, 0, "item")?, argument(given, 1, "text")?);
    answered(timeline::add_comment(&id, &comment), engine)?;
    Ok(JsValue::undefined())
}

fn notify(given: &[JsValue], engine: &mut Context) -> JsResult<JsValue> {
    let new = given.get_or_undefined(0);
    let to = property(new, "to", engine)?;
    let notification = notifications::NewNotification {
        to: read_texts(&to, engine)?,
        title: required(new, "title", engine)?,
        text: optional(new, "text", engine)?.unwrap_or_default(),
        tag: optional(new, "tag", engine)?,
    };
    let sent = answered(notifications::send(&notification), engine)?;
    Ok(texts(&sent, engine))
}

fn reply(given: &[JsValue], engine: &mut Context) -> JsResult<JsValue> {
    let (conversation, words) = (argument(given, 0, "conversation")?, argument(given, 1, "text")?);
    answered(messaging::reply(&conversation, &words), engine).map(|id| text(&id))
}

fn space(given: &[JsValue]) -> JsResult<state::Space> {
    match argument(given, 0, "space")?.as_str() {
        "robot" => Ok(state::Space::Robot),
        "item" => Ok(state::Space::Item),
        other => Err(wrong(&format!(
            "`{other}` is no space of the memory: `robot` or `item`"
        ))),
    }
}

fn state_get(given: &[JsValue], engine: &mut Context) -> JsResult<JsValue> {
    let found = state::get(space(given)?, &argument(given, 1, "key")?);
    answered(found, engine).map(|value| maybe(value.as_ref()))
}

fn state_set(given: &[JsValue], engine: &mut Context) -> JsResult<JsValue> {
    let (key, value) = (argument(given, 1, "key")?, argument(given, 2, "value")?);
    answered(state::set(space(given)?, &key, &value), engine)?;
    Ok(JsValue::undefined())
}

fn now(_: &[JsValue], _: &mut Context) -> JsResult<JsValue> {
    Ok(text(&clock::now()))
}

fn number(_: &[JsValue], _: &mut Context) -> JsResult<JsValue> {
    Ok(random::number().into())
}

fn line(level: log::Level, words: &[JsValue], engine: &mut Context) -> JsResult<JsValue> {
    let mut line = Vec::new();
    for word in words {
        line.push(word.to_string(engine)?.to_std_string_lossy());
    }
    log::write(level, &line.join(" "));
    Ok(JsValue::undefined())
}
