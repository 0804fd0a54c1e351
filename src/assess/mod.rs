//! From facts to findings to one number. Pure: no I/O, no clock; the time is an argument.
//!
//! ```text
//! Snapshot ─> History (windows of what the judges compare)
//!     │            │
//!     └─> judges <─┘  broker queues workers config resources probes
//!            │ drafts: seen now            blind: could not look
//!            v
//!         settle: open after so many readings, closed after so many clean ones; what can't be
//!            │    looked at stays as it was
//!            v
//!         causes ─> score ─> level ─> Assessment
//! ```
//!
//! What joins two domains, such as a worker's process and its channels, is in here; probes don't
//! know each other.

mod broker;
mod causes;
mod config;
pub mod forecast;
pub mod hang;
mod history;
mod level;
mod limits;
mod probes;
mod processes;
mod progress;
mod queue_history;
mod queues;
mod resources;
mod score;
mod settle;
mod words;
mod workers;

#[cfg(test)]
pub(crate) mod tests;

pub use causes::{join, rank};
pub use history::History;
pub use level::LevelState;
pub use limits::{AssessConfig, BackupLimits, EnvFileLimits, QueueLimits, Weight, WorkerLimits};
pub use score::{Scored, component, score};

use crate::model::facts::ProcessId;
use crate::model::{
    Assessment, Code, Evidence, Finding, FindingKey, Forecast, Moment, ProcessVerdict, Severity,
    Snapshot, Target,
};
use settle::Source;

/// What a judge has to go by.
#[derive(Clone, Copy)]
struct Case<'a> {
    snapshot: &'a Snapshot,
    history: &'a History,
    config: &'a AssessConfig,
    now: Moment,
}

impl Case<'_> {
    /// Whether a finding of this code and target is active: judges that open at a limit close a
    /// little beyond it.
    fn is_active(&self, code: Code, target: &Target) -> bool {
        self.history.settle.is_active(code, target)
    }
}

/// Something a judge sees now. Whether it is a finding, [`settle`] decides.
#[derive(Clone, Debug)]
struct Draft {
    code: Code,
    target: Target,
    severity: Severity,
    /// The readings that it is counted by.
    source: Source,
    /// Readings in a row that must show it.
    open_after: u32,
    summary: String,
    evidence: Vec<Evidence>,
    processes: Vec<ProcessId>,
}

impl Draft {
    /// Of the code and target, seen in one reading of `source`.
    fn new(
        code: Code,
        target: Target,
        severity: Severity,
        source: impl Into<Source>,
        summary: impl Into<String>,
    ) -> Self {
        Draft {
            code,
            target,
            severity,
            source: source.into(),
            open_after: 1,
            summary: summary.into(),
            evidence: Vec::new(),
            processes: Vec::new(),
        }
    }

    fn after(self, readings: u32) -> Self {
        Draft {
            open_after: readings,
            ..self
        }
    }

    fn with(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    fn key(&self) -> FindingKey {
        FindingKey {
            code: self.code,
            target: self.target.clone(),
        }
    }
}

/// What the judges say of one snapshot.
#[derive(Debug, Default)]
struct Judged {
    drafts: Vec<Draft>,
    /// What could not be looked at; a finding of it stays as it was.
    blind: Vec<FindingKey>,
    forecasts: Vec<Forecast>,
    verdicts: Vec<ProcessVerdict>,
}

impl Judged {
    fn see(&mut self, draft: Draft) {
        self.drafts.push(draft);
    }

    fn blind(&mut self, codes: &[Code], target: &Target) {
        let keys = codes.iter().map(|code| FindingKey {
            code: *code,
            target: target.clone(),
        });
        self.blind.extend(keys);
    }
}

/// Assesses a snapshot. `history` is what earlier calls left; it is brought up to this one.
pub fn assess(
    snapshot: &Snapshot,
    history: &mut History,
    config: &AssessConfig,
    now: Moment,
) -> Assessment {
    history.observe(snapshot, config, now);
    let mut judged = Judged::default();
    let case = Case {
        snapshot,
        history,
        config,
        now,
    };
    broker::judge(case, &mut judged);
    queues::judge(case, &mut judged);
    workers::judge(case, &mut judged);
    config::judge(case, &mut judged);
    resources::judge(case, &mut judged);
    probes::judge(case, &mut judged);
    let Judged {
        drafts,
        blind,
        mut forecasts,
        mut verdicts,
    } = judged;

    let mut findings: Vec<Finding> = history.settle.settle(drafts, &blind, snapshot, now);
    join(&mut findings, config);
    findings.sort_by(|a, b| {
        b.severity
            .cmp(&a.severity)
            .then_with(|| (a.code, &a.target).cmp(&(b.code, &b.target)))
    });
    let Scored {
        score,
        mean,
        cap,
        components,
    } = score(&findings, &config.weights);
    let (level, level_held) = history.level.next(score, now);
    forecasts.sort_by(|a, b| (a.what, &a.target).cmp(&(b.what, &b.target)));
    verdicts.sort_by(|a, b| (&a.worker, a.process).cmp(&(&b.worker, b.process)));
    Assessment {
        at: now,
        score,
        level,
        level_held,
        mean,
        cap,
        components,
        findings,
        coverage: probes::coverage(snapshot, now),
        forecasts,
        verdicts,
    }
}
