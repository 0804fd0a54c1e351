//! The broker, read by the cheapest truthful way that is there.
//!
//! ```text
//! access (logins) ─> detect (which source) ─> nodes  (probe `broker`) ─> BrokerFacts
//!                                        └─> queues (probe `queues`) ─> QueuesFacts
//!   prometheus ─ exposition ┐                   filter ─> table ─> budget ─> assemble
//!   management ─ json       ┴─ http
//!   passive    ─ amqp
//! access (logins) ─> roundtrip (probe `roundtrip`) ─ amqp
//! access (logins) ─> load (for `warrener stress`) ─ amqp
//! access (logins) ─> channels (for the probe `workers`) ─ management
//! ```
//!
//! Everything streams: an answer is read in chunks, a queue becomes one compact row or part of a
//! sum, and no body is ever held whole.

pub mod access;
pub mod amqp;
mod assemble;
pub mod budget;
pub mod channels;
mod detect;
pub mod exposition;
pub mod filter;
pub mod http;
pub(crate) mod http_failure;
pub mod json;
mod labels;
mod list;
pub mod load;
pub mod login;
pub mod management;
mod members;
mod node_metrics;
pub mod nodes;
pub mod passive;
mod patience;
mod pinned;
pub mod prometheus;
pub mod queues;
pub mod roundtrip;
pub mod sources;
mod stand_in;
pub mod table;

#[cfg(test)]
mod tests;
