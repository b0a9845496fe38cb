//! The compared job as a core module: host functions take the place of a JSON text in the module's memory and answer
//! with another one, as Extism has it.
//!
//! A place is 64 bits: the address above, the length below.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[link(wasm_import_module = "crm")]
unsafe extern "C" {
    fn param(request: u64) -> u64;
    fn item(request: u64) -> u64;
    fn notify(request: u64) -> u64;
    fn plan(request: u64) -> u64;
    fn move_on(request: u64) -> u64;
}

#[derive(Deserialize)]
struct Invocation {
    item: String,
}

#[derive(Deserialize)]
struct Item {
    id: String,
    title: String,
    amount: Option<Money>,
}

#[derive(Deserialize)]
struct Money {
    amount: String,
    currency: String,
}

#[derive(Serialize)]
struct Failure {
    code: &'static str,
    message: String,
}

/// Memory for what the host passes in. It is never freed: an instance lives for one run.
#[unsafe(no_mangle)]
pub extern "C" fn alloc(length: u32) -> u32 {
    let block = vec![0_u8; length as usize].into_boxed_slice();
    Box::leak(block).as_mut_ptr() as u32
}

/// Runs the job with the invocation at this place; the answer is the place of its result.
#[unsafe(no_mangle)]
pub extern "C" fn run(invocation: u64) -> u64 {
    let result = large_deal(invocation).map_err(|message| Failure {
        code: "failed",
        message,
    });
    let (place, text) = written(&result);
    std::mem::forget(text);
    place
}

fn large_deal(invocation: u64) -> Result<String, String> {
    let invocation: Invocation = read(invocation)?;
    let threshold: Money = call(param, &"threshold")?;
    let item: Item = call(item, &invocation.item)?;
    let Some(amount) = item.amount else {
        return Ok(format!("{} has no amount", item.id));
    };
    if hundredths(&amount)? <= hundredths(&threshold)? {
        return Ok(format!("{} is not above {}", item.id, threshold.amount));
    }
    let _: Vec<String> = call(
        notify,
        &json!({
            "to": ["role:assignee"],
            "title": format!("Large deal: {}", item.title),
            "text": format!("{} {}", amount.amount, amount.currency),
        }),
    )?;
    let planned: String = call(
        plan,
        &json!({
            "item": item.id,
            "kind": "call",
            "title": format!("Call about {}", item.title),
            "deadline": "+3d",
        }),
    )?;
    let _: Value = call(move_on, &json!({ "item": item.id, "stage": "stage:3" }))?;
    Ok(format!("{} moved on, {planned} planned", item.id))
}

fn hundredths(money: &Money) -> Result<i64, String> {
    let (whole, part) = money.amount.split_once('.').unwrap_or((&money.amount, "0"));
    let digits = format!("{whole}{part:0<2}");
    digits
        .parse()
        .map_err(|_| format!("`{}` is no amount", money.amount))
}

/// Calls the host with a value, and reads what it answers.
fn call<T: for<'a> Deserialize<'a>>(
    function: unsafe extern "C" fn(u64) -> u64,
    request: &impl Serialize,
) -> Result<T, String> {
    let (place, text) = written(request);
    // SAFETY: the host reads the text, which lives until here, and answers with the place of a block from `alloc`.
    let answer = unsafe { function(place) };
    drop(text);
    read(answer)
}

fn written(value: &impl Serialize) -> (u64, Vec<u8>) {
    let text = serde_json::to_vec(value).expect("values of this module are JSON");
    let place = (text.as_ptr() as u64) << 32 | text.len() as u64;
    (place, text)
}

fn read<T: for<'a> Deserialize<'a>>(place: u64) -> Result<T, String> {
    let (address, length) = ((place >> 32) as usize, place as u32 as usize);
    // SAFETY: the place is one that `alloc` gave out and the host filled.
    let text = unsafe { std::slice::from_raw_parts(address as *const u8, length) };
    serde_json::from_slice(text).map_err(|error| error.to_string())
}
