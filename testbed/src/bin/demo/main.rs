//! `make demo`: a private broker, the real `warrener serve` in mode `auto` with two kinds of workers
//! that it started itself, and a Prometheus and an Alertmanager with the rules and routes that
//! `warrener rules` writes, calling warrener's webhook.
//!
//! ```text
//! options   what was asked for: FAULT, DEMO_PATH, DEMO_FOR
//! fleet     warrener.yml, .env and the workers' programs, in a folder
//! stage     starts everything, waits until all is well
//! show      how it looks
//! traffic   messages all the time, and whether each was worked on
//! fault     what can be broken        strike    breaks it: a real process or file
//! look      what is the case now      tell      what changed, one line each, with seconds
//! story     the fault, until it is repaired or told to a person
//! api       warrener over HTTP
//! ```
//!
//! Alone it runs until Ctrl-C, or for `DEMO_FOR`. With `FAULT` it ends with the story: 0 when that
//! ended as it should. Nothing stays behind: servers, workers and files are the demo's own.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it shows something"
)]

mod api;
mod fault;
mod fleet;
mod look;
mod options;
mod show;
mod stage;
mod story;
mod strike;
mod tell;
mod traffic;

use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use options::Options;
use stage::Stage;

/// What went wrong, for whoever looks on.
type Outcome<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let options = match Options::read() {
        Ok(options) => options,
        Err(words) => {
            eprintln!("demo: {words}\n\n{}", options::usage());
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Outcome<()> {
    let stage = Stage::set(options)?;
    show::addresses(&stage)?;
    show::state(&stage)?;
    match options.fault {
        Some(fault) => story::tell(&stage, fault, options.path),
        None => look_on(&stage, options.demo_for),
    }
}

/// Until Ctrl-C, or for so long.
fn look_on(stage: &Stage, demo_for: Option<Duration>) -> Outcome<()> {
    show::what_to_do(stage)?;
    let Some(time) = demo_for else {
        println!("Running until Ctrl-C.");
        loop {
            sleep(Duration::from_secs(3600));
        }
    };
    println!("Running for {} s.", time.as_secs());
    let end = Instant::now() + time;
    sleep(end.saturating_duration_since(Instant::now()));
    println!("\nat the end:\n");
    if show::state(stage)? {
        Ok(())
    } else {
        Err("no real metric at the end".into())
    }
}
