//! One process: `PID/stat`, `cmdline`, `environ`, `cgroup`, `limits`, `fd`, `task/*/status`.
//!
//! A process may end between any two readings: what can't be read is `None`, never 0.

use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use super::file::ProcFile;
use super::{Kin, Proc};
use crate::model::Secret;
use crate::model::facts::{ProcessId, ProcessState};
use crate::platform::observe::{ProcessDetails, ProcessRow};

/// The most that is read of a command line or an environment, in bytes.
const LONGEST: u64 = 1 << 20;
/// Threads whose switches are added up; with more the sum is not told.
const MOST_THREADS: usize = 1000;
/// Descriptors counted; with more the number is not told.
const MOST_FDS: usize = 200_000;

/// Every process of the machine, by one small file each.
pub(super) fn rows(proc: &Proc) -> Result<Vec<ProcessRow>, String> {
    let pids = pids(proc)?.into_iter();
    Ok(pids.filter_map(|pid| row(proc, pid)).collect())
}

fn pids(proc: &Proc) -> Result<Vec<u32>, String> {
    let told = |error: std::io::Error| format!("{}: {error}", proc.root.display());
    let entries = fs::read_dir(&proc.root).map_err(told)?;
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    Ok(pids.collect())
}

/// `None` when it is gone, or its `stat` is not as the kernel writes it.
pub(super) fn row(proc: &Proc, pid: u32) -> Option<ProcessRow> {
    let text = stat(proc, pid)?;
    let (name, words) = split(&text)?;
    let number = |field| number(&words, field);
    let ticks = number(14)?.checked_add(number(15)?)?;
    Some(ProcessRow {
        id: id(pid, &words)?,
        parent: u32::try_from(number(4)?).ok()?,
        name: name.to_owned(),
        state: state(&words),
        cpu_time: super::stat::duration(ticks, proc.ticks_per_second),
        threads: number(20)?,
        rss: number(24)?.saturating_mul(rustix::param::page_size() as u64),
    })
}

/// As [`row`], with what says whom it belongs to.
pub(super) fn kin(proc: &Proc, pid: u32) -> Option<Kin> {
    let text = stat(proc, pid)?;
    let (_, words) = split(&text)?;
    let number = |field| u32::try_from(number(&words, field)?).ok();
    Some(Kin {
        id: id(pid, &words)?,
        parent: number(4)?,
        group: number(5)?,
        session: number(6)?,
        state: state(&words),
    })
}

/// Every process of the machine, with what says whom it belongs to.
pub(super) fn all_kin(proc: &Proc) -> Result<Vec<Kin>, String> {
    let pids = pids(proc)?.into_iter();
    Ok(pids.filter_map(|pid| kin(proc, pid)).collect())
}

/// The user that a process runs as; `None` where it is gone.
pub(super) fn user(proc: &Proc, pid: u32) -> Option<u32> {
    let meta = fs::metadata(proc.root.join(pid.to_string())).ok()?;
    Some(meta.uid())
}

fn stat(proc: &Proc, pid: u32) -> Option<String> {
    let text = fs::read(proc.root.join(format!("{pid}/stat"))).ok()?;
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// The name, and the words after it. The name is in parentheses, and may hold spaces and
/// parentheses itself.
fn split(text: &str) -> Option<(&str, Vec<&str>)> {
    let (name, rest) = text.split_once('(')?.1.rsplit_once(')')?;
    Some((name, rest.split_ascii_whitespace().collect()))
}

/// The first word after the name is field 3.
fn number(words: &[&str], field: usize) -> Option<u64> {
    words.get(field - 3)?.parse().ok()
}

fn id(pid: u32, words: &[&str]) -> Option<ProcessId> {
    Some(ProcessId {
        pid,
        start_ticks: number(words, 22)?,
    })
}

fn state(words: &[&str]) -> Option<ProcessState> {
    let letter = words.first()?.chars().next();
    letter.and_then(ProcessState::from_letter)
}

/// What costs more to read.
pub(super) fn details(proc: &Proc, pid: u32) -> ProcessDetails {
    let switches = switches(proc, pid);
    let (unit, cgroup, container) = cgroup(proc, pid);
    ProcessDetails {
        fds: fds(proc, pid),
        fds_max: fds_max(proc, pid),
        voluntary_switches: switches.map(|s| s.0),
        involuntary_switches: switches.map(|s| s.1),
        unit,
        cgroup,
        container,
    }
}

/// Arguments joined by single spaces; empty for kernel threads and zombies.
pub(super) fn cmdline(proc: &Proc, pid: u32) -> Option<String> {
    let bytes = bounded(proc, pid, "cmdline")?;
    let text = String::from_utf8_lossy(&bytes);
    Some(text.trim_end_matches('\0').replace('\0', " "))
}

/// Its environment when it was started; `None` where it may not be read.
pub(super) fn environment(proc: &Proc, pid: u32) -> Option<Vec<(String, Secret)>> {
    let bytes = bounded(proc, pid, "environ")?;
    let pairs = bytes.split(|b| *b == 0).filter_map(|pair| {
        let text = std::str::from_utf8(pair).ok()?;
        let (name, value) = text.split_once('=')?;
        Some((name.to_owned(), Secret::from(value)))
    });
    Some(pairs.collect())
}

/// Where the link of the kernel leads; a folder that is gone is none.
pub(super) fn working_folder(proc: &Proc, pid: u32) -> Option<PathBuf> {
    let folder = fs::read_link(proc.root.join(format!("{pid}/cwd"))).ok()?;
    folder.is_absolute().then_some(folder)
}

fn bounded(proc: &Proc, pid: u32, file: &str) -> Option<Vec<u8>> {
    let file = fs::File::open(proc.root.join(format!("{pid}/{file}"))).ok()?;
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn fds(proc: &Proc, pid: u32) -> Option<u64> {
    let entries = fs::read_dir(proc.root.join(format!("{pid}/fd"))).ok()?;
    let count = entries.take(MOST_FDS + 1).count();
    (count <= MOST_FDS).then_some(count as u64)
}

/// The soft limit; `None` also when there is none.
fn fds_max(proc: &Proc, pid: u32) -> Option<u64> {
    let file = ProcFile::read_if_there(&proc.root.join(format!("{pid}/limits"))).ok()??;
    super::own::open_files_limit(&file).ok().flatten()
}

/// Of all its threads: those of the first alone say nothing of a pool.
fn switches(proc: &Proc, pid: u32) -> Option<(u64, u64)> {
    let mut sum = (0, 0);
    let threads = fs::read_dir(proc.root.join(format!("{pid}/task"))).ok()?;
    for (at, thread) in threads.enumerate() {
        if at == MOST_THREADS {
            return None;
        }
        let Ok(Some(file)) = ProcFile::read_if_there(&thread.ok()?.path().join("status")) else {
            continue;
        };
        let of = |name: &str| {
            file.lines().find_map(|line| {
                let mut words = line.words();
                (words.next()? == name).then(|| words.next()?.parse::<u64>().ok())?
            })
        };
        // A thread that ended meanwhile leaves an empty file.
        if let Some((voluntary, involuntary)) =
            of("voluntary_ctxt_switches:").zip(of("nonvoluntary_ctxt_switches:"))
        {
            sum = (sum.0 + voluntary, sum.1 + involuntary);
        }
    }
    Some(sum)
}

/// Its systemd unit, cgroup and container, as far as the cgroup's path tells.
fn cgroup(proc: &Proc, pid: u32) -> (Option<String>, Option<String>, Option<String>) {
    let Ok(Some(file)) = ProcFile::read_if_there(&proc.root.join(format!("{pid}/cgroup"))) else {
        return (None, None, None);
    };
    // One line in cgroup 2; a path may hold spaces.
    let Some(path) = file
        .text()
        .lines()
        .find_map(|line| line.strip_prefix("0::").map(str::to_owned))
    else {
        return (None, None, None);
    };
    let parts = || path.split('/').rev();
    let unit = parts().find(|part| part.ends_with(".service"));
    let container = parts().find_map(|part| {
        let id = part.strip_prefix("docker-").unwrap_or(part);
        let id = id.strip_suffix(".scope").unwrap_or(id);
        (id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit())).then(|| id.to_owned())
    });
    (unit.map(str::to_owned), Some(path.clone()), container)
}
