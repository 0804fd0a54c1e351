//! HTTP: routes, negotiation, authentication, limits. Knows nothing of probes.
//!
//! | Route | Class | What |
//! |---|---|---|
//! | `GET /` | read | landing page |
//! | `GET /metrics` | read | the exposition, encoded once per snapshot |
//! | `GET /api/v1/status` | read | score, level and findings with their evidence, as JSON |
//! | `GET /-/healthy` | open | 200 while the process serves |
//! | `GET /-/ready` | open | 200 once every probe was tried, 503 before |
//! | `POST /-/reload` | act | load the configuration again |
//!
//! *act* routes answer 403 until an authentication that covers them is configured.

mod act;
mod landing;
mod listen;
mod negotiate;
mod pieces;
mod routes;

pub use act::Credentials;
pub use listen::{Listeners, bind};
pub use routes::{ReloadRequest, State, router};
