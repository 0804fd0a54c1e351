//! Each reason alone, in order, and what must hold whatever the world is.

mod alone;
mod cluster;
mod costs;
mod order;
mod properties;
mod world;
