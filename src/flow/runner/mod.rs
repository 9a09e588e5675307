//! Does what the engine says: reads where the visitor is, computes the turn with no transaction open, writes it.
//!
//! A turn that another one overtook, in this server or another, is computed again from what is there then.

mod due;
mod flows;
mod idle;
mod outside;
mod reach;
mod receive;
mod status;
mod step;
mod turn;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{
    AccountId, Attributes, BotId, Contact, ConversationId, ConversationStatus, Email, FlowVersion,
    MessageId, MessageKind, StreamId,
};
use crate::store::bots::{NewFlow, NewOption};
use crate::store::messages::{From, NewMessage};
use crate::store::sessions::{Chat, StoredSession};
use crate::store::turns::{self, Basis, Step};
use crate::store::{self, Error, Field, Noun, Once, Result, Store};

use super::engine::{Input, Visitor};
use super::file::{File, Problems};
use super::graph::Flow;
use super::session::{Place, Session};
use flows::Flows;
use outside::Asking;
pub use outside::{Asker, Outside};
pub use reach::Reach;
use step::{Turning, unmoved};
use turn::{Walking, cause_of, cause_of_start};

/// How often a turn is computed anew when others overtake it.
const ATTEMPTS: usize = 64;

/// Runs bots over a store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Runner {
    store: Store,
    flows: Arc<Flows>,
    /// Where a phone number without a country code is from when its flow does not say.
    region: Arc<str>,
    outside: Outside,
}

/// A chat to start.
#[derive(Debug, Clone)]
pub struct NewChat {
    /// With whom.
    pub bot: BotId,
    /// Who the visitor is.
    pub email: Email,
    /// Where the visitor's client hears of agents.
    pub callback_url: Option<String>,
    /// What the client starts it with.
    pub metadata: Attributes,
}

/// What a visitor answers.
#[derive(Debug, Clone)]
pub struct Words {
    /// The words.
    pub text: String,
    /// The number of the option that was chosen.
    pub payload: Option<i64>,
}

/// What the bot says to that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The visitor's handle on the chat.
    pub stream: i64,
    /// The messages, up to the next question or the end.
    pub said: Vec<Said>,
}

/// A message of the bot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// The words.
    pub text: String,
    /// The options: title and number.
    pub options: Vec<(String, i64)>,
    /// A richer form: its kind and what it holds.
    pub rich: Option<(String, Value)>,
    /// How long the bot seems to type before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typing_ms: Option<u32>,
}

/// Why a flow was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The flow file is not sound.
    #[error(transparent)]
    Unsound(#[from] Problems),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] Error),
}

impl Runner {
    /// A runner over this store; `region` is where phone numbers are from (ISO 3166). Whatever its flows ask outside
    /// fails.
    pub fn new(store: Store, region: &str) -> Self {
        Self {
            store,
            flows: Arc::default(),
            region: region.into(),
            outside: Outside::nobody(),
        }
    }

    /// The same with somebody to ask.
    pub fn asking(self, outside: Outside) -> Self {
        Self { outside, ..self }
    }

    /// Checks a flow file and makes it the bot's next version.
    pub async fn publish(
        &self,
        account: AccountId,
        bot: BotId,
        file: &str,
        now: DateTime<Utc>,
    ) -> Result<FlowVersion, PublishError> {
        let file = File::parse(file)?;
        let flow = Flow::new(&file)?;
        let options = flow.choices().map(|(node, choice)| NewOption {
            node: node.to_owned(),
            name: choice.name.clone(),
            payload: flow.stated_payload(choice),
        });
        let new = NewFlow {
            document: file.to_document(),
            options: options.collect(),
        };
        Ok(store::bots::publish(&self.store, account, bot, new, now).await?)
    }

    /// Starts a chat. The answer holds what the bot says up to its first question or its end.
    pub async fn start(
        &self,
        account: AccountId,
        new: NewChat,
        once: Option<Once>,
        now: DateTime<Utc>,
    ) -> Result<Answer> {
        if let Some(first) = self.recall(account, once.as_ref()).await? {
            return Ok(first);
        }
        let served = store::bots::get_served(&self.store, account, new.bot).await?;
        let flow = self.flow(account, new.bot, served.flow_version).await?;
        let stream = StreamId(rand::random_range(1..=i64::MAX));
        let cause = cause_of_start(account, once.as_ref(), stream);
        let mut asking = Asking::new(&self.outside, cause);
        let asker = Asker {
            account,
            bot: new.bot,
            conversation: None,
            stream: Some(stream),
            id: uuid::Uuid::nil(),
        };
        for _ in 0..ATTEMPTS {
            let email = new.email.as_str();
            let contact = store::contacts::find_by_email(&self.store, account, email).await?;
            let blocked = contact.as_ref().is_some_and(|contact| contact.blocked);
            let walking = Walking {
                flow: &flow,
                state: Session::default(),
                visitor: self.visitor_of(contact, &new),
                input: Input::Start,
            };
            let turn = walking.walk(asker, &mut asking).await;
            let (mut step, said) = Turning::of(new.bot, served.flow_version).turn(turn, now)?;
            if blocked {
                step.status = None;
            }
            let chat = turns::NewChat {
                inbox: served.inbox,
                stream,
                email: email.to_owned(),
                callback_url: new.callback_url.clone(),
                campaign: campaign(&new.metadata),
                metadata: new.metadata.clone(),
                step,
            };
            let answer = Answer {
                stream: stream.0,
                said,
            };
            match turns::start(&self.store, account, chat, answer, once.clone(), now).await {
                Err(error) if is_overtaken(&error) => {}
                outcome => return outcome,
            }
        }
        Err(Error::SessionMoved)
    }

    /// Takes what a visitor answers: to the bot, or to the agents if they have the chat.
    ///
    /// The stream is its own credential; a `caller` that is named must own it.
    pub async fn reply(
        &self,
        stream: StreamId,
        caller: Option<AccountId>,
        words: &Words,
        once: Option<Once>,
        now: DateTime<Utc>,
    ) -> Result<Answer> {
        let mut asking = None;
        for _ in 0..ATTEMPTS {
            let chat = store::sessions::find_by_stream(&self.store, stream)
                .await?
                .filter(|chat| caller.is_none_or(|caller| caller == chat.account))
                .ok_or(Error::NotFound(Noun::Stream))?;
            if let Some(first) = self.recall(chat.account, once.as_ref()).await? {
                return Ok(first);
            }
            let session = chat.session.as_ref().ok_or(Error::ChatEnded)?;
            let asking = asking.get_or_insert_with(|| self.asking_for(&chat, once.as_ref(), words));
            let heard = self.hear((&chat, session), words, asking, now).await?;
            let (mut step, said) = heard.ok_or(Error::ChatEnded)?;
            step.incoming = Some(NewMessage::text(
                MessageKind::Incoming,
                From::Contact,
                &words.text,
            ));
            let answer = Answer {
                stream: stream.0,
                said,
            };
            match self.take(&chat, step, |_| answer, once.clone(), now).await {
                Err(error) if is_overtaken(&error) => {}
                outcome => return outcome,
            }
        }
        Err(Error::SessionMoved)
    }

    /// What may be asked because of a visitor's words.
    fn asking_for(&self, chat: &Chat, once: Option<&Once>, words: &Words) -> Asking<'_> {
        let payload = words.payload.unwrap_or_default().to_be_bytes();
        let cause = cause_of(chat, once, &[words.text.as_bytes(), &payload]);
        Asking::new(&self.outside, cause)
    }

    async fn take<T>(
        &self,
        chat: &Chat,
        step: Step,
        answer: impl FnOnce(Option<MessageId>) -> T + Send + 'static,
        once: Option<Once>,
        now: DateTime<Utc>,
    ) -> Result<T>
    where
        T: Serialize + serde::de::DeserializeOwned + Send + 'static,
    {
        let basis = Basis {
            conversation: chat.conversation,
            status: chat.status,
            version: chat.session.as_ref().map(|session| session.version),
        };
        turns::take_step(&self.store, chat.account, (basis, step), answer, once, now).await
    }

    async fn chat(&self, account: AccountId, conversation: ConversationId) -> Result<Chat> {
        store::sessions::find(&self.store, account, conversation)
            .await?
            .ok_or(Error::NotFound(Noun::Conversation))
    }

    async fn flow(
        &self,
        account: AccountId,
        bot: BotId,
        version: FlowVersion,
    ) -> Result<Arc<Flow>> {
        self.flows.get(&self.store, account, bot, version).await
    }

    /// What a named write came to when it was done before.
    async fn recall(&self, account: AccountId, once: Option<&Once>) -> Result<Option<Answer>> {
        match once {
            Some(once) => store::find_outcome(&self.store, account, once).await,
            None => Ok(None),
        }
    }

    fn visitor(&self, chat: &Chat) -> Visitor {
        Visitor {
            name: chat.name.clone(),
            email: chat.email.clone(),
            phone_number: chat.phone_number.clone(),
            properties: chat.properties.clone(),
            metadata: chat.metadata.clone(),
            region: self.region.to_string(),
        }
    }

    fn visitor_of(&self, contact: Option<Contact>, new: &NewChat) -> Visitor {
        let mut visitor = Visitor {
            email: Some(new.email.as_str().to_owned()),
            metadata: new.metadata.clone(),
            region: self.region.to_string(),
            ..Visitor::default()
        };
        if let Some(contact) = contact {
            visitor.name = contact.name;
            visitor.phone_number = contact.phone_number;
            visitor.properties = contact.custom_attributes;
        }
        visitor
    }
}

/// Whether what a visitor says goes to the agents.
fn is_with_agents(chat: &Chat, place: &Place) -> bool {
    is_open(chat.status) || matches!(place, Place::Live { .. })
}

fn is_open(status: ConversationStatus) -> bool {
    match status {
        ConversationStatus::Open | ConversationStatus::Snoozed => true,
        ConversationStatus::Resolved | ConversationStatus::Pending => false,
    }
}

/// The bot stays where it is, and the agents get what is said.
fn to_agents(session: &StoredSession) -> Step {
    Step {
        session: Some(unmoved(session)),
        status: Some(ConversationStatus::Open),
        ..Step::default()
    }
}

/// Whether somebody else came first, so that the same request fits when it is computed again.
fn is_overtaken(error: &Error) -> bool {
    matches!(
        error,
        Error::SessionMoved | Error::Taken(Field::ContactEmail | Field::ContactPhoneNumber)
    )
}

/// The campaign that brought the visitor.
fn campaign(metadata: &Attributes) -> Attributes {
    let utm = metadata.iter().filter(|(key, _)| key.starts_with("utm_"));
    let utm: serde_json::Map<_, _> = utm
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    utm.into()
}
