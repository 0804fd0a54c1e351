//! A worker as teams have them: it takes its broker from `RABBITMQ_HOST`, `_PORT`, `_USER`
//! and `_PASS`, of a dotenv file it reads itself (`--env-file`) or of its environment, and,
//! which is the point, silently uses compiled-in defaults for what is missing or empty.

use std::collections::HashMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::Write;
use std::time::Duration;

use futures_util::StreamExt;
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicQosOptions, QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties, Consumer};
use tokio::signal::unix::{Signal, SignalKind, signal};

const DEFAULTS: [(&str, &str); 4] = [
    ("RABBITMQ_HOST", "localhost"),
    ("RABBITMQ_PORT", "5672"),
    ("RABBITMQ_USER", "guest"),
    ("RABBITMQ_PASS", "guest"),
];
const RETRY: Duration = Duration::from_secs(1);
/// A broker that boots may take a connection and never answer on it.
const OPENING: Duration = Duration::from_secs(5);
const TAG: &str = "sample-worker";
/// How a message begins that ends whoever takes it, unless there is a file [`CURE`] where it runs.
const POISON: &str = "poison";
const CURE: &str = "cure";

type Outcome<T> = Result<T, Box<dyn Error>>;

/// `--name value` pairs; `--fault-on-signal` alone has no value.
struct Options(HashMap<String, String>);

impl Options {
    fn read() -> Self {
        let mut words = std::env::args().skip(1);
        let mut options = HashMap::new();
        while let Some(name) = words.next() {
            let value = if name == "--fault-on-signal" {
                None
            } else {
                words.next()
            };
            options.insert(name, value.unwrap_or_default());
        }
        Self(options)
    }

    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// The fault, once it is due.
    fn fault(&self, signalled: bool) -> &str {
        let waits = self.0.contains_key("--fault-on-signal") && !signalled;
        if waits { "" } else { self.get("--fault") }
    }
}

struct Signals {
    term: Signal,
    fault: Signal,
    fault_due: bool,
}

#[tokio::main(flavor = "current_thread")]
#[allow(clippy::print_stderr, reason = "a worker's log is its standard error")]
async fn main() -> Outcome<()> {
    let options = Options::read();
    if !options.get("--start-log").is_empty() {
        let mut log = File::options()
            .create(true)
            .append(true)
            .open(options.get("--start-log"))?;
        // In one piece, as its siblings write into the same file.
        log.write_all(format!("{}\n", std::process::id()).as_bytes())?;
    }
    let mut signals = Signals {
        term: signal(SignalKind::terminate())?,
        fault: signal(SignalKind::user_defined1())?,
        fault_due: false,
    };
    if options.fault(false) == "exit-at-start" {
        return Err("exits at start, as told".into());
    }
    loop {
        match consume(&options, &mut signals).await {
            Ok(()) => return Ok(()),
            Err(error) => eprintln!("{error}; trying again"),
        }
        tokio::select! {
            _ = signals.term.recv() => return Ok(()),
            () = tokio::time::sleep(RETRY) => {}
        }
    }
}

/// The connection with its consumer.
async fn open(options: &Options, auto_ack: bool) -> Outcome<(Connection, Channel, Consumer)> {
    let name = format!("{}-{}", options.get("--kind"), std::process::id());
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    let connection = Connection::connect(&broker(options)?, properties).await?;
    let channel = connection.create_channel().await?;
    let queue = options.get("--queue");
    channel
        .queue_declare(
            queue.into(),
            QueueDeclareOptions::durable(),
            FieldTable::default(),
        )
        .await?;
    channel
        .basic_qos(
            options.get("--prefetch").parse()?,
            BasicQosOptions::default(),
        )
        .await?;
    let consume = BasicConsumeOptions {
        no_ack: auto_ack,
        ..Default::default()
    };
    let deliveries = channel
        .basic_consume(queue.into(), TAG.into(), consume, FieldTable::default())
        .await?;
    Ok((connection, channel, deliveries))
}

/// Works until SIGTERM, which is `Ok`, or until the connection is lost.
async fn consume(options: &Options, signals: &mut Signals) -> Outcome<()> {
    let auto_ack = options.fault(signals.fault_due) == "auto-ack";
    let (connection, channel, mut deliveries) = tokio::select! {
        _ = signals.term.recv() => return Ok(()),
        opened = tokio::time::timeout(OPENING, open(options, auto_ack)) => opened??,
    };
    begin(options.fault(signals.fault_due), &channel).await?;
    loop {
        tokio::select! {
            biased;
            _ = signals.term.recv() => break,
            _ = signals.fault.recv() => {
                signals.fault_due = true;
                begin(options.fault(true), &channel).await?;
            }
            delivery = deliveries.next() => match delivery {
                Some(delivery) => work(options, signals, delivery?, auto_ack).await?,
                // Its consumer is cancelled: stay, as it was told, and wait for the end.
                None if connection.status().connected() => {
                    signals.term.recv().await;
                    break;
                }
                None => return Err("the connection is lost".into()),
            }
        }
    }
    connection.close(200, "stopped".into()).await?;
    Ok(())
}

/// Faults that begin at once rather than with the next message.
async fn begin(fault: &str, channel: &lapin::Channel) -> Outcome<()> {
    match fault {
        "cancel-consumer" => {
            channel
                .basic_cancel(TAG.into(), BasicCancelOptions::default())
                .await?;
        }
        "zombie-child" => {
            // Dropped, not waited for: it stays a zombie as long as this process lives.
            drop(std::process::Command::new("true").spawn()?);
        }
        "spin" => loop {
            std::hint::spin_loop();
        },
        _ => {}
    }
    Ok(())
}

async fn work(
    options: &Options,
    signals: &Signals,
    delivery: Delivery,
    auto_ack: bool,
) -> Outcome<()> {
    if options.fault(signals.fault_due) == "never-ack" {
        return Ok(());
    }
    tokio::time::sleep(Duration::from_millis(options.get("--work-ms").parse()?)).await;
    let id = delivery
        .properties
        .message_id()
        .as_ref()
        .map(ToString::to_string);
    let id = id.unwrap_or_else(|| String::from_utf8_lossy(&delivery.data).into_owned());
    if id.starts_with(POISON) && !fs::exists(CURE)? {
        // As a crash does: nothing is acknowledged, nothing closed.
        std::process::exit(1);
    }
    let mut log = File::options()
        .create(true)
        .append(true)
        .open(options.get("--message-log"))?;
    // In one piece: its siblings write into the same file. And before the acknowledgement, so that
    // what the broker counts as done is in the log, whatever ends this process in between.
    log.write_all(format!("{id}\n").as_bytes())?;
    if !auto_ack {
        delivery.ack(BasicAckOptions::default()).await?;
    }
    Ok(())
}

/// The address, from the file or the environment, and from nowhere.
fn broker(options: &Options) -> Outcome<String> {
    let file = match options.get("--env-file") {
        "" => None,
        path => Some(fs::read_to_string(path)?),
    };
    let [host, port, user, pass] = DEFAULTS.map(|(key, default)| {
        let value = match &file {
            Some(text) => text
                .lines()
                .filter_map(|line| line.split_once('='))
                .filter(|(name, _)| name.trim() == key)
                .map(|(_, value)| value.trim().to_owned())
                .next_back(),
            None => std::env::var(key).ok(),
        };
        value
            .filter(|value| !value.is_empty())
            .unwrap_or_else(|| default.to_owned())
    });
    Ok(format!("amqp://{user}:{pass}@{host}:{port}/%2f"))
}
