//! Lines of several writers in one stream, each joined by itself: a journal of several processes,
//! a container's two outputs.

use std::collections::HashMap;
use std::sync::Arc;

use super::entry::{Entry, Joiner, Reader, Timed};
use super::group::Groups;

/// Writers joined at once.
const MOST: usize = 1000;

/// Who writes: unit and process, container and output.
type Writer = (String, String);

/// Takes in what they write.
pub(super) struct Streams<'a> {
    pub(super) reader: &'a Reader<'a>,
    /// In milliseconds since the Unix epoch.
    pub(super) since: i64,
    pub(super) errors: bool,
    pub(super) groups: &'a mut Groups,
    pub(super) open: HashMap<Writer, (Arc<str>, Joiner<'a>)>,
}

impl Streams<'_> {
    /// Takes in what `writer` wrote at once, at `at`; `grave`: it is an error whatever it says.
    pub(super) fn message(
        &mut self,
        place: String,
        writer: Writer,
        message: &[u8],
        at: Option<i64>,
        grave: bool,
    ) {
        if self.open.len() >= MOST && !self.open.contains_key(&writer) {
            self.end();
        }
        let new = || (place.into(), Joiner::new(self.reader, Timed::Outside));
        let (place, joiner) = self.open.entry(writer).or_insert_with(new);
        let mut lines = message.split(|b| *b == b'\n');
        let ended = joiner.line(lines.next().unwrap_or_default(), at, grave);
        let ended = ended.map(|entry| (Arc::clone(place), entry));
        for line in lines {
            joiner.more(line);
        }
        self.tell(ended);
    }

    /// What is still open has ended.
    pub(super) fn end(&mut self) {
        for (place, joiner) in std::mem::take(&mut self.open).into_values() {
            self.tell(joiner.end().map(|entry| (place, entry)));
        }
    }

    fn tell(&mut self, entry: Option<(Arc<str>, Entry)>) {
        if let Some((place, entry)) = entry
            && entry.at.is_none_or(|at| at >= self.since)
        {
            self.groups.add(&place, entry, self.errors);
        }
    }
}
