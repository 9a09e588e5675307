//! Conditions that contacts and conversations are picked by.

use chrono::{DateTime, NaiveDate, Utc};

use super::text_enum::text_enum;

/// A condition, and how it goes on with all that stands before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition<F> {
    /// How it goes on; without meaning for the first one.
    pub join: Join,
    /// What is looked at.
    pub field: F,
    /// What must hold of it.
    pub test: Test,
}

/// How a condition goes on with all that stands before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    /// Both must hold.
    And,
    /// One of them must.
    Or,
}

/// What must hold of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// It is one of these.
    In(Operands),
    /// It is none of these, or nothing.
    NotIn(Operands),
    /// One of these is a part of it, in whatever case.
    Contains(Vec<String>),
    /// None of these is a part of it.
    DoesNotContain(Vec<String>),
    /// It begins with one of these.
    StartsWith(Vec<String>),
    /// It is something.
    Present,
    /// It is nothing.
    Absent,
    /// It is more, or later.
    Above(Bound),
    /// It is less, or earlier.
    Below(Bound),
}

/// What a field is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Operands {
    /// Texts, in whatever case.
    Texts(Vec<String>),
    /// Ids.
    Ids(Vec<i64>),
    /// Numbers.
    Numbers(Vec<f64>),
    /// Yes or no.
    Flag(bool),
}

/// What a field is more or less than.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// A moment.
    Moment(DateTime<Utc>),
    /// A day, of what is kept as a text of one.
    Day(NaiveDate),
    /// A number.
    Number(f64),
}

/// What an account keeps under a key of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomField {
    /// The key among the custom attributes.
    pub key: String,
    /// What stands there.
    pub kind: CustomKind,
}

/// What stands under a key of an account's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomKind {
    /// A text.
    Text,
    /// A number.
    Number,
    /// A day, as `2026-03-10`.
    Date,
    /// Yes or no.
    Flag,
}

/// What is looked at of a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactField {
    /// What every contact has.
    Standard(ContactKey),
    /// What its account keeps of it.
    Custom(CustomField),
}

/// What is looked at of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConversationField {
    /// What every conversation has.
    Standard(ConversationKey),
    /// What its account keeps of it.
    Custom(CustomField),
    /// What its account keeps of its contact.
    OfContact(CustomField),
}

text_enum! {
    /// What every contact has.
    ContactKey {
        Name = "name",
        PhoneNumber = "phone_number",
        Email = "email",
        Identifier = "identifier",
        CountryCode = "country_code",
        City = "city",
        CompanyName = "company_name",
        Labels = "labels",
        CreatedAt = "created_at",
        LastActivityAt = "last_activity_at",
        Blocked = "blocked",
    }
}

text_enum! {
    /// What every conversation has.
    ConversationKey {
        Status = "status",
        Assignee = "assignee_id",
        Inbox = "inbox_id",
        Team = "team_id",
        Contact = "contact_id",
        Priority = "priority",
        Id = "display_id",
        Campaign = "campaign_id",
        Labels = "labels",
        BrowserLanguage = "browser_language",
        ConversationLanguage = "conversation_language",
        Referer = "referer",
        CreatedAt = "created_at",
        LastActivityAt = "last_activity_at",
        MailSubject = "mail_subject",
    }
}
