//! What goes out in one message: one notice, or many in a flood. Pure.

use std::collections::BTreeMap;

use super::letter::Letter;
use super::{Kind, Message};
use crate::model::{Level, Timestamp};
use crate::recover::ledger::NoticeId;

/// A notice that is due.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Due {
    pub(super) id: NoticeId,
    pub(super) attempts: u32,
    pub(super) letter: Letter,
}

impl Due {
    fn is_urgent(&self) -> bool {
        self.letter.message.kind == Kind::Escalated
    }
}

/// What is sent as one.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Parcel {
    /// One notice.
    One(Due),
    /// Several, summed up; in their order.
    Many(Vec<Due>),
}

impl Parcel {
    pub(super) fn notices(&self) -> &[Due] {
        match self {
            Parcel::One(due) => std::slice::from_ref(due),
            Parcel::Many(all) => all,
        }
    }

    pub(super) fn ids(&self) -> Vec<NoticeId> {
        self.notices().iter().map(|due| due.id).collect()
    }

    /// It was tried so often.
    pub(super) fn attempts(&self) -> u32 {
        let attempts = self.notices().iter().map(|due| due.attempts);
        attempts.max().unwrap_or(0)
    }

    /// A person is called, and was not yet tried to be.
    pub(super) fn is_new_and_urgent(&self) -> bool {
        matches!(self, Parcel::One(due) if due.is_urgent() && due.attempts == 0)
    }
}

/// Makes `due` into as many messages as there is `room` for now. What calls a person is always
/// a message of its own, and goes first; of the others, those that there is no room for are summed up
/// in the last message, or wait when there is no room at all.
pub(super) fn pack(due: Vec<Due>, room: usize) -> Vec<Parcel> {
    let (urgent, mut others): (Vec<_>, Vec<_>) = due.into_iter().partition(Due::is_urgent);
    let room = room.saturating_sub(urgent.len());
    let mut parcels: Vec<_> = urgent.into_iter().map(Parcel::One).collect();
    let many = match room {
        0 => return parcels,
        room if others.len() <= room => Vec::new(),
        room => others.split_off(room - 1),
    };
    parcels.extend(others.into_iter().map(Parcel::One));
    if !many.is_empty() {
        parcels.push(Parcel::Many(many));
    }
    parcels
}

/// What many notices say, in short.
#[derive(Debug, PartialEq)]
pub(super) struct Sum {
    /// How many they are.
    pub(super) count: usize,
    /// The worst level among them.
    pub(super) level: Level,
    /// When the first was told.
    pub(super) first_at: Timestamp,
    /// What they are about and of which kind, with how often; the first of them.
    pub(super) what: Vec<(String, Kind, usize)>,
    /// How many more things there are.
    pub(super) more: usize,
}

/// Most things that are named in a sum.
const MOST_NAMED: usize = 10;

impl Sum {
    /// Of these.
    pub(super) fn of(all: &[Due]) -> Self {
        let mut order: Vec<(&String, Kind)> = Vec::new();
        let mut times: BTreeMap<(&String, Kind), usize> = BTreeMap::new();
        for Message { what, kind, .. } in all.iter().map(|due| &due.letter.message) {
            let count = times.entry((what, *kind)).or_default();
            if *count == 0 {
                order.push((what, *kind));
            }
            *count += 1;
        }
        let named = order.iter().take(MOST_NAMED);
        let levels = all.iter().map(|due| due.letter.message.level);
        let told = all.iter().map(|due| due.letter.told_at);
        Sum {
            count: all.len(),
            level: levels.max().unwrap_or(Level::Normal),
            first_at: told.min().unwrap_or_default(),
            what: named
                .map(|(what, kind)| ((*what).clone(), *kind, times[&(*what, *kind)]))
                .collect(),
            more: order.len().saturating_sub(MOST_NAMED),
        }
    }
}
