//! What each kind of listener is told of what happened.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use super::room::Listener;
use super::unread;
use crate::api::chatlake::wire::contact::PushContact;
use crate::api::chatlake::wire::message::PushMessage;
use crate::api::chatlake::wire::push::{
    AccountData, Announced, ContactData, ConversationData, ConversationPush, GoneContactData,
    MessageData, Performer, TypingData,
};
use crate::api::chatlake::wire::user::{BotBody, UserBody};
use crate::model::{
    AccountId, AgentId, Contact, ContactId, ContactInboxId, ConversationId, EventKind, InboxId,
    Message, MessageId, MessageKind, Sender,
};
use crate::store::conversation_views::{self, ConversationView};
use crate::store::messages::{self, From};
use crate::store::recent_events::{self, RecentEvent};
use crate::store::signals::Signal;
use crate::store::typing::Typing;
use crate::store::{self, Store, agents, audience, bots, cache_keys, contacts};

/// One thing to tell, and to whom.
#[derive(Debug)]
pub(super) struct Told {
    /// The event as JSON, the same for all.
    pub(super) message: String,
    /// Which inbox must be open to an agent who hears of it; any agent does if there is none.
    pub(super) inbox: Option<InboxId>,
    /// The contacts who hear of it.
    pub(super) ways: Vec<ContactInboxId>,
    /// The only agent whom it concerns, if it concerns one.
    pub(super) only: Option<AgentId>,
    /// Whose own doing it is, and who need not be told.
    pub(super) except: Option<Listener>,
}

/// What only the event of a message says of it.
enum Kept {
    /// By what its sender's client knows it.
    Echo(Option<Value>),
    /// What it was before.
    Changes(Map<String, Value>),
}

/// What is read for a batch, once for all of it.
struct Facts {
    account: AccountId,
    now: DateTime<Utc>,
    views: HashMap<ConversationId, ConversationView>,
    last_public: HashMap<ConversationId, Message>,
    ways: HashMap<ConversationId, Vec<ContactInboxId>>,
    messages: HashMap<MessageId, Message>,
    contacts: HashMap<ContactId, Contact>,
}

/// What there is to tell of these events.
pub(super) async fn of_events(
    store: &Store,
    account: AccountId,
    ids: &[i64],
    now: DateTime<Utc>,
) -> store::Result<Vec<Told>> {
    let events = recent_events::list(store, account, ids).await?;
    let mut facts = Facts::of_conversations(
        store,
        account,
        events.iter().filter_map(|event| event.conversation),
        now,
    )
    .await?;
    let wanted: Vec<i64> = events
        .iter()
        .filter_map(|event| event.message)
        .map(|id| id.0)
        .collect();
    if !wanted.is_empty() {
        let found = messages::list_by_ids(store, account, &wanted).await?;
        facts.messages = found.into_iter().map(|found| (found.id, found)).collect();
    }
    let alone = events.iter().filter(|event| event.conversation.is_none());
    let wanted: Vec<i64> = alone
        .filter_map(|event| event.contact)
        .map(|id| id.0)
        .collect();
    if !wanted.is_empty() {
        let found = contacts::list_by_ids(store, account, &wanted).await?;
        facts.contacts = found.into_iter().map(|found| (found.id, found)).collect();
    }
    let mut told = Vec::new();
    for event in &events {
        facts.tell(event, &mut told)?;
    }
    let touched = events.iter().filter_map(|event| facts.unread_by(event));
    told.extend(unread::changed(store, account, touched.collect()).await?);
    Ok(told)
}

/// What there is to tell of what is kept nowhere.
pub(super) async fn of_signals(
    store: &Store,
    account: AccountId,
    signals: &[Signal],
    now: DateTime<Utc>,
) -> store::Result<Vec<Told>> {
    let about = signals.iter().filter_map(|signal| signal.conversation());
    let facts = Facts::of_conversations(store, account, about, now).await?;
    let (mut told, mut touched) = (Vec::new(), BTreeSet::new());
    for signal in signals {
        let view = signal.conversation().and_then(|id| facts.views.get(&id));
        let Some(view) = view else {
            continue;
        };
        match *signal {
            Signal::Read { .. } => told.push(facts.to_insiders("conversation.read", view)?),
            Signal::Unread { .. } => {
                touched.insert(view.conversation.inbox);
            }
            Signal::Mentioned { agent, .. } => told.push(Told {
                only: Some(agent),
                ..facts.to_insiders("conversation.mentioned", view)?
            }),
            Signal::ListsChanged => {}
            Signal::Typing { typing, .. } => {
                if let Some(user) = who(store, account, view, typing.by).await? {
                    told.push(facts.typing(view, user, typing)?);
                }
            }
        }
    }
    told.extend(unread::changed(store, account, touched).await?);
    if signals.contains(&Signal::ListsChanged) {
        let keys = cache_keys::get(store, account).await?;
        let data = AccountData::with_keys(account, keys);
        told.push(to("account.cache_invalidated", data)?);
    }
    Ok(told)
}

async fn who(
    store: &Store,
    account: AccountId,
    view: &ConversationView,
    by: From,
) -> store::Result<Option<Performer>> {
    Ok(match by {
        From::Contact => Some(Performer::Contact(PushContact::new(&view.contact))),
        From::Agent(id) => {
            let agent = agents::get(store, account, id).await?;
            Some(Performer::agent(&agent))
        }
        From::Bot(id) => {
            let bot = bots::get(store, account, id).await?;
            Some(Performer::Bot(BotBody::new(id, &bot.name, &bot.avatar_url)))
        }
        From::System => None,
    })
}

impl Facts {
    async fn of_conversations(
        store: &Store,
        account: AccountId,
        conversations: impl Iterator<Item = ConversationId>,
        now: DateTime<Utc>,
    ) -> store::Result<Self> {
        let mut ids: Vec<ConversationId> = conversations.collect();
        ids.sort_unstable();
        ids.dedup();
        let mut facts = Self {
            account,
            now,
            views: HashMap::new(),
            last_public: HashMap::new(),
            ways: HashMap::new(),
            messages: HashMap::new(),
            contacts: HashMap::new(),
        };
        if ids.is_empty() {
            return Ok(facts);
        }
        let numbers: Vec<i64> = ids.iter().map(|id| id.0).collect();
        let views = conversation_views::list(store, account, &ids).await?;
        facts.views = views
            .into_iter()
            .map(|view| (view.conversation.id, view))
            .collect();
        facts.last_public = messages::list_last(store, account, &numbers, true).await?;
        facts.ways = audience::ways_told(store, account, &numbers).await?;
        Ok(facts)
    }

    /// What an event comes to. What is gone by now is not told: its end is.
    fn tell(&self, event: &RecentEvent, told: &mut Vec<Told>) -> store::Result<()> {
        let view = event.conversation.and_then(|id| self.views.get(&id));
        let message = event.message.and_then(|id| self.messages.get(&id));
        match (event.kind, view, message) {
            (EventKind::MessageCreated, Some(view), Some(message)) => {
                let echo = event.echo_id.clone();
                told.push(self.message("message.created", view, message, Kept::Echo(echo))?);
                if is_first_reply(view, message) {
                    let first = self.message("first.reply.created", view, message, Kept::Echo(None))?;
                    told.push(Told {
                        ways: Vec::new(),
                        ..first
                    });
                }
            }
            (EventKind::MessageUpdated, Some(view), Some(message)) => {
                let changes = previous_changes(event.changed.as_ref());
                told.push(self.message("message.updated", view, message, Kept::Changes(changes))?);
            }
            (EventKind::ConversationCreated, Some(view), _) => {
                told.push(self.to_all("conversation.created", view)?);
            }
            (EventKind::ConversationUpdated, Some(view), _) => {
                told.push(self.to_all("conversation.updated", view)?);
                for name in changes_told_apart(event.changed.as_ref()) {
                    told.push(self.to_insiders(name, view)?);
                }
            }
            (EventKind::ConversationStatusChanged, Some(view), _) => {
                told.push(self.to_all("conversation.status_changed", view)?);
            }
            (EventKind::ContactDeleted, _, _) => {
                if let Some(contact) = event.contact {
                    let data = GoneContactData::new(self.account, contact);
                    told.push(to("contact.deleted", data)?);
                }
            }
            (
                kind @ (EventKind::ContactCreated
                | EventKind::ContactUpdated
                | EventKind::ContactMerged),
                _,
                _,
            ) => {
                let contact = event.contact.and_then(|id| self.contacts.get(&id));
                if let Some(contact) = contact {
                    told.push(self.contact(kind.as_str(), contact)?);
                }
            }
            (
                EventKind::MessageCreated
                | EventKind::MessageUpdated
                | EventKind::ConversationCreated
                | EventKind::ConversationUpdated
                | EventKind::ConversationStatusChanged
                | EventKind::ConversationOpened
                | EventKind::ConversationResolved
                // Who is writing is told by a signal, whether or not a webhook hears of it.
                | EventKind::ConversationTypingOn
                | EventKind::ConversationTypingOff
                | EventKind::WebwidgetTriggered
                | EventKind::InboxCreated
                | EventKind::InboxUpdated
                | EventKind::LiveEnded
                | EventKind::EndpointDisabled,
                _,
                _,
            ) => {}
        }
        Ok(())
    }
}

impl Facts {
    /// The inbox whose agents are to count anew what is unread, if an event may have changed that.
    fn unread_by(&self, event: &RecentEvent) -> Option<InboxId> {
        let conversation = &self.views.get(&event.conversation?)?.conversation;
        let has_changed = match event.kind {
            EventKind::MessageCreated => {
                let message = self.messages.get(&event.message?)?;
                message.kind == MessageKind::Incoming
            }
            EventKind::ConversationStatusChanged => conversation.unread_count > 0,
            EventKind::ConversationUpdated => {
                let mut changes = changes(event.changed.as_ref());
                conversation.unread_count > 0
                    && changes.any(|(name, _)| matches!(name.as_str(), "label_list" | "team_id"))
            }
            _ => false,
        };
        has_changed.then_some(conversation.inbox)
    }

    /// To whoever sees the inbox, and to the contact unless it is nothing that contacts see.
    fn message(
        &self,
        event: &'static str,
        view: &ConversationView,
        message: &Message,
        beside: Kept,
    ) -> store::Result<Told> {
        let performer = match &message.sender {
            Sender::Agent(agent) if event != "message.updated" => {
                Some(Performer::User(UserBody::new(agent)))
            }
            Sender::Agent(_) | Sender::Bot { .. } | Sender::Contact(_) | Sender::System => None,
        };
        let (echo_id, previous_changes) = match beside {
            Kept::Echo(echo_id) => (echo_id, None),
            Kept::Changes(changes) => (None, Some(changes)),
        };
        let data = MessageData {
            message: PushMessage::new(self.account, message, view).echoing(echo_id),
            previous_changes,
            performer,
        };
        let is_hidden = message.private || message.kind == MessageKind::Activity;
        let ways = if is_hidden {
            Vec::new()
        } else {
            self.ways_of(view)
        };
        told(event, data, Some(view.conversation.inbox), ways)
    }

    fn to_all(&self, event: &'static str, view: &ConversationView) -> store::Result<Told> {
        let inbox = Some(view.conversation.inbox);
        told(event, self.conversation(view), inbox, self.ways_of(view))
    }

    fn to_insiders(&self, event: &'static str, view: &ConversationView) -> store::Result<Told> {
        let inbox = Some(view.conversation.inbox);
        told(event, self.conversation(view), inbox, Vec::new())
    }

    /// Contacts are in no inbox: every agent of the account hears of them.
    fn contact(&self, event: &'static str, contact: &Contact) -> store::Result<Told> {
        to(event, ContactData::new(self.account, contact))
    }

    /// To all but the one who writes. A note among agents is none of the contact's business.
    fn typing(
        &self,
        view: &ConversationView,
        user: Performer,
        typing: Typing,
    ) -> store::Result<Told> {
        let own = view.conversation.contact_inbox;
        let data = TypingData {
            conversation: self.push(view),
            user,
            is_private: typing.private,
            account_id: self.account.0,
        };
        let event = if typing.on {
            "conversation.typing_on"
        } else {
            "conversation.typing_off"
        };
        let ways = if typing.private {
            Vec::new()
        } else {
            vec![own]
        };
        let told = told(event, data, Some(view.conversation.inbox), ways)?;
        Ok(Told {
            except: match typing.by {
                From::Agent(id) => Some(Listener::Agent(id)),
                From::Contact => Some(Listener::Contact(own)),
                From::Bot(_) | From::System => None,
            },
            ..told
        })
    }

    fn conversation(&self, view: &ConversationView) -> ConversationData {
        ConversationData {
            conversation: self.push(view),
            account_id: self.account.0,
        }
    }

    fn push(&self, view: &ConversationView) -> ConversationPush {
        let last = self.last_public.get(&view.conversation.id);
        ConversationPush::new(self.account, view, last, self.now)
    }

    fn ways_of(&self, view: &ConversationView) -> Vec<ContactInboxId> {
        let ways = self.ways.get(&view.conversation.id);
        ways.cloned().unwrap_or_default()
    }
}

/// To every agent of the account.
fn to(event: &'static str, data: impl Serialize) -> store::Result<Told> {
    told(event, data, None, Vec::new())
}

pub(super) fn told(
    event: &'static str,
    data: impl Serialize,
    inbox: Option<InboxId>,
    ways: Vec<ContactInboxId>,
) -> store::Result<Told> {
    Ok(Told {
        message: serde_json::to_string(&Announced { event, data })?,
        inbox,
        ways,
        only: None,
        except: None,
    })
}

/// Whether it is the first thing that an agent says to the contact.
fn is_first_reply(view: &ConversationView, message: &Message) -> bool {
    message.kind == MessageKind::Outgoing
        && !message.private
        && matches!(message.sender, Sender::Agent(_))
        && view.conversation.first_agent_message_at == Some(message.created_at)
}

/// The fields of a list of changes, each with what it was and what it is.
fn changes(changed: Option<&Value>) -> impl Iterator<Item = (&String, [Value; 2])> {
    let entries = changed.and_then(Value::as_array).into_iter().flatten();
    let fields = entries.filter_map(Value::as_object).flatten();
    fields.map(|(name, change)| {
        let value = |key: &str| change.get(key).cloned().unwrap_or_default();
        (name, [value("previous_value"), value("current_value")])
    })
}

fn previous_changes(changed: Option<&Value>) -> Map<String, Value> {
    let changes = changes(changed);
    changes
        .map(|(name, pair)| (name.clone(), Value::from(pair.to_vec())))
        .collect()
}

/// Changes of a conversation that have an event of their own.
fn changes_told_apart(changed: Option<&Value>) -> impl Iterator<Item = &'static str> {
    changes(changed).filter_map(|(name, _)| match name.as_str() {
        "assignee_id" => Some("assignee.changed"),
        "team_id" => Some("team.changed"),
        "contact_id" => Some("conversation.contact_changed"),
        _ => None,
    })
}
