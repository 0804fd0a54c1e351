//! One log file, followed by its inode through renames, truncations and its end.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use regex::bytes::Regex;

use super::lines::{Found, Piece, Place, fill, line_start, search};
use super::walk::{FileId, Match};

/// So many bytes before the place tell whether the file is still the one that was read.
const SAMPLE: u64 = 64;

/// Opens the file at a path below a folder; see `platform::files`.
pub(super) type Open = fn(&Path, &Path) -> io::Result<File>;

/// How to open files: with what, below where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opener<'a> {
    pub(super) open: Open,
    pub(super) root: &'a Path,
}

/// A followed file.
#[derive(Debug)]
pub(super) struct Tail {
    id: FileId,
    pub(super) path: PathBuf,
    below: PathBuf,
    file: Option<File>,
    /// It stays open between readings.
    held: bool,
    place: Place,
    /// The bytes before the place.
    sample: Vec<u8>,
    /// Bytes, when it was looked at last.
    size: u64,
    modified: Option<SystemTime>,
    /// Why it can't be read.
    pub(super) unreadable: Option<String>,
    /// It is a copy of that file, which is read itself; its own place is known once that one was
    /// truncated.
    pub(super) copy_of: Option<FileId>,
    /// Readings since it was last found by the glob, or grew.
    pub(super) unseen: u32,
}

/// What a look at a file's size and age told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// Bytes appended since the last look.
    pub(super) appended: u64,
    /// It was truncated.
    pub(super) cut: Option<Cut>,
}

/// How far a file was known when it ended, or was truncated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    place: Place,
    /// Bytes.
    pub(super) size: u64,
}

impl Tail {
    /// A file just found, to be read from its beginning.
    pub(super) fn new(found: &Match) -> Self {
        Tail {
            id: found.id,
            path: found.path.clone(),
            below: found.below.clone(),
            file: None,
            held: false,
            place: Place::default(),
            sample: Vec::new(),
            size: 0,
            modified: None,
            unreadable: None,
            copy_of: None,
            unseen: 0,
        }
    }

    /// What is in it now is not for us to read.
    pub(super) fn begin_at_end(&mut self, meta: &Metadata, opener: Opener<'_>) {
        self.size = meta.len();
        self.modified = meta.modified().ok();
        let size = self.size;
        let place = self.with_file(opener, |file| line_start(file, size));
        let at_end = Place {
            offset: size,
            within_line: false,
        };
        self.place = place.unwrap_or(at_end);
        self.sample(opener);
    }

    /// It goes on where `original` was read until; what is before that was.
    pub(super) fn begin_as_copy(&mut self, original: Cut, opener: Opener<'_>) {
        self.place = original.place;
        if self.place.offset > self.size {
            self.place = Place {
                offset: self.size,
                within_line: false,
            };
        }
        self.sample(opener);
    }

    /// The size up to which nothing of it counts as appended.
    pub(super) fn grown_to(&mut self, size: u64) {
        self.size = size;
    }

    /// How far it is known now.
    pub(super) fn cut(&self) -> Cut {
        Cut {
            place: self.place,
            size: self.size,
        }
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn modified(&self) -> Option<SystemTime> {
        self.modified
    }

    /// Whether this file ended unseen, and its inode is another's now.
    pub(super) fn was_replaced_by(&mut self, found: &Match, opener: Opener<'_>) -> bool {
        let moved = self.unseen > 0 || self.path != found.path;
        if !moved || self.is_held() {
            return false;
        }
        let before = std::mem::replace(&mut self.below, found.below.clone());
        let replaced = found.meta.len() < self.place.offset || !self.has_sample(opener);
        self.below = before;
        replaced
    }

    /// It is known by this name now.
    pub(super) fn found_as(&mut self, found: &Match) {
        if self.path != found.path {
            (self.path, self.below) = (found.path.clone(), found.below.clone());
        }
        self.unseen = 0;
    }

    /// Whether `other` has the bytes before this one's place at the same place.
    pub(super) fn is_begun_by(&self, other: &mut Tail, opener: Opener<'_>) -> bool {
        let (sample, from) = (&self.sample, self.place.offset - self.sample.len() as u64);
        !sample.is_empty()
            && other
                .with_file(opener, |file| read_sample(file, from, sample.len()))
                .is_some_and(|bytes| bytes == *sample)
    }

    /// Takes in its size and age as they are now. `search`: its content counts, and tells when it
    /// was written anew.
    pub(super) fn look(&mut self, meta: &Metadata, search: bool, opener: Opener<'_>) -> Look {
        let (size, modified) = (meta.len(), meta.modified().ok());
        let (before, changed) = (self.size, (self.size, self.modified) != (size, modified));
        (self.size, self.modified) = (size, modified);
        let anew = search && (size < self.place.offset || changed && !self.has_sample(opener));
        let cut = (anew || size < before).then_some(Cut {
            place: self.place,
            size: before,
        });
        if anew {
            self.place = Place::default();
            self.sample.clear();
        }
        Look {
            appended: cut.map_or(size - before.min(size), |_| size),
            cut,
        }
    }

    /// Looks at a file that the glob no longer finds, where it was held open; `None` where it was
    /// not, or is deleted and read to its end.
    pub(super) fn look_after(&mut self, opener: Opener<'_>) -> Option<Look> {
        use std::os::unix::fs::MetadataExt;
        let meta = self.file.as_ref()?.metadata().ok()?;
        let look = self.look(&meta, true, opener);
        (meta.nlink() > 0 || self.behind() > 0).then_some(look)
    }

    fn has_sample(&mut self, opener: Opener<'_>) -> bool {
        let from = self.place.offset - self.sample.len() as u64;
        let length = self.sample.len();
        if length == 0 {
            return true;
        }
        let now = self.with_file(opener, |file| read_sample(file, from, length));
        // What can't be read now is not taken for new.
        now.is_none_or(|now| now == self.sample)
    }

    fn sample(&mut self, opener: Opener<'_>) {
        let from = self.place.offset.saturating_sub(SAMPLE);
        let length = usize::try_from(self.place.offset - from).unwrap_or_default();
        let sample = self.with_file(opener, |file| read_sample(file, from, length));
        self.sample = sample.unwrap_or_default();
    }

    /// Bytes not searched yet; of these the last line may not be whole.
    pub(super) fn behind(&self) -> u64 {
        if self.copy_of.is_some() {
            return 0;
        }
        self.size.saturating_sub(self.place.offset)
    }

    /// Searches on from its place.
    pub(super) fn search(
        &mut self,
        most: u64,
        expression: &Regex,
        piece: &mut Piece,
        opener: Opener<'_>,
    ) -> Found {
        let mut place = self.place;
        let found = self.with_file(opener, |file| {
            search(file, &mut place, most, expression, piece)
        });
        if place != self.place {
            self.place = place;
            self.sample(opener);
        }
        found.unwrap_or_default()
    }

    /// Leaves out what is not searched yet; says how many bytes.
    pub(super) fn skip(&mut self, opener: Opener<'_>) -> u64 {
        let skipped = self.behind();
        self.place = Place {
            offset: self.size,
            within_line: true,
        };
        self.sample(opener);
        self.place.within_line = self.sample.last() != Some(&b'\n');
        skipped
    }

    /// Opens it, to see whether it can be read, and to have it when it is gone.
    pub(super) fn hold(&mut self, opener: Opener<'_>) {
        self.held = true;
        self.with_file(opener, |_| Ok(()));
    }

    pub(super) fn let_go(&mut self) {
        self.held = false;
        self.file = None;
    }

    pub(super) fn is_held(&self) -> bool {
        self.file.is_some()
    }

    fn with_file<T>(
        &mut self,
        opener: Opener<'_>,
        work: impl FnOnce(&File) -> io::Result<T>,
    ) -> Option<T> {
        let done = self.opened(opener).and_then(work);
        if !self.held {
            self.file = None;
        }
        match done {
            Ok(done) => {
                self.unreadable = None;
                Some(done)
            }
            // Moved or replaced this moment: the next walk finds it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                self.unreadable = Some(error.to_string());
                None
            }
        }
    }

    fn opened(&mut self, opener: Opener<'_>) -> io::Result<&File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => {
                let file = (opener.open)(opener.root, &self.below)?;
                if FileId::of(&file.metadata()?) != self.id {
                    return Err(io::ErrorKind::NotFound.into());
                }
                file
            }
        };
        Ok(self.file.insert(file))
    }
}

fn read_sample(file: &File, from: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let got = fill(file, &mut bytes, from)?;
    bytes.truncate(got);
    Ok(bytes)
}
