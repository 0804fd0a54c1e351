//! The env files, and the variables of the configuration that they give a value.

use std::fmt;
use std::time::SystemTime;

use serde::Serialize;

use crate::model::{Moment, Reason};

/// What the `envfile` probe read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EnvfileFacts {
    /// Variables of the configuration's `${VAR}` that have no value, sorted by name.
    pub unresolved: Vec<UnresolvedVariable>,
    /// The env files, in the configuration's order.
    pub files: Vec<EnvFileFacts>,
}

/// A variable without a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnresolvedVariable {
    /// Its name.
    pub name: String,
    /// It is there, but empty; otherwise it is nowhere.
    pub empty: bool,
}

/// One env file. `None` is "could not be told".
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EnvFileFacts {
    /// Its path, as in the configuration.
    pub path: String,
    /// Why it, or part of it, could not be read. Holds no value of the file.
    pub problem: Option<String>,
    /// Whether it is there.
    pub exists: Option<bool>,
    /// What is wrong with its permissions and its owner.
    pub insecurities: Option<Vec<Insecurity>>,
    /// Where it breaks its schema, sorted by key.
    pub violations: Option<Vec<Violation>>,
    /// Keyed hash of its content; equal contents have equal hashes while one warrener runs on one
    /// state directory.
    pub content: Option<ContentHash>,
    /// When its content was first seen to be what it is; `None` while it never changed since
    /// warrener began.
    pub changed_at: Option<Moment>,
    /// Whether its values alone should log in to the broker.
    pub says_login: Option<bool>,
    /// How a login to the broker with its values went; `None` while none was tried with this
    /// content, or the file does not say how to log in.
    pub login: Option<Result<(), Reason>>,
    /// When the content that is kept as last known good was taken; `None` while there is none.
    pub last_good: Option<SystemTime>,
}

/// A permission or an owner that lets others in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Insecurity {
    /// Which.
    pub kind: InsecurityKind,
    /// In words: "mode 0644 lets others read it, 0640 is allowed".
    pub words: String,
}

/// What lets others in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InsecurityKind {
    /// Its permissions.
    Mode,
    /// Its owner or group.
    Owner,
}

impl InsecurityKind {
    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            InsecurityKind::Mode => "mode",
            InsecurityKind::Owner => "owner",
        }
    }
}

/// A key that is not what the schema asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The key.
    pub key: String,
    /// In which way.
    pub kind: ViolationKind,
    /// In words, without the value: "is not a port, 1 to 65535".
    pub words: String,
}

/// In which way a key breaks its schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ViolationKind {
    /// Required, and not in the file.
    Missing,
    /// Required, and there without a value.
    Empty,
    /// Its value is not of its kind, or out of its limits.
    Malformed,
    /// Another key's value asks for it.
    Rule,
}

impl ViolationKind {
    /// Every kind.
    pub const ALL: [ViolationKind; 4] = [
        ViolationKind::Missing,
        ViolationKind::Empty,
        ViolationKind::Malformed,
        ViolationKind::Rule,
    ];

    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            ViolationKind::Missing => "missing",
            ViolationKind::Empty => "empty",
            ViolationKind::Malformed => "malformed",
            ViolationKind::Rule => "rule",
        }
    }
}

/// A keyed hash of a content: tells contents apart and nothing about them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentHash(pub [u8; 32]);

impl ContentHash {
    /// All of it, in hexadecimal.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The first eight bytes in hexadecimal: enough to compare by eye.
impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..8]
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
