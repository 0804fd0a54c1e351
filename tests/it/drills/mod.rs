//! Long runs with real parts that report figures: `make drill` runs them, `make test` does not.

mod alerts;
mod crash;
mod hang;
mod recovery;
mod storm;
