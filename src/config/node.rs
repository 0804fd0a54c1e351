//! A YAML document as a tree that knows where everything stood.

use super::error::Position;
use super::path::{KeyPath, Step};

/// One value and where it stood.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub at: Position,
    pub value: Value,
    /// Found faulty and reported; decoding goes on as if it were not there.
    pub removed: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    Null,
    Scalar { text: String, plain: bool },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One key of a mapping and its value.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub key: String,
    pub at: Position,
    pub value: Node,
}

impl Node {
    pub(super) fn new(at: Position, value: Value) -> Self {
        Self {
            at,
            value,
            removed: false,
        }
    }

    /// Where the key at `path` stands; where it is not written, its nearest parent.
    pub(super) fn position(&self, path: &KeyPath) -> Position {
        let (mut node, mut found) = (self, Position::START);
        for (at, step) in path.0.iter().enumerate() {
            let last = at + 1 == path.0.len();
            match (&node.value, step) {
                (Value::Map(entries), Step::Key(key)) => {
                    let Some(entry) = entries.iter().find(|e| e.key == *key) else {
                        return found;
                    };
                    // A scalar is the fault itself; of a block, its key says more.
                    let scalar = matches!(entry.value.value, Value::Scalar { .. });
                    found = if last && scalar {
                        entry.value.at
                    } else {
                        entry.at
                    };
                    node = &entry.value;
                }
                (Value::List(items), Step::Item(item)) => {
                    let Some(item) = items.get(*item) else {
                        return found;
                    };
                    found = item.at;
                    node = item;
                }
                // One value where a list may stand.
                (_, Step::Item(0)) => {}
                _ => return found,
            }
        }
        found
    }

    /// Takes the node at `path` out; whether there was one.
    pub(super) fn remove(&mut self, path: &KeyPath) -> bool {
        let mut node = self;
        for step in &path.0 {
            let next = match (&mut node.value, step) {
                (Value::Map(entries), Step::Key(key)) => entries
                    .iter_mut()
                    .find(|e| e.key == *key && !e.value.removed)
                    .map(|e| &mut e.value),
                (Value::List(items), Step::Item(item)) => items.get_mut(*item),
                _ => None,
            };
            let Some(next) = next else { return false };
            node = next;
        }
        !std::mem::replace(&mut node.removed, true)
    }
}
