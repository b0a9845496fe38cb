//! Where a test's database lives.

use signalbox_db::{Db, OpenOptions, Synchronous};
use signalbox_tests::postgres;
use tempfile::TempDir;

/// An empty database of one test.
pub(crate) struct Place {
    pub(crate) url: String,
    folder: Option<TempDir>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Place {
            url: format!("sqlite:{}", folder.path().join("signalbox.db").display()),
            folder: Some(folder),
        }
    }

    pub(crate) fn postgres(name: &str) -> Option<Self> {
        let url = postgres::cluster()?.database(name);
        Some(Place { url, folder: None })
    }

    pub(crate) fn folder(&self) -> Option<&std::path::Path> {
        self.folder.as_ref().map(TempDir::path)
    }

    pub(crate) fn options() -> OpenOptions {
        OpenOptions {
            synchronous: Synchronous::Off,
            readers: 2,
            // So that everything that several hosts need is at work.
            is_alone: false,
            ..OpenOptions::default()
        }
    }

    pub(crate) async fn open(&self) -> Db {
        Db::open(&self.url, &Place::options()).await.unwrap()
    }
}
