//! Agents as administrators write them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::lenient;
use crate::api::chatlake::params::Wrap;

/// An agent to invite, or what to change of one.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct AgentIn {
    pub(in crate::api::chatlake) name: Option<String>,
    pub(in crate::api::chatlake) email: Option<String>,
    #[serde(default, deserialize_with = "lenient::word")]
    #[schemars(with = "lenient::Word")]
    pub(in crate::api::chatlake) role: Option<String>,
    #[serde(default, deserialize_with = "lenient::word")]
    #[schemars(with = "lenient::Word")]
    pub(in crate::api::chatlake) availability: Option<String>,
    #[serde(default, deserialize_with = "lenient::flag")]
    #[schemars(with = "lenient::Flag")]
    pub(in crate::api::chatlake) auto_offline: Option<bool>,
}

impl Wrap for AgentIn {
    const NAME: &'static str = "agent";
}

/// Several agents to invite, by their e-mail addresses.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct AgentsIn {
    pub(in crate::api::chatlake) emails: Option<Vec<String>>,
}
