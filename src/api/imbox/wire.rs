//! Rows as clients see them, and ids as they write them.

use serde::Serialize;

use super::time::{print, print_in};
use super::{Error, Result};
use crate::model::{
    AccountId, Agent, Card, Conversation, ConversationId, MatchType, Message, MessageKind,
    PageFilter, Sender, Traffic, Visit,
};
use crate::store::labels::Labelled;
use crate::store::statistics::{Started, Statistics};
use crate::store::transcripts::Entry;

/// An answer that is small enough to be made at once.
#[derive(Serialize)]
pub(super) struct Answer<T> {
    result: &'static str,
    json: Vec<T>,
    length: usize,
}

impl<T> From<Vec<T>> for Answer<T> {
    fn from(json: Vec<T>) -> Self {
        Self {
            result: "success",
            length: json.len(),
            json,
        }
    }
}

/// A row of `listConversations`.
#[derive(Serialize)]
pub(super) struct ConversationRow {
    sid: i64,
    #[serde(rename = "conversationID")]
    conversation_id: String,
    date: String,
}

impl ConversationRow {
    pub(super) fn new(account: AccountId, started: Started) -> Self {
        Self {
            sid: account.0,
            conversation_id: print_conversation_id(started.id),
            date: print(started.created_at),
        }
    }
}

/// A row of `grabConversation`.
#[derive(Serialize)]
pub(super) struct TranscriptRow {
    id: i64,
    sid: i64,
    #[serde(rename = "conversationID")]
    conversation_id: String,
    from: String,
    message: String,
    date: String,
    #[serde(rename = "agentID")]
    agent_id: Option<i64>,
}

/// What the system says of a page view.
#[derive(Serialize)]
struct VisitorJoin<'a> {
    r#type: &'static str,
    #[serde(rename = "currentPage")]
    current_page: &'a str,
}

/// Whose transcript it is.
pub(super) struct Heading {
    pub(super) account: AccountId,
    pub(super) conversation: ConversationId,
    /// The visitor's name, or empty.
    pub(super) visitor_name: String,
}

impl TranscriptRow {
    pub(super) fn new(heading: &Heading, entry: Entry) -> Self {
        match entry {
            Entry::Message(message) => Self::of_message(heading, &message),
            Entry::Visit(visit) => Self::of_visit(heading, &visit),
        }
    }

    fn of_message(heading: &Heading, message: &Message) -> Self {
        let conversation_id = print_conversation_id(heading.conversation);
        let (from, agent_id) = match &message.sender {
            _ if message.kind == MessageKind::Activity => ("system".to_owned(), None),
            Sender::System => ("system".to_owned(), None),
            Sender::Bot { name, .. } => (name.clone(), None),
            Sender::Agent(agent) => (agent.name.clone(), Some(agent.id.0)),
            Sender::Contact(_) if heading.visitor_name.is_empty() => {
                (conversation_id.clone(), Some(0))
            }
            Sender::Contact(_) => (heading.visitor_name.clone(), Some(0)),
        };
        Self {
            id: message.id.0,
            sid: heading.account.0,
            conversation_id,
            from,
            message: message.plain_text(),
            date: print(message.created_at),
            agent_id,
        }
    }

    fn of_visit(heading: &Heading, visit: &Visit) -> Self {
        let join = VisitorJoin {
            r#type: "visitorJoin",
            current_page: &visit.page_url,
        };
        Self {
            id: visit.id.0,
            sid: heading.account.0,
            conversation_id: print_conversation_id(heading.conversation),
            from: "system".to_owned(),
            message: serde_json::to_string(&join).expect("two strings are JSON"),
            date: print(visit.visited_at),
            agent_id: None,
        }
    }
}

/// The row of `grabVisitorInfo`.
#[derive(Serialize)]
pub(super) struct VisitorRow {
    #[serde(rename = "trafficType")]
    traffic_type: String,
    se_type: String,
    sid: i64,
    #[serde(rename = "conversationID")]
    conversation_id: String,
    last_visit: String,
    browser: String,
    os: String,
    user_city: String,
    user_country: String,
    #[serde(rename = "exitPage")]
    exit_page: String,
}

impl VisitorRow {
    pub(super) fn new(
        account: AccountId,
        conversation: &Conversation,
        first: Option<Visit>,
        last: Option<Visit>,
    ) -> Self {
        let (traffic_type, se_type) = first.map_or_else(
            || (Traffic::Direct.kind().to_owned(), String::new()),
            |visit| (visit.traffic_type, visit.search_engine),
        );
        let last_visit = last
            .as_ref()
            .map_or(conversation.created_at, |visit| visit.visited_at);
        let (browser, os, user_city, user_country, exit_page) = last
            .map(|visit| {
                (
                    visit.browser,
                    visit.os,
                    visit.city,
                    visit.country,
                    visit.page_url,
                )
            })
            .unwrap_or_default();
        Self {
            traffic_type,
            se_type,
            sid: account.0,
            conversation_id: print_conversation_id(conversation.id),
            last_visit: print(last_visit),
            browser,
            os,
            user_city,
            user_country,
            exit_page,
        }
    }
}

/// A row of `grabVisitorTags`.
#[derive(Serialize)]
pub(super) struct TagRow {
    sid: i64,
    #[serde(rename = "conversationID")]
    conversation_id: String,
    #[serde(rename = "createdDate")]
    created_date: String,
    tag: String,
    r#type: u8,
}

impl TagRow {
    /// The visitor's name.
    pub(super) const NAME: u8 = 0;
    /// A tag that was put on the visitor.
    pub(super) const REGULAR: u8 = 1;

    pub(super) fn new(
        account: AccountId,
        conversation: ConversationId,
        tag: Labelled,
        kind: u8,
    ) -> Self {
        Self {
            sid: account.0,
            conversation_id: print_conversation_id(conversation),
            created_date: print(tag.created_at),
            tag: tag.title,
            r#type: kind,
        }
    }
}

/// A row of `grabVisitorLabels`.
#[derive(Serialize)]
pub(super) struct LabelRow {
    #[serde(rename = "conversationID")]
    conversation_id: String,
    #[serde(rename = "createdDate")]
    created_date: String,
    label: String,
}

impl LabelRow {
    pub(super) fn new(conversation: ConversationId, label: Labelled) -> Self {
        Self {
            conversation_id: print_conversation_id(conversation),
            created_date: print(label.created_at),
            label: label.title,
        }
    }
}

/// A row of `grabVisitorCards`.
#[derive(Serialize)]
pub(super) struct CardRow {
    #[serde(rename = "dataID")]
    data_id: String,
    data: String,
    sid: i64,
    #[serde(rename = "conversationID")]
    conversation_id: String,
    #[serde(rename = "createdDate")]
    created_date: String,
    #[serde(rename = "updatedDate")]
    updated_date: String,
}

impl CardRow {
    pub(super) fn new(account: AccountId, conversation: ConversationId, card: Card) -> Self {
        Self {
            data_id: card.data_id,
            data: card.data,
            sid: account.0,
            conversation_id: print_conversation_id(conversation),
            created_date: print(card.created_at),
            updated_date: print(card.updated_at),
        }
    }
}

/// A row of `grabAgent` and `grabAgents`.
#[derive(Serialize)]
pub(super) struct AgentRow {
    #[serde(rename = "agentID")]
    agent_id: i64,
    sid: i64,
    #[serde(rename = "agentName")]
    agent_name: String,
    #[serde(rename = "agentEmail")]
    agent_email: String,
    #[serde(rename = "agentPicture")]
    agent_picture: String,
    #[serde(rename = "agentLastActive")]
    agent_last_active: String,
    department: String,
    #[serde(rename = "isBackOffice")]
    is_back_office: &'static str,
    groups: String,
}

impl AgentRow {
    pub(super) fn new(account: AccountId, agent: Agent) -> Self {
        Self {
            agent_id: agent.id.0,
            sid: account.0,
            agent_name: agent.name,
            agent_email: agent.email,
            agent_picture: agent.avatar_url,
            agent_last_active: print(agent.last_active_at.unwrap_or(agent.created_at)),
            department: agent.department,
            is_back_office: if agent.is_back_office { "1" } else { "0" },
            groups: agent.teams.join(","),
        }
    }
}

/// A row of `pageFilters`.
#[derive(Serialize)]
pub(super) struct PageFilterRow {
    id: i64,
    sid: i64,
    #[serde(rename = "searchFilter")]
    search_filter: String,
    #[serde(rename = "searchName")]
    search_name: String,
    #[serde(rename = "matchType")]
    match_type: &'static str,
}

impl PageFilterRow {
    pub(super) fn new(account: AccountId, filter: PageFilter) -> Self {
        Self {
            id: filter.id.0,
            sid: account.0,
            search_filter: filter.pattern,
            search_name: filter.name,
            match_type: match filter.match_type {
                MatchType::Like => "like",
                MatchType::Equals => "equals",
                MatchType::StartsWith => "startsWith",
                MatchType::EndsWith => "endsWith",
                MatchType::Regex => "regex",
            },
        }
    }
}

/// A row of `chatStatistics`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatisticsRow {
    pub(super) channel: String,
    pub(super) agent_name: String,
    pub(super) agent_email: String,
    pub(super) referral: String,
    pub(super) search_engine: String,
    pub(super) exit_page: String,
    pub(super) browser: String,
    pub(super) os: String,
    pub(super) city: String,
    pub(super) country: String,
    pub(super) labels: Vec<String>,
    pub(super) tags: Vec<String>,
    pub(super) duration: Option<i64>,
    pub(super) rating: Option<i16>,
    pub(super) response_time: Option<i64>,
    pub(super) started_at: String,
}

impl StatisticsRow {
    pub(super) fn new(statistics: Statistics, zone: chrono_tz::Tz) -> Self {
        Self {
            channel: print_conversation_id(statistics.conversation),
            duration: statistics.duration().map(|span| span.num_milliseconds()),
            response_time: statistics
                .response_time()
                .map(|span| span.num_milliseconds()),
            agent_name: statistics.agent_name.unwrap_or_default(),
            agent_email: statistics.agent_email.unwrap_or_default(),
            referral: statistics
                .traffic_type
                .unwrap_or_else(|| Traffic::Direct.kind().to_owned()),
            search_engine: statistics.search_engine.unwrap_or_default(),
            exit_page: statistics.exit_page.unwrap_or_default(),
            browser: statistics.browser.unwrap_or_default(),
            os: statistics.os.unwrap_or_default(),
            city: statistics.city.unwrap_or_default(),
            country: statistics.country.unwrap_or_default(),
            labels: statistics.labels,
            tags: statistics.tags,
            rating: statistics.rating,
            started_at: print_in(statistics.created_at, zone),
        }
    }
}

/// Reads `V` and a number; `None` for one that no conversation can have.
pub(super) fn read_conversation_id(text: &str) -> Result<Option<ConversationId>> {
    let number = text
        .strip_prefix('V')
        .filter(|digits| !digits.starts_with('0') || *digits == "0")
        .and_then(read_digits)
        .ok_or_else(|| {
            Error::Invalid("A conversationID is a V and a number, such as V1".to_owned())
        })?;
    Ok(number.map(ConversationId))
}

/// Reads a number; `None` for one that no row can have.
pub(super) fn read_id(name: &str, text: &str) -> Result<Option<i64>> {
    read_digits(text).ok_or_else(|| Error::Invalid(format!("{name} must be a number")))
}

/// A number in digits: `None` if it is none, `Some(None)` if it is too large for an id.
#[expect(
    clippy::option_option,
    reason = "no number and too large a number are two refusals"
)]
fn read_digits(text: &str) -> Option<Option<i64>> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())
}

fn print_conversation_id(id: ConversationId) -> String {
    format!("V{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_id_is_read_as_it_is_printed() {
        let read = |text| read_conversation_id(text).ok();
        assert_eq!(read("V1"), Some(Some(ConversationId(1))));
        assert_eq!(read("V0"), Some(Some(ConversationId(0))));
        assert_eq!(read("V18751500044654323221"), Some(None));
        for bad in ["", "V", "1", "v1", "V01", "V-1", "V+1", "V1 ", "V1x", "V１"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
