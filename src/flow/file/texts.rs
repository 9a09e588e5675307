//! Texts: one or several, and in one language or in several.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer, StrDeserializer};
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// One text, or several, each a message of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

/// The same for everybody, or by language: a map from language tags such as `en` or `pt-BR`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Localised<T> {
    /// The same for everybody.
    Same(T),
    /// By language.
    ByLanguage(BTreeMap<String, T>),
}

/// What is said.
pub type Texts = Localised<OneOrMany>;

/// What an option shows.
pub type Title = Localised<String>;

impl OneOrMany {
    /// The texts.
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrManyVisitor)
    }
}

struct OneOrManyVisitor;

impl<'de> Visitor<'de> for OneOrManyVisitor {
    type Value = OneOrMany;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text (in quotes if it looks like something else) or a list of texts")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<OneOrMany, E> {
        Ok(OneOrMany::One(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<OneOrMany, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(seq)).map(OneOrMany::Many)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Localised<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LocalisedVisitor(PhantomData))
    }
}

struct LocalisedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for LocalisedVisitor<T> {
    type Value = Localised<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text (in quotes if it looks like something else), or texts by language")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Localised<T>, E> {
        T::deserialize(StrDeserializer::new(text)).map(Localised::Same)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Localised<T>, A::Error> {
        T::deserialize(SeqAccessDeserializer::new(seq)).map(Localised::Same)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Localised<T>, A::Error> {
        BTreeMap::deserialize(MapAccessDeserializer::new(map)).map(Localised::ByLanguage)
    }
}
