//! From what the engine wants to what the store writes.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::Said;
use crate::flow::engine::{ContactChange, Effect, Say, Turn};
use crate::flow::session::{Place, Session};
use crate::model::{BotId, ContentType, ConversationStatus, FlowVersion, MessageKind};
use crate::store::Result;
use crate::store::messages::{From, NewMessage};
use crate::store::sessions::StoredSession;
use crate::store::turns::{NewSession, Saying, Step};

/// Whose turn it is, and what it waited for until now.
pub(super) struct Turning {
    bot: BotId,
    flow_version: FlowVersion,
    due_at: Option<DateTime<Utc>>,
}

impl Turning {
    /// A flow that begins.
    pub(super) fn of(bot: BotId, flow_version: FlowVersion) -> Self {
        Self {
            bot,
            flow_version,
            due_at: None,
        }
    }

    /// A flow that goes on.
    pub(super) fn from(session: &StoredSession) -> Self {
        Self {
            bot: session.bot,
            flow_version: session.flow_version,
            due_at: session.due_at,
        }
    }

    /// What a turn of the engine changes, and what its answer says.
    pub(super) fn turn(self, turn: Turn, now: DateTime<Utc>) -> Result<(Step, Vec<Said>)> {
        let mut step = Step {
            status: status_at(&turn.session.place),
            ..Step::default()
        };
        let mut said = Vec::new();
        let mut due_at = self.due_at.filter(|_| is_live(&turn.session));
        for effect in turn.effects {
            match effect {
                Effect::Say(say) => {
                    step.said.push(Saying {
                        message: message(self.bot, &say),
                        for_visitor: None,
                    });
                    said.push(Said::from(say));
                }
                Effect::SetContact(ContactChange::Name(name)) => step.contact.name = Some(name),
                Effect::SetContact(ContactChange::Email(email)) => {
                    step.contact.email = Some(email.as_str().to_owned());
                }
                Effect::SetContact(ContactChange::PhoneNumber(number)) => {
                    step.contact.phone_number = Some(number.as_str().to_owned());
                }
                Effect::SetContact(ContactChange::Property(key, value)) => {
                    step.contact.properties.insert(key, value);
                }
                Effect::HandOver { timeout_secs } => {
                    due_at = timeout_secs.map(|secs| now + TimeDelta::seconds(secs.into()));
                }
                // Whoever walks has asked already.
                Effect::Call(_) | Effect::End => {}
            }
        }
        step.session = Some(NewSession {
            bot: self.bot,
            flow_version: self.flow_version,
            state: serde_json::to_value(&turn.session)?,
            due_at,
            ended: turn.session.place == Place::Ended,
        });
        Ok((step, said))
    }
}

/// The session as it is, to be written so that no other turn is computed from it.
pub(super) fn unmoved(session: &StoredSession) -> NewSession {
    NewSession {
        bot: session.bot,
        flow_version: session.flow_version,
        state: session.state.clone(),
        due_at: session.due_at,
        ended: session.ended,
    }
}

fn is_live(session: &Session) -> bool {
    matches!(session.place, Place::Live { .. })
}

/// Where a conversation stands whose visitor is there.
fn status_at(place: &Place) -> Option<ConversationStatus> {
    match place {
        Place::Beginning | Place::Calling { .. } => None,
        Place::Question { .. } | Place::Plugin { .. } => Some(ConversationStatus::Pending),
        Place::Live { .. } => Some(ConversationStatus::Open),
        Place::Ended => Some(ConversationStatus::Resolved),
    }
}

fn message(bot: BotId, say: &Say) -> NewMessage {
    let mut message = NewMessage::text(MessageKind::Outgoing, From::Bot(bot), &say.text);
    message.rich.clone_from(&say.rich);
    if !say.options.is_empty() {
        let items: Vec<Value> = say
            .options
            .iter()
            .map(|option| json!({ "title": option.title, "value": option.payload.to_string() }))
            .collect();
        message.content_type = ContentType::InputSelect;
        message.content_attributes = json!({ "items": items }).into();
    }
    if let Some(typing_ms) = say.typing_ms {
        let attributes = &mut message.content_attributes;
        attributes.insert("typing_ms".to_owned(), typing_ms.into());
    }
    message
}

impl Step {
    /// Lets the visitor's chat client hear by its callback what the bot says: as text, with a line an option.
    pub(super) fn tell_visitor(&mut self) {
        for saying in &mut self.said {
            let text = saying.message.content.clone().unwrap_or_default();
            let items = saying.message.content_attributes.get("items");
            let titles = items.and_then(Value::as_array).into_iter().flatten();
            let titles = titles.filter_map(|item| item.get("title")?.as_str());
            let lines: Vec<&str> = std::iter::once(text.as_str()).chain(titles).collect();
            saying.for_visitor = Some(lines.join("\n"));
        }
    }
}

impl std::convert::From<Say> for Said {
    fn from(say: Say) -> Self {
        let options = say.options.into_iter();
        Self {
            text: say.text,
            options: options
                .map(|option| (option.title, option.payload))
                .collect(),
            rich: say.rich.map(|rich| (rich.kind.to_string(), rich.body)),
            typing_ms: say.typing_ms,
        }
    }
}
