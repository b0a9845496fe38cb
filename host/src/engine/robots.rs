//! Robots that are loaded and can run.

use std::sync::Arc;

use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use signalbox_db::{Db, DbError};
use signalbox_sandbox::{Robot, Sandbox};

/// Why a robot cannot run.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The component is missing, or cannot be compiled.
    #[error("{0}")]
    Broken(String),
}

/// Compiled code that is kept in memory, in bytes. 256 MiB: a thousand robots in Rust, or the five that carry CPython.
/// Beyond it, robots that ran longest ago are loaded again when they run: from the cache in milliseconds.
const CODE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// How many robots that are about, as a start for its tables.
const ROBOTS_USUAL: usize = 100;

/// Loaded robots by digest. A robot is loaded at its first run, from the component in the database: those that nobody
/// uses cost nothing but their rows.
pub struct Robots {
    sandbox: Sandbox,
    loaded: Cache<String, Arc<Robot>, ByCode>,
}

/// Robots weigh what their code takes.
#[derive(Clone)]
struct ByCode;

impl Weighter<String, Arc<Robot>> for ByCode {
    fn weight(&self, _: &String, robot: &Arc<Robot>) -> u64 {
        robot.code_bytes() as u64
    }
}

impl Robots {
    /// None is loaded yet.
    pub fn new(sandbox: Sandbox) -> Self {
        Robots::holding(sandbox, CODE_BYTES_MAX)
    }

    fn holding(sandbox: Sandbox, code_bytes_max: u64) -> Self {
        let options = OptionsBuilder::new()
            // What a shard may hold bounds a single robot as well.
            .shards(1)
            .estimated_items_capacity(ROBOTS_USUAL)
            .weight_capacity(code_bytes_max)
            .build()
            .expect("both capacities are given");
        Robots {
            sandbox,
            loaded: Cache::with_options(options, ByCode, DefaultHashBuilder::default(), Default::default()),
        }
    }

    /// The sandbox in which they run.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// How many components are loaded.
    pub fn loaded_count(&self) -> usize {
        self.loaded.len()
    }

    /// The robot with this digest. Of several runs that ask for it at once, one loads it.
    ///
    /// # Errors
    /// `LoadError`.
    pub async fn get(&self, db: &Db, digest: &str) -> Result<Arc<Robot>, LoadError> {
        let load = async {
            let bytes = db.robot_component(digest).await?;
            let bytes =
                bytes.ok_or_else(|| LoadError::Broken(format!("the component {digest} is missing")))?;
            self.made(bytes).await.map_err(LoadError::Broken)
        };
        self.loaded.get_or_insert_async(digest, load).await
    }

    /// Compiles a component and keeps it.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub async fn load(&self, bytes: Vec<u8>) -> Result<Arc<Robot>, String> {
        let robot = self.made(bytes).await?;
        self.loaded.insert(robot.digest().to_owned(), Arc::clone(&robot));
        Ok(robot)
    }

    async fn made(&self, bytes: Vec<u8>) -> Result<Arc<Robot>, String> {
        let loaded = self.sandbox.load(bytes).await;
        loaded.map(Arc::new).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use signalbox_sandbox::SandboxConfig;

    use super::*;
    use crate::bundled::BUNDLED;

    /// Robots that are compiled quickly: all but the one with an engine.
    fn small() -> Vec<(&'static str, Vec<u8>)> {
        let small = BUNDLED.iter().filter(|(_, bytes)| bytes.len() < 1_000_000);
        small.map(|(id, bytes)| (*id, bytes.to_vec())).collect()
    }

    #[tokio::test]
    async fn robots_beyond_the_room_in_memory_are_let_go() {
        let sandbox = || Sandbox::new(SandboxConfig::default()).unwrap();
        let largest = {
            let robots = Robots::new(sandbox());
            let mut sizes = Vec::new();
            for (_, bytes) in small() {
                sizes.push(robots.load(bytes).await.unwrap().code_bytes());
            }
            assert_eq!(robots.loaded_count(), small().len());
            sizes.into_iter().max().unwrap()
        };
        let robots = Robots::holding(sandbox(), 2 * largest as u64);
        for (id, bytes) in small().into_iter().chain(small()) {
            let robot = robots.load(bytes).await.unwrap();
            assert_eq!(robot.manifest().id, id);
        }
        assert!(robots.loaded.weight() <= 2 * largest as u64);
        assert!((1..small().len()).contains(&robots.loaded_count()));
    }
}
