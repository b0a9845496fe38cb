//! The same component in wasmtime with nothing around it.

use tokio::runtime::Runtime;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

use crate::Way;
use crate::job::{self, DEAL, Done, NOON, Office};

/// What the engine watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engines {
    /// Nothing: an endless loop is endless.
    Plain,
    /// Fuel and epochs, as the sandbox has it.
    Stoppable,
}

/// A pool and memory that stays mapped, as the sandbox has it.
pub(crate) fn engine(engines: Engines) -> Engine {
    let mut pool = PoolingAllocationConfig::new();
    pool.linear_memory_keep_resident(64 * 1024)
        .table_keep_resident(64 * 1024)
        .pagemap_scan(wasmtime::Enabled::Auto);
    let is_stoppable = engines == Engines::Stoppable;
    let mut config = Config::new();
    config
        .memory_init_cow(true)
        .consume_fuel(is_stoppable)
        .epoch_interruption(is_stoppable)
        .concurrency_support(false)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config).expect("an engine with a pool")
}

fn linked<T>(
    engine: &Engine,
    component: &[u8],
    add: impl FnOnce(&mut Linker<Office>) -> wasmtime::Result<()>,
    make: impl FnOnce(wasmtime::component::InstancePre<Office>) -> wasmtime::Result<T>,
) -> T {
    let component = Component::from_binary(engine, component).expect("a component");
    let mut linker = Linker::new(engine);
    add(&mut linker).expect("names that are new");
    let pre = linker.instantiate_pre(&component).and_then(make);
    pre.expect("its imports are there")
}

/// Host functions that answer at once, and a call that no other task can interrupt.
pub(crate) struct Bare {
    pre: plain::BareWorldPre<Office>,
    engine: Engine,
}

impl Bare {
    pub(crate) fn new(component: &[u8]) -> Self {
        let engine = engine(Engines::Plain);
        let add = |linker: &mut _| {
            plain::BareWorld::add_to_linker::<Office, HasSelf<Office>>(linker, |office| office)
        };
        Bare {
            pre: linked(&engine, component, add, plain::BareWorldPre::new),
            engine,
        }
    }

    fn run(&self) -> wasmtime::Result<Done> {
        let mut store = Store::new(&self.engine, Office::default());
        let instance = self.pre.instantiate(&mut store)?;
        let entry = instance.signalbox_robot_entry();
        let returned = entry.call_run(&mut store, &plain::invocation())?;
        Ok(Done {
            said: plain::said(returned),
            changes: store.into_data().changes,
        })
    }
}

impl Way for Bare {
    fn name(&self) -> &'static str {
        "bare wasmtime, nothing watched"
    }

    fn work(&mut self, times: u32) -> Done {
        for _ in 1..times {
            self.run().expect("no trap");
        }
        self.run().expect("no trap")
    }
}

/// What every host needs that has a database and stops endless loops: asynchronous host functions, fuel and epochs.
pub(crate) struct AsyncBare {
    runtime: Runtime,
    pre: waiting::BareWorldPre<Office>,
    engine: Engine,
}

impl AsyncBare {
    pub(crate) fn new(component: &[u8]) -> Self {
        let engine = engine(Engines::Stoppable);
        let add = |linker: &mut _| {
            waiting::BareWorld::add_to_linker::<Office, HasSelf<Office>>(linker, |office| office)
        };
        AsyncBare {
            runtime: tokio::runtime::Builder::new_current_thread()
                .build()
                .expect("a runtime"),
            pre: linked(&engine, component, add, waiting::BareWorldPre::new),
            engine,
        }
    }

    async fn run(&self) -> wasmtime::Result<Done> {
        let mut store = Store::new(&self.engine, Office::default());
        store.set_fuel(200_000_000)?;
        store.set_epoch_deadline(1_000);
        let instance = self.pre.instantiate_async(&mut store).await?;
        let entry = instance.signalbox_robot_entry();
        let returned = entry.call_run(&mut store, &waiting::invocation()).await?;
        Ok(Done {
            said: waiting::said(returned),
            changes: store.into_data().changes,
        })
    }
}

impl Way for AsyncBare {
    fn name(&self) -> &'static str {
        "bare wasmtime, async, with fuel and epochs"
    }

    fn work(&mut self, times: u32) -> Done {
        self.runtime.block_on(async {
            for _ in 1..times {
                self.run().await.expect("no trap");
            }
            self.run().await.expect("no trap")
        })
    }
}

/// A module with the bindings, whose functions are of this kind, and a host behind them.
macro_rules! bindings {
    ($name:ident, { $($options:tt)* } $(, $kind:tt)?) => {
        mod $name {
            use super::*;

            wasmtime::component::bindgen!({
                inline: "
                    package signalbox:comparison;
                    world bare-world {
                        import signalbox:robot/log@0.9.1;
                        import signalbox:robot/params@0.9.1;
                        import signalbox:robot/items@0.9.1;
                        import signalbox:robot/notifications@0.9.1;
                        import signalbox:robot/activities@0.9.1;
                        import signalbox:robot/stages@0.9.1;
                        export signalbox:robot/entry@0.9.1;
                    }
                ",
                path: "../../../../wit",
                $($options)*
            });

            use self::signalbox::robot::{activities, items, log, notifications, params, stages, types};

            pub(super) fn said(returned: Result<types::Outcome, types::Failure>) -> String {
                match returned {
                    Ok(types::Outcome::Done(said)) => said,
                    other => panic!("the robot did not do it: {other:?}"),
                }
            }

            pub(super) fn invocation() -> types::Invocation {
                types::Invocation {
                    run: "run:1".to_owned(),
                    attachment: "attachment:1".to_owned(),
                    attempt: 1,
                    item: Some(DEAL.to_owned()),
                    event: "event:1".to_owned(),
                    happened_at: NOON.to_owned(),
                    cause: types::Cause::StageEntered(types::StageEntered {
                        item: DEAL.to_owned(),
                        pipeline: "pipeline:1".to_owned(),
                        stage: "stage:2".to_owned(),
                        from_stage: Some("stage:1".to_owned()),
                    }),
                }
            }

            impl types::Host for Office {}

            impl log::Host for Office {
                $($kind)? fn log(&mut self, _: log::Level, _: String) {}

                $($kind)? fn panicked(&mut self, _: String) {}
            }

            impl params::Host for Office {
                $($kind)? fn get(&mut self, key: String) -> Option<types::ParamValue> {
                    Some(types::ParamValue::Money(self.param(&key)?.into()))
                }
            }

            impl items::Host for Office {
                $($kind)? fn get(&mut self, item: String) -> Result<types::Item, types::Error> {
                    self.item(&item).map(Into::into).ok_or_else(refused)
                }

                $($kind)? fn find(
                    &mut self,
                    _: items::ItemQuery,
                    _: Option<String>,
                    _: u32,
                ) -> Result<Vec<types::Item>, types::Error> {
                    Err(refused())
                }
            }

            impl notifications::Host for Office {
                $($kind)? fn send(&mut self, new: notifications::NewNotification) -> Result<Vec<String>, types::Error> {
                    Ok(self.notify(job::Notification {
                        to: new.to,
                        title: new.title,
                        text: new.text,
                    }))
                }
            }

            impl activities::Host for Office {
                $($kind)? fn create(&mut self, item: String, new: activities::NewActivity) -> Result<String, types::Error> {
                    let kind = match new.kind {
                        activities::ActivityKind::Call => "call",
                        _ => return Err(refused()),
                    };
                    Ok(self.plan(job::Activity {
                        item,
                        kind: kind.to_owned(),
                        title: new.title.unwrap_or_default(),
                        deadline: new.deadline.unwrap_or_default(),
                    }))
                }

                $($kind)? fn get(&mut self, _: String) -> Result<activities::Activity, types::Error> {
                    Err(refused())
                }

                $($kind)? fn list_open(&mut self, _: String) -> Result<Vec<activities::Activity>, types::Error> {
                    Err(refused())
                }

                $($kind)? fn complete(&mut self, _: String) -> Result<(), types::Error> {
                    Err(refused())
                }

                $($kind)? fn cancel(&mut self, _: String) -> Result<(), types::Error> {
                    Err(refused())
                }

                $($kind)? fn reschedule(&mut self, _: String, _: String) -> Result<(), types::Error> {
                    Err(refused())
                }
            }

            impl stages::Host for Office {
                $($kind)? fn move_(
                    &mut self,
                    item: String,
                    stage: String,
                    _: bool,
                ) -> Result<stages::MoveResult, types::Error> {
                    self.move_on(job::Move { item, stage });
                    Ok(stages::MoveResult::Moved)
                }

                $($kind)? fn missing_fields(&mut self, _: String, _: String) -> Result<Vec<String>, types::Error> {
                    Err(refused())
                }
            }

            /// The job never gets here.
            fn refused() -> types::Error {
                types::Error {
                    code: "denied".to_owned(),
                    message: "this host has no such thing".to_owned(),
                    retryable: false,
                }
            }

            impl From<job::Money> for types::Money {
                fn from(money: job::Money) -> Self {
                    types::Money {
                        amount: money.amount,
                        currency: money.currency,
                    }
                }
            }

            impl From<job::Item> for types::Item {
                fn from(item: job::Item) -> Self {
                    types::Item {
                        id: item.id,
                        title: item.title,
                        pipeline: item.pipeline,
                        stage: item.stage,
                        stage_entry: item.stage_entry,
                        stage_entered_at: item.stage_entered_at,
                        assignee: item.assignee,
                        contact: item.contact,
                        amount: item.amount.map(Into::into),
                        source: item.source,
                        created_at: item.created_at,
                        updated_at: item.updated_at,
                        closed_at: item.closed_at,
                        last_contact_at: item.last_contact_at,
                        version: item.version,
                    }
                }
            }
        }
    };
}

bindings!(plain, {});
bindings!(waiting, { imports: { default: async }, exports: { default: async }, }, async);
