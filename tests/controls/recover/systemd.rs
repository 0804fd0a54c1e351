//! On a systemd: Debian's own RabbitMQ unit, template workers of a user of their own, and warrener as
//! a unit of an unprivileged user, who may do what the shipped polkit rule lets him and nothing else.

mod faults;
mod wishes;

use std::path::Path;
use std::time::{Duration, Instant};

use testbed::{Systemd, free_ports, http, sample_worker, wait_until};

use super::watched::Watched;

const EXE: &str = env!("CARGO_BIN_EXE_warrener");
const RULE: &str = include_str!("../../../deploy/polkit/warrener.rules");
const BROKER: &str = "rabbitmq-server.service";
const START: Duration = Duration::from_secs(120);
const TOKEN: &str = "/etc/warrener/token";

/// Debian's unit is left as it is, but for what keeps it apart from other brokers of this machine.
const APART: &str = "[Service]\nRestart=no\nEnvironment=ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT=";
const WORKER: &str = "[Unit]\nDescription=Task worker %i\n[Service]\nUser=app\n\
    EnvironmentFile=/srv/app/.env\nStateDirectory=task-worker\n\
    ExecStart=/usr/bin/sample-worker --kind task --queue task --prefetch 5 --work-ms 10 \
    --message-log /var/lib/task-worker/messages --start-log /var/lib/task-worker/starts-%i\n\
    [Install]\nWantedBy=multi-user.target\n";

/// The name of a worker's unit.
pub(super) fn worker(index: u32) -> String {
    format!("task-worker@{index}.service")
}

/// A machine in warrener's care.
pub(super) struct Site {
    pub(super) booted: std::rc::Rc<Systemd>,
    pub(super) watched: Watched,
    management: String,
    sent: std::cell::Cell<u32>,
}

impl Site {
    /// Boots it, starts broker, workers and warrener as a person would, and waits until all is well.
    pub(super) fn start() -> Self {
        let booted = std::rc::Rc::new(Systemd::boot().unwrap());
        let there = booted.systemctl(&["cat", BROKER, "polkit.service"]);
        there.expect("a root with polkit and RabbitMQ: testbed/roots.sh systemd");
        let ports = free_ports::<6>().unwrap();
        let [amqp, distribution, epmd, management, prometheus, own] = ports;
        let rabbit = format!(
            "NODENAME=rabbit-{amqp}@localhost\nNODE_IP_ADDRESS=127.0.0.1\nNODE_PORT={amqp}\n\
             DIST_PORT={distribution}\n\
             SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {{127,0,0,1}}'\n"
        );
        let conf = format!(
            "management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {management}\n\
             prometheus.tcp.ip = 127.0.0.1\nprometheus.tcp.port = {prometheus}\n"
        );
        let plugins = "[rabbitmq_management,rabbitmq_prometheus].\n";
        booted
            .write("etc/rabbitmq/rabbitmq-env.conf", &rabbit)
            .unwrap();
        booted.write("etc/rabbitmq/rabbitmq.conf", &conf).unwrap();
        booted
            .write("etc/rabbitmq/enabled_plugins", plugins)
            .unwrap();
        let hosts = format!(
            "127.0.0.1 localhost {}\n",
            booted.run("hostname", &[]).unwrap().trim()
        );
        booted.write("etc/hosts", &hosts).unwrap();
        booted
            .systemctl(&["mask", "epmd.socket", "epmd.service"])
            .unwrap();
        booted
            .run(
                "mkdir",
                &[
                    "-p",
                    "/etc/systemd/system/rabbitmq-server.service.d",
                    "/srv/app",
                    "/etc/warrener",
                ],
            )
            .unwrap();
        booted
            .unit(
                &format!("{BROKER}.d/apart.conf"),
                &format!("{APART}{epmd}\n"),
            )
            .unwrap();
        let users = "u warrener - - /var/lib/warrener\nu app -\n";
        booted
            .write("usr/lib/sysusers.d/warrener.conf", users)
            .unwrap();
        booted
            .write("etc/polkit-1/rules.d/50-warrener.rules", RULE)
            .unwrap();
        booted
            .systemctl(&["restart", "systemd-sysusers.service", "polkit.service"])
            .unwrap();
        booted.write("srv/app/.env", &env(amqp)).unwrap();
        booted
            .run("chown", &["-R", "warrener:warrener", "/srv/app"])
            .unwrap();
        booted.run("chmod", &["0640", "/srv/app/.env"]).unwrap();
        booted
            .write("etc/warrener/token", "t0ken-of-the-site")
            .unwrap();
        booted
            .write(
                "etc/warrener/warrener.yml",
                &config(amqp, management, prometheus),
            )
            .unwrap();
        booted
            .run("chown", &["-R", "warrener:warrener", "/etc/warrener"])
            .unwrap();
        booted.run("chmod", &["0600", TOKEN]).unwrap();
        booted.install(Path::new(EXE), "usr/bin/warrener").unwrap();
        booted
            .install(&sample_worker().unwrap(), "usr/bin/sample-worker")
            .unwrap();
        booted.unit("task-worker@.service", WORKER).unwrap();
        let serve = format!(
            "[Service]\nUser=warrener\nStateDirectory=warrener\nStateDirectoryMode=0700\n\
             NoNewPrivileges=yes\nCapabilityBoundingSet=\nProtectSystem=strict\n\
             ReadWritePaths=/srv/app\nProtectHome=yes\nPrivateTmp=yes\n\
             ExecStart=/usr/bin/warrener serve --config.file=/etc/warrener/warrener.yml \
             --web.listen-address=127.0.0.1:{own}\n"
        );
        booted.unit("warrener.service", &serve).unwrap();
        booted.systemctl(&["start", BROKER]).unwrap_or_else(|e| {
            panic!(
                "{e}\n{:?}",
                booted.run("journalctl", &["--no-pager", "--lines=60"])
            )
        });
        for index in 1..=3 {
            booted.systemctl(&["start", &worker(index)]).unwrap();
        }
        booted.systemctl(&["start", "warrener.service"]).unwrap();
        let there = std::rc::Rc::clone(&booted);
        let told = move || {
            let args = [
                "--no-pager",
                "--output=cat",
                "--unit=warrener.service",
                "--lines=200",
            ];
            there
                .run("journalctl", &args)
                .unwrap_or_else(|e| e.to_string())
        };
        let site = Site {
            booted,
            watched: Watched {
                port: own,
                told: Box::new(told),
            },
            management: format!("http://guest:guest@127.0.0.1:{management}"),
            sent: std::cell::Cell::new(0),
        };
        site.well("the site that a person started");
        site.watched.wait("a last known good", || {
            let metrics = http::get(&format!("http://127.0.0.1:{own}/metrics")).ok()?;
            let name = "warrener_env_file_last_known_good_timestamp_seconds{";
            metrics.body.contains(name).then_some(())
        });
        site
    }

    /// Waits until all three workers consume, by the broker's word, and warrener finds nothing.
    pub(super) fn well(&self, what: &str) {
        self.consumers(3);
        self.watched.rests(what, 100, 31.0);
    }

    /// Waits until the broker counts so many consumers.
    pub(super) fn consumers(&self, count: u64) {
        self.watched.wait(&format!("{count} consumers"), || {
            let queue = http::get_json(&format!("{}/api/queues/%2F/task", self.management));
            let told = queue.ok()?["consumers"].as_u64()?;
            (told == count).then_some(())
        });
    }

    /// Sends messages; each is worked on some day.
    pub(super) fn send(&self, count: u32) {
        let url = format!("{}/api/exchanges/%2F/amq.default/publish", self.management);
        for _ in 0..count {
            let number = self.sent.get() + 1;
            let body = serde_json::json!({
                "properties": {"delivery_mode": 2}, "routing_key": "task",
                "payload": format!("message-{number}-"), "payload_encoding": "string",
            });
            let answer = http::post(&url, &body.to_string()).unwrap();
            assert!(answer.body.contains("true"), "{}", answer.body);
            self.sent.set(number);
        }
    }

    /// Waits until everything that was sent was worked on.
    pub(super) fn nothing_is_lost(&self) {
        let sent = self.sent.get();
        let missing = || {
            let log = self
                .booted
                .read("var/lib/task-worker/messages")
                .unwrap_or_default();
            let done = |n: &u32| log.contains(&format!("message-{n}-"));
            (1..=sent).filter(|n| !done(n)).count()
        };
        let done = wait_until("every message", START, || match missing() {
            0 => Ok(()),
            n => Err(format!("{n} of {sent} missing")),
        });
        done.unwrap();
    }

    /// How often a worker was started, by its own count.
    pub(super) fn starts(&self, index: u32) -> usize {
        let log = self
            .booted
            .read(&format!("var/lib/task-worker/starts-{index}"));
        log.unwrap_or_default().lines().count()
    }

    /// A life of a unit, as systemd names it.
    pub(super) fn life(&self, unit: &str) -> String {
        self.booted.show(unit, "InvocationID").unwrap()
    }

    pub(super) fn state(&self, unit: &str) -> String {
        self.booted.show(unit, "ActiveState").unwrap()
    }

    pub(super) fn main_pid(&self, unit: &str) -> u32 {
        self.booted.show(unit, "MainPID").unwrap().parse().unwrap()
    }

    /// `warrener ARGS` as a person of this machine.
    pub(super) fn warrener(&self, args: &[&str]) -> String {
        let url = format!("--url=http://127.0.0.1:{}", self.watched.port);
        let token = format!("--token-file={TOKEN}");
        let all = [args, &[&url, &token]].concat();
        self.booted.run("warrener", &all).unwrap()
    }

    /// systemd's own journal of a unit.
    pub(super) fn journal(&self, unit: &str) -> String {
        let unit = format!("--unit={unit}");
        let args = ["--no-pager", "--output=cat", &unit];
        self.booted.run("journalctl", &args).unwrap()
    }

    pub(super) fn now(&self) -> (i64, Instant) {
        (self.watched.newest(), Instant::now())
    }
}

fn env(port: u16) -> String {
    format!(
        "RABBITMQ_HOST=127.0.0.1\nRABBITMQ_PORT={port}\nRABBITMQ_USER=guest\nRABBITMQ_PASS=guest\n"
    )
}

fn config(amqp: u16, management: u16, prometheus: u16) -> String {
    format!(
        "identity: app-1\nstate: /var/lib/warrener\nbroker:\n  \
         amqp: 'amqp://${{RABBITMQ_USER}}:${{RABBITMQ_PASS}}@${{RABBITMQ_HOST}}:${{RABBITMQ_PORT}}/%2f'\n  \
         management: http://127.0.0.1:{management}\n  prometheus: http://127.0.0.1:{prometheus}\n  \
         every: 1s\n  roundtrip: {{every: 2s}}\n  control: {{systemd: {BROKER}}}\n\
         host: {{disks: [], min_memory_available: 0}}\n\
         workers:\n  task-worker:\n    control: {{systemd: 'task-worker@{{1..3}}.service'}}\n    \
         count: 3\n    min_healthy: 1\n    queues: [task]\n    env_file: /srv/app/.env\n    \
         stop: {{grace: 2s}}\n    hang: {{no_ack_for: 4s}}\n\
         env_files:\n- path: /srv/app/.env\n  mode: '0640'\n  keep_after: 2s\n  keys:\n    \
         RABBITMQ_HOST: {{required: true, type: host, default: localhost}}\n    \
         RABBITMQ_PORT: {{required: true, type: port, default: {amqp}}}\n    \
         RABBITMQ_USER: {{required: true, type: string, default: guest}}\n    \
         RABBITMQ_PASS: {{required: true, type: secret, default: guest}}\n\
         web: {{auth: {{bearer_file: {TOKEN}}}}}\n\
         recovery:\n  mode: auto\n  reflex: true\n  \
         budget: {{target: 100 per 15m, host: 1000 per 1h}}\n"
    )
}
