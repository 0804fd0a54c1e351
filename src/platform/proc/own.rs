//! This process itself: `self/stat`, `self/limits`, `self/fd`.

use std::time::Duration;

use super::Proc;
use super::file::ProcFile;
use crate::model::facts::OwnProcess;

/// What can't be read is missing; it says nothing of the machine.
pub(super) fn read(proc: &Proc) -> OwnProcess {
    let mut own = stat(proc).unwrap_or_default();
    own.fds_max = limit(proc).ok().flatten();
    let fds = std::fs::read_dir(proc.root.join("self/fd"));
    own.fds_open = fds.ok().map(|fds| fds.count() as u64);
    own
}

fn stat(proc: &Proc) -> Result<OwnProcess, String> {
    let file = proc.file("self/stat")?;
    let line = file.first_line()?;
    // The second word is the program's name in parentheses, and may hold anything; ours does not.
    let words: Vec<&str> = line.words().collect();
    let number = |field: usize| words.get(field - 1).and_then(|w| w.parse::<u64>().ok());
    let fields = (number(14), number(15), number(22), number(23), number(24));
    let (Some(user), Some(system), Some(start), Some(size), Some(pages)) = fields else {
        return Err(line.problem("has fewer numbers than a process has"));
    };
    Ok(OwnProcess {
        cpu: Some(proc.ticks(user + system)),
        virtual_memory: Some(size),
        resident_memory: Some(pages * rustix::param::page_size() as u64),
        started: proc.boot_time()?.map(|boot| boot + proc.ticks(start)),
        ..OwnProcess::default()
    })
}

/// The soft limit; `None` when there is none.
fn limit(proc: &Proc) -> Result<Option<u64>, String> {
    open_files_limit(&proc.file("self/limits")?)
}

/// Of a `limits` file.
pub(super) fn open_files_limit(file: &ProcFile) -> Result<Option<u64>, String> {
    let line = file
        .lines()
        .find(|line| line.words().take(3).eq(["Max", "open", "files"]));
    let line = line.ok_or_else(|| file.problem("has no `Max open files`"))?;
    Ok(line.words().nth(3).and_then(|w| w.parse().ok()))
}

impl Proc {
    fn ticks(&self, ticks: u64) -> Duration {
        super::stat::duration(ticks, self.ticks_per_second)
    }

    /// Since the Unix epoch.
    fn boot_time(&self) -> Result<Option<Duration>, String> {
        let file = self.file("stat")?;
        let mut times = file.lines().filter_map(|line| {
            let mut words = line.words();
            (words.next() == Some("btime")).then(|| words.next()?.parse().ok())?
        });
        Ok(times.next().map(Duration::from_secs))
    }
}
