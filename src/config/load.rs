//! A file to a [`Config`], or to everything that is wrong with it.

use std::path::{Path, PathBuf};

use super::check::{self, Finding};
use super::error::{ConfigError, ConfigErrors, Position};
use super::file::{ReadError, read_bounded};
use super::node::{Node, Value};
use super::path::KeyPath;
use super::{Config, Source, decode, yaml};

/// A larger `warrener.yml` is refused unread, in bytes.
pub const MAX_CONFIG_BYTES: u64 = 1 << 20;

impl Config {
    /// Reads `file`; without one, the defaults for the working folder.
    ///
    /// # Errors
    /// [`ConfigErrors`]: everything wrong with the file, each with its place and its remedy.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigErrors> {
        let here = || std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let Some(file) = file else {
            return Ok(Self::defaults(&here()));
        };
        let whole = |position, problem: String, remedy: &str| {
            let (file, path) = (file.to_owned(), KeyPath::default());
            ConfigErrors(vec![ConfigError {
                file,
                position,
                path,
                problem,
                remedy: remedy.into(),
            }])
        };
        let bytes = read_bounded(file, MAX_CONFIG_BYTES)
            .map_err(|error| whole(None, error.to_string(), unreadable(&error)))?;
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            let at = position_after(&bytes[..error.valid_up_to()]);
            whole(
                Some(at),
                "is not UTF-8 text".into(),
                "save the file as UTF-8",
            )
        })?;
        let base = std::path::absolute(file).unwrap_or_else(|_| here().join(file));
        let base = base.parent().unwrap_or(Path::new("/"));
        Self::from_text(text, file, base)
    }

    /// Reads `text` as the content of `file`, whose folder is `base`. The file need not be there.
    ///
    /// # Errors
    /// [`ConfigErrors`]: everything wrong with the text, each with its place and its remedy.
    pub fn from_text(text: &str, file: &Path, base: &Path) -> Result<Self, ConfigErrors> {
        let error = |position, path, problem, remedy| {
            let position = Some(position);
            ConfigError {
                file: file.to_owned(),
                position,
                path,
                problem,
                remedy,
            }
        };
        let root = yaml::parse(text).map_err(|e| {
            ConfigErrors(vec![error(e.at, KeyPath::default(), e.problem, e.remedy)])
        })?;
        let empty = || Node::new(Position::START, Value::Map(Vec::new()));
        let mut root = root.unwrap_or_else(empty);
        let mut config: Self = decode::decode(&mut root).map_err(|faults| {
            in_order(faults.into_iter().map(|fault| {
                let path = fault.path();
                error(
                    fault.at.unwrap_or(Position::START),
                    path,
                    fault.problem,
                    fault.remedy,
                )
            }))
        })?;
        let findings = check::check(&config);
        if !findings.is_empty() {
            return Err(in_order(findings.into_iter().map(
                |Finding {
                     path,
                     problem,
                     remedy,
                 }| { error(root.position(&path), path, problem, remedy) },
            )));
        }
        config.source = Source::File(file.to_owned());
        config.fill();
        config.resolve_paths(base);
        Ok(config)
    }
}

fn in_order(errors: impl Iterator<Item = ConfigError>) -> ConfigErrors {
    let mut errors: Vec<_> = errors.collect();
    errors.sort_by_key(|error| error.position);
    ConfigErrors(errors)
}

fn unreadable(error: &ReadError) -> &'static str {
    match error {
        ReadError::Missing => "check the path after --config.file; `warrener init` drafts one",
        ReadError::Denied => "let the user warrener runs as read it",
        ReadError::NotAFile => "name a file, not a folder, pipe or device",
        ReadError::TooLarge { .. } => "a warrener.yml is a few kilobytes; is this the right file?",
        ReadError::Io(_) => "try to read it yourself, as the user warrener runs as",
    }
}

fn position_after(bytes: &[u8]) -> Position {
    let before = String::from_utf8_lossy(bytes);
    let line = before.matches('\n').count() as u64 + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count() as u64
        + 1;
    Position { line, column }
}
