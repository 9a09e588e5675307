//! Values as this API's clients write them: an id or a flag may come as text, and an object as the JSON of one.

use chrono::{DateTime, Utc};
use serde::de::{Deserialize, Deserializer, Error};
use serde_json::{Map, Value};

use crate::api::edge::parse_json;
use crate::model::Attributes;

/// An id, as a number or as text. Nothing, or an empty text, is none.
pub(in crate::api::chatlake) fn id<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<i64>, D::Error> {
    let id = match Value::deserialize(from)? {
        Value::Null => return Ok(None),
        Value::String(text) if text.is_empty() => return Ok(None),
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number.as_i64(),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    id.map(Some)
        .ok_or_else(|| Error::custom("an id is expected"))
}

/// Several ids. One alone, or nothing, is as good as a list.
pub(in crate::api::chatlake) fn ids<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Vec<i64>, D::Error> {
    let items = match Value::deserialize(from)? {
        Value::Array(items) => items,
        Value::Null => Vec::new(),
        one => vec![one],
    };
    let ids = items
        .into_iter()
        .map(|item| id(item).map_err(Error::custom));
    ids.filter_map(Result::transpose).collect()
}

/// A list of texts, or one text with commas between them.
pub(in crate::api::chatlake) fn texts<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Vec<String>, D::Error> {
    let texts = match Value::deserialize(from)? {
        Value::Null => Vec::new(),
        Value::String(text) => text.split(',').map(str::to_owned).collect(),
        Value::Array(items) => {
            let texts = items.into_iter().map(|item| match item {
                Value::String(text) => Ok(text),
                Value::Number(number) => Ok(number.to_string()),
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                    Err(Error::custom("a list of texts is expected"))
                }
            });
            texts.collect::<Result<_, _>>()?
        }
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            return Err(Error::custom("a list of texts is expected"));
        }
    };
    let texts = texts.into_iter().map(|text| text.trim().to_owned());
    Ok(texts.filter(|text| !text.is_empty()).collect())
}

/// A flag, as itself, as text or as a digit.
pub(in crate::api::chatlake) fn flag<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<bool>, D::Error> {
    match Value::deserialize(from)? {
        Value::Null => Ok(None),
        Value::Bool(flag) => Ok(Some(flag)),
        Value::String(text) if text.is_empty() => Ok(None),
        Value::String(text) if text == "true" || text == "1" => Ok(Some(true)),
        Value::String(text) if text == "false" || text == "0" => Ok(Some(false)),
        Value::Number(number) if number.as_i64() == Some(1) => Ok(Some(true)),
        Value::Number(number) if number.as_i64() == Some(0) => Ok(Some(false)),
        Value::String(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(Error::custom("true or false is expected"))
        }
    }
}

/// An object, or a text that is the JSON of one.
pub(in crate::api::chatlake) fn attributes<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Attributes>, D::Error> {
    match Value::deserialize(from)? {
        Value::Null => Ok(None),
        Value::String(text) if text.is_empty() => Ok(None),
        Value::Object(map) => Ok(Some(Attributes(map))),
        Value::String(json) => {
            let map: Map<String, Value> = parse_json(json.as_bytes()).map_err(Error::custom)?;
            Ok(Some(Attributes(map)))
        }
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            Err(Error::custom("an object is expected"))
        }
    }
}

/// A moment, as seconds since 1970 (a number or text) or in ISO form.
pub(in crate::api::chatlake) fn moment<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<DateTime<Utc>>, D::Error> {
    let seconds = |seconds: i64| DateTime::from_timestamp(seconds, 0);
    let moment = match Value::deserialize(from)? {
        Value::Null => return Ok(None),
        Value::String(text) if text.is_empty() => return Ok(None),
        Value::Number(number) => number.as_i64().and_then(seconds),
        Value::String(text) => match text.parse() {
            Ok(number) => seconds(number),
            Err(_) => DateTime::parse_from_rfc3339(&text)
                .ok()
                .map(|at| at.to_utc()),
        },
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    // PostgreSQL's calendar ends before this one's.
    let moment = moment.filter(|at| (0..=253_402_300_799).contains(&at.timestamp()));
    moment
        .map(Some)
        .ok_or_else(|| Error::custom("a time is expected"))
}

/// A text or nothing, where leaving it out means something else.
#[expect(
    clippy::option_option,
    reason = "nothing is said, or nothing is what is said"
)]
pub(in crate::api::chatlake) fn given<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(from).map(Some)
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

/// An id that is there, if only to say that there is none.
pub(in crate::api::chatlake) fn present_id<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Option<i64>>, D::Error> {
    id(from).map(Some)
}

/// A word out of a list, or its number there.
pub(in crate::api::chatlake) fn word<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<String>, D::Error> {
    match Value::deserialize(from)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text).filter(|text| !text.is_empty())),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            Err(Error::custom("a word or its number is expected"))
        }
    }
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
