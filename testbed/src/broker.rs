//! A private RabbitMQ node.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rustix::process::Signal;

use crate::error::Context;
use crate::guard::Guard;
use crate::ports::Lease;
use crate::process::{Process, tail};
use crate::roots::Root;
use crate::{Error, Result, http, tool};

mod builder;
mod ready;

pub use builder::BrokerBuilder;

const BIN: &str = "/usr/lib/rabbitmq/bin";
const START: Duration = Duration::from_secs(120);
const STOP: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct Ports {
    amqp: Lease,
    distribution: Lease,
    management: Option<Lease>,
    prometheus: Option<Lease>,
    epmd: Arc<Lease>,
}

/// A private RabbitMQ node; it ends, with everything it started and wrote, when dropped.
#[derive(Debug)]
pub struct Broker {
    // Declared first, so reaped before the guard looks for what is left.
    process: Mutex<Option<Process>>,
    node: String,
    dir: PathBuf,
    root: Option<Root>,
    ports: Ports,
    guard: Arc<Guard>,
}

impl Broker {
    /// A node with management and prometheus plugins, unless told otherwise.
    #[must_use]
    pub fn builder() -> BrokerBuilder {
        BrokerBuilder::default()
    }

    /// The AMQP port on 127.0.0.1.
    #[must_use]
    pub fn amqp_port(&self) -> u16 {
        self.ports.amqp.port()
    }

    /// The management API's port; 0 without that plugin.
    #[must_use]
    pub fn management_port(&self) -> u16 {
        self.ports.management.as_ref().map_or(0, Lease::port)
    }

    /// The prometheus plugin's port; 0 without that plugin.
    #[must_use]
    pub fn prometheus_port(&self) -> u16 {
        self.ports.prometheus.as_ref().map_or(0, Lease::port)
    }

    /// `amqp://guest:guest@127.0.0.1:PORT/%2f`
    #[must_use]
    pub fn amqp_url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.amqp_port())
    }

    /// `http://127.0.0.1:PORT` of the management API.
    #[must_use]
    pub fn management_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.management_port())
    }

    /// `http://127.0.0.1:PORT` of the prometheus plugin.
    #[must_use]
    pub fn prometheus_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.prometheus_port())
    }

    /// The Erlang node name.
    #[must_use]
    pub fn node_name(&self) -> &str {
        &self.node
    }

    /// The process id of the Erlang virtual machine, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.lock().as_ref().map(Process::pid)
    }

    /// The node's folder: configuration, data, logs. All of a cluster's nodes, and what
    /// they left running, are under its parent.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The last lines of its log.
    #[must_use]
    pub fn log(&self) -> String {
        tail(&self.log_file())
    }

    /// Its log file.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.dir.join("rabbit.log")
    }

    /// RabbitMQ's version, such as `3.10.8`, from the installed server.
    ///
    /// # Errors
    /// When no RabbitMQ is installed there.
    pub fn version(&self) -> Result<String> {
        let lib = self
            .root
            .as_ref()
            .map_or(Path::new("/"), Root::path)
            .join("usr/lib/rabbitmq/lib");
        let entries = fs::read_dir(&lib).at("list", &lib)?;
        entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .find_map(|name| Some(name.strip_prefix("rabbitmq_server-")?.to_owned()))
            .ok_or_else(|| Error::Missing(format!("no RabbitMQ in {}", lib.display())))
    }

    /// `rabbitmqctl` against this node; gives its standard output. Takes a second or two.
    ///
    /// # Errors
    /// [`Error::Tool`] with its output.
    pub fn ctl(&self, args: &[&str]) -> Result<String> {
        tool::run(self.command("rabbitmqctl").arg("-q").args(args), "")
    }

    /// `GET` on the management API as `guest`, such as `/api/overview`.
    ///
    /// # Errors
    /// When the plugin is off or the answer is no 2xx with JSON.
    pub fn management(&self, path: &str) -> Result<serde_json::Value> {
        http::get_json(&self.management_api(path)?)
    }

    pub(crate) fn management_api(&self, path: &str) -> Result<String> {
        match self.management_port() {
            0 => Err(Error::Missing(format!(
                "{}: no management plugin",
                self.node
            ))),
            port => Ok(format!("http://guest:guest@127.0.0.1:{port}{path}")),
        }
    }

    /// Whether the node's process exists; also true of a frozen one.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.lock().as_mut().is_some_and(Process::is_running)
    }

    /// SIGSTOP: its sockets still accept, nothing answers.
    ///
    /// # Errors
    /// When it is not running.
    pub fn freeze(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// SIGCONT after [`Broker::freeze`].
    ///
    /// # Errors
    /// When it is not running.
    pub fn thaw(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    /// SIGKILL; data stay for [`Broker::start_again`].
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&self) -> Result<()> {
        self.lock().take().map_or(Ok(()), Process::kill)
    }

    /// An orderly stop, some 6 s with the management plugin on 3.10; data stay for
    /// [`Broker::start_again`].
    ///
    /// # Errors
    /// When it does not end in time.
    pub fn stop(&self) -> Result<()> {
        let process = self.lock().take();
        process.map_or(Ok(()), |process| process.terminate(STOP))
    }

    /// Starts it with the same data, name and ports, and waits until it serves. Does
    /// nothing when it runs.
    ///
    /// # Errors
    /// As [`BrokerBuilder::start`].
    pub fn start_again(&self) -> Result<()> {
        self.launch()?;
        self.wait_ready()
    }

    /// Starts it without waiting.
    pub(crate) fn launch(&self) -> Result<()> {
        let mut slot = self.lock();
        if slot.as_mut().is_some_and(Process::is_running) {
            return Ok(());
        }
        let log = self.dir.join("startup.log");
        let name = format!("rabbitmq {}", self.node);
        *slot = Some(Process::spawn(
            name,
            self.command("rabbitmq-server"),
            &log,
            &[self.log_file()],
        )?);
        Ok(())
    }

    pub(crate) fn wait_ready(&self) -> Result<()> {
        let mut slot = self.lock();
        let process = slot
            .as_mut()
            .ok_or_else(|| Error::Missing(format!("{} was not started", self.node)))?;
        let ready = process.wait_ready(START, |process| ready::look(self, process));
        if ready.is_err() {
            *slot = None;
        }
        ready
    }

    /// A program that starts, stops and tells the state of the node, as an operator's own would:
    /// `PROGRAM start|stop|status`. What it started is not [`Broker::is_running`]'s to know.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn control(&self) -> Result<PathBuf> {
        let path = self.dir.join("control");
        let server = self.command("rabbitmq-server");
        let variables = server.get_envs().filter_map(|(name, value)| {
            let value = value?.to_string_lossy().into_owned();
            Some(format!("export {}='{value}'\n", name.to_string_lossy()))
        });
        let (dir, program) = (self.dir.display(), server.get_program().to_string_lossy());
        let arguments: Vec<_> = server.get_args().map(|a| a.to_string_lossy()).collect();
        let text = format!(
            "#!/bin/sh\n{}cd '{dir}' || exit 1\n\
             pid=$(cat pid 2>/dev/null)\n\
             runs() {{ [ -n \"$pid\" ] && grep -q '^State:.[^ZX]' \"/proc/$pid/status\" 2>/dev/null; }}\n\
             case $1 in\n\
             start) runs && exit 0; echo start >>starts; setsid -f '{program}' {} >>startup.log 2>&1 </dev/null; n=0\n\
             until pid=$(cat pid 2>/dev/null); runs; do n=$((n + 1)); [ $n -gt 500 ] && exit 1; sleep 0.1; done ;;\n\
             stop) runs || exit 0; kill -TERM \"$pid\"; n=0\n\
             while runs; do n=$((n + 1)); [ $n -gt 80 ] && kill -KILL \"$pid\"; sleep 0.1; done ;;\n\
             status) runs ;;\n\
             *) exit 2 ;;\n\
             esac\n",
            variables.collect::<String>(),
            arguments.join(" "),
        );
        fs::write(&path, text).at("write", &path)?;
        let runs = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&path, runs).at("make a program of", &path)?;
        Ok(path)
    }

    /// How often [`Broker::control`]'s program started the node.
    #[must_use]
    pub fn control_starts(&self) -> usize {
        let starts = fs::read_to_string(self.dir.join("starts"));
        starts.unwrap_or_default().lines().count()
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        self.lock().as_mut().map_or_else(
            || Err(Error::Missing(format!("{} is not running", self.node))),
            |process| process.signal(signal),
        )
    }

    fn lock(&self) -> MutexGuard<'_, Option<Process>> {
        self.process
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Its configuration, plugins and cookie.
    pub(crate) fn write_files(&self, builder: &BrokerBuilder) -> Result<()> {
        fs::create_dir_all(self.dir.join("conf.d")).at("make", &self.dir)?;
        let cookie = self.guard.dir().join(".erlang.cookie");
        if !cookie.exists() {
            let secret = self
                .guard
                .dir()
                .to_string_lossy()
                .replace(['/', '.', '-'], "");
            fs::write(&cookie, secret).at("write", &cookie)?;
            let owner_only = std::os::unix::fs::PermissionsExt::from_mode(0o400);
            fs::set_permissions(&cookie, owner_only).at("protect", &cookie)?;
        }
        let mut conf = vec![
            "log.file.level = info".to_owned(),
            "log.console = false".to_owned(),
        ];
        for (plugin, port) in [
            ("management", self.management_port()),
            ("prometheus", self.prometheus_port()),
        ] {
            if port != 0 {
                conf.push(format!(
                    "{plugin}.tcp.ip = 127.0.0.1\n{plugin}.tcp.port = {port}"
                ));
            }
        }
        conf.extend(builder.conf_lines());
        let write = |name: &str, text: String| {
            let path = self.dir.join(name);
            fs::write(&path, text).at("write", &path)
        };
        write("rabbitmq.conf", conf.join("\n") + "\n")?;
        write(
            "enabled_plugins",
            format!("[{}].\n", builder.plugin_names().join(",")),
        )
    }

    /// A RabbitMQ script with this node's whole environment.
    fn command(&self, script: &str) -> Command {
        let mut command = self
            .guard
            .command(self.root.as_ref(), &format!("{BIN}/{script}"));
        let in_dir = |name: &str| self.dir.join(name);
        command
            .current_dir(&self.dir)
            .env("RABBITMQ_NODENAME", &self.node)
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODE_PORT", self.amqp_port().to_string())
            .env(
                "RABBITMQ_DIST_PORT",
                self.ports.distribution.port().to_string(),
            )
            .env("ERL_EPMD_PORT", self.ports.epmd.port().to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_MNESIA_BASE", in_dir("data"))
            .env("RABBITMQ_LOG_BASE", &self.dir)
            .env("RABBITMQ_LOGS", self.log_file())
            .env("RABBITMQ_PID_FILE", in_dir("pid"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", in_dir("enabled_plugins"))
            .env("RABBITMQ_CONFIG_FILE", in_dir("rabbitmq"))
            .env("RABBITMQ_CONFIG_FILES", in_dir("conf.d"))
            .env("RABBITMQ_ADVANCED_CONFIG_FILE", in_dir("advanced.config"))
            .env("RABBITMQ_CONF_ENV_FILE", in_dir("no-env.conf"))
            // The server script becomes the virtual machine instead of waiting for it.
            .env("RUNNING_UNDER_SYSTEMD", "true")
            .env("ERL_CRASH_DUMP_SECONDS", "0")
            .env(
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "-kernel inet_dist_use_interface {127,0,0,1}",
            );
        command
    }
}
