//! Tells open pages that something of theirs was written: one stream of events for each tab.
//!
//! A page names its topics; when one of them is written, it draws itself anew from its own address. So there is one way
//! to draw a page, and a page that missed something is repaired by the next event.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::get;
use axum::{Extension, Router};
use futures_util::Stream;
use futures_util::stream::unfold;
use serde::Deserialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::Console;
use super::visitor::Visitor;
use crate::engine::changes::{Changed, NoTopic, Topic};
use crate::engine::core::SharedCore;
use crate::http::problem::Problem;
use signalbox_crm::said;

/// Writes within this time are told together: a robot's run and what follows from it are one flicker, not ten.
const TOGETHER: Duration = Duration::from_millis(60);
/// Keeps proxies from taking a quiet stream for a dead one.
const ALIVE_EVERY: Duration = Duration::from_secs(15);
/// Topics of one page: a board has one for each stage.
const TOPICS_MAX: usize = 200;

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new().route("/live", get(stream))
}

#[derive(Debug, Deserialize)]
struct Asked {
    #[serde(default)]
    topics: String,
}

/// What one tab watches.
struct Watch {
    core: SharedCore,
    changes: Receiver<Arc<Changed>>,
    topics: BTreeSet<Topic>,
    /// Tells this host, in this life, from all others: numbers of commits begin anew with each start.
    life: String,
    /// Something may have been missed while nobody watched.
    is_behind: bool,
    /// The first event says that the stream stands.
    has_begun: bool,
}

async fn stream(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Arc<Visitor>>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let names = asked
        .topics
        .split(',')
        .filter(|name| !name.is_empty())
        .take(TOPICS_MAX);
    let topics = names.map(|name| {
        name.parse()
            .map_err(|NoTopic| Problem::invalid("topics", said!("`{name}` is no topic", name)))
    });
    let mut topics = topics.collect::<Result<BTreeSet<Topic>, _>>()?;
    // Nobody watches the bells of others.
    topics.retain(|topic| !matches!(topic, Topic::Bell(whose) if *whose != visitor.me.id));
    topics.insert(Topic::All);
    let core = Arc::clone(&console.app.core);
    let life = core.started_at.micros().to_string();
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    // Watching begins before the number is read: nothing falls between.
    let changes = core.changes.watch();
    let present = format!("{life}-{}", core.records.seq());
    let watch = Watch {
        changes,
        topics,
        life,
        is_behind: last.is_some_and(|last| last != present),
        has_begun: false,
        core,
    };
    let events = unfold(watch, async |mut watch| {
        watch.next().await.map(|event| (Ok(event), watch))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE_EVERY)))
}

impl Watch {
    /// The next thing to tell; none when the host stops.
    async fn next(&mut self) -> Option<Event> {
        if !self.has_begun {
            self.has_begun = true;
            let word = if std::mem::take(&mut self.is_behind) {
                "resync"
            } else {
                "ready"
            };
            return Some(self.event(word, self.core.records.seq()));
        }
        let mut seq = self.wait().await?;
        tokio::time::sleep(TOGETHER).await;
        while let Ok(changed) = self.changes.try_recv() {
            seq = changed.seq;
        }
        Some(self.event("changed", seq))
    }

    /// The number of the next commit that writes something of this page.
    async fn wait(&mut self) -> Option<u64> {
        loop {
            let received = tokio::select! {
                received = self.changes.recv() => received,
                // An open stream must not hold up the end of the host.
                () = self.core.draining.begun() => return None,
            };
            match received {
                Ok(changed) if !changed.topics.is_disjoint(&self.topics) => {
                    return Some(changed.seq);
                }
                Ok(_) => {}
                // Too much was written for this stream: draw anew.
                Err(RecvError::Lagged(_)) => return Some(self.core.records.seq()),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn event(&self, word: &str, seq: u64) -> Event {
        Event::default()
            .event(word)
            .id(format!("{}-{seq}", self.life))
            .data(word)
    }
}
