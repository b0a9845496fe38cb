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
use signalbox_crm::ids::{ContactId, ConversationId, EmployeeId, ItemId, StageId};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::Console;
use super::visitor::Visitor;
use crate::engine::changes::Changed;
use crate::engine::core::SharedCore;
use crate::engine::recent::RecordKey;
use crate::http::problem::Problem;

/// Writes within this time are told together: a robot's run and what follows from it are one flicker, not ten.
const TOGETHER: Duration = Duration::from_millis(60);
/// Keeps proxies from taking a quiet stream for a dead one.
const ALIVE_EVERY: Duration = Duration::from_secs(15);
/// Topics of one page: a board has one for each stage.
const TOPICS_MAX: usize = 200;

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new().route("/live", get(stream))
}

/// Something that a page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Topic {
    /// `item:deal:17`: an item, its activities.
    Item(ItemId),
    /// `stage:3`: the items of a stage.
    Stage(StageId),
    /// `contact:2`.
    Contact(ContactId),
    /// `conversation:4`: it and its messages.
    Conversation(ConversationId),
    /// `activities`: any activity.
    Activities,
    /// `runs`: any run.
    Runs,
    /// `bell`: one's own notifications.
    Bell,
    /// `setup`: whatever admins set up.
    Setup,
}

impl Topic {
    fn parse(text: &str) -> Option<Self> {
        if let Some(item) = text.strip_prefix("item:") {
            return item.parse().ok().map(Topic::Item);
        }
        match text {
            "activities" => Some(Topic::Activities),
            "runs" => Some(Topic::Runs),
            "bell" => Some(Topic::Bell),
            "setup" => Some(Topic::Setup),
            _ => {
                let stage = text.parse().ok().map(Topic::Stage);
                let contact = || text.parse().ok().map(Topic::Contact);
                let conversation = || text.parse().ok().map(Topic::Conversation);
                stage.or_else(contact).or_else(conversation)
            }
        }
    }

    fn is_written(self, changed: &Changed, me: EmployeeId) -> bool {
        let any = |is_it: &dyn Fn(&RecordKey) -> bool| changed.keys.iter().any(is_it);
        match self {
            Topic::Item(id) => {
                any(&|key| matches!(key, RecordKey::Item(x) | RecordKey::ActivitiesOf(x) if *x == id))
            }
            Topic::Stage(id) => any(&|key| *key == RecordKey::ItemsIn(id)),
            Topic::Contact(id) => any(&|key| *key == RecordKey::Contact(id)),
            Topic::Conversation(id) => any(&|key| *key == RecordKey::Conversation(id)),
            Topic::Activities => any(&|key| matches!(key, RecordKey::Activity(_))),
            Topic::Runs => changed.has_runs,
            Topic::Bell => changed.has_read || changed.notified.contains(&me),
            Topic::Setup => any(&|key| *key == RecordKey::Directory),
        }
    }
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
    me: EmployeeId,
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
        Topic::parse(name).ok_or_else(|| Problem::invalid("topics", format!("`{name}` is no topic")))
    });
    let core = Arc::clone(&console.app.core);
    let life = core.started_at.micros().to_string();
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    // Watching begins before the number is read: nothing falls between.
    let changes = core.changes.watch();
    let present = format!("{life}-{}", core.records.seq());
    let watch = Watch {
        changes,
        topics: topics.collect::<Result<_, _>>()?,
        me: visitor.me.id,
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
                Ok(changed)
                    if self
                        .topics
                        .iter()
                        .any(|topic| topic.is_written(&changed, self.me)) =>
                {
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
