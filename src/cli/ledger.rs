//! The ledger without a server: opened by this process, while no other holds it.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::output::Problem;
use crate::config::Config;
use crate::model::Timestamp;
use crate::recover::ledger::{Ledger, LedgerError};

/// The configuration, and the ledger of its state directory.
pub(super) struct Own {
    pub(super) config: Config,
    pub(super) ledger: Ledger,
}

/// Opens the ledger that is there; `nobody` says that no server is.
pub(super) fn open(config_file: Option<&Path>, nobody: &str) -> Result<Own, Problem> {
    let config = Config::load(config_file).map_err(|errors| Problem::Usage(errors.to_string()))?;
    let state = config.state.display();
    // It is not made here: it would belong to who asks, and the server could not write it.
    match Ledger::is_there(&config.state) {
        Ok(true) => {}
        Ok(false) => {
            return Err(Problem::Failed(format!(
                "{nobody}, and no ledger in {state}: start `warrener serve`, name its address with \
                 --url, or its configuration with --config.file"
            )));
        }
        Err(error) => return Err(Problem::Failed(format!("{nobody}; {state}: {error}"))),
    }
    match Ledger::open(&config.state, now()) {
        Ok(ledger) => Ok(Own { config, ledger }),
        Err(error @ LedgerError::Held { .. }) => Err(Problem::Failed(format!(
            "{nobody}, and the ledger is in use: {error}; name its address with --url"
        ))),
        Err(error @ LedgerError::ReadOnly { .. }) => Err(Problem::Failed(format!(
            "{nobody}; {error}; run it as the user that `warrener serve` runs as"
        ))),
        Err(error) => Err(Problem::Failed(format!("{nobody}; {error}"))),
    }
}

/// The wall clock.
pub(super) fn now() -> Timestamp {
    Timestamp::default().after(since_epoch())
}

/// The wall clock, in seconds since the Unix epoch.
pub(super) fn now_seconds() -> f64 {
    since_epoch().as_secs_f64()
}

fn since_epoch() -> Duration {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default()
}
