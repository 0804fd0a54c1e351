//! What the engine's events say of how containers ended. Pure: the time is an argument.
//!
//! `docker stop`, `docker restart` and Compose send a signal and, once the container has died,
//! say `stop`. Nothing else does: not `docker kill`, not a crash, not the kernel's OOM killer.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// How long after a death that followed a signal the engine may yet say `stop`; it takes it some
/// milliseconds.
const SAID_BY: Duration = Duration::from_secs(2);

/// One event of a container.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Event {
    pub(super) container: String,
    pub(super) action: Action,
    pub(super) at: SystemTime,
}

/// What happened to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Start,
    Kill,
    Die,
    Stop,
    Destroy,
    /// Anything else worth another look.
    Other,
}

impl Action {
    /// Those that are asked for, by the engine's names.
    pub(super) const NAMES: [&str; 10] = [
        "create", "start", "kill", "die", "stop", "destroy", "oom", "pause", "unpause", "rename",
    ];

    pub(super) fn named(name: &str) -> Self {
        match name {
            "start" => Action::Start,
            "kill" => Action::Kill,
            "die" => Action::Die,
            "stop" => Action::Stop,
            "destroy" => Action::Destroy,
            _ => Action::Other,
        }
    }
}

/// How far each container is, by what was heard.
#[derive(Debug, Default)]
pub(super) struct Ends {
    containers: BTreeMap<String, Life>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Life {
    /// It was sent a signal, perhaps to stop it.
    signalled: bool,
    died: Option<SystemTime>,
    stopped: bool,
    removed: bool,
}

impl Ends {
    pub(super) fn enter(&mut self, event: &Event) {
        let life = self.containers.entry(event.container.clone());
        let life = life.or_default();
        match event.action {
            Action::Start => *life = Life::default(),
            Action::Kill => life.signalled = true,
            Action::Die => life.died = Some(event.at),
            Action::Stop => life.stopped = true,
            Action::Destroy => life.removed = true,
            Action::Other => {}
        }
    }

    /// Whether a person stopped a container that is down or gone; `None` where its end was not
    /// heard, or too shortly ago to tell.
    pub(super) fn stopped_on_purpose(&self, container: &str, now: SystemTime) -> Option<bool> {
        let life = self.containers.get(container)?;
        let died = life.died?;
        if life.stopped {
            return Some(true);
        }
        // `--rm` has the engine remove what ended by itself, `rm -f` what a person is rid of.
        let settled = now.duration_since(died).is_ok_and(|age| age >= SAID_BY);
        (!life.removed && (settled || !life.signalled)).then_some(false)
    }

    /// Forgets the containers that are gone, but for these.
    pub(super) fn forget_removed(&mut self, but: &[String]) {
        let keep = |id: &String, life: &mut Life| !life.removed || but.contains(id);
        self.containers.retain(keep);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_000 + millis)
    }

    /// What is told `later` ms after these events, one a millisecond.
    fn told(actions: &[&str], later: u64) -> Option<bool> {
        let mut ends = Ends::default();
        for (millis, action) in actions.iter().enumerate() {
            ends.enter(&Event {
                container: "c".into(),
                action: Action::named(action),
                at: at(millis as u64),
            });
        }
        ends.stopped_on_purpose("c", at(actions.len() as u64 + later))
    }

    // The lists are those of an engine (20.10), seen with `docker events`.

    #[test]
    fn a_stop_is_told_from_a_kill_a_crash_and_a_lack_of_memory() {
        assert_eq!(
            told(&["create", "start", "kill", "die", "stop"], 0),
            Some(true)
        );
        // It ignored SIGTERM.
        assert_eq!(
            told(&["start", "kill", "kill", "die", "stop"], 0),
            Some(true)
        );
        assert_eq!(told(&["start", "die"], 0), Some(false));
        assert_eq!(told(&["start", "oom", "die"], 0), Some(false));
        // A kill, until the engine can't call it a stop any more.
        assert_eq!(told(&["start", "kill", "die"], 0), None);
        assert_eq!(told(&["start", "kill", "die"], 3000), Some(false));
    }

    #[test]
    fn each_life_stands_for_itself() {
        let stop = ["start", "kill", "die", "stop"];
        assert_eq!(
            told(&[&stop[..], &["start", "restart", "die"]].concat(), 0),
            Some(false)
        );
        assert_eq!(told(&[&stop[..], &["start"]].concat(), 0), None);
        assert_eq!(
            told(&["start", "die", "start", "kill", "die", "stop"], 0),
            Some(true)
        );
        // What was before the first event is not known, but the end was heard.
        assert_eq!(told(&["die", "stop"], 0), Some(true));
        assert_eq!(told(&[], 0), None);
        assert_eq!(told(&["create"], 0), None);
    }

    #[test]
    fn what_was_stopped_and_removed_was_meant() {
        let stopped = ["start", "kill", "die", "stop", "destroy"];
        assert_eq!(told(&stopped, 0), Some(true));
        assert_eq!(told(&["start", "die", "destroy"], 9000), None);
        assert_eq!(told(&["start", "kill", "die", "destroy"], 9000), None);

        let mut ends = Ends::default();
        for container in ["a", "b"] {
            for name in stopped {
                ends.enter(&Event {
                    container: container.into(),
                    action: Action::named(name),
                    at: at(0),
                });
            }
        }
        ends.forget_removed(&["b".to_owned()]);
        assert_eq!(ends.stopped_on_purpose("a", at(0)), None);
        assert_eq!(ends.stopped_on_purpose("b", at(0)), Some(true));
    }
}
