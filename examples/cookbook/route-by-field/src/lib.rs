//! Deals of one kind go to the people who know it, in turn. Attach it once for each value.

use assignment::Distribution;
use signalbox_sdk::prelude::*;

params! { struct Params { field: String, value: String, people: Vec<String> } }

fn run(invocation: Invocation) -> Result<Outcome, Failure> {
    let Params { field, value, people } = Params::read()?;
    let item = invocation.require_item()?;
    let found = fields::get(item, &field)?;
    if found != Some(FieldValue::Text(value.clone())) {
        return skipped(format!("`{field}` is not {value}"));
    }
    assignment::assign_from_list(item, &people, Distribution::Even, true)?;
    done(format!("{value}: goes to the next of {}", people.len()))
}

signalbox_sdk::robot!(run);
