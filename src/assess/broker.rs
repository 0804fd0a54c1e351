//! The broker: from how readings fail to what is wrong with it, and from its nodes to alarms.
//!
//! One reading that timed out is no unreachable broker: both ways in must fail, or one of them
//! twice while the other does not succeed. A refused login is an answer, so never unreachable. A
//! login that goes on with what last worked leaves the broker healthy; the env file is the finding.

use super::probes::failed_in_a_row;
use super::settle::Source;
use super::{Case, Draft, Judged, words};
use crate::model::facts::{BrokerFacts, NodeFacts};
use crate::model::{
    Code, Evidence, Forecasted, Moment, ProbeName, Reason, Section, Severity, Target,
};

/// A way in to the broker, and how the newest attempt went.
#[derive(Clone, Copy)]
struct Way<'a> {
    name: &'static str,
    reason: Option<Reason>,
    message: &'a str,
    in_a_row: u32,
    success: bool,
    read_at: Option<Moment>,
    failing_since: Option<Moment>,
}

impl Way<'_> {
    fn unreachable(&self) -> bool {
        use Reason::{Closed, Dns, Refused, Timeout, Tls};
        matches!(self.reason, Some(Dns | Refused | Timeout | Closed | Tls))
    }

    fn refused_login(&self) -> bool {
        self.reason == Some(Reason::Auth)
    }

    /// It succeeded after `other` began to fail.
    fn contradicts(&self, other: &Way<'_>) -> bool {
        let later = |read: Moment, failing: Moment| !read.since(failing).is_zero();
        self.success
            && self
                .read_at
                .zip(other.failing_since)
                .is_none_or(|(read, f)| later(read, f))
    }

    fn evidence(&self) -> Evidence {
        match self.reason {
            Some(reason) => {
                let times = if self.in_a_row > 1 {
                    format!(", {} times in a row", self.in_a_row)
                } else {
                    String::new()
                };
                Evidence::seen(self.name, format!("{} ({reason}{times})", self.message))
            }
            None if self.success => Evidence::seen(self.name, "succeeded"),
            None => Evidence::seen(self.name, "not tried yet"),
        }
    }
}

fn way<'a, T>(case: Case<'a>, name: &'static str, probe: ProbeName, s: &'a Section<T>) -> Way<'a> {
    Way {
        name,
        reason: s.failure().map(|f| f.reason),
        message: s.failure().map_or("", |f| f.message.as_str()),
        in_a_row: failed_in_a_row(case, probe, s),
        success: s.success() == Some(true),
        read_at: s.read_at(),
        failing_since: case.history.failing.get(&probe).copied(),
    }
}

pub(super) fn judge(case: Case<'_>, out: &mut Judged) {
    access(case, out);
    if let Some(facts) = case.snapshot.broker.facts() {
        nodes(case, &facts, out);
    }
}

/// Whether it can be reached, lets us in, and passes a message on.
fn access(case: Case<'_>, out: &mut Judged) {
    let reading = way(case, "reading", ProbeName::Broker, &case.snapshot.broker);
    let trip = way(
        case,
        "round trip",
        ProbeName::Roundtrip,
        &case.snapshot.roundtrip,
    );
    let critical = |code, summary: &str| {
        Draft::new(
            code,
            Target::Broker,
            Severity::Critical,
            Source::Outcomes,
            summary,
        )
        .with(reading.evidence())
        .with(trip.evidence())
    };
    let refused = trip.refused_login() || (reading.refused_login() && !trip.success);
    let down = (reading.unreachable() && trip.unreachable())
        || (reading.unreachable() && reading.in_a_row >= 2 && !trip.contradicts(&reading))
        || (trip.unreachable() && trip.in_a_row >= 2 && !reading.contradicts(&trip));
    let broken = trip.in_a_row >= 2
        && trip.reason.is_some_and(|reason| {
            use Reason::{Access, Io, Panic, Unresolved, Unsupported};
            !matches!(reason, Access | Io | Panic | Unresolved | Unsupported)
        });
    let alarm = case
        .snapshot
        .broker
        .facts()
        .is_some_and(|facts| facts.nodes.iter().any(alarmed));
    let blocked = trip.reason == Some(Reason::Blocked);
    if refused {
        let summary = "the broker refuses the configured login";
        out.see(critical(Code::BrokerAuthFailed, summary));
    } else if down && !blocked {
        out.see(critical(
            Code::BrokerUnreachable,
            "the broker does not answer",
        ));
    } else if broken && !(blocked && alarm) {
        let summary = if blocked {
            "publishers are blocked by a memory or disk alarm"
        } else {
            "the broker answers, but no message comes through it"
        };
        out.see(critical(Code::BrokerRoundtripFailing, summary));
    } else if !trip.success {
        // Only a success heals: not a failure of another kind, nor silence.
        out.blind(&[Code::BrokerRoundtripFailing], &Target::Broker);
        if !reading.success {
            out.blind(
                &[Code::BrokerUnreachable, Code::BrokerAuthFailed],
                &Target::Broker,
            );
        }
    }
}

fn alarmed(node: &NodeFacts) -> bool {
    node.memory_alarm == Some(true) || node.disk_alarm == Some(true)
}

fn nodes(case: Case<'_>, facts: &BrokerFacts, out: &mut Judged) {
    let up = facts.nodes.iter().filter(|node| node.up).count();
    let all = facts.nodes.len();
    let quorum_lost = all > 1 && up * 2 <= all;
    for node in &facts.nodes {
        let target = Target::Node {
            name: node.name.clone(),
        };
        if !node.up {
            let severity = if quorum_lost {
                Severity::Critical
            } else {
                Severity::Major
            };
            let summary = format!("{} is down", node.name);
            let draft = Draft::new(
                Code::BrokerNodeDown,
                target.clone(),
                severity,
                ProbeName::Broker,
                summary,
            );
            let majority = format!("more than {} for a quorum", all / 2);
            let nodes = Evidence::against("nodes up", format!("{up} of {all}"), majority);
            out.see(draft.after(2).with(nodes));
        }
        alarms(node, &target, out);
        if let (Some(open), Some(most)) = (node.fds_open, node.fds_max)
            && let Some(series) = case.history.node_fds.get(&node.name)
        {
            let (open, most) = (words::float(open), words::float(most));
            out.forecasts
                .extend(series.forecast(Forecasted::FileDescriptors, target, open, most));
        }
    }
}

fn alarms(node: &NodeFacts, target: &Target, out: &mut Judged) {
    let figures = |used: Option<u64>, limit: Option<u64>, what: &str, than: &str| {
        used.zip(limit).map(|(used, limit)| {
            let limit = format!("{than} {}", words::bytes(limit));
            Evidence::against(what, words::bytes(used), limit)
        })
    };
    let memory = figures(
        node.memory_used,
        node.memory_limit,
        "memory used",
        "less than",
    );
    let disk = figures(
        node.disk_free,
        node.disk_free_limit,
        "disk free",
        "more than",
    );
    let alarms = [
        (Code::BrokerMemoryAlarm, node.memory_alarm, "memory", memory),
        (Code::BrokerDiskAlarm, node.disk_alarm, "disk", disk),
    ];
    for (code, raised, resource, evidence) in alarms {
        match raised {
            Some(true) => {
                let summary = format!(
                    "the {resource} alarm of {} blocks all publishers",
                    node.name
                );
                let mut draft = Draft::new(
                    code,
                    target.clone(),
                    Severity::Critical,
                    ProbeName::Broker,
                    summary,
                );
                draft
                    .evidence
                    .push(Evidence::against("alarm", "raised", "not raised"));
                draft.evidence.extend(evidence);
                out.see(draft);
            }
            Some(false) => {}
            None => out.blind(&[code], target),
        }
    }
}
