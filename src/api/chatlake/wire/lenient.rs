//! Values as this API's clients write them: an id or a flag may come as text, and an object as the JSON of one.
//!
//! A function reads a field, and a type beside it has a variant for each form of what is taken. The API's document shows
//! the type.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::de::{Deserialize, Deserializer, Error};
use serde_json::{Map, Number, Value};

use crate::api::edge::parse_json;
use crate::model::Attributes;

/// An id, as a number or as text. Nothing, or an empty text, is none.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(untagged, expecting = "an id is expected")]
pub(in crate::api::chatlake) enum Id {
    Number(i64),
    Text(String),
    Nothing,
}

impl Id {
    fn read<E: Error>(self) -> Result<Option<i64>, E> {
        match self {
            Self::Number(id) => Ok(Some(id)),
            Self::Nothing => Ok(None),
            Self::Text(text) if text.is_empty() => Ok(None),
            Self::Text(text) => {
                let id = text.trim().parse().map(Some);
                id.map_err(|_| E::custom("an id is expected"))
            }
        }
    }
}

pub(in crate::api::chatlake) fn id<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<i64>, D::Error> {
    Id::deserialize(from)?.read()
}

/// An id that is there, if only to say that there is none.
pub(in crate::api::chatlake) fn present_id<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Option<i64>>, D::Error> {
    id(from).map(Some)
}

/// Several ids. One alone, or nothing, is as good as a list.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(untagged, expecting = "ids are expected")]
pub(in crate::api::chatlake) enum Ids {
    Several(Vec<Id>),
    One(Id),
}

pub(in crate::api::chatlake) fn ids<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Vec<i64>, D::Error> {
    let ids = match Ids::deserialize(from)? {
        Ids::Several(ids) => ids,
        Ids::One(id) => vec![id],
    };
    let ids = ids.into_iter().map(Id::read);
    ids.filter_map(Result::transpose).collect()
}

/// A list of texts, or one text with commas between them.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a list of texts is expected")]
pub(in crate::api::chatlake) enum Texts {
    Several(Vec<Digits>),
    One(String),
    Nothing,
}

/// A text, or a number that stands for its digits.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::api::chatlake) enum Digits {
    Text(String),
    Number(Number),
}

pub(in crate::api::chatlake) fn texts<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Vec<String>, D::Error> {
    let text = |item| match item {
        Digits::Text(text) => text,
        Digits::Number(number) => number.to_string(),
    };
    let texts: Vec<String> = match Texts::deserialize(from)? {
        Texts::Several(items) => items.into_iter().map(text).collect(),
        Texts::One(text) => text.split(',').map(str::to_owned).collect(),
        Texts::Nothing => Vec::new(),
    };
    let texts = texts.into_iter().map(|text| text.trim().to_owned());
    Ok(texts.filter(|text| !text.is_empty()).collect())
}

/// A flag, as itself, as text or as a digit.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(untagged, expecting = "true or false is expected")]
pub(in crate::api::chatlake) enum Flag {
    Itself(bool),
    Digit(i64),
    Text(String),
    Nothing,
}

pub(in crate::api::chatlake) fn flag<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<bool>, D::Error> {
    let text = match Flag::deserialize(from)? {
        Flag::Nothing => return Ok(None),
        Flag::Itself(flag) => return Ok(Some(flag)),
        Flag::Digit(digit) => digit.to_string(),
        Flag::Text(text) => text,
    };
    match text.as_str() {
        "" => Ok(None),
        "true" | "1" => Ok(Some(true)),
        "false" | "0" => Ok(Some(false)),
        _ => Err(Error::custom("true or false is expected")),
    }
}

/// A flag that is there, if only to say that there is none.
pub(in crate::api::chatlake) fn present_flag<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Option<bool>>, D::Error> {
    flag(from).map(Some)
}

/// An object, or a text that is the JSON of one.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(untagged, expecting = "an object is expected")]
pub(in crate::api::chatlake) enum Object {
    Itself(Map<String, Value>),
    Json(String),
    Nothing,
}

pub(in crate::api::chatlake) fn attributes<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Attributes>, D::Error> {
    match Object::deserialize(from)? {
        Object::Nothing => Ok(None),
        Object::Itself(map) => Ok(Some(Attributes(map))),
        Object::Json(json) if json.is_empty() => Ok(None),
        Object::Json(json) => {
            let map: Map<String, Value> = parse_json(json.as_bytes()).map_err(Error::custom)?;
            Ok(Some(Attributes(map)))
        }
    }
}

/// A moment, as seconds since 1970 (a number or text) or in ISO form.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a time is expected")]
pub(in crate::api::chatlake) enum Moment {
    Seconds(i64),
    Text(String),
    Nothing,
}

pub(in crate::api::chatlake) fn moment<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<DateTime<Utc>>, D::Error> {
    let seconds = |seconds: i64| DateTime::from_timestamp(seconds, 0);
    let moment = match Moment::deserialize(from)? {
        Moment::Nothing => return Ok(None),
        Moment::Text(text) if text.is_empty() => return Ok(None),
        Moment::Seconds(number) => seconds(number),
        Moment::Text(text) => match text.parse() {
            Ok(number) => seconds(number),
            Err(_) => DateTime::parse_from_rfc3339(&text)
                .ok()
                .map(|at| at.to_utc()),
        },
    };
    // PostgreSQL's calendar ends before this one's.
    let moment = moment.filter(|at| (0..=253_402_300_799).contains(&at.timestamp()));
    moment
        .map(Some)
        .ok_or_else(|| Error::custom("a time is expected"))
}

/// A word out of a list, or its number there.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a word or its number is expected")]
pub(in crate::api::chatlake) enum Word {
    Text(String),
    Number(Number),
    Nothing,
}

pub(in crate::api::chatlake) fn word<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<String>, D::Error> {
    match Word::deserialize(from)? {
        Word::Nothing => Ok(None),
        Word::Text(text) => Ok(Some(text).filter(|text| !text.is_empty())),
        Word::Number(number) => Ok(Some(number.to_string())),
    }
}

/// A text; the word `null`, as some clients write nothing, is none.
pub(in crate::api::chatlake) fn text_or_null<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    Ok(text.filter(|text| !text.is_empty() && text != "null"))
}

/// A field that is there, if only to say null: what is not there is left as it was.
pub(in crate::api::chatlake) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// A text that is there, if only to say that there is none: as null, as nothing, or as the word.
pub(in crate::api::chatlake) fn present_text<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Option<String>>, D::Error> {
    text_or_null(from).map(Some)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct All {
        #[serde(default, deserialize_with = "id")]
        id: Option<i64>,
        #[serde(default, deserialize_with = "flag")]
        flag: Option<bool>,
        #[serde(default, deserialize_with = "attributes")]
        attributes: Option<Attributes>,
        #[serde(default, deserialize_with = "moment")]
        moment: Option<DateTime<Utc>>,
    }

    fn read(json: &Value) -> Option<All> {
        parse_json(json.to_string().as_bytes()).ok()
    }

    #[test]
    fn text_is_as_good_as_the_value() {
        let value = read(&json!({"id": 7, "flag": true, "attributes": {"a": 1}, "moment": 60}));
        assert!(value.is_some());
        let text = json!({"id": "7", "flag": "true", "attributes": "{\"a\":1}", "moment": "1970-01-01T00:01:00Z"});
        assert_eq!(read(&text), value);
        assert_eq!(
            read(&json!({"id": "", "flag": "", "attributes": "", "moment": ""})),
            read(&json!({}))
        );
    }

    #[test]
    fn other_things_are_refused() {
        for wrong in [
            json!({"id": 1.5}),
            json!({"id": 9_223_372_036_854_775_808_u64}),
            json!({"id": "seven"}),
            json!({"flag": "yes"}),
            json!({"flag": 2}),
            json!({"attributes": []}),
            json!({"attributes": "[]"}),
            json!({"attributes": "{\"a\":\"\\u0000\"}"}),
            json!({"moment": true}),
            json!({"moment": i64::MAX}),
            json!({"moment": -1}),
        ] {
            assert_eq!(read(&wrong), None, "{wrong}");
        }
    }
}
