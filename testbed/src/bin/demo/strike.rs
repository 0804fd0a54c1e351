//! Breaks something: a real process, a real file.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use testbed::{Broker, Program, wait_until};

use crate::Outcome;
use crate::fault::Fault;
use crate::fleet::{Fleet, KINDS, PATIENT, signal};
use crate::stage::Stage;

/// Messages that are there when a worker breaks, so that some are in its hands.
const BURST: usize = 200;
const STOP: Duration = Duration::from_secs(20);

/// The `.env` of that evening.
const EMPTIED: &str = "RABBITMQ_HOST=\nRABBITMQ_PORT=\nRABBITMQ_USER=\nRABBITMQ_PASS=\n";
/// A merge that went wrong, in a file that lost its mode of writing, too.
const GARBAGE: &[u8] =
    b"<<<<<<< HEAD\nRABBITMQ_HOST 127.0.0.1\n=======\n{\"host\": \0\xff\n>>>>>>>\n";
/// A version of a worker that does not start.
const BROKEN: &str = "#!/bin/sh\necho started >>\"$0.starts\"\n\
                      echo \"ImportError: cannot import name 'Order'\" >&2\nexit 1\n";

/// Where the workers' compiled-in defaults lead.
const DEFAULT_PORT: u16 = 5672;

/// What a fault needs beforehand, and what lives on after it.
#[derive(Debug, Default)]
pub(crate) struct Strike {
    /// A broker where the workers' defaults lead; it accepts them, and is the wrong one.
    decoy: Option<Broker>,
    /// Workers that somebody started by hand.
    by_hand: Vec<Program>,
}

impl Strike {
    /// What must be there before the clock runs.
    pub(crate) fn prepare(fault: Fault) -> Outcome<Self> {
        let mut strike = Strike::default();
        if fault == Fault::EnvEmptied {
            println!(
                "starting a decoy broker on port {DEFAULT_PORT}, where the workers' defaults lead ..."
            );
            let decoy = Broker::builder()
                .amqp_port(DEFAULT_PORT)
                .plugins(&[])
                .start();
            strike.decoy = Some(decoy.map_err(|error| {
                format!("{error}\nthis fault needs port {DEFAULT_PORT}; stop what listens there")
            })?);
        }
        Ok(strike)
    }

    /// Breaks it; says what was done, and when the trouble began.
    pub(crate) fn strike(&mut self, fault: Fault, stage: &Stage) -> Outcome<(Instant, String)> {
        let fleet = &stage.fleet;
        let patients = fleet.pids(PATIENT);
        let patient = *patients.first().ok_or("no worker runs")?;
        let one = |doing: &str| format!("{}, process {patient}: {doing}", PATIENT.name);
        let mut began = Instant::now();
        let words = match fault {
            Fault::WorkerHang => {
                stage.traffic.burst(&stage.broker, BURST);
                began = Instant::now();
                signal(patient, Signal::STOP)?;
                one("kill -STOP, with messages in its hands")
            }
            Fault::WorkerKilled => {
                stage.traffic.burst(&stage.broker, BURST);
                began = Instant::now();
                signal(patient, Signal::KILL)?;
                one("kill -KILL")
            }
            Fault::WorkerSpin => {
                stage.traffic.burst(&stage.broker, BURST);
                began = Instant::now();
                signal(patient, Signal::USR1)?;
                one("loops for ever, with messages in its hands")
            }
            Fault::ConsumerLost => {
                signal(patient, Signal::USR1)?;
                one("cancels its consumer, stays connected")
            }
            Fault::WorkerDiesAtStart => {
                deploy(fleet, BROKEN)?;
                began = Instant::now();
                for pid in &patients {
                    signal(*pid, Signal::TERM)?;
                }
                format!(
                    "{}: a new version is deployed and ends with 1; the old ones are stopped",
                    PATIENT.name
                )
            }
            Fault::AllWorkersDown => {
                let all = KINDS.map(|kind| fleet.pids(kind)).concat();
                for pid in &all {
                    signal(*pid, Signal::KILL)?;
                }
                format!("kill -KILL of all {} workers", all.len())
            }
            Fault::BrokerKilled => {
                stage.broker.kill()?;
                "the broker: kill -KILL".into()
            }
            Fault::BrokerHung => {
                stage.broker.freeze()?;
                "the broker: kill -STOP".into()
            }
            Fault::EnvEmptied => {
                fs::write(fleet.env_file(), EMPTIED)?;
                let workers = self.restart_by_hand(fleet)?;
                format!(
                    "the four lines of .env are empty, and somebody restarted {workers} workers on it"
                )
            }
            Fault::EnvGarbage => {
                fs::write(fleet.env_file(), GARBAGE)?;
                ".env overwritten with half a merge and some bytes".into()
            }
            Fault::WrongPassword => {
                stage.broker.ctl(&["change_password", "guest", "another"])?;
                began = Instant::now();
                "the broker: rabbitmqctl change_password guest".into()
            }
        };
        Ok((began, words))
    }

    /// Stops every worker and starts as many again outside warrener, with the empty variables, so
    /// that they use what is compiled into them.
    fn restart_by_hand(&mut self, fleet: &Fleet) -> Outcome<usize> {
        for kind in KINDS {
            let old = fleet.pids(kind);
            for pid in &old {
                signal(*pid, Signal::TERM)?;
            }
            let gone = || !fleet.pids(kind).iter().any(|pid| old.contains(pid));
            wait_until("the workers to stop", STOP, gone)?;
            for _ in 0..kind.count {
                let mut worker = Program::new(fleet.program(kind))?.args(fleet.arguments(kind));
                for line in EMPTIED.lines() {
                    worker = worker.env(line.trim_end_matches('='), "");
                }
                worker.start()?;
                self.by_hand.push(worker);
            }
        }
        Ok(self.by_hand.len())
    }

    /// Takes note of workers by hand, and a broker, that warrener ended: they are children of this
    /// process, and would stay zombies.
    pub(crate) fn reap(&self, stage: &Stage) {
        for worker in &self.by_hand {
            // An error says that it still runs.
            drop(worker.wait(Duration::ZERO));
        }
        let _runs = stage.broker.is_running();
    }

    /// What else proves the end, beside warrener's words.
    pub(crate) fn proof(&self, fault: Fault, stage: &Stage) -> Outcome<Vec<String>> {
        let mut proof = Vec::new();
        if fault == Fault::WorkerDiesAtStart {
            let path = stage.fleet.program(PATIENT).with_extension("starts");
            let starts = fs::read_to_string(path).unwrap_or_default().lines().count();
            proof.push(format!("its program was started {starts} times"));
        }
        if let Some(decoy) = &self.decoy {
            let lost = KINDS.iter().filter_map(|kind| {
                let depth = decoy.depth(kind.queue).ok()?;
                Some(depth.consumers)
            });
            let lost: u32 = lost.sum();
            proof.push(format!("consumers on the decoy broker: {lost}"));
            if lost > 0 {
                return Err(format!("{lost} workers are still on the decoy broker").into());
            }
        }
        Ok(proof)
    }
}

/// Puts another program in the place of the patient's, as a deployment does.
fn deploy(fleet: &Fleet, text: &str) -> Outcome<()> {
    use std::os::unix::fs::PermissionsExt;
    let (program, new) = (
        fleet.program(PATIENT),
        fleet.program(PATIENT).with_extension("new"),
    );
    fs::write(&new, text)?;
    fs::set_permissions(&new, fs::Permissions::from_mode(0o755))?;
    Ok(fs::rename(&new, &program)?)
}
