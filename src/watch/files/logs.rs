//! The logs of one glob: their sizes, and the error lines that were appended to them.
//!
//! Every file is followed by its inode. The newest are held open, so that the rest of one that is
//! renamed away or deleted is still read. A copy that a rotation made (`copytruncate`) is known by
//! its name and content, and goes on where its original was cut. Where logs grow faster than they
//! are read, the rest is left out, and told.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use regex::bytes::Regex;

use super::lines::Piece;
use super::tail::{Cut, Open, Opener, Tail};
use super::walk::{Bounds, FileId, Glob, Match, Walk};
use crate::model::facts::{LogFacts, NamedSize};

/// What one reading may cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) walk: Bounds,
    /// Bytes searched.
    pub(super) read: u64,
    /// Bytes left for later readings; beyond that they are left out.
    pub(super) behind: u64,
    /// Files held open.
    pub(super) held: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            walk: Bounds::default(),
            read: 32 << 20,
            behind: 64 << 20,
            held: 64,
        }
    }
}

/// A file that is renamed out of the glob is still written to until its writer notices.
const HELD_AFTER: u32 = 12;
/// A file that is gone may come back, and is not read twice then.
const KNOWN_AFTER: u32 = 720;
/// Most problems told at once.
const TOLD: usize = 3;
/// What is packed has no lines, and was counted before it was packed.
const PACKED: [&str; 6] = ["gz", "xz", "zst", "bz2", "lz4", "zip"];

/// The logs of one glob, and what was counted in them.
#[derive(Debug)]
pub(super) struct LogWatch {
    glob: Glob,
    error: Option<Regex>,
    limits: Limits,
    open: Open,
    tails: BTreeMap<FileId, Tail>,
    piece: Piece,
    /// Files found from now on are new.
    begun: bool,
    appended: u64,
    error_lines: u64,
    skipped: u64,
    newest_error_in: Option<String>,
}

impl LogWatch {
    pub(super) fn new(glob: Glob, error: Option<Regex>, limits: Limits, open: Open) -> Self {
        LogWatch {
            glob,
            error,
            limits,
            open,
            tails: BTreeMap::new(),
            piece: Piece::default(),
            begun: false,
            appended: 0,
            error_lines: 0,
            skipped: 0,
            newest_error_in: None,
        }
    }

    /// One reading.
    pub(super) fn read(&mut self) -> LogFacts {
        let walk = self.glob.walk(self.limits.walk);
        let mut problems: Vec<String> = walk.problem.iter().cloned().collect();
        self.meet(&walk);
        self.follow(&walk);
        let readable = self.search(&walk, &mut problems);
        self.forget(&walk);
        self.begun = true;

        let largest = walk.files.iter().max_by_key(|found| found.meta.len());
        let count = walk.count();
        LogFacts {
            glob: self.glob.text().to_owned(),
            problem: told(problems),
            files: count,
            size: count.map(|_| walk.files.iter().map(|found| found.meta.len()).sum()),
            largest: largest.map(|found| NamedSize {
                path: found.path.display().to_string(),
                size: found.meta.len(),
            }),
            appended: (count.is_some() || largest.is_some()).then_some(self.appended),
            error_lines: readable.then_some(self.error_lines),
            skipped: readable.then_some(self.skipped),
            newest_error_in: self.newest_error_in.clone(),
        }
    }

    fn opener<'a>(&self, root: &'a Path) -> Opener<'a> {
        Opener {
            open: self.open,
            root,
        }
    }

    /// Makes the acquaintance of files not seen before.
    fn meet(&mut self, walk: &Walk) {
        let root = self.glob.root().to_owned();
        let opener = self.opener(&root);
        for found in &walk.files {
            if let Some(known) = self.tails.get_mut(&found.id)
                && !known.was_replaced_by(found, opener)
            {
                continue;
            }
            let mut tail = Tail::new(found);
            if !self.begun && self.error.is_some() && !is_packed(&found.path) {
                tail.begin_at_end(&found.meta, opener);
            } else if !self.begun || is_packed(&found.path) {
                tail.grown_to(found.meta.len());
            } else if let Some(original) = self.original_of(&mut tail, found, opener) {
                tail.copy_of = Some(original);
            }
            self.tails.insert(found.id, tail);
        }
        // Only now: a copy is known by the name that its original had.
        for found in &walk.files {
            if let Some(tail) = self.tails.get_mut(&found.id) {
                tail.found_as(found);
            }
        }
    }

    /// The file that this one is a copy of: `app.log` of `app.log.1`, with what was read last at
    /// the same place.
    fn original_of(&self, copy: &mut Tail, found: &Match, opener: Opener<'_>) -> Option<FileId> {
        let name = found.path.as_os_str().as_encoded_bytes();
        let extends = |path: &Path| {
            let of = path.as_os_str().as_encoded_bytes();
            name.len() > of.len() && name.starts_with(of)
        };
        let mut originals = self.tails.iter().filter(|(_, tail)| extends(&tail.path));
        // Without an expression nothing is opened, and the name alone decides.
        originals
            .find(|(_, tail)| self.error.is_none() || tail.is_begun_by(copy, opener))
            .map(|(id, _)| *id)
    }

    /// Takes in how every file grew or shrank.
    fn follow(&mut self, walk: &Walk) {
        let root = self.glob.root().to_owned();
        let opener = self.opener(&root);
        let (mut cut, mut deleted) = (BTreeMap::new(), BTreeSet::new());
        for found in &walk.files {
            let Some(tail) = self.tails.get_mut(&found.id) else {
                continue;
            };
            let search = self.error.is_some() && !is_packed(&found.path);
            let look = tail.look(&found.meta, search, opener);
            // What is in a copy was appended to its original.
            if !is_packed(&found.path) && tail.copy_of.is_none() {
                self.appended += look.appended;
            }
            cut.extend(look.cut.map(|cut| (found.id, cut)));
        }
        let here: BTreeSet<FileId> = walk.files.iter().map(|found| found.id).collect();
        for (id, tail) in self.tails.iter_mut().filter(|(id, _)| !here.contains(id)) {
            if !tail.is_held() {
                continue;
            }
            match tail.look_after(opener) {
                Some(look) => {
                    self.appended += look.appended;
                    if look.appended > 0 {
                        tail.unseen = 0;
                    }
                    cut.extend(look.cut.map(|cut| (*id, cut)));
                }
                None => {
                    cut.insert(*id, tail.cut());
                    deleted.insert(*id);
                }
            }
        }
        // Their inodes may be others' files next time.
        self.tails.retain(|id, _| !deleted.contains(id));
        self.release_copies(&cut, opener);
    }

    /// Copies of what was cut, or is gone, hold the rest of it.
    fn release_copies(&mut self, cut: &BTreeMap<FileId, Cut>, opener: Opener<'_>) {
        for tail in self.tails.values_mut() {
            let Some(cut) = tail.copy_of.and_then(|original| cut.get(&original)) else {
                continue;
            };
            tail.copy_of = None;
            self.appended += tail.size().saturating_sub(cut.size);
            if self.error.is_some() {
                tail.begin_as_copy(*cut, opener);
            }
        }
    }

    /// Counts error lines in what is new, within the limits. Says whether anything can be said of
    /// them.
    fn search(&mut self, walk: &Walk, problems: &mut Vec<String>) -> bool {
        let Some(error) = &self.error else {
            return false;
        };
        let opener = Opener {
            open: self.open,
            root: self.glob.root(),
        };
        let text: Vec<&Match> = walk.files.iter().filter(|f| !is_packed(&f.path)).collect();
        let held = newest(&text, self.limits.held);
        for found in &text {
            if let Some(tail) = self.tails.get_mut(&found.id)
                && (held.contains(&found.id) || tail.unreadable.is_some())
            {
                tail.hold(opener);
            }
        }

        let packed = |tail: &Tail| is_packed(&tail.path);
        let tails = self.tails.values_mut();
        let mut grown: Vec<_> = tails
            .filter(|tail| !packed(tail) && tail.behind() > 0)
            .collect();
        // What little there is in most files is read whole; what a flooded one leaves is its own.
        grown.sort_by_key(|tail| tail.behind());
        let mut left = self.limits.read;
        let count = grown.len();
        let mut newest_error = None;
        for (at, tail) in grown.iter_mut().enumerate() {
            let share = left / (count - at) as u64;
            if share == 0 {
                break;
            }
            let found = tail.search(share, error, &mut self.piece, opener);
            left = left.saturating_sub(found.read);
            self.error_lines += found.lines;
            if found.lines > 0 {
                newest_error = newest_error.max(Some((tail.modified(), tail.path.clone())));
            }
        }
        if let Some((_, path)) = newest_error {
            self.newest_error_in = Some(path.display().to_string());
        }

        grown.retain(|tail| tail.unreadable.is_none());
        let mut behind: u64 = grown.iter().map(|tail| tail.behind()).sum();
        grown.sort_by_key(|tail| tail.behind());
        while behind > self.limits.behind
            && let Some(tail) = grown.pop()
        {
            let skipped = tail.skip(opener);
            behind -= skipped;
            self.skipped += skipped;
            let path = tail.path.display();
            problems.push(format!(
                "{path}: grows faster than it is read: {skipped} bytes skipped"
            ));
        }

        let mut readable = text.is_empty();
        for tail in text.iter().filter_map(|found| self.tails.get(&found.id)) {
            match &tail.unreadable {
                Some(error) => problems.push(format!("{}: {error}", tail.path.display())),
                None => readable = true,
            }
        }
        // Where not every place can be looked at, nothing found is not nothing there.
        let readable = readable && (!text.is_empty() || walk.problem.is_none());
        for found in text.iter().filter(|found| !held.contains(&found.id)) {
            if let Some(tail) = self.tails.get_mut(&found.id) {
                tail.let_go();
            }
        }
        readable
    }

    /// Ages what is gone. What could not be looked for is not gone.
    fn forget(&mut self, walk: &Walk) {
        if walk.problem.is_some() {
            return;
        }
        let root = self.glob.root().to_owned();
        let opener = self.opener(&root);
        let here: BTreeSet<FileId> = walk.files.iter().map(|found| found.id).collect();
        let mut ended = BTreeMap::new();
        for (id, tail) in self.tails.iter_mut().filter(|(id, _)| !here.contains(id)) {
            tail.unseen += 1;
            if tail.unseen > HELD_AFTER {
                tail.let_go();
            }
            if !tail.is_held() {
                ended.insert(*id, tail.cut());
            }
        }
        self.release_copies(&ended, opener);
        self.tails.retain(|_, tail| tail.unseen <= KNOWN_AFTER);
    }
}

/// The files modified last.
fn newest(files: &[&Match], count: usize) -> BTreeSet<FileId> {
    let mut files: Vec<_> = files
        .iter()
        .map(|found| (std::cmp::Reverse(found.meta.modified().ok()), found.id))
        .collect();
    files.sort();
    files.into_iter().take(count).map(|(_, id)| id).collect()
}

fn is_packed(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ending| PACKED.iter().any(|packed| ending == *packed))
}

fn told(mut problems: Vec<String>) -> Option<String> {
    let more = problems.len().saturating_sub(TOLD);
    problems.truncate(TOLD);
    let mut told = problems.join("; ");
    if more > 0 {
        told.push_str(&format!("; and {more} more"));
    }
    (!told.is_empty()).then_some(told)
}
