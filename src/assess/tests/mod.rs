//! Every code fires, keeps silent, and can't be healed by looking away; the score's laws; verdicts
//! against the truth.

mod closely;
mod codes;
mod files;
mod forecasts;
mod judgements;
mod properties;
mod simulation;
pub(crate) mod world;
