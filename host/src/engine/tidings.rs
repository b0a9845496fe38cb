//! What hosts that share a database tell each other, gathered until it is told.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use super::changes::Topic;

/// There is work to look for.
const WORK: &str = "work";
/// Before the number of the host that says it: every host hears its own words, too.
const FROM: &str = "host:";
/// Of a host that goes, and leaves its work to the others.
pub const FAREWELL: &str = WORK;
/// Parts of one word: PostgreSQL carries up to 8,000 bytes, and a part has 33 at most with its space.
const PARTS_MAX: usize = 200;

/// What one word says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Word {
    /// The host that says it.
    pub from: Option<i64>,
    /// There is work that is not the teller's.
    pub is_work: bool,
    /// What was written. That the set-up was is a word to read it anew.
    pub topics: BTreeSet<Topic>,
}

impl Word {
    /// Everything may have changed: a word may have been lost.
    pub fn unknown() -> Self {
        Word {
            from: None,
            is_work: true,
            topics: [Topic::SetUp, Topic::All].into(),
        }
    }

    /// As one or more texts.
    fn texts(&self, host: i64) -> Vec<String> {
        let work = self.is_work.then(|| WORK.to_owned());
        let parts: Vec<String> = work
            .into_iter()
            .chain(self.topics.iter().map(Topic::to_string))
            .collect();
        let text = |some: &[String]| format!("{FROM}{host} {}", some.join(" "));
        parts.chunks(PARTS_MAX).map(text).collect()
    }

    /// What another host has said. Of what another release says, what this one knows.
    pub fn parse(text: &str) -> Self {
        Word {
            from: text
                .split(' ')
                .find_map(|part| part.strip_prefix(FROM)?.parse().ok()),
            is_work: text.split(' ').any(|part| part == WORK),
            topics: text.split(' ').filter_map(|part| part.parse().ok()).collect(),
        }
    }
}

/// What the other hosts shall hear.
#[derive(Debug, Default)]
pub struct Tidings {
    gathered: Mutex<Word>,
    /// Woken when there is something to tell.
    pub to_tell: Notify,
}

impl Tidings {
    /// Tells the others, soon.
    pub fn add(&self, is_work: bool, topics: impl IntoIterator<Item = Topic>) {
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        gathered.is_work |= is_work;
        gathered.topics.extend(topics);
        drop(gathered);
        self.to_tell.notify_one();
    }

    /// What has come together on this host, as texts. Who takes it tells it.
    pub fn take(&self, host: i64) -> Vec<String> {
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *gathered).texts(host)
    }
}

#[cfg(test)]
mod tests {
    use signalbox_crm::ids::StageId;

    use super::*;

    #[test]
    fn words_are_read_as_they_are_written_and_fit_into_what_carries_them() {
        let tidings = Tidings::default();
        assert!(tidings.take(7).is_empty());
        tidings.add(true, []);
        assert_eq!(tidings.take(7), ["host:7 work"]);
        let stages: BTreeSet<Topic> = (0..1000).map(|n| Topic::Stage(StageId(i64::MAX - n))).collect();
        tidings.add(false, stages.clone());
        tidings.add(true, [Topic::Runs, Topic::SetUp]);
        let texts = tidings.take(7);
        assert!(texts.iter().all(|text| text.len() < 8000), "{texts:?}");
        let words: Vec<Word> = texts.iter().map(|text| Word::parse(text)).collect();
        assert_eq!(words.iter().filter(|word| word.is_work).count(), 1);
        assert!(words.iter().all(|word| word.from == Some(7)));
        let topics: BTreeSet<Topic> = words.into_iter().flat_map(|word| word.topics).collect();
        assert_eq!(topics.len(), 1002);
        assert!(topics.is_superset(&stages));
        assert!(tidings.take(7).is_empty());
    }

    #[test]
    fn word_of_another_release_is_heard_as_far_as_it_is_known() {
        let word = Word::parse("work deal:1 planet:3 runs");
        assert_eq!((word.from, word.is_work, word.topics.len()), (None, true, 2));
        assert_eq!(Word::parse(""), Word::default());
    }
}
