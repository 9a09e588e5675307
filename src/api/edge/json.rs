//! Reading JSON from strangers: to a limit, as UTF-8, without NUL, not too deep, then into a type.

use std::fmt;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Request};
use http_body_util::BodyExt;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};

use super::guard::is_too_large;

/// The deepest nesting. What is taken comes back inside something else, and whoever reads that, this server among them,
/// gives up at 128 levels.
const MAX_LEVELS: usize = 110;

/// Whether a body that does not call itself JSON is taken as such.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentType {
    /// `application/json` or `…+json` is required.
    Json,
    /// Whatever it says, it is read as JSON.
    Any,
}

/// What is wrong with a body. The texts say what to mend and may be shown to the client.
#[derive(Debug, thiserror::Error)]
pub enum JsonFault {
    /// The `Content-Type` is missing or another one.
    #[error("the content type must be application/json")]
    ContentType,
    /// Larger than the server takes.
    #[error("the body is too large")]
    TooLarge,
    /// There is no body, or only white space.
    #[error("the body is empty")]
    Empty,
    /// The body ended before its announced length, or its framing is broken.
    #[error("the body is incomplete")]
    Incomplete,
    /// Not UTF-8.
    #[error("the body is not UTF-8")]
    NotUtf8,
    /// Not JSON, or nested too deeply.
    #[error("the body is not valid JSON: {0}")]
    Malformed(String),
    /// A string or a key holds the character U+0000.
    #[error("text must not contain the NUL character")]
    Nul,
    /// JSON, but not what this request takes.
    #[error("{}{message}", if path.is_empty() { String::new() } else { format!("{path}: ") })]
    Invalid {
        /// Where, as in `data.items[2].price`; empty for the whole.
        path: String,
        /// What is missing or ill-typed.
        message: String,
    },
}

/// Reads the body of `request`, a JSON object, into `T`. The limit is the one of [`guard`](super::guard()).
pub async fn read_json<T: DeserializeOwned>(
    request: Request<Body>,
    content_type: ContentType,
) -> Result<T, JsonFault> {
    if content_type == ContentType::Json && !declares_json(request.headers()) {
        return Err(JsonFault::ContentType);
    }
    let body = match request.into_body().collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if is_too_large(&error) => return Err(JsonFault::TooLarge),
        Err(_) => return Err(JsonFault::Incomplete),
    };
    parse_json(&body)
}

/// Reads the object `json` into `T` under the same rules, for JSON that arrives inside something else.
pub fn parse_json<T: DeserializeOwned>(json: &[u8]) -> Result<T, JsonFault> {
    let text = std::str::from_utf8(json).map_err(|_| JsonFault::NotUtf8)?;
    if text.trim_ascii().is_empty() {
        return Err(JsonFault::Empty);
    }
    // Fields that T does not know are skipped without a look, so all of it is looked at first.
    let seen: Seen =
        serde_json::from_str(text).map_err(|error| JsonFault::Malformed(error.to_string()))?;
    if seen.levels > MAX_LEVELS {
        let fault = format!("nested more than {MAX_LEVELS} levels deep");
        return Err(JsonFault::Malformed(fault));
    }
    if seen.nul {
        return Err(JsonFault::Nul);
    }
    // serde would take an array's items for a struct's fields.
    if !text.trim_ascii_start().starts_with('{') {
        return Err(JsonFault::Invalid {
            path: String::new(),
            message: "an object is expected".to_owned(),
        });
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = match error.path().to_string() {
            path if path == "." => String::new(),
            path => path,
        };
        let error = error.into_inner();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let message = error.to_string();
        JsonFault::Invalid {
            path,
            message: message.strip_suffix(&place).unwrap_or(&message).to_owned(),
        }
    })
}

fn declares_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    let essence = value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// What there is to see of any JSON value.
#[derive(Default)]
struct Seen {
    /// Some text or key holds the character U+0000.
    nul: bool,
    /// Lists and objects within one another.
    levels: usize,
}

impl Seen {
    fn text(text: &str) -> Self {
        Self {
            nul: text.contains('\0'),
            levels: 0,
        }
    }

    /// A list or an object, before one looks into it.
    fn around() -> Self {
        Self {
            nul: false,
            levels: 1,
        }
    }

    fn add(&mut self, within: &Self) {
        self.nul |= within.nul;
        self.levels = self.levels.max(within.levels + 1);
    }
}

impl<'de> Deserialize<'de> for Seen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Look)
    }
}

struct Look;

impl<'de> Visitor<'de> for Look {
    type Value = Seen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Seen, E> {
        Ok(Seen::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Seen, E> {
        Ok(Seen::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Seen, E> {
        Ok(Seen::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Seen, E> {
        Ok(Seen::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Seen, E> {
        Ok(Seen::default())
    }

    fn visit_str<E>(self, text: &str) -> Result<Seen, E> {
        Ok(Seen::text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Seen, A::Error> {
        let mut seen = Seen::around();
        while let Some(item) = items.next_element()? {
            seen.add(&item);
        }
        Ok(seen)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Seen, A::Error> {
        let mut seen = Seen::around();
        while let Some((key, value)) = entries.next_entry::<Seen, Seen>()? {
            seen.add(&key);
            seen.add(&value);
        }
        Ok(seen)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Order {
        items: Vec<Item>,
    }

    #[derive(Debug, Deserialize)]
    struct Item {
        price: i64,
    }

    fn fault(json: impl AsRef<[u8]>) -> String {
        parse_json::<Order>(json.as_ref()).unwrap_err().to_string()
    }

    #[test]
    fn unknown_fields_are_ignored() {
        let order: Order =
            parse_json(br#"{"items":[{"price":9223372036854775807}],"else":[{}]}"#).unwrap();
        assert_eq!(order.items[0].price, i64::MAX);
    }

    #[test]
    fn a_fault_says_where_it_is() {
        assert_eq!(
            fault(r#"{"items":[{"price":1},{"price":"2"}]}"#),
            r#"items[1].price: invalid type: string "2", expected i64"#
        );
        assert_eq!(
            fault(r#"{"items":[{}]}"#),
            "items[0]: missing field `price`"
        );
        assert_eq!(fault("{}"), "missing field `items`");
        assert_eq!(fault(r#"[[{"price":1}]]"#), "an object is expected");
    }

    #[test]
    fn a_number_over_two_to_the_63_is_no_integer() {
        assert_eq!(
            fault(r#"{"items":[{"price":9223372036854775808}]}"#),
            "items[0].price: invalid value: integer `9223372036854775808`, expected i64"
        );
        assert!(
            fault(r#"{"items":[{"price":1e400}]}"#)
                .starts_with("the body is not valid JSON: number out of range")
        );
    }

    #[test]
    fn nul_is_refused_wherever_it_hides() {
        for json in [
            r#"{"items":[],"x":"a\u0000"}"#,
            r#"{"\u0000":1}"#,
            r#"{"x":[[{"y":"\u0000"}]]}"#,
            r#""\u0000""#,
        ] {
            assert!(
                matches!(parse_json::<Order>(json.as_bytes()), Err(JsonFault::Nul)),
                "{json}"
            );
        }
    }

    #[test]
    fn what_is_no_json_is_refused() {
        assert!(matches!(
            parse_json::<Order>(b"\"\xff\""),
            Err(JsonFault::NotUtf8)
        ));
        assert!(matches!(parse_json::<Order>(b" \n"), Err(JsonFault::Empty)));
        for json in ["{", "{}x", "nul", r#""\ud800""#, "\"\0\"", "\u{feff}{}"] {
            assert!(
                matches!(
                    parse_json::<Order>(json.as_bytes()),
                    Err(JsonFault::Malformed(_))
                ),
                "{json}"
            );
        }
    }

    #[test]
    fn nesting_is_bounded_in_unknown_fields_too() {
        let nested = |depth: usize| {
            format!(
                r#"{{"items":[],"x":{}{}}}"#,
                "[".repeat(depth),
                "]".repeat(depth)
            )
        };
        assert!(parse_json::<Order>(nested(100).as_bytes()).is_ok());
        for depth in [110, 129, 100_000] {
            assert!(matches!(
                parse_json::<Order>(nested(depth).as_bytes()),
                Err(JsonFault::Malformed(_))
            ));
        }
    }
}
