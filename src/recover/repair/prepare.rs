//! Reads what a repair needs, and changes nothing: this is all that `--dry-run` does.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use super::{Job, Plan, Refusal, Sources, plan};
use crate::config::Variables;
use crate::envfile::{Document, MAX_ENV_FILE_BYTES, given_elsewhere};
use crate::model::Secret;
use crate::platform::folder::{Folder, Rights};
use crate::platform::place::{Place, effective_user};
use crate::recover::last_good::{Kept, Store};

/// A `default_from` file is refused beyond this, in bytes.
const MAX_DEFAULT_BYTES: u64 = 64 * 1024;

/// A plan, and the file that it was made for.
pub struct Prepared {
    /// What is to be repaired.
    pub job: Job,
    /// What would be written.
    pub plan: Plan,
    /// Why the last known good could not be looked at, where it could not.
    pub last_good_unread: Option<String>,
    /// Variables of the URLs that somebody else gives.
    pub(super) elsewhere: BTreeSet<String>,
    pub(super) folder: Folder,
    pub(super) place: Place,
    /// `None` where the file is not there.
    pub(super) found: Option<Vec<u8>>,
    /// What the new file gets.
    pub(super) rights: Rights,
}

/// Reads the file of `job` and plans its repair. May block for as long as a dead mount hangs.
///
/// # Errors
/// The file or its folder can't be read, or its path is not to be followed.
pub fn prepare(job: Job) -> Result<Prepared, Refusal> {
    let (kept, last_good_unread) = last_good(&job);
    let found = Found::look(&job, kept.as_ref())?;
    let sources = Sources {
        last_good: kept.map(|kept| (Document::parse(&kept.bytes), kept.taken)),
        default_from: defaults(&job),
    };
    let document = found.bytes.as_deref().map(Document::parse);
    let plan = plan(document.as_ref(), &job.env_file, &sources);
    Ok(found.prepared(job, plan, last_good_unread))
}

/// Reads the file of `job` and plans to put its last known good back, whole. May block as
/// [`prepare`].
///
/// # Errors
/// As [`prepare`]; there is no last known good, or it can't be read.
pub fn prepare_rollback(job: Job) -> Result<Prepared, Refusal> {
    match last_good(&job) {
        (Some(kept), _) => prepare_content(job, &kept),
        (None, Some(why)) => Err(Refusal::LastGoodUnread(why)),
        (None, None) => Err(Refusal::NoLastGood),
    }
}

/// Reads the file of `job` and plans to put `content` in its place. May block as [`prepare`].
///
/// # Errors
/// As [`prepare`].
pub fn prepare_content(job: Job, content: &Kept) -> Result<Prepared, Refusal> {
    let found = Found::look(&job, Some(content))?;
    let document = found.bytes.as_deref().map(Document::parse);
    let good = Document::parse(&content.bytes);
    let plan = Plan::whole(document.as_ref(), &good, content.taken, &job.env_file);
    Ok(found.prepared(job, plan, None))
}

/// The file as it is.
struct Found {
    folder: Folder,
    place: Place,
    bytes: Option<Vec<u8>>,
    rights: Rights,
}

impl Found {
    /// One that is not there gets the rights of `kept`.
    fn look(job: &Job, kept: Option<&Kept>) -> Result<Self, Refusal> {
        let place = Place::of(&job.env_file.path)?;
        let told = |error| Refusal::Io(job.env_file.path.display().to_string(), error);
        let folder = Folder::open(&place.folder).map_err(told)?;
        let (bytes, rights) = match folder.read(&place.name, MAX_ENV_FILE_BYTES) {
            Ok((bytes, rights)) => (Some(bytes), Some(rights)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (None, None),
            Err(error) => return Err(told(error)),
        };
        let rights = match (rights, kept) {
            (Some(rights), _) => rights,
            (None, Some(kept)) => kept.rights.clone(),
            (None, None) => new_file(job, &folder).map_err(told)?,
        };
        Ok(Found {
            folder,
            place,
            bytes,
            rights,
        })
    }

    fn prepared(self, job: Job, plan: Plan, last_good_unread: Option<String>) -> Prepared {
        let variables = Variables::read(|name| std::env::var(name).ok(), &job.others);
        Prepared {
            plan,
            elsewhere: given_elsewhere(&job.amqp, &variables, &job.env_file.path),
            last_good_unread,
            folder: self.folder,
            place: self.place,
            found: self.bytes,
            rights: self.rights,
            job,
        }
    }
}

impl Prepared {
    /// The file's bytes; `None` where it is not there.
    pub fn found(&self) -> Option<&[u8]> {
        self.found.as_deref()
    }
}

fn last_good(job: &Job) -> (Option<Kept>, Option<String>) {
    let newest = Store::look(&job.state).and_then(|store| store.newest(&job.env_file.path));
    match newest {
        Ok(kept) => (kept, None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => (None, None),
        Err(error) => (None, Some(error.to_string())),
    }
}

/// A file that is made anew belongs to the owner of its folder, where this process may give it away.
fn new_file(job: &Job, folder: &Folder) -> io::Result<Rights> {
    let mut rights = Rights::private();
    if let Some(mode) = job.env_file.mode {
        rights.mode = mode.bits();
    }
    if effective_user() == 0 {
        (rights.uid, rights.gid) = folder.owner()?;
    }
    Ok(rights)
}

fn defaults(job: &Job) -> BTreeMap<String, Result<Secret, String>> {
    let keys = job.env_file.keys.iter();
    keys.filter_map(|(name, key)| Some((name.clone(), default_from(key.default_from.as_ref()?))))
        .collect()
}

/// The content of a secret's file, its last line ending removed.
fn default_from(path: &Path) -> Result<Secret, String> {
    // A worker that owns its folder must not make a link of it to what only root may read.
    let place = Place::of(path).map_err(|error| error.to_string())?;
    let read =
        Folder::open(&place.folder).and_then(|folder| folder.read(&place.name, MAX_DEFAULT_BYTES));
    let (bytes, _) = read.map_err(|error| error.to_string())?;
    let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8 text".to_owned())?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Secret::from(text.strip_suffix('\r').unwrap_or(text)))
}
