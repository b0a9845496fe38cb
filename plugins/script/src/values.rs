//! Between the contract's values and those of JavaScript, with the shapes of the SDK for JavaScript.

use boa_engine::object::ObjectInitializer;
use boa_engine::object::builtins::JsArray;
use boa_engine::property::Attribute;
use boa_engine::{Context, JsNativeError, JsObject, JsResult, JsValue, js_string};
use signalbox_sdk::prelude::*;

/// A record.
pub(crate) fn record<const N: usize>(parts: [(&str, JsValue); N], engine: &mut Context) -> JsValue {
    let mut object = ObjectInitializer::new(engine);
    for (key, value) in parts {
        object.property(js_string!(key), value, Attribute::all());
    }
    object.build().into()
}

pub(crate) fn text(text: &str) -> JsValue {
    js_string!(text).into()
}

pub(crate) fn maybe(text: Option<&String>) -> JsValue {
    text.map_or(JsValue::null(), |known| self::text(known))
}

pub(crate) fn texts(list: &[String], engine: &mut Context) -> JsValue {
    let values: Vec<JsValue> = list.iter().map(|one| text(one)).collect();
    JsArray::from_iter(values, engine).into()
}

fn variant(tag: &str, value: JsValue, engine: &mut Context) -> JsValue {
    record([("tag", text(tag)), ("val", value)], engine)
}

fn money(money: &Money, engine: &mut Context) -> JsValue {
    record(
        [
            ("amount", text(&money.amount)),
            ("currency", text(&money.currency)),
        ],
        engine,
    )
}

pub(crate) fn item(item: &Item, engine: &mut Context) -> JsValue {
    let amount = match &item.amount {
        Some(amount) => money(amount, engine),
        None => JsValue::null(),
    };
    record(
        [
            ("id", text(&item.id)),
            ("title", text(&item.title)),
            ("pipeline", text(&item.pipeline)),
            ("stage", text(&item.stage)),
            ("stageEntry", item.stage_entry.into()),
            ("stageEnteredAt", text(&item.stage_entered_at)),
            ("assignee", maybe(item.assignee.as_ref())),
            ("contact", maybe(item.contact.as_ref())),
            ("amount", amount),
            ("source", maybe(item.source.as_ref())),
            ("createdAt", text(&item.created_at)),
            ("updatedAt", text(&item.updated_at)),
            ("closedAt", maybe(item.closed_at.as_ref())),
            ("lastContactAt", maybe(item.last_contact_at.as_ref())),
            ("version", item.version.into()),
        ],
        engine,
    )
}

pub(crate) fn field(field: &Field, engine: &mut Context) -> JsValue {
    let value = match &field.value {
        None => JsValue::null(),
        Some(FieldValue::Text(value)) => variant("text", text(value), engine),
        Some(FieldValue::Number(value)) => variant("number", (*value).into(), engine),
        Some(FieldValue::Flag(value)) => variant("flag", (*value).into(), engine),
        Some(FieldValue::Instant(value)) => variant("instant", text(value), engine),
        Some(FieldValue::Money(value)) => {
            let value = money(value, engine);
            variant("money", value, engine)
        }
        Some(FieldValue::Many(value)) => {
            let value = texts(value, engine);
            variant("many", value, engine)
        }
        Some(FieldValue::Other(value)) => {
            let value = record([("kind", text(&value.kind)), ("text", text(&value.text))], engine);
            variant("other", value, engine)
        }
    };
    record([("key", text(&field.key)), ("value", value)], engine)
}

pub(crate) fn read_field(value: &JsValue, engine: &mut Context) -> JsResult<Field> {
    let key = required(value, "key", engine)?;
    let given = property(value, "value", engine)?;
    if given.is_null_or_undefined() {
        return Ok(Field { key, value: None });
    }
    let tag = required(&given, "tag", engine)?;
    let inner = property(&given, "val", engine)?;
    let wrong = || wrong(&format!("the value of `{key}` is no {tag}"));
    let value = match tag.as_str() {
        "text" => FieldValue::Text(string(&inner).ok_or_else(wrong)?),
        "instant" => FieldValue::Instant(string(&inner).ok_or_else(wrong)?),
        "number" => FieldValue::Number(inner.as_number().ok_or_else(wrong)?),
        "flag" => FieldValue::Flag(inner.as_boolean().ok_or_else(wrong)?),
        "many" => FieldValue::Many(read_texts(&inner, engine)?),
        "money" => FieldValue::Money(Money {
            amount: required(&inner, "amount", engine)?,
            currency: required(&inner, "currency", engine)?,
        }),
        _ => {
            return Err(self::wrong(&format!(
                "`{tag}` is no kind of value that can be set"
            )));
        }
    };
    Ok(Field {
        key,
        value: Some(value),
    })
}

pub(crate) fn invocation(invocation: &Invocation, engine: &mut Context) -> JsResult<JsValue> {
    let cause = cause(&invocation.cause, engine);
    Ok(record(
        [
            ("run", text(&invocation.run)),
            ("attachment", text(&invocation.attachment)),
            ("attempt", invocation.attempt.into()),
            ("item", maybe(invocation.item.as_ref())),
            ("event", text(&invocation.event)),
            ("happenedAt", text(&invocation.happened_at)),
            ("cause", cause),
        ],
        engine,
    ))
}

fn cause(cause: &Cause, engine: &mut Context) -> JsValue {
    match cause {
        Cause::StageEntered(it) => {
            let value = record(
                [
                    ("item", text(&it.item)),
                    ("pipeline", text(&it.pipeline)),
                    ("stage", text(&it.stage)),
                    ("fromStage", maybe(it.from_stage.as_ref())),
                ],
                engine,
            );
            variant("stage-entered", value, engine)
        }
        Cause::Timer(it) => {
            let parts = [
                ("key", text(&it.key)),
                ("payload", text(&it.payload)),
                ("dueAt", text(&it.due_at)),
            ];
            let value = record(parts, engine);
            variant("timer", value, engine)
        }
        Cause::Schedule(it) => {
            let value = record([("dueAt", text(&it.due_at))], engine);
            variant("schedule", value, engine)
        }
        Cause::MessageReceived(it) => {
            let value = record(
                [
                    ("conversation", text(&it.conversation)),
                    ("message", text(&it.message)),
                    ("channel", text(&it.channel)),
                    ("contact", maybe(it.contact.as_ref())),
                    ("text", text(&it.text)),
                    ("isFirst", it.is_first.into()),
                    ("sentAt", text(&it.sent_at)),
                ],
                engine,
            );
            variant("message-received", value, engine)
        }
        Cause::Manual(it) => {
            let value = record([("by", maybe(it.by.as_ref()))], engine);
            variant("manual", value, engine)
        }
        Cause::Other(it) => {
            let pairs = it.fields.iter().map(|(name, value)| (text(name), text(value)));
            let pairs: Vec<(JsValue, JsValue)> = pairs.collect();
            let pairs: Vec<JsValue> = pairs
                .into_iter()
                .map(|(name, value)| JsArray::from_iter([name, value], engine).into())
                .collect();
            let fields = JsArray::from_iter(pairs, engine).into();
            let value = record([("name", text(&it.name)), ("fields", fields)], engine);
            variant("other", value, engine)
        }
    }
}

/// The property of a record; nothing where there is no record.
pub(crate) fn property(value: &JsValue, key: &str, engine: &mut Context) -> JsResult<JsValue> {
    match value.as_object() {
        Some(object) => object.get(js_string!(key), engine),
        None => Ok(JsValue::undefined()),
    }
}

/// A property that is a text.
pub(crate) fn required(value: &JsValue, key: &str, engine: &mut Context) -> JsResult<String> {
    string(&property(value, key, engine)?).ok_or_else(|| wrong(&format!("`{key}` is no text")))
}

/// A property that is a text or nothing.
pub(crate) fn optional(value: &JsValue, key: &str, engine: &mut Context) -> JsResult<Option<String>> {
    let found = property(value, key, engine)?;
    match found.is_null_or_undefined() {
        true => Ok(None),
        false => string(&found)
            .map(Some)
            .ok_or_else(|| wrong(&format!("`{key}` is no text"))),
    }
}

pub(crate) fn string(value: &JsValue) -> Option<String> {
    value.as_string().map(|text| text.to_std_string_lossy())
}

/// The elements of an array.
pub(crate) fn list(value: &JsValue, engine: &mut Context) -> JsResult<Vec<JsValue>> {
    let array = value.as_object().ok_or_else(|| wrong("a list is expected"))?;
    let array = JsArray::from_object(array.clone())?;
    let length = array.length(engine)?;
    let at = |place| array.get(place, engine);
    (0..length).map(at).collect()
}

pub(crate) fn read_texts(value: &JsValue, engine: &mut Context) -> JsResult<Vec<String>> {
    let given = list(value, engine)?;
    let texts = given
        .iter()
        .map(|one| string(one).ok_or_else(|| wrong("a list of texts is expected")));
    texts.collect()
}

pub(crate) fn callable(value: &JsValue) -> JsResult<JsObject> {
    value
        .as_callable()
        .map(|object| object.clone())
        .ok_or_else(|| wrong("the script is no body of a function"))
}

pub(crate) fn wrong(message: &str) -> boa_engine::JsError {
    JsNativeError::typ().with_message(message.to_owned()).into()
}
