//! HTTP: routes, negotiation, authentication, limits. Knows nothing of probes.
//!
//! | Route | Class | What |
//! |---|---|---|
//! | `GET /`, `/runs/{id}` | read | the status page, one run, and the files they ask for |
//! | `GET /metrics` | read | the exposition, encoded once per snapshot |
//! | `GET /api/v1/status` | read | score, level and findings with their evidence, as JSON |
//! | `GET /api/v1/recovery` | read | where recovery stands: mode, pauses, open incidents, alerts |
//! | `GET /api/v1/incidents`, `/api/v1/runs`, `/api/v1/runs/{id}` | read | what was done, from the ledger |
//! | `GET /api/v1/report` | read | a checklist of the day, the week or the month, worked through |
//! | `GET /api/v1/scores` | read | the health score over time |
//! | `GET /api/v1/events` | read | server-sent events: assessments and changes of runs |
//! | `POST /api/v1/runs`, `/api/v1/runs/{id}/approve`, `/cancel` | act | what a person asks for |
//! | `POST /api/v1/watch` | act | look more closely, for a while |
//! | `POST /api/v1/pause`, `/api/v1/resume` | act | no automatic action, for a target or for all |
//! | `POST /webhook/alertmanager` | act | alerts, on the disk before they are acknowledged |
//! | `GET /-/healthy` | open | 200 while the process serves |
//! | `GET /-/ready` | open | 200 once every probe was tried, 503 before |
//! | `POST /-/reload` | act | load the configuration again |
//!
//! The web configuration (`edge`) guards them all, what is not there too. *act* routes answer 403 until
//! an authentication that covers them is configured (`act`).
//!
//! ```text
//! listen -> connections (a place, with a time for each phase) -> connection (TLS, HTTP/1)
//!        -> edge::door (users, rate, headers) -> routes -> act (who may act) -> handler
//! ```

mod act;
mod attention;
mod body;
mod connection;
mod connections;
mod edge;
mod events;
mod listen;
mod negotiate;
mod page;
mod pieces;
mod recovery;
mod reload;
mod report;
mod routes;
#[cfg(test)]
mod tests;
mod webhook;

pub use act::Credentials;
pub use edge::{Edge, Guard};
pub use listen::{Listeners, bind};
pub use reload::{ReloadRequest, Reloaded};
pub use routes::{State, router};
