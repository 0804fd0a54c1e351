//! Where `${VAR}` finds its values: the environment first, then the env files in their order.
//!
//! Plain data and look-up; `envfile` reads the files (`Variables::read`).

use std::fmt;
use std::path::PathBuf;

use crate::model::Secret;

/// Looks a name up in the environment.
pub(crate) type Environment = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The values variables can take at one moment.
pub struct Variables {
    pub(crate) environment: Environment,
    /// The env files, in the order they are asked.
    pub files: Vec<FileVariables>,
}

/// What one env file gave. Problems are values: a broken file never stops anything.
#[derive(Debug, Clone)]
pub struct FileVariables {
    /// Which file.
    pub path: PathBuf,
    /// Its assignments in order; the last of a name counts.
    pub values: Vec<(String, Secret)>,
    /// There is no such file.
    pub missing: bool,
    /// What was wrong with it, each with its line where it has one, and no value in it.
    pub problems: Vec<String>,
}

impl Variables {
    /// The value of `name`: the environment's, then the files' in order. An empty value counts
    /// as none.
    pub fn get(&self, name: &str) -> Option<Secret> {
        let from_environment = (self.environment)(name).filter(|value| !value.is_empty());
        match from_environment {
            Some(value) => Some(Secret::new(value)),
            None => self
                .files
                .iter()
                .find_map(|file| file.get(name).filter(|v| !v.is_empty()).cloned()),
        }
    }

    /// Every place `name` was looked for, and what was there.
    pub fn looked_in(&self, name: &str) -> Vec<(Place, Found)> {
        let found = |value: Option<bool>| match value {
            None => Found::Unset,
            Some(true) => Found::Empty,
            Some(false) => Found::Value,
        };
        let environment = (self.environment)(name).map(|value| value.is_empty());
        let mut places = vec![(Place::Environment, found(environment))];
        for file in &self.files {
            let here = match file.get(name) {
                None if !file.problems.is_empty() => Found::Unsure,
                value => found(value.map(Secret::is_empty)),
            };
            places.push((Place::File(file.path.clone()), here));
        }
        places
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variables")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl FileVariables {
    /// The last value of `name`, empty or not.
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.values
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }
}

/// Where a variable is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// warrener's own environment.
    Environment,
    /// An env file.
    File(PathBuf),
}

/// What was found there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A value.
    Value,
    /// The name, with nothing after it.
    Empty,
    /// Not the name.
    Unset,
    /// Not the name, but the file could not be read whole.
    Unsure,
}

/// Variables that have neither a value nor a default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    /// Each of them.
    pub missing: Vec<Missing>,
}

/// A variable that has neither a value nor a default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Its name.
    pub name: String,
    /// Where it was looked for.
    pub looked_in: Vec<(Place, Found)>,
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, missing) in self.missing.iter().enumerate() {
            let comma = if at == 0 { "" } else { "; " };
            write!(f, "{comma}`${{{}}}` is ", missing.name)?;
            for (at, (place, found)) in missing.looked_in.iter().enumerate() {
                let comma = if at == 0 { "" } else { ", " };
                let found = match found {
                    Found::Value => "set",
                    Found::Empty => "empty",
                    Found::Unset => "not set",
                    Found::Unsure => "not found",
                };
                match place {
                    Place::Environment => write!(f, "{comma}{found} in the environment")?,
                    Place::File(path) => write!(f, "{comma}{found} in {}", path.display())?,
                }
            }
        }
        Ok(())
    }
}

impl std::error::Error for Unresolved {}
