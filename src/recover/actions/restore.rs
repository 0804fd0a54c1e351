//! Taking back what was written to an env file: the content before it, out of its backup. Only a
//! content that logged in once is put back, and only over the very one that was written.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use super::env_files::{blocking, content_key, failure, generation, generations, named};
use super::{Effect, job};
use crate::envfile::{ContentKey, MAX_ENV_FILE_BYTES};
use crate::model::{Failure, Generation, Reason, Undo};
use crate::platform::folder::{Folder, Rights};
use crate::recover::last_good::Kept;
use crate::recover::repair::{Job, Outcome, Prepared, Refusal, prepare_content, run};

/// The job that takes back what was written, which is `written` since.
pub(super) fn restore(undo: Undo, written: Vec<Generation>) -> super::Job {
    job(move |hands| async move {
        let Undo { file: name, backup } = undo;
        let mut files = hands.config.env_files.iter();
        let Some(file) = files.find(|file| named(file) == name) else {
            let words = format!("{name} is not in the configuration any more");
            return Err(Failure::new(Reason::Unsupported, words));
        };
        let (of, path) = (Job::of(&hands.config, file), file.path.clone());
        let (state, told) = (hands.state.clone(), name.clone());
        let looked = blocking(move || {
            let key = content_key(&state);
            let key = key.map_err(|error| Refusal::Io("the key of contents".into(), error))?;
            let prepared = prepared(of, Path::new(&backup), &written, &key)?;
            Ok((prepared, key))
        });
        let looked: Result<_, Refusal> = looked.await?;
        let (prepared, key) = looked.map_err(|refusal| failure(&told, &refusal))?;
        let done = run(prepared, &hands.log_in.0).await;
        match done.outcome {
            Outcome::NothingToDo => Ok(Effect::needless(format!("{name} is as it was before"))),
            Outcome::Repaired { .. } | Outcome::WrittenUnverified(_) => Ok(Effect {
                words: format!("{name} is as it was before"),
                after: generations(vec![path], key).await,
                ..Effect::default()
            }),
            Outcome::RolledBack(failure) => Err(Failure::new(
                failure.reason,
                format!(
                    "{name}: the broker does not accept what was there before: {}",
                    failure.message
                ),
            )),
            Outcome::Refused(refusal) => Err(failure(&name, &refusal)),
        }
    })
}

fn prepared(
    of: Job,
    backup: &Path,
    written: &[Generation],
    key: &ContentKey,
) -> Result<Prepared, Refusal> {
    let told = |error| Refusal::Io(backup.display().to_string(), error);
    let now = generation(&of.env_file.path, key).map_err(told)?;
    // Somebody else had it since.
    if !written.contains(&now) {
        return Err(Refusal::Changed);
    }
    let kept = read(backup).map_err(told)?;
    prepare_content(of, &kept)
}

fn read(backup: &Path) -> io::Result<Kept> {
    let no_file = || io::Error::from(io::ErrorKind::NotFound);
    let folder = Folder::open(&backup.parent().ok_or_else(no_file)?.canonicalize()?)?;
    let name: &OsStr = backup.file_name().ok_or_else(no_file)?;
    let (bytes, _) = folder.read(name, MAX_ENV_FILE_BYTES)?;
    Ok(Kept {
        bytes,
        taken: SystemTime::now(),
        rights: Rights::private(),
    })
}
