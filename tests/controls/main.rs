//! The controls that watch workers, against a real systemd and a real Docker engine: as root and
//! slow to start, so by `make test-systemd` and `make test-docker`. And the Debian package's whole life, by
//! `make package-test`.

#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

mod act;
mod compose;
mod docker;
mod package;
mod recover;
mod serve;
mod systemd;

use std::time::Duration;

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// How soon an event is told.
const SOON: Duration = Duration::from_secs(1);
