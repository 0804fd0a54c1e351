//! A fleet in warrener's care: it starts the workers itself, and repairs what breaks. Broker, workers
//! and their faults are real.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use testbed::{Broker, sample_worker, wait_until};

use super::env::set_mode;
use super::{PATIENCE, ROOMY, Tmpfs, Warrener, ask, post, prepare};

/// What opens the routes that act.
pub(crate) const TOKEN: &str = "t0ken-of-the-story";

/// They end at once while there is a file `die`.
pub(crate) const MORTAL: &str = "[ -e die ] && exit 1\nexec \"$@\"\n";
/// Their parent takes no notice of their end.
pub(crate) const UNREAPED: &str = "\"$@\" &\nexec sleep 1000000\n";
/// They are started again whenever they end, after a second, as many a supervisor does.
pub(crate) const REVIVED: &str =
    "trap 'kill $child; exit' TERM\nwhile :; do \"$@\" & child=$!; wait; sleep 1; done\n";

/// How a fleet shall be.
pub(crate) struct Care {
    /// Kinds of workers, each with a queue of its name: how many processes.
    pub(crate) kinds: Vec<(&'static str, u32)>,
    /// More of each kind, in YAML; `{dir}` is the fleet's folder.
    pub(crate) kind: &'static str,
    /// Findings are triggers.
    pub(crate) reflex: bool,
    /// `recovery.mode`.
    pub(crate) mode: &'static str,
    /// warrener may restart the broker.
    pub(crate) restarts_broker: bool,
    /// More of `recovery`, in YAML, each line indented by two.
    pub(crate) recovery: String,
    /// More of the whole file.
    pub(crate) more: String,
    /// More arguments of the workers.
    pub(crate) arguments: Vec<String>,
    /// A script that they are started by, with their command line as its arguments; none if empty.
    pub(crate) wrapper: &'static str,
    /// The state directory is on a disk of this size, so that it can be filled.
    pub(crate) disk: Option<&'static str>,
    /// Time that a message takes, in milliseconds.
    pub(crate) work_ms: u32,
}

impl Default for Care {
    fn default() -> Self {
        Care {
            kinds: vec![("task", 2)],
            kind: "min_healthy: 1",
            reflex: true,
            mode: "auto",
            restarts_broker: false,
            recovery: String::new(),
            more: String::new(),
            arguments: Vec::new(),
            wrapper: "",
            disk: None,
            work_ms: 10,
        }
    }
}

/// A fleet in warrener's care.
pub(crate) struct Ward {
    pub(crate) broker: Broker,
    pub(crate) warrener: Warrener,
    kinds: Vec<(&'static str, u32)>,
    disk: Option<Tmpfs>,
}

impl Care {
    /// Starts the broker and warrener, which starts the workers; waits until all is well.
    pub(crate) fn start(self) -> Ward {
        let ward = self.start_at(super::broker().start().unwrap());
        ward.wait_well("a fleet that warrener started");
        ward
    }

    /// The same with this broker, without waiting.
    pub(crate) fn start_at(self, broker: Broker) -> Ward {
        for (kind, _) in &self.kinds {
            broker.declare(kind, &serde_json::json!({})).unwrap();
        }
        let worker = sample_worker().unwrap();
        let control = self.restarts_broker.then(|| broker.control().unwrap());
        let program = prepare(&["serve", "--web.listen-address=127.0.0.1:0"]);
        let dir = program.dir().to_owned();
        fs::write(dir.join("token"), TOKEN).unwrap();
        set_mode(&dir.join("token"), 0o600);
        fs::write(dir.join(".env"), env(&broker)).unwrap();
        set_mode(&dir.join(".env"), 0o640);
        let wrapper = dir.join("wrapper");
        fs::write(&wrapper, format!("#!/bin/sh\n{}", self.wrapper)).unwrap();
        set_mode(&wrapper, 0o755);
        let disk = self.disk.map(|size| Tmpfs::mount(size).unwrap());
        let mut text = self.yaml(&broker, &dir, &worker, control.as_deref());
        if let Some(disk) = &disk {
            let there = format!("state: {}/state", disk.path().display());
            text = text.replace("state: state", &there);
        }
        fs::write(dir.join("warrener.yml"), text).unwrap();
        let warrener = Warrener::start(program);
        Ward {
            broker,
            warrener,
            kinds: self.kinds,
            disk,
        }
    }

    fn yaml(&self, broker: &Broker, dir: &Path, worker: &Path, control: Option<&Path>) -> String {
        let mut workers = String::new();
        for (kind, count) in &self.kinds {
            let arguments = [
                worker.display().to_string(),
                "--kind".into(),
                (*kind).to_owned(),
                "--queue".into(),
                (*kind).to_owned(),
                "--prefetch".into(),
                "5".into(),
                "--work-ms".into(),
                self.work_ms.to_string(),
                "--message-log".into(),
                dir.join(format!("{kind}.messages")).display().to_string(),
                "--start-log".into(),
                format!("{kind}.starts"),
            ];
            let wrapper = dir.join("wrapper").display().to_string();
            let command: Vec<String> = (!self.wrapper.is_empty())
                .then_some(wrapper)
                .into_iter()
                .chain(arguments)
                .chain(self.arguments.clone())
                .collect();
            write!(
                workers,
                "  {kind}:\n    control: {{process: {{command: {}, cwd: ., log: {kind}.log}}}}\n    \
                 count: {count}\n    queues: [{kind}]\n    env_file: .env\n    \
                 stop: {{grace: 2s}}\n    hang: {{no_ack_for: 4s, cpu_spin: 0.5}}\n    {}\n",
                serde_json::to_string(&command).unwrap(),
                self.kind.replace("{dir}", &dir.display().to_string())
            )
            .unwrap();
        }
        let control = control.map_or(String::new(), |path| {
            let path = path.display();
            format!(
                "  control: {{command: {{start: ['{path}', start], stop: ['{path}', stop], \
                 status: ['{path}', status]}}}}\n"
            )
        });
        format!(
            "identity: app-1\nstate: state\nbroker:\n  \
             amqp: 'amqp://${{RABBITMQ_USER}}:${{RABBITMQ_PASS}}@${{RABBITMQ_HOST}}:\
             ${{RABBITMQ_PORT}}/%2f'\n  management: {}\n  prometheus: {}\n  every: 1s\n  \
             roundtrip: {{every: 2s}}\n{control}{ROOMY}workers:\n{workers}env_files:\n- path: .env\n  \
             mode: '0640'\n  keep_after: 2s\n  keys:\n    RABBITMQ_HOST: {{required: true, type: host, default: localhost}}\n    \
             RABBITMQ_PORT: {{required: true, type: port, default: 5672}}\n    \
             RABBITMQ_USER: {{required: true, type: string, default: guest}}\n    \
             RABBITMQ_PASS: {{required: true, type: secret, default: guest}}\n\
             web: {{auth: {{bearer_file: token}}}}\n\
             recovery:\n  mode: {}\n  reflex: {}\n{}{}",
            broker.management_url(),
            broker.prometheus_url(),
            self.mode,
            self.reflex,
            self.recovery,
            self.more,
        )
    }
}

fn env(broker: &Broker) -> String {
    format!(
        "RABBITMQ_HOST=127.0.0.1\nRABBITMQ_PORT={}\nRABBITMQ_USER=guest\nRABBITMQ_PASS=guest\n",
        broker.amqp_port()
    )
}

impl Ward {
    pub(crate) fn dir(&self) -> &Path {
        self.warrener.dir()
    }

    /// The small disk that its state is on.
    pub(crate) fn disk(&self) -> &Path {
        self.disk.as_ref().unwrap().path()
    }

    /// How often workers of a kind were started, by their own word.
    pub(crate) fn starts(&self, kind: &str) -> usize {
        let log = fs::read_to_string(self.dir().join(format!("{kind}.starts")));
        log.unwrap_or_default().lines().count()
    }

    pub(crate) fn env_file(&self) -> PathBuf {
        self.dir().join(".env")
    }

    /// Kills warrener, where it still runs, and starts it again, told to crash there.
    pub(crate) fn restart(&mut self, crash_at: Option<&str>) {
        self.kill();
        self.warrener.program.set_env("WARRENER_CRASH_AT", crash_at);
        self.warrener.start_again();
    }

    /// The same, with a ledger of its own: no cooldown, no budget, no run before.
    pub(crate) fn restart_anew(&mut self, crash_at: Option<&str>) {
        self.kill();
        for entry in fs::read_dir(self.dir().join("state")).unwrap().flatten() {
            if entry.file_name().to_string_lossy().starts_with("ledger") {
                fs::remove_file(entry.path()).unwrap();
            }
        }
        self.restart(crash_at);
    }

    fn kill(&self) {
        let program = &self.warrener.program;
        // It may have ended by itself.
        if let (Some(pid), Err(_)) = (program.pid(), program.wait(Duration::ZERO)) {
            Self::signal(pid, Signal::KILL);
            program.wait(PATIENCE).unwrap();
        }
    }

    /// A JSON answer of the API.
    pub(crate) fn get(&self, path: &str) -> Value {
        let answer = ask(self.warrener.address(), &format!("GET {path}"), &[]);
        assert_eq!(answer.status, 200, "{}", answer.text());
        serde_json::from_str(&answer.text()).unwrap()
    }

    /// What a request to act was answered: its status and body.
    pub(crate) fn act(&self, path: &str, body: &Value) -> (u16, Value) {
        let body = body.to_string();
        let answer = post(self.warrener.address(), path, Some(TOKEN), body.as_bytes());
        let text = answer.text();
        (
            answer.status,
            serde_json::from_str(&text).unwrap_or(Value::Null),
        )
    }

    /// The newest runs, newest first.
    pub(crate) fn runs(&self) -> Vec<Value> {
        self.get("/api/v1/runs")["runs"].as_array().unwrap().clone()
    }

    /// One run with its steps.
    pub(crate) fn run(&self, id: i64) -> Value {
        self.get(&format!("/api/v1/runs/{id}"))
    }

    /// Waits for a run after number `after` of this playbook, until it is over, and gives it.
    pub(crate) fn wait_over(&self, playbook: &str, after: i64, patience: Duration) -> Value {
        let what = format!("a run of {playbook} to end");
        let over = wait_until(&what, patience, || {
            let runs = self.runs();
            let own =
                |run: &&Value| run["playbook"] == playbook && run["id"].as_i64() > Some(after);
            let run = runs
                .iter()
                .filter(own)
                .min_by_key(|run| run["id"].as_i64())?;
            (run["state"] == "ended").then(|| run.clone())
        });
        over.unwrap_or_else(|error| {
            panic!(
                "{error}\n{:#?}\n{}",
                self.runs(),
                self.warrener.program.log()
            )
        })
    }

    /// The number of the newest run; 0 before the first.
    pub(crate) fn newest(&self) -> i64 {
        self.runs()
            .iter()
            .filter_map(|run| run["id"].as_i64())
            .max()
            .unwrap_or(0)
    }

    /// Waits until there is a last known good of the env file.
    pub(crate) fn wait_known_good(&self) {
        self.warrener.wait("a last known good", |m| {
            let name = "warrener_env_file_last_known_good_timestamp_seconds";
            m.all(name, &[]).next().is_some()
        });
    }

    /// A signal to the broker's node, whoever started it.
    pub(crate) fn kill_broker(&self, signal: Signal) {
        let pid = fs::read_to_string(self.broker.dir().join("pid")).unwrap();
        Self::signal(pid.trim().parse().unwrap(), signal);
    }

    /// Waits until every worker runs and consumes, the score is 100 and nothing is under way.
    pub(crate) fn wait_well(&self, what: &str) {
        let desired: Vec<_> = self.kinds.clone();
        let since = Instant::now();
        self.warrener.wait_for(what, Duration::from_secs(120), |m| {
            desired.iter().all(|(kind, count)| {
                m.get("warrener_worker_consumers", &[("worker", kind)]) == Some(f64::from(*count))
            }) && m.get("warrener_health_score", &[]) == Some(100.0)
        });
        let quiet = wait_until("no run under way", PATIENCE, || {
            let runs = self.runs();
            runs.iter().all(|run| run["state"] == "ended").then_some(())
        });
        quiet.unwrap_or_else(|e| panic!("{e}: {:#?} after {:?}", self.runs(), since.elapsed()));
    }

    /// The processes of a kind, as the kernel has them.
    pub(crate) fn pids(&self, kind: &str) -> Vec<u32> {
        let dir = self.dir().join(format!("{kind}.messages"));
        let mark = format!("--message-log\0{}", dir.display());
        let all = fs::read_dir("/proc").unwrap().flatten();
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

    /// A signal to a process of this fleet.
    pub(crate) fn signal(pid: u32, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// What the workers of a kind say that they did, each message once.
    pub(crate) fn worked(&self, kind: &str) -> BTreeSet<String> {
        let log = self.dir().join(format!("{kind}.messages"));
        let text = fs::read_to_string(log).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Waits until every one of these messages was worked on: none was lost.
    pub(crate) fn wait_worked(&self, kind: &str, messages: &[String]) {
        let missing = || {
            let worked = self.worked(kind);
            messages.iter().filter(|m| !worked.contains(*m)).count()
        };
        let done = wait_until("every message worked on", PATIENCE, || match missing() {
            0 => Ok(()),
            n => Err(format!("{n} missing")),
        });
        done.unwrap();
    }
}

/// The steps of a run that were done: action and words.
pub(crate) fn steps(whole: &Value) -> Vec<(String, String)> {
    let steps = whole["steps"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let told = |step: &Value| (text(&step["action"]), text(&step["result"]));
    steps.iter().map(told).collect()
}
