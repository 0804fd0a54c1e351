//! Reports of a made-up past, and of a simulated year that went through the real ledger.

mod lines;
mod planted;
mod played;
mod year;
