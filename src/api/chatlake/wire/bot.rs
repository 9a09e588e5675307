//! Bots, as those see them who run the systems behind them.

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::lenient;
use crate::model::{AccountId, Attributes};
use crate::store::agent_bots::AgentBot;

/// A bot to make, or what to change of one.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct AgentBotIn {
    pub(in crate::api::chatlake) name: Option<String>,
    pub(in crate::api::chatlake) description: Option<String>,
    #[serde(default, deserialize_with = "lenient::present_text")]
    pub(in crate::api::chatlake) avatar_url: Option<Option<String>>,
    #[serde(default, deserialize_with = "lenient::present_text")]
    pub(in crate::api::chatlake) outgoing_url: Option<Option<String>>,
    #[serde(default, deserialize_with = "lenient::word")]
    #[schemars(with = "lenient::Word")]
    pub(in crate::api::chatlake) bot_type: Option<String>,
    #[serde(default, deserialize_with = "lenient::attributes")]
    #[schemars(with = "lenient::Object")]
    pub(in crate::api::chatlake) bot_config: Option<Attributes>,
}

/// A bot.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct AgentBotOut {
    id: i64,
    name: String,
    description: String,
    thumbnail: String,
    outgoing_url: Option<String>,
    bot_type: &'static str,
    bot_config: Map<String, Value>,
    /// Null of a bot that all accounts share.
    account_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    system_bot: bool,
}

impl AgentBotOut {
    /// The bot, which is of this account unless all share it; with its token and its secret for those who may know them.
    pub(in crate::api::chatlake) fn new(
        account: Option<AccountId>,
        bot: AgentBot,
        with_secrets: bool,
    ) -> Self {
        let shown = |secret: Option<SecretString>| {
            let secret = secret.filter(|_| with_secrets);
            secret.map(|secret| secret.expose_secret().to_owned())
        };
        Self {
            id: bot.id.0,
            name: bot.name,
            description: bot.description,
            thumbnail: bot.avatar_url,
            outgoing_url: bot.outgoing_url,
            bot_type: "webhook",
            bot_config: bot.config.0,
            account_id: account.filter(|_| !bot.is_shared).map(|id| id.0),
            access_token: shown(bot.token),
            secret: shown(bot.secret),
            system_bot: bot.is_shared,
        }
    }
}

/// The bot of an inbox.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct InboxBot {
    pub(in crate::api::chatlake) agent_bot: MaybeBot,
}

/// A bot, or an empty object.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::api::chatlake) enum MaybeBot {
    Bot(Box<AgentBotOut>),
    None {},
}
