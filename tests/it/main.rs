//! warrener as its users meet it: the real binary, real servers, real faults.

#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

mod actions;
mod alerts;
mod check;
mod cli;
mod closely;
mod crash;
mod dashboards;
mod docs;
mod drills;
mod edge;
mod faults;
mod files;
mod fix;
mod init;
mod logs;
mod page;
mod passive;
mod recover;
mod reload;
mod report;
mod roundtrip;
mod runs;
mod scrape;
mod secrets;
mod serve;
mod sources;
mod status;
mod stress;
mod support;
mod webhook;
mod workers;
