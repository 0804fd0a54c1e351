//! The first contact: a folder with an `.env`, workers that run, and no warrener.yml.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use testbed::{Environment, Worker, WorkerConfig, wait_until};

use crate::support::{PATIENCE, Warrener, broker, prepare};

const SECRET: &str = "S3cr3tOfTheBroker";

/// Runs in `folder` to the end: exit code and output.
fn run(folder: &Path, args: &[&str]) -> (Option<i32>, String) {
    let program = prepare(args).working_in(folder);
    program.start().unwrap();
    let code = program.wait(PATIENCE).unwrap();
    (code, program.log())
}

#[test]
fn a_draft_of_running_workers_is_right_and_serves() {
    let broker = broker().start().unwrap();
    broker.ctl(&["add_user", "app", SECRET]).unwrap();
    broker.ctl(&["set_user_tags", "app", "monitoring"]).unwrap();
    broker
        .ctl(&["set_permissions", "app", ".*", ".*", ".*"])
        .unwrap();
    let served = prepare(&["serve", "--web.listen-address=127.0.0.1:0"]);
    let folder = served.dir().to_owned();
    let env = format!(
        "# The broker\nRABBITMQ_HOST=127.0.0.1\nRABBITMQ_PORT={}\nRABBITMQ_USER=app\n\
         export RABBITMQ_PASS='{SECRET}'\nRABBITMQ_MANAGEMENT_PORT={}\n\
         RABBITMQ_PROMETHEUS_PORT={}\nDATABASE_URL=postgres://u:{SECRET}@db/app\n",
        broker.amqp_port(),
        broker.management_port(),
        broker.prometheus_port(),
    );
    // What the sample worker understands has neither `export` nor quotes.
    let plain = env.replace("export ", "").replace('\'', "");
    fs::write(folder.join(".env"), plain).unwrap();
    fs::set_permissions(folder.join(".env"), fs::Permissions::from_mode(0o640)).unwrap();
    let spawn = |kind: &str, queue: &str| {
        let environment = Environment::File(folder.join(".env"));
        Worker::spawn(WorkerConfig::new(kind, queue, environment)).unwrap()
    };
    let workers = [
        spawn("ocr", "init_ocr"),
        spawn("ocr", "init_ocr"),
        spawn("mail", "init_mail"),
    ];
    wait_until("the broker to tell of three consumers", PATIENCE, || {
        let told = |what: &str| broker.management(what).ok()?.as_array().map(Vec::len);
        (told("/api/consumers") == Some(3) && told("/api/channels") == Some(3)).then_some(())
    })
    .unwrap();
    fs::write(folder.join(".env"), &env).unwrap();

    let (code, out) = run(&folder, &["init"]);
    println!(
        "{}",
        fs::read_to_string(folder.join("warrener.yml")).unwrap()
    );
    assert_eq!(code, Some(0), "{out}");
    for words in [
        "ocr: 2 processes",
        "mail: 1 process,",
        "management API answers",
        "warrener check",
    ] {
        assert!(out.contains(words), "{words} in\n{out}");
    }
    let file = folder.join("warrener.yml");
    let draft = fs::read_to_string(&file).unwrap();
    assert!(
        !draft.contains(SECRET) && !out.contains(SECRET),
        "{draft}\n{out}"
    );
    let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode & 0o137, 0, "{mode:o}");
    for line in [
        "management: http://${RABBITMQ_HOST}:${RABBITMQ_MANAGEMENT_PORT}",
        "prometheus: http://${RABBITMQ_HOST}:${RABBITMQ_PROMETHEUS_PORT}",
        "init_ocr: {min_consumers: 2}",
        "queues: [init_mail]",
        "env_file: .env",
        "RABBITMQ_PASS: {required: true, type: secret}",
    ] {
        assert!(draft.contains(line), "{line} in\n{draft}");
    }

    // What a person wrote is not replaced unasked.
    fs::write(&file, format!("{draft}# mine\n")).unwrap();
    let (code, out) = run(&folder, &["init"]);
    assert!(code == Some(2) && out.contains("--force"), "{out}");
    assert!(fs::read_to_string(&file).unwrap().ends_with("# mine\n"));
    let (code, _) = run(&folder, &["init", "--force"]);
    assert_eq!((code, fs::read_to_string(&file).unwrap()), (Some(0), draft));

    let (code, out) = run(&folder, &["check"]);
    assert_eq!(code, Some(0), "{out}");
    let (code, out) = run(
        &folder,
        &["probe", "broker", "queues", "roundtrip", "envfile"],
    );
    assert_eq!(code, Some(0), "{out}");

    let warrener = Warrener::start(served);
    let metrics = warrener.wait("the queues", |m| {
        m.get("warrener_queue_consumers", &[("queue", "init_ocr")]) == Some(2.0)
    });
    let mail = metrics.get("warrener_queue_consumers", &[("queue", "init_mail")]);
    assert_eq!(mail, Some(1.0), "{}", metrics.text);
    drop(workers);
}

#[test]
fn with_nothing_to_find_the_draft_is_valid_and_only_printed_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out) = run(folder.path(), &["init", "--stdout"]);
    assert_eq!(code, Some(0), "{out}");
    assert!(
        out.contains("mode: propose") && out.contains("# amqp: "),
        "{out}"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let (code, out) = run(folder.path(), &["init", "--output=sub.yml"]);
    assert!(
        code == Some(0) && out.contains("--config.file=sub.yml"),
        "{out}"
    );
    let (code, out) = run(folder.path(), &["check", "--config.file=sub.yml"]);
    assert_eq!(code, Some(0), "{out}");
    let (code, out) = run(folder.path(), &["init", "--dir=absent"]);
    assert!(code == Some(2) && out.contains("absent"), "{out}");
    let (code, out) = run(folder.path(), &["init", "--output=absent/warrener.yml"]);
    assert!(code == Some(1) && out.contains("absent"), "{out}");
}
