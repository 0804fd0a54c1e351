//! A tree of nodes to a type: serde's `Deserializer` over [`Node`], whose errors know position
//! and key path and speak the words of the file.

use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, Visitor};
use std::collections::HashSet;

use super::error::Position;
use super::fault::Fault;
use super::node::{Entry, Node, Value};
use super::path::{KeyPath, Step};
use super::suggest;
use super::variant::{Bare, Variant};

/// Reads `node` as a `T`; collects every fault, as far as one does not hide another.
pub(super) fn decode<T: DeserializeOwned>(node: &mut Node) -> Result<T, Vec<Fault>> {
    /// More than a reader will mend in one go.
    const MAX_FAULTS: usize = 20;
    let mut faults: Vec<Fault> = Vec::new();
    let mut reported: Vec<KeyPath> = Vec::new();
    loop {
        let mut fault = match T::deserialize(Reader(node)) {
            Ok(value) if faults.is_empty() => return Ok(value),
            Ok(_) => return Err(faults),
            Err(fault) => fault,
        };
        fault.at.get_or_insert(Position::START);
        if let Some(known) = fault.known {
            fault.remedy = suggest::key(&fault.path(), known);
        }
        // Goes on without the faulty value; a missing key takes its mapping with it.
        let mut path = fault.path();
        if fault.missing {
            let known = reported.contains(&path);
            path = path.parent();
            if !known {
                faults.push(fault);
            }
        } else {
            reported.push(path.clone());
            if !fault.echo {
                faults.push(fault);
            }
        }
        if faults.len() >= MAX_FAULTS || path.is_root() || !node.remove(&path) {
            return Err(faults);
        }
    }
}

#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a Node);

impl Reader<'_> {
    fn kind(self) -> &'static str {
        match &self.0.value {
            Value::Null => "nothing",
            Value::Scalar { plain: false, .. } => "a text in quotes",
            Value::Scalar { text, .. } if text.parse::<f64>().is_ok() => "a number",
            Value::Scalar { .. } => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    fn not(self, expected: &str, remedy: &str) -> Fault {
        Fault::new(format!("must be {expected}, not {}", self.kind()), remedy)
    }

    fn number<T: std::str::FromStr>(self, expected: &str) -> Result<T, Fault> {
        match &self.0.value {
            Value::Scalar { text, plain: true } => {
                text.parse().map_err(|_| self.not_in_range(text, expected))
            }
            _ => Err(self.not(expected, "write the number as it is, without quotes")),
        }
    }

    fn not_in_range(self, text: &str, expected: &str) -> Fault {
        match text.parse::<f64>() {
            Ok(_) => Fault::new(
                format!("must be {expected}, not {text}"),
                "write such a number",
            ),
            Err(_) => self.not(expected, "write the number as it is"),
        }
    }
}

macro_rules! numbers {
    ($($method:ident, $visit:ident, $expected:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            visitor.$visit(self.number($expected)?)
        }
    )*};
}

impl<'de> de::Deserializer<'de> for Reader<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.0.value {
            Value::Null => {
                Err(self.not("a value", "write a value after the `:`, or remove the key"))
            }
            Value::Scalar { text, .. } => visitor.visit_str(text),
            Value::List(items) => visitor.visit_seq(Items {
                items: items.iter(),
                at: 0,
            }),
            Value::Map(_) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.0.value {
            Value::Scalar { text, .. } => visitor.visit_str(text),
            _ => {
                let expected = (&visitor as &dyn de::Expected).to_string();
                Err(self.not(&expected, "write one value after the `:`"))
            }
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.0.value {
            Value::Scalar { text, plain: true } if text == "true" => visitor.visit_bool(true),
            Value::Scalar { text, plain: true } if text == "false" => visitor.visit_bool(false),
            _ => Err(self.not(
                "`true` or `false`",
                "write `true` or `false`, without quotes",
            )),
        }
    }

    numbers! {
        deserialize_u8, visit_u8, "a whole number from 0 to 255";
        deserialize_u16, visit_u16, "a whole number from 0 to 65535";
        deserialize_u32, visit_u32, "a whole number of 0 or more";
        deserialize_u64, visit_u64, "a whole number of 0 or more";
        deserialize_i64, visit_i64, "a whole number";
        deserialize_f64, visit_f64, "a number";
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.0.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    /// Nothing after a `key:` is a list all of whose lines are commented out.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.0.value {
            Value::Null => visitor.visit_seq(Items {
                items: [].iter(),
                at: 0,
            }),
            Value::List(items) => visitor.visit_seq(Items {
                items: items.iter(),
                at: 0,
            }),
            _ => Err(self.not(
                "a list",
                "write `[a, b]`, or each item on a line of its own after `- `",
            )),
        }
    }

    /// Nothing after a `key:` is a mapping all of whose lines are commented out.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.0.value {
            Value::Null => visitor.visit_map(Entries::of(&[])),
            Value::Map(map) => visitor.visit_map(Entries::of(map)),
            _ => Err(self.not("a mapping", "write `key: value` lines below it, indented")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.0.value {
            Value::Null | Value::Map(_) => self.deserialize_map(visitor),
            _ => Err(self.not("a mapping", &format!("its keys are: {}", known.join(", ")))),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let remedy = format!("exactly one of: {}", known.join(", "));
        match &self.0.value {
            Value::Scalar { text, .. } if known.contains(&text.as_str()) => {
                visitor.visit_enum(Bare(text))
            }
            Value::Scalar { text, .. } => Err(Fault::new(
                format!("unknown value `{text}`"),
                suggest::value(text, known),
            )),
            Value::Map(entries) => {
                let mut given = entries.iter().filter(|entry| !entry.value.removed);
                match (given.next(), given.next()) {
                    (Some(entry), None) => visitor.visit_enum(Variant { entry, known }),
                    (Some(first), Some(second)) => {
                        let problem = format!("has both `{}` and `{}`", first.key, second.key);
                        Err(Fault {
                            at: Some(second.at),
                            ..Fault::new(problem, remedy)
                        })
                    }
                    (None, _) => {
                        let echo = !entries.is_empty();
                        Err(Fault {
                            echo,
                            ..Fault::new("says nothing", remedy)
                        })
                    }
                }
            }
            _ => Err(self.not("a mapping", &remedy)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 f32 char bytes byte_buf unit unit_struct tuple tuple_struct identifier
    }
}

struct Items<'a> {
    items: std::slice::Iter<'a, Node>,
    at: usize,
}

impl<'de> de::SeqAccess<'de> for Items<'_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        for item in self.items.by_ref() {
            self.at += 1;
            if !item.removed {
                let step = || Step::Item(self.at - 1);
                let read = seed.deserialize(Reader(item)).map(Some);
                return read.map_err(|fault| fault.under(step(), item.at));
            }
        }
        Ok(None)
    }
}

struct Entries<'a> {
    entries: std::slice::Iter<'a, Entry>,
    current: Option<&'a Entry>,
    seen: HashSet<&'a str>,
}

impl<'a> Entries<'a> {
    fn of(entries: &'a [Entry]) -> Self {
        Self {
            entries: entries.iter(),
            current: None,
            seen: HashSet::new(),
        }
    }
}

impl<'de> de::MapAccess<'de> for Entries<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        let Some(entry) = self.entries.find(|entry| !entry.value.removed) else {
            return Ok(None);
        };
        self.current = Some(entry);
        if !self.seen.insert(&entry.key) {
            let remedy = "keep one of the two; join what they hold";
            let fault = Fault::new("is given twice", remedy);
            return Err(fault.under(Step::Key(entry.key.clone()), entry.at));
        }
        let key = seed.deserialize(entry.key.as_str().into_deserializer());
        key.map(Some)
            .map_err(|fault: Fault| fault.under(Step::Key(entry.key.clone()), entry.at))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let Some(entry) = self.current.take() else {
            return Err(de::Error::custom("a value was asked for before its key"));
        };
        seed.deserialize(Reader(&entry.value))
            .map_err(|fault| fault.under_entry(entry))
    }
}
