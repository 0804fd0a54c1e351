//! What becomes of a letter, and of many. Pure.

use proptest::prelude::*;

use crate::recover::ledger::{NoticeId, Noticed};
use crate::recover::notify::letter::Letter;
use crate::recover::notify::parcel::{Due, Parcel, pack};
use crate::recover::notify::together::{Place, place};

use super::*;

fn letter(kind: Kind, what: &str, at: Timestamp) -> Letter {
    Letter::new("app-1", message(kind, 1, what), at)
}

fn noticed(id: i64, letter: &Letter, next_at: Timestamp, over: bool) -> Noticed {
    Noticed {
        id: NoticeId(id),
        body: letter.to_value(),
        created_at: letter.told_at,
        next_at,
        over,
    }
}

#[test]
fn the_same_again_is_one_notice_and_what_says_more_waits() {
    let first = letter(Kind::Held, "x", NOW);
    let sent = noticed(1, &first, NOW, true);
    let again = letter(Kind::Held, "x", later(30));
    assert_eq!(place(&again, &[]), Place::Own(later(30)));
    assert_eq!(place(&again, std::slice::from_ref(&sent)), Place::Told);

    let more = letter(Kind::Held, "more", later(30));
    assert_eq!(
        place(&more, std::slice::from_ref(&sent)),
        Place::Own(later(60))
    );
    let waits = noticed(2, &more, later(60), false);
    let most = letter(Kind::Held, "most", later(40));
    assert_eq!(
        place(&most, &[waits.clone(), sent.clone()]),
        Place::InsteadOf(NoticeId(2))
    );
    // The last word counts, also when it is the first one again.
    let back = letter(Kind::Held, "x", later(50));
    assert_eq!(
        place(&back, &[waits.clone(), sent.clone()]),
        Place::InsteadOf(NoticeId(2))
    );
    // It may be on its way.
    let late = letter(Kind::Held, "most", later(60));
    assert_eq!(place(&late, &[waits, sent.clone()]), Place::Own(later(120)));

    let much_later = letter(Kind::Held, "x", later(60));
    assert_eq!(
        place(&much_later, std::slice::from_ref(&sent)),
        Place::Own(later(60))
    );
    let other = letter(Kind::Acting, "x", later(30));
    assert_eq!(place(&other, &[sent]), Place::Own(later(30)));
}

#[test]
fn a_call_for_a_person_is_never_put_off_and_not_repeated() {
    let first = letter(Kind::Escalated, "x", NOW);
    let sent = noticed(1, &first, NOW, true);
    let same = letter(Kind::Escalated, "x", later(1));
    assert_eq!(place(&same, std::slice::from_ref(&sent)), Place::Told);
    let more = letter(Kind::Escalated, "more", later(1));
    assert_eq!(place(&more, &[sent]), Place::Own(later(1)));
}

proptest! {
    /// Nothing is lost, nothing is twice, what is urgent is alone, and there is no more than room.
    #[test]
    fn packing_loses_nothing(kinds in prop::collection::vec(0..7usize, 0..60), room in 0..12usize) {
        let due: Vec<_> = kinds.iter().enumerate().map(|(at, kind)| Due {
            id: NoticeId(at as i64),
            attempts: 0,
            letter: letter(Kind::ALL[*kind], "x", NOW),
        }).collect();
        let urgent = due.iter().filter(|d| d.letter.message.kind == Kind::Escalated).count();
        let parcels = pack(due.clone(), room);
        prop_assert!(parcels.len() <= room.max(urgent));
        let mut ids: Vec<_> = parcels.iter().flat_map(Parcel::ids).collect();
        ids.sort();
        ids.dedup();
        let sent: usize = parcels.iter().map(|p| p.notices().len()).sum();
        prop_assert_eq!(ids.len(), sent);
        prop_assert_eq!(sent, if room > urgent { due.len() } else { urgent });
        for parcel in &parcels {
            if let Parcel::Many(all) = parcel {
                prop_assert!(all.iter().all(|d| d.letter.message.kind != Kind::Escalated));
                prop_assert!(!all.is_empty());
            }
        }
    }
}
