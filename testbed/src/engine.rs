//! A real Docker engine of its own: own data, own socket, no network or one of its own.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Context;
use crate::guard::Guard;
use crate::process::Process;
use crate::{Result, tool};

const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(30);

/// The engine writes below `/run` and `/etc`, whatever it is told: there it finds places of its
/// own, in its mount namespace, that go with the folder `$1`.
const APART: &str = r#"
set -e
dir=$1; network=$2; shift 2
mount -t tmpfs tmpfs /run
mkdir -p "$dir/etc" "$dir/etc.work"
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$dir/etc,workdir=$dir/etc.work" /etc
case $network in
own) exec unshare --net sh -euc 'ip link set lo up; exec dockerd "$@"' dockerd "$@" ;;
none)
    exec dockerd --bridge=none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false \
        --storage-driver=vfs "$@"
    ;;
esac
"#;

/// Fills `$1` with a root of one static program and a few of its names, and imports it.
const IMPORT: &str = r#"
set -e
mkdir -p "$1/bin" "$1/proc" "$1/dev" "$1/sys" "$1/tmp"
cp "$(command -v busybox)" "$1/bin/busybox"
for name in sh sleep true false; do ln -s busybox "$1/bin/$name"; done
tar -C "$1" -c . | docker import - "$2"
"#;

/// An engine; it ends, with its containers, its images and its folder, when dropped. Needs root
/// and Debian's packages `docker.io` and `busybox-static`.
#[derive(Debug)]
pub struct Engine {
    process: Option<Process>,
    network: &'static str,
    /// Dropped last.
    guard: Arc<Guard>,
}

impl Engine {
    /// The only image it has: a shell and `sleep`.
    pub const IMAGE: &'static str = "worker";

    /// Starts one and waits until it answers.
    ///
    /// # Errors
    /// Its log.
    pub fn start() -> Result<Self> {
        Self::start_with("none")
    }

    /// Starts one whose containers have networks, with names and published ports; all that in a network
    /// namespace of its own, so nothing of the host's is changed, and no port of theirs is reached from it.
    ///
    /// # Errors
    /// Its log.
    pub fn start_networked() -> Result<Self> {
        Self::start_with("own")
    }

    fn start_with(network: &'static str) -> Result<Self> {
        let guard = Guard::start(None)?;
        let mut engine = Self {
            process: None,
            network,
            guard,
        };
        let config = engine.dir().join("daemon.json");
        fs::write(&config, "{}").at("write", &config)?;
        engine.start_again()?;
        let root = engine.dir().join("image");
        let mut import = engine.command("/bin/sh");
        import
            .args(["-c", IMPORT, "import"])
            .arg(root)
            .arg(Self::IMAGE);
        tool::run(&mut import, "")?;
        Ok(engine)
    }

    /// Starts it with the same data and socket. Does nothing when it runs.
    ///
    /// # Errors
    /// Its log.
    pub fn start_again(&mut self) -> Result<()> {
        if self.process.as_mut().is_some_and(Process::is_running) {
            return Ok(());
        }
        let dir = self.dir();
        let mut command = self.guard.contained("/bin/sh");
        command
            .args(["-c", APART, "dockerd"])
            .arg(dir)
            .arg(self.network)
            .arg(format!("--host={}", self.host()))
            .arg(format!(
                "--config-file={}",
                dir.join("daemon.json").display()
            ))
            .arg(format!("--data-root={}", dir.join("data").display()))
            .arg(format!("--exec-root={}", dir.join("exec").display()))
            .arg(format!("--pidfile={}", dir.join("pid").display()))
            .arg(format!(
                "--cgroup-parent=/{}/containers",
                self.guard.cgroup()
            ))
            .args(["--userland-proxy=false", "--shutdown-timeout=5"]);
        let log = dir.join("log");
        let mut process = Process::spawn("dockerd", command, &log, &[])?;
        process.wait_ready(START, |_| {
            let version = self.docker(&["version"]);
            version.map(drop).map_err(|error| error.to_string())
        })?;
        self.process = Some(process);
        Ok(())
    }

    /// An orderly stop of the engine, which ends its containers; data stay.
    ///
    /// # Errors
    /// When it does not end in time.
    pub fn stop(&mut self) -> Result<()> {
        let process = self.process.take();
        process.map_or(Ok(()), |process| process.terminate(STOP))
    }

    /// Its address, as `DOCKER_HOST` is written.
    #[must_use]
    pub fn host(&self) -> String {
        format!("unix://{}", self.dir().join("docker.sock").display())
    }

    /// `docker ARGS` on this engine; gives what it wrote, trimmed.
    ///
    /// # Errors
    /// [`crate::Error::Tool`] with what it wrote.
    pub fn docker(&self, args: &[&str]) -> Result<String> {
        let output = tool::run(self.command("docker").args(args), "")?;
        Ok(output.trim().to_owned())
    }

    /// `docker-compose ARGS` for the project in a folder; the program is looked for where the test's own
    /// `PATH` says, for Debian 12 has none of version 2.
    ///
    /// # Errors
    /// It is not there, or [`crate::Error::Tool`] with what it wrote.
    pub fn compose(&self, folder: &Path, args: &[&str]) -> Result<String> {
        let mut command = self.command("docker-compose");
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        // As a shell leads there.
        command.current_dir(folder).env("PWD", folder);
        command.arg("--project-directory").arg(folder).args(args);
        tool::run(&mut command, "")
    }

    /// Makes an image of a folder, as it is but for `changes`, such as `USER 1000`.
    ///
    /// # Errors
    /// [`crate::Error::Tool`] with what it wrote.
    pub fn import(&self, root: &Path, image: &str, changes: &[&str]) -> Result<()> {
        let mut import = self.command("/bin/sh");
        let script = r#"root=$1; shift; tar -C "$root" -c . | docker import "$@""#;
        import.args(["-c", script, "import"]).arg(root);
        for change in changes {
            import.args(["--change", change]);
        }
        tool::run(import.args(["-", image]), "").map(drop)
    }

    /// Starts a container with `options` of `docker run` whose shell runs `script`.
    ///
    /// # Errors
    /// [`crate::Error::Tool`] with what it wrote.
    pub fn run(&self, name: &str, options: &[&str], script: &str) -> Result<()> {
        let mut args = vec!["run", "--detach", "--network=none", "--stop-timeout=1"];
        args.extend(["--name", name]);
        args.extend(options);
        args.extend([Self::IMAGE, "sh", "-c", script]);
        self.docker(&args).map(drop)
    }

    /// The folder that goes, with everything started for it, when this is dropped.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.guard.dir()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = self.guard.command(None, program);
        command.env("DOCKER_HOST", self.host());
        command
    }
}
