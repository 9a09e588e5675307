//! Why a server that a node asks gave nothing that a flow can use.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::model::has_nul;
use crate::outbound;

/// The longest text of a failure, in characters. Some of it may be the other server's.
const MAX_TEXT: usize = 200;

/// Why a call came to nothing. The text says what to mend and never an address inside.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Too slow.
    #[error("no complete answer in time")]
    Timeout,
    /// Nothing came back, or nobody may be asked there.
    #[error(transparent)]
    Outbound(outbound::Error),
    /// The answer is no success.
    #[error("the answer has the status {0}")]
    Status(u16),
    /// The answer is longer than is taken.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The answer is not what it must be.
    #[error("{0}")]
    Malformed(String),
    /// There is no signature without a key that can be used.
    #[error("the call cannot be signed with this key")]
    Unsignable,
    /// The service account got no access.
    #[error("the token endpoint has no token: {0}")]
    NoToken(Box<Self>),
}

impl Failure {
    /// One word for metrics and records.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Outbound(error) => error.class(),
            Self::Status(_) => "status",
            Self::TooLarge(_) => "too_large",
            Self::Malformed(_) => "malformed",
            Self::Unsignable => "key",
            Self::NoToken(_) => "token",
        }
    }

    /// Whether it was too slow, for which a node may have a way of its own.
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::Timeout => true,
            Self::NoToken(cause) => cause.is_timeout(),
            Self::Outbound(_)
            | Self::Status(_)
            | Self::TooLarge(_)
            | Self::Malformed(_)
            | Self::Unsignable => false,
        }
    }

    pub(super) fn malformed(cause: impl std::fmt::Display) -> Self {
        let cause = format!("the answer is malformed: {cause}");
        Self::Malformed(cause.chars().take(MAX_TEXT).collect())
    }
}

impl From<outbound::Error> for Failure {
    fn from(error: outbound::Error) -> Self {
        match error {
            outbound::Error::Timeout => Self::Timeout,
            error @ (outbound::Error::Url(_)
            | outbound::Error::Forbidden(_)
            | outbound::Error::Resolve
            | outbound::Error::Connect(_)
            | outbound::Error::Exchange(_)) => Self::Outbound(error),
        }
    }
}

/// The JSON of an answer that succeeded and came whole. No more than `max_bytes` of it were let in.
pub(super) fn body(answer: &outbound::Response, max_bytes: usize) -> Result<Value, Failure> {
    if !(200..300).contains(&answer.status) {
        return Err(Failure::Status(answer.status));
    }
    if answer.truncated {
        return Err(Failure::TooLarge(max_bytes));
    }
    serde_json::from_slice(&answer.body_head).map_err(Failure::malformed)
}

/// Reads an object that a database can hold.
pub(super) fn read<T: DeserializeOwned>(body: Value) -> Result<T, Failure> {
    if has_nul(&body) {
        return Err(Failure::malformed("it has a NUL character"));
    }
    // serde would take an array's items for a struct's fields.
    if !body.is_object() {
        return Err(Failure::malformed("it is no object"));
    }
    serde_path_to_error::deserialize(body).map_err(Failure::malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str, truncated: bool) -> outbound::Response {
        outbound::Response {
            status,
            retry_after: None,
            body_head: body.as_bytes().to_vec(),
            truncated,
        }
    }

    #[derive(Debug, serde::Deserialize)]
    struct Words {
        words: Vec<String>,
    }

    fn refusal(status: u16, body: &str, truncated: bool) -> (&'static str, String) {
        let body = super::body(&answer(status, body, truncated), 64);
        let failure = body.and_then(read::<Words>).unwrap_err();
        (failure.class(), failure.to_string())
    }

    #[test]
    fn an_answer_is_read_when_it_is_whole_and_succeeded() {
        let good = r#"{"words": ["a"], "more": 1}"#;
        let read: Words = read(body(&answer(201, good, false), 64).unwrap()).unwrap();
        assert_eq!(read.words, ["a"]);
        let status = ("status", "the answer has the status 301".to_owned());
        assert_eq!(refusal(301, good, false), status);
        let size = ("too_large", "the answer is larger than 64 bytes".to_owned());
        assert_eq!(refusal(200, good, true), size);
    }

    #[test]
    fn an_answer_of_another_shape_is_refused() {
        for (body, fault) in [
            (r#"{"words": ["a\u0000"]}"#, "it has a NUL character"),
            (r#"{"words": [], "\u0000": 1}"#, "it has a NUL character"),
            (r#"[["a"]]"#, "it is no object"),
            (
                r#"{"words": ["a", 1]}"#,
                "words[1]: invalid type: integer `1`, expected a string",
            ),
        ] {
            let expected = format!("the answer is malformed: {fault}");
            assert_eq!(refusal(200, body, false), ("malformed", expected));
        }
    }

    #[test]
    fn a_failure_repeats_little_of_what_was_sent() {
        let body = format!("{{\"words\": \"{}\"}}", "a".repeat(10_000));
        for body in ["", "<html>", "[", &body] {
            let (class, text) = refusal(200, body, false);
            assert_eq!(class, "malformed", "{text}");
            assert!(text.chars().count() <= MAX_TEXT, "{text}");
        }
    }
}
