//! One of several things, in YAML: `{name: {its: keys}}`, or the name alone.

use serde::de::{self, DeserializeSeed, IntoDeserializer, Visitor};

use super::decode::Reader;
use super::error::Position;
use super::fault::Fault;
use super::node::{Entry, Node, Value};
use super::path::Step;

/// A name alone: a variant without keys, or one whose keys can all be left out.
pub(super) struct Bare<'a>(pub(super) &'a str);

/// What stands below a name alone.
static NOTHING: Node = Node {
    at: Position::START,
    value: Value::Null,
    removed: false,
};

impl<'de, 'a> de::EnumAccess<'de> for Bare<'a> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Fault> {
        Ok((seed.deserialize(self.0.into_deserializer())?, self))
    }
}

impl<'de> de::VariantAccess<'de> for Bare<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        seed.deserialize(Reader(&NOTHING)).map_err(|fault| {
            let needs = match fault.steps.last() {
                Some(Step::Key(key)) if fault.missing => format!("needs `{key}`"),
                _ => "needs more than its name".to_owned(),
            };
            Fault::new(
                format!("`{}` {needs}", self.0),
                format!("write `{}: {{...}}` with its keys", self.0),
            )
        })
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        de::Deserializer::deserialize_seq(Reader(&NOTHING), visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        de::Deserializer::deserialize_struct(Reader(&NOTHING), "", known, visitor)
    }
}

/// `{process: {...}}`: the key is the variant.
pub(super) struct Variant<'a> {
    pub(super) entry: &'a Entry,
    pub(super) known: &'static [&'static str],
}

impl<'de, 'a> de::EnumAccess<'de> for Variant<'a> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Fault> {
        let key = self.entry.key.as_str();
        if !self.known.contains(&key) {
            let fault: Fault = de::Error::unknown_field(key, self.known);
            return Err(fault.under(Step::Key(key.to_owned()), self.entry.at));
        }
        let variant = seed.deserialize(key.into_deserializer())?;
        Ok((variant, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        Err(Fault::new("takes no keys", "write its name alone").under_entry(self.entry))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        let read = seed.deserialize(Reader(&self.entry.value));
        read.map_err(|fault| fault.under_entry(self.entry))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        let read = de::Deserializer::deserialize_seq(Reader(&self.entry.value), visitor);
        read.map_err(|fault| fault.under_entry(self.entry))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let read =
            de::Deserializer::deserialize_struct(Reader(&self.entry.value), "", known, visitor);
        read.map_err(|fault| fault.under_entry(self.entry))
    }
}
