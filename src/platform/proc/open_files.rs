//! Who has a file open: every process's descriptors, as far as they may be looked into.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// How descriptors are open, the bits of `fdinfo`: for reading alone is neither.
const WRITES: u32 = 0o3;
const APPENDS: u32 = 0o2000;

/// The kernel's number of the process namespace that it begins with, in which all are seen.
const WHOLE: &str = "pid:[4026531836]";

/// A file for as long as it lives: device and inode.
pub type FileKey = (u64, u64);

/// Who has which of some files open; this process itself does not count.
#[derive(Debug, Default)]
pub struct OpenFiles {
    open: BTreeMap<FileKey, Vec<Use>>,
    /// Users with processes that may not be looked into.
    unseen: BTreeSet<u32>,
    /// In a container: the device of its own root, for what is on any other may be another
    /// container's too, whose processes are not seen.
    own_device: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Use {
    pid: u32,
    flags: u32,
}

/// How a file is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// By nobody.
    Closed,
    /// It is read, or written at its end, by this process among others.
    Open(u32),
    /// This process writes at a place of its own: what it writes after the file was cut leaves a
    /// hole before it.
    InPlace(u32),
    /// Processes of its owner may not be looked into.
    Unknown,
    /// By nobody who writes in place and is seen; it is on a volume, and processes of other
    /// containers are not seen.
    Elsewhere,
}

impl OpenFiles {
    /// Looks for `wanted` in the processes under `root`, which is `/proc`. May block for as long as a
    /// dead mount hangs.
    ///
    /// # Errors
    /// The processes can't be listed.
    pub fn look(root: &Path, wanted: &BTreeSet<FileKey>) -> Result<Self, String> {
        let whole = fs::read_link(root.join("self/ns/pid"));
        let mut found = OpenFiles::default();
        if whole.is_ok_and(|namespace| namespace != Path::new(WHOLE)) {
            let own = fs::metadata("/").map_err(|error| format!("/: {error}"))?;
            found.own_device = Some(own.dev());
        }
        let told = |error| format!("{}: {error}", root.display());
        let own = std::process::id();
        for entry in fs::read_dir(root).map_err(told)? {
            let entry = entry.map_err(told)?;
            let pid = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok());
            if let Some(pid) = pid.filter(|pid| *pid != own) {
                found.look_into(&entry.path(), pid, wanted);
            }
        }
        Ok(found)
    }

    fn look_into(&mut self, process: &Path, pid: u32, wanted: &BTreeSet<FileKey>) {
        let entries = match fs::read_dir(process.join("fd")) {
            Ok(entries) => entries,
            Err(error) => {
                // One that ended has nothing open.
                if error.kind() == ErrorKind::PermissionDenied
                    && let Ok(meta) = process.metadata()
                {
                    self.unseen.insert(meta.uid());
                }
                return;
            }
        };
        for entry in entries.flatten() {
            let path = entry.path();
            // Sockets and pipes have no path, and are not asked what they are.
            if !fs::read_link(&path).is_ok_and(|target| target.is_absolute()) {
                continue;
            }
            let Ok(meta) = path.metadata() else { continue };
            let key = (meta.dev(), meta.ino());
            if wanted.contains(&key) {
                let flags = flags(&process.join("fdinfo").join(entry.file_name()));
                let flags = flags.unwrap_or(WRITES);
                self.open.entry(key).or_default().push(Use { pid, flags });
            }
        }
    }

    /// How the file `key` of the user `owner` is used: its owner's processes are those that write
    /// to it.
    pub fn usage(&self, key: FileKey, owner: u32) -> Usage {
        let uses = self.open.get(&key).map_or(&[][..], Vec::as_slice);
        let in_place = |one: &&Use| one.flags & WRITES != 0 && one.flags & APPENDS == 0;
        match (uses.iter().find(in_place), uses.first()) {
            (Some(one), _) => Usage::InPlace(one.pid),
            _ if self.unseen.contains(&owner) => Usage::Unknown,
            _ if self.own_device.is_some_and(|own| own != key.0) => Usage::Elsewhere,
            (None, Some(one)) => Usage::Open(one.pid),
            (None, None) => Usage::Closed,
        }
    }
}

fn flags(fdinfo: &Path) -> Option<u32> {
    let text = fs::read_to_string(fdinfo).ok()?;
    let flags = text.lines().find_map(|line| line.strip_prefix("flags:"))?;
    u32::from_str_radix(flags.trim(), 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    const LONG: std::time::Duration = std::time::Duration::from_secs(30);

    fn usage(file: &Path) -> Usage {
        let meta = file.metadata().unwrap();
        let key = (meta.dev(), meta.ino());
        let found = OpenFiles::look(Path::new("/proc"), &[key].into()).unwrap();
        found.usage(key, meta.uid())
    }

    /// A shell that has the file open so, until it is dropped.
    fn held(dir: &Path, redirection: &str) -> (testbed::Program, PathBuf) {
        let ready = dir.join("ready");
        let script = format!("exec 7{redirection}; touch {}; read x <&8", ready.display());
        let script = format!("mkfifo {0}/f; exec 8<>{0}/f; {script}", dir.display());
        let program = testbed::Program::new("/bin/sh")
            .unwrap()
            .args(["-c", &script]);
        program.start().unwrap();
        testbed::wait_until("the shell to hold the file", LONG, || ready.exists()).unwrap();
        (program, ready)
    }

    #[test]
    fn who_appends_who_writes_in_place_and_who_is_gone() {
        for (operator, place) in [(">>", false), ("<", false), (">", true), ("<>", true)] {
            let dir = tempfile::tempdir().unwrap();
            let file = dir.path().join("a.log");
            std::fs::write(&file, "x").unwrap();
            let own = std::fs::File::open(&file).unwrap();
            assert_eq!(usage(&file), Usage::Closed, "its own does not count");
            let (program, _) = held(dir.path(), &format!("{operator}{}", file.display()));
            let seen = usage(&file);
            match place {
                true => assert!(matches!(seen, Usage::InPlace(_)), "{operator} {seen:?}"),
                false => assert!(matches!(seen, Usage::Open(_)), "{operator} {seen:?}"),
            }
            drop((program, own));
            testbed::wait_until("the shell's end", LONG, || usage(&file) == Usage::Closed).unwrap();
        }
    }

    #[test]
    fn in_a_container_a_volume_may_be_others_too() {
        let found = OpenFiles {
            own_device: Some(1),
            ..OpenFiles::default()
        };
        assert_eq!(found.usage((1, 7), 0), Usage::Closed);
        assert_eq!(found.usage((2, 7), 0), Usage::Elsewhere);
    }

    #[test]
    fn a_process_that_may_not_be_looked_into_makes_its_user_unknown() {
        let found = OpenFiles {
            unseen: [7].into(),
            ..OpenFiles::default()
        };
        assert_eq!(found.usage((1, 1), 7), Usage::Unknown);
        assert_eq!(found.usage((1, 1), 8), Usage::Closed);
    }
}
