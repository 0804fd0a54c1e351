//! AMQP sessions for the round trip and the passive reading: over lapin, made so that each failure
//! has its reason and nothing is left behind, neither here nor in the broker.
//!
//! ```text
//! AmqpEndpoint ─> wire (name, TCP, TLS) ─> session (lapin) ─> roundtrip, passive
//! ```

mod endpoint;
mod failure;
mod reactor;
mod server;
mod session;
mod tls;
mod wire;

pub use endpoint::{AmqpEndpoint, MalformedAmqpUrl};
pub(super) use server::ServerProperties;
pub(super) use session::{Line, Session};
pub use tls::TlsClient;
