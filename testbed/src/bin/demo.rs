//! `make demo`: a private broker with two kinds of workers on real queues, and the real `warrener
//! serve` on it, watched by a Prometheus and an Alertmanager with the rules and routes that `warrener
//! rules` writes; what `warrener status` says of them, and which alerts fire, is printed.
//!
//! Runs until Ctrl-C, or for `DEMO_FOR` (`60s`, `2m`), and then ends with 1 if no real metric was
//! seen. Nothing stays behind: servers, workers and files are the demo's own.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it shows something"
)]

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use testbed::{
    Alerting, Alertmanager, Broker, Environment, Program, Receivers, Result, Worker, WorkerConfig,
    http, wait_until,
};

/// What is shown of the exposition: one line for each that is there.
const SHOWN: [&str; 8] = [
    "warrener_broker_info{",
    "warrener_broker_node_up{",
    "warrener_queue_messages_ready{",
    "warrener_queue_consumers{",
    "warrener_roundtrip_seconds ",
    "warrener_worker_processes_running{",
    "warrener_worker_consumers{",
    "warrener_health_score ",
];

/// A sample that only a broker and workers that were really read, and joined, can have given.
const PROOF: &str = "warrener_worker_consumers{worker=\"orders-worker\"} 2";

/// Queues, workers and the env file, as `warrener.yml` tells them.
const FLEET: &str = "\
queues:
  pinned:
    orders: {min_consumers: 2, max_ready: 1000}
    emails: {min_consumers: 1, max_ready: 1000}
workers:
  orders-worker:
    match: {cmdline: 'sample-worker --kind orders-worker '}
    count: 2
    queues: [orders]
    env_file: .env
    hang: {no_ack_for: 15s}
  emails-worker:
    match: {cmdline: 'sample-worker --kind emails-worker '}
    queues: [emails]
    env_file: .env
    hang: {no_ack_for: 15s}
env_files:
- path: .env
  keys:
    RABBITMQ_HOST: {required: true, type: host}
    RABBITMQ_PORT: {required: true, type: port}
    RABBITMQ_USER: {required: true}
    RABBITMQ_PASS: {required: true, type: secret}
";

/// Fires always, to show that the way of an alert is open.
const WATCHDOG: &str = "Watchdog";

const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let demo_for = std::env::var("DEMO_FOR")
        .ok()
        .map(|text| seconds(&text))
        .transpose()?;

    println!("starting a private RabbitMQ ...");
    let broker = Broker::builder().start()?;
    for queue in ["orders", "emails", "reports"] {
        broker.declare(queue, &serde_json::json!({}))?;
    }
    let warrener = configure(&broker)?;
    let env = warrener.dir().join(".env");
    let workers = ["orders", "orders", "emails"]
        .into_iter()
        .map(|queue| {
            // Some workers read their .env themselves, others are started with it.
            let environment = match queue {
                "emails" => Environment::Exported(env.clone()),
                _ => Environment::File(env.clone()),
            };
            Worker::spawn(WorkerConfig::new(
                &format!("{queue}-worker"),
                queue,
                environment,
            ))
        })
        .collect::<Result<Vec<_>>>()?;

    println!("starting warrener ...");
    warrener.start()?;
    let url = address(&warrener)?;
    let started = Instant::now();
    let seen = wait_until("a real metric", PATIENCE, || {
        scrape(&url).filter(|text| text.contains(PROOF))
    });
    let seen = seen.map_err(|error| format!("{error}\n{}", warrener.log()))?;
    let real_after = started.elapsed().as_secs_f64();
    println!("starting Prometheus and Alertmanager with its rules ...");
    let alerting = alerting(warrener.dir(), &url)?;

    println!("\nwarrener    {url}/\nmetrics     {url}/metrics");
    println!("Prometheus  {}/alerts", alerting.prometheus.url());
    println!("Alertmgr    {}", alerting.alertmanager.url());
    println!("RabbitMQ    {} (guest, guest)", broker.management_url());
    println!("AMQP        {}", broker.amqp_url());
    println!("folder      {}\n", warrener.dir().display());
    println!("real metrics after {real_after:.1} s:\n");
    show(&seen);
    println!();
    status(&url)?;
    say_firing(&alerting.alertmanager)?;
    println!(
        "\nKill or freeze a worker (pkill -f orders-worker), stop the broker, empty .env in the"
    );
    println!("folder, and look again:");
    println!("  {} status --url {url} --watch", warrener_exe()?.display());
    match demo_for {
        Some(time) => println!("Running for {} s.", time.as_secs()),
        None => println!("Running until Ctrl-C."),
    }

    let traffic = spawn(move || traffic(&broker, demo_for));
    let outcome = traffic.join().map_err(|_| "the traffic panicked")?;
    outcome?;
    println!("\nat the end:\n");
    let last = scrape(&url).ok_or("warrener no longer answers")?;
    show(&last);
    println!();
    status(&url)?;
    say_firing(&alerting.alertmanager)?;
    drop(workers);
    if last.contains(PROOF) {
        Ok(())
    } else {
        Err("no real metric at the end".into())
    }
}

/// `60s` or `2m`.
fn seconds(text: &str) -> std::result::Result<Duration, String> {
    let (number, factor) = match text.strip_suffix('m') {
        Some(minutes) => (minutes, 60),
        None => (text.strip_suffix('s').unwrap_or(text), 1),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| format!("DEMO_FOR={text}: write 60s or 2m"))?;
    Ok(Duration::from_secs(number * factor))
}

/// A folder with the `.env` of the workers and a `warrener.yml` that reads the same file.
fn configure(broker: &Broker) -> std::result::Result<Program, Box<dyn std::error::Error>> {
    let wanted = "127.0.0.1:15699";
    let listen = match TcpListener::bind(wanted) {
        Ok(_) => wanted,
        Err(_) => "127.0.0.1:0",
    };
    let program = Program::new(warrener_exe()?)?.args(["serve", "--web.listen-address", listen]);
    fs::write(
        program.dir().join(".env"),
        format!(
            "RABBITMQ_HOST=127.0.0.1\nRABBITMQ_PORT={}\nRABBITMQ_USER=guest\nRABBITMQ_PASS=guest\n",
            broker.amqp_port()
        ),
    )?;
    // Others may not read a password.
    fs::set_permissions(
        program.dir().join(".env"),
        fs::Permissions::from_mode(0o640),
    )?;
    fs::write(
        program.dir().join("warrener.yml"),
        format!(
            "state: state\nbroker:\n  amqp: amqp://${{RABBITMQ_USER}}:${{RABBITMQ_PASS}}@${{RABBITMQ_HOST}}:\
             ${{RABBITMQ_PORT}}/%2f\n  management: {}\n  prometheus: {}\n{FLEET}",
            broker.management_url(),
            broker.prometheus_url()
        ),
    )?;
    Ok(program)
}

/// Prometheus and Alertmanager with what `warrener rules` writes for a scrape every 5 s. People, and
/// the dead man's switch, are told nowhere: nobody listens at that port.
fn alerting(
    dir: &Path,
    warrener: &str,
) -> std::result::Result<Alerting, Box<dyn std::error::Error>> {
    let dir = dir.join("alerting");
    let mut command = Command::new(warrener_exe()?);
    command.args(["rules", "--profile", "fast", "--output"]);
    let output = command.arg(&dir).output()?;
    if !output.status.success() {
        return Err(format!(
            "warrener rules: {}",
            String::from_utf8_lossy(&output.stderr)
        )
        .into());
    }
    let nobody = "http://127.0.0.1:9/";
    let receivers = Receivers {
        webhook: format!("{warrener}/webhook/alertmanager"),
        token: "of-the-demo".into(),
        slack: nobody.into(),
        ping: nobody.into(),
    };
    let target = warrener.trim_start_matches("http://");
    let alerting = Alerting::start(None, &dir, target, &receivers)?;
    wait_until(
        "the watchdog, as a sign that alerts arrive",
        PATIENCE,
        || firing(&alerting.alertmanager).is_ok_and(|names| names.iter().any(|n| n == WATCHDOG)),
    )?;
    Ok(alerting)
}

/// The names of the alerts that Alertmanager holds.
fn firing(alertmanager: &Alertmanager) -> Result<Vec<String>> {
    let alerts = alertmanager.alerts()?;
    let names = alerts.as_array().into_iter().flatten();
    Ok(names
        .filter_map(|alert| Some(alert["labels"]["alertname"].as_str()?.to_owned()))
        .collect())
}

fn say_firing(alertmanager: &Alertmanager) -> Result<()> {
    let mut names = firing(alertmanager)?;
    let all = names.len();
    names.retain(|name| name != WATCHDOG);
    names.sort();
    match (names.len() == all, names.as_slice()) {
        (true, _) => println!("\nNo Watchdog: alerts do not arrive."),
        (false, []) => println!("\nNo alert is firing but Watchdog, which always does."),
        (false, names) => println!(
            "\n{} alerts are firing besides Watchdog: {}",
            names.len(),
            names.join(", ")
        ),
    }
    Ok(())
}

/// The binary beside this one.
fn warrener_exe() -> std::io::Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name("warrener"))
}

/// Prints what `warrener status` says.
fn status(url: &str) -> std::io::Result<()> {
    let mut command = Command::new(warrener_exe()?);
    // Its exit code tells how things are, which the onlooker may have changed.
    command.args(["status", "--url", url]).status().map(drop)
}

/// Where warrener says that it listens.
fn address(warrener: &Program) -> Result<String> {
    wait_until("warrener to listen", PATIENCE, || {
        let log = warrener.log();
        let (_, rest) = log.split_once("address=")?;
        let (address, _) = rest.split_once(char::is_whitespace)?;
        Some(format!("http://{}", address.trim_matches('"')))
    })
}

fn scrape(url: &str) -> Option<String> {
    let answer = http::get(&format!("{url}/metrics")).ok()?;
    (answer.status == 200).then_some(answer.body)
}

fn show(text: &str) {
    for start in SHOWN {
        for line in text.lines().filter(|line| line.starts_with(start)) {
            println!("  {line}");
        }
    }
}

/// A little load: what the workers can do, and a queue that nobody reads.
fn traffic(broker: &Broker, demo_for: Option<Duration>) -> Result<()> {
    let end = demo_for.map(|time| Instant::now() + time);
    while end.is_none_or(|end| Instant::now() < end) {
        // A broker that the onlooker stopped is part of the show.
        for (queue, messages) in [("orders", 20), ("emails", 5), ("reports", 1)] {
            broker.publish(queue, messages).ok();
        }
        sleep(Duration::from_secs(1));
    }
    Ok(())
}
