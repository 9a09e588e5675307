//! Who owns rows, and who may ask for them.

use super::text_enum::text_enum;
use super::{AccountId, AgentId, BotId, KeyId};

text_enum! {
    /// Whether an account may be used.
    AccountStatus { Active = "active", Suspended = "suspended" }
}

text_enum! {
    /// What a key opens.
    Scope {
        /// Instabot's Chat API.
        Instabot = "instabot",
        /// ImBox's chat API.
        Imbox = "imbox",
        /// Chatlake's application API.
        Chatlake = "chatlake",
        /// Our own admin API.
        Admin = "admin",
    }
}

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// What people call it.
    pub name: String,
    /// Whether it may be used.
    pub status: AccountStatus,
    /// The language it was set up for.
    pub locale: String,
    /// When it was made.
    pub created_at: chrono::DateTime<chrono::Utc>,
}

/// Whom a valid, unrevoked key speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The key's account.
    pub account: AccountId,
    /// Whether that account may be used.
    pub account_status: AccountStatus,
    /// The key.
    pub key: KeyId,
    /// What it opens.
    pub scopes: Vec<Scope>,
    /// The agent it speaks for, if it is an agent's token.
    pub agent: Option<AgentId>,
    /// The bot it speaks for, if it is a bot's token.
    pub bot: Option<BotId>,
}
