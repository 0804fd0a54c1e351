//! A real systemd: the init of a container made of Debian packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::error::Context;
use crate::guard::Guard;
use crate::process::Process;
use crate::{Error, Result, roots, tool};

const START: Duration = Duration::from_secs(60);

/// A container that systemd has booted; it ends, with everything in it, when dropped. Needs root
/// and the root folder `systemd` (`testbed/roots.sh systemd`). Changes inside are not kept.
#[derive(Debug)]
pub struct Systemd {
    init: u32,
    _process: Process,
    /// Dropped last.
    guard: Arc<Guard>,
}

impl Systemd {
    /// Boots one on this machine's network and waits until it is up.
    ///
    /// # Errors
    /// What is missing, or its log.
    pub fn boot() -> Result<Self> {
        Self::of("systemd", &[])
    }

    /// Boots the root `package` (`testbed/roots.sh package`), with a loopback of its own: every service
    /// has its usual port. Nothing here reaches it.
    ///
    /// # Errors
    /// What is missing, or its log.
    pub fn boot_apart() -> Result<Self> {
        Self::of("package", &["--private-network"])
    }

    fn of(name: &str, more: &[&str]) -> Result<Self> {
        let missing = || Error::Missing(format!("no root `{name}`: testbed/roots.sh {name}"));
        let root = roots::find(name).ok_or_else(missing)?;
        let guard = Guard::start(None)?;
        let mut command = guard.contained("systemd-nspawn");
        command
            .arg("--directory")
            .arg(root.path())
            .args([
                "--boot",
                "--register=no",
                "--keep-unit",
                "--volatile=overlay",
            ])
            .args(more)
            .args(["--console=pipe", "--resolv-conf=off", "--timezone=off"])
            .arg(format!("--machine={}", guard.cgroup().replace('.', "-")))
            .arg(format!(
                "--setenv={}={}",
                crate::guard::MARK,
                guard.dir().display()
            ));
        let log = guard.dir().join("log");
        let mut process = Process::spawn("systemd-nspawn", command, &log, &[])?;
        process.wait_ready(START, |process| {
            let init = only_child(process.pid()).ok_or("no init yet")?;
            let up = inside(init, "systemctl", &["is-active", "multi-user.target"]);
            up.map(drop).map_err(|error| error.to_string())
        })?;
        let init = only_child(process.pid()).ok_or_else(|| process.error("its init is gone"))?;
        Ok(Self {
            init,
            _process: process,
            guard,
        })
    }

    /// The D-Bus address of its system bus, as seen from here.
    #[must_use]
    pub fn bus(&self) -> String {
        format!(
            "unix:path={}",
            self.path("run/dbus/system_bus_socket").display()
        )
    }

    /// A file of its own, as seen from here.
    fn path(&self, inside: &str) -> PathBuf {
        Path::new("/proc")
            .join(self.init.to_string())
            .join("root")
            .join(inside)
    }

    /// Copies a program of this machine to `inside`; both are of one Debian release.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn install(&self, program: &Path, inside: &str) -> Result<()> {
        let to = self.path(inside);
        fs::copy(program, &to).at("write", &to).map(drop)
    }

    /// Writes a file of its own.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn write(&self, inside: &str, text: &str) -> Result<()> {
        let to = self.path(inside);
        fs::write(&to, text).at("write", &to)
    }

    /// What is in a file of its own.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn read(&self, inside: &str) -> Result<String> {
        let from = self.path(inside);
        fs::read_to_string(&from).at("read", &from)
    }

    /// Writes a unit file and has it read.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn unit(&self, name: &str, text: &str) -> Result<()> {
        self.write(&format!("etc/systemd/system/{name}"), text)?;
        self.systemctl(&["daemon-reload"]).map(drop)
    }

    /// `systemctl ARGS` inside; gives what it wrote.
    ///
    /// # Errors
    /// [`Error::Tool`] with what it wrote.
    pub fn systemctl(&self, args: &[&str]) -> Result<String> {
        inside(self.init, "systemctl", args)
    }

    /// A program inside, with nothing of the environment here; gives what it wrote.
    ///
    /// # Errors
    /// [`Error::Tool`] with what it wrote.
    pub fn run(&self, program: &str, args: &[&str]) -> Result<String> {
        inside(self.init, program, args)
    }

    /// One property of a unit, as `systemctl show` writes it.
    ///
    /// # Errors
    /// [`Error::Tool`] with what it wrote.
    pub fn show(&self, unit: &str, property: &str) -> Result<String> {
        let shown = self.systemctl(&["show", "--value", "--property", property, unit])?;
        Ok(shown.trim().to_owned())
    }

    /// SIGSTOP to a process by its number inside.
    ///
    /// # Errors
    /// When there is none.
    pub fn stop(&self, pid: u32) -> Result<()> {
        signal(self.host_pid(pid)?, Signal::STOP)
    }

    /// The number here of a process that has the number `pid` inside.
    ///
    /// # Errors
    /// When there is none.
    pub fn host_pid(&self, pid: u32) -> Result<u32> {
        let members = fs::read_dir("/proc").context(|| "read /proc".to_owned())?;
        let namespace = |of: &Path| fs::read_link(of.join("ns/pid")).ok();
        let own = namespace(&Path::new("/proc").join(self.init.to_string()));
        let found = members.filter_map(|entry| {
            let path = entry.ok()?.path();
            let status = fs::read_to_string(path.join("status")).ok()?;
            let numbers = status.lines().find(|line| line.starts_with("NSpid:"))?;
            let same = numbers.split_whitespace().last()?.parse() == Ok(pid);
            (same && namespace(&path) == own).then(|| path.file_name()?.to_str()?.parse().ok())?
        });
        found
            .into_iter()
            .next()
            .ok_or_else(|| Error::Missing(format!("no process {pid} inside")))
    }

    /// SIGKILL to a process by its number inside; systemd is not asked.
    ///
    /// # Errors
    /// When there is none.
    pub fn kill(&self, pid: u32) -> Result<()> {
        signal(self.host_pid(pid)?, Signal::KILL)
    }

    /// SIGTERM to a process by its number inside; systemd is not asked.
    ///
    /// # Errors
    /// When there is none.
    pub fn terminate(&self, pid: u32) -> Result<()> {
        signal(self.host_pid(pid)?, Signal::TERM)
    }

    /// The folder that goes, with everything started for it, when this is dropped.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.guard.dir()
    }

    /// SIGSTOP to its init: the bus takes connections, and systemd says nothing.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn freeze(&self) -> Result<()> {
        signal(self.init, Signal::STOP)
    }

    /// SIGCONT to its init.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn thaw(&self) -> Result<()> {
        signal(self.init, Signal::CONT)
    }
}

fn signal(pid: u32, signal: Signal) -> Result<()> {
    let known = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let known = known.ok_or_else(|| Error::Missing(format!("no process {pid}")))?;
    kill_process(known, signal).context(|| format!("signal process {pid}"))
}

/// A command inside, with nothing of the environment here.
fn inside(init: u32, program: &str, args: &[&str]) -> Result<String> {
    let mut command = Command::new("nsenter");
    command
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .arg(format!("--target={init}"))
        .args(["--all", program])
        .args(args);
    tool::run(&mut command, "")
}

fn only_child(pid: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}
