//! Loads robots and runs them.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Semaphore;
use wasmtime::Engine;
use wasmtime::component::{Component, HasSelf, Linker};

use crate::artefacts::{Artefacts, CacheUse, deserialize};
use crate::bindings;
use crate::compiler::{Ticker, engine};
use crate::compiling::CompilerProcess;
use crate::execution::Execution;
use crate::inspect::{Inspection, inspect};
use crate::meter::{MEMORIES_MAX, TABLES_MAX};
use crate::robot::{LoadError, Parts, Robot};

/// How a sandbox is set up.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// Runs at the same time; further ones wait. Default 64: address space for 256 memories of 4 GiB, and with two
    /// cores more than enough to cover waits for the database.
    pub concurrent_runs_max: u32,
    /// Where compiled components are kept; none: every start compiles again. The folder is made, and closed to others.
    pub cache_dir: Option<PathBuf>,
    /// What compiles components; none: this process does, without limits of time and memory.
    pub compiler: Option<CompilerProcess>,
    /// Whether a robot that computes for too long is stopped by time as well as by fuel. Without it the same run takes
    /// the same course however busy the machine is: for simulations.
    pub stops_by_time: bool,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        SandboxConfig {
            concurrent_runs_max: 64,
            cache_dir: None,
            compiler: None,
            stops_by_time: true,
        }
    }
}

/// A sandbox cannot be set up. The operator acts on it.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// wasmtime does not work here.
    #[error("wasmtime cannot be set up: {0}")]
    Engine(String),
    /// The folder for compiled components cannot be used.
    #[error("the folder {dir} for compiled components cannot be used")]
    Cache {
        /// The folder.
        dir: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The system gives no thread.
    #[error("the thread that stops endless loops cannot be started")]
    Ticker(#[source] std::io::Error),
}

/// Loads robots and runs them, each run in a fresh instance. One for each process.
pub struct Sandbox {
    shared: Arc<Shared>,
    /// Runs that may start.
    pub(crate) slots: Semaphore,
    /// One compilation at a time: it takes all cores by itself. What is compiled already waits for none.
    compiling: Arc<Semaphore>,
    is_pooled: bool,
    pub(crate) ticker: Option<Ticker>,
}

/// What loading needs on its own thread.
struct Shared {
    engine: Engine,
    linker: Linker<Execution>,
    artefacts: Option<Artefacts>,
    compiler: Option<CompilerProcess>,
    concurrent_runs_max: u32,
}

/// A component that has to be compiled.
struct Source {
    bytes: Vec<u8>,
    inspection: Inspection,
    /// What the cache had in its place.
    refused: Option<String>,
}

/// What a look into the cache gives.
enum Found {
    Compiled(Robot),
    Source(Box<Source>),
}

impl Sandbox {
    /// Sets a sandbox up.
    ///
    /// # Errors
    /// See [`SandboxError`].
    pub fn new(config: SandboxConfig) -> Result<Self, SandboxError> {
        let runs = config.concurrent_runs_max.max(1);
        let (engine, is_pooled) = engine(runs).map_err(setup)?;
        let ticker = match config.stops_by_time {
            true => Some(Ticker::start(&engine).map_err(SandboxError::Ticker)?),
            false => None,
        };
        let linker = linker(&engine).map_err(setup)?;
        let artefacts = match config.cache_dir {
            Some(dir) => match Artefacts::open(&dir, &engine) {
                Ok(artefacts) => Some(artefacts),
                Err(source) => return Err(SandboxError::Cache { dir, source }),
            },
            None => None,
        };
        Ok(Sandbox {
            shared: Arc::new(Shared {
                engine,
                linker,
                artefacts,
                compiler: config.compiler,
                concurrent_runs_max: runs,
            }),
            slots: Semaphore::new(runs as usize),
            compiling: Arc::new(Semaphore::new(1)),
            is_pooled,
            ticker,
        })
    }

    /// Whether instances come from a pool. Without one, which is so where address space is limited, a run costs
    /// some 25 microseconds more.
    pub fn is_pooled(&self) -> bool {
        self.is_pooled
    }

    /// Inspects a component, compiles it or takes the compiled one from the cache, and links it.
    /// Needs a tokio runtime; the work happens on threads for blocking work. Components are compiled one after the
    /// other; those that are in the cache do not wait for that.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub async fn load(&self, bytes: Vec<u8>) -> Result<Robot, LoadError> {
        let shared = self.shared.clone();
        let source = match blocking(move || shared.find(bytes)).await? {
            Found::Compiled(robot) => return Ok(robot),
            Found::Source(source) => source,
        };
        let turn = self.compiling.clone().acquire_owned();
        let turn = turn.await.expect("the semaphore is never closed");
        let shared = self.shared.clone();
        // A caller who goes away does not free the turn before the work ends.
        blocking(move || {
            let robot = shared.make(*source);
            drop(turn);
            robot
        })
        .await
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.shared.engine
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox")
            .field("is_pooled", &self.is_pooled)
            .field("artefacts", &self.shared.artefacts)
            .finish_non_exhaustive()
    }
}

/// Does something that takes long.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LoadError> + Send + 'static,
) -> Result<T, LoadError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        // The runtime is shutting down, or wasmtime panicked on this component.
        Err(error) => Err(LoadError::Compile(error.to_string())),
    }
}

impl Shared {
    fn find(&self, bytes: Vec<u8>) -> Result<Found, LoadError> {
        let inspection = inspect(&bytes)?;
        match self.cached(&inspection.digest) {
            Ok(Some(component)) => Ok(Found::Compiled(self.robot(
                inspection,
                &component,
                CacheUse::Hit,
            )?)),
            other => Ok(Found::Source(Box::new(Source {
                bytes,
                inspection,
                refused: other.err(),
            }))),
        }
    }

    /// Compiles, unless somebody else did while this one waited for its turn.
    fn make(&self, source: Source) -> Result<Robot, LoadError> {
        let digest = &source.inspection.digest;
        if let Ok(Some(component)) = self.cached(digest) {
            return self.robot(source.inspection, &component, CacheUse::Hit);
        }
        let (component, stored) = self.compile(&source.bytes, digest)?;
        let cache = match (source.refused, stored) {
            (Some(why), _) => CacheUse::Refused(why),
            (None, cache) => cache,
        };
        self.robot(source.inspection, &component, cache)
    }

    fn cached(&self, digest: &str) -> Result<Option<Component>, String> {
        match &self.artefacts {
            Some(artefacts) => artefacts.load(&self.engine, digest),
            None => Ok(None),
        }
    }

    fn robot(
        &self,
        inspection: Inspection,
        component: &Component,
        cache: CacheUse,
    ) -> Result<Robot, LoadError> {
        check_resources(component)?;
        let pre = self
            .linker
            .instantiate_pre(component)
            .and_then(bindings::RobotPre::new)
            .map_err(|error| LoadError::Link(format!("{error:#}")))?;
        let code = component.image_range();
        Ok(Robot {
            parts: Arc::new(Parts {
                inspection,
                pre,
                cache,
                code_bytes: code.end.addr() - code.start.addr(),
            }),
        })
    }

    /// The compiled component, and whether it was stored.
    fn compile(&self, bytes: &[u8], digest: &str) -> Result<(Component, CacheUse), LoadError> {
        let (component, code) = match &self.compiler {
            None => {
                let component = Component::from_binary(&self.engine, bytes).map_err(uncompiled)?;
                let code = component.serialize();
                (component, code.map_err(|error| error.to_string()))
            }
            Some(compiler) => {
                let code = compiler.compile(self.concurrent_runs_max, bytes);
                let code = code.map_err(LoadError::Compile)?;
                (deserialize(&self.engine, &code).map_err(uncompiled)?, Ok(code))
            }
        };
        let Some(artefacts) = &self.artefacts else {
            return Ok((component, CacheUse::Off));
        };
        let stored = code.and_then(|code| artefacts.store(digest, &code).map_err(|error| error.to_string()));
        Ok((
            component,
            stored.map_or_else(CacheUse::NotStored, |()| CacheUse::Stored),
        ))
    }
}

fn uncompiled(error: wasmtime::Error) -> LoadError {
    LoadError::Compile(format!("{error:#}"))
}

/// Everything that a robot may import. What it did import was compared with its manifest before.
fn linker(engine: &Engine) -> wasmtime::Result<Linker<Execution>> {
    let mut linker = Linker::new(engine);
    bindings::Robot::add_to_linker::<Execution, HasSelf<Execution>>(&mut linker, |execution| execution)?;
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    Ok(linker)
}

/// Refuses what could never be instantiated.
fn check_resources(component: &Component) -> Result<(), LoadError> {
    let Some(needs) = component.resources_required() else {
        return Err(LoadError::Link(
            "it imports a core module or a component".to_owned(),
        ));
    };
    for (what, count, max) in [
        ("memories", needs.num_memories, MEMORIES_MAX),
        ("tables", needs.num_tables, TABLES_MAX),
    ] {
        if count as usize > max {
            return Err(LoadError::TooMany { what, count, max });
        }
    }
    Ok(())
}

fn setup(error: wasmtime::Error) -> SandboxError {
    SandboxError::Engine(format!("{error:#}"))
}
