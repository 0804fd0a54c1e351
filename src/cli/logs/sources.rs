//! Which logs there are: those that the configuration declares, and no others.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use regex::bytes::Regex;

use crate::config::{Config, Control, DockerControl};
use crate::platform::files::open_below;
use crate::platform::place::Place;
use crate::watch::files::{Bounds, FileId, Glob, Match};

/// What counts as an error where no `files.logs[].error` says it.
pub(super) const USUAL_ERROR: &str = r#"\b(?:ERROR|CRITICAL|FATAL|PANIC|EMERG|ALERT)\b|\[(?:error|critical|fatal)\]|\blevel=(?:error|critical|fatal|panic)\b|"level":\s*"(?:error|critical|fatal|panic)"|Traceback \(most recent call last\)|\bpanicked at\b"#;

/// Beside a log, its rotated parts: `app.log.1`, `app.log-20270115.gz`.
const ROTATED: &str = "[.-]*";

/// A file to read.
#[derive(Clone, Debug)]
pub(super) struct LogFile {
    /// As it is shown.
    pub(super) path: PathBuf,
    /// The kind of worker that writes it, where that is declared.
    pub(super) worker: Option<String>,
    /// When it was written to last.
    pub(super) modified: SystemTime,
    pub(super) error: Arc<Regex>,
}

/// What else keeps logs.
#[derive(Clone, Debug)]
pub(super) enum Keeper {
    Journal {
        worker: String,
        units: Vec<String>,
    },
    Docker {
        worker: String,
        control: DockerControl,
    },
}

impl Keeper {
    /// As it is shown.
    pub(super) fn name(&self) -> String {
        match self {
            Keeper::Journal { worker, .. } => format!("{worker} (journal)"),
            Keeper::Docker { worker, .. } => format!("{worker} (docker)"),
        }
    }
}

/// Files that were found, and what could not be looked at.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) files: Vec<LogFile>,
    /// A place, and what is wrong with it.
    pub(super) problems: Vec<(String, String)>,
}

/// Whether anything is declared that could be read, of this worker or at all.
///
/// # Errors
/// What to declare, in words for people.
pub(super) fn check(config: &Config, worker: Option<&str>) -> Result<(), String> {
    let Some(name) = worker else {
        let any = !config.files.logs.is_empty() || config.workers.keys().any(|w| has(config, w));
        return any.then_some(()).ok_or_else(|| {
            "no logs are declared: name them in warrener.yml under files.logs, or as `log` of a \
             worker's control.process; those of systemd units and containers need no more than the \
             control"
                .to_owned()
        });
    };
    if !config.workers.contains_key(name) {
        let known: Vec<_> = config.workers.keys().map(String::as_str).collect();
        let known = match known.is_empty() {
            true => "none is configured".to_owned(),
            false => format!("there is {}", known.join(", ")),
        };
        return Err(format!(
            "--worker: `{name}` is no worker of warrener.yml; {known}"
        ));
    }
    has(config, name).then_some(()).ok_or_else(|| {
        format!(
            "no log of {name} is declared: its control is neither systemd nor docker, and names no \
             `log`; its files under files.logs are read without --worker"
        )
    })
}

fn has(config: &Config, worker: &str) -> bool {
    match config.workers.get(worker).and_then(|w| w.control.as_ref()) {
        Some(Control::Process(process)) => process.log.is_some(),
        Some(Control::Systemd(_) | Control::Docker(_)) => true,
        Some(Control::Command(_)) | None => false,
    }
}

/// What is kept by others than files.
pub(super) fn keepers(config: &Config, worker: Option<&str>) -> Vec<Keeper> {
    let mut keepers = Vec::new();
    for (name, declared) in &config.workers {
        let worker = match worker {
            Some(worker) if worker != name => continue,
            _ => name.clone(),
        };
        match &declared.control {
            Some(Control::Systemd(units)) => keepers.push(Keeper::Journal {
                worker,
                units: units
                    .iter()
                    .flat_map(|unit| unit.names())
                    .cloned()
                    .collect(),
            }),
            Some(Control::Docker(control)) => keepers.push(Keeper::Docker {
                worker,
                control: control.clone(),
            }),
            _ => {}
        }
    }
    keepers
}

/// The files that are there now and were written to since `since`.
pub(super) fn files(config: &Config, worker: Option<&str>, since: SystemTime) -> Files {
    let mut found: BTreeMap<FileId, LogFile> = BTreeMap::new();
    let mut problems = Vec::new();
    let usual = || Regex::new(USUAL_ERROR).map_err(|error| error.to_string());
    let mut take =
        |text: &str, glob: Result<Glob, String>, error: Option<&str>, of: Option<&str>| {
            let matching = || -> Result<_, String> {
                let (glob, error) = (glob?, error.map(Regex::new));
                let error = error.transpose().map_err(|error| error.to_string())?;
                let error = Arc::new(error.map_or_else(usual, Ok)?);
                Ok((glob.walk(Bounds::default()), error))
            };
            let (walk, error) = match matching() {
                Ok(matching) => matching,
                Err(why) => return problems.push((text.to_owned(), why)),
            };
            if let Some(problem) = walk.problem {
                problems.push((text.to_owned(), problem));
            }
            for Match { path, id, meta, .. } in walk.files {
                let modified = meta.modified().unwrap_or_else(|_| SystemTime::now());
                if modified < since {
                    continue;
                }
                let file = found.entry(id).or_insert_with(|| LogFile {
                    path,
                    worker: None,
                    modified,
                    error: Arc::clone(&error),
                });
                file.worker = of.map(str::to_owned).or(file.worker.take());
            }
        };
    for log in &config.files.logs {
        let error = log.error.as_ref().map(|error| error.as_str());
        let glob = |text: &str| Glob::new(text).map_err(|error| error.to_string());
        take(&log.glob, glob(&log.glob), error, None);
        take(
            &log.glob,
            glob(&format!("{}{ROTATED}", log.glob)),
            error,
            None,
        );
    }
    for (name, declared) in &config.workers {
        let Some(Control::Process(process)) = &declared.control else {
            continue;
        };
        let Some(path) = process.log.as_deref().and_then(Path::to_str) else {
            continue;
        };
        for more in ["", ROTATED] {
            let glob = Glob::of_file(path, more).map_err(|error| error.to_string());
            take(path, glob, None, Some(name));
        }
    }
    let mut files: Vec<LogFile> = found.into_values().collect();
    files.retain(|file| worker.is_none() || file.worker.as_deref() == worker);
    files.sort_by(|a, b| (a.modified, &a.path).cmp(&(b.modified, &b.path)));
    problems.dedup();
    Files { files, problems }
}

impl LogFile {
    /// Opens it: as root through no symlink that anybody else could have made.
    ///
    /// # Errors
    /// Why not, in words for people.
    pub(super) fn open(&self) -> Result<File, String> {
        let place = Place::of(&self.path).map_err(|error| error.to_string())?;
        let path = place.path();
        let below = path.strip_prefix("/").unwrap_or(&path);
        open_below(Path::new("/"), below).map_err(|error| error.to_string())
    }

    /// It was packed by gzip.
    pub(super) fn is_packed(&self) -> bool {
        self.path.extension().is_some_and(|e| e == "gz")
    }

    /// It was packed by something that is not read here.
    pub(super) fn is_unreadable(&self) -> bool {
        let packed = ["xz", "zst", "bz2", "lz4", "zip"];
        let extension = self.path.extension().and_then(|e| e.to_str());
        extension.is_some_and(|e| packed.contains(&e))
    }

    /// As it is shown.
    pub(super) fn name(&self) -> String {
        match &self.worker {
            Some(worker) => format!("{worker} ({})", self.path.display()),
            None => self.path.display().to_string(),
        }
    }
}
