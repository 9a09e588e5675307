//! Bots, and the integrations that read their reports.

use chrono::{DateTime, Utc};

use super::{AccountId, AppId, BotId, FlowVersion};

/// A bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bot {
    /// Its id.
    pub id: BotId,
    /// The name beside what it says.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Picture, or empty.
    pub avatar_url: String,
    /// The newest published version of its flow.
    pub flow_version: Option<FlowVersion>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// An integration that logs in with an id and a secret and sees what one bot's inboxes hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BotApp {
    /// The account.
    pub account: AccountId,
    /// The row.
    pub id: AppId,
    /// The bot whose inboxes it sees.
    pub bot: BotId,
    /// The id it logs in with.
    pub app_id: String,
    /// Grows with every change of the secret.
    pub generation: i64,
    /// When it was shut out.
    pub disabled_at: Option<DateTime<Utc>>,
}
