//! `notify`: tells the configured channels what is being done.

use super::{Asked, Next, World, message};
use crate::recover::notify::Kind;
use crate::recover::playbook::NotifyArgs;

pub(super) fn next(asked: &Asked<'_>, world: &World, args: &NotifyArgs) -> Next {
    message::once(
        asked,
        world,
        Kind::Acting,
        args,
        "tell the channels that want it",
    )
}
