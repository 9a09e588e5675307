//! The shapes of the platform API.

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::bot::AgentBotIn;
use super::{account, lenient, time};
use crate::model::{Account, Attributes, Membership, User};

/// An account, as the platform app that made it sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct PlatformAccountBody {
    id: i64,
    name: String,
    locale: String,
    domain: Option<String>,
    support_email: Option<String>,
    features: Map<String, Value>,
    custom_attributes: Map<String, Value>,
    limits: Map<String, Value>,
    status: &'static str,
    created_at: String,
}

impl PlatformAccountBody {
    pub(in crate::api::chatlake) fn new(account: Account) -> Self {
        Self {
            id: account.id.0,
            name: account.name,
            locale: account.locale,
            domain: account.domain,
            support_email: account.support_email,
            features: account::features(&account.features),
            custom_attributes: account.custom_attributes.0,
            limits: Map::new(),
            status: account.status.as_str(),
            created_at: time::iso(account.created_at),
        }
    }
}

/// An account to make, or what to change of one.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct PlatformAccountIn {
    pub(in crate::api::chatlake) name: Option<String>,
    pub(in crate::api::chatlake) locale: Option<String>,
    pub(in crate::api::chatlake) domain: Option<String>,
    pub(in crate::api::chatlake) support_email: Option<String>,
    #[serde(default, deserialize_with = "lenient::word")]
    #[schemars(with = "lenient::Word")]
    pub(in crate::api::chatlake) status: Option<String>,
    #[serde(default, deserialize_with = "lenient::attributes")]
    #[schemars(with = "lenient::Object")]
    pub(in crate::api::chatlake) custom_attributes: Option<Attributes>,
    #[serde(default, deserialize_with = "lenient::attributes")]
    #[schemars(with = "lenient::Object")]
    pub(in crate::api::chatlake) features: Option<Attributes>,
}

/// A user's place in an account, as it is kept.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct AccountUserBody {
    id: i64,
    account_id: i64,
    user_id: i64,
    role: &'static str,
    inviter_id: Option<i64>,
    created_at: String,
    updated_at: String,
    active_at: Option<String>,
    availability: &'static str,
    auto_offline: bool,
    custom_role_id: Option<i64>,
    agent_capacity_policy_id: Option<i64>,
}

impl AccountUserBody {
    /// A place has no number of its own: within its account, that of the user names it.
    pub(in crate::api::chatlake) fn new(membership: &Membership) -> Self {
        Self {
            id: membership.user.0,
            account_id: membership.account.0,
            user_id: membership.user.0,
            role: membership.role.as_str(),
            inviter_id: membership.inviter.map(|id| id.0),
            created_at: time::iso(membership.created_at),
            updated_at: time::iso(membership.updated_at),
            active_at: membership.active_at.map(time::iso),
            availability: membership.availability.as_str(),
            auto_offline: membership.auto_offline,
            custom_role_id: None,
            agent_capacity_policy_id: None,
        }
    }
}

/// A user, and what they are to do in an account.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct AccountUserIn {
    #[serde(default, deserialize_with = "lenient::id")]
    #[schemars(with = "lenient::Id")]
    pub(in crate::api::chatlake) user_id: Option<i64>,
    #[serde(default, deserialize_with = "lenient::word")]
    #[schemars(with = "lenient::Word")]
    pub(in crate::api::chatlake) role: Option<String>,
}

/// A bot to make, and in which account; in all, if none is named.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct PlatformBotIn {
    #[serde(default, deserialize_with = "lenient::id")]
    #[schemars(with = "lenient::Id")]
    pub(in crate::api::chatlake) account_id: Option<i64>,
    #[serde(flatten)]
    pub(in crate::api::chatlake) bot: AgentBotIn,
}

/// A user to make, or what to change of one.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct UserIn {
    pub(in crate::api::chatlake) name: Option<String>,
    pub(in crate::api::chatlake) display_name: Option<String>,
    pub(in crate::api::chatlake) email: Option<String>,
    #[schemars(with = "Option<String>")]
    pub(in crate::api::chatlake) password: Option<SecretString>,
    pub(in crate::api::chatlake) avatar_url: Option<String>,
    #[serde(default, deserialize_with = "lenient::attributes")]
    #[schemars(with = "lenient::Object")]
    pub(in crate::api::chatlake) custom_attributes: Option<Attributes>,
}

/// Where a user is signed in.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct SignInLink {
    pub(in crate::api::chatlake) url: String,
}

/// A user's token, which does not end by itself.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct UserToken {
    access_token: String,
    expiry: Option<i64>,
    user: TokensUser,
}

/// Whose token it is.
#[derive(Debug, Serialize, JsonSchema)]
struct TokensUser {
    id: i64,
    name: String,
    display_name: Option<String>,
    email: String,
    pubsub_token: String,
}

impl UserToken {
    pub(in crate::api::chatlake) fn new(user: User, access: &str, pubsub: String) -> Self {
        Self {
            access_token: access.to_owned(),
            expiry: None,
            user: TokensUser {
                id: user.id.0,
                name: user.name,
                display_name: user.display_name,
                email: user.email,
                pubsub_token: pubsub,
            },
        }
    }
}
