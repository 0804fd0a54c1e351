//! Mending what was found wrong.
//!
//! ```text
//! facts, findings ─> last_good: which content of an env file proved good ─> <state>/last-good/
//!                                                                                │
//! env file, schema, defaults ─> repair: plan (pure) ─> run (lock, login, swap) <─┘
//! ```
//!
//! Must not know: HTTP, the command line. It decides on values, with the time as an argument, and
//! acts through `platform`'s acting half alone.

pub mod last_good;
pub mod repair;
mod state;

pub use state::{State, StateError};
