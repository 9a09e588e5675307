//! The people who may sign in, whatever accounts they are in.

use chrono::{DateTime, Utc};

use super::{AccountId, AccountStatus, Attributes, Availability, Role, UserId};

/// A person who works with the server.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Lower-case e-mail address.
    pub email: String,
    /// Full name.
    pub name: String,
    /// The name visitors see, if it is another.
    pub display_name: Option<String>,
    /// Picture, or empty.
    pub avatar_url: String,
    /// What stands below the user's messages.
    pub message_signature: Option<String>,
    /// What the user's clients remember of how they look.
    pub ui_settings: Attributes,
    /// What else is kept of the user.
    pub custom_attributes: Attributes,
    /// When the user was made.
    pub created_at: DateTime<Utc>,
    /// When the user was last changed.
    pub updated_at: DateTime<Utc>,
}

impl User {
    /// The name that visitors see.
    pub fn available_name(&self) -> &str {
        self.display_name.as_deref().unwrap_or(&self.name)
    }
}

/// A user's place in one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The account.
    pub account: AccountId,
    /// The user.
    pub user: UserId,
    /// What people call the account.
    pub account_name: String,
    /// Whether it may be used.
    pub account_status: AccountStatus,
    /// What the user may do there.
    pub role: Role,
    /// What the user says of being reachable there.
    pub availability: Availability,
    /// Whether being away counts as offline.
    pub auto_offline: bool,
    /// Whether the user is connected there.
    pub is_present: bool,
    /// When the user last chose this account.
    pub active_at: Option<DateTime<Utc>>,
    /// Who invited the user.
    pub inviter: Option<UserId>,
    /// When the user joined.
    pub created_at: DateTime<Utc>,
    /// When the place was last changed.
    pub updated_at: DateTime<Utc>,
}

impl Membership {
    /// Whether the user can be reached there, as others see it.
    pub fn reachability(&self) -> Availability {
        self.availability
            .as_seen(self.auto_offline, self.is_present)
    }
}
