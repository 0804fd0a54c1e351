//! What a command says, and how it ends when it can't.

use std::io::Write;

use serde_json::{Deserializer, Serializer};

use super::Exit;
use super::layout::NARROWEST;

/// Where neither a terminal nor `COLUMNS` says.
const WIDTH: usize = 80;
/// Longer lines are hard to read.
const WIDEST: usize = 120;

/// Why a command can't do what it was asked, in words for people.
#[derive(Debug)]
pub(super) enum Problem {
    /// The command line or the configuration is wrong.
    Usage(String),
    /// It failed.
    Failed(String),
}

/// Says it.
pub(super) fn failed(problem: &Problem) -> Exit {
    match problem {
        Problem::Usage(words) => {
            eprintln!("{words}");
            Exit::Usage
        }
        Problem::Failed(words) => {
            eprintln!("warrener: {words}");
            Exit::Failed
        }
    }
}

/// To standard output. Whoever stops reading, such as `head`, has what it wants.
pub(super) fn say(text: &str) {
    anstream::stdout().write_all(text.as_bytes()).ok();
}

/// Columns to write in.
pub(super) fn width() -> usize {
    let asked = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
    let own = || terminal_size::terminal_size_of(std::io::stdout()).map(|(w, _)| usize::from(w.0));
    let width = asked.or_else(own).unwrap_or(WIDTH);
    width.clamp(NARROWEST, WIDEST)
}

/// The same document, with line breaks: nothing that this version does not know is lost.
pub(super) fn pretty(json: &str) -> Result<String, serde_json::Error> {
    let mut out = Vec::new();
    let mut from = Deserializer::from_str(json);
    serde_transcode::transcode(&mut from, &mut Serializer::pretty(&mut out))?;
    from.end()?;
    out.push(b'\n');
    Ok(String::from_utf8_lossy(&out).into_owned())
}
