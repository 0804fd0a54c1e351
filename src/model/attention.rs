//! How closely the world is looked at: more often while something is wrong, or a person asked.

use super::Moment;

/// Why probes run at shorter intervals than usual, if they do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attention {
    /// The level is not normal.
    pub restless: bool,
    /// A person asked for it, until then.
    pub asked_until: Option<Moment>,
}

impl Attention {
    /// Until when a person asked for it, if that is still to come.
    pub fn asked(&self, now: Moment) -> Option<Moment> {
        self.asked_until.filter(|until| !until.since(now).is_zero())
    }

    /// Whether probes run more often than usual.
    pub fn is_close(&self, now: Moment) -> bool {
        self.restless || self.asked(now).is_some()
    }
}
