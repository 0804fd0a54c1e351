//! The testbed against the servers of the host's release, and of the others where
//! `roots.sh` has made them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod broker;
mod cleanup;
mod cluster;
mod observers;
mod support;
mod worker;
