//! What would be written, key by key: pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::time::SystemTime;

use crate::config::{EnvFile, FileVariables, Key};
use crate::envfile::{Document, violations};
use crate::model::Secret;
use crate::model::facts::{Violation, ViolationKind};

/// Where values may come from, besides the schema's own defaults.
#[derive(Default)]
pub struct Sources {
    /// The last known good content, and when it was taken.
    pub last_good: Option<(Document, SystemTime)>,
    /// By key, what its `default_from` file holds, or why that can't be read.
    pub default_from: BTreeMap<String, Result<Secret, String>>,
}

/// Where a value comes from, best first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The last known good content, taken then.
    LastGood(SystemTime),
    /// The file of `default_from`.
    DefaultFrom(PathBuf),
    /// The `default` of the schema.
    Default,
}

impl Origin {
    /// The word for logs and records.
    pub fn as_str(&self) -> &'static str {
        match self {
            Origin::LastGood(_) => "last_known_good",
            Origin::DefaultFrom(_) => "default_from",
            Origin::Default => "default",
        }
    }
}

/// A value that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its key.
    pub key: String,
    /// Its line in the old file; `None` for one that is added.
    pub line: Option<usize>,
    /// What was wrong with it.
    pub was: ViolationKind,
    /// Where the new value comes from.
    pub from: Origin,
    /// What stood there.
    pub before: Option<Secret>,
    /// What will.
    pub after: Secret,
    /// Whether both may be seen.
    pub open: bool,
}

/// A key that can't be repaired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hopeless {
    /// What is wrong with it.
    pub violation: Violation,
    /// Its line; `None` where it is missing.
    pub line: Option<usize>,
    /// Why each source has no value for it, best source first.
    pub why: Vec<String>,
}

/// A repair that was thought through and not begun.
#[derive(Clone, PartialEq)]
pub struct Plan {
    /// What is to be written, in the order of the file; what is added comes last.
    pub changes: Vec<Change>,
    /// What can't be, in the order of the file.
    pub hopeless: Vec<Hopeless>,
    /// The file is put back whole from a content that was kept, taken then: it was not there, or is
    /// to be rolled back.
    pub restored: Option<SystemTime>,
    before: Document,
    after: Document,
}

impl Plan {
    /// What the file holds.
    pub fn before(&self) -> &Document {
        &self.before
    }

    /// What it would hold.
    pub fn after(&self) -> &Document {
        &self.after
    }

    /// Whether it changes anything.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.restored.is_none()
    }

    /// What puts `good`, kept since `taken`, in the place of `file`; empty where it stands there
    /// already. What of it breaks `schema` is hopeless.
    pub(super) fn whole(
        file: Option<&Document>,
        good: &Document,
        taken: SystemTime,
        schema: &EnvFile,
    ) -> Self {
        let same = file.is_some_and(|file| file.print() == good.print());
        let before = file.cloned().unwrap_or_else(|| Document::parse(b""));
        let hopeless = broken(good, schema).into_iter().map(|violation| Hopeless {
            line: good.line_of(&violation.key),
            violation,
            why: vec!["it is so in the content that was kept".to_owned()],
        });
        Plan {
            changes: Vec::new(),
            hopeless: hopeless.collect(),
            restored: (!same).then_some(taken),
            before,
            after: good.clone(),
        }
    }

    /// Whether every value comes from content that logged in once.
    pub(super) fn is_proven(&self) -> bool {
        let proven = |change: &Change| matches!(change.from, Origin::LastGood(_));
        self.changes.iter().all(proven)
    }
}

/// Holds values.
impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("changes", &self.changes)
            .field("hopeless", &self.hopeless)
            .finish_non_exhaustive()
    }
}

/// What repairs `file` (`None`: it is not there) to `schema`: each key that breaks it takes the
/// first value that keeps it, of last known good, `default_from`, `default`. A repaired key may make
/// a rule ask for others; they are repaired too.
pub fn plan(file: Option<&Document>, schema: &EnvFile, sources: &Sources) -> Plan {
    let (before, restored) = match (file, &sources.last_good) {
        (Some(document), _) => (document.clone(), None),
        (None, Some((good, taken))) => (good.clone(), Some(*taken)),
        (None, None) => (Document::parse(b""), None),
    };
    let mut after = before.clone();
    let (mut changes, mut hopeless): (Vec<Change>, Vec<Hopeless>) = (Vec::new(), Vec::new());
    let mut tried = BTreeSet::new();
    // Each turn takes a key that no turn took before.
    while let Some(violation) = broken(&after, schema)
        .into_iter()
        .find(|v| !tried.contains(&v.key))
    {
        tried.insert(violation.key.clone());
        let line = before.line_of(&violation.key);
        match candidate(&after, &violation, schema, sources) {
            Ok((document, from)) => {
                let key = violation.key;
                changes.push(Change {
                    line,
                    was: violation.kind,
                    before: before.get(&key).cloned(),
                    after: document.get(&key).cloned().unwrap_or_default(),
                    open: schema.keys.get(&key).is_some_and(|key| !key.is_secret()),
                    from,
                    key,
                });
                after = document;
            }
            Err(why) => hopeless.push(Hopeless {
                violation,
                line,
                why,
            }),
        }
    }
    changes.sort_by_key(|change| change.line.unwrap_or(usize::MAX));
    hopeless.sort_by_key(|key| key.line.unwrap_or(usize::MAX));
    Plan {
        changes,
        hopeless,
        restored,
        before: if restored.is_some() {
            Document::parse(b"")
        } else {
            before
        },
        after,
    }
}

fn broken(document: &Document, schema: &EnvFile) -> Vec<Violation> {
    let values = FileVariables::of(schema.path.clone(), document);
    violations(&values, schema)
}

/// The file with a value for the key, and where it comes from; else why there is none.
fn candidate(
    document: &Document,
    violation: &Violation,
    schema: &EnvFile,
    sources: &Sources,
) -> Result<(Document, Origin), Vec<String>> {
    let name = &violation.key;
    let key = schema.keys.get(name);
    // A quote left open takes the lines up to the next one for its value: to replace it would be to
    // lose them.
    let lines = document.written(name).unwrap_or_default();
    if lines.contains(&b'\n') {
        let words = "its value spans several lines: is a quote left open?";
        return Err(vec![words.to_owned()]);
    }
    let mut why = Vec::new();
    let attempt = |source: &str, value: &Secret, written: Option<&[u8]>| {
        let wrong = if value.is_empty() {
            Err("is empty".to_owned())
        } else {
            key.map_or(Ok(()), |key: &Key| key.check(value.expose()))
        };
        wrong
            .and_then(|()| {
                let edited = document.with(name, value, written);
                edited.map_err(|unwritable| unwritable.to_string())
            })
            .map_err(|words| format!("{source} {words}"))
    };
    match &sources.last_good {
        None => why.push("there is no last known good".to_owned()),
        Some((good, taken)) => match good.get(name) {
            None => why.push("the last known good has no value".to_owned()),
            Some(value) => match attempt("the last known good", value, good.written(name)) {
                Ok(document) => return Ok((document, Origin::LastGood(*taken))),
                Err(words) => why.push(words),
            },
        },
    }
    let default_from = key.and_then(|key| key.default_from.clone());
    match default_from.map(|path| (sources.default_from.get(name), path)) {
        Some((Some(Ok(value)), path)) => {
            match attempt(&format!("default_from {}", path.display()), value, None) {
                Ok(document) => return Ok((document, Origin::DefaultFrom(path))),
                Err(words) => why.push(words),
            }
        }
        Some((Some(Err(words)), path)) => {
            why.push(format!("default_from {}: {words}", path.display()));
        }
        Some((None, _)) | None => why.push("it has no default_from".to_owned()),
    }
    match key.and_then(|key| key.default.as_ref()) {
        Some(value) => match attempt("its default", value, None) {
            Ok(document) => return Ok((document, Origin::Default)),
            Err(words) => why.push(words),
        },
        None => why.push("it has no default".to_owned()),
    }
    Err(why)
}

#[cfg(test)]
mod tests;
