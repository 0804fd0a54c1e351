//! What goes first, what is under way, and how often is too often.

use super::{Case, Hold, HoldReason, LocalNode};
use crate::assess::rank;
use crate::config::units::Budget;
use crate::model::{Code, Evidence, FindingKey, Severity, Target, Timestamp};

const CONFIGURATION: u8 = 0;
const BROKER: u8 = 1;
const WORKER: u8 = 3;

pub(super) fn cause_first(case: &Case<'_>) -> Option<Hold> {
    let cause = cause(case)?;
    let words = format!("{cause} has to be repaired first");
    Some(Hold::new(HoldReason::CauseFirst, words))
}

/// What has to be repaired first.
pub(super) fn cause(case: &Case<'_>) -> Option<FindingKey> {
    if let Some(cause) = case.finding.and_then(|finding| finding.cause.as_ref()) {
        return Some(cause.clone());
    }
    let own = own_rank(case);
    let findings = case.view.assessment.findings.iter();
    let now = findings.map(|f| (f.code, &f.target, Some(f.severity)));
    let open = case.view.incidents.iter();
    let open = open.filter_map(|i| Some((i.key.code.finding()?, &i.key.target, None)));
    let (code, target, _) = now
        .chain(open)
        .filter(|(code, _, _)| rank(*code) < own)
        .find(|(code, target, severity)| stands_before(case, *code, target, *severity))?;
    let target = target.clone();
    Some(FindingKey { code, target })
}

/// Where it stands in the order configuration, broker, workers.
fn own_rank(case: &Case<'_>) -> u8 {
    match case.request.code.finding() {
        Some(code) => rank(code),
        None if !case.workers.is_empty() => WORKER,
        None if case.restarts_broker() => BROKER,
        None => CONFIGURATION,
    }
}

/// Whether a trouble further up stands in the way; of one without a severity, an incident is open.
fn stands_before(case: &Case<'_>, code: Code, target: &Target, severity: Option<Severity>) -> bool {
    let workers = !case.workers.is_empty();
    match code {
        Code::ConfigInvalid => {
            let Target::EnvFile { path } = target else {
                return false;
            };
            let uses = |w: &String| case.view.targets.env_file_of(w) == Some(path);
            // A node that is seen to be down is not down because of a file of somebody's; and an
            // incident that waits for the broker's login must not keep the broker from it.
            let broker = case.restarts_broker() && case.view.local_node != LocalNode::Down;
            case.workers.iter().any(uses) || (broker && severity.is_some())
        }
        Code::BrokerUnreachable | Code::BrokerRoundtripFailing | Code::BrokerAuthFailed => workers,
        Code::BrokerNodeDown => workers && severity == Some(Severity::Critical),
        _ => false,
    }
}

pub(super) fn locked(case: &Case<'_>) -> Option<Hold> {
    let overlaps = |target: &Target| {
        case.request.touches.contains(target) || case.request.target == Some(target)
    };
    let other = case.others().filter(|run| run.is_at_work());
    let mut other = other.filter(|run| overlaps(&run.target) || run.touches.iter().any(overlaps));
    let run = other.next()?;
    let words = format!("run {} ({}) works on the same", run.id.0, run.playbook);
    let hold = Hold::new(HoldReason::Locked, words);
    Some(hold.with(Evidence::seen("its target", run.target.to_string())))
}

pub(super) fn cooldown(case: &Case<'_>) -> Option<Hold> {
    if case.request.source.is_a_person() {
        return None;
    }
    let (name, rest) = (&case.request.playbook.name, case.request.playbook.cooldown);
    let same = case.others().filter(|run| {
        run.playbook == *name
            && Some(&run.target) == case.request.target
            && run.started_at.is_some()
    });
    let ended = same.filter_map(|run| run.ended_at).max()?;
    if case.now.since(ended) >= rest.get() {
        return None;
    }
    let ago = case.now.since(ended).as_secs();
    let words = format!("{name} ended {ago} s ago on the same target");
    let hold = Hold::new(HoldReason::Cooldown, words).until(Some(ended.after(rest.get())));
    Some(hold.with(Evidence::against(
        "rest",
        format!("{ago} s"),
        rest.to_string(),
    )))
}

pub(super) fn budget(case: &Case<'_>) -> Option<Hold> {
    let target = case.request.target?;
    let budget = &case.view.config.recovery.budget;
    let of_target = spent(case, budget.target, |run| run.target == *target);
    let spent = of_target.map(|h| (target.to_string(), budget.target, h));
    let spent = spent.or_else(|| {
        let of_host = spent_of_host(case, budget.host)?;
        Some(("this host".to_owned(), budget.host, of_host))
    });
    let (whose, budget, until) = spent?;
    let words = format!("the budget of {whose} is spent");
    let hold = Hold::new(HoldReason::Budget, words).until(Some(until));
    let more = format!("{} or more", budget.count);
    Some(hold.with(Evidence::against("runs", more, format!("at most {budget}"))))
}

fn spent_of_host(case: &Case<'_>, budget: Budget) -> Option<Timestamp> {
    spent(case, budget, |_| true)
}

/// Where a budget is spent: when there is room again.
fn spent(
    case: &Case<'_>,
    budget: Budget,
    counts: impl Fn(&crate::model::Run) -> bool,
) -> Option<Timestamp> {
    let window = budget.window.get();
    let began = case
        .others()
        .filter(|run| counts(run))
        .filter_map(|run| run.started_at);
    // What seems to lie ahead, after the clock was set back, has just happened.
    let mut began: Vec<_> = began.filter(|at| case.now.since(*at) < window).collect();
    began.sort_unstable();
    let count = budget.count as usize;
    let first_to_leave = began.len().checked_sub(count)?;
    Some(began.get(first_to_leave)?.after(window))
}
