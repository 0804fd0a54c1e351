//! Mending what was found wrong: what may be done about a trigger, and the record of what was.
//!
//! ```text
//! facts, findings ─> last_good: which content of an env file proved good ─> <state>/last-good/
//!                                                                                │
//! env file, schema, defaults ─> repair: plan (pure) ─> run (lock, login, swap) <─┘
//!
//! alert, finding, person, clock ─> intake, desk ─> trigger ─┐
//!                                         ledger (durable) ─┴─> engine: incident ─> playbook ─> guard
//!                                                                 └─> actions ─> verify ─> notify
//! ```
//!
//! [`guard`], [`intake`], [`playbook`], [`targets`] and [`verify`] are pure: they take values and return
//! values. [`ledger`] touches its own file alone; `actions`, `repair` and `last_good` act through
//! `platform`'s acting half, and [`engine`] decides when.
//!
//! Must not know: HTTP servers, the command line, the exposition.

pub mod actions;
pub mod alertmanager;
pub mod clock;
pub mod desk;
pub mod engine;
pub mod guard;
mod http;
pub mod intake;
pub mod last_good;
pub mod learn;
pub mod ledger;
pub mod notify;
pub mod own;
pub mod playbook;
pub mod prometheus;
pub mod repair;
mod state;
pub mod targets;
pub mod verify;
mod whole;

pub use state::{State, StateError};
