//! Nothing is missing: an alert and a page for each code, words, runbooks, metrics.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use regex::Regex;
use testbed::amtool;
use warrener::model::{Code, Remedy, Severity};

use crate::pack::{ROOT, alerts, source};

/// What is told to recovery and never to people: information, or said by its findings.
const WITHOUT_PAGE: [&str; 4] = [
    "ConfigChanged",
    "HealthCaution",
    "HealthWarning",
    "Watchdog",
];

/// What is about no target of a finding.
pub(crate) const WITHOUT_TARGET: [&str; 2] = ["WarrenerDown", "Watchdog"];

/// Alerts beside those of the codes: severity, playbook.
const OTHERS: [(&str, &str, &str); 5] = [
    ("HealthCaution", "info", "notify"),
    ("HealthWarning", "warning", "notify"),
    ("HealthCritical", "critical", "emergency"),
    ("WarrenerDown", "critical", "escalate"),
    ("Watchdog", "info", "notify"),
];

/// What tells of recovery itself, or of a configuration that would change it: pages alone, without a
/// playbook; name, severity.
pub(crate) const OF_RECOVERY: [(&str, &str); 8] = [
    ("RecoveryFailed", "warning"),
    ("RecoveryHeld", "warning"),
    ("RecoveryAwaitingApproval", "warning"),
    ("RecoveryLedgerUnwritable", "warning"),
    ("RecoveryOutboxStuck", "warning"),
    ("AlertPipelineSilent", "warning"),
    ("RecoveryPaused", "info"),
    ("ReloadRejected", "warning"),
];

/// Whether it tells of recovery itself.
pub(crate) fn is_of_recovery(name: &str) -> bool {
    OF_RECOVERY.iter().any(|(own, _)| *own == name)
}

/// The severities of the findings of a code, mildest first (DESIGN, section 7).
fn severities(code: Code) -> &'static [Severity] {
    use Severity::{Critical, Information, Major, Minor};
    match code {
        Code::BrokerUnreachable
        | Code::BrokerRoundtripFailing
        | Code::BrokerAuthFailed
        | Code::BrokerMemoryAlarm
        | Code::BrokerDiskAlarm
        | Code::WorkerDown => &[Critical],
        Code::BrokerNodeDown | Code::ConfigInvalid | Code::DiskLow | Code::MemoryLow => {
            &[Major, Critical]
        }
        Code::QueueStuck
        | Code::WorkerHung
        | Code::WorkerDisconnected
        | Code::WorkerFlapping
        | Code::WorkerConfigDrift => &[Major],
        Code::QueueWithoutConsumers
        | Code::QueueBacklog
        | Code::QueueGrowing
        | Code::QueueSlow
        | Code::WorkerMissing
        | Code::ProbeFailing => &[Minor, Major],
        Code::QueueRedelivering
        | Code::DeadLettersArriving
        | Code::WorkerMemoryGrowing
        | Code::ConfigInsecure
        | Code::DiskWillFill
        | Code::LogOversized
        | Code::LogErrors
        | Code::BackupStale
        | Code::BackupBroken => &[Minor],
        Code::ConfigChanged => &[Information],
    }
}

fn label(severity: Severity) -> &'static str {
    match severity {
        Severity::Information | Severity::Minor => "info",
        Severity::Major => "warning",
        Severity::Critical => "critical",
    }
}

/// Every alert but its page: name, severities, playbook.
fn expected() -> BTreeMap<&'static str, (BTreeSet<&'static str>, &'static str)> {
    let of_codes = Code::ALL.iter().map(|code| {
        let severities = severities(*code).iter().map(|s| label(*s)).collect();
        (code.as_str(), (severities, Remedy::as_str(code.remedy())))
    });
    let others =
        OTHERS.map(|(name, severity, playbook)| (name, (BTreeSet::from([severity]), playbook)));
    let of_recovery = OF_RECOVERY.map(|(name, severity)| (name, (BTreeSet::from([severity]), "")));
    of_codes.chain(others).chain(of_recovery).collect()
}

#[test]
fn every_code_has_its_alert_and_its_page() {
    let rules = source();
    let mut found: BTreeMap<(&str, bool), BTreeSet<&str>> = BTreeMap::new();
    for rule in alerts(&rules) {
        assert_eq!(
            rule.is_page(),
            rule.name().ends_with("Page") || is_of_recovery(rule.name()),
            "{}",
            rule.name()
        );
        let fresh = found
            .entry((rule.code(), rule.is_page()))
            .or_default()
            .insert(rule.severity());
        assert!(fresh, "{} {} twice", rule.name(), rule.severity());
        let (_, playbook) = &expected()[rule.code()];
        let labelled = rule.labels.get("playbook").map_or("", String::as_str);
        assert_eq!(labelled, *playbook, "{}", rule.name());
    }
    for (name, (severities, _)) in expected() {
        let for_recovery = (!is_of_recovery(name)).then_some(&severities);
        assert_eq!(found.get(&(name, false)), for_recovery, "{name}");
        let pages = (!WITHOUT_PAGE.contains(&name)).then_some(&severities);
        assert_eq!(found.get(&(name, true)), pages, "{name}Page");
    }
    let all = Code::ALL.len() + OTHERS.len() + OF_RECOVERY.len();
    assert_eq!(expected().len(), all);
}

/// No alert that tells of recovery, or of warrener itself, is ever answered by recovery: by the
/// shipped routes it does not get there, and where another route sends it, it is passed over.
#[test]
fn what_tells_of_recovery_goes_to_people_alone() {
    let own = warrener::recover::own::ALERTS;
    let config = Path::new(ROOT).join("rules/alertmanager.yml");
    let config = format!("--config.file={}", config.display());
    let rules = source();
    for rule in alerts(&rules) {
        let name = rule.name();
        let told_itself = is_of_recovery(name) || rule.code() == "WarrenerDown";
        assert_eq!(own.contains(&rule.code()), told_itself, "{name}");
        if !is_of_recovery(name) {
            continue;
        }
        let kept = rule.labels.iter().filter(|(_, value)| !value.is_empty());
        let labels: Vec<String> = kept
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let alert = format!("alertname={name}");
        let mut args = vec!["config", "routes", "test", &config, &alert];
        args.extend(labels.iter().map(String::as_str));
        let receiver = amtool(&args, "").unwrap();
        let expected = match rule.severity() {
            "critical" => "on-call",
            "warning" => "chat",
            _ => "chat-quiet",
        };
        assert_eq!(receiver.trim(), expected, "{name}");
    }
}

#[test]
fn alerts_say_what_people_need() {
    let rules = source();
    let boards = ["overview", "broker", "workers", "config", "self"];
    for rule in alerts(&rules) {
        let name = rule.name();
        let note = |key: &str| {
            rule.annotations
                .get(key)
                .unwrap_or_else(|| panic!("{name}: {key}"))
        };
        assert!(
            !note("summary").contains("{{"),
            "{name}: a summary is static"
        );
        assert!(note("description").ends_with('.'), "{name}");
        assert!(
            name == "Watchdog" || note("description").contains("{{"),
            "{name}"
        );
        let runbook = note("runbook_url");
        assert_eq!(runbook, &format!("docs/runbooks/{}.md", rule.code()));
        let file = Path::new(ROOT).join(runbook);
        let text = fs::read_to_string(&file).unwrap_or_else(|_| panic!("{runbook} is missing"));
        for part in [
            "# ",
            "\n## warrener does",
            "\n## Check",
            "\n## Fix",
            "\n## Tune",
        ] {
            assert!(text.contains(part), "{runbook}: {part:?}");
        }
        let board = note("dashboard_url").strip_prefix("/d/warrener-").unwrap();
        assert!(
            boards.contains(&board.split('?').next().unwrap()),
            "{name}: {board}"
        );
    }
}

#[test]
fn every_runbook_is_of_an_alert_and_in_the_index() {
    let folder = Path::new(ROOT).join("docs/runbooks");
    let index = fs::read_to_string(folder.join("README.md")).unwrap();
    let mut names: BTreeSet<String> = BTreeSet::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name != "README.md" {
            assert!(
                index.contains(&format!("({name})")),
                "{name} is not in the index"
            );
            names.insert(name.trim_end_matches(".md").to_owned());
        }
    }
    let alerts: BTreeSet<String> = expected().keys().map(|&name| name.to_owned()).collect();
    assert_eq!(names, alerts);
}

/// Names of metrics in the expressions; those with a colon are recorded here.
#[test]
fn every_metric_exists() {
    let rules = source();
    let recorded: BTreeSet<_> = rules.iter().filter_map(|r| r.record.as_deref()).collect();
    let name = Regex::new(r"[a-z]*:?\bwarrener_[a-z0-9_]+(?::[a-z0-9_]+)?").unwrap();
    let mut raw = BTreeSet::new();
    for rule in &rules {
        for found in name.find_iter(&rule.expr).map(|m| m.as_str()) {
            if found.contains(':') {
                assert!(recorded.contains(found), "{found} is not recorded");
            } else {
                raw.insert(found);
            }
        }
    }
    assert!(raw.len() > 30, "{raw:?}");
    let reference = Path::new(ROOT).join("docs/METRICS.md");
    let reference = fs::read_to_string(&reference).unwrap();
    let known: BTreeSet<_> = name.find_iter(&reference).map(|m| m.as_str()).collect();
    let unknown: Vec<_> = raw.difference(&known).collect();
    assert!(
        unknown.is_empty(),
        "rules name metrics that do not exist: {unknown:?}"
    );
}
