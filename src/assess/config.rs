//! The env files: broken, open to others, changed.

use std::time::Duration;

use super::{Case, Draft, Judged};
use crate::model::facts::{EnvFileFacts, EnvfileFacts};
use crate::model::{Code, Evidence, Failure, ProbeName, Reason, Severity, Target};

/// How long a change is told.
const TOLD_FOR: Duration = Duration::from_secs(600);
/// The place of a variable that no env file gives a value.
const ENVIRONMENT: &str = "environment";

pub(super) fn judge(case: Case<'_>, out: &mut Judged) {
    let Some(facts) = case.snapshot.envfile.facts() else {
        return;
    };
    let fallback = fallback(case);
    for file in &facts.files {
        let target = Target::EnvFile {
            path: file.path.clone(),
        };
        let is_first = facts
            .files
            .first()
            .is_some_and(|first| first.path == file.path);
        invalid(case, file, is_first.then_some(&facts), &target, out);
        insecure(file, &target, out);
        changed(case, file, &target, out);
    }
    let explained = |out: &Judged| out.drafts.iter().any(|d| d.code == Code::ConfigInvalid);
    if facts.files.is_empty() && !facts.unresolved.is_empty() {
        let target = Target::EnvFile {
            path: ENVIRONMENT.into(),
        };
        let summary = "variables of the configuration have no value";
        let mut draft = draft(target, Severity::Major, summary.into());
        draft.evidence = unresolved(&facts, |_| false);
        out.see(draft);
    } else if let Some(failure) = fallback.filter(|_| !explained(out))
        && let Some(first) = facts.files.first()
    {
        let target = Target::EnvFile {
            path: first.path.clone(),
        };
        let summary = format!(
            "the login of {} fails; the last that worked is in use",
            first.path
        );
        let login = Evidence::against("login", failure.to_string(), "accepted");
        out.see(draft(target, Severity::Critical, summary).with(login));
    }
}

/// How the configured login failed where the one that last worked was used after it.
fn fallback(case: Case<'_>) -> Option<Failure> {
    let facts = case.snapshot.roundtrip.facts()?;
    facts
        .configured_failure
        .clone()
        .filter(|_| facts.fallback_login)
}

fn draft(target: Target, severity: Severity, summary: String) -> Draft {
    Draft::new(
        Code::ConfigInvalid,
        target,
        severity,
        ProbeName::Envfile,
        summary,
    )
}

/// Those that are not `told` already.
fn unresolved(facts: &EnvfileFacts, told: impl Fn(&str) -> bool) -> Vec<Evidence> {
    let words = |empty| if empty { "empty" } else { "missing" };
    facts
        .unresolved
        .iter()
        .filter(|v| !told(&v.name))
        .map(|v| Evidence::against(format!("${{{}}}", v.name), words(v.empty), "a value"))
        .collect()
}

/// `facts` are given for the file that unresolved variables are told of.
fn invalid(
    case: Case<'_>,
    file: &EnvFileFacts,
    facts: Option<&EnvfileFacts>,
    target: &Target,
    out: &mut Judged,
) {
    let expected = case
        .config
        .env_files
        .iter()
        .any(|f| f.path == file.path && f.expected);
    let mut evidence = Vec::new();
    if let Some(problem) = &file.problem {
        evidence.push(Evidence::against("file", problem.clone(), "readable"));
    } else if file.exists == Some(false) && expected {
        evidence.push(Evidence::against("file", "missing", "there"));
    }
    let violations = file.violations.as_deref().unwrap_or_default();
    evidence.extend(
        violations
            .iter()
            .map(|violation| Evidence::seen(violation.key.clone(), violation.words.clone())),
    );
    let told = |name: &str| violations.iter().any(|violation| violation.key == name);
    evidence.extend(
        facts
            .map(|facts| unresolved(facts, told))
            .unwrap_or_default(),
    );
    let login = file
        .login
        .and_then(Result::err)
        .filter(|reason| is_of_the_values(case, *reason));
    if evidence.is_empty() && login.is_none() {
        if file.violations.is_none() && file.exists != Some(false) {
            out.blind(&[Code::ConfigInvalid], target);
        }
        return;
    }
    let severity = if login.is_some() {
        Severity::Critical
    } else {
        Severity::Major
    };
    let summary = match (login, file.violations.as_deref().unwrap_or_default()) {
        (Some(_), []) => format!("a login with the values of {} fails", file.path),
        (_, []) => format!("{} can't be used", file.path),
        (_, [one]) => format!("{} in {} {}", one.key, file.path, one.words),
        (_, several) => format!("{} keys in {} break its schema", several.len(), file.path),
    };
    let mut draft = draft(target.clone(), severity, summary);
    draft.evidence = evidence;
    draft.evidence.extend(
        login.map(|reason| Evidence::against("login with its values", reason.as_str(), "accepted")),
    );
    out.see(draft);
}

/// Whether a failed login speaks against the values, not against a broker that is down.
fn is_of_the_values(case: Case<'_>, reason: Reason) -> bool {
    match reason {
        Reason::Auth | Reason::Vhost | Reason::Access | Reason::Unresolved => true,
        Reason::Dns | Reason::Refused | Reason::Timeout | Reason::Closed | Reason::Tls => {
            // The broker lives, by another login: then these values lead elsewhere.
            case.snapshot
                .roundtrip
                .facts()
                .is_some_and(|trip| trip.fallback_login)
                || case
                    .snapshot
                    .broker
                    .facts()
                    .is_some_and(|broker| broker.fallback_login)
        }
        _ => false,
    }
}

fn insecure(file: &EnvFileFacts, target: &Target, out: &mut Judged) {
    match file.insecurities.as_deref() {
        Some([]) => {}
        None if file.exists == Some(false) => {}
        None => out.blind(&[Code::ConfigInsecure], target),
        Some(insecurities) => {
            let summary = format!("{} lets others in", file.path);
            let mut draft = Draft::new(
                Code::ConfigInsecure,
                target.clone(),
                Severity::Minor,
                ProbeName::Envfile,
                summary,
            );
            let evidence = insecurities
                .iter()
                .map(|i| Evidence::seen("permissions", &*i.words));
            draft.evidence = evidence.collect();
            out.see(draft);
        }
    }
}

fn changed(case: Case<'_>, file: &EnvFileFacts, target: &Target, out: &mut Judged) {
    let Some(at) = file.changed_at.filter(|at| case.now.since(*at) <= TOLD_FOR) else {
        return;
    };
    let summary = format!("{} was changed", file.path);
    let ago = super::words::time(case.now.since(at));
    let draft = Draft::new(
        Code::ConfigChanged,
        target.clone(),
        Severity::Information,
        ProbeName::Envfile,
        summary,
    );
    out.see(draft.with(Evidence::seen("changed", format!("{ago} ago"))));
}
