//! What an administrator does after the installation, with the files that the package brought: a token,
//! a polkit rule, workers, Prometheus with the fast rules, Alertmanager with the webhook.

use std::time::{Duration, Instant};

use serde_json::Value;
use testbed::{Systemd, sample_worker, wait_until};

pub(super) const CONFIG: &str = "etc/warrener/warrener.yml";
pub(super) const WORKER: &str = "task-worker@1.service";
const TOKEN: &str = "t0ken-of-the-package";
const LONG: Duration = Duration::from_secs(240);

const UNIT: &str = "[Unit]\nDescription=Task worker %i\n[Service]\nUser=app\n\
    Environment=RABBITMQ_HOST=127.0.0.1\n\
    ExecStart=/usr/bin/sample-worker --kind task --queue task --prefetch 5 --work-ms 10\n";
const OWN: &str = "state: /var/lib/warrener\nhost: {disks: [], min_memory_available: 0}\n\
    workers:\n  task-worker:\n    control: {systemd: 'task-worker@{1..2}.service'}\n    count: 2\n    \
    queues: [task]\n\
    recovery: {mode: auto}\n\
    web: {auth: {bearer_file: /etc/warrener/token}}\n";
const ALERTMANAGER: &str = "route:\n  receiver: warrener\n  \
    group_by: [alertname, instance, worker, queue, target]\n  group_wait: 0s\n  group_interval: 30s\n  \
    repeat_interval: 5m\n\
    receivers:\n- name: warrener\n  webhook_configs:\n  \
    - url: http://127.0.0.1:15699/webhook/alertmanager\n    max_alerts: 0\n    \
    http_config: {authorization: {credentials: t0ken-of-the-package}}\n";

/// The services of this machine that the loop is made of.
const OTHERS: [&str; 3] = ["rabbitmq-server", "prometheus", "prometheus-alertmanager"];

pub(super) struct Site {
    pub(super) booted: Systemd,
}

impl Site {
    /// Configures and starts everything, and waits until nothing is wrong.
    pub(super) fn start(booted: Systemd) -> Self {
        let shell = |script: &str| booted.run("sh", &["-ec", script]).unwrap();
        let host = booted.run("hostname", &[]).unwrap();
        booted
            .write(
                "etc/hosts",
                &format!("127.0.0.1 localhost {}\n", host.trim()),
            )
            .unwrap();
        let plugins = "[rabbitmq_management,rabbitmq_prometheus].\n";
        booted
            .write("etc/rabbitmq/enabled_plugins", plugins)
            .unwrap();
        booted
            .write("usr/lib/sysusers.d/app.conf", "u app -\n")
            .unwrap();
        booted.run("systemd-sysusers", &["app.conf"]).unwrap();
        booted
            .install(&sample_worker().unwrap(), "usr/bin/sample-worker")
            .unwrap();
        booted.unit("task-worker@.service", UNIT).unwrap();
        shell(
            "cp /usr/share/doc/warrener/examples/warrener.rules /etc/polkit-1/rules.d/50-warrener.rules\n\
             systemctl restart polkit\n\
             mkdir -p /etc/prometheus/rules\n\
             cp /usr/share/warrener/rules-fast/*.yml /etc/prometheus/rules/\n\
             sed 's/15s/5s/' /usr/share/doc/warrener/examples/prometheus.yml >/etc/prometheus/prometheus.yml",
        );
        booted
            .write("etc/prometheus/alertmanager.yml", ALERTMANAGER)
            .unwrap();
        // It has no address but the loopback, and no peers.
        let alone = "ARGS=--cluster.listen-address=\n";
        booted
            .write("etc/default/prometheus-alertmanager", alone)
            .unwrap();
        booted.write("etc/warrener/token", TOKEN).unwrap();
        shell("chown root:warrener /etc/warrener/token; chmod 0640 /etc/warrener/token");
        booted.write(CONFIG, OWN).unwrap();
        booted
            .run(
                "warrener",
                &["check", "--config.file", "/etc/warrener/warrener.yml"],
            )
            .unwrap();
        for service in OTHERS {
            booted
                .systemctl(&["start", service])
                .unwrap_or_else(|error| {
                    panic!(
                        "{error}\n{:?}",
                        booted.run("journalctl", &["--no-pager", "--lines=60"])
                    )
                });
        }
        booted
            .systemctl(&["start", "task-worker@1", "task-worker@2"])
            .unwrap();
        booted.systemctl(&["reload", "warrener.service"]).unwrap();
        let site = Site { booted };
        site.well();
        site
    }

    fn json(&self, args: &[&str]) -> Value {
        // An unhealthy answer is an answer, and ends with 1.
        let line = format!("warrener {} --json || true", args.join(" "));
        let told = self.booted.run("sh", &["-c", &line]).unwrap_or_default();
        serde_json::from_str(&told).unwrap_or(Value::Null)
    }

    pub(super) fn runs(&self) -> Vec<Value> {
        let runs = self.json(&["runs"]);
        runs["runs"].as_array().cloned().unwrap_or_default()
    }

    pub(super) fn wait<T>(&self, what: &str, look: impl FnMut() -> Option<T>) -> T {
        let found = wait_until(what, LONG, look);
        found.unwrap_or_else(|error| {
            let args = [
                "--no-pager",
                "--output=cat",
                "--lines=80",
                "--unit=warrener.service",
            ];
            let journal = self.booted.run("journalctl", &args).unwrap_or_default();
            let status = self.json(&["status"]);
            panic!("{error}\n{:#?}\n{status:#}\n{journal}", self.runs())
        })
    }

    /// Waits until warrener answers.
    pub(super) fn serves(&self) {
        self.wait("warrener serves", || {
            let state = self.booted.show("warrener.service", "ActiveState").ok()?;
            (state == "active" && self.json(&["status"]).is_object()).then_some(())
        });
    }

    pub(super) fn well(&self) {
        self.wait("all well", || {
            (self.json(&["status"])["score"].as_i64() >= Some(90)).then_some(())
        });
    }

    /// Kills a worker and waits until it is repaired; the run.
    pub(super) fn repaired(&self, how: &str) -> Value {
        let life = self.booted.show(WORKER, "InvocationID").unwrap();
        let begun = Instant::now();
        self.booted
            .systemctl(&["kill", "--signal=KILL", WORKER])
            .unwrap();
        let run = self.wait("a run to end", || {
            let runs = self.runs();
            let ended =
                |run: &&Value| run["state"] == "ended" && run["playbook"] == "worker-unhealthy";
            runs.into_iter().find(|run| ended(&run))
        });
        println!(
            "{how}: {} after {:.1} s",
            run["outcome"],
            begun.elapsed().as_secs_f64()
        );
        assert_eq!(run["outcome"], "recovered", "{run:#}");
        assert_eq!(self.booted.show(WORKER, "ActiveState").unwrap(), "active");
        assert_ne!(self.booted.show(WORKER, "InvocationID").unwrap(), life);
        self.well();
        run["id"].clone()
    }

    /// Takes away what [`Site::start`] put there.
    pub(super) fn clear(&self) {
        self.booted
            .systemctl(&["stop", "task-worker@1", "task-worker@2"])
            .unwrap();
        for service in OTHERS {
            self.booted.systemctl(&["stop", service]).unwrap();
        }
    }

    /// Whether the administrator, not the package, put it there.
    pub(super) fn is_own(&self, path: &str) -> bool {
        let own = [
            "/etc/prometheus/",
            "/etc/polkit-1/",
            "/etc/rabbitmq/",
            "/etc/systemd/system/task-worker",
            "/usr/bin/sample-worker",
            "/usr/lib/sysusers.d/app.conf",
            "/var/lib/prometheus/",
        ];
        // Backups that the making of an account leaves.
        let accounts = [
            "/etc/passwd-",
            "/etc/group-",
            "/etc/shadow-",
            "/etc/gshadow-",
        ];
        own.iter().any(|own| path.starts_with(own)) || accounts.contains(&path)
    }
}
