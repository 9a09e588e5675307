//! What a visitor's own program sends and sees.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::attachment::{self, AttachmentBody};
use super::contact::NewContactBody;
use super::inbox::{WorkingDay, working_days};
use super::message::{SenderBody, content_attributes, message_type};
use super::{lenient, time};
use crate::model::{
    Account, AccountId, Attributes, Card, Contact, ContactInbox, Inbox, Message, Visit,
    WorkingHours,
};
use crate::store::conversation_views::ConversationView;

/// An inbox, as far as its visitors are told.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct PublicInbox {
    identifier: String,
    identity_validation_enabled: bool,
    name: String,
    timezone: String,
    working_hours: [WorkingDay; 7],
    working_hours_enabled: bool,
    csat_survey_enabled: bool,
    greeting_enabled: bool,
}

impl PublicInbox {
    pub(in crate::api::chatlake) fn new(inbox: &Inbox, hours: WorkingHours) -> Self {
        Self {
            identifier: inbox.identifier.clone(),
            identity_validation_enabled: inbox.hmac_mandatory,
            name: inbox.name.clone(),
            timezone: inbox.timezone.clone(),
            working_hours: working_days(hours),
            working_hours_enabled: inbox.working_hours_enabled,
            csat_survey_enabled: inbox.csat_survey_enabled,
            greeting_enabled: inbox.greeting_enabled,
        }
    }
}

/// Who the visitor says it is.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct VisitorBody {
    pub(in crate::api::chatlake) identifier_hash: Option<String>,
    #[serde(flatten)]
    pub(in crate::api::chatlake) contact: NewContactBody,
}

/// The visitor, with what opens its stream of events.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct PublicContact {
    source_id: String,
    pubsub_token: String,
    id: i64,
    name: String,
    email: Option<String>,
    phone_number: Option<String>,
}

impl PublicContact {
    pub(in crate::api::chatlake) fn new(way: &ContactInbox, contact: &Contact) -> Self {
        Self {
            source_id: way.source_id.clone(),
            pubsub_token: way.pubsub_token.clone(),
            id: contact.id.0,
            name: contact.name.clone(),
            email: contact.email.clone(),
            phone_number: contact.phone_number.clone(),
        }
    }
}

/// A contact as the vendor's table has it.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct RawContact {
    id: i64,
    name: String,
    email: Option<String>,
    phone_number: Option<String>,
    account_id: i64,
    created_at: String,
    updated_at: String,
    additional_attributes: Map<String, Value>,
    identifier: Option<String>,
    custom_attributes: Map<String, Value>,
    last_activity_at: Option<String>,
    contact_type: &'static str,
    middle_name: &'static str,
    last_name: &'static str,
    location: &'static str,
    country_code: &'static str,
    blocked: bool,
    company_id: Option<i64>,
}

impl RawContact {
    pub(in crate::api::chatlake) fn new(account: AccountId, contact: &Contact) -> Self {
        let is_known = contact.email.is_some() || contact.phone_number.is_some();
        Self {
            id: contact.id.0,
            name: contact.name.clone(),
            email: contact.email.clone(),
            phone_number: contact.phone_number.clone(),
            account_id: account.0,
            created_at: time::iso(contact.created_at),
            updated_at: time::iso(contact.updated_at),
            additional_attributes: contact.additional_attributes.0.clone(),
            identifier: contact.identifier.clone(),
            custom_attributes: contact.custom_attributes.0.clone(),
            last_activity_at: contact.last_activity_at.map(time::iso),
            contact_type: if is_known { "lead" } else { "visitor" },
            middle_name: "",
            last_name: "",
            location: "",
            country_code: "",
            blocked: contact.blocked,
            company_id: None,
        }
    }
}

/// A conversation to begin.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct NewPublicConversation {
    #[serde(default, deserialize_with = "lenient::attributes")]
    #[schemars(with = "lenient::Object")]
    pub(in crate::api::chatlake) custom_attributes: Option<Attributes>,
}

/// Whether somebody is writing.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct TypingBody {
    pub(in crate::api::chatlake) typing_status: Option<String>,
}

/// A conversation, as its contact sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct PublicConversation {
    id: i64,
    uuid: String,
    inbox_id: i64,
    contact_last_seen_at: i64,
    status: &'static str,
    agent_last_seen_at: i64,
    messages: Vec<PublicMessage>,
    contact: RawContact,
}

impl PublicConversation {
    pub(in crate::api::chatlake) fn new(
        account: AccountId,
        view: &ConversationView,
        messages: &[Message],
    ) -> Self {
        let conversation = &view.conversation;
        let message = |message| PublicMessage::new(account, message, &view.contact);
        Self {
            id: conversation.id.0,
            uuid: conversation.uuid.to_string(),
            inbox_id: conversation.inbox.0,
            contact_last_seen_at: time::seconds_or_zero(conversation.contact_last_seen_at),
            status: conversation.status.as_str(),
            agent_last_seen_at: time::seconds_or_zero(conversation.agent_last_seen_at),
            messages: messages.iter().map(message).collect(),
            contact: RawContact::new(account, &view.contact),
        }
    }
}

/// A message, as the contact sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct PublicMessage {
    id: i64,
    content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    echo_id: Option<Value>,
    message_type: u8,
    content_type: &'static str,
    content_attributes: Map<String, Value>,
    created_at: i64,
    conversation_id: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<AttachmentBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender: Option<SenderBody>,
}

impl PublicMessage {
    pub(in crate::api::chatlake) fn new(
        account: AccountId,
        message: &Message,
        contact: &Contact,
    ) -> Self {
        Self {
            id: message.id.0,
            content: message.content.clone(),
            echo_id: None,
            message_type: message_type(message.kind),
            content_type: message.content_type.as_str(),
            content_attributes: content_attributes(message),
            created_at: time::seconds(message.created_at),
            conversation_id: message.conversation.0,
            attachments: attachment::all(account, message),
            sender: SenderBody::new(&message.sender, Some(contact)),
        }
    }

    /// With the mark by which its poster knows it.
    pub(in crate::api::chatlake) fn echoing(self, echo_id: Option<Value>) -> Self {
        Self { echo_id, ..self }
    }
}

/// An answer to a message that asks, alone or below `message`.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct AnswerBody {
    pub(in crate::api::chatlake) message: Option<Box<Answer>>,
    #[serde(flatten)]
    pub(in crate::api::chatlake) answer: Answer,
}

/// What was answered.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(expecting = "an object")]
pub(in crate::api::chatlake) struct Answer {
    pub(in crate::api::chatlake) submitted_values: Option<Submitted>,
    pub(in crate::api::chatlake) submitted_email: Option<String>,
    pub(in crate::api::chatlake) csat_survey_response: Option<RatingBody>,
}

/// What was put into fields, or a rating.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a list of values, or a rating")]
pub(in crate::api::chatlake) enum Submitted {
    Rating { csat_survey_response: RatingBody },
    Values(Vec<SubmittedValue>),
}

/// One field.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct SubmittedValue {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
}

/// A rating.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(expecting = "an object")]
pub(in crate::api::chatlake) struct RatingBody {
    #[serde(default, deserialize_with = "lenient::id")]
    #[schemars(with = "lenient::Id")]
    pub(in crate::api::chatlake) rating: Option<i64>,
    pub(in crate::api::chatlake) feedback_message: Option<String>,
}

/// What a page needs to ask for a rating.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct SurveyBody {
    id: i64,
    csat_survey_response: Option<Value>,
    display_type: Option<Value>,
    content: Option<String>,
    inbox_avatar_url: String,
    inbox_name: String,
    locale: String,
    conversation_id: i64,
    created_at: String,
}

impl SurveyBody {
    pub(in crate::api::chatlake) fn new(
        account: &Account,
        inbox: &Inbox,
        message: &Message,
    ) -> Self {
        let submitted = message.content_attributes.get("submitted_values");
        let rating = submitted.and_then(|values| values.get("csat_survey_response"));
        Self {
            id: message.id.0,
            csat_survey_response: rating.cloned(),
            display_type: message.content_attributes.get("display_type").cloned(),
            content: message.content.clone(),
            inbox_avatar_url: inbox.avatar_url.clone(),
            inbox_name: inbox.name.clone(),
            locale: account.locale.clone(),
            conversation_id: message.conversation.0,
            created_at: time::iso(message.created_at),
        }
    }
}

/// A page view to record.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct NewVisitBody {
    pub(in crate::api::chatlake) page_url: Option<String>,
    pub(in crate::api::chatlake) referrer: Option<String>,
    pub(in crate::api::chatlake) user_agent: Option<String>,
    pub(in crate::api::chatlake) city: Option<String>,
    pub(in crate::api::chatlake) country: Option<String>,
}

/// A page view, as it was understood.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct VisitBody {
    id: i64,
    page_url: String,
    referrer: Option<String>,
    traffic_type: String,
    search_engine: String,
    browser: String,
    os: String,
    city: String,
    country: String,
    visited_at: i64,
}

impl VisitBody {
    pub(in crate::api::chatlake) fn new(visit: Visit) -> Self {
        Self {
            id: visit.id.0,
            page_url: visit.page_url,
            referrer: visit.referrer,
            traffic_type: visit.traffic_type,
            search_engine: visit.search_engine,
            browser: visit.browser,
            os: visit.os,
            city: visit.city,
            country: visit.country,
            visited_at: time::seconds(visit.visited_at),
        }
    }
}

/// What is told of a chat window that was opened.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct OpenedBody {
    initiated_at: Opened,
    referer: String,
    browser: BrowserBody,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Opened {
    timestamp: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct BrowserBody {
    browser_name: String,
    platform_name: String,
}

impl OpenedBody {
    pub(in crate::api::chatlake) fn new(visit: &Visit) -> Self {
        Self {
            initiated_at: Opened {
                timestamp: time::iso(visit.visited_at),
            },
            referer: visit.page_url.clone(),
            browser: BrowserBody {
                browser_name: visit.browser.clone(),
                platform_name: visit.os.clone(),
            },
        }
    }
}

/// What a page shows about its visitor.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct NewCardBody {
    pub(in crate::api::chatlake) data: Option<String>,
}

/// A card.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct CardBody {
    data_id: String,
    data: String,
    created_at: i64,
    updated_at: i64,
}

impl CardBody {
    pub(in crate::api::chatlake) fn new(card: Card) -> Self {
        Self {
            data_id: card.data_id,
            data: card.data,
            created_at: time::seconds(card.created_at),
            updated_at: time::seconds(card.updated_at),
        }
    }
}
