//! This host, its env files, its logs and backups.

use serde::{Deserialize, Serialize};

use super::{rounded, seconds};
use crate::model::facts::{
    self, BackupFacts, DiskFacts, EnvFileFacts, EnvfileFacts, FilesFacts, HostFacts,
    InsecurityKind, LogFacts,
};

/// The env files, and the variables of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnvFiles {
    /// In the configuration's order.
    pub files: Vec<EnvFile>,
    /// Variables of the configuration without a value.
    pub unresolved: Vec<Variable>,
}

/// A variable of the configuration without a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// `empty`: it is there without a value; `unset`: it is nowhere.
    pub why: String,
}

impl From<&EnvfileFacts> for EnvFiles {
    fn from(facts: &EnvfileFacts) -> Self {
        let unresolved = facts.unresolved.iter().map(|variable| Variable {
            name: variable.name.clone(),
            why: if variable.empty { "empty" } else { "unset" }.to_owned(),
        });
        EnvFiles {
            files: facts.files.iter().map(EnvFile::from).collect(),
            unresolved: unresolved.collect(),
        }
    }
}

/// One env file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnvFile {
    /// Its path.
    pub path: String,
    /// It is there.
    pub exists: Option<bool>,
    /// Why it, or part of it, could not be read.
    pub problem: Option<String>,
    /// Where it breaks its schema.
    pub violations: Option<Vec<Violation>>,
    /// What lets others in.
    pub insecurities: Option<Vec<Insecurity>>,
    /// How a login with its values went: `ok`, or the reason of the failure.
    pub login: Option<String>,
    /// When its content last changed, in seconds since the Unix epoch; `null` while it never did
    /// since warrener began.
    pub changed_at: Option<f64>,
}

/// A key that breaks the schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The key.
    pub key: String,
    /// `missing`, `empty`, `malformed` or `rule`.
    pub kind: String,
    /// In words, without the value.
    pub words: String,
}

/// What lets others in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Insecurity {
    /// `mode` or `owner`.
    pub kind: String,
    /// In words.
    pub words: String,
}

impl From<&EnvFileFacts> for EnvFile {
    fn from(file: &EnvFileFacts) -> Self {
        let violation = |v: &facts::Violation| Violation {
            key: v.key.clone(),
            kind: v.kind.as_str().to_owned(),
            words: v.words.clone(),
        };
        let insecurity = |i: &facts::Insecurity| Insecurity {
            kind: match i.kind {
                InsecurityKind::Mode => "mode",
                InsecurityKind::Owner => "owner",
            }
            .to_owned(),
            words: i.words.clone(),
        };
        let login = |outcome: &Result<(), _>| match outcome {
            Ok(()) => "ok".to_owned(),
            Err(reason) => crate::model::Reason::as_str(*reason).to_owned(),
        };
        EnvFile {
            path: file.path.clone(),
            exists: file.exists,
            problem: file.problem.clone(),
            violations: (file.violations.as_ref()).map(|all| all.iter().map(violation).collect()),
            insecurities: (file.insecurities.as_ref())
                .map(|all| all.iter().map(insecurity).collect()),
            login: file.login.as_ref().map(login),
            changed_at: file.changed_at.map(|at| rounded(at.unix_seconds())),
        }
    }
}

/// This host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Host {
    /// Logical processors.
    pub cpus: Option<u64>,
    /// Load averages over 1, 5 and 15 minutes.
    pub load: Option<[f64; 3]>,
    /// Since boot.
    pub uptime_seconds: Option<f64>,
    /// Memory.
    pub memory_total_bytes: Option<u64>,
    /// What a new process could get of it without swapping.
    pub memory_available_bytes: Option<u64>,
    /// Swap space.
    pub swap_total_bytes: Option<u64>,
    /// Swap space not in use.
    pub swap_free_bytes: Option<u64>,
    /// The configured disks.
    pub disks: Vec<Disk>,
}

/// One file system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Disk {
    /// The path in the configuration.
    pub path: String,
    /// Why it could not be read.
    pub problem: Option<String>,
    /// Its size.
    pub total_bytes: Option<u64>,
    /// What an unprivileged process may still use.
    pub available_bytes: Option<u64>,
    /// Inodes.
    pub inodes_total: Option<u64>,
    /// Inodes not in use.
    pub inodes_free: Option<u64>,
    /// Mounted read-only.
    pub read_only: Option<bool>,
}

impl From<&HostFacts> for Host {
    fn from(facts: &HostFacts) -> Self {
        let disk = |disk: &DiskFacts| Disk {
            path: disk.path.clone(),
            problem: disk.failure.clone(),
            total_bytes: disk.total,
            available_bytes: disk.available,
            inodes_total: disk.inodes_total,
            inodes_free: disk.inodes_free,
            read_only: disk.read_only,
        };
        Host {
            cpus: facts.cpus,
            load: facts.load,
            uptime_seconds: facts.uptime.map(seconds),
            memory_total_bytes: facts.memory_total,
            memory_available_bytes: facts.memory_available,
            swap_total_bytes: facts.swap_total,
            swap_free_bytes: facts.swap_free,
            disks: facts.disks.iter().map(disk).collect(),
        }
    }
}

/// Logs and backups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Files {
    /// The log globs.
    pub logs: Vec<Log>,
    /// The backup globs.
    pub backups: Vec<Backup>,
}

/// A file and its size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedSize {
    /// Its path.
    pub path: String,
    /// Its size.
    pub bytes: u64,
}

impl From<&facts::NamedSize> for NamedSize {
    fn from(file: &facts::NamedSize) -> Self {
        NamedSize {
            path: file.path.clone(),
            bytes: file.size,
        }
    }
}

/// The logs of one glob.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Log {
    /// The glob.
    pub glob: String,
    /// Why it, or some of its files, could not be read.
    pub problem: Option<String>,
    /// Files that match.
    pub files: Option<u64>,
    /// All of them.
    pub bytes: Option<u64>,
    /// The largest.
    pub largest: Option<NamedSize>,
    /// Appended since warrener began to watch.
    pub appended_bytes: Option<u64>,
    /// Lines that match the `error` expression, of those appended.
    pub error_lines: Option<u64>,
    /// The file of the newest of them.
    pub newest_error_in: Option<String>,
}

/// The backups of one glob.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Backup {
    /// The glob.
    pub glob: String,
    /// Why it, or some of its files, could not be read.
    pub problem: Option<String>,
    /// Files that match.
    pub files: Option<u64>,
    /// The newest.
    pub newest: Option<NamedSize>,
    /// Since the newest was modified.
    pub newest_age_seconds: Option<f64>,
    /// What `verify` said of the newest: `ok`, or why not.
    pub verified: Option<String>,
}

impl From<&FilesFacts> for Files {
    fn from(facts: &FilesFacts) -> Self {
        let log = |log: &LogFacts| Log {
            glob: log.glob.clone(),
            problem: log.problem.clone(),
            files: log.files,
            bytes: log.size,
            largest: log.largest.as_ref().map(NamedSize::from),
            appended_bytes: log.appended,
            error_lines: log.error_lines,
            newest_error_in: log.newest_error_in.clone(),
        };
        let backup = |backup: &BackupFacts| Backup {
            glob: backup.glob.clone(),
            problem: backup.problem.clone(),
            files: backup.files,
            newest: backup.newest.as_ref().map(NamedSize::from),
            newest_age_seconds: backup.newest_age.map(seconds),
            verified: backup.verified.as_ref().map(|outcome| match outcome {
                Ok(()) => "ok".to_owned(),
                Err(why) => why.clone(),
            }),
        };
        Files {
            logs: facts.logs.iter().map(log).collect(),
            backups: facts.backups.iter().map(backup).collect(),
        }
    }
}
