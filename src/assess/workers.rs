//! The workers: how many run, what each process does, whether it keeps starting, growing, or
//! running on another configuration than its file's.

use std::time::Duration;

use super::processes::ProcessHistory;
use super::{Case, Draft, Judged, WorkerLimits, hang, words};
use crate::model::facts::{DriftFacts, ProcessFacts, ProcessState, WorkerFacts};
use crate::model::{
    Code, Evidence, Forecasted, ProbeName, ProcessVerdict, Severity, Target, Verdict,
};

/// Every code about a worker that needs its processes.
const OF_PROCESSES: [Code; 6] = [
    Code::WorkerDown,
    Code::WorkerMissing,
    Code::WorkerHung,
    Code::WorkerDisconnected,
    Code::WorkerMemoryGrowing,
    Code::WorkerConfigDrift,
];
/// So many restarts within [`FLAPS_WITHIN`], beside some rounds of every process, are no deployment.
const FLAPS: u64 = 3;
/// A first start, a deployment and a repair, each of every process.
const ROUNDS: u64 = 3;
const FLAPS_WITHIN: Duration = Duration::from_secs(600);
/// Flapping is over when there was no restart for so long.
const QUIET_FOR: Duration = Duration::from_secs(300);
/// Memory that grows by less than this share of itself and so many bytes within the window is left
/// alone; so is a window shorter than [`GROWS_FOR`].
const GROWS_BY: f64 = 0.2;
const GROWS_BYTES: f64 = 32.0 * 1024.0 * 1024.0;
const GROWS_FOR: Duration = Duration::from_secs(1800);

pub(super) fn judge(case: Case<'_>, out: &mut Judged) {
    let Some(facts) = case.snapshot.workers.facts() else {
        return;
    };
    let mut untold = Vec::new();
    for worker in &facts.workers {
        let target = Target::Worker {
            name: worker.name.clone(),
        };
        flapping(case, worker, &target, out);
        let Some(processes) = &worker.processes else {
            out.blind(&OF_PROCESSES, &target);
            untold.push(worker);
            continue;
        };
        count(worker, processes, &target, out);
        if let Some(limits) = case.config.workers.get(&worker.name) {
            let one = One {
                case,
                worker,
                limits,
                processes,
                target: &target,
            };
            one.verdicts(out);
            one.memory(out);
        }
        drift(worker, processes, &target, out);
    }
    if !untold.is_empty() {
        let names: Vec<_> = untold.iter().map(|w| w.name.as_str()).collect();
        let summary = format!("can't tell the processes of {}", names.join(", "));
        let target = Target::Probe {
            name: ProbeName::Workers,
        };
        let probe = ProbeName::Workers;
        let mut draft =
            Draft::new(Code::ProbeFailing, target, Severity::Minor, probe, summary).after(3);
        draft.evidence = untold
            .iter()
            .map(|w| {
                let why = w.control_unavailable.as_ref().map(ToString::to_string);
                Evidence::seen(w.name.clone(), why.unwrap_or_else(|| "not told".into()))
            })
            .collect();
        out.see(draft);
    }
}

fn runs(process: &ProcessFacts) -> bool {
    process.state != Some(ProcessState::Zombie)
}

/// How many run, against how many should.
fn count(worker: &WorkerFacts, processes: &[ProcessFacts], target: &Target, out: &mut Judged) {
    let running = processes.iter().filter(|p| runs(p)).count();
    let desired = worker.desired as usize;
    if running >= desired {
        return;
    }
    let under = running * 2 < desired || running < worker.min_healthy as usize;
    let (code, severity) = match running {
        0 => (Code::WorkerDown, Severity::Critical),
        _ if under => (Code::WorkerMissing, Severity::Major),
        _ => (Code::WorkerMissing, Severity::Minor),
    };
    let name = &worker.name;
    let mut summary = if running == 0 {
        format!("{name} does not run")
    } else {
        format!("{running} of {desired} processes of {name} run")
    };
    if worker.stopped_by_operator == Some(true) {
        summary.push_str("; a person stopped it");
    }
    let draft = Draft::new(code, target.clone(), severity, ProbeName::Workers, summary);
    let seen = Evidence::against("processes", running.to_string(), desired.to_string());
    let mut draft = draft.with(seen);
    if let Some(exit) = worker.exits.last() {
        let how = match exit.status {
            Some(status @ ..0) => format!("by signal {}", -status),
            Some(status) => format!("with status {status}"),
            None => "unseen".into(),
        };
        let words = format!("pid {} ended {how}", exit.process.pid);
        draft.evidence.push(Evidence::seen("newest exit", words));
    }
    if worker.stopped_by_operator == Some(true) {
        draft
            .evidence
            .push(Evidence::seen("stopped", "by a person, on purpose"));
    }
    out.see(draft);
}

fn flapping(case: Case<'_>, worker: &WorkerFacts, target: &Target, out: &mut Judged) {
    let Some(events) = case.history.restarts.get(&worker.name) else {
        return;
    };
    let restarts = events.within(FLAPS_WITHIN, case.now);
    let most = ROUNDS * u64::from(worker.desired) + FLAPS;
    let restless = events.within(QUIET_FOR, case.now) > 0;
    let active = case.is_active(Code::WorkerFlapping, target);
    if restarts < most && !(active && restless) {
        return;
    }
    let summary = format!("{} starts again and again", worker.name);
    let code = Code::WorkerFlapping;
    let draft = Draft::new(
        code,
        target.clone(),
        Severity::Major,
        ProbeName::Workers,
        summary,
    );
    let expected = format!("less than {most}");
    let seen = Evidence::against("restarts in 10 min", restarts.to_string(), expected);
    out.see(draft.with(seen));
}

struct One<'a> {
    case: Case<'a>,
    worker: &'a WorkerFacts,
    limits: &'a WorkerLimits,
    processes: &'a [ProcessFacts],
    target: &'a Target,
}

impl One<'_> {
    fn draft(&self, code: Code, severity: Severity, summary: String) -> Draft {
        Draft::new(
            code,
            self.target.clone(),
            severity,
            ProbeName::Workers,
            summary,
        )
    }

    fn histories(&self) -> impl Iterator<Item = (&ProcessFacts, &ProcessHistory)> {
        let known = &self.case.history.processes;
        self.processes
            .iter()
            .filter_map(|p| Some((p, known.get(&self.worker.name, p.id)?)))
    }

    /// What each process does; those that do nothing with what they hold.
    fn verdicts(&self, out: &mut Judged) {
        let limits = self
            .case
            .history
            .processes
            .limits(&self.worker.name, self.limits);
        let mut hung = Vec::new();
        let mut disconnected = Vec::new();
        let mut unknown = Vec::new();
        for (process, history) in self.histories() {
            let verdict = hang::verdict(history.samples(), &limits);
            match verdict {
                _ if verdict.is_hung() => hung.push((process, verdict)),
                Verdict::Disconnected => disconnected.push((process, verdict)),
                Verdict::Unknown(_) => unknown.push(process.id),
                _ => {}
            }
            let worker = self.worker.name.clone();
            out.verdicts.push(ProcessVerdict {
                worker,
                process: process.id,
                verdict,
            });
        }
        for (code, concerned, words) in [
            (Code::WorkerHung, hung, "hang"),
            (Code::WorkerDisconnected, disconnected, "consume nothing"),
        ] {
            if concerned.is_empty() {
                // A process that was hung and can't be told any more is not taken for well.
                let before = self.case.history.settle.processes(code, self.target);
                if before.iter().any(|id| unknown.contains(id)) {
                    out.blind(&[code], self.target);
                }
                continue;
            }
            let summary = format!(
                "{} of {} processes of {} {words}",
                concerned.len(),
                self.processes.len(),
                self.worker.name
            );
            let mut draft = self.draft(code, Severity::Major, summary);
            draft.processes = concerned.iter().map(|(process, _)| process.id).collect();
            draft.processes.sort();
            draft.evidence = concerned
                .iter()
                .map(|(process, verdict)| evidence(process, *verdict))
                .collect();
            draft.evidence.sort();
            out.see(draft);
        }
    }

    /// Memory that grows on without levelling off, and descriptors that will run out.
    fn memory(&self, out: &mut Judged) {
        let mut evidence = Vec::new();
        let mut concerned = Vec::new();
        for (process, history) in self.histories() {
            if let (Some(fds), Some(most)) = (process.fds, process.fds_max) {
                let (fds, most) = (words::float(fds), words::float(most));
                let what = Forecasted::FileDescriptors;
                let forecast = history.fds.forecast(what, self.target.clone(), fds, most);
                out.forecasts.extend(forecast);
            }
            let (Some(rss), Some(slope)) = (process.rss, history.rss.slope()) else {
                continue;
            };
            let span = history.rss.span();
            let grown = slope.low * span.as_secs_f64();
            let before = history.rss.first().map_or(0.0, |(_, value)| value);
            if span >= GROWS_FOR && grown >= GROWS_BYTES && grown >= before * GROWS_BY {
                concerned.push(process.id);
                let rate = words::bytes((slope.likely * 3600.0) as u64);
                let value = format!("{}, {rate}/h more", words::bytes(rss));
                evidence.push(Evidence::seen(
                    format!("memory of pid {}", process.id.pid),
                    value,
                ));
            }
        }
        if concerned.is_empty() {
            return;
        }
        let summary = format!(
            "memory of {} grows without an end in sight",
            self.worker.name
        );
        let mut draft = self.draft(Code::WorkerMemoryGrowing, Severity::Minor, summary);
        concerned.sort();
        evidence.sort();
        (draft.processes, draft.evidence) = (concerned, evidence);
        out.see(draft);
    }
}

fn evidence(process: &ProcessFacts, verdict: Verdict) -> Evidence {
    let channels = process.channels.iter().flatten();
    let unacked: u64 = channels.clone().filter_map(|c| c.unacked).sum();
    let consumers: usize = channels.map(|c| c.consumers.len()).sum();
    let state = process.state.map_or("unknown", ProcessState::as_str);
    let held = match unacked {
        1 => "1 message held".to_owned(),
        more => format!("{more} messages held"),
    };
    let words = match verdict {
        Verdict::Disconnected => match process.broker_socket {
            Some(true) => "a connection to the broker, and no consumer".to_owned(),
            _ => "no connection to the broker".to_owned(),
        },
        Verdict::Stopped | Verdict::Zombie | Verdict::Uninterruptible => {
            format!("state {state}, {held}")
        }
        Verdict::Deaf => format!("{consumers} consumers, nothing delivered, state {state}"),
        _ => format!("{held}, none acknowledged, state {state}"),
    };
    Evidence::seen(
        format!("pid {}", process.id.pid),
        format!("{verdict}: {words}"),
    )
}

/// Processes that run with another configuration than their file's.
fn drift(worker: &WorkerFacts, processes: &[ProcessFacts], target: &Target, out: &mut Judged) {
    let mut evidence = Vec::new();
    let mut concerned = Vec::new();
    let mut unknown = false;
    for process in processes.iter().filter(|p| runs(p)) {
        let DriftFacts { keys, file_changed } = &process.drift;
        let pid = format!("pid {}", process.id.pid);
        match (keys.as_deref(), file_changed) {
            (Some([]), _) | (None, Some(false)) => {}
            (Some(keys), _) => {
                let mut keys: Vec<_> = keys
                    .iter()
                    .map(|k| format!("{} {}", k.key, k.change.as_str()))
                    .collect();
                keys.sort();
                concerned.push(process.id);
                evidence.push(Evidence::seen(pid, keys.join(", ")));
            }
            (None, Some(true)) => {
                concerned.push(process.id);
                evidence.push(Evidence::seen(pid, "its env file changed after its start"));
            }
            (None, None) => unknown = true,
        }
    }
    if concerned.is_empty() {
        if unknown {
            out.blind(&[Code::WorkerConfigDrift], target);
        }
        return;
    }
    let summary = format!(
        "{} runs with another configuration than its env file's",
        worker.name
    );
    let code = Code::WorkerConfigDrift;
    let mut draft = Draft::new(
        code,
        target.clone(),
        Severity::Major,
        ProbeName::Workers,
        summary,
    );
    concerned.sort();
    evidence.sort();
    (draft.processes, draft.evidence) = (concerned, evidence);
    out.see(draft);
}
