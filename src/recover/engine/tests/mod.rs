//! Runs over a real ledger and real programs, and what of the engine is pure.

mod after;
mod drives;
mod pure;
mod rig;
