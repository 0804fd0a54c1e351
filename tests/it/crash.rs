//! warrener killed at a step, as by `kill -9`, and started again: what is not to be done twice is done
//! once, and every run and incident ends. Each act is counted by what it is done to: a worker's own
//! log of its starts, the broker's, the backups of the env file, the notices that arrived.

#![expect(clippy::print_stdout, reason = "what went wrong is shown whole")]

pub(crate) mod faults;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::time::{Duration, Instant};

use serde_json::Value;
use testbed::wait_until;
use warrener::recover::playbook::Playbooks;

use crate::support::ward::Ward;
use crate::support::{PATIENCE, Receiver};
use faults::{ALL, CONFIG_BROKEN, FROZEN, Fault, KILLED, NODE_KILLED};

/// Long enough for every rung on a busy machine.
const OVER: Duration = Duration::from_secs(240);

/// What is there to be counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Starts of workers.
    pub(crate) starts: usize,
    /// Starts of the broker's node.
    pub(crate) nodes: usize,
    /// Times that the env file was written.
    pub(crate) writes: usize,
    /// Logs that were compressed.
    pub(crate) logs: usize,
    /// Times that a person was called.
    pub(crate) calls: usize,
}

/// A fleet, and who is told.
pub(crate) struct Stage {
    pub(crate) ward: Ward,
    pub(crate) people: Receiver,
    /// Backups of the env file that were ever seen: only the newest are kept.
    backups: RefCell<BTreeSet<OsString>>,
}

/// What became of a crash.
pub(crate) struct Told {
    /// From its start until it went on with the run.
    pub(crate) went_on: Option<f64>,
    pub(crate) outcomes: Vec<String>,
    pub(crate) acts: Counts,
    /// What should not be.
    pub(crate) wrong: Vec<String>,
}

impl Stage {
    pub(crate) fn start(fault: &Fault) -> Self {
        let people = Receiver::start();
        let mut care = (fault.care)();
        care.recovery = "  budget: {target: 100 per 15m, host: 1000 per 1h}\n".into();
        care.more = format!(
            "{}notify: {{webhook: {{url: '{}'}}}}\n",
            care.more,
            people.url("/people")
        );
        let ward = care.start();
        ward.wait_known_good();
        Stage {
            ward,
            people,
            backups: RefCell::default(),
        }
    }

    fn counts(&self) -> Counts {
        let dir = self.ward.dir();
        let files = |path: &str| {
            let entries = std::fs::read_dir(dir.join(path)).into_iter().flatten();
            entries.flatten().map(|entry| entry.file_name())
        };
        let mut backups = self.backups.borrow_mut();
        backups.extend(files("state/backups"));
        let is_compressed = |name: &OsString| name.to_string_lossy().contains(".gz");
        let told = self.people.told("/people");
        Counts {
            starts: self.ward.starts("task"),
            nodes: self.ward.broker.control_starts(),
            writes: backups.len(),
            logs: files("logs").filter(is_compressed).count(),
            calls: told
                .iter()
                .filter(|t| t.body["kind"] == "escalated" || t.body["kind"] == "emergency")
                .count(),
        }
    }

    /// The fault, the crash at this point of its repair, and what the next warrener makes of it.
    pub(crate) fn crash(&mut self, fault: &Fault, at: &str) -> Told {
        let mut wrong = Vec::new();
        // What a failure before left behind is repaired by one that does not end in it.
        if fault.outcome == "failed" {
            self.ward.restart_anew(None);
            self.ward.wait_well("what a failure left behind");
        }
        self.ward.restart_anew(Some(at));
        self.ward.wait_well(at);
        let before = self.counts();
        (fault.make)(&self.ward);
        let reached = self.ward.warrener.program.wait(OVER);
        if !matches!(reached, Ok(None)) {
            println!("{}", self.ward.warrener.program.log());
            wrong.push(format!("it was not reached: {reached:?}"));
        }
        let began = Instant::now();
        self.ward.restart(None);
        let mut went_on = None;
        let mut most = 0;
        let over = wait_until("every run and incident to end", OVER, || {
            let log = self.ward.warrener.program.log();
            if went_on.is_none() && log.contains("goes on") {
                went_on = Some(began.elapsed().as_secs_f64());
            }
            most = most.max(self.ward.pids("task").len());
            let open = self.open(fault);
            if open.is_empty() {
                Ok(())
            } else {
                Err(open.join(", "))
            }
        });
        if let Err(error) = over {
            wrong.push(error.to_string());
        }
        // A notice is on its way for a moment.
        let told = || (self.counts().since(&before) == fault.acts).then_some(());
        wait_until("what was to be done", PATIENCE, told).ok();
        let acts = self.counts().since(&before);
        if acts != fault.acts {
            wrong.push(format!("{:?} instead of {:?}", acts, fault.acts));
        }
        if most > 2 {
            wrong.push(format!("{most} processes for 2 slots"));
        }
        let runs = self.ward.runs();
        let outcomes: Vec<String> = runs.iter().rev().map(outcome).collect();
        if !ended(&runs, fault) {
            wrong.push(format!("no run of its playbook ended as {}", fault.outcome));
        }
        if !wrong.is_empty() {
            for run in runs.iter().rev() {
                println!("{:#}", self.ward.run(run["id"].as_i64().unwrap()));
            }
            println!("{}", self.ward.warrener.program.log());
        }
        (fault.mend)(&self.ward);
        Told {
            went_on,
            outcomes,
            acts,
            wrong,
        }
    }

    /// Runs and incidents that are not over.
    fn open(&self, fault: &Fault) -> Vec<String> {
        let runs = self.ward.runs();
        let failed = runs.iter().any(|run| outcome(run) == "failed");
        let mut open: Vec<String> = runs
            .iter()
            .filter(|run| run["state"] != "ended")
            .map(|run| format!("run {} is {}", run["id"], run["state"]))
            .collect();
        // What was held to be over, for it was not seen yet, is found again.
        if !ended(&runs, fault) {
            open.push(format!("no run of its playbook ended as {}", fault.outcome));
        }
        let incidents = self.ward.get("/api/v1/incidents");
        let incidents = incidents["incidents"].as_array().cloned();
        let incidents = incidents.unwrap_or_default();
        // What failed stays open, for a person.
        let still = incidents
            .iter()
            .filter(|incident| incident["closed_at"].is_null() && !failed);
        open.extend(still.map(|incident| format!("incident {}", incident["id"])));
        open
    }
}

impl Counts {
    fn since(&self, before: &Counts) -> Counts {
        Counts {
            starts: self.starts - before.starts,
            nodes: self.nodes - before.nodes,
            writes: self.writes - before.writes,
            logs: self.logs - before.logs,
            calls: self.calls - before.calls,
        }
    }
}

/// Whether a run of the fault's playbook ended as it is to.
fn ended(runs: &[Value], fault: &Fault) -> bool {
    let mut own = runs.iter().filter(|run| run["playbook"] == fault.playbook);
    own.any(|run| outcome(run) == fault.outcome)
}

fn outcome(run: &Value) -> String {
    run["outcome"].as_str().unwrap_or_default().to_owned()
}

/// One crash, in a fleet of its own.
fn once(fault: &Fault, at: &str) {
    let told = Stage::start(fault).crash(fault, at);
    assert!(told.wrong.is_empty(), "{at}: {:?}", told.wrong);
}

#[test]
fn a_worker_that_was_started_before_a_crash_is_not_started_again() {
    once(&KILLED, "worker.start:after_act");
}

#[test]
fn a_worker_that_was_stopped_before_a_crash_is_started_once() {
    once(&FROZEN, "worker.stop:after_act");
}

#[test]
fn an_env_file_that_was_repaired_before_a_crash_is_not_written_again() {
    once(&CONFIG_BROKEN, "config.repair:after_act");
}

#[test]
fn a_broker_that_was_restarted_before_a_crash_is_not_restarted_again() {
    once(&NODE_KILLED, "broker.restart:after_act");
}

/// `notify`, as the last of a rung, is told with the end of the run.
#[test]
fn every_action_of_every_rung_that_is_shipped_is_crashed_in() {
    let playbooks = Playbooks::load(None).unwrap();
    for playbook in playbooks.iter() {
        let own = || ALL.iter().filter(|fault| fault.playbook == playbook.name);
        assert!(own().count() > 0, "{}", playbook.name);
        for rung in &playbook.ladder {
            let steps = rung.steps.iter().map(|step| step.action.name());
            for action in steps.filter(|action| *action != "notify") {
                let comes_to = |fault: &&Fault| {
                    let mut actions = fault.actions.iter();
                    fault.rungs.contains(&&*rung.name) && actions.any(|(own, _)| *own == action)
                };
                let where_from = format!("{}, {}: {action}", playbook.name, rung.name);
                assert!(own().any(|fault| comes_to(&fault)), "{where_from}");
            }
        }
    }
}
