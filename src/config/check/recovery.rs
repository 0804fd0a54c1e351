//! `health`, `recovery`, `notify`, `ledger`, `web`.

use super::super::{Config, RecoveryMode};
use super::broker::web_url;
use super::{Findings, keys};

const MAX_WEIGHT: u32 = 1000;
const LEAST_KEPT_HOURS: u64 = 24;

pub(super) fn check(config: &Config, findings: &mut Findings) {
    let weights = &config.health.weights;
    let named = [
        ("broker", weights.broker),
        ("workers", weights.workers),
        ("resources", weights.resources),
        ("config", weights.config),
    ];
    if named.iter().all(|(_, weight)| *weight == 0) {
        let remedy = "give at least one component a weight; broker 40, workers 30, resources 15, \
                      config 15 is the default";
        findings.add(keys(&["health", "weights"]), "all are 0", remedy);
    }
    for (name, _) in named.iter().filter(|(_, weight)| *weight > MAX_WEIGHT) {
        let path = keys(&["health", "weights", name]);
        let problem = format!("is more than {MAX_WEIGHT}");
        findings.add(
            path,
            problem,
            "only the proportions matter: divide all by the same number",
        );
    }
    recovery(config, findings);
    notify(config, findings);
    if config.ledger.keep.get().as_secs() < LEAST_KEPT_HOURS * 3600 {
        let remedy = "budgets and ladders look back that far; 400d is the default";
        findings.add(keys(&["ledger", "keep"]), "is shorter than a day", remedy);
    }
    if config
        .web
        .auth
        .as_ref()
        .is_some_and(|auth| auth.bearer_file.is_none() && auth.basic.is_none())
    {
        let remedy = "give `bearer_file` or `basic`, or remove it: nobody may act then";
        findings.add(keys(&["web", "auth"]), "lets nobody in", remedy);
    }
}

fn recovery(config: &Config, findings: &mut Findings) {
    let recovery = &config.recovery;
    if let Some(url) = &recovery.alertmanager {
        web_url(url, &keys(&["recovery", "alertmanager"]), findings);
    }
    for (name, limits) in &recovery.playbooks {
        let Some(mode) = limits.mode.filter(|mode| *mode > recovery.mode) else {
            continue;
        };
        let (mode, whole) = (word(mode), word(recovery.mode));
        findings.add(
            keys(&["recovery", "playbooks", name, "mode"]),
            format!("`{mode}` is more than `recovery.mode`, `{whole}`"),
            format!("a playbook may say less, never more: write `{whole}` or less, or raise `recovery.mode`"),
        );
    }
    for (at, run) in recovery.housekeeping.iter().enumerate() {
        if run.playbook.is_empty() {
            let path = keys(&["recovery", "housekeeping"]).item(at).key("playbook");
            findings.add(path, "is empty", "name a playbook, as in `housekeeping`");
        }
    }
}

fn notify(config: &Config, findings: &mut Findings) {
    let notify = &config.notify;
    let levels = [
        ("slack", notify.slack.as_ref().map(|slack| &slack.levels)),
        ("webhook", notify.webhook.as_ref().map(|hook| &hook.levels)),
    ];
    for (channel, levels) in levels {
        if levels.is_some_and(Vec::is_empty) {
            let remedy = "name at least one of: normal, caution, warning, critical";
            let path = keys(&["notify", channel, "levels"]);
            findings.add(path, "names no level", remedy);
        }
    }
    let report = &config.report;
    if let Some(url) = &report.prometheus {
        web_url(url, &keys(&["report", "prometheus"]), findings);
    }
    let planned = [&report.daily, &report.weekly, &report.monthly];
    if planned.iter().any(|cron| cron.is_some())
        && notify.slack.is_none()
        && notify.webhook.is_none()
    {
        let remedy = "give `notify.slack` or `notify.webhook`, or remove it";
        findings.add(keys(&["report"]), "has nobody to be sent to", remedy);
    }
    let Some(webhook) = &notify.webhook else {
        return;
    };
    let path = keys(&["notify", "webhook"]);
    match (&webhook.url, &webhook.url_file) {
        (Some(url), None) => web_url(url, &path.key("url"), findings),
        (None, Some(_)) => {}
        (None, None) => findings.add(path, "has no URL", "give `url`, or `url_file`"),
        (Some(_), Some(_)) => findings.add(
            path,
            "has two URLs",
            "remove `url` or `url_file`: one server is told",
        ),
    }
}

fn word(mode: RecoveryMode) -> &'static str {
    match mode {
        RecoveryMode::Off => "off",
        RecoveryMode::Propose => "propose",
        RecoveryMode::Approve => "approve",
        RecoveryMode::Auto => "auto",
    }
}
