//! Searching text that grows: whole lines only, each once, however long it is.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use regex::bytes::Regex;

/// Of a line that is longer only so much is searched.
pub(super) const LONGEST_LINE: usize = 64 << 10;
/// Read at once.
const PIECE: usize = 4 * LONGEST_LINE;

/// Where a file's search goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The first byte not searched, where a line begins.
    pub(super) offset: u64,
    /// It is in the middle of a line that was counted, or is not to be: that goes on here.
    pub(super) within_line: bool,
}

/// What one search found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Bytes read.
    pub(super) read: u64,
    /// Lines that match.
    pub(super) lines: u64,
}

/// Memory that searches share.
#[derive(Debug)]
pub(super) struct Piece(Vec<u8>);

impl Default for Piece {
    fn default() -> Self {
        Piece(vec![0; PIECE])
    }
}

/// Searches the whole lines from `place` on, and moves it past them. Reads `most` bytes or little
/// more; a last line without its end is left for the next time.
pub(super) fn search(
    file: &File,
    place: &mut Place,
    most: u64,
    expression: &Regex,
    piece: &mut Piece,
) -> io::Result<Found> {
    let mut found = Found::default();
    while found.read < most {
        let got = fill(file, &mut piece.0, place.offset)?;
        let (moved, lines) = piece_of(&piece.0[..got], place, expression);
        found.read += got as u64;
        found.lines += lines;
        if !moved || got < PIECE {
            break;
        }
    }
    Ok(found)
}

/// Searches one piece; says whether the place moved, and how many lines match.
fn piece_of(piece: &[u8], place: &mut Place, expression: &Regex) -> (bool, u64) {
    let before = place.offset;
    let mut rest = piece;
    if place.within_line {
        let Some(end) = rest.iter().position(|b| *b == b'\n') else {
            place.offset += rest.len() as u64;
            return (place.offset != before, 0);
        };
        rest = &rest[end + 1..];
        place.offset += end as u64 + 1;
        place.within_line = false;
    }
    let whole = rest
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |at| at + 1);
    let (lines, last) = rest.split_at(whole);
    let mut found = 0;
    for line in lines.split_inclusive(|b| *b == b'\n') {
        found += u64::from(matches(expression, line));
    }
    place.offset += lines.len() as u64;
    if last.len() >= LONGEST_LINE {
        found += u64::from(matches(expression, last));
        place.offset += last.len() as u64;
        place.within_line = true;
    }
    (place.offset != before, found)
}

fn matches(expression: &Regex, line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    expression.is_match(&line[..line.len().min(LONGEST_LINE)])
}

/// Reads from `offset` until `into` is full or the file ends.
pub(super) fn fill(file: &File, into: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut got = 0;
    while got < into.len() {
        match file.read_at(&mut into[got..], offset + got as u64) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}

/// Where the line begins that goes on after `size` bytes.
pub(super) fn line_start(file: &File, size: u64) -> io::Result<Place> {
    let from = size.saturating_sub(LONGEST_LINE as u64);
    let mut bytes = vec![0; usize::try_from(size - from).unwrap_or(LONGEST_LINE)];
    let got = fill(file, &mut bytes, from)?;
    let newline = bytes[..got].iter().rposition(|b| *b == b'\n');
    Ok(match newline {
        Some(at) => Place {
            offset: from + at as u64 + 1,
            within_line: false,
        },
        None if from == 0 => Place::default(),
        None => Place {
            offset: size,
            within_line: true,
        },
    })
}
