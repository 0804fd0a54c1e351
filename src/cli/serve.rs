//! `warrener serve`.

use std::path::PathBuf;
use std::time::Duration;

use super::{ConfigArgs, Exit, logging, runtime};
use crate::app::{self, StartError};

const AFTER_HELP: &str = "\
Examples:
  warrener serve                                            with ./warrener.yml, on port 15699
  warrener serve --config.file /etc/warrener/warrener.yml   as a service
  warrener serve --web.listen-address 127.0.0.1:15699       on this host alone

It watches, exports metrics at /metrics and repairs what recovery.mode allows. SIGHUP loads the
configuration again, SIGTERM ends it.

Exit codes: 0 it was told to stop, 1 it could not go on, 2 the command line or warrener.yml is wrong.";

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// Address to listen on; repeat it for several. `:15699` means every address of this host
    #[arg(
        long = "web.listen-address",
        value_name = "ADDRESS",
        default_value = ":15699",
        value_parser = listen_address
    )]
    listen: Vec<String>,
    /// Path of the metrics
    #[arg(
        long = "web.telemetry-path",
        value_name = "PATH",
        default_value = "/metrics",
        value_parser = telemetry_path
    )]
    telemetry_path: String,
    /// TLS, users and headers of the web server, in the format of Prometheus's exporters; it guards
    /// every route and is read again when it changes
    #[arg(long = "web.config.file", value_name = "FILE")]
    web_config_file: Option<PathBuf>,
    #[command(flatten)]
    log: logging::LogArgs,
}

/// `HOST:PORT`, `[IPV6]:PORT` or `:PORT`.
fn listen_address(value: &str) -> Result<String, String> {
    let port = value.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
    match port {
        Some(Ok(_)) => Ok(value.to_owned()),
        _ => Err("write HOST:PORT, or :PORT for every address of this host".into()),
    }
}

/// A path of its own, in letters that a router takes literally.
fn telemetry_path(value: &str) -> Result<String, String> {
    let literal = |c: char| c.is_ascii_alphanumeric() || "/-._~".contains(c);
    if !value.starts_with('/') || !value.chars().all(literal) {
        return Err("a path starts with / and has letters, digits and -._~ alone".into());
    }
    if value == "/" || value.starts_with("/-/") || value.starts_with("/api/") {
        return Err("this path is taken".into());
    }
    Ok(value.to_owned())
}

pub(super) fn run(args: Args) -> Exit {
    logging::start(&args.log);
    let options = app::Options {
        config_file: args.config.file(),
        listen: args.listen,
        telemetry_path: args.telemetry_path,
        web_config_file: args.web_config_file,
    };
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("warrener: the runtime could not start: {error}");
            return Exit::Failed;
        }
    };
    let outcome = runtime.block_on(app::run(options));
    // A name look-up or a mount that hangs is not waited for.
    runtime.shutdown_timeout(Duration::from_millis(100));
    match outcome {
        Ok(()) => Exit::Fine,
        Err(StartError::Config(errors)) => {
            eprintln!("{errors}");
            Exit::Usage
        }
        Err(StartError::Web(errors)) => {
            eprintln!("{errors}");
            Exit::Usage
        }
        Err(error @ StartError::Secrets(_)) => {
            eprintln!("warrener: {error}");
            Exit::Usage
        }
        Err(error) => {
            eprintln!("warrener: {error}");
            Exit::Failed
        }
    }
}
