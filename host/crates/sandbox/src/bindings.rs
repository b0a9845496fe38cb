//! What `bindgen!` makes of `wit/`. Private: no other crate sees these types.

wasmtime::component::bindgen!({
    path: "../../../wit",
    world: "robot",
    imports: { default: async | trappable },
    exports: { default: async },
    // The journal shows arguments and answers as JSON; a replay reads them back.
    additional_derives: [serde::Serialize, serde::Deserialize, PartialEq],
});

pub(crate) use exports::signalbox::robot::entry;
pub(crate) use signalbox::robot::{
    activities, assignment, calendar, clock, contact_editing, contacts, conversation_control, conversations,
    employees, fields, item_creation, items, log, messaging, notifications, outbound_http, params, random,
    stages, state, timeline, timers, types,
};
