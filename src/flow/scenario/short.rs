//! What may be written short: a text for a map that holds little else, and one thing for a list of one.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, DeserializeOwned, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Something that a text alone may stand for.
#[derive(Debug, Clone)]
pub(super) struct Short<T>(pub(super) T);

/// None, one or several of them.
#[derive(Debug, Clone)]
pub(super) struct Many<T>(pub(super) Vec<T>);

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

struct ShortVisitor<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned + for<'a> From<&'a str>> Visitor<'de> for ShortVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text (in quotes if it looks like something else) or a map")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        Ok(text.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

impl<'de, T: DeserializeOwned + for<'a> From<&'a str>> Deserialize<'de> for Short<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(ShortVisitor(PhantomData))
            .map(Self)
    }
}

struct ManyVisitor<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned + for<'a> From<&'a str>> Visitor<'de> for ManyVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text (in quotes if it looks like something else), a map, or a list of them")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<T>, E> {
        Ok(vec![text.into()])
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vec<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|one| vec![one])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Vec<T>, A::Error> {
        let all = Vec::<Short<T>>::deserialize(SeqAccessDeserializer::new(seq))?;
        Ok(all.into_iter().map(|one| one.0).collect())
    }
}

impl<'de, T: DeserializeOwned + for<'a> From<&'a str>> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(ManyVisitor(PhantomData))
            .map(Self)
    }
}
