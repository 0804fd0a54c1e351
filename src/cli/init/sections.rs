//! The sections of a draft that list what was found: queues, workers, env files.

use std::collections::{BTreeMap, BTreeSet};

use super::address::Address;
use super::draft::{names, path, queues as queue_list};
use super::keys;
use super::kinds::{FoundBy, Kind};
use super::page::{Page, list, scalar, shown};
use super::world::{QueueName, World};

/// Queues pinned; the others are measured all the same.
const MOST_QUEUES: usize = 200;

type Found = Vec<(&'static str, String)>;

pub(super) fn queues(page: &mut Page, found: &mut Found, world: &World, kinds: &[Kind]) {
    page.comment(
        0,
        "Queues that matter: measured and judged also when they are gone.",
    );
    page.line(0, "queues:");
    page.line(2, "pinned:");
    let consumed: BTreeSet<&QueueName> = kinds.iter().flat_map(|k| &k.queues).collect();
    let lasting = consumed.into_iter().filter(|q| is_lasting(&q.name));
    let mut by_name: BTreeMap<&str, Vec<&QueueName>> = BTreeMap::new();
    for queue in lasting {
        by_name.entry(&queue.name).or_default().push(queue);
    }
    if by_name.is_empty() {
        let why = match (&world.broker.consumers, world.broker.silent) {
            (Some(_), _) => "No queue was seen that a worker of this host consumes.".to_owned(),
            (None, Some(reason)) => format!("The broker did not tell its consumers ({reason})."),
            (None, None) => "The broker could not be asked for its consumers.".to_owned(),
        };
        page.comment(4, &format!("{why} To say what is expected of one:"));
        page.example(
            4,
            "ai_tasks: {min_consumers: 2, max_ready: 1000, max_drain: 10m}",
        );
        page.blank();
        return;
    }
    let words = "as many consumers as there are now are the fewest there should be";
    page.assumed(4, words);
    let total = by_name.len();
    for (name, in_vhosts) in by_name.iter().take(MOST_QUEUES) {
        let own = in_vhosts.iter().find(|q| q.vhost == world.broker.vhost);
        let Some(queue) = own.or(in_vhosts.first()) else {
            continue;
        };
        let consumers = world.broker.consumers.iter().flatten();
        let now = consumers
            .filter(|(q, _)| q == *queue)
            .map(|(_, n)| *n)
            .sum::<u32>();
        let mut limits = Vec::new();
        if queue.vhost != world.broker.vhost {
            limits.push(format!("vhost: {}", scalar(&queue.vhost)));
        }
        if now > 0 {
            limits.push(format!("min_consumers: {now}"));
        }
        page.line(4, &format!("{}: {{{}}}", scalar(name), limits.join(", ")));
        if in_vhosts.len() > 1 {
            let words = "queues of this name in other virtual hosts are left out: a name can be \
                         pinned once";
            page.assumed(4, words);
        }
    }
    if total > MOST_QUEUES {
        page.comment(
            4,
            &format!("{} more are consumed here.", total - MOST_QUEUES),
        );
    }
    let words = "Further limits of a queue, for you to choose: max_ready: 1000 (messages), \
                 max_drain: 10m, min_ack_rate: 0.1 (a second).";
    page.comment(4, words);
    page.blank();
    found.push((
        "queues",
        format!("{total} consumed by workers of this host"),
    ));
}

/// Whether it outlives its consumers. Queues of one connection or process are called otherwise
/// after its restart: the server's own names, celery's, and those with a UUID in them.
pub(super) fn is_lasting(name: &str) -> bool {
    /// AMQP's short strings hold no more bytes.
    const LONGEST: usize = 255;
    let uuid = |at: usize| {
        let Some(part) = name.get(at..at + 36) else {
            return false;
        };
        part.char_indices().all(|(at, c)| match at {
            8 | 13 | 18 | 23 => c == '-',
            _ => c.is_ascii_hexdigit(),
        })
    };
    let celery = name.ends_with(".celery.pidbox") || name.starts_with("celeryev.");
    let passing = name.starts_with("amq.") || celery || (0..name.len()).any(uuid);
    (1..=LONGEST).contains(&name.len()) && !passing
}

pub(super) fn workers(
    page: &mut Page,
    found: &mut Found,
    world: &World,
    kinds: &[Kind],
    untold: &[u32],
) {
    let words = "The kinds of workers. count: how many there should be; min_healthy: how many at \
                 any moment, also during restarts.";
    page.comment(0, words);
    page.line(0, "workers:");
    if kinds.is_empty() {
        page.comment(
            2,
            "No process with a connection to the broker was found. To name a kind:",
        );
        page.example(
            2,
            "task-worker: {control: {systemd: 'task-worker@{1..2}.service'}, count: 2}",
        );
    } else {
        let words = "as many as run now are as many as there should be, at least half of them at \
                     any moment";
        page.assumed(2, words);
    }
    how_to_control(page, kinds);
    for kind in kinds {
        worker(page, found, world, kind);
    }
    if !untold.is_empty() {
        let pids: Vec<_> = untold.iter().take(5).map(u32::to_string).collect();
        let words = format!(
            "Left out, as their command lines do not tell what they run: processes {}.",
            pids.join(", ")
        );
        page.comment(2, &words);
        found.push((
            "left out",
            format!("processes {}: no program to recognise", pids.join(", ")),
        ));
    }
    if world.hidden > 0 {
        let hidden = match world.hidden {
            1 => "1 more process".to_owned(),
            n => format!("{n} more processes"),
        };
        let words = format!(
            "The connections of {hidden} could not be read; root may read those of every user."
        );
        page.comment(2, &words);
        let words = format!("connections of {hidden}; root may read those of every user");
        found.push(("not seen", words));
    }
    page.blank();
}

fn worker(page: &mut Page, found: &mut Found, world: &World, kind: &Kind) {
    page.line(2, &format!("{}:", scalar(&kind.name)));
    let by = match &kind.found_by {
        FoundBy::Units(units) => {
            let written = match &units[..] {
                [one] => scalar(one),
                several => list(several),
            };
            page.line(4, &format!("control: {{systemd: {written}}}"));
            format!("systemd {}", units.join(", "))
        }
        FoundBy::CommandLine(expression) => {
            if kind.contained {
                page.comment(4, "Runs in a container.");
            }
            page.line(4, &format!("match: {{cmdline: {}}}", scalar(expression)));
            "by command line".to_owned()
        }
    };
    let count = kind.count.clamp(1, 10_000);
    page.line(4, &format!("count: {count}"));
    if kind.connected != kind.count {
        let words = format!(
            "{count} processes look like it now, and {} of them with a connection to the broker",
            kind.connected
        );
        page.assumed(4, &words);
    }
    if count > 1 {
        page.line(4, &format!("min_healthy: {}", count.div_ceil(2)));
    }
    let consumes = queue_list(kind);
    if consumes == "[]" {
        page.comment(4, "Which queues it consumes was not seen:");
        page.example(4, "queues: [ai_tasks]");
    } else {
        page.line(4, &format!("queues: {consumes}"));
    }
    let env_file = kind.env_file.and_then(|at| world.env_files.get(at));
    match env_file.and_then(|file| path(world, &file.variables.path)) {
        Some(path) => page.line(4, &format!("env_file: {}", scalar(&path))),
        None => page.example(4, "env_file: .env"),
    }
    for words in &kind.assumed {
        page.assumed(4, words);
    }
    let processes = if count == 1 { "process" } else { "processes" };
    let words = format!(
        "{}: {count} {processes}, {by}, queues {consumes}",
        kind.name
    );
    found.push(("worker", words));
}

/// Said once, of all kinds that are found by command line.
fn how_to_control(page: &mut Page, kinds: &[Kind]) {
    let mut matched = kinds
        .iter()
        .filter(|k| matches!(k.found_by, FoundBy::CommandLine(_)));
    if matched.next().is_none() {
        return;
    }
    let words = "Those with `match` alone are only observed. To let warrener stop and start one, \
                 give it a control, as in:";
    page.comment(2, words);
    page.example(2, "  control: {systemd: NAME.service}");
    page.example(
        2,
        "  control: {process: {command: [PROGRAM, ARGUMENT], cwd: FOLDER}}",
    );
    page.example(2, "  control: {docker: {compose: FOLDER, service: NAME}}");
    page.example(2, "  control: {docker: {container: NAME}}");
}

pub(super) fn env_files(
    page: &mut Page,
    found: &mut Found,
    world: &World,
    address: Option<&Address>,
) {
    let words = "The env files, and what must be in them. The value of a key of type secret or \
                 url is never printed.";
    page.comment(0, words);
    page.line(0, "env_files:");
    if world.env_files.is_empty() {
        page.comment(2, "None was found. To watch one:");
        page.example(
            2,
            "- {path: .env, keys: {RABBITMQ_HOST: {required: true, type: host}}}",
        );
        page.blank();
        return;
    }
    for file in &world.env_files {
        let Some(path) = path(world, &file.variables.path) else {
            page.comment(2, "One whose path is not UTF-8 text is left out.");
            continue;
        };
        let (keys, others) = keys::of(&file.variables);
        page.line(2, &format!("- path: {}", scalar(&path)));
        if file.world_readable == Some(true) {
            let words = "Everybody on this host can read it now; warrener will say so until you \
                         chmod it to 0640.";
            page.comment(4, words);
            found.push((
                "warning",
                format!("{}: readable by everybody (chmod 0640)", shown(&path)),
            ));
        }
        for problem in file.variables.problems.iter().take(5) {
            page.comment(
                4,
                &format!("Could not be read in full: {}.", shown(problem)),
            );
        }
        page.line(4, "keys:");
        for key in &keys {
            let needed = address.is_some_and(|a| a.needs.contains(&key.name));
            let required = if key.given || needed {
                "required: true, "
            } else {
                ""
            };
            let word = keys::word(key.r#type);
            let line = format!("{}: {{{required}type: {word}}}", key.name);
            match key.note {
                Some(note) => {
                    page.remarked(6, &line, &format!("assumed: {note}"));
                    page.assumed.push(format!("{}: {note}", key.name));
                }
                None if !key.given => page.remarked(6, &line, "empty now"),
                None => page.line(6, &line),
            }
        }
        if others > 0 {
            let words = match others {
                1 => "1 other key is left alone; name it if it matters.".to_owned(),
                n => format!("{n} other keys are left alone; name those that matter."),
            };
            page.comment(6, &words);
        }
        let empty: Vec<_> = keys.iter().filter(|k| !k.given).cloned().collect();
        if !empty.is_empty() {
            let words = format!("{}: no value for {}", shown(&path), names(&empty));
            found.push(("warning", words));
        }
        let kinds = format!("{}: {} keys of the broker's", shown(&path), keys.len());
        let names = names(&keys);
        let words = if keys.is_empty() {
            kinds
        } else {
            format!("{kinds} ({names})")
        };
        found.push(("env file", words));
    }
    let words = "Repair takes a value from the last known good file first. What it may write \
                 when there is none is yours to say, as in: default: 5672 or default_from: \
                 /run/secrets/rabbitmq. A default that fits no more is how workers go astray, so \
                 none is proposed.";
    page.comment(2, words);
    page.blank();
}
