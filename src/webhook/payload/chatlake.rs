//! What the system behind an inbox, an account or a bot is told: Chatlake's payloads, without the tokens and secrets that
//! its own servers put in. `messages[0]` of a message's payload is that message, as it was; elsewhere it is the last one
//! that the contact may see.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::Error;
use serde_json::{Map, Value, from_str};

use super::inbox;
use super::snapshot::{self, ContactSnapshot, Named, Snapshot, Typing, Typist, WidgetSnapshot};
use super::wire::{
    AssigneePart, AttachmentContent, AttachmentPart, AttributesPart, ContactInboxPart, ContactPart,
    ContactPayload, ContentPart, ConversationPart, ConversationPayload, Empty, MessagePayload,
    MetaPart, NamedPart, PushBot, PushContact, PushConversation, PushMessage, PushSender, PushUser,
    SenderPart, SourcePart, TypingPayload, WidgetPayload,
};
use crate::model::{Channel, EventKind};

/// The highest number of unread messages that is told.
const UNREAD_CAP: i64 = 10;

/// What a payload is about, which decides its shape.
enum Subject {
    Message,
    Conversation,
    Contact,
    Typing,
    Widget,
    Inbox,
}

pub(super) fn render(event: EventKind, snapshot: &str) -> serde_json::Result<Vec<u8>> {
    match vendors(event) {
        Some((Subject::Message, name)) => {
            let snapshot: Snapshot<'_> = from_str(snapshot)?;
            let message = snapshot.message.as_ref();
            let message = message.ok_or_else(|| Error::missing_field("message"))?;
            serde_json::to_vec(&message_payload(name, &snapshot, message))
        }
        Some((Subject::Conversation, name)) => {
            let snapshot: Snapshot<'_> = from_str(snapshot)?;
            serde_json::to_vec(&conversation_payload(name, event, &snapshot))
        }
        Some((Subject::Contact, name)) => {
            let snapshot: ContactSnapshot<'_> = from_str(snapshot)?;
            serde_json::to_vec(&contact_payload(name, event, &snapshot))
        }
        Some((Subject::Typing, name)) => {
            let snapshot: Snapshot<'_> = from_str(snapshot)?;
            let detail = snapshot.detail;
            let detail = detail.ok_or_else(|| Error::missing_field("detail"))?;
            let typing: Typing = from_str(detail.get())?;
            serde_json::to_vec(&typing_payload(name, &snapshot, &typing))
        }
        Some((Subject::Widget, name)) => {
            let opened: WidgetSnapshot<'_> = from_str(snapshot)?;
            let conversation = match opened.conversation {
                Some(_) => Some(from_str::<Snapshot<'_>>(snapshot)?),
                None => None,
            };
            serde_json::to_vec(&widget_payload(name, &opened, conversation.as_ref()))
        }
        Some((Subject::Inbox, name)) => inbox::render(event, name, snapshot),
        None => Err(Error::custom("the vendor has no such event")),
    }
}

/// The vendor's name of an event, if it has one, and what it is about.
fn vendors(event: EventKind) -> Option<(Subject, &'static str)> {
    Some(match event {
        EventKind::MessageCreated => (Subject::Message, "message_created"),
        EventKind::MessageUpdated => (Subject::Message, "message_updated"),
        EventKind::ConversationCreated => (Subject::Conversation, "conversation_created"),
        EventKind::ConversationUpdated => (Subject::Conversation, "conversation_updated"),
        EventKind::ConversationStatusChanged => {
            (Subject::Conversation, "conversation_status_changed")
        }
        EventKind::ConversationOpened => (Subject::Conversation, "conversation_opened"),
        EventKind::ConversationResolved => (Subject::Conversation, "conversation_resolved"),
        EventKind::ContactCreated => (Subject::Contact, "contact_created"),
        EventKind::ContactUpdated => (Subject::Contact, "contact_updated"),
        EventKind::ConversationTypingOn => (Subject::Typing, "conversation_typing_on"),
        EventKind::ConversationTypingOff => (Subject::Typing, "conversation_typing_off"),
        EventKind::WebwidgetTriggered => (Subject::Widget, "webwidget_triggered"),
        EventKind::InboxCreated => (Subject::Inbox, "inbox_created"),
        EventKind::InboxUpdated => (Subject::Inbox, "inbox_updated"),
        EventKind::ContactDeleted
        | EventKind::ContactMerged
        | EventKind::LiveEnded
        | EventKind::EndpointDisabled => return None,
    })
}

fn contact_payload<'a>(
    name: &'static str,
    event: EventKind,
    snapshot: &'a ContactSnapshot<'a>,
) -> ContactPayload<'a> {
    let tells_changes = event == EventKind::ContactUpdated;
    ContactPayload {
        contact: contact_part(&snapshot.account, &snapshot.contact),
        event: name,
        changed_attributes: tells_changes.then_some(snapshot.changed),
    }
}

fn typing_payload<'a>(
    name: &'static str,
    snapshot: &'a Snapshot<'a>,
    typing: &'a Typing,
) -> TypingPayload<'a> {
    let user = match &typing.by {
        Typist::Contact => SenderPart::Contact(contact_part(&snapshot.account, &snapshot.contact)),
        Typist::Agent { id, name, email } => SenderPart::User {
            id: *id,
            name,
            email,
            r#type: "user",
        },
        Typist::Bot { id, name } => SenderPart::Bot {
            id: *id,
            name,
            r#type: "agent_bot",
        },
    };
    TypingPayload {
        event: name,
        user,
        conversation: conversation_part(snapshot),
        is_private: typing.private,
    }
}

fn widget_payload<'a>(
    name: &'static str,
    opened: &'a WidgetSnapshot<'a>,
    conversation: Option<&'a Snapshot<'a>>,
) -> WidgetPayload<'a> {
    let inbox = NamedPart {
        id: opened.inbox.id,
        name: &opened.inbox.name,
    };
    WidgetPayload {
        id: opened.contact_inbox.id,
        contact: contact_part(&opened.account, &opened.contact),
        inbox,
        account: named(&opened.account),
        current_conversation: conversation.map(conversation_part),
        source_id: &opened.contact_inbox.source_id,
        event: name,
        event_info: opened.detail,
    }
}

fn message_payload<'a>(
    name: &'static str,
    snapshot: &'a Snapshot<'a>,
    message: &'a snapshot::Message<'a>,
) -> MessagePayload<'a> {
    MessagePayload {
        account: named(&snapshot.account),
        additional_attributes: attributes_part(message),
        content_attributes: content_part(message),
        content_type: &message.content_type,
        content: normalized(message.content.as_deref()),
        conversation: conversation_part(snapshot),
        created_at: iso(message.created_at),
        id: message.id,
        inbox: NamedPart {
            id: snapshot.inbox.id,
            name: &snapshot.inbox.name,
        },
        message_type: &message.kind,
        private: message.private,
        sender: sender_part(snapshot, message),
        source_id: message.source_id.as_deref(),
        attachments: attachment_parts(snapshot),
        event: name,
    }
}

fn conversation_payload<'a>(
    name: &'static str,
    event: EventKind,
    snapshot: &'a Snapshot<'a>,
) -> ConversationPayload<'a> {
    let tells_changes = matches!(
        event,
        EventKind::ConversationUpdated | EventKind::ConversationStatusChanged
    );
    ConversationPayload {
        conversation: conversation_part(snapshot),
        account: named(&snapshot.account),
        event: name,
        changed_attributes: tells_changes.then_some(snapshot.changed),
    }
}

fn conversation_part<'a>(snapshot: &'a Snapshot<'a>) -> ConversationPart<'a> {
    let conversation = &snapshot.conversation;
    let (assignee_type, assignee) = assignee_part(snapshot).unzip();
    ConversationPart {
        additional_attributes: conversation.additional_attributes,
        can_reply: snapshot.can_reply,
        channel: channel_type(&snapshot.inbox.channel),
        contact_inbox: contact_inbox_part(&snapshot.contact_inbox),
        id: conversation.id,
        inbox_id: conversation.inbox_id,
        messages: snapshot
            .message
            .iter()
            .chain(&snapshot.last_message)
            .map(|message| push_message(snapshot, message))
            .collect(),
        labels: &snapshot.labels,
        meta: MetaPart {
            sender: push_contact(&snapshot.contact),
            assignee,
            assignee_type,
            team: snapshot.team.as_ref().map(named),
            hmac_verified: snapshot.contact_inbox.hmac_verified,
        },
        status: &conversation.status,
        custom_attributes: conversation.custom_attributes,
        snoozed_until: conversation.snoozed_until.map(iso),
        unread_count: conversation.unread_count.min(UNREAD_CAP),
        first_reply_created_at: conversation.first_agent_message_at.map(iso),
        priority: conversation.priority.as_deref(),
        waiting_since: seconds(conversation.waiting_since),
        agent_last_seen_at: seconds(conversation.agent_last_seen_at),
        contact_last_seen_at: seconds(conversation.contact_last_seen_at),
        last_activity_at: conversation.last_activity_at.timestamp(),
        timestamp: conversation.last_activity_at.timestamp(),
        created_at: conversation.created_at.timestamp(),
        updated_at: fractional_seconds(conversation.updated_at),
    }
}

/// Whom the conversation is given to, and what that is.
fn assignee_part<'a>(snapshot: &'a Snapshot<'a>) -> Option<(&'static str, AssigneePart<'a>)> {
    if let Some(user) = &snapshot.assignee {
        return Some(("User", AssigneePart::User(push_user(user))));
    }
    let bot = snapshot.assignee_bot.as_ref()?;
    Some(("AgentBot", AssigneePart::Bot(push_bot(bot))))
}

fn attributes_part<'a>(message: &snapshot::Message<'a>) -> AttributesPart<'a> {
    match message.additional_attributes {
        Some(attributes) => AttributesPart::Kept(attributes),
        None => AttributesPart::None(Empty {}),
    }
}

fn content_part<'a>(message: &snapshot::Message<'a>) -> ContentPart<'a> {
    let with_rich = || {
        let (kind, body) = (message.rich_kind.as_deref()?, message.rich?);
        let mut attributes: Map<String, Value> = from_str(message.content_attributes.get()).ok()?;
        attributes.insert("type".to_owned(), kind.into());
        attributes.insert(kind.to_owned(), from_str(body.get()).ok()?);
        Some(attributes)
    };
    with_rich().map_or(
        ContentPart::Plain(message.content_attributes),
        ContentPart::Rich,
    )
}

fn contact_inbox_part<'a>(way: &'a snapshot::ContactInbox<'a>) -> ContactInboxPart<'a> {
    ContactInboxPart {
        id: way.id,
        contact_id: way.contact_id,
        inbox_id: way.inbox_id,
        source_id: &way.source_id,
        created_at: iso(way.created_at),
        updated_at: iso(way.updated_at),
        hmac_verified: way.hmac_verified,
    }
}

fn sender_part<'a>(
    snapshot: &'a Snapshot<'a>,
    message: &snapshot::Message<'_>,
) -> Option<SenderPart<'a>> {
    if message.contact_id.is_some() {
        let part = contact_part(&snapshot.account, &snapshot.contact);
        return Some(SenderPart::Contact(part));
    }
    if let Some(user) = &snapshot.agent {
        let (name, email) = (&user.name, &user.email);
        return Some(SenderPart::User {
            id: user.id,
            name,
            email,
            r#type: "user",
        });
    }
    let bot = snapshot.bot.as_ref()?;
    Some(SenderPart::Bot {
        id: bot.id,
        name: &bot.name,
        r#type: "agent_bot",
    })
}

fn contact_part<'a>(account: &'a Named<'a>, contact: &'a snapshot::Contact<'a>) -> ContactPart<'a> {
    ContactPart {
        account: named(account),
        additional_attributes: contact.additional_attributes,
        avatar: &contact.avatar_url,
        custom_attributes: contact.custom_attributes,
        email: contact.email.as_deref(),
        id: contact.id,
        identifier: contact.identifier.as_deref(),
        name: &contact.name,
        phone_number: contact.phone_number.as_deref(),
        thumbnail: &contact.avatar_url,
        blocked: contact.blocked,
    }
}

fn push_message<'a>(
    snapshot: &'a Snapshot<'a>,
    message: &'a snapshot::Message<'a>,
) -> PushMessage<'a> {
    let (sender_type, sender) = if message.contact_id.is_some() {
        (
            Some("Contact"),
            Some(PushSender::Contact(push_contact(&snapshot.contact))),
        )
    } else if let Some(user) = &snapshot.agent {
        (Some("User"), Some(PushSender::User(push_user(user))))
    } else if let Some(bot) = &snapshot.bot {
        (Some("AgentBot"), Some(PushSender::Bot(push_bot(bot))))
    } else {
        (None, None)
    };
    let content = normalized(message.content.as_deref());
    PushMessage {
        id: message.id,
        processed_message_content: content.clone(),
        content,
        account_id: snapshot.account.id,
        inbox_id: snapshot.inbox.id,
        conversation_id: snapshot.conversation.id,
        message_type: message_type(&message.kind),
        created_at: message.created_at.timestamp(),
        updated_at: iso(message.updated_at),
        private: message.private,
        status: &message.status,
        source_id: message.source_id.as_deref(),
        content_type: &message.content_type,
        content_attributes: content_part(message),
        sender_type,
        sender_id: message.contact_id.or(message.agent_id).or(message.bot_id),
        external_source_ids: Empty {},
        additional_attributes: attributes_part(message),
        sentiment: Empty {},
        conversation: PushConversation {
            assignee_id: snapshot.conversation.assignee_id,
            unread_count: snapshot.conversation.unread_count.min(UNREAD_CAP),
            last_activity_at: snapshot.conversation.last_activity_at.timestamp(),
            contact_inbox: SourcePart {
                source_id: &snapshot.contact_inbox.source_id,
            },
        },
        attachments: attachment_parts(snapshot),
        sender,
    }
}

fn attachment_parts<'a>(snapshot: &'a Snapshot<'a>) -> Vec<AttachmentPart<'a>> {
    let parts = snapshot
        .attachments
        .iter()
        .map(|attachment| AttachmentPart {
            id: attachment.id,
            message_id: attachment.message_id,
            file_type: &attachment.file_type,
            account_id: snapshot.account.id,
            content: attachment_content(attachment),
        });
    parts.collect()
}

fn attachment_content<'a>(attachment: &'a snapshot::Attachment<'a>) -> AttachmentContent<'a> {
    let (name, url) = (&attachment.name, &attachment.url);
    match &*attachment.file_type {
        "location" => AttachmentContent::Location {
            coordinates_lat: &attachment.meta["latitude"],
            coordinates_long: &attachment.meta["longitude"],
            fallback_title: name,
            data_url: url,
        },
        "contact" => AttachmentContent::Contact {
            fallback_title: name,
            meta: &attachment.meta,
        },
        kind => AttachmentContent::File {
            extension: name.rsplit_once('.').map(|(_, extension)| extension),
            content_type: &attachment.media_type,
            data_url: url,
            thumb_url: &attachment.thumb_url,
            file_size: attachment.size_bytes,
            width: attachment.width,
            height: attachment.height,
            transcribed_text: (kind == "audio").then_some(""),
        },
    }
}

fn named<'a>(named: &'a Named<'a>) -> NamedPart<'a> {
    NamedPart {
        id: named.id,
        name: &named.name,
    }
}

fn push_contact<'a>(contact: &'a snapshot::Contact<'a>) -> PushContact<'a> {
    PushContact {
        additional_attributes: contact.additional_attributes,
        custom_attributes: contact.custom_attributes,
        email: contact.email.as_deref(),
        id: contact.id,
        identifier: contact.identifier.as_deref(),
        name: &contact.name,
        phone_number: contact.phone_number.as_deref(),
        thumbnail: &contact.avatar_url,
        blocked: contact.blocked,
        r#type: "contact",
    }
}

fn push_user<'a>(user: &'a snapshot::User<'a>) -> PushUser<'a> {
    PushUser {
        id: user.id,
        name: &user.name,
        available_name: user.display_name.as_deref().unwrap_or(&user.name),
        avatar_url: &user.avatar_url,
        r#type: "user",
        availability_status: &user.availability_status,
        thumbnail: &user.avatar_url,
    }
}

fn push_bot<'a>(bot: &'a snapshot::Bot<'a>) -> PushBot<'a> {
    PushBot {
        id: bot.id,
        name: &bot.name,
        avatar_url: &bot.avatar_url,
        r#type: "agent_bot",
    }
}

pub(super) fn channel_type(channel: &str) -> &'static str {
    match Channel::parse(channel) {
        Some(Channel::Webchat) => "Channel::WebWidget",
        Some(Channel::WhatsApp) => "Channel::Whatsapp",
        Some(Channel::Telegram) => "Channel::Telegram",
        Some(Channel::Facebook) => "Channel::FacebookPage",
        Some(Channel::Sms) => "Channel::Sms",
        Some(Channel::Instagram) => "Channel::Instagram",
        Some(
            Channel::General
            | Channel::Workflow
            | Channel::GoogleBusinessMessages
            | Channel::Rcs
            | Channel::HangoutsChat
            | Channel::Google,
        )
        | None => "Channel::Api",
    }
}

fn message_type(kind: &str) -> u8 {
    match kind {
        "incoming" => 0,
        "outgoing" => 1,
        "activity" => 2,
        _ => 3,
    }
}

/// A backslash before a line's end is that line's end alone, and lines' ends at the end are none.
fn normalized(content: Option<&str>) -> Option<String> {
    content.map(|text| text.replace("\\\n", "\n").trim_end_matches('\n').to_owned())
}

fn iso(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn seconds(at: Option<DateTime<Utc>>) -> i64 {
    at.map_or(0, |at| at.timestamp())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "microseconds since 1970 fit a float for centuries"
)]
fn fractional_seconds(at: DateTime<Utc>) -> f64 {
    at.timestamp_micros() as f64 / 1e6
}
