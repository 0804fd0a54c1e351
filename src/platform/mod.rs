//! The operating system.
//!
//! Observing and acting are separate traits, so that whoever only watches can't change anything.
//! Must not know: brokers, probes, HTTP.

pub mod observe;
pub mod proc;
