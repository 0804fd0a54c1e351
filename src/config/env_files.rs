//! `env_files`: the `.env` files to watch and repair, and the schema of each.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::condition::Condition;
use super::expression::Pattern;
use super::units::{Mode, Period};
use crate::model::Secret;

/// One env file and what must be in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvFile {
    /// Where it is.
    pub path: PathBuf,
    /// Permissions it may have at most. Unset: not readable by others, and writable by its owner
    /// alone.
    #[serde(default)]
    pub mode: Option<Mode>,
    /// Its keys; keys not named here are left alone.
    #[serde(default)]
    pub keys: BTreeMap<String, Key>,
    /// What one key's value asks of others.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// How long a content must have been good (its schema kept, the broker's login accepted, its
    /// workers healthy) before it is kept as the last known good.
    #[serde(default = "keep_after")]
    pub keep_after: Period,
}

fn keep_after() -> Period {
    Period::secs(60)
}

impl EnvFile {
    /// The file at `path`, of which nothing is asked.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        EnvFile {
            path: path.into(),
            mode: None,
            keys: BTreeMap::new(),
            rules: Vec::new(),
            keep_after: keep_after(),
        }
    }
}

/// What a key's value must be. An empty value counts as none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Key {
    /// It must be there, with a value.
    pub required: bool,
    /// What kind of value it is.
    pub r#type: KeyType,
    /// Its value is never printed; always so for the types `secret` and `url`.
    pub secret: bool,
    /// An expression the whole value must match.
    pub pattern: Option<Pattern>,
    /// Smallest number; for the types `integer` and `number`.
    pub min: Option<f64>,
    /// Largest number; for the types `integer` and `number`.
    pub max: Option<f64>,
    /// The only values allowed.
    pub values: Vec<Secret>,
    /// What repair writes when nothing better is known.
    pub default: Option<Secret>,
    /// File whose content, its last line ending removed, repair writes; goes before `default`.
    pub default_from: Option<PathBuf>,
}

/// What kind of value a key has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyType {
    /// Any text.
    #[default]
    String,
    /// Any text; never printed.
    Secret,
    /// A host name or an IP address.
    Host,
    /// A port, 1 to 65535.
    Port,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true`, `false`, `1`, `0`, `yes`, `no`, `on`, `off`, in any case.
    Bool,
    /// A URL with a scheme and a host; may hold credentials, so it is never printed.
    Url,
    /// A path that starts with `/`.
    Path,
    /// A duration as `5s`.
    Duration,
    /// A size as `500MiB`.
    Size,
}

/// What one key's value asks of others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// `KEY == value`, `KEY != value`, or `KEY` alone: it has a value.
    pub when: Condition,
    /// Keys that must then have a value.
    pub require: Vec<String>,
}
