//! The files of a glob, looked for within bounds.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::Metadata;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern, PatternError};
use walkdir::{DirEntry, WalkDir};

/// As a shell does: `*` stays within a name, and a leading dot is written out.
const AS_A_SHELL: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};
/// How deep `**` goes.
const DEEPEST: usize = 32;

/// How much is looked at in one reading.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Names looked at.
    pub entries: usize,
    /// Files that match.
    pub files: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds {
            entries: 50_000,
            files: 10_000,
        }
    }
}

/// A file for as long as it lives, whatever it is called: device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileId(pub u64, pub u64);

impl FileId {
    /// That of the file that `meta` is of.
    pub fn of(meta: &Metadata) -> Self {
        FileId(meta.dev(), meta.ino())
    }
}

/// A glob, and the folder where it begins.
#[derive(Debug)]
pub struct Glob {
    text: String,
    /// Everything before the first name with a wildcard, or the last name: it is written by whoever
    /// configures, and may lead over symlinks. Below it none is followed.
    root: PathBuf,
    below: Pattern,
    /// The names of `below`, up to the first `**`.
    steps: Vec<Pattern>,
    any_depth: bool,
}

/// A regular file that matches.
#[derive(Debug)]
pub struct Match {
    /// Its path.
    pub path: PathBuf,
    /// Its path below the glob's root.
    pub below: PathBuf,
    /// Which it is.
    pub id: FileId,
    /// What the system says of it.
    pub meta: Metadata,
}

/// What a walk found.
#[derive(Debug, Default)]
pub struct Walk {
    /// The files.
    pub files: Vec<Match>,
    /// Why not every place could be looked at.
    pub problem: Option<String>,
}

impl Walk {
    /// How many there are; `None` when not every place could be looked at.
    pub fn count(&self) -> Option<u64> {
        self.problem.is_none().then_some(self.files.len() as u64)
    }
}

impl Glob {
    /// That of `text`, which is absolute.
    ///
    /// # Errors
    /// It is no pattern.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        let is_plain = |name: &&str| !name.contains(['*', '?', '[', ']']);
        let names: Vec<&str> = text
            .split('/')
            .filter(|n| !matches!(*n, "" | "."))
            .collect();
        let plain = names.iter().take_while(|name| is_plain(name)).count();
        let (root, below) = names.split_at(plain.min(names.len().saturating_sub(1)));
        let steps = below.iter().take_while(|name| **name != "**");
        let steps: Vec<_> = steps
            .map(|name| Pattern::new(name))
            .collect::<Result<_, _>>()?;
        Ok(Glob {
            text: text.to_owned(),
            root: Path::new("/").join(root.join("/")),
            below: Pattern::new(&below.join("/"))?,
            any_depth: steps.len() < below.len(),
            steps,
        })
    }

    /// The glob that the file at `path` alone matches, followed by `more`, which is a pattern.
    ///
    /// # Errors
    /// `more` is no pattern.
    pub fn of_file(path: &str, more: &str) -> Result<Self, PatternError> {
        Self::new(&format!("{}{more}", Pattern::escape(path)))
    }

    /// As the configuration has it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The folder where it begins.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Every regular file that matches, each once however often it is linked.
    pub fn walk(&self, bounds: Bounds) -> Walk {
        let mut found = Walk::default();
        let (mut seen, mut others, mut looked_at) = (BTreeSet::new(), 0u64, 0);
        let deepest = if self.any_depth {
            DEEPEST
        } else {
            self.steps.len()
        };
        let mut entries = WalkDir::new(&self.root).max_depth(deepest).into_iter();
        while let Some(entry) = entries.next() {
            looked_at += 1;
            if looked_at > bounds.entries || found.files.len() >= bounds.files {
                let (entries, files) = (bounds.entries, bounds.files);
                let told = format!("more than {files} files match, or {entries} are in the way");
                found.problem = Some(told);
                break;
            }
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let kind = error.io_error().map(std::io::Error::kind);
                    if kind != Some(ErrorKind::NotFound) {
                        found.problem.get_or_insert(error.to_string());
                    }
                    continue;
                }
            };
            if entry.depth() == 0 {
                continue;
            }
            if entry.file_type().is_dir() && !self.leads_on(&entry) {
                entries.skip_current_dir();
            }
            let Ok(below) = entry.path().strip_prefix(&self.root) else {
                continue;
            };
            // Names that are no UTF-8 match as they are printed.
            if entry.file_type().is_dir()
                || !self
                    .below
                    .matches_with(&below.to_string_lossy(), AS_A_SHELL)
            {
                continue;
            }
            if !entry.file_type().is_file() {
                others += 1;
                continue;
            }
            // Gone meanwhile: then it is no more.
            let Ok(meta) = entry.metadata() else { continue };
            let id = FileId::of(&meta);
            if meta.is_file() && seen.insert(id) {
                let (below, path) = (below.to_owned(), entry.path().to_owned());
                found.files.push(Match {
                    path,
                    below,
                    id,
                    meta,
                });
            }
        }
        if found.files.is_empty() && others > 0 && found.problem.is_none() {
            found.problem =
                Some("only symlinks, pipes or devices match; none is opened".to_owned());
        }
        found
    }

    /// Whether files that match may be in this folder.
    fn leads_on(&self, folder: &DirEntry) -> bool {
        let name = folder.file_name();
        match self.steps.get(folder.depth() - 1) {
            Some(step) => step.matches_with(&name.to_string_lossy(), AS_A_SHELL),
            None => self.any_depth && !is_hidden(name),
        }
    }
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}
