//! The shipped playbooks and those of a folder, read and joined.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Origin, Playbook, check};
use crate::config::{ConfigError, ConfigErrors, KeyPath, ReadError, read_document, read_text};

/// What is compiled in: file name and content.
const SHIPPED: [(&str, &str); 5] = [
    (
        "broker-down.yml",
        include_str!("../../../playbooks/broker-down.yml"),
    ),
    (
        "config-invalid.yml",
        include_str!("../../../playbooks/config-invalid.yml"),
    ),
    (
        "emergency.yml",
        include_str!("../../../playbooks/emergency.yml"),
    ),
    (
        "housekeeping.yml",
        include_str!("../../../playbooks/housekeeping.yml"),
    ),
    (
        "worker-unhealthy.yml",
        include_str!("../../../playbooks/worker-unhealthy.yml"),
    ),
];

/// A larger playbook is refused unread, in bytes.
const MAX_PLAYBOOK_BYTES: u64 = 256 * 1024;
/// Most files of a folder that are read.
const MAX_PLAYBOOKS: usize = 500;

/// Every playbook there is, by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Playbooks {
    by_name: BTreeMap<String, Playbook>,
}

impl Playbooks {
    /// The shipped ones, and those of `folder`, which add to them or replace one by name.
    ///
    /// # Errors
    /// [`ConfigErrors`]: everything wrong with any of the files, each with its place and remedy.
    pub fn load(folder: Option<&Path>) -> Result<Self, ConfigErrors> {
        let mut playbooks = Playbooks::default();
        let mut errors = Vec::new();
        for (file, text) in SHIPPED {
            playbooks.add(
                Playbook::from_text(text, Path::new(file)),
                Origin::Shipped,
                &mut errors,
            );
        }
        for file in folder.map(|f| files(f, &mut errors)).unwrap_or_default() {
            if let Some(wrong) = anybodys(&file) {
                errors.push(wrong);
                continue;
            }
            let read = read_text(&file, MAX_PLAYBOOK_BYTES, |error| match error {
                ReadError::TooLarge { .. } => "a playbook is a few kilobytes",
                _ => "let the user warrener runs as read it",
            })
            .and_then(|text| Playbook::from_text(&text, &file));
            playbooks.add(read, Origin::Own(file), &mut errors);
        }
        errors.extend(check::together(&playbooks));
        if errors.is_empty() {
            Ok(playbooks)
        } else {
            Err(ConfigErrors(errors))
        }
    }

    fn add(
        &mut self,
        read: Result<Playbook, ConfigErrors>,
        origin: Origin,
        errors: &mut Vec<ConfigError>,
    ) {
        match read {
            Ok(mut playbook) => {
                playbook.origin = origin;
                self.by_name.insert(playbook.name.clone(), playbook);
            }
            Err(wrong) => errors.extend(wrong.0),
        }
    }

    /// The playbook of this name.
    pub fn get(&self, name: &str) -> Option<&Playbook> {
        self.by_name.get(name)
    }

    /// Every playbook, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &Playbook> {
        self.by_name.values()
    }

    /// The shipped files: name and content.
    pub fn shipped_files() -> &'static [(&'static str, &'static str)] {
        &SHIPPED
    }
}

impl Playbook {
    /// Reads `text` as the playbook in `file`, which need not be there.
    ///
    /// # Errors
    /// [`ConfigErrors`]: everything wrong with the text, each with its place and its remedy.
    pub fn from_text(text: &str, file: &Path) -> Result<Self, ConfigErrors> {
        let (playbook, places) = read_document::<Playbook>(text, file)?;
        let mut errors = check::one(&playbook, file, &places);
        errors.sort_by_key(|error| error.position);
        if errors.is_empty() {
            Ok(playbook)
        } else {
            Err(ConfigErrors(errors))
        }
    }
}

/// Why what is in `path` may be anybody's word: who writes a playbook has programs run as warrener's
/// user.
fn anybodys(path: &Path) -> Option<ConfigError> {
    // What can't be looked at can't be read either, which is told then.
    let seen = std::fs::metadata(path).ok()?;
    let own = std::fs::metadata("/proc/self").ok()?.uid();
    let problem = match (seen.mode() & 0o002, seen.uid()) {
        (0, owner) if owner == 0 || owner == own => return None,
        (0, owner) => format!("belongs to the user {owner}, who is neither root nor warrener's"),
        _ => "may be written by everybody".to_owned(),
    };
    Some(ConfigError {
        file: path.to_owned(),
        position: None,
        path: KeyPath::default(),
        problem,
        remedy: "chown it to root or to the user warrener runs as, and chmod o-w".to_owned(),
    })
}

/// The `.yml` and `.yaml` files of `folder`, sorted.
fn files(folder: &Path, errors: &mut Vec<ConfigError>) -> Vec<PathBuf> {
    let wrong = |problem: String, remedy: &str| ConfigError {
        file: folder.to_owned(),
        position: None,
        path: KeyPath::default(),
        problem,
        remedy: remedy.to_owned(),
    };
    let listed = std::fs::read_dir(folder).and_then(|entries| {
        entries
            .map(|e| Ok(e?.path()))
            .collect::<Result<Vec<_>, _>>()
    });
    let mut files = match listed {
        Ok(files) => files,
        Err(error) => {
            let remedy = "name a folder that the user warrener runs as may read";
            errors.push(wrong(error.to_string(), remedy));
            return Vec::new();
        }
    };
    if let Some(wrong) = anybodys(folder) {
        errors.push(wrong);
        return Vec::new();
    }
    files.retain(|f| f.extension().is_some_and(|e| e == "yml" || e == "yaml"));
    files.sort();
    if files.len() > MAX_PLAYBOOKS {
        let problem = format!("holds {} playbooks", files.len());
        errors.push(wrong(problem, "is this the right folder?"));
        files.clear();
    }
    files
}
