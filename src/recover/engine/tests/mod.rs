//! Runs over a real ledger and real programs, and what of the engine is pure.

mod drives;
mod pure;
mod rig;
