//! Starts everything, and waits until all is well.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use testbed::{Alerting, Broker, Program, Receivers, wait_until};

use crate::Outcome;
use crate::api::{Api, warrener_exe};
use crate::fleet::{Fleet, KINDS, TOKEN};
use crate::look;
use crate::options::{Options, Way};
use crate::traffic::{Traffic, UNREAD};

/// A sample that only a broker and workers that were really read, and joined, can have given.
pub(crate) const PROOF: &str = "warrener_worker_consumers{worker=\"orders-worker\"} 2";

/// Until a part has started.
const PATIENCE: Duration = Duration::from_secs(120);

/// Everything that runs. Traffic first: it ends before its broker does.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) traffic: Traffic,
    pub(crate) alerting: Alerting,
    pub(crate) warrener: Program,
    pub(crate) broker: Arc<Broker>,
    pub(crate) fleet: Fleet,
    pub(crate) api: Api,
    /// From warrener's start to a real metric.
    pub(crate) real_after: Duration,
}

impl Stage {
    /// Starts everything.
    pub(crate) fn set(options: &Options) -> Outcome<Self> {
        println!("starting a private RabbitMQ ...");
        let broker = Arc::new(Broker::builder().start()?);
        for queue in KINDS.map(|kind| kind.queue).into_iter().chain([UNREAD]) {
            broker.declare(queue, &serde_json::json!({}))?;
        }
        println!("starting warrener, which starts the workers ...");
        let warrener = prepare()?;
        let fleet = Fleet::lay(warrener.dir(), &broker, options)?;
        fleet.configure(&broker, options.path, None)?;
        let started = Instant::now();
        warrener.start()?;
        let api = Api {
            url: address(&warrener)?,
            token: fleet.token(),
        };
        if options.path == Way::Alertmanager {
            // Nobody calls yet: a person does.
            for kind in KINDS {
                api.recover("worker-unhealthy", kind.name)?;
            }
        }
        let traffic = Traffic::begin(&broker);
        let proof = wait_until("a real metric", PATIENCE, || {
            api.metrics().filter(|text| text.contains(PROOF))
        });
        proof.map_err(|error| with_log(&error, &warrener))?;
        let real_after = started.elapsed();

        println!("starting Prometheus and Alertmanager with its rules ...");
        let alerting = alerting(warrener.dir(), &api.url, options.path)?;
        if options.path == Way::Alertmanager {
            fleet.configure(&broker, options.path, Some(&alerting.alertmanager.url()))?;
            warrener.hangup()?;
        }
        let stage = Stage {
            traffic,
            alerting,
            warrener,
            broker,
            fleet,
            api,
            real_after,
        };
        let well = wait_until("all to be well", PATIENCE, || stage.is_well());
        well.map_err(|error| with_log(&error, &stage.warrener))?;
        Ok(stage)
    }

    /// Score 100, every run over, a last known good kept, the watchdog alone in Alertmanager;
    /// else what is not so.
    fn is_well(&self) -> Result<(), String> {
        let look = look::Look::at(self).map_err(|error| error.to_string())?;
        if look.score != Some(100) || look.level != "normal" {
            return Err(format!("score {:?}, level {}", look.score, look.level));
        }
        if let Some(run) = look.runs.iter().find(|run| !run.is_over()) {
            return Err(format!("run {} is {}", run.id, run.state));
        }
        let metrics = self.api.metrics().unwrap_or_default();
        for wanted in [
            PROOF,
            "warrener_env_file_last_known_good_timestamp_seconds{",
        ] {
            if !metrics.contains(wanted) {
                return Err(format!("no {wanted}"));
            }
        }
        let quiet = look.alive && look.alerts.is_empty();
        let seen = || format!("alerts {:?}, watchdog {}", look.alerts, look.alive);
        quiet.then_some(()).ok_or_else(seen)
    }
}

/// An error with the end of warrener's log.
pub(crate) fn with_log(error: &dyn std::fmt::Display, warrener: &Program) -> String {
    let log = warrener.log();
    let lines: Vec<_> = log.lines().collect();
    let end = lines[lines.len().saturating_sub(30)..].join("\n");
    format!("{error}\nwarrener's log ends so:\n{end}")
}

fn prepare() -> Outcome<Program> {
    let wanted = "127.0.0.1:15699";
    let listen = match TcpListener::bind(wanted) {
        Ok(_) => wanted,
        Err(_) => "127.0.0.1:0",
    };
    Ok(Program::new(warrener_exe()?)?.args(["serve", "--web.listen-address", listen]))
}

/// Where warrener says that it listens.
fn address(warrener: &Program) -> Outcome<String> {
    let address = wait_until("warrener to listen", PATIENCE, || {
        if let Ok(code) = warrener.wait(Duration::ZERO) {
            return Some(Err(format!("warrener ended: {code:?}")));
        }
        let log = warrener.log();
        let (_, rest) = log.split_once("address=")?;
        let (address, _) = rest.split_once(char::is_whitespace)?;
        Some(Ok(format!("http://{}", address.trim_matches('"'))))
    });
    let address = address.map_err(|error| with_log(&error, warrener))?;
    Ok(address.map_err(|words| with_log(&words, warrener))?)
}

/// Prometheus and Alertmanager with what `warrener rules` writes for a scrape every 5 s. People, and
/// the dead man's switch, are told nowhere: nobody listens at that port. Nor is warrener, where its own
/// findings shall do.
fn alerting(dir: &Path, warrener: &str, way: Way) -> Outcome<Alerting> {
    let dir = dir.join("alerting");
    let mut command = Command::new(warrener_exe()?);
    command.args(["rules", "--profile", "fast", "--output"]);
    let output = command.arg(&dir).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("warrener rules: {said}").into());
    }
    let nobody = "http://127.0.0.1:9/";
    let receivers = Receivers {
        webhook: match way {
            Way::Alertmanager => format!("{warrener}/webhook/alertmanager"),
            Way::Reflex => nobody.into(),
        },
        token: TOKEN.into(),
        slack: nobody.into(),
        ping: nobody.into(),
    };
    let target = warrener.trim_start_matches("http://");
    Ok(Alerting::start(None, &dir, target, &receivers)?)
}
