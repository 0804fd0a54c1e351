//! What warrener costs a real broker, and what it costs itself, end to end.
//!
//! A private RabbitMQ with queues (10,000; `BENCH_QUEUES=N` for another number), the release
//! binary on it with a series for every queue, and the same broker asked `GET /api/queues` for
//! comparison in the same run. CPU times are the system's own accounting of the processes.
//! `cargo bench --bench broker`

#![allow(
    missing_docs,
    clippy::print_stdout,
    reason = "a program that prints figures"
)]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::fs;
use std::time::{Duration, Instant};

use testbed::{Broker, Program, cpu_seconds, http, mib, wait_until};

const PATIENCE: Duration = Duration::from_secs(300);
const WATCHED: Duration = Duration::from_secs(60);
const SCRAPES: usize = 500;

fn cpu(pid: u32) -> f64 {
    cpu_seconds(pid).expect("its CPU time")
}

fn rss_mib(pid: u32, field: &str) -> f64 {
    mib(pid, field).expect("its memory")
}

fn value(metrics: &str, sample: &str) -> Option<f64> {
    let line = metrics.lines().find(|l| l.starts_with(sample))?;
    line.rsplit(' ').next()?.parse().ok()
}

/// CPU seconds of `pid` while `WATCHED` passes.
fn watched(pid: u32) -> f64 {
    let before = cpu(pid);
    std::thread::sleep(WATCHED);
    cpu(pid) - before
}

fn main() {
    let queues: usize = std::env::var("BENCH_QUEUES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(10_000);
    println!("starting a broker with {queues} queues ...");
    let broker = Broker::builder().start().expect("broker");
    broker
        .declare_queues("orders.region-00.shard-", queues)
        .expect("queues");
    let beam = broker.pid().expect("pid");
    // The statistics of the new queues settle first.
    let settled = || {
        let before = cpu(beam);
        std::thread::sleep(Duration::from_secs(5));
        cpu(beam) - before < 1.0
    };
    wait_until("a quiet broker", PATIENCE, settled).expect("quiet");
    let idle = watched(beam);

    let warrener = Program::new(env!("CARGO_BIN_EXE_warrener"))
        .expect("folder")
        .args(["serve", "--web.listen-address=127.0.0.1:0"]);
    let config = format!(
        "broker:\n  amqp: {}\n  management: {}\n  prometheus: {}\nqueues: {{per_queue_limit: {queues}}}\n",
        broker.amqp_url(),
        broker.management_url(),
        broker.prometheus_url()
    );
    fs::write(warrener.dir().join("warrener.yml"), config).expect("config");
    warrener.start().expect("warrener");
    let url = wait_until("its address", PATIENCE, || {
        let log = warrener.log();
        let (_, rest) = log.split_once("address=")?;
        let (address, _) = rest.split_once(char::is_whitespace)?;
        Some(format!("http://{}/metrics", address.trim_matches('"')))
    })
    .expect("address");
    let scrape = || http::get(&url).expect("scrape").body;
    wait_until("every queue", PATIENCE, || {
        value(&scrape(), "warrener_queues_seen").is_some_and(|n| n >= queues as f64)
    })
    .expect("queues seen");

    let pid = warrener.pid().expect("pid");
    let polls = || {
        let text = scrape();
        ["broker", "queues", "roundtrip"].map(|probe| {
            value(
                &text,
                &format!("warrener_probe_successes_total{{probe=\"{probe}\"}}"),
            )
            .unwrap_or_default()
        })
    };
    let (polls_before, own_before) = (polls(), cpu(pid));
    let busy = watched(beam);
    let (polls_after, own) = (polls(), cpu(pid) - own_before);
    let polled: Vec<f64> = polls_after
        .iter()
        .zip(polls_before)
        .map(|(a, b)| a - b)
        .collect();

    let mut times: Vec<Duration> = (0..SCRAPES)
        .map(|_| {
            let started = Instant::now();
            let body = scrape();
            assert!(body.len() > queues * 100);
            started.elapsed()
        })
        .collect();
    times.sort();

    let before = cpu(beam);
    let started = Instant::now();
    let full = 3;
    let mut size = 0;
    for _ in 0..full {
        size = http::get(&format!(
            "{}/api/queues",
            broker.management_url().replace("//", "//guest:guest@")
        ))
        .expect("list")
        .body
        .len();
        // Past the answer's cache, which lives for five times what the answer took to compute.
        std::thread::sleep(Duration::from_secs(1));
    }
    let list_wall = started.elapsed().as_secs_f64() / f64::from(full) - 1.0;
    let list_cpu = (cpu(beam) - before) / f64::from(full);

    let seconds = WATCHED.as_secs_f64();
    let text = scrape();
    let interval = |probe: &str| {
        value(
            &text,
            &format!("warrener_probe_interval_seconds{{probe=\"{probe}\"}}"),
        )
        .unwrap_or_default()
    };
    println!(
        "RabbitMQ {}, {queues} queues, watched for {seconds} s",
        broker.version().expect("version")
    );
    println!(
        "intervals in force: broker {} s, queues {} s, roundtrip {} s",
        interval("broker"),
        interval("queues"),
        interval("roundtrip")
    );
    println!(
        "broker CPU      idle {:.0} ms/s, watched {:.0} ms/s; per queue poll {:.0} ms (all of the \
         difference, {} broker, {} queue and {} round trip readings)",
        idle / seconds * 1e3,
        busy / seconds * 1e3,
        (busy - idle) / polled[1].max(1.0) * 1e3,
        polled[0],
        polled[1],
        polled[2]
    );
    println!(
        "GET /api/queues {:.0} ms of broker CPU, {:.1} s, {:.1} MB each, {full} times",
        list_cpu * 1e3,
        list_wall,
        size as f64 / 1e6
    );
    println!(
        "warrener        {:.2} % of a core, RSS {:.1} MiB (peak {:.1} MiB)",
        own / seconds * 100.0,
        rss_mib(pid, "VmRSS:"),
        rss_mib(pid, "VmHWM:")
    );
    println!(
        "scrape          p50 {:.2} ms, p99 {:.2} ms, worst {:.2} ms of {SCRAPES}, {:.1} MB plain, \
         a connection each",
        times[SCRAPES / 2].as_secs_f64() * 1e3,
        times[SCRAPES * 99 / 100].as_secs_f64() * 1e3,
        times[SCRAPES - 1].as_secs_f64() * 1e3,
        text.len() as f64 / 1e6
    );
}
