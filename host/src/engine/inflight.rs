//! Which runs are in their sandbox, in a file that survives the process: who was at work when the host died.
//!
//! A run that takes the whole process with it (a defect of the sandbox, no memory left) would do so after every start.
//! So those that were at work when the host died are under suspicion: nothing else is in a sandbox while one of them is.
//! Who comes out alive is acquitted; who was alone when the host died three times is not executed any more
//! (`worker/quarantine.rs`).
//!
//! The file has words of eight bytes: the run that is alone in its sandbox, runs with the times that the host died of
//! them, and one word for each worker with the last run that it took. Nothing is flushed to the disk: a dead process
//! leaves what it wrote. After a loss of power the words may be old ones: then somebody is executed alone for nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use signalbox_crm::ids::RunId;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Deaths of the host while it executed this run and nothing else, before the run is given up. One or two could be the
/// machine, or an operator.
pub const DEATHS_MAX: u32 = 3;
/// Runs of which deaths are remembered. More than that are never under suspicion for long.
const BLAMED_MAX: usize = 64;
const WORD_BYTES: usize = 8;
const ALONE: usize = 0;
const FIRST_WORKER: usize = 1 + 2 * BLAMED_MAX;

/// Who was at work when the last host ended without a word.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Suspects {
    /// Each of them may be to blame.
    pub runs: BTreeSet<RunId>,
    /// How often the host died of them, while they were alone.
    pub deaths: BTreeMap<RunId, u32>,
}

/// The time of a run in its sandbox; dropped when it has come out alive.
#[derive(Debug)]
pub struct Stay<'a> {
    inflight: &'a Inflight,
    run: RunId,
    company: Company<'a>,
}

/// Who else is in a sandbox.
#[derive(Debug)]
enum Company<'a> {
    /// Whoever comes.
    Any,
    /// Those that are under no suspicion, as long as this is held.
    Innocent(#[expect(dead_code, reason = "held for what its drop does")] RwLockReadGuard<'a, ()>),
    /// Nobody.
    None(#[expect(dead_code, reason = "held for what its drop does")] RwLockWriteGuard<'a, ()>),
}

impl Drop for Stay<'_> {
    fn drop(&mut self) {
        if let Company::None(_) = self.company {
            self.inflight.write(ALONE, &[0]);
            self.inflight.acquit(self.run);
        }
    }
}

/// The file, where there is one.
#[derive(Debug, Default)]
pub struct Inflight {
    file: Option<File>,
    suspects: Mutex<Suspects>,
    has_suspects: AtomicBool,
    /// Read by those under no suspicion, written by one that is under it.
    sandboxes: RwLock<()>,
    has_failed: AtomicBool,
}

impl Inflight {
    /// Opens the file, or makes it, with whom the last host left in it. A host without it works like any other, and
    /// finds nobody who kills it.
    pub fn open(path: Option<&Path>) -> Inflight {
        let Some(path) = path else {
            return Inflight::default();
        };
        match Inflight::at(path) {
            Ok(inflight) => inflight,
            Err(error) => {
                let path = path.display();
                tracing::warn!(error = %error, "A run that kills the host will not be found: `{path}` cannot be used: {error}");
                Inflight::default()
            }
        }
    }

    /// # Errors
    /// The file cannot be used, or another host uses it.
    fn at(path: &Path) -> io::Result<Inflight> {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path)?;
        file.try_lock()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let suspects = read(&bytes);
        let inflight = Inflight {
            file: Some(file),
            has_suspects: AtomicBool::new(!suspects.runs.is_empty()),
            suspects: Mutex::new(suspects),
            ..Inflight::default()
        };
        inflight.store_deaths(&inflight.lock());
        // It is blamed once for one death.
        inflight.write(ALONE, &[0]);
        Ok(inflight)
    }

    /// Who is under suspicion.
    pub fn suspects(&self) -> BTreeSet<RunId> {
        self.lock().runs.clone()
    }

    /// Whether anybody is.
    pub fn has_suspects(&self) -> bool {
        self.has_suspects.load(Ordering::Relaxed)
    }

    /// How often the host died of this run.
    pub fn death_count(&self, run: RunId) -> u32 {
        self.lock().deaths.get(&run).copied().unwrap_or(0)
    }

    /// A run goes into its sandbox: the last one of the worker with this number, from 0. One under suspicion waits until
    /// nobody else is in a sandbox.
    pub async fn enter(&self, worker: usize, run: RunId) -> Stay<'_> {
        let company = match self.has_suspects.load(Ordering::Relaxed) {
            false => Company::Any,
            true if self.lock().runs.contains(&run) => Company::None(self.sandboxes.write().await),
            true => Company::Innocent(self.sandboxes.read().await),
        };
        let place = match company {
            Company::None(_) => ALONE,
            Company::Any | Company::Innocent(_) => FIRST_WORKER + worker,
        };
        self.write(place, &[run.0]);
        Stay {
            inflight: self,
            run,
            company,
        }
    }

    /// The host does not die of this run, or the run has ended.
    pub fn acquit(&self, run: RunId) {
        let mut suspects = self.lock();
        suspects.runs.remove(&run);
        if suspects.deaths.remove(&run).is_some() {
            self.store_deaths(&suspects);
        }
        self.has_suspects
            .store(!suspects.runs.is_empty(), Ordering::Relaxed);
    }

    /// Nobody is at work, and nobody is under suspicion any more.
    pub fn clear(&self) {
        if let Some(file) = &self.file {
            self.check(file.set_len(0));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Suspects> {
        self.suspects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn store_deaths(&self, suspects: &Suspects) {
        let mut words = [0; 2 * BLAMED_MAX];
        let pairs = words.as_chunks_mut::<2>().0;
        for (pair, (run, count)) in pairs.iter_mut().zip(&suspects.deaths) {
            *pair = [run.0, (*count).into()];
        }
        self.write(1, &words);
    }

    fn write(&self, place: usize, words: &[i64]) {
        let Some(file) = &self.file else { return };
        let offset = (place * WORD_BYTES) as u64;
        if let [word] = words {
            return self.check(file.write_all_at(&word.to_le_bytes(), offset));
        }
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.check(file.write_all_at(&bytes, offset));
    }

    /// Runs go on without the file; it is said once.
    fn check(&self, written: io::Result<()>) {
        if let Err(error) = written
            && !self.has_failed.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(error = %error, "A run that kills the host will not be found: its file cannot be written: {error}");
        }
    }
}

/// What the last host left; who was alone is to blame once more.
fn read(bytes: &[u8]) -> Suspects {
    let chunks = bytes.as_chunks::<WORD_BYTES>().0.iter();
    let words: Vec<i64> = chunks.map(|word| i64::from_le_bytes(*word)).collect();
    let mut suspects = Suspects::default();
    let blamed = words.get(1..FIRST_WORKER.min(words.len())).unwrap_or_default();
    for [run, count] in blamed.as_chunks::<2>().0 {
        if *run > 0 {
            suspects
                .deaths
                .insert(RunId(*run), u32::try_from(*count).unwrap_or(0));
        }
    }
    let alone = words.first().copied().filter(|run| *run > 0).map(RunId);
    if let Some(run) = alone {
        *suspects.deaths.entry(run).or_default() += 1;
    }
    let workers = words.get(FIRST_WORKER..).unwrap_or_default().iter();
    suspects.runs = workers.filter(|run| **run > 0).map(|run| RunId(*run)).collect();
    suspects.runs.extend(suspects.deaths.keys());
    suspects
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [RunId; 2] = [RunId(7), RunId(8)];

    /// A host that dies: what it has begun does not end.
    fn die(inflight: Inflight, in_sandbox: &[(usize, RunId)]) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        for (worker, run) in in_sandbox {
            std::mem::forget(runtime.block_on(inflight.enter(*worker, *run)));
        }
    }

    #[test]
    fn who_was_at_work_is_found_and_blamed_once_for_each_death_when_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("crm.db.inflight");
        let open = || Inflight::at(&path).expect("opened");
        let inflight = open();
        assert_eq!(inflight.suspects(), BTreeSet::new());
        Inflight::at(&path).expect_err("another host has it");
        die(inflight, &[(63, RunId(7)), (0, RunId(9)), (0, RunId(8))]);

        for deaths in 0..2 {
            let inflight = open();
            assert_eq!(inflight.suspects(), BTreeSet::from(BOTH));
            assert_eq!(BOTH.map(|run| inflight.death_count(run)), [0, deaths]);
            die(inflight, &[(5, RunId(8))]);
        }
        let inflight = open();
        assert_eq!(inflight.death_count(RunId(8)), 2);
        inflight.clear();
        drop(inflight);
        assert_eq!(open().suspects(), BTreeSet::new());
    }

    #[tokio::test]
    async fn who_is_under_suspicion_is_alone_and_acquitted_when_it_comes_out_alive() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("crm.db.inflight");
        let open = || Inflight::at(&path).expect("opened");
        std::mem::forget(open().enter(0, RunId(7)).await);
        let inflight = open();
        let innocent = inflight.enter(1, RunId(1)).await;
        let mut suspect = Box::pin(inflight.enter(0, RunId(7)));
        assert!(now_or_never(&mut suspect).is_none(), "somebody else is there");
        drop(innocent);
        let stay = now_or_never(&mut suspect).expect("nobody else is there");
        let mut other = Box::pin(inflight.enter(1, RunId(2)));
        assert!(now_or_never(&mut other).is_none(), "the suspect is there");
        drop(stay);
        drop(now_or_never(&mut other).expect("nobody is under suspicion"));
        assert_eq!(inflight.suspects(), BTreeSet::new());
        drop((suspect, other));
        drop(inflight);
        assert_eq!(open().death_count(RunId(7)), 0);
    }

    /// The answer, if it is there.
    fn now_or_never<T>(future: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::Pin::new(future).poll(&mut context) {
            std::task::Poll::Ready(answer) => Some(answer),
            std::task::Poll::Pending => None,
        }
    }

    #[test]
    fn damaged_file_names_nobody_or_somebody_and_never_fails() {
        for length in 0..3_000 {
            let suspects = read(&vec![0xff; length]);
            assert_eq!(suspects, Suspects::default(), "{length}");
            let suspects = read(&vec![1; length]);
            assert!(suspects.runs.len() <= 1, "{length}");
        }
    }
}
