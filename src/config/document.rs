//! One YAML document read as a type, with the places of its keys: what `warrener.yml` and the
//! playbooks have in common.

use std::path::Path;

use serde::de::DeserializeOwned;

use super::error::{ConfigError, ConfigErrors, Position};
use super::file::read_bounded;
use super::node::{Node, Value};
use super::path::KeyPath;
use super::{decode, yaml};

/// Where everything stood in a document that was read.
#[derive(Debug)]
pub struct Places<'a> {
    file: &'a Path,
    root: Node,
}

impl Places<'_> {
    /// An error about the key at `path`.
    pub fn error(&self, path: KeyPath, problem: String, remedy: String) -> ConfigError {
        ConfigError {
            file: self.file.to_owned(),
            position: Some(self.root.position(&path)),
            path,
            problem,
            remedy,
        }
    }
}

/// Reads `text`, the content of `file`, as a `T`; nothing at all is an empty mapping.
///
/// # Errors
/// [`ConfigErrors`]: it is not YAML, or not such a type; each with its place and its remedy.
pub fn read_document<'a, T: DeserializeOwned>(
    text: &str,
    file: &'a Path,
) -> Result<(T, Places<'a>), ConfigErrors> {
    let error = |position, path, problem, remedy| ConfigError {
        file: file.to_owned(),
        position: Some(position),
        path,
        problem,
        remedy,
    };
    let root = yaml::parse(text)
        .map_err(|e| ConfigErrors(vec![error(e.at, KeyPath::default(), e.problem, e.remedy)]))?;
    let empty = || Node::new(Position::START, Value::Map(Vec::new()));
    let mut root = root.unwrap_or_else(empty);
    match decode::decode(&mut root) {
        Ok(value) => Ok((value, Places { file, root })),
        Err(faults) => Err(in_order(faults.into_iter().map(|fault| {
            let (at, path) = (fault.at.unwrap_or(Position::START), fault.path());
            error(at, path, fault.problem, fault.remedy)
        }))),
    }
}

/// Reads a text file of at most `limit` bytes; `unreadable` says what to do when it can't be.
///
/// # Errors
/// [`ConfigErrors`] with one error about the whole file.
pub fn read_text(
    file: &Path,
    limit: u64,
    unreadable: impl FnOnce(&super::ReadError) -> &'static str,
) -> Result<String, ConfigErrors> {
    let whole = |position, problem: String, remedy: &str| {
        ConfigErrors(vec![ConfigError {
            file: file.to_owned(),
            position,
            path: KeyPath::default(),
            problem,
            remedy: remedy.to_owned(),
        }])
    };
    let bytes = read_bounded(file, limit)
        .map_err(|error| whole(None, error.to_string(), unreadable(&error)))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = position_after(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
        let problem = "is not UTF-8 text".to_owned();
        whole(Some(at), problem, "save the file as UTF-8")
    })
}

/// The errors in the order of their lines.
pub(super) fn in_order(errors: impl Iterator<Item = ConfigError>) -> ConfigErrors {
    let mut errors: Vec<_> = errors.collect();
    errors.sort_by_key(|error| error.position);
    ConfigErrors(errors)
}

fn position_after(bytes: &[u8]) -> Position {
    let before = String::from_utf8_lossy(bytes);
    let line = before.matches('\n').count() as u64 + 1;
    let last = before.rsplit('\n').next().unwrap_or_default();
    let column = last.chars().count() as u64 + 1;
    Position { line, column }
}
