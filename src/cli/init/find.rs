//! Looks at this host: env files, processes, their connections. Changes nothing.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::ask;
use super::command;
use super::world::{FoundEnvFile, FoundProcess, World};
use crate::config::{EnvFile, Variables};
use crate::model::facts::ProcessState;
use crate::platform::observe::ObserveProcesses;

/// The usual ports of AMQP, with and without TLS.
const AMQP_PORTS: [u16; 2] = [5672, 5671];
/// Env files looked at; a host with more is not drafted for by a program.
const MOST_ENV_FILES: usize = 16;

/// Everything that a draft for `folder` is made of. `dirs` are the folders whose `.env` goes first.
pub(super) async fn world(
    system: &impl ObserveProcesses,
    folder: PathBuf,
    dirs: &[PathBuf],
) -> World {
    let mut paths = Vec::new();
    for dir in dirs {
        add(&mut paths, &dir.join(".env"));
    }
    let mut world = World {
        folder,
        ..World::default()
    };
    // Their variables say on which port the broker is, by which workers are told.
    read(&mut world, &paths);
    let mut ports = BTreeSet::from(AMQP_PORTS);
    let broker = ask::address(&world.env_files);
    ports.extend(broker.as_ref().map(|(_, endpoint)| endpoint.port));
    processes(&mut world, system, &ports);
    let found = env_files_of_workers(&mut world, system, &mut paths);
    read(&mut world, &paths);
    for (pid, path) in found {
        let at = world
            .env_files
            .iter()
            .position(|f| f.variables.path == path);
        if let Some(process) = world.processes.iter_mut().find(|p| p.pid == pid) {
            process.env_file = at;
        }
    }
    ask::broker(&mut world, system).await;
    world
}

/// Adds the file at `path`, if it is one and not there yet, by its own path: `..` and links of
/// folders undone, so that no file is listed twice.
fn add(paths: &mut Vec<PathBuf>, path: &Path) -> Option<PathBuf> {
    let folder = path.parent()?.canonicalize().ok()?;
    let path = folder.join(path.file_name()?);
    // Followed: an env file may be a link into a shared folder.
    if !path.metadata().ok()?.is_file() {
        return None;
    }
    if !paths.contains(&path) {
        if paths.len() == MOST_ENV_FILES {
            return None;
        }
        paths.push(path.clone());
    }
    Some(path)
}

fn read(world: &mut World, paths: &[PathBuf]) {
    let env_files: Vec<EnvFile> = paths.iter().map(EnvFile::at).collect();
    let variables = Variables::read(|_| None, &env_files);
    let found = variables.files.into_iter().map(|variables| {
        let mode = variables.path.metadata().ok().map(|meta| meta.mode());
        let world_readable = mode.map(|mode| mode & 0o004 != 0);
        FoundEnvFile {
            variables,
            world_readable,
        }
    });
    world.env_files = found.collect();
}

fn processes(world: &mut World, system: &impl ObserveProcesses, ports: &BTreeSet<u16>) {
    let own = std::process::id();
    let mut rows = system.processes().unwrap_or_default();
    rows.retain(|row| row.id.pid != own && row.state != Some(ProcessState::Zombie));
    rows.sort_by_key(|row| row.id.pid);
    let pids: Vec<u32> = rows.iter().map(|row| row.id.pid).collect();
    let sockets = system.sockets(&pids);
    for (row, sockets) in rows.into_iter().zip(sockets) {
        let command_line = system.command_line(row.id.pid).unwrap_or_default();
        // A kernel thread has none, and no connection either.
        if sockets.connections.is_none() && !command_line.is_empty() {
            world.hidden += 1;
        }
        let connections = sockets.connections.into_iter().flatten();
        let brokers: BTreeSet<SocketAddr> = connections
            .map(|c| c.remote)
            .filter(|remote| ports.contains(&remote.port()))
            .collect();
        let beam = row.name.starts_with("beam");
        let mut process = FoundProcess {
            pid: row.id.pid,
            parent: row.parent,
            name: row.name,
            command_line,
            brokers,
            ..FoundProcess::default()
        };
        if beam || !process.brokers.is_empty() {
            let details = system.details(process.pid);
            // A unit of a user's own manager is none that the system's manager knows.
            let users = details.cgroup.is_some_and(|path| path.contains("/user@"));
            process.unit = details.unit.filter(|_| !users);
            process.container = details.container;
        }
        if beam && process.command_line.contains("rabbit") && process.container.is_none() {
            world.broker_unit = world.broker_unit.take().or(process.unit.clone());
        }
        world.processes.push(process);
    }
}

/// The env file that each worker works with: one that its command line names, else the `.env` of
/// its folder.
fn env_files_of_workers(
    world: &mut World,
    system: &impl ObserveProcesses,
    paths: &mut Vec<PathBuf>,
) -> Vec<(u32, PathBuf)> {
    let connected = world.processes.iter().filter(|p| {
        let worker = !command::is_no_worker(&p.name, &p.command_line);
        // Paths of a container are of another world.
        !p.brokers.is_empty() && p.container.is_none() && worker
    });
    let mut found = Vec::new();
    for process in connected {
        let Some(folder) = system.working_folder(process.pid) else {
            continue;
        };
        let words = process.command_line.split([' ', '=']);
        let named = words.filter(|word| word.ends_with(".env") && !word.starts_with('-'));
        let candidates = named
            .map(|word| folder.join(word))
            .chain([folder.join(".env")]);
        let first = candidates.filter_map(|path| add(paths, &path)).next();
        found.extend(first.map(|path| (process.pid, path)));
    }
    found
}
