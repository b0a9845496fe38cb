//! Between the contract's values and those of JavaScript, with the shapes of the SDK for JavaScript: names in camel case,
//! `null` for what is missing, `{ tag, val }` for a variant.

use boa_engine::object::ObjectInitializer;
use boa_engine::object::builtins::JsArray;
use boa_engine::property::Attribute;
use boa_engine::{Context, JsError, JsNativeError, JsObject, JsResult, JsValue, js_string};
use signalbox_sdk::bindings::signalbox::robot::activities::{Activity, ActivityKind, NewActivity};
use signalbox_sdk::bindings::signalbox::robot::assignment::Distribution;
use signalbox_sdk::bindings::signalbox::robot::contact_editing::{ContactPatch, NewContact};
use signalbox_sdk::bindings::signalbox::robot::contacts::Contact;
use signalbox_sdk::bindings::signalbox::robot::conversations::{Conversation, Direction, Message};
use signalbox_sdk::bindings::signalbox::robot::employees::Employee;
use signalbox_sdk::bindings::signalbox::robot::item_creation::NewItem;
use signalbox_sdk::bindings::signalbox::robot::items::ItemQuery;
use signalbox_sdk::bindings::signalbox::robot::notifications::NewNotification;
use signalbox_sdk::bindings::signalbox::robot::outbound_http::{
    Answer, Header, Method, Part, Request, Response, Wake,
};
use signalbox_sdk::bindings::signalbox::robot::stages::MoveResult;
use signalbox_sdk::bindings::signalbox::robot::state::Space;
use signalbox_sdk::bindings::signalbox::robot::types::{
    Cause, Field, FieldValue, Invocation, Item, ManualRun, MessageReceived, Money, OtherCause, OtherValue,
    ParamValue, ScheduleTicked, StageEntered, TimerFired,
};

/// What a script is given.
pub(crate) trait ToScript {
    fn to_script(&self, engine: &mut Context) -> JsValue;
}

/// What a script gives; `name` is the argument or the part of a record, for the message.
pub(crate) trait FromScript: Sized {
    fn from_script(value: &JsValue, name: &str, engine: &mut Context) -> JsResult<Self>;

    /// The value where the script gives none.
    fn absent() -> Option<Self> {
        None
    }
}

/// A value of a script, or what stands for it where there is none.
pub(crate) fn read<T: FromScript>(value: &JsValue, name: &str, engine: &mut Context) -> JsResult<T> {
    match T::absent() {
        Some(absent) if value.is_null_or_undefined() => Ok(absent),
        _ => T::from_script(value, name, engine),
    }
}

impl ToScript for () {
    fn to_script(&self, _: &mut Context) -> JsValue {
        JsValue::undefined()
    }
}

/// Values that JavaScript has.
macro_rules! plain {
    ($($kind:ty)*) => { $(
        impl ToScript for $kind {
            fn to_script(&self, _: &mut Context) -> JsValue {
                (*self).into()
            }
        }
    )* };
}

plain! { bool f64 i32 u16 u32 }

impl FromScript for bool {
    fn from_script(value: &JsValue, name: &str, _: &mut Context) -> JsResult<Self> {
        value
            .as_boolean()
            .ok_or_else(|| wrong(&format!("`{name}` is neither true nor false")))
    }
}

impl FromScript for f64 {
    fn from_script(value: &JsValue, name: &str, _: &mut Context) -> JsResult<Self> {
        value
            .as_number()
            .ok_or_else(|| wrong(&format!("`{name}` is no number")))
    }
}

impl FromScript for u32 {
    fn from_script(value: &JsValue, name: &str, _: &mut Context) -> JsResult<Self> {
        let whole = value.as_number().filter(|number| number.fract() == 0.0);
        whole
            .filter(|number| (0.0..=f64::from(u32::MAX)).contains(number))
            .map(|number| number as u32)
            .ok_or_else(|| wrong(&format!("`{name}` is no whole number from 0 to {}", u32::MAX)))
    }
}

impl ToScript for String {
    fn to_script(&self, _: &mut Context) -> JsValue {
        js_string!(self.as_str()).into()
    }
}

impl FromScript for String {
    fn from_script(value: &JsValue, name: &str, _: &mut Context) -> JsResult<Self> {
        string(value).ok_or_else(|| wrong(&format!("`{name}` is no text")))
    }
}

impl<T: ToScript> ToScript for Option<T> {
    fn to_script(&self, engine: &mut Context) -> JsValue {
        self.as_ref()
            .map_or(JsValue::null(), |value| value.to_script(engine))
    }
}

impl<T: FromScript> FromScript for Option<T> {
    fn from_script(value: &JsValue, name: &str, engine: &mut Context) -> JsResult<Self> {
        T::from_script(value, name, engine).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: ToScript> ToScript for Vec<T> {
    fn to_script(&self, engine: &mut Context) -> JsValue {
        let values: Vec<JsValue> = self.iter().map(|one| one.to_script(engine)).collect();
        JsArray::from_iter(values, engine).into()
    }
}

impl<T: FromScript> FromScript for Vec<T> {
    fn from_script(value: &JsValue, name: &str, engine: &mut Context) -> JsResult<Self> {
        let no_list = || wrong(&format!("`{name}` is no list"));
        let array = value.as_object().ok_or_else(no_list)?;
        let array = JsArray::from_object(array.clone()).map_err(|_| no_list())?;
        let length = array.length(engine)?;
        let mut values = Vec::new();
        for place in 0..length {
            let one = array.get(place, engine)?;
            values.push(T::from_script(&one, &format!("{name}[{place}]"), engine)?);
        }
        Ok(values)
    }
}

impl<A: ToScript, B: ToScript> ToScript for (A, B) {
    fn to_script(&self, engine: &mut Context) -> JsValue {
        let values = [self.0.to_script(engine), self.1.to_script(engine)];
        JsArray::from_iter(values, engine).into()
    }
}

/// A record that a script is given.
macro_rules! given {
    ($($record:ident { $($part:ident),* $(,)? })*) => { $(
        impl ToScript for $record {
            fn to_script(&self, engine: &mut Context) -> JsValue {
                let parts = [$((stringify!($part), self.$part.to_script(engine))),*];
                record(&parts, engine)
            }
        }
    )* };
}

/// A record that a script makes. What stands behind `=` is what a part is that the script leaves out; optional parts and
/// those with such a value can be left out.
macro_rules! made {
    ($($record:ident { $($part:ident $(= $absent:expr)?),* $(,)? })*) => { $(
        impl FromScript for $record {
            fn from_script(value: &JsValue, name: &str, engine: &mut Context) -> JsResult<Self> {
                if !value.is_object() {
                    return Err(wrong(&format!("`{name}` is no object")));
                }
                Ok($record {
                    $($part: {
                        let key = camel(stringify!($part));
                        let part = property(value, &key, engine)?;
                        made!(@ part, &format!("{name}.{key}"), engine $(, $absent)?)
                    }),*
                })
            }
        }
    )* };
    (@ $part:ident, $name:expr, $engine:ident) => { read(&$part, $name, $engine)? };
    (@ $part:ident, $name:expr, $engine:ident, $absent:expr) => {
        match $part.is_null_or_undefined() {
            true => $absent,
            false => read(&$part, $name, $engine)?,
        }
    };
}

/// An enumeration: a text in JavaScript. Behind the colon is what it is about.
macro_rules! word {
    ($($word:ident: $what:literal { $($case:ident $text:literal),* $(,)? })*) => { $(
        impl ToScript for $word {
            fn to_script(&self, _: &mut Context) -> JsValue {
                js_string!(match self { $($word::$case => $text),* }).into()
            }
        }

        impl FromScript for $word {
            fn from_script(value: &JsValue, name: &str, engine: &mut Context) -> JsResult<Self> {
                let text = String::from_script(value, name, engine)?;
                match text.as_str() {
                    $($text => Ok($word::$case),)*
                    other => Err(wrong(&format!("`{other}` is no {}: {}", $what, [$($text),*].join(", ")))),
                }
            }
        }
    )* };
}

/// A variant of which each case has a value.
macro_rules! variant {
    ($($variant:ident { $($case:ident $tag:literal),* $(,)? })*) => { $(
        impl ToScript for $variant {
            fn to_script(&self, engine: &mut Context) -> JsValue {
                let (tag, value) = match self { $($variant::$case(value) => ($tag, value.to_script(engine))),* };
                record(&[("tag", js_string!(tag).into()), ("val", value)], engine)
            }
        }
    )* };
}

given! {
    Money { amount, currency }
    OtherValue { kind, text }
    Field { key, value }
    Item {
        id, title, pipeline, stage, stage_entry, stage_entered_at, assignee, contact, amount, source, created_at,
        updated_at, closed_at, last_contact_at, version,
    }
    Activity {
        id, item, kind, title, description, deadline, duration, assignee, is_open, is_done, finished_at,
    }
    Employee { id, name, head, is_available }
    Contact { id, name, phones, emails, accounts, assignee, created_at, version }
    Conversation {
        id, channel, contact, item, operator, opened_at, is_open, last_inbound_at, last_outbound_at, message_count,
    }
    Message { id, number, direction, text, media, author, sent_at, edited_at }
    Header { name, value }
    Response { status, headers, body, is_cut }
    Answer { request, payload, attempts, response, problem }
    StageEntered { item, pipeline, stage, from_stage }
    TimerFired { key, payload, due_at }
    ScheduleTicked { due_at }
    MessageReceived { conversation, message, channel, contact, text, is_first, sent_at }
    ManualRun { by }
    OtherCause { name, fields }
    Invocation { run, attachment, attempt, item, event, happened_at, cause }
}

made! {
    Money { amount, currency }
    OtherValue { kind, text }
    Field { key, value }
    ItemQuery { pipeline, stage, assignee, contact, is_open, entered_before }
    NewItem { pipeline, stage, title, assignee, contact, amount, source, fields = Vec::new() }
    NewActivity {
        kind = ActivityKind::Todo, title, description, deadline, duration, assignee, reminders = Vec::new(),
    }
    NewNotification { to, title, text = String::new(), tag }
    NewContact { name, phones = Vec::new(), emails = Vec::new(), assignee }
    ContactPatch { name, phones, emails, assignee }
    Part { name, value = String::new(), secret }
    Request {
        method = Method::Get, url, query = Vec::new(), headers = Vec::new(), body, payload = String::new(),
        wake = Wake::Always, timeout_s = 0, attempts = 0,
    }
}

word! {
    ActivityKind: "kind of activity" {
        Todo "todo", Call "call", Meeting "meeting", Mail "mail", Other "other",
    }
    Direction: "direction" { Inbound "inbound", Outbound "outbound" }
    Distribution: "distribution" { Strict "strict", Even "even" }
    Method: "method" { Get "get", Head "head", Post "post", Put "put", Patch "patch", Delete "delete" }
    MoveResult: "result of a move" { Moved "moved", AlreadyThere "already-there" }
    Space: "space of the memory" { Robot "robot", Item "item" }
    Wake: "time to wake up" { Always "always", OnFailure "on-failure", Never "never" }
}

variant! {
    FieldValue {
        Text "text", Number "number", Flag "flag", Instant "instant", Money "money", Many "many", Other "other",
    }
    ParamValue {
        Flag "flag", Whole "whole", Decimal "decimal", Text "text", Seconds "seconds", Money "money", Many "many",
    }
    Cause {
        StageEntered "stage-entered", Timer "timer", Schedule "schedule", MessageReceived "message-received",
        Manual "manual", Other "other",
    }
}

impl FromScript for FieldValue {
    fn from_script(value: &JsValue, name: &str, engine: &mut Context) -> JsResult<Self> {
        let tag = property(value, "tag", engine)?;
        let tag = String::from_script(&tag, &format!("{name}.tag"), engine)?;
        let (inner, name) = (property(value, "val", engine)?, format!("{name}.val"));
        match tag.as_str() {
            "text" => read(&inner, &name, engine).map(FieldValue::Text),
            "number" => read(&inner, &name, engine).map(FieldValue::Number),
            "flag" => read(&inner, &name, engine).map(FieldValue::Flag),
            "instant" => read(&inner, &name, engine).map(FieldValue::Instant),
            "money" => read(&inner, &name, engine).map(FieldValue::Money),
            "many" => read(&inner, &name, engine).map(FieldValue::Many),
            "other" => read(&inner, &name, engine).map(FieldValue::Other),
            _ => Err(wrong(&format!("`{tag}` is no kind of value"))),
        }
    }
}

/// `stage_entered_at` is `stageEnteredAt` in JavaScript.
fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at(1);
        camel.push_str(&first.to_ascii_uppercase());
        camel.push_str(rest);
    }
    camel
}

fn record(parts: &[(&str, JsValue)], engine: &mut Context) -> JsValue {
    let mut object = ObjectInitializer::new(engine);
    for (name, value) in parts {
        object.property(js_string!(camel(name).as_str()), value.clone(), Attribute::all());
    }
    object.build().into()
}

/// The property of a record; nothing where there is no record.
pub(crate) fn property(value: &JsValue, key: &str, engine: &mut Context) -> JsResult<JsValue> {
    match value.as_object() {
        Some(object) => object.get(js_string!(key), engine),
        None => Ok(JsValue::undefined()),
    }
}

pub(crate) fn string(value: &JsValue) -> Option<String> {
    value.as_string().map(|text| text.to_std_string_lossy())
}

pub(crate) fn callable(value: &JsValue) -> JsResult<JsObject> {
    value
        .as_callable()
        .map(|object| object.clone())
        .ok_or_else(|| wrong("the script is no body of a function"))
}

pub(crate) fn wrong(message: &str) -> JsError {
    JsNativeError::typ().with_message(message.to_owned()).into()
}
