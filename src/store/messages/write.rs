//! Messages put into a locked conversation, with everything that is kept of them elsewhere.
//!
//! Several that are said at one moment, in one conversation or in many, are written together: one statement for the
//! rows, one for what conversations and contacts keep of them, one for the events, one for the reports and one for
//! the month's usage, which comes last as its rows are those that others wait for.

use std::iter;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::{From, NewMessage};
use crate::model::{
    AccountId, AgentId, Channel, ContactId, Conversation, ConversationStatus, EventKind, MessageId,
    MessageKind,
};
use crate::store::events::NewEvent;
use crate::store::turns::Saying;
use crate::store::{
    Result, attachments, auto_assignment, automatic_answers, conversations, events, reporting,
    usage,
};

/// What is noted where a contact brings a conversation back to the agents.
const REOPENED: &str = "System reopened the conversation due to a new incoming message.";

/// What is said at one moment in a conversation that is locked.
#[derive(Debug)]
pub(in crate::store) struct Piece<'a> {
    /// The account.
    pub(in crate::store) account: AccountId,
    /// The conversation; its figures are kept up.
    pub(in crate::store) conversation: &'a mut Conversation,
    /// The messages, in their order. Each says itself what the visitor's chat client is told of it.
    pub(in crate::store) sayings: &'a [Saying],
    /// When.
    pub(in crate::store) now: DateTime<Utc>,
}

impl Piece<'_> {
    /// When the first of its messages was said, which counts for all.
    pub(in crate::store) fn said_at(&self) -> DateTime<Utc> {
        let first = self.sayings.first();
        first
            .and_then(|saying| saying.message.said_at)
            .unwrap_or(self.now)
    }
}

/// Puts a message into a locked conversation.
pub(in crate::store) async fn insert(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    new: NewMessage,
    now: DateTime<Utc>,
) -> Result<MessageId> {
    let saying = Saying::to_visitor(new);
    let ids = insert_all(conn, account, conversation, &[saying], now).await?;
    Ok(*ids.first().expect("one was put in"))
}

/// Puts messages that are said at the same moment into a locked conversation, in their order, and brings it back if its
/// contact speaks in a closed one.
pub(in crate::store) async fn insert_all(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    sayings: &[Saying],
    now: DateTime<Utc>,
) -> Result<Vec<MessageId>> {
    insert_before(conn, account, conversation, (sayings, &[]), now).await
}

/// The same, where it is known what is said `next`. What the inbox answers by itself follows what it answers.
pub(in crate::store) async fn insert_before(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    (sayings, next): (&[Saying], &[Saying]),
    now: DateTime<Utc>,
) -> Result<Vec<MessageId>> {
    let answer = automatic_answers::to(conn, account, conversation, (sayings, next), now).await?;
    let answered = answer
        .as_ref()
        .map_or(sayings.len(), |(answered, _)| *answered);
    let (first, rest) = sayings.split_at(answered);
    let mut ids = insert_some(conn, account, conversation, first, now).await?;
    if first.iter().any(Saying::is_incoming) && reopen(conn, account, conversation, now).await? {
        insert_note(conn, account, conversation, REOPENED, now).await?;
        // Boxed, as giving it to somebody is noted in turn.
        Box::pin(auto_assignment::give(conn, account, conversation, now)).await?;
    }
    if let Some((_, answer)) = answer {
        let then: Vec<Saying> = iter::once(answer).chain(rest.iter().cloned()).collect();
        let then = insert_some(conn, account, conversation, &then, now).await?;
        ids.extend(then.into_iter().skip(1));
    }
    Ok(ids)
}

async fn insert_some(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    sayings: &[Saying],
    now: DateTime<Utc>,
) -> Result<Vec<MessageId>> {
    let piece = Piece {
        account,
        conversation,
        sayings,
        now,
    };
    Ok(insert_pieces(conn, &mut [piece]).await?.concat())
}

/// Notes something in a locked conversation.
pub(in crate::store) async fn insert_note(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    text: impl Into<String>,
    now: DateTime<Utc>,
) -> Result<()> {
    let note = NewMessage::text(MessageKind::Activity, From::System, text);
    insert_some(
        conn,
        account,
        conversation,
        &[Saying::to_visitor(note)],
        now,
    )
    .await?;
    Ok(())
}

/// Puts what is said in several locked conversations into them: as many statements as for one. Nobody is brought back.
async fn insert_pieces(
    conn: &mut PgConnection,
    pieces: &mut [Piece<'_>],
) -> Result<Vec<Vec<MessageId>>> {
    let ids = put_pieces(conn, pieces).await?;
    usage::count(conn, pieces).await?;
    Ok(ids)
}

/// The same, but for the month's usage: whoever calls this counts that as the last of the transaction.
pub(in crate::store) async fn put_pieces(
    conn: &mut PgConnection,
    pieces: &mut [Piece<'_>],
) -> Result<Vec<Vec<MessageId>>> {
    if pieces.iter().all(|piece| piece.sayings.is_empty()) {
        return Ok(pieces.iter().map(|_| Vec::new()).collect());
    }
    let ids = insert_rows(conn, pieces).await?;
    for (piece, ids) in pieces.iter().zip(&ids) {
        for (id, saying) in ids.iter().zip(piece.sayings) {
            let attachments = &saying.message.attachments;
            let place = (piece.conversation.id, *id);
            attachments::insert(conn, piece.account, place, attachments, piece.now).await?;
        }
    }
    let wrote = note(conn, pieces).await?;
    tell(conn, pieces, &ids, &wrote).await?;
    reporting::count(conn, pieces).await?;
    Ok(ids)
}

/// Appends that they were written, and that those who wrote were active.
async fn tell(
    conn: &mut PgConnection,
    pieces: &[Piece<'_>],
    ids: &[Vec<MessageId>],
    wrote: &[Wrote],
) -> Result<()> {
    let said = || {
        let pieces = pieces.iter().zip(ids);
        pieces.flat_map(|(piece, ids)| {
            let sayings = piece.sayings.iter().zip(ids);
            sayings.map(move |(saying, id)| (piece, saying, *id))
        })
    };
    let echo = |saying: &Saying| Some(json!({ "echo_id": saying.message.echo_id.as_ref()? }));
    let echoes: Vec<Option<Value>> = said().map(|(_, saying, _)| echo(saying)).collect();
    let facts = said().zip(&echoes).map(|((piece, saying, id), echo)| {
        let new = NewEvent::of_message(EventKind::MessageCreated, piece.conversation.id, id)
            .for_visitor(saying.for_visitor.as_deref());
        let new = match echo {
            Some(echo) => new.telling(echo),
            None => new,
        };
        (piece.account, new, piece.now)
    });
    let changes: Vec<Option<Value>> = wrote.iter().map(Wrote::change).collect();
    let active = wrote.iter().zip(&changes).filter_map(|(wrote, change)| {
        let new = NewEvent::of_contact(EventKind::ContactUpdated, wrote.contact)
            .changing(change.as_ref()?)
            .if_heard();
        Some((wrote.account, new, wrote.active_at))
    });
    let facts: Vec<_> = facts.chain(active).collect();
    events::append_all(conn, &facts).await
}

/// A contact who wrote something.
#[derive(Debug)]
struct Wrote {
    account: AccountId,
    contact: ContactId,
    /// When it was active before.
    was_active_at: Option<DateTime<Utc>>,
    active_at: DateTime<Utc>,
}

impl Wrote {
    /// What that changed of it, if anything.
    fn change(&self) -> Option<Value> {
        if self.was_active_at == Some(self.active_at) {
            return None;
        }
        let values =
            json!({ "previous_value": self.was_active_at, "current_value": self.active_at });
        Some(json!([{ "last_activity_at": values }]))
    }
}

/// The message that has the new one's source id already, in an API inbox.
pub(in crate::store) async fn find_copy(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &Conversation,
    new: &NewMessage,
) -> Result<Option<MessageId>> {
    let Some(source_id) = &new.source_id else {
        return Ok(None);
    };
    let id = sqlx::query_scalar!(
        r#"select m.id as "id: MessageId" from messages m
           join inboxes i on i.account_id = m.account_id and i.id = m.inbox_id and i.channel = $4
           where m.account_id = $1 and m.conversation_id = $2 and m.source_id = $3 order by m.id limit 1"#,
        account.0,
        conversation.id.0,
        source_id,
        Channel::General.as_str(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(id)
}

async fn insert_rows(conn: &mut PgConnection, pieces: &[Piece<'_>]) -> Result<Vec<Vec<MessageId>>> {
    let rows = Rows::of(pieces);
    let mut ids = sqlx::query_scalar!(
        r#"insert into messages (account_id, conversation_id, inbox_id, contact_inbox_id, created_at, updated_at, kind, contact_id,
                                 agent_id, bot_id, content, content_type, content_attributes, rich_kind, rich, private, source_id,
                                 additional_attributes)
           select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::timestamptz[],
                                $7::text[], $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::jsonb[],
                                $14::text[], $15::jsonb[], $16::boolean[], $17::text[], $18::jsonb[])
           returning id as "id: MessageId""#,
        &rows.accounts,
        &rows.conversations,
        &rows.inboxes,
        &rows.ways,
        &rows.said_at,
        &rows.now,
        &rows.kinds as &[&str],
        &rows.contacts as &[Option<i64>],
        &rows.agents as &[Option<i64>],
        &rows.bots as &[Option<i64>],
        &rows.contents as &[Option<&str>],
        &rows.types as &[&str],
        &rows.attributes,
        &rows.rich_kinds as &[Option<&str>],
        &rows.rich as &[Option<&Value>],
        &rows.private,
        &rows.source_ids as &[Option<&str>],
        &rows.additional,
    )
    .fetch_all(conn)
    .await?;
    // Ids are given in the order of the rows.
    ids.sort_unstable_by_key(|id| id.0);
    let mut ids = ids.into_iter();
    let of_piece = |piece: &Piece<'_>| ids.by_ref().take(piece.sayings.len()).collect();
    Ok(pieces.iter().map(of_piece).collect())
}

/// Messages, column by column.
#[derive(Default)]
struct Rows<'a> {
    accounts: Vec<i64>,
    conversations: Vec<i64>,
    inboxes: Vec<i64>,
    ways: Vec<i64>,
    said_at: Vec<DateTime<Utc>>,
    now: Vec<DateTime<Utc>>,
    kinds: Vec<&'a str>,
    contacts: Vec<Option<i64>>,
    agents: Vec<Option<i64>>,
    bots: Vec<Option<i64>>,
    contents: Vec<Option<&'a str>>,
    types: Vec<&'a str>,
    attributes: Vec<Value>,
    rich_kinds: Vec<Option<&'a str>>,
    rich: Vec<Option<&'a Value>>,
    private: Vec<bool>,
    source_ids: Vec<Option<&'a str>>,
    additional: Vec<Value>,
}

impl<'a> Rows<'a> {
    fn of(pieces: &'a [Piece<'_>]) -> Self {
        let mut rows = Self::default();
        for piece in pieces {
            for saying in piece.sayings {
                rows.push(piece, &saying.message);
            }
        }
        rows
    }

    fn push(&mut self, piece: &Piece<'_>, new: &'a NewMessage) {
        let conversation = &piece.conversation;
        self.accounts.push(piece.account.0);
        self.conversations.push(conversation.id.0);
        self.inboxes.push(conversation.inbox.0);
        self.ways.push(conversation.contact_inbox.0);
        self.said_at.push(piece.said_at());
        self.now.push(piece.now);
        self.kinds.push(new.kind.as_str());
        let contact = matches!(new.from, From::Contact).then_some(conversation.contact.0);
        self.contacts.push(contact);
        self.agents.push(new.agent().map(|id| id.0));
        self.bots.push(match new.from {
            From::Bot(id) => Some(id.0),
            From::System | From::Contact | From::Agent(_) => None,
        });
        self.contents.push(new.content.as_deref());
        self.types.push(new.content_type.as_str());
        self.attributes.push(new.content_attributes.clone().into());
        let rich = new.rich.as_ref();
        self.rich_kinds.push(rich.map(|rich| rich.kind.as_str()));
        self.rich.push(rich.map(|rich| &rich.body));
        self.private.push(new.private);
        self.source_ids.push(new.source_id.as_deref());
        self.additional
            .push(new.additional_attributes.clone().into());
    }
}

/// What is kept elsewhere of what is said in one conversation.
#[derive(Debug, Default)]
pub(in crate::store) struct Noted {
    /// Whether there is a message that is more than the server's note.
    any: bool,
    /// How many the contact said.
    pub(in crate::store) incoming: i64,
    /// How many the contact may see.
    pub(in crate::store) public: i64,
    /// The agent who spoke to the contact.
    pub(in crate::store) agent: Option<AgentId>,
}

impl Piece<'_> {
    pub(in crate::store) fn noted(&self) -> Noted {
        let mut noted = Noted::default();
        let messages = self.sayings.iter().map(|saying| &saying.message);
        for message in messages.filter(|message| message.kind != MessageKind::Activity) {
            noted.any = true;
            noted.incoming += i64::from(message.kind == MessageKind::Incoming);
            noted.public += i64::from(!message.private);
            if message.kind == MessageKind::Outgoing && !message.private {
                noted.agent = message.agent().or(noted.agent);
            }
        }
        noted
    }
}

/// Keeps up what is shown of messages elsewhere, so that no list has to read them. When an agent was last active is kept
/// to the minute, as everything that the agent says at once would wait for that row.
#[expect(clippy::too_many_lines, reason = "one statement")]
async fn note(conn: &mut PgConnection, pieces: &mut [Piece<'_>]) -> Result<Vec<Wrote>> {
    let mut noted: Vec<(&mut Piece<'_>, Noted)> = pieces
        .iter_mut()
        .map(|piece| {
            let noted = piece.noted();
            (piece, noted)
        })
        .filter(|(_, noted)| noted.any)
        .collect();
    if noted.is_empty() {
        return Ok(Vec::new());
    }
    let ids = |id: fn(&Piece<'_>) -> i64| -> Vec<i64> {
        noted.iter().map(|(piece, _)| id(piece)).collect()
    };
    let accounts = ids(|piece| piece.account.0);
    let conversations = ids(|piece| piece.conversation.id.0);
    let ways = ids(|piece| piece.conversation.contact_inbox.0);
    let contacts = ids(|piece| piece.conversation.contact.0);
    let said_at: Vec<_> = noted.iter().map(|(piece, _)| piece.said_at()).collect();
    let now: Vec<_> = noted.iter().map(|(piece, _)| piece.now).collect();
    let incoming: Vec<_> = noted.iter().map(|(_, noted)| noted.incoming).collect();
    let public: Vec<_> = noted.iter().map(|(_, noted)| noted.public).collect();
    let agents: Vec<_> = noted.iter().map(|(_, n)| n.agent.map(|id| id.0)).collect();
    let wrote = sqlx::query_as!(
        Wrote,
        r#"with noted as materialized (
             select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::timestamptz[],
                                  $7::bigint[], $8::bigint[], $9::bigint[])
                 as n(account_id, conversation_id, way_id, contact_id, said_at, noted_at, incoming, public, agent_id)
         ), way as (
             update contact_inboxes w set first_interacted_at = coalesce(w.first_interacted_at, n.first_at),
                    last_interacted_at = greatest(w.last_interacted_at, n.last_at)
             from (select account_id, way_id, min(said_at) as first_at, max(said_at) as last_at
                   from noted where incoming > 0 group by account_id, way_id order by account_id, way_id) n
             where w.account_id = n.account_id and w.id = n.way_id
         ), contact as (
             update contacts c set last_activity_at = greatest(c.last_activity_at, n.last_at),
                    row_version = c.row_version + 1, updated_at = n.last_at
             from (select n.account_id, n.contact_id, max(n.noted_at) as last_at, b.last_activity_at as was_active_at
                   from noted n join contacts b on b.account_id = n.account_id and b.id = n.contact_id
                   where n.incoming > 0 group by n.account_id, n.contact_id, b.last_activity_at
                   order by n.account_id, n.contact_id) n
             where c.account_id = n.account_id and c.id = n.contact_id
             returning c.account_id, c.id, n.was_active_at, c.last_activity_at as active_at
         ), agent as (
             update agents g set last_active_at = n.last_at
             from (select account_id, agent_id, max(said_at) as last_at
                   from noted where agent_id is not null group by account_id, agent_id order by account_id, agent_id) n
             where g.account_id = n.account_id and g.id = n.agent_id
               and coalesce(g.last_active_at < n.last_at - interval '1 minute', true)
         ), conversation as (
             update conversations c set
                 first_visitor_message_at = case when n.incoming > 0 then coalesce(c.first_visitor_message_at, n.said_at)
                                                 else c.first_visitor_message_at end,
                 visitor_message_count = c.visitor_message_count + n.incoming,
                 unread_count = c.unread_count + n.incoming,
                 waiting_since = case when n.incoming > 0 then coalesce(c.waiting_since, n.said_at)
                                      when n.agent_id is not null then null else c.waiting_since end,
                 first_agent_message_at = case when n.agent_id is not null then coalesce(c.first_agent_message_at, n.said_at)
                                               else c.first_agent_message_at end,
                 last_agent_id = coalesce(n.agent_id, c.last_agent_id),
                 last_message_at = case when n.public > 0 then greatest(c.last_message_at, n.said_at) else c.last_message_at end,
                 last_activity_at = greatest(c.last_activity_at, n.said_at),
                 updated_at = n.noted_at
             from noted n
             where c.account_id = n.account_id and c.id = n.conversation_id
         )
         select account_id as "account: AccountId", id as "contact: ContactId", was_active_at, active_at as "active_at!"
         from contact"#,
        &accounts,
        &conversations,
        &ways,
        &contacts,
        &said_at,
        &now,
        &incoming,
        &public,
        &agents as &[Option<i64>],
    )
    .fetch_all(conn)
    .await?;
    for (piece, _) in &mut noted {
        let (said_at, now) = (piece.said_at(), piece.now);
        let conversation = &mut *piece.conversation;
        conversation.last_activity_at = conversation.last_activity_at.max(said_at);
        conversation.updated_at = now;
    }
    Ok(wrote)
}

/// A contact who speaks again brings a closed or put-off conversation back, unless it was silenced; whether the agents
/// have it then.
async fn reopen(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    now: DateTime<Utc>,
) -> Result<bool> {
    if !reopens(conversation) {
        return Ok(false);
    }
    let has_bot = sqlx::query_scalar!(
        r#"select bot_id is not null as "has_bot!" from inboxes where account_id = $1 and id = $2"#,
        account.0,
        conversation.inbox.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    let status = if has_bot {
        ConversationStatus::Pending
    } else {
        ConversationStatus::Open
    };
    conversations::move_to(conn, account, conversation, status, None, now).await?;
    Ok(status == ConversationStatus::Open)
}

/// Whether a contact who speaks brings the conversation back.
pub(in crate::store) fn reopens(conversation: &Conversation) -> bool {
    let closed = matches!(
        conversation.status,
        ConversationStatus::Resolved | ConversationStatus::Snoozed
    );
    closed && !conversation.muted
}

impl NewMessage {
    /// What a chat client is told when an agent speaks: the text, then a line for each attachment. Those of files that are
    /// kept here are added when it is told.
    pub(in crate::store) fn spoken_to_visitor(&self) -> Option<String> {
        let spoken = self.kind == MessageKind::Outgoing
            && !self.private
            && matches!(self.from, From::Agent(_));
        spoken.then(|| {
            let urls = self
                .attachments
                .iter()
                .map(|attachment| attachment.url.as_str());
            let lines: Vec<&str> = self
                .content
                .as_deref()
                .into_iter()
                .chain(urls)
                .filter(|line| !line.is_empty())
                .collect();
            lines.join("\n")
        })
    }

    /// The agent whose words it is.
    pub(in crate::store) fn agent(&self) -> Option<AgentId> {
        match self.from {
            From::Agent(id) => Some(id),
            From::System | From::Contact | From::Bot(_) => None,
        }
    }
}
