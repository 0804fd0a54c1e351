//! The folder: `warrener.yml`, the `.env` that workers and warrener share, and a program for each
//! kind of worker, as a deployment puts it there.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};
use testbed::{Broker, sample_worker};

use crate::Outcome;
use crate::options::{Options, Way};

/// A kind of workers, on the queue of its name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) queue: &'static str,
    pub(crate) count: usize,
    /// It reads `.env` itself; else it is started with it.
    reads_env: bool,
    /// Messages a second that its queue is sent.
    pub(crate) rate: usize,
}

/// Every kind.
pub(crate) const KINDS: [Kind; 2] = [
    Kind {
        name: "orders-worker",
        queue: "orders",
        count: 2,
        reads_env: false,
        rate: 20,
    },
    Kind {
        name: "emails-worker",
        queue: "emails",
        count: 2,
        reads_env: true,
        rate: 5,
    },
];

/// The kind that breaks.
pub(crate) const PATIENT: Kind = KINDS[0];

/// What opens warrener's routes that act.
pub(crate) const TOKEN: &str = "of-the-demo";

/// The folder of one demo.
#[derive(Clone, Debug)]
pub(crate) struct Fleet {
    dir: PathBuf,
    orders: &'static [&'static str],
}

impl Fleet {
    /// Lays the folder out; `warrener.yml` is written apart.
    pub(crate) fn lay(dir: &Path, broker: &Broker, options: &Options) -> Outcome<Self> {
        let fleet = Fleet {
            dir: dir.to_owned(),
            orders: options.fault.map_or(&[], |fault| fault.orders()),
        };
        fs::create_dir(dir.join("bin"))?;
        for kind in KINDS {
            symlink(sample_worker()?, fleet.program(kind))?;
        }
        fs::write(fleet.token(), TOKEN)?;
        fs::set_permissions(fleet.token(), fs::Permissions::from_mode(0o600))?;
        fs::write(
            fleet.env_file(),
            format!(
                "# The broker, for the workers and for warrener\nRABBITMQ_HOST=127.0.0.1\n\
                 RABBITMQ_PORT={}\nRABBITMQ_USER=guest\nRABBITMQ_PASS=guest\n",
                broker.amqp_port()
            ),
        )?;
        // Others may not read a password.
        fs::set_permissions(fleet.env_file(), fs::Permissions::from_mode(0o640))?;
        Ok(fleet)
    }

    pub(crate) fn env_file(&self) -> PathBuf {
        self.dir.join(".env")
    }

    pub(crate) fn token(&self) -> PathBuf {
        self.dir.join("token")
    }

    /// What is started as a worker of this kind.
    pub(crate) fn program(&self, kind: Kind) -> PathBuf {
        self.dir.join("bin").join(kind.name)
    }

    /// Its arguments.
    pub(crate) fn arguments(&self, kind: Kind) -> Vec<String> {
        let plain = [
            "--kind",
            kind.name,
            "--queue",
            kind.queue,
            "--prefetch",
            "5",
        ];
        let mut arguments: Vec<String> = plain.map(str::to_owned).into();
        arguments.extend(["--work-ms", "20", "--message-log"].map(str::to_owned));
        arguments.push(self.message_log(kind).display().to_string());
        if kind.reads_env {
            let env = self.env_file().display().to_string();
            arguments.extend(["--env-file".to_owned(), env]);
        }
        arguments.extend(self.orders.iter().map(|word| (*word).to_owned()));
        arguments
    }

    fn message_log(&self, kind: Kind) -> PathBuf {
        self.dir.join(format!("{}.messages", kind.name))
    }

    /// The messages that workers of this kind say they worked on.
    pub(crate) fn worked(&self, kind: Kind) -> Vec<String> {
        let text = fs::read_to_string(self.message_log(kind)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The processes of a kind, as the kernel has them, whoever started them.
    pub(crate) fn pids(&self, kind: Kind) -> Vec<u32> {
        let mark = format!("{}\0--kind\0", self.program(kind).display());
        let all = fs::read_dir("/proc").into_iter().flatten().flatten();
        let mut pids: Vec<u32> = all
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid| {
                let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                String::from_utf8_lossy(&line).contains(&mark)
            })
            .collect();
        pids.sort_unstable();
        pids
    }

    /// `warrener.yml`. The machine of whoever looks on is not what is shown, so its disks and memory
    /// are left out.
    pub(crate) fn configure(
        &self,
        broker: &Broker,
        way: Way,
        alertmanager: Option<&str>,
    ) -> Outcome<()> {
        let mut workers = String::new();
        for kind in KINDS {
            let Kind {
                name, queue, count, ..
            } = kind;
            let program = self.program(kind).display().to_string();
            let mut command = vec![program.clone()];
            command.extend(self.arguments(kind));
            // A JSON list of strings is a YAML one. A busy machine leaves less than a core to spin on.
            let command = serde_json::to_string(&command)?;
            write!(
                workers,
                "  {name}:\n    control: {{process: {{command: {command}, cwd: ., log: {name}.log}}}}\n    \
                 match: {{cmdline: '{program} --kind'}}\n    count: {count}\n    queues: [{queue}]\n    \
                 env_file: .env\n    stop: {{grace: 5s}}\n    hang: {{no_ack_for: 5s, cpu_spin: 0.3}}\n",
            )?;
        }
        let control = broker.control()?;
        let control = control.display();
        let alertmanager =
            alertmanager.map_or(String::new(), |url| format!("  alertmanager: {url}\n"));
        let text = format!(
            "identity: demo\nstate: state\nbroker:\n  \
             amqp: amqp://${{RABBITMQ_USER}}:${{RABBITMQ_PASS}}@${{RABBITMQ_HOST}}:${{RABBITMQ_PORT}}/%2f\n  \
             management: {management}\n  prometheus: {prometheus}\n  every: 2s\n  \
             roundtrip: {{every: 4s}}\n  control: {{command: {{start: ['{control}', start], \
             stop: ['{control}', stop], status: ['{control}', status]}}}}\n\
             queues:\n  pinned:\n    orders: {{min_consumers: 2, max_ready: 1000}}\n    \
             emails: {{min_consumers: 1, max_ready: 1000}}\n\
             workers:\n{workers}\
             env_files:\n- path: .env\n  mode: '0640'\n  keep_after: 5s\n  keys:\n    \
             RABBITMQ_HOST: {{required: true, type: host, default: localhost}}\n    \
             RABBITMQ_PORT: {{required: true, type: port, default: 5672}}\n    \
             RABBITMQ_USER: {{required: true, type: string, default: guest}}\n    \
             RABBITMQ_PASS: {{required: true, type: secret, default: guest}}\n\
             host: {{disks: [], min_memory_available: 0}}\n\
             web: {{auth: {{bearer_file: token}}}}\n\
             recovery:\n  mode: auto\n  reflex: {reflex}\n{alertmanager}",
            management = broker.management_url(),
            prometheus = broker.prometheus_url(),
            reflex = way == Way::Reflex,
        );
        Ok(fs::write(self.dir.join("warrener.yml"), text)?)
    }
}

/// A signal to one of the fleet's processes.
pub(crate) fn signal(pid: u32, signal: Signal) -> Outcome<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or("no such process")?;
    Ok(kill_process(pid, signal)?)
}
