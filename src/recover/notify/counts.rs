//! What became of notices since warrener began.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::channel;
use crate::config::Config;

/// Notices by channel.
#[derive(Debug, Default)]
pub struct NoticeCounts {
    channels: Mutex<BTreeMap<String, (u64, u64)>>,
}

impl NoticeCounts {
    /// Makes every channel of `config` known, at nothing where it is new. Counts go on across a
    /// reload.
    pub fn know(&self, config: &Config) {
        for (channel, _) in channel::configured(config) {
            self.add(channel, 0, 0);
        }
    }

    /// Sent, and refused for good or put off, by channel.
    pub fn get(&self) -> BTreeMap<String, (u64, u64)> {
        let channels = self.channels.lock();
        channels.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn add(&self, channel: &str, sent: u64, failed: u64) {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let count = channels.entry(channel.to_owned()).or_default();
        *count = (count.0 + sent, count.1 + failed);
    }
}
