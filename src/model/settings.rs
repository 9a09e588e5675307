//! What the people of an account set up for their work.

use chrono::{DateTime, Utc};

use super::text_enum::text_enum;
use super::{Attributes, CannedResponseId, CustomAttributeId, CustomFilterId, LabelId};

/// A label that contacts and conversations may carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Its id.
    pub id: LabelId,
    /// Lower-case title, by which it is carried.
    pub title: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its colour.
    pub color: String,
    /// Whether it is shown beside the conversations.
    pub show_on_sidebar: bool,
}

/// An answer that agents keep at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CannedResponse {
    /// Its id.
    pub id: CannedResponseId,
    /// What an agent types to get it.
    pub short_code: String,
    /// The answer.
    pub content: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whose a custom attribute is.
    AttributeModel {
        Conversation = "conversation_attribute",
        Contact = "contact_attribute",
        Company = "company_attribute",
    }
}

text_enum! {
    /// What a custom attribute holds, and how it is shown.
    AttributeType {
        Text = "text",
        Number = "number",
        Currency = "currency",
        Percent = "percent",
        Link = "link",
        Date = "date",
        List = "list",
        Checkbox = "checkbox",
    }
}

/// A custom attribute that an account defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomAttribute {
    /// Its id.
    pub id: CustomAttributeId,
    /// Whose it is.
    pub model: AttributeModel,
    /// The key among the custom attributes.
    pub key: String,
    /// What people call it.
    pub display_name: String,
    /// What it holds.
    pub display_type: AttributeType,
    /// What it is for.
    pub description: Option<String>,
    /// What its text must match; for the clients that ask for it.
    pub regex_pattern: Option<String>,
    /// What they say where it does not.
    pub regex_cue: Option<String>,
    /// What a list offers.
    pub choices: Vec<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// What a kept search looks for.
    FilterKind { Conversation = "conversation", Contact = "contact", Report = "report" }
}

/// A search that an agent keeps.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomFilter {
    /// Its id.
    pub id: CustomFilterId,
    /// What the agent calls it.
    pub name: String,
    /// What it looks for.
    pub kind: FilterKind,
    /// The search, as the agent's client wrote it.
    pub query: Attributes,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}
