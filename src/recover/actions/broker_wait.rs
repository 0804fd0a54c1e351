//! `broker.wait`: until a message came through the broker, sent since the step began.

use super::{Asked, Next, World};
use crate::model::Timestamp;

pub(super) fn next(asked: &Asked<'_>, world: &World) -> Next {
    let roundtrip = &world.snapshot.roundtrip;
    let read_at = roundtrip.read_at().map(Timestamp::from);
    match (roundtrip.success(), read_at) {
        (Some(true), Some(at)) if at > asked.begun_at => {
            Next::Done("a message came through the broker".into())
        }
        _ => match roundtrip.failure() {
            Some(failure) => Next::Wait(format!("no message comes through: {failure}")),
            None => Next::Wait("no message was tried since".into()),
        },
    }
}
