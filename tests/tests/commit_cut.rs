//! A connection to PostgreSQL that breaks in the middle of a commit: the outcome is asked for, not guessed.
//!
//! A proxy stands between the host and the server. Armed, it cuts the connection at the next exchange: before the
//! server gets the commit, or after the server has done it and before its answer arrives.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use signalbox_db::{Batch, Db, ItemFilter, OpenOptions, Synchronous};
use signalbox_tests::postgres;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::db_conformance::samples::{batch, item};

const PASS: u8 = 0;
const CUT_BEFORE: u8 = 1;
const CUT_AFTER: u8 = 2;
/// The server has done it, and says instead of its answer that it ends.
const END_AFTER: u8 = 3;
/// Nothing passes any more, and no connection ends: the server hangs.
pub(crate) const HOLD: u8 = 4;

/// `ErrorResponse` of the protocol: a server that is shut down while it waits for its standby says this after COMMIT.
const LAST_WORDS: &[u8] = b"E\0\0\0\x2bSFATAL\0VFATAL\0C57P01\0Mthe end is near\0\0";

/// A proxy before a server.
pub(crate) struct Proxy {
    pub(crate) url: String,
    armed: Arc<AtomicU8>,
}

impl Proxy {
    pub(crate) async fn before(url: &str) -> Proxy {
        let (user, rest) = url.split_once('@').unwrap();
        let (server, name) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let armed = Arc::new(AtomicU8::new(PASS));
        tokio::spawn(accept(listener, server.to_owned(), Arc::clone(&armed)));
        Proxy {
            url: format!("{user}@{at}/{name}"),
            armed,
        }
    }

    pub(crate) fn arm(&self, how: u8) {
        self.armed.store(how, Ordering::SeqCst);
    }
}

async fn accept(listener: TcpListener, server: String, armed: Arc<AtomicU8>) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let server = TcpStream::connect(&server).await.unwrap();
        tokio::spawn(pass(client, server, Arc::clone(&armed)));
    }
}

/// Passes bytes on until one side ends, or until it is told to cut.
async fn pass(mut client: TcpStream, mut server: TcpStream, armed: Arc<AtomicU8>) {
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(count @ 1..) = read else { return };
                if armed.load(Ordering::SeqCst) == HOLD {
                    std::future::pending::<()>().await;
                }
                let how = armed.swap(PASS, Ordering::SeqCst);
                if how == CUT_BEFORE {
                    return;
                }
                server.write_all(&asked[..count]).await.unwrap();
                if how == CUT_AFTER || how == END_AFTER {
                    // The answer ends with the server's word that it waits for the next question: it has committed.
                    let mut answer = Vec::new();
                    while !answer.ends_with(b"Z\0\0\0\x05I") {
                        assert_ne!(server.read_buf(&mut answer).await.unwrap(), 0);
                    }
                    if how == END_AFTER {
                        client.write_all(LAST_WORDS).await.unwrap();
                    }
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(count @ 1..) = read else { return };
                if client.write_all(&answered[..count]).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn of_one(number: i64) -> Batch {
    let mut batch = batch();
    batch.items_new = vec![item(number)];
    batch
}

async fn count(db: &Db) -> i64 {
    db.item_count(&ItemFilter::default()).await.unwrap()
}

#[tokio::test]
async fn commit_whose_answer_is_lost_is_known_to_be_stored_or_not() {
    let Some(cluster) = postgres::cluster() else {
        return;
    };
    let proxy = Proxy::before(&cluster.database("cut")).await;
    let options = OpenOptions {
        synchronous: Synchronous::Full,
        ..OpenOptions::default()
    };
    let db = Db::open(&proxy.url, &options).await.unwrap();
    db.commit(&of_one(1)).await.unwrap();

    for round in 0..10 {
        let stored = 2 + 2 * round;
        // Each connection prepares its call first, in an exchange of its own.
        db.commit(&of_one(stored)).await.unwrap();
        proxy.arm([CUT_AFTER, END_AFTER][round as usize % 2]);
        db.commit(&of_one(stored + 1)).await.unwrap();
        assert_eq!(count(&db).await, stored + 1);
    }

    let before = count(&db).await;
    db.commit(&of_one(100)).await.unwrap();
    proxy.arm(CUT_BEFORE);
    let lost = db.commit(&of_one(101)).await.unwrap_err();
    assert!(lost.is_passing(), "{lost:?}");
    assert_eq!(count(&db).await, before + 1);
    db.commit(&of_one(101)).await.unwrap();
    assert_eq!(count(&db).await, before + 2);
}
