//! The log: logfmt or JSON on standard error, as the Prometheus servers do it.

use std::io;

use clap::ValueEnum;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

#[derive(Debug, clap::Args)]
pub(super) struct LogArgs {
    /// Only messages of this severity and above
    #[arg(long = "log.level", value_enum, default_value_t = Level::Info)]
    level: Level,
    /// The form of the log
    #[arg(long = "log.format", value_enum, default_value_t = Format::Logfmt)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Logfmt,
    Json,
}

/// Starts the log of this process.
pub(super) fn start(args: &LogArgs) {
    let level = match args.level {
        Level::Debug => LevelFilter::DEBUG,
        Level::Info => LevelFilter::INFO,
        Level::Warn => LevelFilter::WARN,
        Level::Error => LevelFilter::ERROR,
    };
    // What the libraries say is of interest only where warrener says nothing: at their errors.
    let filter = Targets::new()
        .with_default(LevelFilter::ERROR)
        .with_target("warrener", level)
        // It tells every connection that ends; the probes tell which of them matter, and why.
        .with_target("lapin", LevelFilter::OFF);
    let form: Box<dyn Layer<_> + Send + Sync> = match args.format {
        Format::Logfmt => tracing_logfmt::builder()
            .layer()
            .with_writer(io::stderr)
            .boxed(),
        Format::Json => fmt::layer()
            .json()
            .flatten_event(true)
            .with_writer(io::stderr)
            .boxed(),
    };
    tracing_subscriber::registry()
        .with(form.with_filter(filter))
        .init();
}
