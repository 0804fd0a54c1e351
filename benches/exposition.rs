//! Encoding a snapshot and answering a scrape, at 10 to 100,000 queues with series of their own.
//!
//! The snapshot is synthetic; encoder, compressor, HTTP server and sockets are the real ones.
//! `cargo bench --bench exposition`

#![allow(
    missing_docs,
    clippy::print_stdout,
    reason = "a program that prints figures"
)]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};
use warrener::assess::{AssessConfig, History, assess};
use warrener::model::facts::{Capability, LeftOut, QueueFacts, QueuesFacts, Source};
use warrener::model::{Moment, RunMode, Snapshot, Standing};
use warrener::publish::Latest;
use warrener::publish::metrics::{Limits, Local, Publisher};
use warrener::publish::status::{About, Status};
use warrener::recover::desk::{Desk, Reading};
use warrener::recover::ledger::Handle;
use warrener::server::{self, Credentials, Edge, State};
use warrener::watch::cycle;

const ENCODES: usize = 11;
const SCRAPES: usize = 300;

fn snapshot(queues: usize, at: Moment) -> Snapshot {
    let queues = (0..queues)
        .map(|i| QueueFacts {
            vhost: "/".into(),
            name: format!("orders.region-{:02}.shard-{i:06}", i % 64),
            pinned: i < 2,
            exists: Some(true),
            ready: Some((i as u64 * 7919) % 1000),
            unacked: Some(i as u64 % 50),
            consumers: Some(i as u64 % 4),
            acked: Some(i as u64 * 104_729),
            redelivered: Some(i as u64 % 10),
            queue_type: Some("classic".into()),
            state: Some("running".into()),
        })
        .collect::<Vec<_>>();
    let facts = QueuesFacts {
        source: Source::Prometheus,
        fallback_login: false,
        configured_failure: None,
        capabilities: Capability::QUEUES.into(),
        seen: queues.len() as u64,
        queues,
        filtered: LeftOut::default(),
        over_budget: LeftOut::default(),
        lines_lost: 0,
    };
    let mut snapshot = Snapshot::empty(at);
    snapshot
        .queues
        .enter(Ok(facts), at, Duration::from_millis(1));
    snapshot.queues.interval = Some(Duration::from_secs(5));
    snapshot
}

/// The value at a share of the sorted times.
fn at(times: &[Duration], share: f64) -> Duration {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss
    )]
    let index = ((times.len() - 1) as f64 * share).round() as usize;
    times[index]
}

/// Times of `SCRAPES` scrapes over one connection, and the size of the body.
fn scrape(address: std::net::SocketAddr, gzip: bool) -> (Vec<Duration>, usize) {
    let mut stream = BufReader::new(TcpStream::connect(address).expect("connect"));
    let coding = if gzip { "gzip" } else { "identity" };
    let request = format!(
        "GET /metrics HTTP/1.1\r\nHost: bench\r\nAccept: application/openmetrics-text;version=1.0.0\
         \r\nAccept-Encoding: {coding}\r\n\r\n"
    );
    let mut body = Vec::new();
    let mut times = Vec::new();
    for _ in 0..SCRAPES {
        let started = Instant::now();
        stream
            .get_mut()
            .write_all(request.as_bytes())
            .expect("send");
        let mut length = 0;
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).expect("head");
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("length");
            }
        }
        body.resize(length, 0);
        stream.read_exact(&mut body).expect("body");
        times.push(started.elapsed());
    }
    times.sort();
    (times, body.len())
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("status");
    let line = status
        .lines()
        .find(|l| l.starts_with("VmRSS:"))
        .expect("VmRSS");
    line.split_whitespace()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .expect("number")
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("runtime");
    let mut table = String::new();
    writeln!(
        table,
        "{:>8} {:>11} {:>9} {:>9} {:>11} {:>11} {:>11} {:>11} {:>8}",
        "queues",
        "encode",
        "plain",
        "gzip",
        "p50 plain",
        "p99 plain",
        "p50 gzip",
        "p99 gzip",
        "RSS"
    )
    .expect("write");
    for queues in [10, 1_000, 10_000, 100_000] {
        let now = cycle::now();
        let local = Arc::new(Local::default());
        let mut encodes = Vec::new();
        let mut exposition = None;
        for _ in 0..ENCODES {
            let snapshot = snapshot(queues, now);
            let mut history = History::default();
            let assessment = assess(&snapshot, &mut history, &AssessConfig::default(), now);
            let started = Instant::now();
            exposition = Some(Publisher::new(Arc::clone(&local)).publish(
                &snapshot,
                &assessment,
                &Limits::default(),
                &Standing::unknown(RunMode::Propose, false),
            ));
            encodes.push(started.elapsed());
        }
        encodes.sort();
        let exposition = Arc::new(exposition.expect("encoded"));
        let (address, stop) = serve(&runtime, exposition, local);
        let (plain, plain_size) = scrape(address, false);
        let (gzip, gzip_size) = scrape(address, true);
        let rss = resident();
        drop(stop);
        let ms = |d: Duration| format!("{:.2} ms", d.as_secs_f64() * 1000.0);
        writeln!(
            table,
            "{queues:>8} {:>11} {:>6} KiB {:>5} KiB {:>11} {:>11} {:>11} {:>11} {:>4} MiB",
            ms(at(&encodes, 0.5)),
            plain_size / 1024,
            gzip_size / 1024,
            ms(at(&plain, 0.5)),
            ms(at(&plain, 0.99)),
            ms(at(&gzip, 0.5)),
            ms(at(&gzip, 0.99)),
            rss / 1024
        )
        .expect("write");
    }
    println!("{ENCODES} encodes and {SCRAPES} scrapes a row, OpenMetrics, one keep-alive client;");
    println!("RSS is of this process, with client and synthetic snapshot in it\n\n{table}");
}

/// What the other routes tell; nobody asks them.
fn latest() -> Latest {
    let now = cycle::now();
    let snapshot = Snapshot::empty(now);
    let mut history = History::default();
    let assessment = assess(&snapshot, &mut history, &AssessConfig::default(), now);
    let standing = Standing::unknown(RunMode::Off, false);
    let status = Status::new(&About::default(), &snapshot, &assessment, &standing);
    Latest::new(status)
}

fn serve(
    runtime: &tokio::runtime::Runtime,
    exposition: Arc<warrener::publish::Exposition>,
    local: Arc<Local>,
) -> (std::net::SocketAddr, oneshot::Sender<()>) {
    runtime.block_on(async {
        let (reload, _) = mpsc::channel(1);
        // Nobody asks it anything: its ledger is never opened.
        let ledger = Handle::start(std::env::temp_dir()).expect("thread");
        let standing = Standing::unknown(RunMode::Off, false);
        let (desk, _) = Desk::new(
            ledger,
            watch::channel(Arc::new(Reading::default())).1,
            watch::channel(Arc::new(standing)).1,
            cycle::now,
        );
        let (_going, stopping) = watch::channel(false);
        let edge = Edge::open(None, Arc::clone(&local), cycle::now).expect("no file to be wrong");
        let web = Arc::clone(local.web());
        let state = State {
            desk,
            guards: edge.guards(),
            exposition: watch::channel(exposition).1,
            latest: watch::channel(Arc::new(latest())).1,
            stopping,
            local,
            ready: watch::channel(true).1,
            credentials: watch::channel(Credentials::default()).1,
            attention: watch::Sender::new(warrener::model::Attention::default()),
            reload,
            now: cycle::now,
        };
        let listeners = server::bind(&["127.0.0.1:0".into()]).await.expect("bind");
        let address = listeners.addresses()[0];
        let (stop, stopped) = oneshot::channel::<()>();
        let router = server::router(state, "/metrics");
        let stop_asked = async { drop(stopped.await) };
        tokio::spawn(listeners.serve(router, edge.guards(), web, stop_asked, Duration::ZERO));
        (address, stop)
    })
}
