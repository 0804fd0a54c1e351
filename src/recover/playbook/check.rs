//! What types can't hold: whether a playbook agrees with itself, with others and with the
//! configuration.

use std::path::{Path, PathBuf};

use super::{Action, Confirm, Origin, Playbook, Playbooks, Step, TriggerName};
use crate::config::{Config, ConfigError, ConfigErrors, KeyPath, Places, Source};
use crate::model::{Code, Risk, TriggerCode};
use crate::recover::own::is_own;

/// Alerts that are no finding's, and that warrener can confirm by its own level.
pub(crate) const HEALTH_ALERTS: [&str; 3] = ["HealthCaution", "HealthWarning", "HealthCritical"];

/// The alert that always fires: a heartbeat, nothing to answer.
const WATCHDOG: &str = "Watchdog";

const MAX_RETRIES: u32 = 10;

struct Findings<'a> {
    places: &'a Places<'a>,
    errors: Vec<ConfigError>,
}

impl Findings<'_> {
    fn add(&mut self, path: KeyPath, problem: impl Into<String>, remedy: impl Into<String>) {
        let error = self.places.error(path, problem.into(), remedy.into());
        self.errors.push(error);
    }
}

/// What does not agree in one playbook, read from `file`.
pub(super) fn one(playbook: &Playbook, file: &Path, places: &Places<'_>) -> Vec<ConfigError> {
    let root = KeyPath::default();
    let mut findings = Findings {
        places,
        errors: Vec::new(),
    };
    let stem = file.file_stem().and_then(|s| s.to_str()).unwrap_or("");
    if playbook.name != stem {
        findings.add(
            root.key("playbook"),
            format!("`{}` stands in `{stem}.yml`", playbook.name),
            "a playbook's file has its name",
        );
    }
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let name = &playbook.name;
    if name.is_empty() || name.len() > 64 || !name.chars().all(legal) {
        findings.add(
            root.key("playbook"),
            "is not a name for a playbook",
            "lower-case letters, digits, `-`, at most 64, as in `worker-unhealthy`",
        );
    }
    names(playbook, &mut findings);
    if playbook.drives.is_some() != playbook.ladder.is_empty() {
        findings.add(
            root.key("ladder"),
            "it has either a ladder or `drives`",
            "write what is done as `ladder: [{rung: ..., steps: [...]}]`",
        );
    }
    for (at, rung) in playbook.ladder.iter().enumerate() {
        let path = root.key("ladder").item(at);
        if rung.steps.is_empty() {
            findings.add(path.key("steps"), "is empty", "name at least one step");
        }
        for (number, step) in rung.steps.iter().enumerate() {
            let at = path.key("steps").item(number);
            one_step(step, &at, &mut findings);
            let name = step.action.name();
            if rung.steps[..number]
                .iter()
                .any(|earlier| earlier.action.name() == name)
            {
                // The journal knows a step of a rung by its action.
                findings.add(
                    at,
                    format!("`{name}` is in this rung already"),
                    "name it once, or give the second a rung of its own",
                );
            }
        }
        let unanswered = |when: &&TriggerName| !playbook.triggers.contains(when);
        if let Some(when) = rung.when.iter().find(unanswered) {
            findings.add(
                path.key("when"),
                format!("`{when}` is not one of the playbook's triggers"),
                "add it to `triggers`, or remove it here",
            );
        }
        let verify = rung.verify.as_ref().or(playbook.verify.as_ref());
        if verify.is_none_or(|verify| verify.all.is_empty()) {
            findings.add(
                path,
                "nothing says when it helped",
                "give it, or the playbook, `verify: {all: [symptom_gone], stable_for: 15s}`",
            );
        }
    }
    findings.errors
}

/// The names of alerts: a slip of the keyboard would be a playbook that never runs.
fn names(playbook: &Playbook, findings: &mut Findings<'_>) {
    for (at, trigger) in playbook.triggers.iter().enumerate() {
        let path = KeyPath::default().key("triggers").item(at);
        if playbook.triggers[..at].contains(trigger) {
            findings.add(path, format!("`{trigger}` is named twice"), "name it once");
            continue;
        }
        let TriggerCode::Alert(name) = &trigger.0 else {
            continue;
        };
        let name = name.as_str();
        if name == WATCHDOG || is_own(name) {
            findings.add(
                path,
                format!("`{name}` tells of warrener itself"),
                "no playbook answers it: route it to a person",
            );
        } else if !HEALTH_ALERTS.contains(&name) && playbook.confirm == Confirm::Finding {
            let known: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
            findings.add(
                path,
                format!("`{name}` is no finding of warrener's, which could confirm it"),
                format!(
                    "for an alert of your own write `confirm: alert`; the findings are: {}",
                    known.join(", ")
                ),
            );
        }
    }
}

fn one_step(step: &Step, path: &KeyPath, findings: &mut Findings<'_>) {
    if step.retries > 0 && step.action.risk() > Risk::Safe {
        findings.add(
            path.key("retries"),
            format!(
                "`{}` is {}: it is done at most once",
                step.action.name(),
                step.action.risk()
            ),
            "remove `retries`; a second try is a rung of its own",
        );
    } else if step.retries > MAX_RETRIES {
        findings.add(
            path.key("retries"),
            format!("is more than {MAX_RETRIES}"),
            "what fails that often is for the next rung",
        );
    }
    if let Action::CommandRun(command) = &step.action {
        let argv = path.key("do").key("command.run").key("argv");
        if command
            .argv
            .first()
            .is_none_or(|program| program.is_empty())
        {
            let remedy = "give the program and its arguments as a list";
            findings.add(argv, "names no program", remedy);
        } else if command.argv.iter().any(|text| text.contains('\0')) {
            findings.add(argv, "holds a NUL", "no program takes one");
        }
    }
}

/// Two of the team's own that answer the same: which one would run?
pub(super) fn together(playbooks: &Playbooks) -> Vec<ConfigError> {
    let own: Vec<&Playbook> = playbooks.iter().filter(|p| !p.is_shipped()).collect();
    let mut errors = Vec::new();
    for (at, second) in own.iter().enumerate() {
        for first in &own[..at] {
            let same = second.triggers.iter().find(|t| first.triggers.contains(t));
            let (Some(trigger), true) = (same, first.only_for == second.only_for) else {
                continue;
            };
            errors.push(whole(
                second,
                "triggers",
                format!("`{}` answers `{trigger}` too", first.name),
                "let one of the two answer it, or limit one with `for: {worker: NAME}`",
            ));
        }
    }
    errors
}

fn whole(playbook: &Playbook, key: &str, problem: String, remedy: &str) -> ConfigError {
    let file = match &playbook.origin {
        Origin::Own(file) => file.clone(),
        Origin::Shipped => PathBuf::from(format!("{}.yml (shipped)", playbook.name)),
    };
    ConfigError {
        file,
        position: None,
        path: KeyPath::default().key(key),
        problem,
        remedy: remedy.to_owned(),
    }
}

impl Playbooks {
    /// Whether the playbooks and `config` name nothing that the other does not have.
    ///
    /// # Errors
    /// [`ConfigErrors`]: everything that does not agree.
    pub fn agree_with(&self, config: &Config) -> Result<(), ConfigErrors> {
        let mut errors = Vec::new();
        for playbook in self.iter() {
            let Some(only) = &playbook.only_for else {
                continue;
            };
            if !config.workers.contains_key(&only.worker) {
                errors.push(whole(
                    playbook,
                    "for",
                    format!("`{}` is not one of `workers`", only.worker),
                    "name a worker of warrener.yml",
                ));
            }
        }
        let recovery = KeyPath::default().key("recovery");
        let clock = recovery.key("housekeeping");
        let by_clock = config.recovery.housekeeping.iter().enumerate();
        let by_clock = by_clock.map(|(at, h)| (clock.item(at).key("playbook"), &h.playbook));
        let limits = config.recovery.playbooks.keys();
        let limits = limits.map(|name| (recovery.key("playbooks").key(name), name));
        for (path, name) in by_clock.chain(limits) {
            if self.get(name).is_none() {
                let known: Vec<_> = self.iter().map(|p| p.name.as_str()).collect();
                errors.push(ConfigError {
                    file: match &config.source {
                        Source::File(file) => file.clone(),
                        Source::Defaults => PathBuf::from("warrener.yml"),
                    },
                    position: None,
                    path,
                    problem: format!("`{name}` is no playbook"),
                    remedy: format!("one of: {}", known.join(", ")),
                });
            }
        }
        for (path, playbook) in self.too_much_for_the_clock(config) {
            errors.push(ConfigError {
                file: match &config.source {
                    Source::File(file) => file.clone(),
                    Source::Defaults => PathBuf::from("warrener.yml"),
                },
                position: None,
                path,
                problem: format!(
                    "`{playbook}` disturbs something, and the clock may only do what is safe"
                ),
                remedy: "name a playbook of safe steps, as `housekeeping`".to_owned(),
            });
        }
        if errors.is_empty() {
            Ok(())
        } else {
            Err(ConfigErrors(errors))
        }
    }

    /// What of `recovery.housekeeping` could never run.
    fn too_much_for_the_clock<'a>(
        &'a self,
        config: &'a Config,
    ) -> impl Iterator<Item = (KeyPath, &'a str)> {
        let lines = config.recovery.housekeeping.iter().enumerate();
        lines.filter_map(|(at, line)| {
            let playbook = self.get(&line.playbook)?;
            let steps = playbook.ladder.iter().flat_map(|rung| &rung.steps);
            let safe = steps
                .map(|step| step.action.risk())
                .all(|risk| risk == Risk::Safe);
            let path = KeyPath::default()
                .key("recovery")
                .key("housekeeping")
                .item(at);
            (!safe || playbook.drives.is_some())
                .then(|| (path.key("playbook"), playbook.name.as_str()))
        })
    }
}
