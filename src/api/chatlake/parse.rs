//! From the words of a request to types that cannot be wrong. A refusal names what is wrong in this API's sentences.

use serde_json::Value;

use super::error::{Error, Result};
use super::interactive;
use super::wire::contact::{ContactPatchBody, NewContactBody};
use super::wire::message::NewMessageBody;
use crate::model::{
    Attributes, ContentType, ConversationStatus, Email, MessageKind, PhoneNumber, Priority, Rich,
    RichKind,
};
use crate::store::contact_changes::ContactPatch;
use crate::store::contacts::NewContact;
use crate::store::messages::{From, NewMessage};

/// The longest text of a column that holds a name or an id.
pub(super) const MAX_STRING: usize = 255;

/// The longest text of a column that holds more than a name.
pub(super) const MAX_TEXT: usize = 20_000;

/// The longest URL.
pub(super) const MAX_URL: usize = 2048;

/// The most labels that something may have.
const MAX_LABELS: usize = 500;

/// The longest text of a message.
pub(super) const MAX_CONTENT: usize = 150_000;

/// The longest text among a conversation's attributes.
const MAX_ATTRIBUTE: usize = 1500;

/// The greatest number among a conversation's attributes.
const MAX_NUMBER: i64 = 9_999_999_999;

/// What is wrong with a record, as sentences, and the fields at fault.
#[derive(Debug, Default)]
pub(super) struct Faults {
    sentences: Vec<String>,
    attributes: Vec<&'static str>,
}

impl Faults {
    pub(super) fn add(&mut self, attribute: &'static str, sentence: impl Into<String>) {
        self.sentences.push(sentence.into());
        if !self.attributes.contains(&attribute) {
            self.attributes.push(attribute);
        }
    }

    /// Finds a text too long for its column.
    pub(super) fn check_length(
        &mut self,
        attribute: &'static str,
        name: &str,
        text: Option<&str>,
        max: usize,
    ) {
        if text.is_some_and(|text| text.chars().count() > max) {
            self.add(
                attribute,
                format!("{name} is too long (maximum is {max} characters)"),
            );
        }
    }

    /// Finds a text that says nothing.
    pub(super) fn check_present(
        &mut self,
        attribute: &'static str,
        sentence: &str,
        text: Option<&str>,
    ) {
        if text.is_some_and(|text| text.trim().is_empty()) {
            self.add(attribute, sentence);
        }
    }

    /// Nothing is wrong, or else everything that is.
    pub(super) fn settle(self) -> Result<()> {
        if self.sentences.is_empty() {
            return Ok(());
        }
        Err(Error::InvalidRecord {
            message: self.sentences.join(", "),
            attributes: self.attributes,
        })
    }
}

/// A contact. Empty texts count as absent, as a form sends them.
pub(super) fn contact(body: NewContactBody) -> Result<NewContact> {
    let patch = contact_patch(ContactPatchBody {
        name: Some(body.name),
        email: Some(body.email),
        phone_number: Some(body.phone_number),
        identifier: Some(body.identifier),
        avatar_url: Some(body.avatar_url),
        blocked: body.blocked,
        additional_attributes: body.additional_attributes,
        custom_attributes: body.custom_attributes,
    })?;
    Ok(NewContact {
        name: patch.name.unwrap_or_default(),
        email: patch.email.flatten(),
        phone_number: patch.phone_number.flatten(),
        identifier: patch.identifier.flatten(),
        avatar_url: patch.avatar_url.unwrap_or_default(),
        blocked: patch.blocked.unwrap_or_default(),
        ip_address: String::new(),
        additional_attributes: patch.additional_attributes.unwrap_or_default(),
        custom_attributes: patch.custom_attributes.unwrap_or_default(),
    })
}

/// What to change of a contact. An empty text, and nothing in a field, take away what was there.
pub(super) fn contact_patch(body: ContactPatchBody) -> Result<ContactPatch> {
    let present =
        |text: Option<Option<String>>| text.map(|text| text.filter(|text| !text.trim().is_empty()));
    let mut faults = Faults::default();
    let name = body.name.map(Option::unwrap_or_default);
    let avatar_url = body.avatar_url.map(Option::unwrap_or_default);
    let identifier = present(body.identifier);
    let said = identifier.as_ref().and_then(Option::as_deref);
    faults.check_length("name", "Name", name.as_deref(), MAX_STRING);
    faults.check_length("identifier", "Identifier", said, MAX_STRING);
    faults.check_length("avatar_url", "Avatar url", avatar_url.as_deref(), MAX_URL);
    let email = present(body.email).map(|text| text.map(|text| Email::parse(&text)).transpose());
    if matches!(email, Some(Err(_))) {
        faults.add("email", "Email is invalid");
    }
    let phone_number = present(body.phone_number).map(|text| {
        text.map(|text| PhoneNumber::parse_e164(text.trim()))
            .transpose()
    });
    if matches!(phone_number, Some(Err(_))) {
        faults.add("phone_number", "Phone number should be in e164 format");
    }
    faults.settle()?;
    Ok(ContactPatch {
        name,
        email: email
            .and_then(Result::ok)
            .map(|email| email.map(|email| email.as_str().to_owned())),
        phone_number: phone_number
            .and_then(Result::ok)
            .map(|phone| phone.map(|phone| phone.as_str().to_owned())),
        identifier,
        avatar_url,
        blocked: body.blocked,
        additional_attributes: body.additional_attributes,
        custom_attributes: body.custom_attributes,
        forgotten: Vec::new(),
    })
}

/// The labels that something is to have: lower-case, each once, empty ones left out.
pub(super) fn labels(labels: Option<Vec<String>>) -> Result<Vec<String>> {
    let labels = labels.ok_or(Error::Missing("labels"))?;
    let mut faults = Faults::default();
    let mut titles: Vec<String> = Vec::new();
    for label in labels {
        let title = label.trim().to_lowercase();
        faults.check_length("labels", "Label", Some(&title), MAX_STRING);
        if !title.is_empty() && !titles.contains(&title) {
            titles.push(title);
        }
    }
    if titles.len() > MAX_LABELS {
        faults.add(
            "labels",
            format!("Labels are too many (maximum is {MAX_LABELS})"),
        );
    }
    faults.settle()?;
    Ok(titles)
}

/// A contact's id in a channel; an empty one is none.
pub(super) fn source_id(text: Option<String>) -> Result<Option<String>> {
    let mut faults = Faults::default();
    faults.check_length("source_id", "Source", text.as_deref(), MAX_STRING);
    faults.settle()?;
    Ok(text.filter(|text| !text.is_empty()))
}

/// The status of a conversation.
pub(super) fn status(text: &str) -> Result<ConversationStatus> {
    ConversationStatus::parse(text).ok_or_else(|| unknown(text, "status"))
}

/// How much a conversation presses.
pub(super) fn priority(text: &str) -> Result<Priority> {
    Priority::parse(text).ok_or_else(|| unknown(text, "priority"))
}

/// A conversation's attributes, whose texts and numbers have limits.
pub(super) fn conversation_attributes(
    attribute: &'static str,
    name: &str,
    attributes: Option<Attributes>,
) -> Result<Attributes> {
    let attributes = attributes.unwrap_or_default();
    let mut faults = Faults::default();
    for (key, value) in attributes.iter() {
        if value
            .as_str()
            .is_some_and(|text| text.chars().count() > MAX_ATTRIBUTE)
        {
            faults.add(
                attribute,
                format!("{name} {key} length should be < {MAX_ATTRIBUTE}"),
            );
        }
        let is_too_great = value.as_i64().is_some_and(|number| number > MAX_NUMBER)
            || value.is_u64() && !value.is_i64();
        if is_too_great {
            faults.add(
                attribute,
                format!("{name} {key} value should be < {MAX_NUMBER}"),
            );
        }
    }
    faults.settle()?;
    Ok(attributes)
}

/// A message of `author`, who may also pass on what the contact says. Its files are looked for elsewhere (`uploads`).
pub(super) fn message(body: NewMessageBody, author: From) -> Result<NewMessage> {
    let kind = message_type(body.message_type.as_ref())?;
    let content_type = match body.content_type.as_deref() {
        None | Some("") => ContentType::Text,
        Some(text) => ContentType::parse(text).ok_or_else(|| unknown(text, "content_type"))?,
    };
    let mut content_attributes = body.content_attributes.unwrap_or_default();
    let mut faults = Faults::default();
    faults.check_length("content", "Content", body.content.as_deref(), MAX_CONTENT);
    faults.check_length("source_id", "Source", body.source_id.as_deref(), MAX_STRING);
    interactive::check(content_type, &content_attributes, &mut faults);
    let rich = rich(&mut content_attributes, &mut faults);
    faults.settle()?;
    let fallback = rich.as_ref().map(Rich::fallback_text);
    Ok(NewMessage {
        kind,
        from: match kind {
            MessageKind::Incoming => From::Contact,
            MessageKind::Outgoing | MessageKind::Template => author,
            MessageKind::Activity => From::System,
        },
        content: body.content.or(fallback),
        content_type,
        rich,
        content_attributes,
        additional_attributes: additional(body.template_params, body.campaign_id),
        private: body.private.unwrap_or_default(),
        source_id: body.source_id.filter(|text| !text.is_empty()),
        attachments: Vec::new(),
        said_at: body.external_created_at,
        echo_id: body.echo_id.filter(is_short),
    })
}

/// Whether something is an id such as clients make, and not a text of its own.
fn is_short(id: &Value) -> bool {
    match id {
        Value::String(text) => text.chars().count() <= MAX_STRING,
        Value::Number(_) => true,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

/// What is kept of a message beside what its receiver is shown.
fn additional(template_params: Option<Attributes>, campaign: Option<i64>) -> Attributes {
    let mut additional = Attributes::default();
    if let Some(params) = template_params {
        additional.insert("template_params".to_owned(), params.into());
    }
    if let Some(campaign) = campaign {
        additional.insert("campaign_id".to_owned(), campaign.into());
    }
    additional
}

/// Rich content, where the attributes name its type and hold its body under the name of the type. The attributes keep
/// the body as it was understood.
fn rich(attributes: &mut Attributes, faults: &mut Faults) -> Option<Rich> {
    let kind = RichKind::parse(attributes.get("type")?.as_str()?)?;
    let body = attributes.get_mut(kind.as_str())?;
    if !body.is_object() && !body.is_array() {
        return None;
    }
    match Rich::parse(kind, body) {
        Ok(rich) => {
            body.clone_from(&rich.body);
            Some(rich)
        }
        Err(malformed) => {
            faults.add(
                "content_attributes",
                format!("Content attributes {malformed}"),
            );
            None
        }
    }
}

/// Which way a message goes: by its name, or by the number that answers give it.
fn message_type(value: Option<&Value>) -> Result<MessageKind> {
    let kind = match value {
        None | Some(Value::Null) => return Ok(MessageKind::Outgoing),
        Some(Value::String(text)) if text.is_empty() => return Ok(MessageKind::Outgoing),
        Some(Value::String(text)) => match text.as_str() {
            "0" => Some(MessageKind::Incoming),
            "1" => Some(MessageKind::Outgoing),
            "2" => Some(MessageKind::Activity),
            "3" => Some(MessageKind::Template),
            name => MessageKind::parse(name),
        },
        Some(Value::Number(number)) => match number.as_u64() {
            Some(0) => Some(MessageKind::Incoming),
            Some(1) => Some(MessageKind::Outgoing),
            Some(2) => Some(MessageKind::Activity),
            Some(3) => Some(MessageKind::Template),
            Some(_) | None => None,
        },
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => None,
    };
    kind.ok_or_else(|| match value {
        Some(Value::String(text)) => unknown(text, "message_type"),
        Some(value) => unknown(&value.to_string(), "message_type"),
        None => unknown("", "message_type"),
    })
}

/// One of a list's words, which may also come as its number there.
pub(super) fn one_of<T: Copy>(
    all: &[T],
    parse: fn(&str) -> Option<T>,
    text: &str,
    what: &str,
) -> Result<T> {
    let by_number = || {
        text.parse::<usize>()
            .ok()
            .and_then(|at| all.get(at))
            .copied()
    };
    parse(text)
        .or_else(by_number)
        .ok_or_else(|| unknown(text, what))
}

pub(super) fn unknown(text: &str, what: &str) -> Error {
    let shown: String = text.chars().take(MAX_STRING).collect();
    Error::Refused(format!("'{shown}' is not a valid {what}"))
}
