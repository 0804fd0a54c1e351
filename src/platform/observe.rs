//! The half that looks and changes nothing.

use std::path::Path;

use crate::model::facts::{DiskFacts, HostFacts};

/// A machine that can be looked at.
pub trait ObserveHost: Send + Sync + 'static {
    /// Everything but the disks. Never blocks for long; what could not be read is missing in the
    /// facts and told in [`HostFacts::problems`].
    fn host(&self) -> HostFacts;

    /// The file system that `path` is on. May block for as long as a dead mount hangs.
    fn disk(&self, path: &Path) -> DiskFacts;
}
