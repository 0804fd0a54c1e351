//! Keeps the exposition in step with the snapshots, encoding only the sections that changed.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::families::{Families, NONE, encode};
use super::probes::{self, Outcome};
use super::recovery::{Counts, Recovery};
use super::roundtrip::PhaseTimes;
use super::{
    Limits, Local, broker, envfile, files, health, host, limits, queues, roundtrip, workers,
};
use crate::model::{Assessment, Section, Snapshot, Standing};
use crate::publish::{Chunk, Exposition};

/// Turns snapshots into expositions.
#[derive(Debug)]
pub struct Publisher {
    local: Arc<Local>,
    build: Arc<Chunk>,
    broker: Encoded,
    queues: Encoded,
    roundtrip: Encoded,
    host: Encoded,
    envfile: Encoded,
    workers: Encoded,
    files: Encoded,
    phase_times: PhaseTimes,
    ended_runs: Counts,
}

/// A section's chunk and the generation it was made from.
#[derive(Debug, Default)]
struct Encoded {
    generation: Option<u64>,
    chunk: Option<Arc<Chunk>>,
}

impl Encoded {
    /// Encodes the section's facts again if it changed; nothing where it is unavailable. Says
    /// whether it changed.
    fn update<T: Send + Sync + 'static>(
        &mut self,
        section: &Section<T>,
        write: fn(&T, &mut Families<'_>) -> fmt::Result,
    ) -> bool {
        let changed = self.generation.replace(section.generation()) != Some(section.generation());
        if changed {
            self.chunk = section
                .facts()
                .map(|facts| Arc::new(Chunk::new(encode(move |f| write(&facts, f)))));
        }
        changed
    }
}

impl Publisher {
    /// A publisher whose ages and counters go through `local`.
    pub fn new(local: Arc<Local>) -> Self {
        let build = encode(|f| {
            f.gauge(
                "warrener_build_info",
                "The version of warrener; always 1.",
                [([("version", env!("CARGO_PKG_VERSION"))], Some(1u64))],
            )
        });
        Publisher {
            local,
            build: Arc::new(Chunk::new(build)),
            broker: Encoded::default(),
            queues: Encoded::default(),
            roundtrip: Encoded::default(),
            host: Encoded::default(),
            envfile: Encoded::default(),
            workers: Encoded::default(),
            files: Encoded::default(),
            phase_times: PhaseTimes::default(),
            ended_runs: Counts::default(),
        }
    }

    /// The exposition of a snapshot, of what it was assessed to be, of what is expected, and of
    /// where recovery stands.
    pub fn publish(
        &mut self,
        snapshot: &Snapshot,
        assessment: &Assessment,
        limits: &Limits,
        standing: &Standing,
    ) -> Exposition {
        self.broker.update(&snapshot.broker, broker::write);
        self.queues.update(&snapshot.queues, queues::write);
        self.host.update(&snapshot.host, host::write);
        self.envfile.update(&snapshot.envfile, envfile::write);
        self.workers.update(&snapshot.workers, workers::write);
        self.files.update(&snapshot.files, files::write);
        if self.roundtrip.update(&snapshot.roundtrip, roundtrip::write)
            && let Some(facts) = snapshot.roundtrip.facts()
        {
            self.phase_times.observe(&facts);
        }
        self.local.read_at(probes::read_at(snapshot));

        let outcomes = Outcome::all(snapshot);
        let at = snapshot.at.unix_seconds();
        let (assessed, limits) = (assessment.clone(), limits.clone());
        let looked = snapshot.clone();
        let pinned = pinned_vhosts(snapshot);
        let recovery = Recovery::new(standing, &mut self.ended_runs);
        let mut about = encode(move |f| {
            f.gauge(
                "warrener_snapshot_timestamp_seconds",
                "When the snapshot that these metrics show was put together.",
                [(NONE, Some(at))],
            )?;
            probes::write(&outcomes, f)?;
            probes::write_attention(&looked, f)?;
            health::write(&assessed, f)?;
            limits::write(&limits, &|queue| pinned.get(queue).cloned(), f)?;
            recovery.write(f)
        });
        if snapshot.roundtrip.interval.is_some() {
            about.push_str(&self.phase_times.encode());
        }

        let mut chunks = vec![Arc::clone(&self.build), Arc::new(Chunk::new(about))];
        let sections = [
            &self.broker,
            &self.queues,
            &self.roundtrip,
            &self.host,
            &self.envfile,
            &self.workers,
            &self.files,
        ];
        chunks.extend(sections.into_iter().filter_map(|s| s.chunk.clone()));
        Exposition::new(chunks)
    }
}

/// Where the pinned queues were last found, by name.
fn pinned_vhosts(snapshot: &Snapshot) -> BTreeMap<String, String> {
    let queues = snapshot
        .queues
        .last_facts()
        .into_iter()
        .flat_map(|facts| &facts.queues);
    let pinned = queues.filter(|queue| queue.pinned);
    pinned
        .map(|queue| (queue.name.clone(), queue.vhost.clone()))
        .collect()
}
