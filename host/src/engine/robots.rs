//! Robots that are loaded and can run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

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

/// Loaded robots by digest. A robot is loaded at its first run, from the component in the database.
pub struct Robots {
    sandbox: Sandbox,
    loaded: Mutex<HashMap<String, Arc<Robot>>>,
}

impl Robots {
    /// None is loaded yet.
    pub fn new(sandbox: Sandbox) -> Self {
        Robots {
            sandbox,
            loaded: Mutex::new(HashMap::new()),
        }
    }

    /// The sandbox in which they run.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// How many components are loaded.
    pub fn loaded_count(&self) -> usize {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The robot with this digest.
    ///
    /// # Errors
    /// `LoadError`.
    pub async fn get(&self, db: &Db, digest: &str) -> Result<Arc<Robot>, LoadError> {
        if let Some(robot) = self
            .loaded
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(digest)
        {
            return Ok(Arc::clone(robot));
        }
        let bytes = db.robot_component(digest).await?;
        let bytes = bytes.ok_or_else(|| LoadError::Broken(format!("the component {digest} is missing")))?;
        self.load(bytes).await.map_err(LoadError::Broken)
    }

    /// Compiles a component and keeps it.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub async fn load(&self, bytes: Vec<u8>) -> Result<Arc<Robot>, String> {
        let robot = Arc::new(
            self.sandbox
                .load(bytes)
                .await
                .map_err(|error| error.to_string())?,
        );
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(
            loaded.entry(robot.digest().to_owned()).or_insert(robot),
        ))
    }
}
