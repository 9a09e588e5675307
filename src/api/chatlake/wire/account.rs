//! An account, as its people see it.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{lenient, time};
use crate::model::{Account, Attributes};
use crate::store::cache_keys::CacheKeys;

/// What everybody has; an account's own features stand beside it.
const FEATURES: [&str; 8] = [
    "agent_bots",
    "agent_management",
    "canned_responses",
    "custom_attributes",
    "inbox_management",
    "labels",
    "reports",
    "team_management",
];

/// The key of a list that never was changed.
const NEVER: &str = "0000000000";

/// An account in full.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct AccountBody {
    settings: Map<String, Value>,
    created_at: String,
    #[serde(skip_serializing_if = "Map::is_empty")]
    custom_attributes: Map<String, Value>,
    domain: Option<String>,
    features: Map<String, Value>,
    id: i64,
    locale: String,
    name: String,
    support_email: Option<String>,
    status: &'static str,
    cache_keys: CacheKeysBody,
    latest_chatwoot_version: &'static str,
}

/// When the lists that clients keep were last changed.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct CacheKeysBody {
    label: String,
    inbox: String,
    team: String,
}

impl From<CacheKeys> for CacheKeysBody {
    fn from(keys: CacheKeys) -> Self {
        let key = |at: Option<DateTime<Utc>>| match at {
            Some(at) => at.timestamp_micros().to_string(),
            None => NEVER.to_owned(),
        };
        Self {
            label: key(keys.labels),
            inbox: key(keys.inboxes),
            team: key(keys.teams),
        }
    }
}

impl AccountBody {
    pub(in crate::api::chatlake) fn new(
        account: Account,
        keys: CacheKeys,
        version: &'static str,
    ) -> Self {
        Self {
            settings: account.settings.0,
            created_at: time::iso(account.created_at),
            custom_attributes: account.custom_attributes.0,
            domain: account.domain,
            features: features(&account.features),
            id: account.id.0,
            locale: account.locale,
            name: account.name,
            support_email: account.support_email,
            status: account.status.as_str(),
            cache_keys: keys.into(),
            latest_chatwoot_version: version,
        }
    }
}

/// What is switched on, each with `true`.
pub(in crate::api::chatlake) fn features(own: &Attributes) -> Map<String, Value> {
    let mut features: Map<String, Value> = FEATURES
        .iter()
        .map(|name| ((*name).to_owned(), true.into()))
        .collect();
    for (name, value) in own.iter() {
        if value.as_bool().unwrap_or_default() {
            features.insert(name.clone(), true.into());
        } else {
            features.remove(name);
        }
    }
    features
}

/// What to change of an account. A setting that is null is no more set.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct AccountIn {
    pub(in crate::api::chatlake) name: Option<String>,
    pub(in crate::api::chatlake) locale: Option<String>,
    pub(in crate::api::chatlake) domain: Option<String>,
    pub(in crate::api::chatlake) support_email: Option<String>,
    #[serde(default, deserialize_with = "lenient::present_id")]
    #[schemars(with = "lenient::Id")]
    pub(in crate::api::chatlake) auto_resolve_after: Option<Option<i64>>,
    #[serde(default, deserialize_with = "lenient::present")]
    pub(in crate::api::chatlake) auto_resolve_message: Option<Option<String>>,
    #[serde(default, deserialize_with = "lenient::present_flag")]
    #[schemars(with = "lenient::Flag")]
    pub(in crate::api::chatlake) auto_resolve_ignore_waiting: Option<Option<bool>>,
    #[serde(default, deserialize_with = "lenient::present")]
    pub(in crate::api::chatlake) auto_resolve_label: Option<Option<String>>,
    #[serde(default, deserialize_with = "lenient::present_flag")]
    #[schemars(with = "lenient::Flag")]
    pub(in crate::api::chatlake) audio_transcriptions: Option<Option<bool>>,
    #[serde(default, deserialize_with = "lenient::present_flag")]
    #[schemars(with = "lenient::Flag")]
    pub(in crate::api::chatlake) keep_pending_on_bot_failure: Option<Option<bool>>,
    #[serde(default, deserialize_with = "lenient::present")]
    pub(in crate::api::chatlake) industry: Option<Option<String>>,
    #[serde(default, deserialize_with = "lenient::present")]
    pub(in crate::api::chatlake) company_size: Option<Option<String>>,
    #[serde(default, deserialize_with = "lenient::present")]
    pub(in crate::api::chatlake) timezone: Option<Option<String>>,
}
