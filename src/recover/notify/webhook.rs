//! The generic webhook's document. Its `version` changes when a field changes its meaning or goes;
//! new fields may come.

use serde_json::{Value, json};

use super::parcel::{Due, Parcel, Sum};

/// The document's version.
const VERSION: u32 = 1;

/// The document that is posted. `id` is the same when a notice is sent twice.
pub(super) fn body(parcel: &Parcel) -> Value {
    match parcel {
        Parcel::One(due) => one(due),
        Parcel::Many(all) => many(all),
    }
}

fn one(due: &Due) -> Value {
    let (letter, message) = (&due.letter, &due.letter.message);
    json!({
        "version": VERSION,
        "source": "warrener",
        "id": id(due),
        "identity": letter.identity,
        "told_at": letter.told_at.unix_seconds(),
        "kind": message.kind.as_str(),
        "meaning": message.kind.meaning(),
        "level": message.level.as_str(),
        "incident": message.incident.map(|incident| incident.0),
        "what": message.what,
        "done": message.done,
        "evidence": message.evidence,
        "since": message.since.map(|since| since.unix_seconds()),
        "took_seconds": message.took,
        "todo": message.todo,
    })
}

fn many(all: &[Due]) -> Value {
    let sum = Sum::of(all);
    let what = sum
        .what
        .iter()
        .map(|(what, kind, times)| json!({"what": what, "kind": kind.as_str(), "times": times}));
    json!({
        "version": VERSION,
        "source": "warrener",
        "id": id(&all[0]),
        "identity": all[0].letter.identity,
        "told_at": sum.first_at.unix_seconds(),
        "kind": "summary",
        "meaning": "Many notices at once, in short",
        "level": sum.level.as_str(),
        "what": format!("and {} more", sum.count),
        "count": sum.count,
        "notices": what.collect::<Vec<_>>(),
        "not_named": sum.more,
    })
}

fn id(due: &Due) -> String {
    format!("{}/{}", due.letter.identity, due.id.0)
}
