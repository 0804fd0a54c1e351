//! The fleet in which the documents' commands are run: a broker, two kinds of workers in warrener's care,
//! Prometheus and Alertmanager.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;
use testbed::{
    Alertmanager, Broker, Program, Prometheus, PrometheusConfig, sample_worker, wait_until,
};

use crate::support::env::set_mode;
use crate::support::ward::{Care, Ward};
use crate::support::{EXE, PATIENCE};

/// Alertmanager's own; nobody is told.
const NOBODY: &str = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n";

/// A playbook of the reader's own, as WRITE_A_PLAYBOOK has one.
const OWN: &str = "playbook: gentle-worker\nsummary: Starts what is gone.\ntriggers: [LicenseExpired]\nconfirm: alert\nladder:\n  \
                   - {rung: start, steps: [{do: worker.start}]}\nverify: {all: [workers_consuming], within: 60s, \
                   stable_for: 5s}\n";

pub(super) struct Scene {
    ward: Ward,
    tools: TempDir,
    prometheus: Prometheus,
    alertmanager: Alertmanager,
}

impl Scene {
    /// Starts it, with a run that waits for a person, as a worker is down; the first command that
    /// approves it brings the worker back.
    pub(super) fn start() -> Self {
        let tools = tempfile::tempdir().unwrap();
        let own = tools.path().join("own");
        fs::create_dir(&own).unwrap();
        fs::write(own.join("gentle-worker.yml"), OWN).unwrap();
        let care = Care {
            kinds: vec![("task-worker", 2), ("mail", 1)],
            recovery: format!(
                "  playbooks: {{worker-unhealthy: {{mode: approve}}}}\n  own_playbooks: {}\n",
                own.display()
            ),
            more: "files: {logs: [{glob: '*.log', error: 'ERROR|Traceback'}]}\n".to_owned(),
            ..Care::default()
        };
        // This host's own release, as its tools are used.
        let broker = Broker::builder().start().unwrap();
        let ward = care.start_at(broker);
        let address = ward.warrener.address().to_owned();
        let scraped = PrometheusConfig::scraping("warrener", &address);
        let scene = Scene {
            prometheus: Prometheus::start(&scraped).unwrap(),
            alertmanager: Alertmanager::start(NOBODY).unwrap(),
            ward,
            tools,
        };
        scene.wrap();
        scene
    }

    /// The run of this state, once there is one.
    fn number(&self, state: &str) -> String {
        let number = wait_until(&format!("a run that is {state}"), PATIENCE, || {
            let runs = self.ward.runs();
            let run = runs.iter().find(|run| run["state"] == state);
            run.and_then(|run| run["id"].as_i64())
                .ok_or_else(|| format!("{runs:#?}"))
        });
        number.unwrap().to_string()
    }

    /// A run that is held: everything is paused while it is asked for.
    fn held(&self) -> String {
        self.ward.act("/api/v1/pause", &json!({}));
        let asked = json!({"playbook": "housekeeping", "target": "host"});
        let (status, answer) = self.ward.act("/api/v1/runs", &asked);
        assert_eq!(status, 202, "{answer}");
        let number = self.number("held");
        self.ward.act("/api/v1/resume", &json!({}));
        number
    }

    /// Runs it in the fleet's folder: the code of each stage of its pipe, and its output.
    pub(super) fn run(&self, command: &str) -> (Vec<i32>, String) {
        let approves = command.contains("{waiting}");
        let mut text = command.replace("{server}", self.ward.warrener.address());
        text = text.replace("{prometheus}", &address(&self.prometheus.url()));
        text = text.replace("{alertmanager}", &address(&self.alertmanager.url()));
        if approves {
            text = text.replace("{waiting}", &self.number("awaiting_approval"));
        }
        if text.contains("{held}") {
            text = text.replace("{held}", &self.held());
        }
        if text.contains("{pid}") && !text.contains("kill") {
            let pids = self.ward.pids("task-worker");
            text = text.replace("{pid}", &pids[0].to_string());
        }
        let own = tempfile::tempdir().unwrap();
        let codes = own.path().join("codes");
        let mut script = String::new();
        // A process to end; asked for a password, it is `guest`.
        script += "sleep 60 & victim=$!\n";
        text = text.replace("{pid}", "$victim");
        text = text.replace("curl ", "curl --fail ");
        if text.contains("rabbitmqctl") {
            text += " <<< guest";
        }
        writeln!(
            script,
            "{text}\nprintf '%s ' \"${{PIPESTATUS[@]}}\" >'{}'\nkill -9 $victim; exit 0",
            codes.display()
        )
        .unwrap();
        let path = format!(
            "{}:{}:/usr/bin:/bin:/usr/sbin:/sbin",
            self.tools.path().display(),
            sample_worker().unwrap().parent().unwrap().display()
        );
        let shell = Program::new("/bin/bash").unwrap().args(["-c", &script]);
        let shell = shell.env("PATH", &path).working_in(self.ward.dir());
        fs::write(&codes, "255").unwrap();
        shell.start().unwrap();
        shell.wait(PATIENCE * 3).unwrap();
        let told = fs::read_to_string(&codes).unwrap();
        let told = told.split_whitespace().filter_map(|code| code.parse().ok());
        if approves {
            self.approve_the_rest();
        }
        (told.collect(), shell.log())
    }

    /// The other kind of workers, too; then all is well.
    fn approve_the_rest(&self) {
        let kinds = [("task-worker", 2.0), ("mail", 1.0)];
        let name = "warrener_worker_consumers";
        let what = "the fleet, approved";
        self.ward.warrener.wait_for(what, PATIENCE * 2, |metrics| {
            for run in self.ward.runs() {
                if run["state"] == "awaiting_approval" {
                    let path = format!("/api/v1/runs/{}/approve", run["id"]);
                    self.ward.act(&path, &json!({}));
                }
            }
            let all = |(kind, count)| metrics.get(name, &[("worker", kind)]) == Some(count);
            kinds.into_iter().all(all)
                && metrics.get("warrener_health_score", &[]) == Some(100.0)
                && self.ward.runs().iter().all(|run| run["state"] == "ended")
        });
    }

    /// The tools in front of the machine's: `warrener` asks this server, with its token; RabbitMQ's ask
    /// this node; what would go on for ever is ended.
    fn wrap(&self) {
        let (server, dir) = (self.ward.warrener.address(), self.ward.dir().display());
        let write = |name: &str, text: String| {
            let path = self.tools.path().join(name);
            fs::write(&path, format!("#!/bin/bash\n{text}")).unwrap();
            set_mode(&path, 0o755);
        };
        let time = "timeout --kill-after 1 170";
        write(
            "warrener",
            format!(
                "with=()\ntime='{time}'\n\
                 case \"$1\" in status|runs|recover|pause|resume|watch|report|stress)\n\
                 [[ \" $* \" == *' --url '* ]] || with+=(--url 'http://{server}');; esac\n\
                 case \"$1 $2\" in runs\\ approve|runs\\ cancel|recover*|pause*|resume*|watch*)\n\
                 [[ \" $* \" == *' --token-file '* ]] || with+=(--token-file '{dir}/token');; esac\n\
                 [[ \" $* \" == *' --watch '* ]] && time='timeout 2'\n\
                 [[ \" $* \" == *' --wait '* ]] && time='timeout 30'\n\
                 [[ \" $* \" == *worker-unhealthy*' --wait '* ]] && time='timeout 3'\n\
                 exec $time '{EXE}' \"$@\" \"${{with[@]}}\"\n"
            ),
        );
        write(
            "curl",
            "time='timeout 20'\n[[ \" $* \" == */events* ]] && time='timeout 2'\n\
             exec $time /usr/bin/curl \"$@\"\n"
                .to_owned(),
        );
        let variables = variables(&self.ward.broker.control().unwrap());
        for name in ["rabbitmqctl", "rabbitmq-diagnostics", "rabbitmq-queues"] {
            let text = format!("{variables}exec {time} /usr/lib/rabbitmq/bin/{name} \"$@\"\n");
            write(name, text);
        }
    }
}

/// `HOST:PORT` of a URL.
fn address(url: &str) -> String {
    url.trim_start_matches("http://")
        .trim_end_matches('/')
        .to_owned()
}

/// What the node's own control program exports.
fn variables(control: &Path) -> String {
    let text = fs::read_to_string(control).unwrap();
    let lines = text.lines().filter(|line| line.starts_with("export "));
    lines.map(|line| format!("{line}\n")).collect()
}
