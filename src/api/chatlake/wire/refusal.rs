//! The shapes in which this API refuses. Its clients match on them.

use schemars::JsonSchema;
use serde::Serialize;

/// One of the five.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(in crate::api::chatlake) enum RefusalBody {
    Sentence(Sentence),
    Stranger(Stranger),
    Unsuccessful(Unsuccessful),
    InvalidRecord(InvalidRecord),
    Plain(Plain),
}

/// What is wrong.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct Sentence {
    pub(in crate::api::chatlake) error: String,
}

/// That there are no credentials.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct Stranger {
    pub(in crate::api::chatlake) errors: [&'static str; 1],
}

/// What is wrong with a session.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct Unsuccessful {
    pub(in crate::api::chatlake) success: bool,
    pub(in crate::api::chatlake) errors: [&'static str; 1],
}

/// A record that does not hold: what is wrong in full sentences, and the fields at fault.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct InvalidRecord {
    pub(in crate::api::chatlake) message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::api::chatlake) attributes: Vec<&'static str>,
}

/// The status and its words. A failure of the server has a number to complain with.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct Plain {
    pub(in crate::api::chatlake) status: u16,
    pub(in crate::api::chatlake) error: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::api::chatlake) request_id: Option<String>,
}

impl RefusalBody {
    pub(in crate::api::chatlake) fn sentence(error: impl Into<String>) -> Self {
        let error = error.into();
        Self::Sentence(Sentence { error })
    }
}
