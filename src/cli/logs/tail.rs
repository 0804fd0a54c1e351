//! The end of a log, however long the log is: where its newest part begins is looked for from the
//! end, and from there it is read once.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;

use super::entry::{Entry, Joiner, Reader, Timed};
use crate::platform::files::unpacked;

/// Of one log at most so much is read, in bytes; of a compressed one, unpacked.
const MOST: u64 = 64 << 20;
/// Where the newest part begins is first looked for so far from the end.
const STEP: u64 = 1 << 20;
/// A time is looked for in so much.
const LOOK: usize = 64 << 10;
/// Of a line at most so much is looked at.
const LONGEST_LINE: usize = 64 << 10;
/// Read at once.
const PIECE: usize = 256 << 10;

/// What of a log was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Bytes read.
    pub(super) read: u64,
    /// Older lines that may be of the time asked for were left out.
    pub(super) cut: bool,
    /// The lines have no times: which of them are of the time asked for is not known.
    pub(super) untimed: bool,
}

/// Reads the entries of a log from `since` on, in milliseconds since the Unix epoch.
///
/// # Errors
/// What the system says.
pub(super) fn read(
    file: &mut File,
    since: i64,
    most: u64,
    reader: &Reader<'_>,
    each: &mut dyn FnMut(Entry),
) -> io::Result<Told> {
    let most = most.min(MOST);
    let size = file.metadata()?.len();
    let (from, cut, untimed) = begin(file, size, since, most, reader)?;
    file.seek(SeekFrom::Start(from))?;
    let timed = if untimed {
        Timed::Outside
    } else {
        Timed::Inside
    };
    let mut rest = Rest { since, timed, each };
    // What others append meanwhile is for the next time.
    let read = rest.read(&mut (&*file).take(size - from), from > 0, reader)?;
    Ok(Told { read, cut, untimed })
}

/// The same of a log that gzip packed.
///
/// # Errors
/// What the system says, or that it is no gzip.
pub(super) fn read_packed(
    file: File,
    since: i64,
    most: u64,
    reader: &Reader<'_>,
    each: &mut dyn FnMut(Entry),
) -> io::Result<Told> {
    let most = most.min(MOST);
    let mut unpacked = unpacked(file);
    let mut first = vec![0; LOOK];
    let got = fill(&mut unpacked, &mut first)?;
    first.truncate(got);
    let untimed = first_time(&first, false, reader).is_none();
    let timed = if untimed {
        Timed::Outside
    } else {
        Timed::Inside
    };
    let mut rest = Rest { since, timed, each };
    let mut whole = first.as_slice().chain(unpacked);
    let read = rest.read(&mut (&mut whole).take(most), false, reader)?;
    let cut = read == most && whole.read(&mut [0])? > 0;
    Ok(Told { read, cut, untimed })
}

/// Where to begin, whether something may be left out before it, and whether there are no times.
fn begin(
    file: &File,
    size: u64,
    since: i64,
    most: u64,
    reader: &Reader<'_>,
) -> io::Result<(u64, bool, bool)> {
    let mut piece = vec![0; LOOK];
    let end = size.saturating_sub(LOOK as u64);
    let got = read_at(file, &mut piece, end)?;
    let mut timed = first_time(&piece[..got], end > 0, reader).is_some();
    let mut back = STEP.min(most);
    loop {
        let from = size.saturating_sub(back);
        let got = read_at(file, &mut piece, from)?;
        let first = first_time(&piece[..got], from > 0, reader);
        timed |= first.is_some();
        if from == 0 {
            return Ok((0, false, !timed));
        }
        if first.is_some_and(|first| first < since) {
            return Ok((from, false, false));
        }
        if back >= most {
            return Ok((from, true, !timed));
        }
        // Without any time nothing says how far to go: its end is enough.
        if !timed && back >= 4 * STEP {
            return Ok((from, true, true));
        }
        back = (back * 4).min(most);
    }
}

/// The time of the first line that has one.
fn first_time(piece: &[u8], within_line: bool, reader: &Reader<'_>) -> Option<i64> {
    let mut lines = piece.split(|b| *b == b'\n');
    if within_line {
        lines.next();
    }
    lines
        .find_map(|line| reader.clock.stamp(line))
        .map(|stamp| stamp.at)
}

/// What is read from where the newest part begins.
struct Rest<'a> {
    since: i64,
    timed: Timed,
    each: &'a mut dyn FnMut(Entry),
}

impl Rest<'_> {
    fn read(
        &mut self,
        from: &mut dyn Read,
        within_line: bool,
        reader: &Reader<'_>,
    ) -> io::Result<u64> {
        let mut joiner = Joiner::new(reader, self.timed);
        let (mut read, mut line, mut skip) = (0, Vec::new(), within_line);
        let mut piece = vec![0; PIECE];
        loop {
            let got = match from.read(&mut piece) {
                Ok(0) => break,
                Ok(got) => got,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            read += got as u64;
            for part in piece[..got].split_inclusive(|b| *b == b'\n') {
                let room = LONGEST_LINE.saturating_sub(line.len());
                line.extend_from_slice(&part[..part.len().min(room)]);
                if part.ends_with(b"\n") {
                    if !std::mem::take(&mut skip) {
                        self.tell(joiner.line(&line, None, false));
                    }
                    line.clear();
                }
            }
        }
        if !line.is_empty() && !skip {
            self.tell(joiner.line(&line, None, false));
        }
        self.tell(joiner.end());
        Ok(read)
    }

    fn tell(&mut self, entry: Option<Entry>) {
        let recent = |at: Option<i64>| at.is_none_or(|at| at >= self.since);
        if let Some(entry) = entry.filter(|entry| recent(entry.at)) {
            (self.each)(entry);
        }
    }
}

fn read_at(file: &File, into: &mut [u8], from: u64) -> io::Result<usize> {
    let mut got = 0;
    while got < into.len() {
        match file.read_at(&mut into[got..], from + got as u64) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}

fn fill(from: &mut dyn Read, into: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < into.len() {
        match from.read(&mut into[got..]) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use regex::bytes::Regex;
    use time::{OffsetDateTime, UtcOffset};

    use super::*;
    use crate::cli::logs::instant::Clock;
    use crate::cli::logs::redact::Redactor;

    /// 2027-01-15 00:00:00 UTC, in seconds.
    const MIDNIGHT: i64 = 1_799_971_200;

    fn told(text: &[u8], since: i64, most: u64) -> (Told, Vec<Entry>) {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text).unwrap();
        let (error, redactor) = (Regex::new("ERROR").unwrap(), Redactor::default());
        let clock = Clock {
            zone: UtcOffset::UTC,
            now: OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap(),
        };
        let reader = Reader {
            clock,
            error: &error,
            redactor: &redactor,
        };
        let mut entries = Vec::new();
        let each = &mut |entry| entries.push(entry);
        let told = read(&mut file, since * 1000, most, &reader, each).unwrap();
        (told, entries)
    }

    /// A line each second from midnight on.
    fn log(lines: i64) -> Vec<u8> {
        let line = |n: i64| format!("{} INFO line {n} {}\n", MIDNIGHT + n, "x".repeat(80));
        (0..lines).map(line).collect::<String>().into_bytes()
    }

    #[test]
    fn only_the_end_of_a_long_log_is_read() {
        let text = log(50_000);
        let (told, entries) = told(&text, MIDNIGHT + 49_000, MOST);
        assert_eq!(entries.len(), 1000);
        assert_eq!(
            entries[0].head,
            format!("INFO line 49000 {}", "x".repeat(80))
        );
        assert!(
            told.read < 2 * STEP && (text.len() as u64) > 4 * STEP,
            "{told:?}"
        );
        assert!(!told.cut && !told.untimed);
    }

    #[test]
    fn what_is_too_much_is_cut_at_the_old_end_and_told() {
        let (told, entries) = told(&log(50_000), MIDNIGHT, 3 << 20);
        assert!(told.cut && told.read == 3 << 20, "{told:?}");
        assert!(entries.last().unwrap().head.starts_with("INFO line 49999"));
        assert!(entries.len() > 20_000 && entries.len() < 40_000);
    }

    #[test]
    fn without_times_its_end_is_told_without_any() {
        let text: String = (0..200_000)
            .map(|n| format!("ERROR line {n} of many\n"))
            .collect();
        let (told, entries) = told(text.as_bytes(), MIDNIGHT, MOST);
        assert!(told.untimed && entries.iter().all(|e| e.at.is_none() && e.error));
        assert!(
            entries
                .last()
                .unwrap()
                .head
                .ends_with("line 199999 of many")
        );
        assert!(!told.cut || told.read <= 4 * STEP, "{told:?}");
    }

    #[test]
    fn lines_without_end_and_empty_logs_hurt_nobody() {
        let (told_, entries) = told(&vec![b'x'; 3 << 20], MIDNIGHT, MOST);
        assert_eq!((told_.read, entries.len()), (3 << 20, 1));
        let (told_, entries) = told(b"", MIDNIGHT, MOST);
        assert_eq!((told_.read, entries.len()), (0, 0));
    }
}
