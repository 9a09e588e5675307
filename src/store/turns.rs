//! Turns: everything that one step of a bot changes, in one transaction, once.
//!
//! A turn is computed from what `sessions` read, with no transaction open. The version of the session tells whether it
//! still fits when it is written; one that does not is refused, and its caller computes another.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sqlx::PgConnection;

use super::appends::{Append, Appended};
use super::auto_resolve::{self, Rule};
use super::conversation_status::{self, StatusChange};
use super::messages::NewMessage;
use super::{
    Error, Once, Result, Store, auto_assignment, contact_search, contacts, conversations,
    endpoints, events, messages, surveys,
};
use crate::model::{
    AccountId, Attributes, BotId, ContactId, Conversation, ConversationId, ConversationStatus,
    EventKind, FlowVersion, InboxId, MessageId, MessageKind, StreamId,
};

/// What the visitor's chat client is told when an agent ends the live part.
const LIVE_ENDED: &str = "Agent has ended this live session";

/// What one step changes.
#[derive(Debug, Clone, Default)]
pub struct Step {
    /// What the visitor said.
    pub incoming: Option<NewMessage>,
    /// Where somebody inside wants the conversation to stand.
    pub change: Option<StatusChange>,
    /// The rule by which it is resolved, as nothing happens in it.
    pub idle: Option<Rule>,
    /// Where the visitor is from now on; nothing leaves that as it is.
    pub session: Option<NewSession>,
    /// Whether an agent ended the live part, which the visitor's chat client is told.
    pub live_ended: bool,
    /// What became known of the contact.
    pub contact: ContactChanges,
    /// What the bot says.
    pub said: Vec<Saying>,
    /// Where the conversation stands then; nothing leaves that as it is.
    pub status: Option<ConversationStatus>,
}

/// A message of the bot.
#[derive(Debug, Clone)]
pub struct Saying {
    /// The message.
    pub message: NewMessage,
    /// What the visitor's chat client is told of it by its callback, not having asked.
    pub for_visitor: Option<String>,
}

impl Saying {
    /// A message that the visitor's chat client hears of if an agent speaks: the text, then a line for each attachment.
    pub(super) fn to_visitor(message: NewMessage) -> Self {
        Self {
            for_visitor: message.spoken_to_visitor(),
            message,
        }
    }

    /// Whether the contact says it.
    pub(super) fn is_incoming(&self) -> bool {
        self.message.kind == MessageKind::Incoming
    }

    /// A message that the visitor's chat client is not told of.
    fn silent(message: NewMessage) -> Self {
        Self {
            message,
            for_visitor: None,
        }
    }
}

/// Where a visitor is in a flow.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// The bot.
    pub bot: BotId,
    /// The flow it follows.
    pub flow_version: FlowVersion,
    /// What the engine remembers.
    pub state: Value,
    /// When a wait is over.
    pub due_at: Option<DateTime<Utc>>,
    /// Whether the flow is over.
    pub ended: bool,
}

/// What became known of a contact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContactChanges {
    /// The name.
    pub name: Option<String>,
    /// The e-mail address; dropped if another contact has it.
    pub email: Option<String>,
    /// The phone number; dropped if another contact has it.
    pub phone_number: Option<String>,
    /// What the account keeps: a `null` forgets.
    pub properties: Map<String, Value>,
}

/// What a step was computed from. It is refused if something else has happened since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Basis {
    /// The conversation.
    pub conversation: ConversationId,
    /// Where it stood.
    pub status: ConversationStatus,
    /// The session's version, if there was one.
    pub version: Option<i64>,
}

/// A chat to start, with its first step.
#[derive(Debug, Clone)]
pub struct NewChat {
    /// Where it takes place.
    pub inbox: InboxId,
    /// The visitor's handle on it.
    pub stream: StreamId,
    /// Lower-case e-mail address; its contact is made if there is none.
    pub email: String,
    /// Where the visitor's client hears of agents.
    pub callback_url: Option<String>,
    /// What the client starts it with.
    pub metadata: Attributes,
    /// The utm_* keys of that.
    pub campaign: Attributes,
    /// What the bot does first.
    pub step: Step,
}

/// Starts a chat, and gives `answer` back; a repeat gets the first one's answer.
pub async fn start<T>(
    store: &Store,
    account: AccountId,
    new: NewChat,
    answer: T,
    once: Option<Once>,
    now: DateTime<Utc>,
) -> Result<T>
where
    T: Serialize + DeserializeOwned + Send + 'static,
{
    let vault = store.vault().clone();
    store
        .write_once(account, once, now, move |conn| {
            Box::pin(async move {
                let callback = match &new.callback_url {
                    Some(url) => {
                        Some(endpoints::ensure_callback(conn, &vault, account, url, now).await?)
                    }
                    None => None,
                };
                let contact = ensure_contact(conn, account, &new, now).await?;
                let way = contacts::ensure_way(conn, account, contact, new.inbox, now).await?;
                let conversation = conversations::NewConversation {
                    custom_attributes: new.metadata,
                    ..conversations::NewConversation::default()
                };
                let handle = conversations::StreamHandle {
                    stream: new.stream,
                    callback,
                };
                let id = conversations::insert(conn, account, way, conversation, Some(handle), now)
                    .await?;
                let mut conversation = conversations::lock(conn, account, id).await?;
                if let Some(session) = &new.step.session {
                    begin_session(conn, account, id, session, now).await?;
                }
                take(conn, account, &mut conversation, new.step, now).await?;
                Ok(answer)
            })
        })
        .await
}

/// Takes a step in a conversation, and gives what `answer` makes of the message that the visitor's words became; a repeat
/// gets the first one's.
///
/// In an API inbox, a source id that the conversation has already gives the message that has it, and nothing happens.
pub async fn take_step<T>(
    store: &Store,
    account: AccountId,
    (basis, step): (Basis, Step),
    answer: impl FnOnce(Option<MessageId>) -> T + Send + 'static,
    once: Option<Once>,
    now: DateTime<Utc>,
) -> Result<T>
where
    T: Serialize + DeserializeOwned + Send + 'static,
{
    // What its client named is written with its name, alone.
    let shared = match once {
        None => append(account, basis, &step, now),
        Some(_) => None,
    };
    if let Some(append) = shared {
        match store.append(append).await? {
            Appended::Written(ids, _) => {
                let said = ids.first().copied().filter(|_| step.incoming.is_some());
                return Ok(answer(said));
            }
            Appended::Copy(copy) => return Ok(answer(Some(copy))),
            Appended::Aside => {}
        }
    }
    store
        .write_once(account, once, now, move |conn| {
            Box::pin(async move {
                let mut conversation = match &step.idle {
                    Some(rule) => {
                        auto_resolve::lock(conn, account, basis.conversation, rule, now).await?
                    }
                    None => conversations::lock(conn, account, basis.conversation).await?,
                };
                if let Some(incoming) = &step.incoming
                    && let Some(copy) =
                        messages::find_copy(conn, account, &conversation, incoming).await?
                {
                    return Ok(answer(Some(copy)));
                }
                if conversation.status != basis.status {
                    return Err(Error::SessionMoved);
                }
                move_session(conn, account, basis, step.session.as_ref(), now).await?;
                let message = take(conn, account, &mut conversation, step, now).await?;
                Ok(answer(message))
            })
        })
        .await
}

/// The step as something that can be written together with others', if it only adds messages and moves the session on.
fn append(account: AccountId, basis: Basis, step: &Step, now: DateTime<Utc>) -> Option<Append> {
    let stays = step.status.is_none_or(|status| status == basis.status);
    let is_plain = stays
        && basis.version.is_some()
        && step.change.is_none()
        && step.idle.is_none()
        && step.contact == ContactChanges::default()
        && !step.live_ended;
    let incoming = step.incoming.clone().map(Saying::silent);
    let is_of_now = incoming
        .as_ref()
        .is_none_or(|saying| saying.message.said_at.is_none());
    let session = step.session.clone().filter(|_| is_plain && is_of_now)?;
    Some(Append {
        account,
        conversation: basis.conversation,
        turn: Some((basis, session)),
        sayings: incoming
            .into_iter()
            .chain(step.said.iter().cloned())
            .collect(),
        shows: false,
        now,
    })
}

/// Does what a step says in a locked conversation, in the order in which it is to be told.
async fn take(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    step: Step,
    now: DateTime<Utc>,
) -> Result<Option<MessageId>> {
    let mut first: Vec<Saying> = step.incoming.map(Saying::silent).into_iter().collect();
    let mut then = step.said;
    let incoming = !first.is_empty();
    let between = step.change.is_some()
        || step.idle.is_some()
        || step.contact != ContactChanges::default()
        || step.live_ended
        || messages::reopens(conversation)
        || first.iter().any(|saying| saying.message.said_at.is_some());
    if !between {
        first.append(&mut then);
    }
    let stood = conversation.status;
    let ids = messages::insert_before(conn, account, conversation, (&first, &then), now).await?;
    if let Some(change) = &step.change {
        conversation_status::make(conn, account, conversation, change, now).await?;
    }
    if let Some(rule) = &step.idle {
        auto_resolve::resolve(conn, account, conversation, rule, now).await?;
    }
    if step.contact != ContactChanges::default() {
        change_contact(conn, account, conversation.contact, step.contact, now).await?;
    }
    if step.live_ended {
        let event = events::NewEvent::of_conversation(EventKind::LiveEnded, conversation.id)
            .for_visitor(Some(LIVE_ENDED));
        events::append(conn, account, event, now).await?;
    }
    messages::insert_all(conn, account, conversation, &then, now).await?;
    if let Some(status) = step.status {
        conversations::move_to(conn, account, conversation, status, None, now).await?;
        auto_assignment::give(conn, account, conversation, now).await?;
    }
    if stood != conversation.status && conversation.status == ConversationStatus::Resolved {
        surveys::ask(conn, account, conversation, now).await?;
    }
    Ok(ids.first().copied().filter(|_| incoming))
}

/// The contact with the chat's e-mail address. Two chats of one contact at once are started one after the other.
async fn ensure_contact(
    conn: &mut PgConnection,
    account: AccountId,
    new: &NewChat,
    now: DateTime<Utc>,
) -> Result<ContactId> {
    let found = sqlx::query_scalar!(
        r#"select id as "id: ContactId" from contacts where account_id = $1 and email = $2 for no key update"#,
        account.0,
        new.email,
    )
    .fetch_optional(&mut *conn)
    .await?;
    let id = match found {
        Some(id) => id,
        None => {
            let contact = contacts::NewContact {
                email: Some(new.email.clone()),
                ..contacts::NewContact::default()
            };
            let id = contacts::insert(conn, account, contact, now).await?;
            let event = events::NewEvent::of_contact(EventKind::ContactCreated, id);
            events::append(conn, account, event, now).await?;
            id
        }
    };
    contacts::touch(conn, account, id, true, now).await?;
    if !new.campaign.is_empty() {
        sqlx::query!(
            "update contacts set campaign = $3 where account_id = $1 and id = $2",
            account.0,
            id.0,
            Value::from(new.campaign.clone()),
        )
        .execute(conn)
        .await?;
    }
    Ok(id)
}

async fn change_contact(
    conn: &mut PgConnection,
    account: AccountId,
    contact: ContactId,
    changes: ContactChanges,
    now: DateTime<Utc>,
) -> Result<()> {
    let (forgotten, kept): (Map<_, _>, Map<_, _>) = changes
        .properties
        .into_iter()
        .partition(|(_, value)| value.is_null());
    let forgotten: Vec<String> = forgotten.into_iter().map(|(key, _)| key).collect();
    sqlx::query!(
        "update contacts c set
             name = coalesce($3, name),
             email = case when exists (select from contacts o where o.account_id = $1 and o.email = $4 and o.id <> $2)
                     then email else coalesce($4, email) end,
             phone_number = case when exists (select from contacts o
                                              where o.account_id = $1 and o.phone_number = $5 and o.id <> $2)
                            then phone_number else coalesce($5, phone_number) end,
             custom_attributes = (custom_attributes || $7::jsonb) - $8::text[],
             row_version = row_version + 1, updated_at = $6
         where account_id = $1 and id = $2",
        account.0,
        contact.0,
        changes.name,
        changes.email,
        changes.phone_number,
        now,
        Value::Object(kept),
        &forgotten,
    )
    .execute(&mut *conn)
    .await?;
    contact_search::refresh(conn, account, contact).await?;
    let event = events::NewEvent::of_contact(EventKind::ContactUpdated, contact);
    events::append(conn, account, event, now).await
}

async fn begin_session(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: ConversationId,
    new: &NewSession,
    now: DateTime<Utc>,
) -> Result<()> {
    let begun = sqlx::query!(
        "insert into flow_sessions (account_id, conversation_id, bot_id, flow_version, state, due_at, ended_at,
                                    created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, case when $7 then $8::timestamptz end, $8, $8) on conflict do nothing",
        account.0,
        conversation.0,
        new.bot.0,
        new.flow_version.0,
        new.state,
        new.due_at,
        new.ended,
        now,
    )
    .execute(conn)
    .await?;
    if begun.rows_affected() == 1 {
        Ok(())
    } else {
        Err(Error::SessionMoved)
    }
}

/// Moves the session on from the version that the step was computed from, or refuses.
async fn move_session(
    conn: &mut PgConnection,
    account: AccountId,
    basis: Basis,
    new: Option<&NewSession>,
    now: DateTime<Utc>,
) -> Result<()> {
    let (version, new) = match (basis.version, new) {
        (Some(version), Some(new)) => (version, new),
        (None, Some(new)) => {
            return begin_session(conn, account, basis.conversation, new, now).await;
        }
        (_, None) => return Ok(()),
    };
    let moved = sqlx::query!(
        "update flow_sessions set version = version + 1, bot_id = $4, flow_version = $5, state = $6, due_at = $7,
                ended_at = case when $8 then coalesce(ended_at, $9) end, updated_at = $9
         where account_id = $1 and conversation_id = $2 and version = $3",
        account.0,
        basis.conversation.0,
        version,
        new.bot.0,
        new.flow_version.0,
        new.state,
        new.due_at,
        new.ended,
        now,
    )
    .execute(conn)
    .await?;
    if moved.rows_affected() == 1 {
        Ok(())
    } else {
        Err(Error::SessionMoved)
    }
}
