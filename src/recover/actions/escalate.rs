//! `escalate`: calls a person, with what was tried and what was seen.

use super::{Asked, Next, World, message};
use crate::recover::notify::Kind;
use crate::recover::playbook::NotifyArgs;

/// What a person is told to do where the playbook says nothing.
const TODO: &str =
    "Look at it: what warrener may do by itself did not help. `warrener runs` has every step";

pub(super) fn next(asked: &Asked<'_>, world: &World, args: &NotifyArgs) -> Next {
    let text = args.text.clone().or_else(|| Some(TODO.to_owned()));
    let args = NotifyArgs { text };
    message::once(
        asked,
        world,
        Kind::Escalated,
        &args,
        "call a person, in every channel",
    )
}
