//! Circuit breakers: robot versions that fail on many items pause. The rules are in `signalbox_crm::breaker`.
//!
//! A breaker turns in memory when an attempt was stored that turns it. Admins learn of that from a commit of its own,
//! which also keeps the pause over a restart. A host that dies between the two counts anew.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use signalbox_crm::breaker::{Breaker, Limits, Outcome, Pause};
use signalbox_crm::directory::Directory;
use signalbox_crm::ids::RunId;
use signalbox_crm::notifying::{Notice, notify};
use signalbox_crm::people::Actor;
use signalbox_crm::rejection::Rejection;
use signalbox_crm::run::Run;
use signalbox_crm::time::Timestamp;
use signalbox_db::{Db, DbError};
use tokio::sync::Mutex as Turn;

use super::committer::{CommitError, Proposal};
use super::core::SharedCore;
use super::draft::Draft;

/// In `meta`: the pause of the robot version whose digest follows, as JSON; empty when it is over.
const STORED: &str = "breaker:";
/// Pause before a turn is told again that the database could not store.
const DATABASE_PAUSE: Duration = Duration::from_millis(250);

/// The breakers of all robot versions, by digest.
#[derive(Debug)]
pub struct Breakers {
    limits: Limits,
    by_digest: Mutex<BTreeMap<String, Told>>,
    has_news: AtomicBool,
    /// One tells at a time, so that the last word is the newest.
    telling: Turn<()>,
}

/// A breaker, and what admins know of it.
#[derive(Debug)]
struct Told {
    breaker: Breaker,
    told: Option<Pause>,
    /// Who turned it last.
    by: Actor,
}

impl Told {
    fn new(limits: Limits, pause: Option<Pause>) -> Self {
        Told {
            breaker: Breaker::new(limits, pause),
            told: pause,
            by: Actor::System,
        }
    }
}

/// A robot version that pauses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paused {
    /// The version.
    pub digest: String,
    /// Since when, and until when at least.
    pub pause: Pause,
}

/// A pause that began, went on or ended since it was told last.
struct News {
    digest: String,
    before: Option<Pause>,
    now: Option<Pause>,
    by: Actor,
}

impl Breakers {
    /// Goes on with the pauses that were stored.
    ///
    /// # Errors
    /// The database, or a row that is no pause.
    pub async fn load(db: &Db, limits: Limits) -> Result<Breakers, DbError> {
        let paused = stored_pauses(db).await?;
        let paused = paused
            .into_iter()
            .map(|(digest, pause)| (digest, Told::new(limits, Some(pause))));
        Ok(Breakers {
            limits,
            by_digest: Mutex::new(paused.collect()),
            has_news: AtomicBool::new(false),
            telling: Turn::new(()),
        })
    }

    /// Takes over the pauses that other hosts have begun and ended.
    ///
    /// # Errors
    /// As [`Breakers::load`].
    pub async fn follow(&self, db: &Db) -> Result<(), DbError> {
        self.take_over(&stored_pauses(db).await?);
        Ok(())
    }

    /// What this host has news of is not touched: it will be stored.
    fn take_over(&self, stored: &BTreeMap<String, Pause>) {
        let mut all = self.lock();
        for (digest, told) in all.iter_mut() {
            let pause = stored.get(digest).copied();
            if told.told == told.breaker.pause() && told.told != pause {
                *told = Told::new(self.limits, pause);
            }
        }
        for (digest, pause) in stored {
            if !all.contains_key(digest) {
                all.insert(digest.clone(), Told::new(self.limits, Some(*pause)));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Told>> {
        self.by_digest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asked before each execution: none when the run may start, else when it may ask again.
    pub fn ask(&self, digest: &str, run: RunId, now: Timestamp) -> Option<Timestamp> {
        self.lock().get_mut(digest)?.breaker.ask(run, now)
    }

    /// Notes an attempt that is stored.
    pub fn note(&self, digest: &str, run: &Run, outcome: Outcome, now: Timestamp) {
        let mut all = self.lock();
        if !all.contains_key(digest) {
            all.insert(digest.to_owned(), Told::new(self.limits, None));
        }
        let Some(told) = all.get_mut(digest) else { return };
        if told.breaker.note(run, outcome, now) {
            told.by = Actor::System;
            self.has_news.store(true, Ordering::SeqCst);
        }
    }

    /// The run is not executed any more.
    pub fn left(&self, run: RunId) {
        for told in self.lock().values_mut() {
            told.breaker.left(run);
        }
    }

    /// The pause of a robot version; none when it does not pause.
    pub fn pause(&self, digest: &str) -> Option<Pause> {
        self.lock().get(digest)?.breaker.pause()
    }

    /// The robot versions that pause, by digest.
    pub fn paused(&self) -> Vec<Paused> {
        let all = self.lock();
        let paused = all.iter().filter_map(|(digest, told)| {
            Some(Paused {
                digest: digest.clone(),
                pause: told.breaker.pause()?,
            })
        });
        paused.collect()
    }

    /// A person ends the pause of a robot version; false when it does not pause. [`tell`] makes its runs due.
    pub fn resume(&self, digest: &str, by: Actor) -> bool {
        let mut all = self.lock();
        let Some(told) = all.get_mut(digest).filter(|told| told.breaker.pause().is_some()) else {
            return false;
        };
        told.by = by;
        self.has_news.store(true, Ordering::SeqCst);
        told.breaker.close()
    }

    fn news(&self) -> Vec<News> {
        let all = self.lock();
        let news = all.iter().map(|(digest, told)| News {
            digest: digest.clone(),
            before: told.told,
            now: told.breaker.pause(),
            by: told.by.clone(),
        });
        news.filter(|news| news.before != news.now).collect()
    }

    fn told(&self, news: &News) {
        let mut all = self.lock();
        if let Some(told) = all.get_mut(&news.digest) {
            told.told = news.now;
        }
        // Under the lock: whoever turns a breaker sets it again.
        let has_more = all.values().any(|told| told.told != told.breaker.pause());
        self.has_news.store(has_more, Ordering::SeqCst);
    }
}

/// The pauses that are stored, by digest.
async fn stored_pauses(db: &Db) -> Result<BTreeMap<String, Pause>, DbError> {
    let mut pauses = BTreeMap::new();
    for (key, value) in db.metas(STORED).await? {
        if value.is_empty() {
            continue;
        }
        let pause: Pause = serde_json::from_str(&value).map_err(|_| DbError::BadRow {
            what: "meta",
            value: value.clone(),
        })?;
        pauses.insert(key[STORED.len()..].to_owned(), pause);
    }
    Ok(pauses)
}

/// Stores which robots pause now and which do not any more, and tells the admins of it, if there is news. Never to be
/// called by who has the committer's turn.
///
/// Returns when it is stored: as long as the database cannot be reached, this waits.
pub async fn tell(core: &SharedCore) {
    if !core.breakers.has_news.load(Ordering::SeqCst) {
        return;
    }
    let _turn = core.breakers.telling.lock().await;
    for news in core.breakers.news() {
        tell_one(core, &news).await;
        core.breakers.told(&news);
    }
}

async fn tell_one(core: &SharedCore, news: &News) {
    loop {
        let stored = match proposal(core, news) {
            Ok(proposal) => core.submit(proposal).await,
            Err(rejection) => Err(CommitError::Rejected(rejection)),
        };
        match stored {
            Ok(_) => return,
            // The set-up has changed: who is an admin is looked up again.
            Err(CommitError::Stale(_)) => {}
            Err(CommitError::Db(error)) if error.is_passing() => {
                tracing::error!(error = %error, "The database cannot store that a robot pauses: {error}");
                tokio::time::sleep(DATABASE_PAUSE).await;
            }
            Err(error) => {
                let digest = &news.digest;
                return tracing::error!(error = %error, "Nobody is told about robot {digest}: {error}");
            }
        }
    }
}

fn proposal(core: &SharedCore, news: &News) -> Result<Proposal, Rejection> {
    let mut draft = Draft::new(core, news.by.clone());
    let label = label(&draft.directory, &news.digest);
    let what = match (news.before, news.now) {
        (None, Some(pause)) => Some(begun(&label, pause)),
        (Some(pause), None) => Some(ended(&label, pause)),
        (Some(_), Some(_)) | (None, None) => None,
    };
    if let Some((word, title, text)) = what {
        let tag = Some(format!("{STORED}{}", news.digest));
        let admins = draft.directory.admins();
        let notice = Notice { title, text, tag };
        let subject = format!("robot:{}", id_of(&label));
        draft.rule(|rules, changes| {
            rules.note(changes, subject, word, None, Some(label));
            notify(rules, changes, &admins, None, &notice)
        })?;
    }
    let mut resumed = Vec::new();
    if news.now.is_none() {
        let attachments = draft.directory.attachments.values();
        let concerned = attachments.filter(|attachment| attachment.digest == news.digest);
        resumed.extend(concerned.map(|attachment| attachment.id));
    }
    let value = news.now.map(|pause| serde_json::json!(pause).to_string());
    let mut proposal = draft.into_proposal();
    proposal.meta = vec![(format!("{STORED}{}", news.digest), value.unwrap_or_default())];
    proposal.resumed = resumed;
    Ok(proposal)
}

fn begun(label: &str, pause: Pause) -> (&'static str, String, String) {
    let title = format!("Робот {label} приостановлен");
    let text = format!(
        "Почти все последние запуски закончились ошибкой. Остальные ждут, следующая попытка в {}. \
         Причина — в последних запусках; возобновить сейчас: signalbox robot resume {label}",
        pause.probe_at
    );
    ("paused", title, text)
}

fn ended(label: &str, pause: Pause) -> (&'static str, String, String) {
    let title = format!("Робот {label} снова работает");
    let text = format!(
        "Был приостановлен с {}. Отложенные запуски продолжены.",
        pause.since
    );
    ("resumed", title, text)
}

/// `notify@1.0.0`, or the digest of a version that is not known any more.
pub fn label(directory: &Directory, digest: &str) -> String {
    let version = directory.robots.get(digest);
    version.map_or_else(|| digest.to_owned(), |version| version.manifest.label())
}

/// `notify` of `notify@1.0.0`.
fn id_of(label: &str) -> &str {
    label.split('@').next().unwrap_or(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pause(second: i64) -> Pause {
        let at = Timestamp::from_micros(second * 1_000_000);
        Pause {
            since: at,
            probe_at: at,
            failed_probe_count: 0,
        }
    }

    fn stored(pause: Option<Pause>) -> BTreeMap<String, Pause> {
        pause
            .map(|pause| ("robot".to_owned(), pause))
            .into_iter()
            .collect()
    }

    #[test]
    fn pauses_of_other_hosts_are_taken_over_and_own_news_is_kept() {
        let breakers = Breakers {
            limits: Limits::DEFAULT,
            by_digest: Mutex::default(),
            has_news: AtomicBool::new(false),
            telling: Turn::new(()),
        };
        for known in [Some(pause(1)), Some(pause(2)), None, Some(pause(3))] {
            breakers.take_over(&stored(known));
            assert_eq!(breakers.pause("robot"), known);
            assert!(breakers.news().is_empty());
        }
        // A person ends the pause here, which is not stored yet.
        assert!(breakers.resume("robot", Actor::System));
        breakers.take_over(&stored(Some(pause(3))));
        assert_eq!(breakers.pause("robot"), None);
        assert_eq!(breakers.news().len(), 1);
    }
}
