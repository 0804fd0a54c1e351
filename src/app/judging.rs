//! What snapshots are assessed by, and what is told of them besides.

use super::limits;
use crate::assess::{AssessConfig, History, assess};
use crate::config::Config;
use crate::model::{Assessment, Snapshot, Standing};
use crate::publish::metrics::Limits;
use crate::publish::status::{About, QueueLimits, Status};
use crate::recover::engine::mode;

/// What a snapshot is assessed by, and what the status and the metrics say besides.
#[derive(Clone, Debug)]
pub(super) struct Judging {
    about: About,
    assess: AssessConfig,
    limits: Limits,
}

impl Judging {
    pub(super) fn of(config: &Config) -> Self {
        let limits = limits::of(config);
        let queues = limits.queues.iter().map(|queue| {
            let expected = QueueLimits {
                max_ready: queue.max_ready,
                min_consumers: queue.min_consumers.and_then(|n| u32::try_from(n).ok()),
                max_drain_seconds: queue.max_drain,
                min_ack_rate: queue.min_ack_rate,
            };
            (queue.vhost.clone(), queue.queue.clone(), expected)
        });
        let about = About {
            identity: config.identity.clone(),
            queues: queues.collect(),
        };
        Judging {
            about,
            assess: AssessConfig::new(config),
            limits,
        }
    }

    pub(super) fn judge(
        &self,
        snapshot: &Snapshot,
        standing: &Standing,
        history: &mut History,
    ) -> (Assessment, Status) {
        let assessment = assess(snapshot, history, &self.assess, snapshot.at);
        let status = Status::new(&self.about, snapshot, &assessment, standing);
        (assessment, status)
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }
}

/// Where recovery stands by the configuration alone.
pub(super) fn standing(config: &Config) -> Standing {
    Standing::unknown(mode(config.recovery.mode), config.recovery.reflex)
}

/// Makes statuses without a server: of the snapshots that it is shown, one after the other.
#[derive(Debug)]
pub struct Judge {
    judging: Judging,
    standing: Standing,
    history: History,
}

impl Judge {
    /// By this configuration, with nothing known of what was before. Nothing is done, whatever the
    /// mode: that takes a server.
    pub fn new(config: &Config) -> Self {
        Judge {
            judging: Judging::of(config),
            standing: Standing {
                observe_only: Some(("no_server".into(), "no server runs here".into())),
                ..standing(config)
            },
            history: History::default(),
        }
    }

    /// The status of a snapshot that is not older than those before.
    pub fn status(&mut self, snapshot: &Snapshot) -> Status {
        self.judging
            .judge(snapshot, &self.standing, &mut self.history)
            .1
    }
}
