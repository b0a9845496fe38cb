//! A Lua script in a fresh state for each run, compiled before: two runs share nothing, as in a sandbox. The state has
//! the libraries for texts and tables and no others.

use std::cell::RefCell;
use std::rc::Rc;

use mlua::chunk::ChunkMode;
use mlua::{Lua, LuaOptions, StdLib, Table};

use crate::Way;
use crate::job::{Activity, DEAL, Done, Item, Money, Move, Notification, Office};

const SCRIPT: &str = r#"
local deal = ...
local threshold = param("threshold")
local item = item(deal)
if not item.amount then return item.id .. " has no amount" end
if tonumber(item.amount.amount) <= tonumber(threshold.amount) then
    return item.id .. " is not above " .. threshold.amount
end
notify({
    to = { "role:assignee" },
    title = "Large deal: " .. item.title,
    text = item.amount.amount .. " " .. item.amount.currency,
})
local planned = plan({ item = item.id, kind = "call", title = "Call about " .. item.title, deadline = "+3d" })
move_on({ item = item.id, stage = "stage:3" })
return item.id .. " moved on, " .. planned .. " planned"
"#;

pub(crate) struct LuaScript {
    compiled: Vec<u8>,
}

impl LuaScript {
    pub(crate) fn new() -> Self {
        let lua = Lua::new();
        let function = lua.load(SCRIPT).into_function().expect("a script");
        LuaScript {
            compiled: function.dump(true),
        }
    }

    fn run(&self) -> mlua::Result<Done> {
        let lua = Lua::new_with(StdLib::STRING | StdLib::TABLE, LuaOptions::default())?;
        let office = Rc::new(RefCell::new(Office::default()));
        offer(&lua, &office)?;
        let chunk = lua.load(&self.compiled).set_mode(ChunkMode::Binary);
        let said = chunk.call(DEAL)?;
        let changes = std::mem::take(&mut office.borrow_mut().changes);
        Ok(Done { said, changes })
    }
}

impl Way for LuaScript {
    fn name(&self) -> &'static str {
        "Lua, a fresh state"
    }

    fn work(&mut self, times: u32) -> Done {
        for _ in 1..times {
            self.run().expect("no error");
        }
        self.run().expect("no error")
    }
}

fn offer(lua: &Lua, office: &Rc<RefCell<Office>>) -> mlua::Result<()> {
    let globals = lua.globals();
    let this = office.clone();
    globals.set(
        "param",
        lua.create_function(move |lua, key: String| match this.borrow().param(&key) {
            Some(value) => money(lua, &value).map(Some),
            None => Ok(None),
        })?,
    )?;
    let this = office.clone();
    globals.set(
        "item",
        lua.create_function(move |lua, id: String| match this.borrow().item(&id) {
            Some(found) => item(lua, &found).map(Some),
            None => Ok(None),
        })?,
    )?;
    let this = office.clone();
    globals.set(
        "notify",
        lua.create_function(move |_, new: Table| {
            Ok(this.borrow_mut().notify(Notification {
                to: new.get("to")?,
                title: new.get("title")?,
                text: new.get("text")?,
            }))
        })?,
    )?;
    let this = office.clone();
    globals.set(
        "plan",
        lua.create_function(move |_, new: Table| {
            Ok(this.borrow_mut().plan(Activity {
                item: new.get("item")?,
                kind: new.get("kind")?,
                title: new.get("title")?,
                deadline: new.get("deadline")?,
            }))
        })?,
    )?;
    let this = office.clone();
    globals.set(
        "move_on",
        lua.create_function(move |_, new: Table| {
            this.borrow_mut().move_on(Move {
                item: new.get("item")?,
                stage: new.get("stage")?,
            });
            Ok(())
        })?,
    )
}

fn item(lua: &Lua, item: &Item) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    for (key, text) in [
        ("id", Some(&item.id)),
        ("title", Some(&item.title)),
        ("pipeline", Some(&item.pipeline)),
        ("stage", Some(&item.stage)),
        ("stage_entered_at", Some(&item.stage_entered_at)),
        ("assignee", item.assignee.as_ref()),
        ("contact", item.contact.as_ref()),
        ("source", item.source.as_ref()),
        ("created_at", Some(&item.created_at)),
        ("updated_at", Some(&item.updated_at)),
        ("closed_at", item.closed_at.as_ref()),
        ("last_contact_at", item.last_contact_at.as_ref()),
    ] {
        if let Some(text) = text {
            table.set(key, text.as_str())?;
        }
    }
    if let Some(amount) = &item.amount {
        table.set("amount", money(lua, amount)?)?;
    }
    table.set("stage_entry", item.stage_entry)?;
    table.set("version", item.version)?;
    Ok(table)
}

fn money(lua: &Lua, money: &Money) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    table.set("amount", money.amount.as_str())?;
    table.set("currency", money.currency.as_str())?;
    Ok(table)
}
