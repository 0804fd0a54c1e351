//! What is seen: new enough, the same as what is claimed, and bad enough.

use std::time::Duration;

use super::{Case, Hold, HoldReason, LocalNode, most_risk};
use crate::model::{
    Code, Evidence, Level, Moment, Reason, Section, Severity, TriggerCode, TriggerSource,
};
use crate::recover::playbook::{Action, Confirm};

/// However often something is read, younger than this is new enough.
const FRESH: Duration = Duration::from_secs(15);
/// Readings that may be missed.
const MISSED: u32 = 3;

fn limit(interval: Option<Duration>) -> Duration {
    interval.map_or(FRESH, |every| FRESH.max(every * MISSED))
}

pub(super) fn stale_snapshot(case: &Case<'_>) -> Option<Hold> {
    let snapshot = case.view.snapshot;
    let now = case.view.now;
    let intervals = [
        snapshot.broker.interval,
        snapshot.workers.interval,
        snapshot.envfile.interval,
    ];
    let slowest = limit(intervals.into_iter().flatten().max());
    let assessed = case.view.assessment.at;
    let whole = [("snapshot", snapshot.at), ("assessment", assessed)];
    for (what, at) in whole {
        if now.since(at) > slowest {
            return Some(old(what, Some(now.since(at)), slowest));
        }
    }
    let uses = |fits: fn(&Action) -> bool| case.request.steps.iter().any(|s| fits(&s.action));
    let workers = uses(Action::touches_workers)
        .then(|| section("workers", &snapshot.workers, now))
        .flatten();
    let config = uses(|action| action.name().starts_with("config."))
        .then(|| section("env files", &snapshot.envfile, now))
        .flatten();
    if let Some(hold) = workers.or(config) {
        return Some(hold);
    }
    // What was found stays found while nobody can look; to act on it, it has to be seen.
    let finding = case.finding?;
    let age = now.since(finding.as_of);
    (age > slowest).then(|| old("the finding's newest reading", Some(age), slowest))
}

fn section<T>(what: &str, section: &Section<T>, now: Moment) -> Option<Hold> {
    let limit = limit(section.interval);
    let age = section.read_at().map(|at| now.since(at));
    match (section.success(), age) {
        (Some(true), Some(age)) if age <= limit => None,
        _ => Some(old(what, age, limit)),
    }
}

fn old(what: &str, age: Option<Duration>, limit: Duration) -> Hold {
    let age = age.map_or("never read".to_owned(), |age| {
        format!("{} s old", age.as_secs())
    });
    let words = format!("what is known is too old to act on: {what}");
    let most = format!("at most {} s", limit.as_secs());
    Hold::new(HoldReason::StaleSnapshot, words).with(Evidence::against(what, age, most))
}

pub(super) fn unconfirmed(case: &Case<'_>) -> Option<Hold> {
    let hold = |words: String| Hold::new(HoldReason::Unconfirmed, words);
    let (source, code) = (case.request.source, case.request.code);
    let by_itself = source.is_an_alert() && case.request.playbook.confirm == Confirm::Alert;
    // What acted may have ended its own symptom: that is no reason to stop half-way.
    let under_way = case.own().is_some_and(|run| run.started_at.is_some());
    let must = (source.is_an_alert() || source == TriggerSource::Finding) && !under_way;
    if must && !by_itself {
        let seen = match code {
            TriggerCode::Finding(_) => case.finding.is_some(),
            TriggerCode::Alert(name) => Level::of_alert(name.as_str())
                .is_some_and(|claimed| case.view.assessment.level >= claimed),
            TriggerCode::Asked(_) => true,
        };
        if !seen {
            let level = case.view.assessment.level.as_str();
            let score = format!("{} ({level})", case.view.assessment.score);
            return Some(
                hold(format!("warrener does not see {code} there itself"))
                    .with(Evidence::seen("health", score)),
            );
        }
    }
    case.restarts_broker()
        .then(|| node_is_bad(case))
        .flatten()
        .map(hold)
}

/// Why nothing shows that the local node itself is down or hung; `None`: something does.
fn node_is_bad(case: &Case<'_>) -> Option<String> {
    match case.view.local_node {
        LocalNode::Down => return None,
        LocalNode::Up => return Some("this host's broker node runs and answers".to_owned()),
        LocalNode::Unknown => {
            return Some("nothing shows that this host's broker node is down or hung".to_owned());
        }
        LocalNode::Hung => {}
    }
    // What answers at all, if only with a refusal, does not hang; what can't be reached may well.
    let snapshot = case.view.snapshot;
    let reasons = [snapshot.broker.failure(), snapshot.roundtrip.failure()];
    let reasons = reasons.map(|failure| failure.map(|f| f.reason));
    let silent = |reason: &Reason| matches!(reason, Reason::Timeout | Reason::Closed);
    if let Some(other) = reasons.into_iter().flatten().find(|reason| !silent(reason)) {
        return Some(format!("a node that hangs does not fail by `{other}`"));
    }
    if reasons[1].is_none() {
        return Some("a message came through the broker, or none was tried".to_owned());
    }
    let alarm = |code| matches!(code, Code::BrokerMemoryAlarm | Code::BrokerDiskAlarm);
    let findings = &case.view.assessment.findings;
    let alarmed = findings
        .iter()
        .find(|f| alarm(f.code) && f.severity > Severity::Information);
    alarmed.map(|finding| {
        format!(
            "{} blocks publishers; a restart would not end it",
            finding.code
        )
    })
}

pub(super) fn level(case: &Case<'_>) -> Option<Hold> {
    let level = case.view.assessment.level;
    let most = most_risk(level, case.request.source);
    let risk = case.risk();
    if most.is_some_and(|most| risk <= most) {
        return None;
    }
    let allowed = most.map_or("nothing", |most| most.as_str());
    let words = format!("at level {level}, {risk} is more than recovery may do");
    Some(Hold::new(HoldReason::Level, words).with(Evidence::against(
        "risk",
        risk.as_str(),
        format!("at most {allowed}"),
    )))
}
