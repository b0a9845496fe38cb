//! A core module whose host functions take and give JSON in its memory, a fresh instance for each run: the design of
//! Extism (extism/extism, `README.md`), with no more around it than bare wasmtime has.

use std::path::Path;
use std::process::Command;

use serde::Serialize;
use serde::de::DeserializeOwned;
use signalbox_build::robots_target_dir;
use wasmtime::{Caller, Engine, InstancePre, Linker, Module, Store};

use crate::Way;
use crate::bare::{Engines, engine};
use crate::job::{DEAL, Done, NOON, Office};

const PACKAGE: &str = "compared-core";
const TARGET: &str = "wasm32-unknown-unknown";

/// Builds the module as robots are built, without making a component of it.
pub(crate) fn module(root: &Path) -> Vec<u8> {
    let target = robots_target_dir(root);
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .current_dir(root)
        .args(["build", "--target", TARGET, "--profile", "robot", "-p", PACKAGE])
        .arg("--target-dir")
        .arg(&target)
        .env_remove("CARGO_BUILD_TARGET")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("RUSTFLAGS")
        .status();
    assert!(status.expect("cargo starts").success(), "cargo builds {PACKAGE}");
    let file = target.join(TARGET).join("robot").join("compared_core.wasm");
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

pub(crate) struct CoreJson {
    engine: Engine,
    pre: InstancePre<Office>,
}

#[derive(Serialize)]
struct Invocation<'a> {
    run: &'a str,
    attachment: &'a str,
    attempt: u32,
    item: &'a str,
    event: &'a str,
    happened_at: &'a str,
    cause: Cause<'a>,
}

#[derive(Serialize)]
struct Cause<'a> {
    stage_entered: StageEntered<'a>,
}

#[derive(Serialize)]
struct StageEntered<'a> {
    item: &'a str,
    pipeline: &'a str,
    stage: &'a str,
    from_stage: &'a str,
}

const INVOCATION: Invocation<'static> = Invocation {
    run: "run:1",
    attachment: "attachment:1",
    attempt: 1,
    item: DEAL,
    event: "event:1",
    happened_at: NOON,
    cause: Cause {
        stage_entered: StageEntered {
            item: DEAL,
            pipeline: "pipeline:1",
            stage: "stage:2",
            from_stage: "stage:1",
        },
    },
};

impl CoreJson {
    pub(crate) fn new(module: &[u8]) -> Self {
        let engine = engine(Engines::Plain);
        let module = Module::from_binary(&engine, module).expect("a module");
        let mut linker = Linker::new(&engine);
        offer(&mut linker, "param", |office, key: String| office.param(&key));
        offer(&mut linker, "item", |office, id: String| office.item(&id));
        offer(&mut linker, "notify", Office::notify);
        offer(&mut linker, "plan", Office::plan);
        offer(&mut linker, "move_on", Office::move_on);
        CoreJson {
            pre: linker.instantiate_pre(&module).expect("its imports are there"),
            engine,
        }
    }

    fn run(&self) -> wasmtime::Result<Done> {
        let mut store = Store::new(&self.engine, Office::default());
        let instance = self.pre.instantiate(&mut store)?;
        let memory = instance.get_memory(&mut store, "memory").expect("a memory");
        let alloc = instance.get_typed_func::<u32, u32>(&mut store, "alloc")?;
        let run = instance.get_typed_func::<u64, u64>(&mut store, "run")?;
        let text = json(&INVOCATION);
        let address = alloc.call(&mut store, text.len() as u32)?;
        memory.write(&mut store, address as usize, &text)?;
        let answer = run.call(&mut store, place(address, &text))?;
        let said: Result<String, serde_json::Value> = read(memory.data(&store), answer);
        Ok(Done {
            said: said.expect("the module did it"),
            changes: store.into_data().changes,
        })
    }
}

impl Way for CoreJson {
    fn name(&self) -> &'static str {
        "JSON over a core module, bare wasmtime"
    }

    fn work(&mut self, times: u32) -> Done {
        for _ in 1..times {
            self.run().expect("no trap");
        }
        self.run().expect("no trap")
    }
}

/// Makes a host function of one that takes and gives values.
fn offer<A: DeserializeOwned, T: Serialize>(
    linker: &mut Linker<Office>,
    name: &str,
    function: impl Fn(&mut Office, A) -> T + Send + Sync + 'static,
) {
    let raw = move |mut caller: Caller<'_, Office>, request: u64| -> wasmtime::Result<u64> {
        let memory = caller
            .get_export("memory")
            .and_then(|export| export.into_memory());
        let memory = memory.expect("a memory");
        let request = read(memory.data(&caller), request);
        let answer = json(&function(caller.data_mut(), request));
        let alloc = caller.get_export("alloc").and_then(|export| export.into_func());
        let alloc = alloc.expect("an allocator").typed::<u32, u32>(&caller)?;
        let address = alloc.call(&mut caller, answer.len() as u32)?;
        memory.write(&mut caller, address as usize, &answer)?;
        Ok(place(address, &answer))
    };
    linker.func_wrap("crm", name, raw).expect("a new name");
}

fn read<T: DeserializeOwned>(memory: &[u8], place: u64) -> T {
    let (start, length) = ((place >> 32) as usize, place as u32 as usize);
    let text = memory.get(start..start + length).expect("inside of the memory");
    serde_json::from_slice(text).expect("what the module writes is JSON")
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("values of the job are JSON")
}

fn place(address: u32, text: &[u8]) -> u64 {
    u64::from(address) << 32 | text.len() as u64
}
