//! Env files on the command line: which one is meant, and what is wrong with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::words::printable;
use crate::config::{Config, EnvFile, FileVariables, Key, KeyType, Source};
use crate::envfile::{Document, read_with, violations};
use crate::watch::envfile::insecurities;

/// What every worker needs that reads the usual variables.
const USUAL: [(&str, KeyType); 4] = [
    ("RABBITMQ_HOST", KeyType::Host),
    ("RABBITMQ_PORT", KeyType::Port),
    ("RABBITMQ_USER", KeyType::String),
    ("RABBITMQ_PASS", KeyType::Secret),
];

/// The usual four, of which `asked` says which must be there.
pub(super) fn usual(path: &Path, asked: impl Fn(&str) -> bool) -> EnvFile {
    let keys = USUAL.into_iter().filter(|(name, _)| asked(name));
    let key = |r#type| Key {
        required: true,
        r#type,
        ..Key::default()
    };
    EnvFile {
        keys: keys
            .map(|(name, r#type)| (name.to_owned(), key(r#type)))
            .collect(),
        ..EnvFile::at(path)
    }
}

/// The schema of the file that the command line names, whatever its path is written like; the path
/// in it stays as the configuration has it.
///
/// # Errors
/// One sentence: the configuration has none for it.
pub(super) fn schema_of<'a>(config: &'a Config, named: &Path) -> Result<&'a EnvFile, String> {
    let wanted = canonical(named);
    let found = config
        .env_files
        .iter()
        .find(|file| canonical(&file.path) == wanted);
    found.ok_or_else(|| {
        let declared: Vec<_> = config
            .env_files
            .iter()
            .map(|file| shown(&file.path))
            .collect();
        let declared = if declared.is_empty() {
            "none is declared".to_owned()
        } else {
            format!("declared are: {}", declared.join(", "))
        };
        let file = match &config.source {
            Source::File(file) => shown(file),
            Source::Defaults => "the built-in configuration".to_owned(),
        };
        format!(
            "{}: {file} has no schema for this file; add it to `env_files` ({declared})",
            shown(named)
        )
    })
}

/// The file's real path, also where it is not there.
fn canonical(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if let Ok(real) = absolute.canonicalize() {
        return real;
    }
    match (
        absolute.parent().map(Path::canonicalize),
        absolute.file_name(),
    ) {
        (Some(Ok(folder)), Some(name)) => folder.join(name),
        _ => absolute,
    }
}

/// A path as short as it can be written from here.
pub(super) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let short = here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    let path = short
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(path.to_owned());
    printable(&path.display().to_string())
}

/// What is wrong with an env file; each line names file, line and key.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// Its schema is broken, or it can't be read.
    pub(super) errors: Vec<String>,
    /// What lets others in, and lines that are no assignment.
    pub(super) warnings: Vec<String>,
    /// Its values.
    pub(super) values: Option<FileVariables>,
}

/// Judges the file at `path` by `schema`. One that is `optional` need not be there.
pub(super) fn judge(path: &Path, schema: &EnvFile, optional: bool) -> Verdict {
    let mut verdict = Verdict::default();
    let name = shown(path);
    let (bytes, meta) = match read_with(path) {
        Ok(read) => read,
        Err(error) => {
            let missing = matches!(error.reason, crate::config::ReadError::Missing);
            if !(missing && optional) {
                verdict.errors.push(format!("{name}: {}", error.reason));
            }
            return verdict;
        }
    };
    let document = Document::parse(&bytes);
    let values = FileVariables::of(path.to_owned(), &document);
    let mut broken: Vec<_> = violations(&values, schema)
        .into_iter()
        .map(|violation| (document.line_of(&violation.key), violation))
        .collect();
    // As the file has them, and what it lacks at the end.
    broken.sort_by_key(|(line, _)| line.unwrap_or(usize::MAX));
    for (line, violation) in broken {
        let at = line.map_or(String::new(), |line| format!(":{line}"));
        let key = printable(&violation.key);
        verdict
            .errors
            .push(format!("{name}{at}: {key} {}", violation.words));
    }
    for (line, fault) in document.faults() {
        verdict
            .warnings
            .push(format!("{name}:{line}: {fault}; it is passed over"));
    }
    for insecurity in insecurities(path, &meta, schema.mode).into_iter().flatten() {
        verdict
            .warnings
            .push(format!("{name}: {}", insecurity.words));
    }
    verdict.values = Some(values);
    verdict
}

/// The four variables that a file gives, for a file that nothing is declared of: what it names must
/// have a value.
pub(super) fn named_usual(path: &Path) -> EnvFile {
    let names: BTreeMap<String, ()> = match crate::envfile::read(path) {
        Ok(document) => document
            .assignments()
            .map(|a| (a.key.clone(), ()))
            .collect(),
        Err(_) => BTreeMap::new(),
    };
    usual(path, |name| names.contains_key(name))
}
