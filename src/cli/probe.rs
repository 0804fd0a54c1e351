//! `warrener probe [NAME..]`.

use std::time::{Duration, Instant};

use clap::ValueEnum;

use super::report::Report;
use super::words::printable;
use super::{ConfigArgs, Exit, runtime};
use crate::config::{Config, Files};
use crate::model::{Failure, ProbeName};
use crate::watch::cycle::{Pace, read_once};
use crate::watch::{Probe, Watch};

const AFTER_HELP: &str = "\
Examples:
  warrener probe                       read everything once, now, and print what was seen
  warrener probe broker roundtrip      does the broker answer, and does a message come through?
  warrener probe workers envfile       which processes run, what do they consume, what is in the .env?

It needs no running server, changes nothing, and judges nothing: `warrener status` says what it means.
The round trip puts one message through a queue of its own.

Exit codes: 0 every probe read, 1 one could not, 2 the command line or warrener.yml is wrong.";

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Args {
    /// Which probes [default: all]
    #[arg(value_enum)]
    names: Vec<Name>,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Name {
    /// Nodes, alarms, resources, connections
    Broker,
    /// Depths and consumers of the queues
    Queues,
    /// A message through a queue of its own
    Roundtrip,
    /// CPU, memory, disks, pressure
    Host,
    /// The env files
    Envfile,
    /// The worker kinds: processes, consumers, drift
    Workers,
    /// Logs and backups
    Files,
}

pub(super) fn run(args: Args) -> Exit {
    let config = match Config::load(args.config.file().as_deref()) {
        Ok(config) => config,
        Err(errors) => {
            eprintln!("{errors}");
            return Exit::Usage;
        }
    };
    let mut names = args.names;
    if names.is_empty() {
        names.extend(Name::value_variants());
        names.retain(|name| match name {
            Name::Workers => !config.workers.is_empty(),
            Name::Files => config.files != Files::default(),
            _ => true,
        });
    }
    let (runtime, build) = match (runtime(), Watch::default().build(&config)) {
        (Ok(runtime), Ok(build)) => (runtime, build),
        (Err(error), _) => {
            eprintln!("warrener: the runtime could not start: {error}");
            return Exit::Failed;
        }
        (_, Err(failure)) => {
            eprintln!("warrener: {failure}");
            return Exit::Failed;
        }
    };
    let fine = runtime.block_on(async {
        let mut fine = true;
        for name in &names {
            fine &= match name {
                Name::Broker => once(build.clone().broker()(), build.broker_pace()).await,
                Name::Queues => once(build.clone().queues()(), build.queues_pace()).await,
                Name::Roundtrip => once(build.clone().roundtrip()(), build.roundtrip_pace()).await,
                Name::Host => once(build.clone().host()(), build.local_pace()).await,
                Name::Envfile => once(build.clone().envfile()(), build.local_pace()).await,
                Name::Workers => once(build.clone().workers()(), build.local_pace()).await,
                Name::Files => once(build.clone().files()(), build.local_pace()).await,
            };
        }
        fine
    });
    // A name look-up or a mount that hangs is not waited for.
    runtime.shutdown_timeout(Duration::from_millis(100));
    if !fine {
        println!(
            "\nNot everything could be read. Next: warrener check --live (are addresses and logins \
             right?), warrener status (what it means)"
        );
    }
    if fine { Exit::Fine } else { Exit::Failed }
}

/// Reads once and prints; says whether it succeeded.
async fn once<P: Probe>(mut probe: P, pace: Pace) -> bool
where
    P::Facts: Report,
{
    let started = Instant::now();
    let (outcome, _) = read_once(&mut probe, pace.deadline).await;
    let ms = started.elapsed().as_secs_f64() * 1000.0;
    let name: ProbeName = P::NAME;
    match outcome {
        Ok(facts) => {
            print!("{name}: ok in {ms:.0} ms\n{}", facts.report());
            true
        }
        Err(Failure { reason, message }) => {
            // The broker's own words may be in it.
            let message = printable(&message);
            println!("{name}: failed ({reason}) after {ms:.0} ms\n  {message}");
            false
        }
    }
}
