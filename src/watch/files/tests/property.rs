//! Whatever is done to the files between readings: every whole error line that can still be reached
//! is counted once.

use super::*;
use proptest::prelude::*;

#[derive(Clone, Copy, Debug)]
enum Deed {
    /// Lines to the log, of which so many are errors.
    Append {
        lines: u8,
        errors: u8,
    },
    /// A part of a line that is an error once it is whole.
    Begin,
    /// Renamed, and begun anew.
    Rotate,
    /// Copied, and cut.
    CopyTruncate,
    /// Cut; what was not read yet is lost.
    Truncate,
    /// Deleted, and begun anew; the last writer was done.
    Remove,
    Read,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        5 => (0u8..5, 0u8..4).prop_map(|(lines, errors)| Deed::Append { lines, errors }),
        2 => Just(Deed::Begin),
        1 => Just(Deed::Rotate),
        1 => Just(Deed::CopyTruncate),
        1 => Just(Deed::Truncate),
        1 => Just(Deed::Remove),
        4 => Just(Deed::Read),
    ];
    prop::collection::vec(deed, 1..60)
}

/// The world as it ought to be seen.
struct Model {
    logs: Logs,
    serial: u64,
    /// Error lines counted, or bound to be.
    expected: u64,
    /// Whole error lines that are in the log and were not read.
    unread: u64,
    /// The log ends within an error line.
    begun: bool,
    /// The log was there at the last reading.
    known: bool,
    rotations: u32,
}

impl Model {
    fn write(&mut self, text: &str) {
        // What follows is unlike anything before it, as times of day make it.
        self.serial += 1;
        let text = text.replace('#', &self.serial.to_string());
        self.logs.append("a.log", text);
    }

    fn end_line(&mut self) {
        if std::mem::take(&mut self.begun) {
            self.write("-- # --\n");
            self.unread += 1;
        }
    }

    fn shift(&mut self) {
        for at in (1..=self.rotations).rev() {
            self.logs
                .rename(&format!("a.log.{at}"), &format!("a.log.{}", at + 1));
        }
        self.rotations += 1;
    }

    fn apply(&mut self, deed: Deed) {
        match deed {
            Deed::Append { lines, errors } => {
                self.end_line();
                for _ in 0..lines {
                    self.write("# all is well\n");
                }
                for _ in 0..errors {
                    self.write("# ERROR\n");
                }
                self.unread += u64::from(errors);
            }
            Deed::Begin => {
                if !self.begun {
                    self.write("# ERROR ");
                    self.begun = true;
                }
            }
            Deed::Rotate => {
                self.end_line();
                self.shift();
                self.logs.rename("a.log", "a.log.1");
                self.begin_anew();
                self.expected += std::mem::take(&mut self.unread);
            }
            Deed::CopyTruncate => {
                self.end_line();
                self.shift();
                self.logs.copy("a.log", "a.log.1");
                self.logs.truncate("a.log");
                self.write("# begun\n");
                self.expected += std::mem::take(&mut self.unread);
            }
            Deed::Truncate => {
                self.logs.truncate("a.log");
                self.begun = false;
                self.unread = 0;
                self.write("# begun\n");
            }
            Deed::Remove => {
                self.end_line();
                self.logs.remove("a.log");
                // Held open if it was ever seen.
                let unread = std::mem::take(&mut self.unread);
                self.expected += if self.known { unread } else { 0 };
                self.begin_anew();
            }
            Deed::Read => {
                self.expected += std::mem::take(&mut self.unread);
                self.known = true;
                assert_eq!(self.logs.errors(), self.expected);
            }
        }
    }

    fn begin_anew(&mut self) {
        self.known = false;
        self.write("# begun\n");
    }
}

proptest! {
    #[test]
    fn every_line_that_can_be_reached_is_counted_once(deeds in deeds()) {
        let mut model = Model {
            logs: Logs::new("a.log*"),
            serial: 0,
            expected: 0,
            unread: 0,
            begun: false,
            known: false,
            rotations: 0,
        };
        model.write("# ERROR before\n");
        model.apply(Deed::Read);
        for deed in deeds {
            model.apply(deed);
        }
        model.apply(Deed::Read);
    }
}
