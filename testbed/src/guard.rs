//! What guarantees that nothing stays behind.
//!
//! A guard owns a temporary folder and marks every process started for it through an
//! environment variable holding that folder's path; children inherit the mark, also those
//! that leave their process group, as `epmd` does. Beside the test runs a small shell,
//! blocked on a pipe whose other end only this process holds. However the test ends (drop,
//! panic, Ctrl-C, SIGKILL), the pipe closes, and the shell ends every process that carries
//! the mark and removes the folder. There is no second way: drop closes the pipe, too.
//!
//! What runs in a container may not carry the mark: such a command gets a cgroup of the folder's
//! name, and everything in there ends as well.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use crate::error::Context;
use crate::roots::Root;
use crate::{Error, Result};

/// The variable whose value is the guard's folder.
pub(crate) const MARK: &str = "WARRENER_TESTBED_DIR";

/// The guard makes the folder itself, so that there is no moment in which the folder
/// exists without a guard.
const WATCH: &str = r#"
trap '' HUP INT QUIT TERM
dir=$(mktemp -d "$1/warrener-testbed.XXXXXX") || exit 1
echo "$dir"
exec >/dev/null
read -r _
"#;

/// The mark is read immediately before the signal, so a recycled pid is not hit. Rounds
/// repeat until a whole look finds nobody: one may have forked while others were ended.
const END: &str = r#"
while marked=$(grep -lszxF "WARRENER_TESTBED_DIR=$dir" /proc/[0-9]*/environ); [ -n "$marked" ]; do
    for environ in $marked; do
        pid=${environ#/proc/}
        kill -9 "${pid%/environ}"
    done
done
name=${dir##*/}
groups() {
    find /sys/fs/cgroup -maxdepth 2 -type d -name "$name" -exec find {} -depth -type d \;
}
# Killed processes leave their cgroup a moment later, and one of them may have forked.
rounds=100
while groups=$(groups); [ -n "$groups" ] && [ $rounds -gt 0 ]; do
    rounds=$((rounds - 1))
    for group in $groups; do
        pids=$(cat "$group/cgroup.procs" 2>/dev/null)
        [ -z "$pids" ] || kill -9 $pids
        rmdir "$group"
    done 2>/dev/null
    [ -z "$pids" ] || sleep 0.05
done
rm -rf --one-file-system "$dir"
"#;

/// Enters the cgroup `$1` of those hierarchies in which processes are told apart, and becomes the
/// command.
const ENTER: &str = r#"
set -e
group=$1; shift
for base in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
    [ -e "$base/cgroup.procs" ] || continue
    mkdir -p "$base/$group"
    echo $$ >"$base/$group/cgroup.procs"
done
exec "$@"
"#;

/// A folder and everything started for it; both end with this value or with the process.
#[derive(Debug)]
pub(crate) struct Guard {
    dir: PathBuf,
    shell: Child,
}

impl Guard {
    /// Starts a guard with a fresh folder. Servers in a root see the host's `/tmp` and
    /// nothing else of it, so theirs is always there.
    pub(crate) fn start(root: Option<&Root>) -> Result<Arc<Self>> {
        let base = if root.is_some() {
            PathBuf::from("/tmp")
        } else {
            std::env::temp_dir()
        };
        let mut shell = Command::new("/bin/sh")
            .args(["-c", &format!("{WATCH}{END}"), "warrener-testbed-guard"])
            .arg(&base)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context(|| "start the guard /bin/sh".to_owned())?;
        let mut line = String::new();
        if let Some(stdout) = shell.stdout.take() {
            BufReader::new(stdout)
                .read_line(&mut line)
                .context(|| "read the guard".to_owned())?;
        }
        let dir = PathBuf::from(line.trim_end());
        if !dir.is_dir() {
            return Err(Error::Missing(format!(
                "no temporary folder in {}",
                base.display()
            )));
        }
        Ok(Arc::new(Self { dir, shell }))
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// A command that carries the mark and nothing of the test's own environment but
    /// `PATH`; in its own process group, so that Ctrl-C reaches the test alone.
    pub(crate) fn command(&self, root: Option<&Root>, program: &str) -> Command {
        let mut command = match root {
            Some(root) => root.command(program),
            None => Command::new(program),
        };
        self.mark(&mut command);
        command
    }

    /// The name of its cgroup, below the root of each hierarchy.
    pub(crate) fn cgroup(&self) -> String {
        let name = self.dir.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// A command as [`Guard::command`], in a mount namespace and a cgroup of its own: mounts and
    /// processes that it leaves behind end with it.
    pub(crate) fn contained(&self, program: &str) -> Command {
        let mut command = Command::new("/usr/bin/unshare");
        command
            .args(["--mount", "--propagation", "private"])
            .args(["/bin/sh", "-c", ENTER, "enter"])
            .arg(format!("{}/own", self.cgroup()))
            .arg(program);
        self.mark(&mut command);
        command
    }

    fn mark(&self, command: &mut Command) {
        command
            .env_clear()
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            )
            .env("LANG", "C.UTF-8")
            .env("HOME", &self.dir)
            .env(MARK, &self.dir)
            .process_group(0)
            .stdin(Stdio::null());
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        if self.shell.wait().is_ok_and(|status| status.success()) {
            return;
        }
        // Somebody ended the guard itself: do its work from here.
        let dir = self.dir.display();
        let swept = Command::new("/bin/sh")
            .args(["-c", &format!("dir='{dir}'\n{END}")])
            .stderr(Stdio::null())
            .status();
        debug_assert!(
            swept.is_ok_and(|status| status.success()),
            "{dir} stays behind"
        );
    }
}
