//! The `workers` probe: the processes of every configured kind, and what the broker shows of each.

mod consumers;
mod control;
mod drift;
mod exits;
mod find;
