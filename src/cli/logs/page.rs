//! The logs as text for people and as JSON for programs.

use serde::Serialize;

use super::entry::Entry;
use super::group::{Counts, Group, Groups};
use super::tail::Told;
use crate::cli::layout::{Page, together};
use crate::cli::paint::{BOLD, DIM, paint};
use crate::cli::words::{count, instant, printable, rough};

/// The version of the JSON.
const VERSION: u32 = 1;
/// Places of a group that are named.
const NAMED: usize = 3;

/// A log, and what came of it.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Source {
    pub(super) name: String,
    /// Entries in the time asked for.
    pub(super) entries: u64,
    /// Of these, errors.
    pub(super) errors: u64,
    /// What has to be known of what was read.
    pub(super) note: Option<String>,
    /// Why it could not be read.
    pub(super) problem: Option<String>,
}

impl Source {
    pub(super) fn named(name: String) -> Self {
        Source {
            name,
            ..Source::default()
        }
    }

    /// Enters what was counted between the two.
    pub(super) fn count(&mut self, before: Counts, after: Counts) {
        self.entries = after.entries - before.entries;
        self.errors = after.errors - before.errors;
    }
}

impl Told {
    /// What has to be known of it.
    pub(super) fn words(self, packed: bool) -> Option<String> {
        let read = self.read >> 20;
        match (self.cut, self.untimed) {
            (true, _) if packed => Some(format!("only its first {read} MiB were read")),
            (true, true) => Some(format!(
                "its lines have no times: shown is what its last {read} MiB hold"
            )),
            (true, false) => Some(format!("only its last {read} MiB were read")),
            (false, true) if self.read > 0 => {
                Some("its lines have no times: they may be older than asked for".to_owned())
            }
            (false, _) => None,
        }
    }
}

/// How it is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    pub(super) width: usize,
    pub(super) errors: bool,
    pub(super) each: bool,
    pub(super) limit: usize,
    /// In milliseconds since the Unix epoch, as is `now`.
    pub(super) since: i64,
    pub(super) now: i64,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of this age are exact"
)]
fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}

fn when(at: Option<i64>) -> String {
    at.map_or("at a time that is not known".to_owned(), |at| {
        together(&instant(seconds(at)))
    })
}

/// The page.
pub(super) fn text(groups: &Groups, sources: &[Source], view: &View) -> String {
    let mut page = Page::new(view.width);
    let all = groups.by_time();
    let Counts {
        entries,
        errors,
        beyond,
    } = groups.counts;
    let what = if view.errors { "Errors" } else { "Entries" };
    let ago = rough(seconds(view.now - view.since));
    let told = if view.errors { errors } else { entries };
    let kinds = match told {
        0 => "none".to_owned(),
        told => format!("{}, of {} kinds", count(told), count(all.len() as u64)),
    };
    let since = when(Some(view.since));
    let head = format!(
        "{what} since {since} ({}): {kinds}",
        together(&format!("{ago} ago"))
    );
    page.line(0, &paint(BOLD, &head));
    let read = sources.iter().filter(|source| source.problem.is_none());
    let logs = match read.count() {
        1 => "1 log".to_owned(),
        logs => format!("{logs} logs"),
    };
    page.line(2, &format!("{} entries read in {logs}", count(entries)));
    if view.each {
        for (place, entry) in groups.entries() {
            page.blank();
            let head = format!("{}, {}", when(entry.at), printable(place));
            page.line(0, &paint(DIM, &head));
            body(&mut page, entry);
        }
    } else {
        let left = all.len().saturating_sub(view.limit);
        if left > 0 {
            page.line(
                2,
                &format!("{left} kinds that were last earlier are left out: --limit"),
            );
        }
        for group in all.into_iter().skip(left) {
            page.blank();
            one(&mut page, group);
        }
    }
    if beyond > 0 {
        page.blank();
        let words = format!("{} more of further kinds are only counted", count(beyond));
        page.line(0, &words);
    }
    notes(&mut page, sources);
    page.into_text()
}

fn one(page: &mut Page, group: &Group) {
    let times = match group.count {
        1 => format!("once, {}", when(group.last)),
        n => format!(
            "{} times, {} to {}",
            count(n),
            when(group.first),
            when(group.last)
        ),
    };
    let mut places: Vec<_> = group.places.iter().collect();
    places.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let named: Vec<_> = places
        .iter()
        .take(NAMED)
        .map(|(p, _)| printable(p))
        .collect();
    let more = match places.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let head = format!("{times}, in {}{more}", named.join(", "));
    page.line(0, &paint(DIM, &head));
    body(page, &group.newest);
}

fn body(page: &mut Page, entry: &Entry) {
    page.line(2, &paint(BOLD, &printable(&entry.head)));
    for line in entry.body() {
        // Indentation says what belongs to what.
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        let line = printable(line.trim());
        page.line(4 + indent.min(8), &line);
    }
}

fn notes(page: &mut Page, sources: &[Source]) {
    let unread = || sources.iter().filter(|source| source.problem.is_some());
    if unread().next().is_some() {
        page.blank();
        page.line(0, "Could not be read");
        for source in unread() {
            let why = source.problem.as_deref().unwrap_or_default();
            page.line(
                2,
                &format!("{}: {}", printable(&source.name), printable(why)),
            );
        }
    }
    let noted = || sources.iter().filter(|source| source.note.is_some());
    if noted().next().is_some() {
        page.blank();
        page.line(0, "Not read whole");
        for source in noted() {
            let note = source.note.as_deref().unwrap_or_default();
            page.line(2, &format!("{}: {note}", printable(&source.name)));
        }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    /// In seconds since the Unix epoch.
    since: f64,
    until: f64,
    errors_only: bool,
    counts: Counts,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<GroupOut<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<Vec<EntryOut<'a>>>,
    sources: &'a [Source],
}

#[derive(Serialize)]
struct GroupOut<'a> {
    count: u64,
    first: Option<f64>,
    last: Option<f64>,
    message: &'a str,
    places: Vec<PlaceOut<'a>>,
    newest: EntryOut<'a>,
}

#[derive(Serialize)]
struct PlaceOut<'a> {
    name: &'a str,
    count: u64,
}

#[derive(Serialize)]
struct EntryOut<'a> {
    at: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<&'a str>,
    error: bool,
    message: &'a str,
    more: Vec<String>,
}

fn entry<'a>(entry: &'a Entry, place: Option<&'a str>) -> EntryOut<'a> {
    EntryOut {
        at: entry.at.map(seconds),
        place,
        error: entry.error,
        message: &entry.head,
        more: entry.body(),
    }
}

/// The document.
pub(super) fn json(groups: &Groups, sources: &[Source], view: &View) -> String {
    let all = groups.by_time();
    let left = all.len().saturating_sub(view.limit);
    let shown = all.into_iter().skip(left).map(|group| GroupOut {
        count: group.count,
        first: group.first.map(seconds),
        last: group.last.map(seconds),
        message: &group.message,
        places: group
            .places
            .iter()
            .map(|(name, count)| PlaceOut {
                name,
                count: *count,
            })
            .collect(),
        newest: entry(&group.newest, None),
    });
    let each = || groups.entries().map(|(place, one)| entry(one, Some(place)));
    let document = Document {
        version: VERSION,
        since: seconds(view.since),
        until: seconds(view.now),
        errors_only: view.errors,
        counts: groups.counts,
        groups: (!view.each).then(|| shown.collect()),
        entries: view.each.then(|| each().collect()),
        sources,
    };
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}
