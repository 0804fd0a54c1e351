//! The operating system.
//!
//! Observing and acting are separate traits, so that whoever only watches can't change anything.
//! Must not know: brokers, probes, HTTP.

pub mod act;
pub mod docker;
pub mod end;
pub mod exec;
pub mod files;
pub mod folder;
pub mod journal;
pub mod observe;
pub mod pidfd;
pub mod place;
pub mod proc;
pub mod program;
pub mod records;
pub mod service;
pub mod systemd;
