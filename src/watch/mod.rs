//! Observing the world: one room per probe, and the cycle that runs them.
//!
//! Nothing in here changes anything. A probe knows no other probe; what joins two of them is in
//! `assess`.

pub mod broker;
pub mod channels;
pub mod cycle;
pub mod envfile;
pub mod files;
pub mod host;
pub(crate) mod patient;
mod start;
pub mod workers;

pub use start::{Build, Watch};

use std::future::Future;

use crate::model::{Failure, ProbeName};

/// Reads one part of the world. The cycle gives it a deadline, runs it single-flight, times it,
/// fences its panics and enters its outcome into the snapshot.
pub trait Probe: Send + 'static {
    /// What it reads.
    type Facts: Send + Sync + 'static;

    /// Its name.
    const NAME: ProbeName;

    /// One reading. It is dropped at the deadline, at any `.await`: state kept in `self` is valid
    /// between any two of them.
    fn read(&mut self) -> impl Future<Output = Result<Self::Facts, Failure>> + Send;

    /// How much longer than configured the next interval should be, as a factor of 1 or more: a
    /// probe that costs the broker a lot slows itself down.
    fn slow_down(&self) -> u32 {
        1
    }

    /// Ends when something happened that is worth the next reading at once. Dropped and asked
    /// again at will.
    fn woken(&mut self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}
