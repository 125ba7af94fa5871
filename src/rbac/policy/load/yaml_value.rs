//! Gives the parts of a YAML value to serde. A scalar is the text that was typed, since every field that is read is a text: `name: 007` is
//! `007`.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, DeserializeSeed, IntoDeserializer as _, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

#[derive(Debug, Clone)]
pub(super) struct Part<'a> {
    pub(super) line: usize,
    pub(super) kind: PartKind<'a>,
}

#[derive(Debug, Clone)]
pub(super) enum PartKind<'a> {
    Scalar { text: Cow<'a, str>, is_null: bool },
    SequenceStart,
    SequenceEnd,
    MappingStart,
    MappingEnd,
}

pub(super) struct ValueReader<'p, 'a> {
    parts: &'p [Part<'a>],
    at: usize,
}

/// What serde says is wrong.
#[derive(Debug)]
pub(super) struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

impl<'p, 'a> ValueReader<'p, 'a> {
    pub(super) fn new(parts: &'p [Part<'a>]) -> Self {
        Self { parts, at: 0 }
    }

    /// Returns the line of the part that was read last.
    pub(super) fn line(&self) -> usize {
        self.parts
            .get(self.at.saturating_sub(1))
            .map_or(1, |part| part.line)
    }

    fn peek(&self) -> Result<&'p PartKind<'a>, Error> {
        let part = self.parts.get(self.at);
        part.map(|part| &part.kind)
            .ok_or_else(|| Error("it ends too early".to_owned()))
    }

    fn take(&mut self) -> Result<&'p PartKind<'a>, Error> {
        let kind = self.peek()?;
        self.at += 1;
        Ok(kind)
    }

    fn skip(&mut self) -> Result<(), Error> {
        let mut depth = 0_usize;
        loop {
            match self.take()? {
                PartKind::SequenceStart | PartKind::MappingStart => depth += 1,
                PartKind::SequenceEnd | PartKind::MappingEnd => depth = depth.saturating_sub(1),
                PartKind::Scalar { .. } => {}
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }
}

impl<'de> de::Deserializer<'de> for &mut ValueReader<'de, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.take()? {
            PartKind::Scalar { text, .. } => visitor.visit_borrowed_str(text),
            PartKind::SequenceStart => visitor.visit_seq(self),
            PartKind::MappingStart => visitor.visit_map(self),
            PartKind::SequenceEnd | PartKind::MappingEnd => Err(Error("it ends too early".to_owned())),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if matches!(self.peek()?, PartKind::Scalar { is_null: true, .. }) {
            self.at += 1;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.skip()?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map
        struct enum identifier
    }
}

impl<'de> SeqAccess<'de> for &mut ValueReader<'de, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        if matches!(self.peek()?, PartKind::SequenceEnd) {
            self.at += 1;
            return Ok(None);
        }
        seed.deserialize(&mut **self).map(Some)
    }
}

impl<'de> MapAccess<'de> for &mut ValueReader<'de, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        match self.take()? {
            PartKind::MappingEnd => Ok(None),
            PartKind::Scalar { text, .. } if text == "<<" => {
                Err(Error("merge keys (`<<`) are not supported".to_owned()))
            }
            PartKind::Scalar { text, .. } => seed.deserialize((&**text).into_deserializer()).map(Some),
            PartKind::SequenceStart | PartKind::SequenceEnd | PartKind::MappingStart => {
                Err(Error("a key is no text".to_owned()))
            }
        }
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(&mut **self)
    }
}
