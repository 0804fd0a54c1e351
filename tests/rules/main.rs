//! The rule pack's contracts: complete, tested, accepted by the tools, and in the binary as on disk.

#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

mod complete;
mod compose;
mod pack;
mod timing;
mod unit_tests;
mod written;
