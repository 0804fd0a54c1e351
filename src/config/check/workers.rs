//! `workers`, and `control` wherever it stands.

use super::super::path::KeyPath;
use super::super::{Config, Control, Worker};
use super::{Findings, keys, plain};

/// Worker names are label values and the names of record files.
const MAX_NAME: usize = 64;
const MAX_COUNT: u32 = 10_000;

pub(super) fn check(config: &Config, findings: &mut Findings) {
    for (name, worker) in &config.workers {
        let path = keys(&["workers"]).key(name);
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let starts = name.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !starts || name.len() > MAX_NAME || !name.chars().all(legal) {
            findings.add(
                path.clone(),
                "is not a name for a worker",
                format!(
                    "letters, digits, `-`, `_`, `.`, at most {MAX_NAME}, a letter or digit first"
                ),
            );
        }
        one(worker, &path, config, findings);
    }
}

fn one(worker: &Worker, path: &KeyPath, config: &Config, findings: &mut Findings) {
    match &worker.control {
        Some(Control::Command(_)) if worker.matching.is_none() => findings.add(
            path.clone(),
            "can't be found: a `command` does not tell its processes",
            "give `match: {cmdline: ...}` too",
        ),
        Some(how) => control(how, &path.key("control"), findings),
        None if worker.matching.is_none() => findings.add(
            path.clone(),
            "can't be found: it has neither `control` nor `match`",
            "give `control` (process, systemd, docker or command), or `match: {cmdline: ...}`",
        ),
        None => {}
    }
    if worker.count == 0 || worker.count > MAX_COUNT {
        findings.add(
            path.key("count"),
            format!("is not from 1 to {MAX_COUNT}"),
            "remove a worker there should be none of; `warrener pause` rests one for a time",
        );
    } else if worker.min_healthy > worker.count {
        let (least, count) = (worker.min_healthy, worker.count);
        findings.add(
            path.key("min_healthy"),
            format!("asks for {least} processes of {count}"),
            format!("at most `count`, {count}; one less leaves room for staged restarts"),
        );
    }
    for (at, queue) in worker.queues.iter().enumerate() {
        if queue.is_empty() {
            findings.add(path.key("queues").item(at), "is empty", "name a queue");
        }
    }
    if let Some(file) = &worker.env_file {
        let known: Vec<_> = config.env_files.iter().map(|file| &file.path).collect();
        if !known.iter().any(|path| plain(path) == plain(file)) {
            let list: Vec<_> = known
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            let list = if list.is_empty() {
                "none".to_owned()
            } else {
                list.join(", ")
            };
            findings.add(
                path.key("env_file"),
                format!("`{}` is not one of `env_files`", file.display()),
                format!("add it to `env_files`; there now: {list}"),
            );
        }
    }
}

pub(super) fn control(control: &Control, path: &KeyPath, findings: &mut Findings) {
    match control {
        Control::Process(process) => {
            findings.program(path.key("process").key("command"), &process.command);
        }
        Control::Systemd(units) if units.is_empty() => {
            let remedy = "name at least one service unit";
            findings.add(path.key("systemd"), "names no unit", remedy);
        }
        Control::Systemd(_) => {}
        Control::Docker(docker) => {
            let compose = docker.compose.is_some() && docker.service.is_some();
            let half = docker.compose.is_some() != docker.service.is_some();
            if half || compose != docker.container.is_empty() {
                findings.add(
                    path.key("docker"),
                    "does not say which containers are meant",
                    "either `compose` and `service`, or `container`",
                );
            }
        }
        Control::Command(command) => {
            let path = path.key("command");
            findings.program(path.key("start"), &command.start);
            findings.program(path.key("stop"), &command.stop);
            findings.program(path.key("status"), &command.status);
        }
    }
}
