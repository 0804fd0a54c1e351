//! From what is seen now to findings: they open and close by readings, not by moods.
//!
//! A finding opens after the readings in a row that its judge asks for, and closes after
//! [`CLEAN`] clean ones (1 where it is about warrener's own readings). While its section is
//! unavailable, or its judge was blind to it, it stays as it was: nobody being able to look heals
//! nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Draft;
use crate::model::facts::ProcessId;
use crate::model::{Code, Finding, FindingKey, Moment, ProbeName, Section, Snapshot, Target};

/// Clean readings in a row that close a finding.
const CLEAN: u32 = 2;

/// Of an interval; readings are never exactly so far apart.
const NEARLY: f64 = 0.9;

/// The readings that a finding is counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Those of one probe that succeeded.
    Section(ProbeName),
    /// Those of every probe, also those that failed: the failures are what is judged.
    Outcomes,
}

impl From<ProbeName> for Source {
    fn from(probe: ProbeName) -> Self {
        Source::Section(probe)
    }
}

/// What every section has, whatever its facts are.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub(super) probe: ProbeName,
    pub(super) scheduled: bool,
    pub(super) available: bool,
    /// Its newest reading failed; neither this nor `available` before the first, and after the
    /// section forgot a world that is no longer looked at.
    pub(super) failed: bool,
    pub(super) generation: u64,
    pub(super) read_at: Option<Moment>,
    /// Where warrener watches closely: readings nearer than this count as one, for the broker's
    /// statistics may be the same in both.
    pub(super) apart: Option<Duration>,
}

/// Every section of a snapshot.
pub(super) fn sections(snapshot: &Snapshot) -> [About; 7] {
    fn about<T>(probe: ProbeName, section: &Section<T>) -> About {
        About {
            probe,
            scheduled: section.interval.is_some() || section.success().is_some(),
            available: section.success() == Some(true),
            failed: section.success() == Some(false),
            generation: section.generation(),
            read_at: section.read_at(),
            apart: section
                .usual_interval()
                .filter(|usual| section.interval.is_some_and(|shorter| shorter < *usual))
                .map(|usual| usual.mul_f64(NEARLY)),
        }
    }
    [
        about(ProbeName::Broker, &snapshot.broker),
        about(ProbeName::Queues, &snapshot.queues),
        about(ProbeName::Roundtrip, &snapshot.roundtrip),
        about(ProbeName::Host, &snapshot.host),
        about(ProbeName::Envfile, &snapshot.envfile),
        about(ProbeName::Workers, &snapshot.workers),
        about(ProbeName::Files, &snapshot.files),
    ]
}

/// A finding that is open, or on its way.
#[derive(Clone, Debug)]
struct Tracked {
    draft: Draft,
    /// The reading counted last.
    generation: u64,
    /// When that was.
    counted: Moment,
    seen: u32,
    clean: u32,
    first: Moment,
    as_of: Moment,
    open: bool,
}

/// What is open, and what is on its way.
#[derive(Clone, Debug, Default)]
pub(super) struct Settle {
    tracked: BTreeMap<FindingKey, Tracked>,
}

impl Settle {
    pub(super) fn is_active(&self, code: Code, target: &Target) -> bool {
        let key = FindingKey {
            code,
            target: target.clone(),
        };
        self.tracked.get(&key).is_some_and(|tracked| tracked.open)
    }

    /// The processes that a finding, open or on its way, is about.
    pub(super) fn processes(&self, code: Code, target: &Target) -> &[ProcessId] {
        let key = FindingKey {
            code,
            target: target.clone(),
        };
        self.tracked
            .get(&key)
            .map_or(&[], |tracked| &tracked.draft.processes)
    }

    /// The findings after a snapshot in which `drafts` were seen.
    pub(super) fn settle(
        &mut self,
        mut drafts: Vec<Draft>,
        blind: &[FindingKey],
        snapshot: &Snapshot,
        now: Moment,
    ) -> Vec<Finding> {
        let sections = sections(snapshot);
        let about = |source: Source| match source {
            Source::Section(probe) => {
                let own = sections.iter().find(|s| s.probe == probe);
                own.map_or_else(Seen::default, |s| Seen {
                    looked_at: s.available || s.failed,
                    available: s.available,
                    generation: s.generation,
                    read_at: s.read_at,
                    apart: s.apart.unwrap_or_default(),
                })
            }
            Source::Outcomes => Seen {
                looked_at: true,
                available: true,
                generation: sections.iter().map(|s| s.generation).sum(),
                ..Seen::default()
            },
        };
        // Of two drafts of one key the worse one speaks.
        drafts.sort_by(|a, b| a.key().cmp(&b.key()).then(b.severity.cmp(&a.severity)));
        drafts.dedup_by(|later, first| later.key() == first.key());
        let mut seen = BTreeSet::new();
        for draft in drafts {
            let Seen {
                generation,
                read_at,
                apart,
                ..
            } = about(draft.source);
            let key = draft.key();
            seen.insert(key.clone());
            let as_of = read_at.unwrap_or(now);
            let tracked = self.tracked.entry(key).or_insert_with(|| Tracked {
                draft: draft.clone(),
                generation: generation.wrapping_sub(1),
                counted: as_of,
                seen: 0,
                clean: 0,
                first: as_of,
                as_of,
                open: false,
            });
            let another = tracked.generation != generation && tracked.is_apart(as_of, apart);
            if another || tracked.clean > 0 {
                tracked.seen = tracked.seen.saturating_add(1);
                tracked.generation = generation;
                tracked.counted = as_of;
            }
            tracked.clean = 0;
            tracked.as_of = as_of;
            tracked.open |= tracked.seen >= draft.open_after;
            tracked.draft = draft;
        }
        let blind: BTreeSet<&FindingKey> = blind.iter().collect();
        self.tracked.retain(|key, tracked| {
            if seen.contains(key) {
                return true;
            }
            let Seen {
                looked_at,
                available,
                generation,
                read_at,
                apart,
            } = about(tracked.draft.source);
            if !looked_at {
                return false;
            }
            if !available || blind.contains(key) {
                return true;
            }
            let as_of = read_at.unwrap_or(now);
            // The first clean one counts at once.
            let another = tracked.clean == 0 || tracked.is_apart(as_of, apart);
            if tracked.generation != generation && another {
                tracked.generation = generation;
                tracked.counted = as_of;
                tracked.clean += 1;
            }
            let enough = if tracked.draft.source == Source::Outcomes {
                1
            } else {
                CLEAN
            };
            tracked.open && tracked.clean < enough
        });
        self.tracked
            .values()
            .filter(|tracked| tracked.open)
            .map(Tracked::finding)
            .collect()
    }
}

/// What a source says of its newest reading.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    looked_at: bool,
    available: bool,
    generation: u64,
    read_at: Option<Moment>,
    /// Readings nearer than this count as one.
    apart: Duration,
}

impl Tracked {
    /// Whether a reading is another one than that counted last.
    fn is_apart(&self, read_at: Moment, apart: Duration) -> bool {
        self.seen == 0 || read_at.since(self.counted) >= apart
    }

    fn finding(&self) -> Finding {
        let draft = self.draft.clone();
        Finding {
            code: draft.code,
            target: draft.target,
            severity: draft.severity,
            since: self.first,
            as_of: self.as_of,
            summary: draft.summary,
            evidence: draft.evidence,
            processes: draft.processes,
            cause: None,
        }
    }
}
