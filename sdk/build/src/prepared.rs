//! A module that has done its beginning already: a function of it runs once, here, and the module keeps the memory that
//! it left. A robot with an interpreter inside builds that once and not in every run.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use anyhow::{Context as _, Error, Result, bail};
use wasmi::{Engine, ExternType, Instance, Linker, Module, Store, Val};
use wasmtime_wizer::{InstanceState, SnapshotVal, ValType, Wizer};

/// Calls the exported `function` of a core module, and returns the module with the memory that it has then, without the
/// function.
///
/// # Errors
/// When there is no such function without parameters and results, or it traps or calls the host; and when the module
/// changes tables, which cannot be kept.
pub(crate) fn prepared(module: &[u8], function: &str) -> Result<Vec<u8>> {
    let mut wizer = Wizer::new();
    wizer.init_func(function);
    let (context, instrumented) = wizer.instrument(module).map_err(Error::msg)?;
    let mut prepared = Prepared::run(&instrumented, function)?;
    let mut snapshot = pin!(wizer.snapshot(&context, &mut prepared));
    // Nothing in it waits: `Prepared` answers at once.
    match snapshot.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(module) => module.map_err(Error::msg),
        Poll::Pending => bail!("the memory of the module cannot be read"),
    }
}

/// An instance whose function has run.
struct Prepared {
    store: Store<()>,
    instance: Instance,
}

impl Prepared {
    fn run(module: &[u8], function: &str) -> Result<Prepared> {
        let engine = Engine::default();
        let module = Module::new(&engine, module).context("not a robot's module")?;
        let mut linker = Linker::new(&engine);
        for import in module.imports() {
            let ExternType::Func(kind) = import.ty() else {
                bail!("the module imports `{}`, which is no function", import.name());
            };
            let called = format!("`{}` of `{}`", import.name(), import.module());
            linker.func_new(import.module(), import.name(), kind.clone(), move |_, _, _| {
                Err(wasmi::Error::new(format!("there is no host yet for {called}")))
            })?;
        }
        let mut store = Store::new(&engine, ());
        let instance = linker.instantiate_and_start(&mut store, &module)?;
        let prepare = instance
            .get_typed_func::<(), ()>(&store, function)
            .with_context(|| {
                format!("the module exports no function `{function}` without parameters and results")
            })?;
        prepare.call(&mut store, ())?;
        Ok(Prepared { store, instance })
    }
}

impl InstanceState for Prepared {
    async fn global_get(&mut self, name: &str, _: ValType) -> SnapshotVal {
        let global = self.instance.get_global(&self.store, name);
        match global.map(|global| global.get(&self.store)) {
            Some(Val::I32(value)) => SnapshotVal::I32(value),
            Some(Val::I64(value)) => SnapshotVal::I64(value),
            Some(Val::F32(value)) => SnapshotVal::F32(value.to_bits()),
            Some(Val::F64(value)) => SnapshotVal::F64(value.to_bits()),
            other => unreachable!("`instrument` exports numbers only, not {other:?} as `{name}`"),
        }
    }

    async fn memory_contents(&mut self, name: &str, contents: impl FnOnce(&[u8]) + Send) {
        let memory = self.instance.get_memory(&self.store, name);
        contents(memory.map_or(&[], |memory| memory.data(&self.store)));
    }
}

#[cfg(test)]
mod tests {
    use wasmi::{Engine, Linker, Module, Store};

    use super::prepared;

    fn module(text: &str) -> Vec<u8> {
        wat::parse_str(text).unwrap()
    }

    #[test]
    fn memory_and_globals_stay_as_the_function_left_them() {
        let module = module(
            r#"(module
                (memory (export "memory") 1)
                (global $count (mut i32) (i32.const 1))
                (func (export "prepare")
                    (drop (memory.grow (i32.const 1)))
                    (i32.store (i32.const 70000) (i32.const 42))
                    (global.set $count (i32.const 7)))
                (func (export "answer") (result i32)
                    (i32.mul (i32.load (i32.const 70000)) (global.get $count))))"#,
        );
        let module = prepared(&module, "prepare").unwrap();
        let engine = Engine::default();
        let module = Module::new(&engine, &module).unwrap();
        let exports: Vec<&str> = module.exports().map(|export| export.name()).collect();
        assert_eq!(exports, ["answer", "memory"]);
        let mut store = Store::new(&engine, ());
        let instance = Linker::new(&engine)
            .instantiate_and_start(&mut store, &module)
            .unwrap();
        let answer = instance.get_typed_func::<(), i32>(&store, "answer").unwrap();
        assert_eq!(answer.call(&mut store, ()).unwrap(), 294);
    }

    #[test]
    fn a_function_that_needs_the_host_or_is_missing_is_named() {
        let calling = module(
            r#"(module
                (import "signalbox:robot/clock@0.9.1" "now" (func $now))
                (func (export "prepare") (call $now)))"#,
        );
        for (function, told) in [
            (
                "prepare",
                "no host yet for `now` of `signalbox:robot/clock@0.9.1`",
            ),
            ("warm", "no function `warm`"),
        ] {
            let error = prepared(&calling, function).unwrap_err();
            assert!(format!("{error:#}").contains(told), "{error:#}");
        }
        assert!(prepared(b"no module", "prepare").is_err());
    }
}
