//! Who owns rows, and who may ask for them.

use super::text_enum::text_enum;
use super::{AccountId, Attributes, BotId, KeyId, Seat};

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
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// What people call it.
    pub name: String,
    /// Whether it may be used.
    pub status: AccountStatus,
    /// The language it was set up for.
    pub locale: String,
    /// Where its mail comes from.
    pub domain: Option<String>,
    /// Where its customers write to.
    pub support_email: Option<String>,
    /// How it wants to be served.
    pub settings: Attributes,
    /// What else is kept of it.
    pub custom_attributes: Attributes,
    /// What is switched on for it, beside what everybody has.
    pub features: Attributes,
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
    pub agent: Option<Seat>,
    /// The bot it speaks for, if it is a bot's token.
    pub bot: Option<BotId>,
}
