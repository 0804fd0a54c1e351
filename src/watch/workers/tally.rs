//! What only several readings tell of a kind: starts, exits, and sums that never fall.

use std::collections::BTreeMap;

use crate::model::Moment;
use crate::model::facts::{ExitFacts, ProcessFacts, ProcessId, Used, WorkerFacts};

/// The newest exits that are told.
const EXITS_TOLD: usize = 16;

/// Channels remembered while some can't be told.
const CHANNELS_KEPT: usize = 10_000;

/// One kind's past.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// The processes of the newest reading that told them; `None` before the first.
    known: Option<BTreeMap<ProcessId, Used>>,
    /// What each channel had acknowledged, by connection and number.
    acked: Option<BTreeMap<(String, Option<u64>), u64>>,
    restarts: u64,
    exits: Vec<ExitFacts>,
    exits_seen: u64,
    used: Used,
}

impl Tally {
    /// Brings the past up to `facts`, and tells it there.
    pub(super) fn observe(&mut self, facts: &mut WorkerFacts, at: Moment) {
        match &facts.processes {
            // What a control would name may be another process than what is recognised while it
            // does not answer: neither has started or ended for that.
            _ if facts.control_unavailable.is_some() => self.known = None,
            Some(processes) => self.processes(processes, at),
            None => {}
        }
        facts.restarts = self.restarts;
        facts.exits.clone_from(&self.exits);
        facts.exits_seen = self.exits_seen;
        facts.used = self.used;
    }

    fn processes(&mut self, processes: &[ProcessFacts], at: Moment) {
        let mut now = BTreeMap::new();
        for process in processes {
            let before = self.known.as_ref().and_then(|known| known.get(&process.id));
            let own = used(process, before.copied().unwrap_or_default());
            match before {
                Some(before) => self.add(*before, own),
                None if self.known.is_some() => {
                    self.restarts += 1;
                    self.add(Used::default(), own);
                }
                // What it used before it was first seen is nobody's growth.
                None => {}
            }
            now.insert(process.id, own);
        }
        let gone = self.known.iter().flatten().map(|(id, _)| *id);
        for process in gone.filter(|id| !now.contains_key(id)) {
            self.exits_seen += 1;
            self.exits.push(ExitFacts {
                process,
                at,
                status: None,
            });
        }
        let over = self.exits.len().saturating_sub(EXITS_TOLD);
        self.exits.drain(..over);
        self.known = Some(now);
        self.channels(processes);
    }

    /// A member that ended takes its share along: the sum falls, and what follows counts anew.
    fn add(&mut self, before: Used, now: Used) {
        let total = &mut self.used;
        total.cpu_time += now.cpu_time.saturating_sub(before.cpu_time);
        let grown = |now: u64, before: u64| now.saturating_sub(before);
        total.voluntary_switches += grown(now.voluntary_switches, before.voluntary_switches);
        total.involuntary_switches += grown(now.involuntary_switches, before.involuntary_switches);
    }

    fn channels(&mut self, processes: &[ProcessFacts]) {
        // What is not told now may be told again: its counters must not count twice.
        let all_told = processes.iter().all(|process| process.channels.is_some());
        let mut now = BTreeMap::new();
        for channel in processes.iter().flat_map(|p| p.channels.iter().flatten()) {
            let key = (channel.connection.clone(), channel.number);
            let acked = channel.acked.unwrap_or(0);
            if let Some(known) = &self.acked {
                let before = known.get(&key).copied().unwrap_or(0);
                // A counter that fell belongs to a new channel of an old name.
                self.used.acked += acked.checked_sub(before).unwrap_or(acked);
            }
            now.insert(key, acked);
        }
        match &mut self.acked {
            Some(known) if !all_told && known.len() <= CHANNELS_KEPT => known.extend(now),
            // The first ones that are told are where counting begins.
            None if now.is_empty() => {}
            _ => self.acked = Some(now),
        }
    }
}

/// What is unknown now counts as unchanged.
fn used(process: &ProcessFacts, before: Used) -> Used {
    Used {
        cpu_time: process.cpu_time.unwrap_or(before.cpu_time),
        voluntary_switches: process
            .voluntary_switches
            .unwrap_or(before.voluntary_switches),
        involuntary_switches: process
            .involuntary_switches
            .unwrap_or(before.involuntary_switches),
        acked: 0,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant, SystemTime};

    use super::*;
    use crate::model::facts::ChannelFacts;

    fn process(pid: u32, cpu: u64) -> ProcessFacts {
        ProcessFacts {
            id: ProcessId {
                pid,
                start_ticks: 1,
            },
            cpu_time: Some(Duration::from_secs(cpu)),
            ..ProcessFacts::default()
        }
    }

    struct Story {
        tally: Tally,
        at: Moment,
    }

    impl Story {
        fn new() -> Self {
            Story {
                tally: Tally::default(),
                at: Moment::new(Instant::now(), SystemTime::now()),
            }
        }

        fn read(&mut self, processes: Option<Vec<ProcessFacts>>) -> WorkerFacts {
            let mut facts = WorkerFacts {
                processes,
                ..WorkerFacts::default()
            };
            self.at = self.at.after(Duration::from_secs(1));
            self.tally.observe(&mut facts, self.at);
            facts
        }
    }

    #[test]
    fn starts_and_exits_are_counted_from_the_first_reading_on() {
        let mut story = Story::new();
        assert_eq!(story.read(None).restarts, 0);
        let first = story.read(Some(vec![process(1, 10), process(2, 10)]));
        assert_eq!((first.restarts, first.exits_seen), (0, 0));
        let second = story.read(Some(vec![process(1, 11), process(3, 2)]));
        assert_eq!((second.restarts, second.exits_seen), (1, 1));
        assert_eq!(second.exits[0].process.pid, 2);
        // Nobody could look: nobody is gone, and nobody is new after it.
        assert_eq!(story.read(None).exits_seen, 1);
        let third = story.read(Some(vec![process(1, 12), process(3, 3)]));
        assert_eq!((third.restarts, third.exits_seen), (1, 1));
    }

    #[test]
    fn sums_never_fall() {
        let mut story = Story::new();
        story.read(Some(vec![process(1, 10), process(2, 10)]));
        // One ended, one forked child of the other did.
        let facts = story.read(Some(vec![process(1, 4)]));
        assert_eq!(facts.used.cpu_time.as_secs(), 0);
        let facts = story.read(Some(vec![process(1, 6), process(3, 1)]));
        assert_eq!(facts.used.cpu_time.as_secs(), 3);
        let mut unread = process(1, 0);
        unread.cpu_time = None;
        assert_eq!(story.read(Some(vec![unread])).used.cpu_time.as_secs(), 3);
        assert_eq!(
            story
                .read(Some(vec![process(1, 7)]))
                .used
                .cpu_time
                .as_secs(),
            4
        );
    }

    #[test]
    fn acknowledgements_add_up_over_channels_and_are_counted_once() {
        let channel = |number, acked| ChannelFacts {
            connection: "c".into(),
            number: Some(number),
            acked: Some(acked),
            ..ChannelFacts::default()
        };
        let with = |channels| {
            let mut process = process(1, 0);
            process.channels = channels;
            Some(vec![process])
        };
        let mut story = Story::new();
        let mut acked = |channels| story.read(with(channels)).used.acked;
        assert_eq!(acked(Some(vec![channel(1, 5)])), 0);
        assert_eq!(acked(None), 0);
        assert_eq!(acked(Some(vec![channel(1, 7), channel(2, 1)])), 3);
        assert_eq!(acked(Some(vec![channel(2, 2)])), 4);
        assert_eq!(acked(Some(vec![channel(2, 1)])), 5);
    }
}
