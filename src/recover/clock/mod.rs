//! Time as people keep it: the local zone, and when a line of a timetable is planned for. Pure but
//! for [`Zone::system`]; the time is an argument.
//!
//! Local times that do not exist, when clocks go forward, are done once, at the first instant after
//! the gap; those that exist twice are done once, the first time.
//!
//! Must not know: what is planned.

mod schedule;
#[cfg(test)]
mod tests;
mod zone;

pub use schedule::{LATE, due, next};
pub use zone::{Civil, Zone};
