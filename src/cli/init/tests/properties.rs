//! Drafts of worlds that nobody would like to find.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::prelude::*;

use super::{SECRET, env_file, load, queue, worker, world};
use crate::cli::init::draft::draft;
use crate::cli::init::world::{Answer, FoundProcess};
use crate::model::Reason;

/// Text that means something to YAML, to expressions, to shells or to terminals.
fn nasty() -> impl Strategy<Value = String> {
    let parts = prop_oneof![
        ".{0,6}",
        "[a-z]{1,8}",
        Just("\n- a: b\n".to_owned()),
        Just("': \"#".to_owned()),
        Just("${X}\\".to_owned()),
        Just("\u{1b}[2J\u{0}\u{85}\u{2028}\u{feff}".to_owned()),
        Just("(*[^$|".to_owned()),
        Just("{1..3}@".to_owned()),
        Just("true".to_owned()),
        Just("1e3".to_owned()),
        Just("/.".to_owned()),
    ];
    vec(parts, 0..4).prop_map(|parts| parts.concat())
}

fn env_text() -> impl Strategy<Value = Vec<u8>> {
    let key = prop_oneof![
        Just("RABBITMQ_HOST"),
        Just("RABBITMQ_PORT"),
        Just("RABBITMQ_USER"),
        Just("RABBITMQ_PASS"),
        Just("RABBITMQ_VHOST"),
        Just("RABBITMQ_TLS"),
        Just("RABBITMQ_MANAGEMENT_URL"),
        Just("RABBITMQ_API_PORT"),
        Just("AMQP_URL"),
        Just("BROKER_URL"),
        Just("S3cr3tKEY"),
    ]
    .prop_map(str::to_owned);
    let key = prop_oneof![4 => key, 1 => "RABBITMQ_[A-Z0-9_]{0,70}", 1 => nasty()];
    let value = prop_oneof![
        Just(String::new()),
        Just("S3cr3t".to_owned()),
        Just("S3cr3t.example.org".to_owned()),
        Just("amqp://u:S3cr3t@h/v".to_owned()),
        Just("amqp://u:12/S3cr3t@h/v".to_owned()),
        Just("http://S3cr3t".to_owned()),
        Just("'S3cr3t'".to_owned()),
        Just("\"S3cr3t\n".to_owned()),
        Just("5671".to_owned()),
        nasty(),
    ];
    let line = (key, value).prop_map(|(k, v)| format!("{k}={v}\n").into_bytes());
    let line = prop_oneof![8 => line, 1 => vec(any::<u8>(), 0..20)];
    vec(line, 0..12).prop_map(|lines| lines.concat())
}

fn command_lines() -> impl Strategy<Value = String> {
    let program = prop_oneof![
        Just("python3 worker.py".to_owned()),
        Just("node -r x /a/worker.js".to_owned()),
        Just("java -cp S3cr3t -jar w.jar".to_owned()),
        Just("/opt/worker".to_owned()),
        // The first word is the program's name, and that is no secret.
        nasty().prop_map(|text| format!("p{text}")),
    ];
    let arguments = prop_oneof![
        Just("--password S3cr3t".to_owned()),
        Just("--url=amqp://u:S3cr3t@h".to_owned()),
        Just("S3cr3t".to_owned()),
        Just("consume S3cr3t".to_owned()),
        Just("-Q a,b".to_owned()),
        nasty(),
    ];
    (program, vec(arguments, 0..3)).prop_map(|(p, a)| format!("{p} {}", a.join(" ")))
}

proptest! {
    #[test]
    fn whatever_is_found_the_draft_loads_and_shows_no_secret(
        env in vec((nasty(), env_text()), 0..3),
        processes in vec(
            (
                command_lines(),
                vec((nasty(), nasty()), 0..3),
                proptest::option::of(prop_oneof![
                    "[a-z]@[0-9]{1,2}\\.service",
                    Just("user@1000.service".to_owned()),
                    nasty(),
                ]),
                proptest::option::of(nasty()),
                0_u32..6,
                any::<bool>(),
                proptest::option::of(0_usize..4),
            ),
            0..6,
        ),
        folder in nasty(),
        unit in proptest::option::of(nasty()),
        answers in 0_usize..4,
    ) {
        // As found: absolute paths, each file once.
        let mut paths = BTreeSet::new();
        let env_files = env.iter().filter_map(|(name, text)| {
            let path: PathBuf = Path::new("/").join(name.replace('/', "_")).join(".env");
            paths.insert(path.clone()).then(|| env_file(path.to_str().unwrap(), text))
        });
        let env_files = env_files.collect();
        let processes = processes.into_iter().enumerate().map(
            |(at, (line, queues, unit, name, parent, contained, env_file))| FoundProcess {
                pid: u32::try_from(at).unwrap() + 1,
                parent,
                unit,
                connection_name: name,
                container: contained.then(|| "c".repeat(64)),
                env_file,
                queues: queues.iter().map(|(v, q)| queue(v, q)).collect(),
                ..worker(0, &line, &[])
            },
        );
        let mut world = world(env_files, processes.collect());
        world.folder = Path::new("/").join(folder.replace('/', "_"));
        world.broker_unit = unit;
        world.broker.management.answer =
            [Answer::Serves, Answer::Refuses, Answer::InTheClear, Answer::Fails(Reason::Dns)][answers];
        let draft = draft(&world);
        load(&draft, &world);
        prop_assert!(!draft.text.contains(SECRET), "{}", draft.text);
        let told = crate::cli::init::summary(&draft);
        prop_assert!(!told.contains(SECRET), "{}", told);
        prop_assert!(told.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", told);
    }
}
