//! Who is connected, what for, and since when; what a connection may take, and who makes room.
//!
//! Every phase but that of a stream has its time; a sweep ends what overstays. When the places run
//! out, who asks for nothing goes first, so that a slow client never keeps a scrape out.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::publish::metrics::{Phase, Refused, Web};

/// Connections at once.
pub(super) const PLACES: usize = 256;
/// Connections at once of one source.
pub(super) const PLACES_OF_ONE: usize = 64;
/// Streams of events at once.
pub(super) const STREAMS: usize = 32;
/// Streams of events at once of one source.
pub(super) const STREAMS_OF_ONE: usize = 8;
/// A request that is answered for so long makes room when nothing else does.
const HAD_ITS_TIME: Duration = Duration::from_secs(5);

/// How long a phase may last, and what it is called when it lasts longer.
fn patience(phase: Phase) -> Option<(Duration, Refused)> {
    let (seconds, why) = match phase {
        Phase::Handshake => (10, Refused::TlsTimeout),
        Phase::Head => (15, Refused::HeadTimeout),
        Phase::Idle => (120, Refused::IdleTimeout),
        Phase::Busy => (60, Refused::RequestTimeout),
        Phase::Stream => return None,
    };
    Some((Duration::from_secs(seconds), why))
}

/// Where a connection comes from: an IPv4 address, or an IPv6 network of one customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Source(IpAddr);

impl From<IpAddr> for Source {
    fn from(address: IpAddr) -> Self {
        Source(match address.to_canonical() {
            IpAddr::V6(v6) => {
                let network = u128::from(v6) & !u128::from(u64::MAX);
                IpAddr::V6(Ipv6Addr::from(network))
            }
            v4 => v4,
        })
    }
}

struct Place {
    source: Source,
    phase: Phase,
    since: Instant,
    end: Arc<Notify>,
    /// Was told to end.
    ended: bool,
}

impl Place {
    fn waits(&self) -> bool {
        matches!(self.phase, Phase::Handshake | Phase::Head | Phase::Idle)
    }
}

#[derive(Default)]
struct Inner {
    next: u64,
    places: BTreeMap<u64, Place>,
}

impl Inner {
    fn of(&self, source: Option<Source>) -> impl Iterator<Item = &Place> {
        let places = self.places.values().filter(|place| !place.ended);
        places.filter(move |place| source.is_none_or(|source| place.source == source))
    }

    /// Who of the source goes: the one that asks for nothing for the longest, else the one that is
    /// answered for too long.
    fn longest(&self, source: Option<Source>, now: Instant) -> Option<u64> {
        let candidates = || {
            let places = self.places.iter().filter(|(_, place)| !place.ended);
            places.filter(|(_, place)| source.is_none_or(|source| place.source == source))
        };
        let oldest = |it: &(&u64, &Place)| it.1.since;
        let waiting = candidates().filter(|(_, place)| place.waits());
        let late = |place: &Place| {
            place.phase == Phase::Busy && now.duration_since(place.since) >= HAD_ITS_TIME
        };
        waiting
            .min_by_key(oldest)
            .or_else(|| candidates().filter(|(_, p)| late(p)).min_by_key(oldest))
            .map(|(id, _)| *id)
    }
}

/// The places there are.
pub(super) struct Table {
    inner: Mutex<Inner>,
    web: Arc<Web>,
}

impl Table {
    pub(super) fn new(web: Arc<Web>) -> Arc<Self> {
        let inner = Mutex::default();
        Arc::new(Table { inner, web })
    }

    pub(super) fn web(&self) -> &Web {
        &self.web
    }

    /// A place for one more, or why there is none.
    pub(super) fn enter(
        self: &Arc<Self>,
        source: Source,
        phase: Phase,
        now: Instant,
    ) -> Result<Arc<Ticket>, Refused> {
        let mut inner = self.lock();
        let limits = [
            (Some(source), PLACES_OF_ONE, Refused::SourceFull),
            (None, PLACES, Refused::Full),
        ];
        for (whose, most, why) in limits {
            if inner.of(whose).count() < most {
                continue;
            }
            let goes = inner.longest(whose, now).ok_or(why)?;
            self.end(&mut inner, goes, Refused::Displaced);
        }
        let id = inner.next;
        inner.next += 1;
        let end = Arc::new(Notify::new());
        let place = Place {
            source,
            phase,
            since: now,
            end: Arc::clone(&end),
            ended: false,
        };
        inner.places.insert(id, place);
        self.web.accepted();
        self.web.moved(None, Some(phase));
        Ok(Arc::new(Ticket {
            id,
            table: Arc::clone(self),
            phase: AtomicU8::new(phase as u8),
            end,
        }))
    }

    /// Ends what overstays its phase.
    pub(super) fn sweep(&self, now: Instant) {
        let mut inner = self.lock();
        let late = inner.places.iter().filter(|(_, place)| !place.ended);
        let late: Vec<(u64, Refused)> = late
            .filter_map(|(id, place)| {
                let (most, why) = patience(place.phase)?;
                (now.duration_since(place.since) >= most).then_some((*id, why))
            })
            .collect();
        for (id, why) in late {
            self.end(&mut inner, id, why);
        }
    }

    fn end(&self, inner: &mut Inner, id: u64, why: Refused) {
        if let Some(place) = inner.places.get_mut(&id) {
            place.ended = true;
            place.end.notify_one();
            self.web.refused(why);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place that is taken; given back when the last holder lets go.
pub(super) struct Ticket {
    id: u64,
    table: Arc<Table>,
    /// The phase, to be looked at with every read.
    phase: AtomicU8,
    end: Arc<Notify>,
}

impl Ticket {
    /// Returns when the connection has to end.
    pub(super) async fn end(&self) {
        self.end.notified().await;
    }

    /// Counts what came to nothing.
    pub(super) fn refused(&self, why: Refused) {
        self.table.web.refused(why);
    }

    /// The connection is in another phase from now on.
    pub(super) fn enter(&self, phase: Phase) {
        let mut inner = self.table.lock();
        self.phase.store(phase as u8, Relaxed);
        if let Some(place) = inner.places.get_mut(&self.id) {
            self.table.web.moved(Some(place.phase), Some(phase));
            (place.phase, place.since) = (phase, Instant::now());
        }
    }

    /// Bytes came in: the next head, when one was waited for.
    pub(super) fn heard(&self) {
        if self.phase.load(Relaxed) == Phase::Idle as u8 {
            self.enter(Phase::Head);
        }
    }

    /// Whether the answer may go on for as long as it likes: there are not too many of these.
    pub(super) fn stream(&self) -> bool {
        let inner = self.table.lock();
        let streams = |source| {
            let of = inner.of(source);
            of.filter(|place| place.phase == Phase::Stream).count()
        };
        let source = inner.places.get(&self.id).map(|place| place.source);
        let granted = streams(None) < STREAMS && streams(source) < STREAMS_OF_ONE;
        drop(inner);
        if granted {
            self.enter(Phase::Stream);
        } else {
            self.table.web.refused(Refused::Streams);
        }
        granted
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(place) = self.table.lock().places.remove(&self.id) {
            self.table.web.moved(Some(place.phase), None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(last: u8) -> Source {
        IpAddr::from([192, 0, 2, last]).into()
    }

    fn table() -> Arc<Table> {
        Table::new(Arc::default())
    }

    fn ended(ticket: &Ticket) -> bool {
        ticket.table.lock().places[&ticket.id].ended
    }

    #[test]
    fn one_source_takes_its_share_and_the_oldest_that_waits_goes() {
        let (table, now) = (table(), Instant::now());
        let mut held: Vec<_> = (0..PLACES_OF_ONE)
            .map(|n| {
                let later = now + Duration::from_millis(n as u64);
                table.enter(source(1), Phase::Head, later).unwrap()
            })
            .collect();
        held[0].enter(Phase::Busy);
        let newest = table.enter(source(1), Phase::Head, now).unwrap();
        assert!(!ended(&held[0]) && ended(&held[1]) && !ended(&held[2]));
        assert!(table.enter(source(2), Phase::Head, now).is_ok());
        for ticket in held.iter().chain([&newest]) {
            ticket.enter(Phase::Busy);
        }
        let refused = table.enter(source(1), Phase::Head, now).err();
        assert_eq!(refused, Some(Refused::SourceFull));
        let later = Instant::now() + HAD_ITS_TIME;
        assert!(table.enter(source(1), Phase::Head, later).is_ok());
        held.clear();
        assert!(table.enter(source(1), Phase::Head, now).is_ok());
    }

    #[test]
    fn when_all_are_answered_a_newcomer_is_refused() {
        let (table, now) = (table(), Instant::now());
        let held: Vec<_> = (0..PLACES)
            .map(|n| {
                let from = source(u8::try_from(n % 8).unwrap());
                let ticket = table.enter(from, Phase::Head, now).unwrap();
                ticket.enter(Phase::Busy);
                ticket
            })
            .collect();
        let refused = table.enter(source(9), Phase::Head, now).err();
        assert_eq!(refused, Some(Refused::Full));
        held[5].enter(Phase::Idle);
        assert!(table.enter(source(9), Phase::Head, now).is_ok());
        assert!(ended(&held[5]));
    }

    #[test]
    fn every_phase_but_a_stream_has_its_time() {
        let (table, now) = (table(), Instant::now());
        let phases = [
            (Phase::Handshake, 10),
            (Phase::Head, 15),
            (Phase::Idle, 120),
            (Phase::Busy, 60),
        ];
        for (phase, seconds) in phases {
            let ticket = table.enter(source(1), phase, now).unwrap();
            table.sweep(now + Duration::from_secs(seconds) - Duration::from_millis(1));
            assert!(!ended(&ticket), "{phase:?}");
            table.sweep(now + Duration::from_secs(seconds));
            assert!(ended(&ticket), "{phase:?}");
        }
        let streams: Vec<_> = (0..=STREAMS_OF_ONE)
            .map(|_| table.enter(source(1), Phase::Head, now).unwrap())
            .collect();
        let granted = streams.iter().filter(|ticket| ticket.stream()).count();
        assert_eq!(granted, STREAMS_OF_ONE);
        table.sweep(now + Duration::from_secs(100_000));
        assert!(!ended(&streams[0]) && ended(&streams[STREAMS_OF_ONE]));
    }

    #[test]
    fn an_ipv6_network_is_one_source() {
        let at = |text: &str| Source::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(at("2001:db8::1"), at("2001:db8::ffff:1"));
        assert_ne!(at("2001:db8::1"), at("2001:db8:0:1::1"));
        assert_eq!(at("::ffff:192.0.2.1"), source(1));
        assert_ne!(source(1), source(2));
    }
}
