//! `warrener check --live`: whether what the configuration names is really there.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use crate::cli::env_files::{judge, shown};
use crate::cli::runtime;
use crate::cli::words::printable;
use crate::config::{Config, Control, ProcessControl, Variables};
use crate::envfile::{given_elsewhere, own_login};
use crate::model::Failure;
use crate::model::facts::QueuesFacts;
use crate::platform::place::may_write;
use crate::watch::cycle::read_once;
use crate::watch::{Build, Watch};

/// Lines of what was looked at, worst visible at a glance.
#[derive(Default)]
struct List {
    failed: bool,
}

impl List {
    fn ok(&mut self, what: &str) {
        println!("ok    {}", printable(what));
    }

    fn warn(&mut self, what: &str) {
        println!("warn  {}", printable(what));
    }

    fn fail(&mut self, what: &str) {
        self.failed = true;
        println!("FAIL  {}", printable(what));
    }

    fn see(&mut self, what: &str, outcome: Result<(), impl std::fmt::Display>) {
        match outcome {
            Ok(()) => self.ok(what),
            Err(why) => self.fail(&format!("{what}: {why}")),
        }
    }
}

/// Looks at everything; whether all of it is well.
pub(super) fn run(config: &Config) -> bool {
    let mut list = List::default();
    here(config, &mut list);
    let built = (runtime(), Watch::default().build(&with_queues(config)));
    let (runtime, build) = match built {
        (Ok(runtime), Ok(build)) => (runtime, build),
        (Err(error), _) => {
            list.fail(&format!("the runtime could not start: {error}"));
            return false;
        }
        (_, Err(failure)) => {
            list.fail(&failure.to_string());
            return false;
        }
    };
    runtime.block_on(broker(config, build, &mut list));
    // A name look-up that hangs is not waited for.
    runtime.shutdown_timeout(Duration::from_millis(100));
    !list.failed
}

/// The queues of the workers are looked for like pinned ones.
fn with_queues(config: &Config) -> Config {
    let mut config = config.clone();
    for queue in config.workers.values().flat_map(|worker| &worker.queues) {
        config.queues.pinned.entry(queue.clone()).or_default();
    }
    config
}

/// What is on this host.
fn here(config: &Config, list: &mut List) {
    for (name, worker) in &config.workers {
        match &worker.control {
            Some(control) => see_control(&format!("worker {name}"), control, list),
            None => list.warn(&format!(
                "worker {name} has no `control`: it is only observed"
            )),
        }
    }
    if let Some(control) = &config.broker.control {
        see_control("broker", control, list);
    }
    for backups in &config.files.backups {
        if let Some(program) = backups.verify.as_ref().and_then(|command| command.first()) {
            let what = format!("verify of {}: {program}", backups.glob);
            list.see(&what, program_exists(program, Path::new("/")));
        }
    }
    for disk in &config.host.disks {
        let there = disk.metadata().map(drop);
        list.see(&format!("disk {}", disk.display()), there);
    }
    let what = format!("state directory {}", shown(&config.state));
    list.see(&what, may_write(&config.state));
}

fn see_control(whose: &str, control: &Control, list: &mut List) {
    match control {
        Control::Process(ProcessControl { command, cwd, .. }) => {
            let program = command.first().map_or("", String::as_str);
            list.see(&format!("{whose}: {program}"), program_exists(program, cwd));
            let folder = cwd.read_dir().map(drop);
            list.see(&format!("{whose}: folder {}", shown(cwd)), folder);
        }
        Control::Command(commands) => {
            for command in [&commands.start, &commands.stop, &commands.status] {
                let program = command.first().map_or("", String::as_str);
                list.see(
                    &format!("{whose}: {program}"),
                    program_exists(program, Path::new("/")),
                );
            }
        }
        Control::Docker(docker) => {
            if let Some(folder) = &docker.compose {
                let there = folder.read_dir().map(drop);
                list.see(&format!("{whose}: compose folder {}", shown(folder)), there);
            }
        }
        Control::Systemd(_) => {
            let booted = Path::new("/run/systemd/system").is_dir();
            let why = "systemd does not run this host";
            list.see(
                &format!("{whose}: systemd"),
                booted.then_some(()).ok_or(why),
            );
        }
    }
}

/// Found as a program is: a path as it is, a name in the folders of PATH.
fn program_exists(program: &str, cwd: &Path) -> Result<(), &'static str> {
    let runs = |path: &Path| {
        let meta = path.metadata();
        meta.is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    let found = if program.contains('/') {
        runs(&cwd.join(program))
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| runs(&folder.join(program)))
    };
    found
        .then_some(())
        .ok_or("no such program, or it may not be run")
}

/// What is at the broker.
async fn broker(config: &Config, build: Build, list: &mut List) {
    let log_in = build.log_in();
    let variables = Variables::read(|name| std::env::var(name).ok(), &config.env_files);
    let amqp = &config.broker.amqp.0;
    for file in &config.env_files {
        let elsewhere = given_elsewhere(amqp, &variables, &file.path);
        let Some(values) = judge(&file.path, file, true).values else {
            continue;
        };
        let Some(own) = own_login(amqp, &values, file, &elsewhere) else {
            continue;
        };
        let what = format!("login with the values of {}", shown(&file.path));
        match own.urls {
            Err(unresolved) => list.fail(&format!("{what}: {unresolved}")),
            Ok(urls) => match log_in(urls).await {
                Ok(()) if own.borrowed => list.warn(&format!(
                    "{what}: works, but only with a default of broker.amqp: keys are empty"
                )),
                outcome => list.see(&what, outcome),
            },
        }
    }
    let mut roundtrip = build.clone().roundtrip()();
    let (trip, _) = read_once(&mut roundtrip, build.roundtrip_pace().deadline).await;
    let reached = trip.is_ok();
    list.see("a message through broker.amqp and back", trip.map(drop));
    if !reached {
        list.warn("queues were not looked for: the broker lets nobody in");
        return;
    }
    let wanted = wanted(config);
    if wanted.is_empty() {
        return;
    }
    let mut probe = build.clone().queues()();
    let (facts, _) = read_once(&mut probe, build.queues_pace().deadline).await;
    queues(&wanted, facts, list);
}

/// The queues that the configuration names, and where.
fn wanted(config: &Config) -> BTreeMap<&str, String> {
    let mut wanted: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for queue in config.queues.pinned.keys() {
        wanted
            .entry(queue)
            .or_default()
            .push("queues.pinned".into());
    }
    for (name, worker) in &config.workers {
        for queue in &worker.queues {
            wanted
                .entry(queue)
                .or_default()
                .push(format!("worker {name}"));
        }
    }
    wanted
        .into_iter()
        .map(|(queue, by)| (queue, by.join(", ")))
        .collect()
}

fn queues(wanted: &BTreeMap<&str, String>, facts: Result<QueuesFacts, Failure>, list: &mut List) {
    let facts = match facts {
        Ok(facts) => facts,
        Err(failure) => return list.fail(&format!("queues: {failure}")),
    };
    for (queue, by) in wanted {
        let what = format!("queue {queue} ({by})");
        let found = facts.queues.iter().find(|f| f.name == *queue && f.pinned);
        match found.map(|facts| (facts.exists, facts.consumers)) {
            Some((Some(true), Some(0))) => list.warn(&format!("{what}: has no consumer now")),
            Some((Some(true), _)) => list.ok(&what),
            Some((Some(false), _)) => list.fail(&format!("{what}: does not exist on the broker")),
            Some((None, _)) | None => list.warn(&format!("{what}: the broker does not tell")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_as_they_will_be() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("run");
        std::fs::write(&program, "").unwrap();
        assert!(program_exists("./run", dir.path()).is_err());
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        assert!(program_exists("./run", dir.path()).is_ok());
        assert!(program_exists("sh", dir.path()).is_ok());
        assert!(program_exists("no-such-program-here", dir.path()).is_err());
        assert!(program_exists("/bin/sh", dir.path()).is_ok());
    }
}
