//! On a Docker engine: containers as workers of a broker on this machine, and warrener beside them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Instant;

use testbed::{Broker, Engine, Program, free_port, sample_worker};

use super::watched::Watched;

const EXE: &str = env!("CARGO_BIN_EXE_warrener");
const TOKEN: &str = "t0ken-of-the-site";
const EMPTIED: &str = "RABBITMQ_HOST=\nRABBITMQ_PORT=\nRABBITMQ_USER=\nRABBITMQ_PASS=\n";
/// A score that one of two workers, stopped by a person, leaves.
const ONE_AWAY: i64 = 89;

/// Containers in warrener's care.
struct Site {
    engine: Rc<Engine>,
    broker: Broker,
    folder: PathBuf,
    watched: Watched,
    program: Rc<Program>,
}

impl Site {
    /// A broker, an engine and a folder for the workers; none of them is there yet.
    fn new(control: &str) -> Self {
        let engine = Rc::new(Engine::start().unwrap());
        let broker = Broker::builder().start().unwrap();
        broker.declare("task", &serde_json::json!({})).unwrap();
        let folder = engine.dir().join("shop");
        fs::create_dir(&folder).unwrap();
        fs::copy(sample_worker().unwrap(), folder.join("sample-worker")).unwrap();
        let env = format!(
            "RABBITMQ_HOST=127.0.0.1\nRABBITMQ_PORT={}\nRABBITMQ_USER=guest\nRABBITMQ_PASS=guest\n",
            broker.amqp_port()
        );
        fs::write(folder.join(".env"), env).unwrap();
        let mode = |mode| fs::Permissions::from_mode(mode);
        fs::set_permissions(folder.join(".env"), mode(0o640)).unwrap();
        fs::write(folder.join("token"), TOKEN).unwrap();
        fs::set_permissions(folder.join("token"), mode(0o600)).unwrap();
        let port = free_port().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let program = Program::new(EXE)
            .unwrap()
            .args([
                "serve".to_owned(),
                format!("--web.listen-address=127.0.0.1:{port}"),
            ])
            .env("DOCKER_HOST", &engine.host())
            // Where Compose may be.
            .env("PATH", &path)
            .working_in(&folder);
        let program = Rc::new(program);
        fs::write(folder.join("warrener.yml"), config(&broker, control)).unwrap();
        let there = Rc::clone(&program);
        Site {
            engine,
            broker,
            folder,
            watched: Watched {
                port,
                told: Box::new(move || there.log()),
            },
            program,
        }
    }

    /// Starts warrener and waits until all is well.
    fn watch(&self) {
        self.program.start().unwrap();
        self.well(2, 100, "what a person started");
        self.watched.wait("a last known good", || {
            let url = format!("http://127.0.0.1:{}/metrics", self.watched.port);
            let name = "warrener_env_file_last_known_good_timestamp_seconds{";
            testbed::http::get(&url)
                .ok()?
                .body
                .contains(name)
                .then_some(())
        });
    }

    /// Waits until so many consume, by the broker's word, and warrener finds nothing more.
    fn well(&self, count: u32, score: i64, what: &str) {
        self.watched
            .wait(&format!("{what}: {count} consumers"), || {
                (self.broker.depth("task").ok()?.consumers == count).then_some(())
            });
        self.watched.rests(what, score, 31.0);
    }

    /// The life of a container, as the engine tells it: its id, its process and when it was started.
    fn life(&self, name: &str) -> String {
        let format = "--format={{.Id}} {{.State.Status}} {{.State.Pid}} {{.State.StartedAt}}";
        self.engine.docker(&["inspect", format, name]).unwrap()
    }

    fn warrener(&self, args: &[&str]) {
        let url = format!("--url=http://127.0.0.1:{}", self.watched.port);
        let token = format!("--token-file={}", self.folder.join("token").display());
        let asks = Program::new(EXE)
            .unwrap()
            .args(args.iter().copied().chain([&*url, &*token]));
        asks.start().unwrap();
        let ended = asks.wait(super::watched::ENDED).unwrap();
        assert_eq!(ended, Some(0), "{}", asks.log());
    }

    fn now(&self) -> (i64, Instant) {
        (self.watched.newest(), Instant::now())
    }

    /// What its workers do with what is sent is told by their own log.
    fn send(&self, count: usize) -> Vec<String> {
        self.broker.publish("task", count).unwrap()
    }

    fn nothing_is_lost(&self, sent: &[String]) {
        self.watched.wait("every message", || {
            let log = fs::read_to_string(self.folder.join("messages")).unwrap_or_default();
            let done: std::collections::BTreeSet<_> = log.lines().collect();
            sent.iter()
                .all(|id| done.contains(id.as_str()))
                .then_some(())
        });
    }
}

/// The arguments of a worker that is at `/w` in its container.
const WORKER: [&str; 11] = [
    "/w/sample-worker",
    "--kind",
    "task",
    "--queue",
    "task",
    "--prefetch",
    "5",
    "--work-ms",
    "10",
    "--message-log",
    "/w/messages",
];

#[test]
#[ignore = "starts a Docker engine, as root: make test-docker"]
fn docker_containers_are_repaired_and_what_a_person_stopped_is_left_so() {
    let site = Site::new("{docker: {container: [task-1, task-2]}}");
    for name in ["task-1", "task-2"] {
        let folder = format!("{}:/w", site.folder.display());
        let env_file = site.folder.join(".env").display().to_string();
        let mut args = vec!["run", "--detach", "--network=host", "--name", name];
        args.extend(["--env-file", &env_file, "--volume", &folder]);
        args.extend(["--volume=/usr/lib:/lib:ro", "--volume=/usr/lib64:/lib64:ro"]);
        args.push(Engine::IMAGE);
        args.extend(WORKER);
        site.engine.docker(&args).unwrap();
    }
    site.watch();
    let mut sent = site.send(30);

    let (one, other) = (site.life("task-1"), site.life("task-2"));
    let (after, began) = site.now();
    site.engine.docker(&["kill", "task-1"]).unwrap();
    let watched = &site.watched;
    watched.recovers("container killed", "worker-unhealthy", after, began);
    assert_ne!(site.life("task-1"), one);
    assert_eq!(site.life("task-2"), other);
    site.well(2, 100, "after a container was killed");

    // A person stops one, and it stays so.
    let after = watched.newest();
    site.engine.docker(&["stop", "--time=5", "task-2"]).unwrap();
    let stopped = site.life("task-2");
    assert!(stopped.contains("exited"), "{stopped}");
    watched.holds("worker-unhealthy", after, "stopped_by_operator");
    let began = Instant::now();
    site.engine.docker(&["kill", "task-1"]).unwrap();
    let what = "container killed, another stopped by a person";
    watched.recovers(what, "worker-unhealthy", after, began);
    assert_eq!(site.life("task-2"), stopped);
    site.well(1, ONE_AWAY, what);

    let (after, began) = site.now();
    site.engine.docker(&["kill", "task-1"]).unwrap();
    site.warrener(&["recover", "--emergency"]);
    let run = watched.ends("emergency", after);
    let took = began.elapsed().as_secs_f64();
    println!(
        "emergency, a container stopped by a person: {} after {took:.1} s",
        run["run"]["outcome"]
    );
    assert_eq!(site.life("task-2"), stopped);
    site.well(1, ONE_AWAY, "after the emergency");
    site.engine.docker(&["start", "task-2"]).unwrap();
    site.well(2, 100, "after the person started it again");

    // Paused: nothing at all, until a person says so.
    sent.extend(site.send(30));
    site.warrener(&["pause", "--reason", "maintenance"]);
    let (after, _) = site.now();
    site.engine.docker(&["kill", "task-1"]).unwrap();
    let killed = site.life("task-1");
    watched.holds("worker-unhealthy", after, "paused");
    fs::write(site.folder.join(".env"), EMPTIED).unwrap();
    watched.holds("config-invalid", after, "paused");
    assert_eq!(site.life("task-1"), killed);
    let began = Instant::now();
    site.warrener(&["resume"]);
    // The worker is its cause's: the repair of the file starts it, and nothing is left to its own.
    watched.recovers("paused, and resumed", "config-invalid", after, began);
    assert_ne!(site.life("task-1"), killed);
    site.well(2, 100, "after it was resumed");
    assert_ne!(
        fs::read_to_string(site.folder.join(".env")).unwrap(),
        EMPTIED
    );
    site.nothing_is_lost(&sent);
}

#[test]
#[ignore = "starts a Docker engine, as root: make test-docker"]
fn docker_services_are_made_anew_on_a_repaired_env_file_but_for_what_a_person_stopped() {
    let site = Site::new("{docker: {compose: ., service: task}}");
    let words = serde_json::to_string(&WORKER).unwrap();
    let compose = format!(
        "services:\n  task:\n    image: {}\n    network_mode: host\n    env_file: .env\n    \
         volumes: ['.:/w', '/usr/lib:/lib:ro', '/usr/lib64:/lib64:ro']\n    command: {words}\n",
        Engine::IMAGE
    );
    fs::write(site.folder.join("docker-compose.yml"), compose).unwrap();
    let up = ["up", "--detach", "--force-recreate", "--scale", "task=2"];
    if let Err(error) = site.engine.compose(&site.folder, &["version"]) {
        println!("not tried, without Compose on the path: {error}");
        return;
    }
    site.engine.compose(&site.folder, &up).unwrap();
    site.watch();
    let sent = site.send(30);
    let good = fs::read_to_string(site.folder.join(".env")).unwrap();

    let (after, began) = site.now();
    fs::write(site.folder.join(".env"), EMPTIED).unwrap();
    site.engine.compose(&site.folder, &up).unwrap();
    let watched = &site.watched;
    watched.recovers(
        ".env emptied, containers made on it",
        "config-invalid",
        after,
        began,
    );
    assert_eq!(fs::read_to_string(site.folder.join(".env")).unwrap(), good);
    site.well(2, 100, "after .env was emptied");

    // One that a person stopped is neither started nor made anew, and the other is.
    let (after, names) = (
        watched.newest(),
        site.engine.docker(&["ps", "--format={{.Names}}"]),
    );
    let names = names.unwrap();
    // Compose counts on: they are called otherwise than the first two were.
    let mut names = names.lines();
    let (one, two) = (names.next().unwrap(), names.next().unwrap());
    site.engine.docker(&["stop", "--time=5", two]).unwrap();
    let stopped = site.life(two);
    watched.holds("worker-unhealthy", after, "stopped_by_operator");
    let before = site.life(one);
    let (after, began) = site.now();
    fs::write(site.folder.join(".env"), EMPTIED).unwrap();
    watched.wait("the repair", || {
        let env = fs::read_to_string(site.folder.join(".env")).unwrap();
        (env == good).then_some(())
    });
    let what = ".env emptied, a container stopped by a person";
    watched.recovers(what, "config-invalid", after, began);
    println!("one was {before}, is {}", site.life(one));
    assert_eq!(site.life(two), stopped);
    site.well(1, ONE_AWAY, what);
    site.nothing_is_lost(&sent);
}

fn config(broker: &Broker, control: &str) -> String {
    format!(
        "identity: app-1\nstate: state\nbroker:\n  \
         amqp: 'amqp://${{RABBITMQ_USER}}:${{RABBITMQ_PASS}}@${{RABBITMQ_HOST}}:${{RABBITMQ_PORT}}/%2f'\n  \
         management: {}\n  prometheus: {}\n  every: 1s\n  roundtrip: {{every: 2s}}\n\
         host: {{disks: [], min_memory_available: 0}}\n\
         workers:\n  task:\n    control: {control}\n    count: 2\n    min_healthy: 1\n    \
         queues: [task]\n    env_file: .env\n    stop: {{grace: 2s}}\n    hang: {{no_ack_for: 4s}}\n\
         env_files:\n- path: .env\n  mode: '0640'\n  keep_after: 2s\n  keys:\n    \
         RABBITMQ_HOST: {{required: true, type: host, default: localhost}}\n    \
         RABBITMQ_PORT: {{required: true, type: port, default: {}}}\n    \
         RABBITMQ_USER: {{required: true, type: string, default: guest}}\n    \
         RABBITMQ_PASS: {{required: true, type: secret, default: guest}}\n\
         web: {{auth: {{bearer_file: token}}}}\n\
         recovery:\n  mode: auto\n  reflex: true\n  \
         budget: {{target: 100 per 15m, host: 1000 per 1h}}\n",
        broker.management_url(),
        broker.prometheus_url(),
        broker.amqp_port(),
    )
}
