//! The functions of the contract that scripts have, under the names of the SDK for JavaScript.

use boa_engine::object::ObjectInitializer;
use boa_engine::property::Attribute;
use boa_engine::{Context, JsArgs, JsResult, JsValue, NativeFunction, js_string};
use signalbox_sdk::bindings::signalbox::robot::{
    activities, assignment, calendar, clock, contact_editing, contacts, conversation_control, conversations,
    employees, fields, item_creation, items, messaging, notifications, outbound_http, params, random, stages,
    state, timeline, timers,
};
use signalbox_sdk::{Error, log};

use crate::outcome::refusal;
use crate::values::{FromScript, ToScript, read};

/// One call of a script: its arguments, and the engine that makes its answer.
struct Call<'a> {
    given: &'a [JsValue],
    taken: usize,
    engine: &'a mut Context,
}

impl Call<'_> {
    /// The next argument.
    fn take<T: FromScript>(&mut self, name: &str) -> JsResult<T> {
        let value = self.given.get_or_undefined(self.taken);
        self.taken += 1;
        read(value, name, self.engine)
    }

    fn text(&mut self, name: &str) -> JsResult<String> {
        self.take(name)
    }

    fn value<T: ToScript>(&mut self, value: T) -> JsResult<JsValue> {
        Ok(value.to_script(self.engine))
    }

    /// What the host answered, or its refusal as an exception.
    fn answer<T: ToScript>(&mut self, answer: Result<T, Error>) -> JsResult<JsValue> {
        match answer {
            Ok(value) => self.value(value),
            Err(error) => Err(refusal(&error, self.engine)),
        }
    }

    fn line(&mut self, level: log::Level) -> JsResult<JsValue> {
        let mut line = Vec::new();
        for word in self.given {
            line.push(word.to_string(self.engine)?.to_std_string_lossy());
        }
        log::write(level, &line.join(" "));
        self.value(())
    }
}

type Function = fn(&mut Call<'_>) -> JsResult<JsValue>;

/// Interface, function, what it does.
const INTERFACES: [(&str, &[(&str, Function)]); 22] = [
    ("activities", &ACTIVITIES),
    ("assignment", &ASSIGNMENT),
    ("calendar", &CALENDAR),
    ("clock", &[("now", |call| call.value(clock::now()))]),
    ("contactEditing", &CONTACT_EDITING),
    ("contacts", &CONTACTS),
    (
        "conversationControl",
        &[("close", |call| {
            let closed = conversation_control::close(&call.text("conversation")?);
            call.answer(closed)
        })],
    ),
    ("conversations", &CONVERSATIONS),
    (
        "employees",
        &[("get", |call| {
            let found = employees::get(&call.text("employee")?);
            call.answer(found)
        })],
    ),
    ("fields", &FIELDS),
    ("itemCreation", &ITEM_CREATION),
    ("items", &ITEMS),
    (
        "log",
        &[
            ("debug", |call| call.line(log::Level::Debug)),
            ("info", |call| call.line(log::Level::Info)),
            ("warn", |call| call.line(log::Level::Warn)),
            ("error", |call| call.line(log::Level::Error)),
        ],
    ),
    (
        "messaging",
        &[("reply", |call| {
            let sent = messaging::reply(&call.text("conversation")?, &call.text("text")?);
            call.answer(sent)
        })],
    ),
    (
        "notifications",
        &[("send", |call| {
            let sent = notifications::send(&call.take("notification")?);
            call.answer(sent)
        })],
    ),
    ("outboundHttp", &OUTBOUND_HTTP),
    (
        "params",
        &[("get", |call| {
            let found = params::get(&call.text("key")?);
            call.value(found)
        })],
    ),
    ("random", &[("number", |call| call.value(random::number()))]),
    ("stages", &STAGES),
    ("state", &STATE),
    (
        "timeline",
        &[("addComment", |call| {
            let added = timeline::add_comment(&call.text("item")?, &call.text("text")?);
            call.answer(added)
        })],
    ),
    ("timers", &TIMERS),
];

const ACTIVITIES: [(&str, Function); 6] = [
    ("create", |call| {
        let created = activities::create(&call.text("item")?, &call.take("activity")?);
        call.answer(created)
    }),
    ("get", |call| {
        let found = activities::get(&call.text("activity")?);
        call.answer(found)
    }),
    ("listOpen", |call| {
        let open = activities::list_open(&call.text("item")?);
        call.answer(open)
    }),
    ("complete", |call| {
        let completed = activities::complete(&call.text("activity")?);
        call.answer(completed)
    }),
    ("cancel", |call| {
        let cancelled = activities::cancel(&call.text("activity")?);
        call.answer(cancelled)
    }),
    ("reschedule", |call| {
        let moved = activities::reschedule(&call.text("activity")?, &call.text("deadline")?);
        call.answer(moved)
    }),
];

const ASSIGNMENT: [(&str, Function); 2] = [
    ("assign", |call| {
        let assigned = assignment::assign(&call.text("item")?, &call.text("employee")?);
        call.answer(assigned)
    }),
    ("assignFromList", |call| {
        let (item, candidates): (String, Vec<String>) = (call.take("item")?, call.take("candidates")?);
        let assigned = assignment::assign_from_list(
            &item,
            &candidates,
            call.take("distribution")?,
            call.take("skipAbsent")?,
        );
        call.answer(assigned)
    }),
];

const CALENDAR: [(&str, Function); 2] = [
    ("isWorking", |call| {
        let is_working = calendar::is_working(&call.text("at")?);
        call.answer(is_working)
    }),
    ("addWorking", |call| {
        let end = calendar::add_working(&call.text("start")?, call.take("seconds")?);
        call.answer(end)
    }),
];

const CONTACT_EDITING: [(&str, Function); 2] = [
    ("create", |call| {
        let created = contact_editing::create(&call.take("contact")?);
        call.answer(created)
    }),
    ("update", |call| {
        let updated = contact_editing::update(&call.text("contact")?, &call.take("patch")?);
        call.answer(updated)
    }),
];

const CONTACTS: [(&str, Function); 3] = [
    ("get", |call| {
        let found = contacts::get(&call.text("contact")?);
        call.answer(found)
    }),
    ("findByPhone", |call| {
        let found = contacts::find_by_phone(&call.text("phone")?);
        call.answer(found)
    }),
    ("findByEmail", |call| {
        let found = contacts::find_by_email(&call.text("email")?);
        call.answer(found)
    }),
];

const CONVERSATIONS: [(&str, Function); 3] = [
    ("get", |call| {
        let found = conversations::get(&call.text("conversation")?);
        call.answer(found)
    }),
    ("ofItem", |call| {
        let found = conversations::of_item(&call.text("item")?);
        call.answer(found)
    }),
    ("messages", |call| {
        let conversation = call.text("conversation")?;
        let found = conversations::messages(&conversation, call.take("before")?, call.take("limit")?);
        call.answer(found)
    }),
];

const FIELDS: [(&str, Function); 3] = [
    ("get", |call| {
        let (item, keys): (String, Vec<String>) = (call.take("item")?, call.take("keys")?);
        call.answer(fields::get(&item, &keys))
    }),
    ("getAll", |call| {
        let found = fields::get_all(&call.text("item")?);
        call.answer(found)
    }),
    ("set", |call| {
        let (item, new): (String, Vec<_>) = (call.take("item")?, call.take("fields")?);
        call.answer(fields::set(&item, &new))
    }),
];

const ITEM_CREATION: [(&str, Function); 2] = [
    ("create", |call| {
        let created = item_creation::create(&call.take("item")?);
        call.answer(created)
    }),
    ("copy", |call| {
        let (item, pipeline) = (call.text("item")?, call.text("pipeline")?);
        let stage: Option<String> = call.take("stage")?;
        call.answer(item_creation::copy(&item, &pipeline, stage.as_deref()))
    }),
];

const ITEMS: [(&str, Function); 2] = [
    ("get", |call| {
        let found = items::get(&call.text("item")?);
        call.answer(found)
    }),
    ("find", |call| {
        let query = call.take("query")?;
        let after: Option<String> = call.take("after")?;
        let found = items::find(&query, after.as_deref(), call.take("limit")?);
        call.answer(found)
    }),
];

const OUTBOUND_HTTP: [(&str, Function); 2] = [
    ("send", |call| {
        let sent = outbound_http::send(&call.take("request")?);
        call.answer(sent)
    }),
    ("getAnswer", |call| call.answer(outbound_http::get_answer())),
];

const STAGES: [(&str, Function); 2] = [
    ("move", |call| {
        let (item, stage) = (call.text("item")?, call.text("stage")?);
        let allow_back: Option<bool> = call.take("allowBack")?;
        call.answer(stages::move_(&item, &stage, allow_back.unwrap_or_default()))
    }),
    ("missingFields", |call| {
        let missing = stages::missing_fields(&call.text("item")?, &call.text("stage")?);
        call.answer(missing)
    }),
];

const STATE: [(&str, Function); 3] = [
    ("get", |call| {
        let found = state::get(call.take("space")?, &call.text("key")?);
        call.answer(found)
    }),
    ("set", |call| {
        let (space, key) = (call.take("space")?, call.text("key")?);
        let set = state::set(space, &key, &call.text("value")?);
        call.answer(set)
    }),
    ("delete", |call| {
        let deleted = state::delete(call.take("space")?, &call.text("key")?);
        call.answer(deleted)
    }),
];

const TIMERS: [(&str, Function); 2] = [
    ("set", |call| {
        let (key, at) = (call.text("key")?, call.text("at")?);
        let payload: Option<String> = call.take("payload")?;
        call.answer(timers::set(&key, &at, &payload.unwrap_or_default()))
    }),
    ("cancel", |call| {
        let cancelled = timers::cancel(&call.text("key")?);
        call.answer(cancelled)
    }),
];

/// Makes a global object of each interface.
pub(crate) fn offer(engine: &mut Context) -> JsResult<()> {
    for (interface, functions) in INTERFACES {
        let mut object = ObjectInitializer::new(engine);
        for (name, function) in functions {
            let function = *function;
            let native = NativeFunction::from_copy_closure(move |_, given, engine| {
                function(&mut Call {
                    given,
                    taken: 0,
                    engine,
                })
            });
            object.function(native, js_string!(*name), 0);
        }
        let object = object.build();
        engine.register_global_property(js_string!(interface), object, Attribute::READONLY)?;
    }
    Ok(())
}
