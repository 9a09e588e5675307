//! Numbers that name something.

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};

/// The first number that a client which knows only doubles cannot hold.
const LIMIT: i64 = 1 << 53;

/// A positive whole number below 2^53.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::api::instabot) struct Id(pub(in crate::api::instabot) i64);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(deserializer)?;
        if (1..LIMIT).contains(&number) {
            Ok(Self(number))
        } else {
            Err(de::Error::custom("must be from 1 to 2^53 - 1"))
        }
    }
}

/// A chat's handle: decimal digits in a string, or a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::api::instabot) struct StreamId(Option<i64>);

impl StreamId {
    /// Its number; nothing if no chat can have it.
    pub(in crate::api::instabot) fn number(&self) -> Option<i64> {
        self.0
    }
}

impl<'de> Deserialize<'de> for StreamId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Handle)
    }
}

struct Handle;

impl Visitor<'_> for Handle {
    type Value = StreamId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a whole number")
    }

    fn visit_str<E>(self, text: &str) -> Result<StreamId, E> {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        Ok(StreamId(text.parse().ok().filter(|_| is_number)))
    }

    fn visit_u64<E>(self, number: u64) -> Result<StreamId, E> {
        Ok(StreamId(i64::try_from(number).ok()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<StreamId, E> {
        Ok(StreamId(Some(number)))
    }
}
