//! The terminal: its width, and drawing again and again until a signal.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;

use super::source::{Origin, Problem};
use super::{Exit, draw, failed, judged, width};
use crate::cli::words::printable;

/// The alternate screen, without a cursor; and back.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";

/// Whether the output is a terminal that can be drawn on.
fn is_screen() -> bool {
    io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Draws every `every` until SIGINT, SIGTERM or SIGHUP. On a terminal each time in the same place;
/// elsewhere one block after the other.
pub(super) async fn watch(origin: &mut Origin, every: Duration, detailed: bool) -> Exit {
    let signals = Ends::new().and_then(|ends| Ok((ends, signal(SignalKind::window_change())?)));
    let (mut ends, mut resized) = match signals {
        Ok(signals) => signals,
        Err(error) => {
            eprintln!("warrener: can't receive signals: {error}");
            return Exit::Failed;
        }
    };
    let mut screen = is_screen().then(Screen::enter);
    let mut exit = Exit::Fine;
    loop {
        let reading = tokio::select! {
            reading = origin.read() => reading,
            () = ends.any() => return exit,
        };
        let width = width();
        let text = match &reading {
            Ok(reading) => draw(reading, width, detailed),
            Err(Problem::Failed(words)) => format!("warrener: {}\n", printable(words)),
            // It does not get better by asking again.
            Err(problem) => {
                drop(screen);
                return failed(problem);
            }
        };
        exit = reading.map_or(Exit::Failed, |reading| judged(&reading.status));
        let drawn = match &mut screen {
            Some(screen) => screen.draw(&text),
            None => block(&text),
        };
        if drawn.is_err() {
            // Nobody reads any more.
            return exit;
        }
        tokio::select! {
            () = sleep(every) => {}
            () = ends.any() => return exit,
            _ = resized.recv() => {}
        }
    }
}

/// One block in a row of blocks.
fn block(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// The signals that end it.
struct Ends {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Ends {
    fn new() -> io::Result<Self> {
        Ok(Ends {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}

/// The alternate screen; the terminal is as it was when this is gone.
struct Screen;

impl Screen {
    fn enter() -> Self {
        write_whole(ENTER).ok();
        Screen
    }

    /// Draws over what was there in one piece, so that nothing flickers. What the window has no
    /// room for is left out, and its last line says so.
    fn draw(&mut self, text: &str) -> io::Result<()> {
        let plain;
        let text = match AutoStream::choice(&io::stdout()) {
            ColorChoice::Never => {
                plain = strip_str(text).to_string();
                plain.as_str()
            }
            _ => text,
        };
        let size = terminal_size::terminal_size_of(io::stdout());
        let height = size.map_or(usize::MAX, |(_, h)| usize::from(h.0).max(2));
        write_whole(&frame(text, height))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        write_whole(LEAVE).ok();
    }
}

/// The lines from the top, each cleared to its end; the rest of the screen cleared.
fn frame(text: &str, height: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let fits = lines.len() <= height;
    let shown = if fits { lines.len() } else { height - 1 };
    let mut out = String::from("\x1b[H");
    for (at, line) in lines[..shown].iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        out.push_str(line);
        // A colour that was on must not fill the line.
        out.push_str("\x1b[0m\x1b[K");
    }
    if !fits {
        let more = lines.len() - shown;
        out.push_str(&format!(
            "\n({more} more lines: make the window higher)\x1b[K"
        ));
    }
    out.push_str("\x1b[J");
    out
}

fn write_whole(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::frame;

    #[test]
    fn a_frame_never_scrolls_and_says_what_it_left_out() {
        let text = "a\nb\nc\n";
        let whole = frame(text, 3);
        assert!(whole.contains('c') && !whole.contains("more"), "{whole:?}");
        let cut = frame(text, 2);
        assert!(
            cut.contains("(2 more lines") && !cut.contains('b'),
            "{cut:?}"
        );
        assert_eq!(cut.matches('\n').count(), 1);
    }
}
