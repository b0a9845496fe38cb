//! A disk that loses power: what a program wrote and did not sync may be gone, in part or whole.
//!
//! `disk.c` stands before the program and notes every change since the last sync of a file. After a kill, [`Disk::lose`]
//! takes all of these back, and makes some of them again: none, all, those before an instant, or any sectors.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::load::Random;

/// Numbers before the bytes of a note, as in `disk.c`.
const HEAD_NUMBERS: usize = 5;
const HEAD_BYTES: usize = HEAD_NUMBERS * 8;
/// What a disk writes whole: sectors of old disks, and of new ones.
const SECTORS: [u64; 2] = [512, 4096];

/// The disk of a folder.
pub(super) struct Disk {
    folder: PathBuf,
    journal: PathBuf,
    library: PathBuf,
    /// Beside the folder, which has to survive.
    _place: tempfile::TempDir,
}

/// A change that no sync has made safe.
struct Change {
    is_cut: bool,
    offset: u64,
    new: Vec<u8>,
    old: Vec<u8>,
    old_size: u64,
}

/// What becomes of the changes of a file.
enum Fate {
    Gone,
    Kept,
    /// The first ones are kept.
    Before(usize),
    /// Each sector of this size has its own fate.
    Torn(u64),
}

/// What was lost.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Lost {
    pub(super) change_count: usize,
    pub(super) kept_count: usize,
}

impl Disk {
    /// The disk below a folder, for programs that are [`Disk::under`] it.
    pub(super) fn of(folder: &Path) -> Disk {
        let place = tempfile::tempdir().unwrap();
        let library = place.path().join("disk.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kill/disk.c");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o"])
            .arg(&library)
            .args([source, "-ldl", "-lpthread"])
            .output()
            .expect("`cc` is needed, as it is for SQLite");
        assert!(
            built.status.success(),
            "{}",
            String::from_utf8_lossy(&built.stderr)
        );
        let journal = place.path().join("journal");
        fs::create_dir(&journal).unwrap();
        Disk {
            folder: folder.canonicalize().unwrap(),
            journal,
            library,
            _place: place,
        }
    }

    /// Puts the disk under a program.
    pub(super) fn under(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", &self.library)
            .env("DISK_FOLDER", &self.folder)
            .env("DISK_JOURNAL", &self.journal);
    }

    /// Whether files may not grow any more.
    pub(super) fn set_full(&self, is_full: bool) {
        let path = self.journal.join("full");
        match is_full {
            true => drop(File::create(path).unwrap()),
            false => fs::remove_file(path).unwrap(),
        }
    }

    /// The program dies after so many changes from now on.
    pub(super) fn die_after(&self, change_count: u64) {
        // Moved to its place, so that nobody reads half of it.
        let new = self.journal.join("die.new");
        fs::write(&new, change_count.to_string()).unwrap();
        fs::rename(new, self.journal.join("die")).unwrap();
    }

    /// The power fails. The program must be dead.
    pub(super) fn lose(&self, random: &mut Random) -> Lost {
        // It may have died by another hand, or of itself.
        drop(fs::remove_file(self.journal.join("die")));
        let mut lost = Lost::default();
        let sector = random.pick(&SECTORS);
        for (notes, path) in self.noted() {
            let changes = read(&fs::read(&notes).unwrap());
            fs::remove_file(notes).unwrap();
            let fate = match random.below(4) {
                0 => Fate::Gone,
                1 => Fate::Kept,
                2 => Fate::Before(random.below(changes.len() as u64 + 1) as usize),
                _ => Fate::Torn(sector),
            };
            lost.change_count += changes.len();
            lost.kept_count += befall(&path, &changes, &fate, random);
        }
        lost
    }

    /// The power fails, and nothing is left that was not synced.
    pub(super) fn lose_all(&self) -> Lost {
        let mut lost = Lost::default();
        for (notes, path) in self.noted() {
            let changes = read(&fs::read(&notes).unwrap());
            fs::remove_file(notes).unwrap();
            lost.change_count += changes.len();
            befall(&path, &changes, &Fate::Gone, &mut Random::new(0));
        }
        lost
    }

    /// Notes, and the files that they are about, by name.
    fn noted(&self) -> Vec<(PathBuf, PathBuf)> {
        let mut files = BTreeMap::new();
        find(&self.folder, &mut files);
        let found = files.into_iter().filter_map(|(path, inode)| {
            let notes = self.journal.join(format!("{inode}.notes"));
            notes.exists().then_some((notes, path))
        });
        found.collect()
    }
}

/// Files below a folder, with their numbers.
fn find(folder: &Path, files: &mut BTreeMap<PathBuf, u64>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => find(&entry.path(), files),
            false => drop(files.insert(entry.path(), entry.metadata().unwrap().ino())),
        }
    }
}

/// The changes in the order in which they were made. The last note may be cut off: its change was not made.
fn read(mut notes: &[u8]) -> Vec<Change> {
    let mut changes = Vec::new();
    while let Some((head, rest)) = notes.split_at_checked(HEAD_BYTES) {
        let number = |place: usize| {
            let bytes = &head[place * 8..][..8];
            u64::from_le_bytes(bytes.try_into().expect("8 bytes"))
        };
        let counts = (number(2) as usize, number(3) as usize);
        let Some((new, rest)) = rest.split_at_checked(counts.0) else {
            break;
        };
        let Some((old, rest)) = rest.split_at_checked(counts.1) else {
            break;
        };
        notes = rest;
        changes.push(Change {
            is_cut: number(0) != 0,
            offset: number(1),
            new: new.to_vec(),
            old: old.to_vec(),
            old_size: number(4),
        });
    }
    changes
}

/// Takes the changes back and makes those again that the fate spares; says how many these were.
fn befall(path: &Path, changes: &[Change], fate: &Fate, random: &mut Random) -> usize {
    let file = File::options().write(true).open(path).unwrap();
    for change in changes.iter().rev() {
        file.write_all_at(&change.old, change.offset).unwrap();
        file.set_len(change.old_size).unwrap();
    }
    let mut kept_count = 0;
    for (place, change) in changes.iter().enumerate() {
        let sector = match fate {
            Fate::Gone => None,
            Fate::Kept => Some(u64::MAX),
            Fate::Before(end) => (place < *end).then_some(u64::MAX),
            Fate::Torn(sector) => Some(*sector),
        };
        let Some(sector) = sector else { continue };
        kept_count += 1;
        if change.is_cut {
            if sector == u64::MAX || random.below(2) == 0 {
                file.set_len(change.offset).unwrap();
            }
            continue;
        }
        redo(&file, change, sector, random);
    }
    kept_count
}

/// Writes a change again; sector by sector, and not each of them, where sectors have a size.
fn redo(file: &File, change: &Change, sector: u64, random: &mut Random) {
    let end = change.offset + change.new.len() as u64;
    let mut at = change.offset;
    while at < end {
        let next = end.min((at / sector + 1).saturating_mul(sector));
        if sector == u64::MAX || random.below(2) == 0 {
            let bytes = &change.new[(at - change.offset) as usize..(next - change.offset) as usize];
            file.write_all_at(bytes, at).unwrap();
        }
        at = next;
    }
}
