//! What is known of a visitor beside the conversation.

use chrono::{DateTime, Utc};

use super::text_enum::text_enum;
use super::{PageFilterId, VisitId};

text_enum! {
    /// How a page filter compares its pattern with a page's URL.
    MatchType {
        /// The URL holds it.
        Like = "like",
        Equals = "equals",
        StartsWith = "starts_with",
        EndsWith = "ends_with",
        Regex = "regex",
    }
}

/// A page that the visitor looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Its id.
    pub id: VisitId,
    /// The page.
    pub page_url: String,
    /// Where the visitor came from.
    pub referrer: Option<String>,
    /// `Direct`, `Organic`, or the referring host.
    pub traffic_type: String,
    /// The search engine of an organic visit, else empty.
    pub search_engine: String,
    /// Browser and version, or empty.
    pub browser: String,
    /// Operating system and version, or empty.
    pub os: String,
    /// City, or empty.
    pub city: String,
    /// Country, or empty.
    pub country: String,
    /// When.
    pub visited_at: DateTime<Utc>,
}

/// What a page showed the agents about its visitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// The page's own id for it.
    pub data_id: String,
    /// The text.
    pub data: String,
    /// When it was first set.
    pub created_at: DateTime<Utc>,
    /// When it was last set.
    pub updated_at: DateTime<Utc>,
}

/// A rule that picks conversations by the pages their visitors saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageFilter {
    /// Its id.
    pub id: PageFilterId,
    /// What people call it.
    pub name: String,
    /// What it looks for.
    pub pattern: String,
    /// How.
    pub match_type: MatchType,
}

/// What the contact thought of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rating {
    /// 1 (bad) to 5 (good).
    pub rating: i16,
    /// In the contact's words.
    pub feedback: Option<String>,
    /// When it was given.
    pub rated_at: DateTime<Utc>,
}
