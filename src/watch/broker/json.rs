//! Cuts a streamed JSON array into its elements, so that a list of any length is read one element
//! at a time.
//!
//! It finds where an element ends and nothing more; what an element says is read by `serde_json`,
//! whose own recursion limit guards against deep nesting.

use crate::model::{Failure, Reason};

/// The longest element that is read, in bytes; a longer one is lost and counted.
pub const ELEMENT_CAP: usize = 256 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Before the opening bracket.
    Start,
    /// After the opening bracket: an element or the closing bracket.
    First,
    /// After a comma: an element.
    Next,
    /// In an element.
    Element,
    /// After the closing bracket.
    End,
}

/// The cutter. Feed it chunks, then [`Cutter::finish`].
#[derive(Debug)]
pub struct Cutter {
    at: At,
    depth: u64,
    in_string: bool,
    escaped: bool,
    element: Vec<u8>,
    too_long: bool,
    lost: u64,
}

impl Default for Cutter {
    fn default() -> Self {
        Cutter {
            at: At::Start,
            depth: 0,
            in_string: false,
            escaped: false,
            element: Vec::new(),
            too_long: false,
            lost: 0,
        }
    }
}

impl Cutter {
    /// Reads on; hands every complete element to `each`, which tells whether it could read it.
    pub fn feed(
        &mut self,
        chunk: &[u8],
        mut each: impl FnMut(&[u8]) -> bool,
    ) -> Result<(), Failure> {
        for byte in chunk {
            self.byte(*byte, &mut each)?;
        }
        Ok(())
    }

    /// Ends the reading and returns the elements lost.
    pub fn finish(self) -> Result<u64, Failure> {
        match self.at {
            At::End => Ok(self.lost),
            _ => Err(malformed("the JSON array ends before its closing bracket")),
        }
    }

    fn byte(&mut self, byte: u8, each: &mut impl FnMut(&[u8]) -> bool) -> Result<(), Failure> {
        if self.at == At::Element {
            return self.in_element(byte, each);
        }
        match (self.at, byte) {
            (_, b' ' | b'\t' | b'\r' | b'\n') => {}
            (At::Start, b'[') => self.at = At::First,
            (At::First, b']') => self.at = At::End,
            (At::First | At::Next, byte) if !matches!(byte, b',' | b']') => {
                self.at = At::Element;
                return self.in_element(byte, each);
            }
            (At::Start, _) => return Err(malformed("not a JSON array")),
            (At::End, _) => return Err(malformed("something follows the JSON array")),
            _ => return Err(malformed("an element of the JSON array is missing")),
        }
        Ok(())
    }

    fn in_element(
        &mut self,
        byte: u8,
        each: &mut impl FnMut(&[u8]) -> bool,
    ) -> Result<(), Failure> {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
        } else {
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b',' if self.depth == 0 => {
                    self.end_element(each);
                    self.at = At::Next;
                    return Ok(());
                }
                b']' if self.depth == 0 => {
                    self.end_element(each);
                    self.at = At::End;
                    return Ok(());
                }
                b'}' if self.depth == 0 => return Err(malformed("a brace too many")),
                b'}' | b']' => self.depth -= 1,
                _ => {}
            }
        }
        if self.element.len() < ELEMENT_CAP {
            self.element.push(byte);
        } else {
            self.too_long = true;
        }
        Ok(())
    }

    fn end_element(&mut self, each: &mut impl FnMut(&[u8]) -> bool) {
        if self.too_long || !each(&self.element) {
            self.lost += 1;
        }
        self.too_long = false;
        self.element.clear();
        self.element.shrink_to(16 * 1024);
    }
}

fn malformed(what: &str) -> Failure {
    Failure::new(Reason::Malformed, what)
}

#[cfg(test)]
mod tests;
