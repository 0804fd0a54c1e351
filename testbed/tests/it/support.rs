//! What the tests look at: the process table and the file system.

use std::fs;
use std::path::Path;
use std::time::Duration;

pub(crate) const SOON: Duration = Duration::from_secs(20);

/// The pids and command lines of processes that carry `dir` in command line or environment.
pub(crate) fn processes_of(dir: &Path) -> Vec<String> {
    let needle = dir.to_string_lossy().into_owned();
    let entries = fs::read_dir("/proc").expect("/proc");
    let all = entries.filter_map(|entry| {
        let process = entry.ok()?.path();
        let read = |name| {
            let bytes = fs::read(process.join(name)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).replace('\0', " ")
        };
        let command = read("cmdline");
        let marked = command.contains(&needle) || read("environ").contains(&needle);
        marked.then(|| format!("{} {command}", process.display()))
    });
    all.collect()
}

/// Fails unless everything of `dir` ends soon.
pub(crate) fn assert_gone(dir: &Path) {
    testbed::wait_until("folder and processes to be gone", SOON, || {
        let left = processes_of(dir);
        let folder = dir.exists();
        (left.is_empty() && !folder)
            .then_some(())
            .ok_or(format!("folder: {folder}, {left:?}"))
    })
    .unwrap();
}

/// The releases there are: the host's own, and every root that is made.
pub(crate) fn releases() -> Vec<Option<testbed::Root>> {
    let roots = ["trixie", "sid"]
        .into_iter()
        .filter_map(testbed::roots::find)
        .map(Some);
    std::iter::once(None).chain(roots).collect()
}
