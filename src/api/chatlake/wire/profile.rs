//! A user, as they see themself.

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{lenient, time};
use crate::api::chatlake::params::Wrap;
use crate::model::{Attributes, Membership, User};

/// A user in full.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct ProfileBody {
    access_token: String,
    account_id: Option<i64>,
    available_name: String,
    avatar_url: String,
    confirmed: bool,
    display_name: Option<String>,
    message_signature: Option<String>,
    email: String,
    id: i64,
    inviter_id: Option<i64>,
    name: String,
    provider: &'static str,
    pubsub_token: String,
    #[serde(skip_serializing_if = "Map::is_empty")]
    custom_attributes: Map<String, Value>,
    role: Option<&'static str>,
    ui_settings: Map<String, Value>,
    uid: String,
    r#type: Option<&'static str>,
    accounts: Vec<MembershipBody>,
}

/// A user's place in one of their accounts.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct MembershipBody {
    id: i64,
    name: String,
    status: &'static str,
    onboarding_step: Option<&'static str>,
    active_at: Option<String>,
    role: &'static str,
    permissions: [&'static str; 1],
    availability: &'static str,
    availability_status: &'static str,
    auto_offline: bool,
}

/// What opens things for a user, and tells them what happens.
#[derive(Debug)]
pub(in crate::api::chatlake) struct Tokens {
    /// As the user shows it.
    pub(in crate::api::chatlake) access: String,
    /// Where the user's client listens.
    pub(in crate::api::chatlake) pubsub: String,
}

impl ProfileBody {
    /// The membership at the head is that of the account in use.
    pub(in crate::api::chatlake) fn new(
        user: User,
        memberships: &[Membership],
        tokens: Tokens,
    ) -> Self {
        let active = memberships.first();
        Self {
            access_token: tokens.access,
            account_id: active.map(|membership| membership.account.0),
            available_name: user.available_name().to_owned(),
            avatar_url: user.avatar_url,
            confirmed: true,
            display_name: user.display_name,
            message_signature: user.message_signature,
            uid: user.email.clone(),
            email: user.email,
            id: user.id.0,
            inviter_id: active.and_then(|membership| Some(membership.inviter?.0)),
            name: user.name,
            provider: "email",
            pubsub_token: tokens.pubsub,
            custom_attributes: user.custom_attributes.0,
            role: active.map(|membership| membership.role.as_str()),
            ui_settings: user.ui_settings.0,
            r#type: None,
            accounts: memberships.iter().map(MembershipBody::new).collect(),
        }
    }
}

impl MembershipBody {
    fn new(membership: &Membership) -> Self {
        Self {
            id: membership.account.0,
            name: membership.account_name.clone(),
            status: membership.account_status.as_str(),
            onboarding_step: None,
            active_at: membership.active_at.map(time::iso),
            role: membership.role.as_str(),
            permissions: [membership.role.as_str()],
            availability: membership.availability.as_str(),
            availability_status: membership.reachability().as_str(),
            auto_offline: membership.auto_offline,
        }
    }
}

/// What a user changes of themself.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct ProfileIn {
    pub(in crate::api::chatlake) name: Option<String>,
    pub(in crate::api::chatlake) email: Option<String>,
    pub(in crate::api::chatlake) display_name: Option<String>,
    pub(in crate::api::chatlake) avatar_url: Option<String>,
    pub(in crate::api::chatlake) message_signature: Option<String>,
    #[serde(default, deserialize_with = "lenient::attributes")]
    #[schemars(with = "lenient::Object")]
    pub(in crate::api::chatlake) ui_settings: Option<Attributes>,
    #[schemars(with = "Option<String>")]
    pub(in crate::api::chatlake) current_password: Option<SecretString>,
    #[schemars(with = "Option<String>")]
    pub(in crate::api::chatlake) password: Option<SecretString>,
    #[schemars(with = "Option<String>")]
    pub(in crate::api::chatlake) password_confirmation: Option<SecretString>,
}

/// What a user says of being reachable in one account, or which account they turn to.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct PresenceIn {
    #[serde(default, deserialize_with = "lenient::id")]
    #[schemars(with = "lenient::Id")]
    pub(in crate::api::chatlake) account_id: Option<i64>,
    #[serde(default, deserialize_with = "lenient::word")]
    #[schemars(with = "lenient::Word")]
    pub(in crate::api::chatlake) availability: Option<String>,
    #[serde(default, deserialize_with = "lenient::flag")]
    #[schemars(with = "lenient::Flag")]
    pub(in crate::api::chatlake) auto_offline: Option<bool>,
}

impl Wrap for ProfileIn {
    const NAME: &'static str = "profile";
}

impl Wrap for PresenceIn {
    const NAME: &'static str = "profile";
}

/// What a client shows to sign in: a password, or the token of a link.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct SignInBody {
    pub(in crate::api::chatlake) email: Option<String>,
    #[schemars(with = "Option<String>")]
    pub(in crate::api::chatlake) password: Option<SecretString>,
    #[schemars(with = "Option<String>")]
    pub(in crate::api::chatlake) sso_auth_token: Option<SecretString>,
}

/// Who was signed in.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct SignedIn {
    pub(in crate::api::chatlake) data: ProfileBody,
}

/// That a client is signed in, and as whom.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct Validated {
    pub(in crate::api::chatlake) success: bool,
    pub(in crate::api::chatlake) data: ProfileBody,
}

/// That a client was signed out.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct SignedOut {
    pub(in crate::api::chatlake) success: bool,
}
