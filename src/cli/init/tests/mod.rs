//! Drafts of worlds that were found, beside the exact files of `tests/init`.

mod properties;

use std::collections::BTreeSet;
use std::path::Path;

use crate::cli::init::draft::{Draft, draft};
use crate::cli::init::world::{
    Answer, FoundBroker, FoundEnvFile, FoundProcess, QueueName, Way, World,
};
use crate::config::{Config, Control, FileVariables};
use crate::envfile::Document;
use crate::model::Reason;

/// What no draft may show.
const SECRET: &str = "S3cr3t";

pub(in crate::cli::init) fn env_file(path: &str, text: impl AsRef<[u8]>) -> FoundEnvFile {
    let document = Document::parse(text.as_ref());
    let values = document.assignments();
    FoundEnvFile {
        variables: FileVariables {
            path: path.into(),
            values: values.map(|a| (a.key.clone(), a.value.clone())).collect(),
            missing: false,
            problems: document
                .faults()
                .map(|(line, f)| format!("line {line}: {f}"))
                .collect(),
        },
        world_readable: Some(false),
    }
}

fn queue(vhost: &str, name: &str) -> QueueName {
    QueueName {
        vhost: vhost.into(),
        name: name.into(),
    }
}

/// A process with a connection to a broker.
fn worker(pid: u32, command_line: &str, queues: &[&str]) -> FoundProcess {
    FoundProcess {
        pid,
        parent: 1,
        name: "worker".into(),
        command_line: command_line.into(),
        brokers: BTreeSet::from([([127, 0, 0, 1], 5672).into()]),
        queues: queues.iter().map(|name| queue("/", name)).collect(),
        ..FoundProcess::default()
    }
}

fn world(env_files: Vec<FoundEnvFile>, processes: Vec<FoundProcess>) -> World {
    let way = |port: u16| Way {
        url: Some(format!("http://${{RABBITMQ_HOST}}:{port}")),
        answer: Answer::Serves,
    };
    let mut consumers = std::collections::BTreeMap::new();
    for queue in processes.iter().flat_map(|p| &p.queues) {
        *consumers.entry(queue.clone()).or_default() += 1;
    }
    World {
        folder: "/srv/app".into(),
        env_files,
        processes,
        broker: FoundBroker {
            place: Some("localhost:5672".into()),
            vhost: "/".into(),
            management: way(15672),
            prometheus: way(15692),
            consumers: Some(consumers.into_iter().collect()),
            ..FoundBroker::default()
        },
        ..World::default()
    }
}

/// Loads a draft as `check` would; panics where `check` would refuse it.
fn load(draft: &Draft, world: &World) -> Config {
    let loaded = Config::from_text(&draft.text, Path::new("warrener.yml"), &world.folder);
    loaded.unwrap_or_else(|errors| panic!("{errors}\n{}", draft.text))
}

const FOUR: &str = "RABBITMQ_HOST=localhost\nRABBITMQ_PORT=5672\nRABBITMQ_USER=app\n\
                    RABBITMQ_PASS=S3cr3t\nDATABASE_URL=postgres://u:S3cr3t@db/x\n";

fn units() -> World {
    let mut processes = Vec::new();
    for n in 1..=3 {
        let mut process = worker(
            100 + n,
            "/usr/bin/python3 /srv/app/task_worker.py",
            &["ai_tasks"],
        );
        process.unit = Some(format!("task-worker@{n}.service"));
        process.env_file = Some(0);
        processes.push(process);
    }
    let mut mail = worker(200, "/srv/app/mailer --verbose", &["mail", "amq.gen-x"]);
    mail.unit = Some("mailer.service".into());
    processes.push(mail);
    let mut world = world(vec![env_file("/srv/app/.env", FOUR)], processes);
    world.broker_unit = Some("rabbitmq-server.service".into());
    world.broker.prometheus.answer = Answer::Fails(Reason::Refused);
    world
}

fn programs() -> World {
    let mut processes = Vec::new();
    for (pid, kind) in [(10, "ocr"), (11, "ocr"), (12, "email")] {
        let line = format!("python3 worker.py --queue {kind} --password S3cr3t");
        processes.push(worker(pid, &line, &[kind]));
    }
    // A parent that holds no connection itself, and its forked children.
    let mut parent = worker(20, "/opt/pool serve", &[]);
    parent.brokers.clear();
    processes.push(parent);
    for pid in [21, 22] {
        let mut child = worker(pid, "/opt/pool serve", &["bulk"]);
        child.parent = 20;
        processes.push(child);
    }
    let mut contained = worker(30, "node /app/thumbs.js", &["thumbs"]);
    contained.container = Some("ab".repeat(32));
    processes.push(contained);
    processes.push(worker(40, "python3 -c S3cr3t", &[]));
    let mut beam = worker(50, "/usr/lib/erlang/beam.smp", &[]);
    beam.name = "beam.smp".into();
    processes.push(beam);
    let url = "AMQP_URL=amqp://u:S3cr3t@localhost/prod\n";
    let mut world = world(vec![env_file("/etc/app/.env", url)], processes);
    world.env_files[0].world_readable = Some(true);
    world.broker.vhost = "prod".into();
    world.broker.management.url = Some("http://localhost:15672".into());
    world.broker.prometheus.url = Some("http://localhost:15692".into());
    world.hidden = 4;
    world
}

/// The evening of the incident.
fn emptied() -> World {
    let env = "RABBITMQ_HOST=\nRABBITMQ_PORT=\nRABBITMQ_USER=\nRABBITMQ_PASS=\nno assignment\n";
    let mut world = world(vec![env_file("/srv/app/.env", env)], Vec::new());
    world.broker = FoundBroker::default();
    world.overruled = vec!["RABBITMQ_HOST".into()];
    world
}

fn nothing() -> World {
    World {
        folder: "/srv/app".into(),
        ..World::default()
    }
}

#[test]
fn drafts_are_as_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/init");
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    let worlds = [
        ("units", units()),
        ("programs", programs()),
        ("emptied", emptied()),
        ("nothing", nothing()),
    ];
    for (name, world) in worlds {
        let draft = draft(&world);
        load(&draft, &world);
        assert!(!draft.text.contains(SECRET), "{}", draft.text);
        assert!(
            draft.text.lines().all(|line| line.len() <= 100),
            "{}",
            draft.text
        );
        let file = folder.join(name).with_extension("yml");
        if update {
            std::fs::write(&file, &draft.text).unwrap();
        } else if draft.text != std::fs::read_to_string(&file).unwrap_or_default() {
            wrong.push(format!("{name} is drafted as:\n{}", draft.text));
        }
    }
    let hint = "when the new drafts are right: UPDATE_GOLDEN=1 cargo test --lib init";
    assert!(wrong.is_empty(), "{}\n{hint}", wrong.join("\n"));
}

#[test]
fn emptied_keys_are_required_all_the_same_and_told() {
    let world = emptied();
    let draft = draft(&world);
    let config = load(&draft, &world);
    let keys = &config.env_files[0].keys;
    assert!(keys.len() == 4 && keys.values().all(|key| key.required));
    let warned = |(what, words): &(&str, String)| {
        *what == "warning" && words.contains("no value for RABBITMQ_HOST, RABBITMQ_PORT")
    };
    assert!(draft.found.iter().any(warned), "{:?}", draft.found);
}

#[test]
fn a_draft_means_what_was_found() {
    let world = units();
    let config = load(&draft(&world), &world);
    let task = &config.workers["task-worker"];
    let Some(Control::Systemd(units)) = &task.control else {
        panic!("{task:?}");
    };
    assert_eq!(units.0[0].names().len(), 3);
    assert_eq!((task.count, task.min_healthy), (3, 2));
    assert_eq!(task.env_file.as_deref(), Some(Path::new("/srv/app/.env")));
    assert_eq!(config.queues.pinned["ai_tasks"].min_consumers, Some(3));
    assert_eq!(config.queues.pinned.len(), 2);
    let keys = &config.env_files[0].keys;
    assert_eq!(keys.len(), 4);
    assert!(
        keys.values()
            .all(|key| key.required && key.default.is_none())
    );

    let world = programs();
    let config = load(&draft(&world), &world);
    let names: Vec<&str> = config.workers.keys().map(String::as_str).collect();
    assert_eq!(names, ["pool", "thumbs", "worker-email", "worker-ocr"]);
    for (name, pids) in [
        ("worker-ocr", &[10, 11][..]),
        ("worker-email", &[12]),
        ("pool", &[20, 21, 22]),
    ] {
        let cmdline = &config.workers[name].matching.as_ref().unwrap().cmdline;
        let found = world
            .processes
            .iter()
            .filter(|p| cmdline.is_match(&p.command_line));
        assert_eq!(found.map(|p| p.pid).collect::<Vec<_>>(), pids, "{name}");
    }
    assert_eq!(config.workers["pool"].count, 1);
    // Of another virtual host than the URL's.
    assert_eq!(config.queues.pinned["ocr"].vhost.as_deref(), Some("/"));
}

#[test]
fn what_is_shown_as_an_example_is_right_when_taken_out_of_its_comment() {
    let world = nothing();
    let text = draft(&world).text;
    let taken_out = text.lines().map(|line| {
        let example = line.trim_start().strip_prefix("# ").filter(|rest| {
            let key = rest.trim_start_matches("- {");
            let key = key.split_once(": ").map(|(key, _)| key);
            key.is_some_and(|key| !key.contains(' ') && key != "warrener.yml,")
        });
        match example {
            Some(rest) => line.replace(&format!("# {rest}"), rest),
            None => line.to_owned(),
        }
    });
    let text = taken_out.collect::<Vec<_>>().join("\n");
    let config = Config::from_text(&text, Path::new("warrener.yml"), &world.folder);
    let config = config.unwrap_or_else(|errors| panic!("{errors}\n{text}"));
    assert!(config.workers.len() == 1 && config.env_files.len() == 1);
    assert!(config.queues.pinned.len() == 1 && config.web.auth.is_some());
    assert!(config.notify.slack.is_some() && !config.files.logs.is_empty());
}

#[test]
fn a_user_named_process_gives_its_kind_to_the_connection_and_the_draft() {
    let mut processes = vec![worker(10, "/w --a", &["q"]), worker(11, "/w --b", &["q"])];
    for process in &mut processes {
        process.connection_name = Some(format!("task-{}", process.pid));
    }
    let world = world(Vec::new(), processes);
    assert!(load(&draft(&world), &world).workers.contains_key("task"));
}

#[test]
fn a_unit_that_holds_more_than_one_program_is_not_restarted_for_one() {
    let mut processes = vec![worker(10, "/a", &["a"]), worker(11, "/b", &["b"])];
    for process in &mut processes {
        process.unit = Some("pm2.service".into());
    }
    let world = world(Vec::new(), processes);
    let config = load(&draft(&world), &world);
    assert_eq!(config.workers.len(), 2);
    assert!(
        config
            .workers
            .values()
            .all(|w| w.control.is_none() && w.matching.is_some())
    );
}
