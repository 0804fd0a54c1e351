//! A file to a [`Config`], or to everything that is wrong with it.

use std::path::{Path, PathBuf};

use super::check::{self, Finding};
use super::document::{Places, in_order, read_document, read_text};
use super::error::ConfigErrors;
use super::file::ReadError;
use super::{Config, Source};

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
        let text = read_text(file, MAX_CONFIG_BYTES, unreadable)?;
        let base = std::path::absolute(file).unwrap_or_else(|_| here().join(file));
        let base = base.parent().unwrap_or(Path::new("/"));
        Self::from_text(&text, file, base)
    }

    /// Reads `text` as the content of `file`, whose folder is `base`. The file need not be there.
    ///
    /// # Errors
    /// [`ConfigErrors`]: everything wrong with the text, each with its place and its remedy.
    pub fn from_text(text: &str, file: &Path, base: &Path) -> Result<Self, ConfigErrors> {
        let (mut config, places): (Self, Places) = read_document(text, file)?;
        let findings = check::check(&config);
        if !findings.is_empty() {
            return Err(in_order(findings.into_iter().map(
                |Finding {
                     path,
                     problem,
                     remedy,
                 }| places.error(path, problem, remedy),
            )));
        }
        config.source = Source::File(file.to_owned());
        config.fill();
        config.resolve_paths(base);
        Ok(config)
    }
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
