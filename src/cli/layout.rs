//! Text within a width: paragraphs that wrap between words, and tables.
//!
//! Only a word that is wider than a line is broken. Widths are those that a terminal shows: wide
//! characters count twice, colours not at all.

use textwrap::core::display_width;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

use super::paint::{DIM, paint};

/// The narrowest page; on less the words would stand alone.
pub(super) const NARROWEST: usize = 40;
/// The least room for the names in a table's first column.
const NAMES: usize = 8;

/// Holds words together that are read as one, such as a number and its unit.
const NO_BREAK: &str = "\u{a0}";

/// The same words, never on two lines.
pub(super) fn together(words: &str) -> String {
    words.replace(' ', NO_BREAK)
}

/// A page under construction.
#[derive(Debug)]
pub(super) struct Page {
    width: usize,
    out: String,
}

impl Page {
    pub(super) fn new(width: usize) -> Self {
        Page {
            width: width.max(NARROWEST),
            out: String::new(),
        }
    }

    pub(super) fn into_text(self) -> String {
        // What people copy from it is to have ordinary spaces.
        self.out.replace(NO_BREAK, " ")
    }

    pub(super) fn blank(&mut self) {
        self.out.push('\n');
    }

    /// A paragraph, `indent` columns in; its further lines two more.
    pub(super) fn line(&mut self, indent: usize, text: &str) {
        self.marked(indent, "", text);
    }

    /// A paragraph behind a mark: its further lines stand under its first word.
    pub(super) fn marked(&mut self, indent: usize, mark: &str, text: &str) {
        let first = format!("{:indent$}{mark}", "");
        let hang = indent
            + if mark.is_empty() {
                2
            } else {
                display_width(mark)
            };
        let rest = " ".repeat(hang);
        let options = Options::new(self.width)
            .initial_indent(&first)
            .subsequent_indent(&rest)
            .break_words(true)
            .word_separator(WordSeparator::AsciiSpace)
            .word_splitter(WordSplitter::NoHyphenation)
            .wrap_algorithm(WrapAlgorithm::FirstFit);
        for line in textwrap::wrap(text, options) {
            self.out.push_str(line.trim_end());
            self.out.push('\n');
        }
    }

    /// Entries side by side, three columns apart; as many in a line as fit.
    pub(super) fn row(&mut self, indent: usize, entries: &[String]) {
        let mut line = String::new();
        for entry in entries {
            let wide = display_width(&line) + 3 + display_width(entry);
            if !line.is_empty() && indent + wide > self.width {
                self.line(indent, &line);
                line.clear();
            }
            if !line.is_empty() {
                line.push_str("   ");
            }
            line.push_str(entry);
        }
        self.line(indent, &line);
    }

    /// Rows under a head: the first column to the left, the others to the right. A name that does
    /// not fit has a line of its own; where the columns don't, each row is a paragraph.
    pub(super) fn table(&mut self, indent: usize, head: &[&str], rows: &[Vec<String>]) {
        let widest = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            let cells = cells.map(|cell| display_width(cell)).max().unwrap_or(0);
            cells.max(display_width(head[column]))
        };
        let others: Vec<usize> = (1..head.len()).map(widest).collect();
        let taken = indent + others.iter().map(|width| width + 2).sum::<usize>();
        let Some(room) = self.width.checked_sub(taken).filter(|room| *room >= NAMES) else {
            for row in rows {
                self.paragraph(indent, head, row);
            }
            return;
        };
        let first = widest(0).min(room);
        let dim: Vec<String> = head.iter().map(|cell| paint(DIM, cell)).collect();
        self.cells(indent, first, &others, &dim);
        for row in rows {
            let mut row = row.clone();
            if row.first().is_some_and(|name| display_width(name) > first) {
                let name = std::mem::take(&mut row[0]);
                self.line(indent, &name);
            }
            self.cells(indent, first, &others, &row);
        }
    }

    fn cells(&mut self, indent: usize, first: usize, others: &[usize], row: &[String]) {
        let mut line = " ".repeat(indent);
        let pad = |width: usize, cell: &str| " ".repeat(width.saturating_sub(display_width(cell)));
        for (at, cell) in row.iter().enumerate() {
            match at.checked_sub(1) {
                None => line.extend([cell, pad(first, cell).as_str()]),
                Some(at) => line.extend(["  ", pad(others[at], cell).as_str(), cell]),
            }
        }
        self.out.push_str(line.trim_end());
        self.out.push('\n');
    }

    fn paragraph(&mut self, indent: usize, head: &[&str], row: &[String]) {
        let name = row.first().map(String::as_str).unwrap_or_default();
        let cells: Vec<String> = head
            .iter()
            .zip(row)
            .skip(1)
            .filter(|(_, cell)| !cell.is_empty())
            .map(|(head, cell)| format!("{} {cell}", head.to_lowercase()))
            .collect();
        self.line(indent, &format!("{name}: {}", cells.join(", ")));
    }
}
