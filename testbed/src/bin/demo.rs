//! `make demo`: a private broker with traffic, and the real `warrener serve` on it.
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
use std::path::Path;
use std::process::ExitCode;
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use testbed::{Broker, Environment, Program, Result, Worker, WorkerConfig, http, wait_until};

/// What is shown of the exposition: one line for each that is there.
const SHOWN: [&str; 10] = [
    "warrener_broker_info{",
    "warrener_broker_node_up{",
    "warrener_broker_node_memory_used_bytes{",
    "warrener_broker_node_connections{",
    "warrener_queue_messages_ready{",
    "warrener_queue_consumers{",
    "warrener_roundtrip_seconds ",
    "warrener_host_load1 ",
    "warrener_probe_success{",
    "warrener_probe_data_age_seconds{",
];

/// A sample that only a broker that was really read can have given.
const PROOF: &str = "warrener_queue_consumers{vhost=\"/\",queue=\"orders\"} 2";

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
            let kind = format!("{queue}-worker");
            Worker::spawn(WorkerConfig::new(
                &kind,
                queue,
                Environment::File(env.clone()),
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

    println!("\nwarrener    {url}/\nmetrics     {url}/metrics");
    println!("RabbitMQ    {} (guest, guest)", broker.management_url());
    println!("AMQP        {}", broker.amqp_url());
    println!("folder      {}\n", warrener.dir().display());
    println!(
        "real metrics after {:.1} s:\n",
        started.elapsed().as_secs_f64()
    );
    show(&seen);
    println!("\nStop the broker, empty .env in the folder, and watch the metrics change.");
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
    let exe = std::env::current_exe()?;
    let exe = exe.parent().unwrap_or(Path::new(".")).join("warrener");
    let wanted = "127.0.0.1:15699";
    let listen = match TcpListener::bind(wanted) {
        Ok(_) => wanted,
        Err(_) => "127.0.0.1:0",
    };
    let program = Program::new(exe)?.args(["serve", "--web.listen-address", listen]);
    fs::write(
        program.dir().join(".env"),
        format!(
            "RABBITMQ_HOST=127.0.0.1\nRABBITMQ_PORT={}\nRABBITMQ_USER=guest\nRABBITMQ_PASS=guest\n",
            broker.amqp_port()
        ),
    )?;
    fs::write(
        program.dir().join("warrener.yml"),
        format!(
            "broker:\n  amqp: amqp://${{RABBITMQ_USER}}:${{RABBITMQ_PASS}}@${{RABBITMQ_HOST}}:\
             ${{RABBITMQ_PORT}}/%2f\n  management: {}\n  prometheus: {}\nqueues:\n  pinned:\n    \
             orders: {{min_consumers: 2, max_ready: 1000}}\nenv_files: [{{path: .env}}]\n",
            broker.management_url(),
            broker.prometheus_url()
        ),
    )?;
    Ok(program)
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
