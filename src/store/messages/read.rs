//! Messages as they are read.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::model::{
    AccountId, AgentId, AgentName, Attachment, AttachmentId, Attributes, Availability, BotId,
    ContactId, ContentType, ConversationId, DeliveryStatus, InboxId, Message, MessageId,
    MessageKind, Rich, RichKind, Sender,
};
use crate::store::groups::Groups;
use crate::store::lookups::{self, Asked, Lookup};
use crate::store::{Error, Noun, Result, Store, attachments};

/// Which messages of a conversation to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// The newest so many.
    Newest(i64),
    /// The newest so many older than one.
    Before(MessageId, i64),
    /// The oldest so many newer than one.
    After(MessageId, i64),
    /// From one (included) to another (not), the oldest so many.
    Between(MessageId, MessageId, i64),
}

/// A message as its table has it.
#[derive(Debug, Clone)]
struct Row {
    account: AccountId,
    id: MessageId,
    conversation: ConversationId,
    inbox: InboxId,
    kind: MessageKind,
    contact: Option<ContactId>,
    agent: Option<AgentId>,
    agent_name: Option<String>,
    agent_display_name: Option<String>,
    agent_email: Option<String>,
    agent_avatar_url: Option<String>,
    agent_availability: Option<Availability>,
    bot: Option<BotId>,
    bot_name: Option<String>,
    bot_avatar_url: Option<String>,
    content: Option<String>,
    content_type: ContentType,
    content_attributes: Attributes,
    additional_attributes: Attributes,
    rich_kind: Option<RichKind>,
    rich: Option<Value>,
    private: bool,
    status: DeliveryStatus,
    source_id: Option<String>,
    /// Whether anything was ever attached in one of the conversations that it was read with.
    may_have_attachments: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Messages `m` that come from somewhere, picked by a condition, in the order of their ids. What is picked is cut before anything is looked up for it, so
/// no more is read than is shown, however long a conversation is; and who spoke is looked up once, however often.
macro_rules! rows {
    ($picked:literal $(, $arg:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"with page as materialized (
                   select m.* from "# + $picked + r#"
               ), speaker as materialized (
                   select s.account_id, u.id, u.name, u.display_name, u.email, u.avatar_url,
                          case when g.auto_offline and p.agent_id is null then 'offline' else g.availability end as availability
                   from (select distinct account_id, agent_id from page where agent_id is not null) s
                   join users u on u.id = s.agent_id
                   left join agents g on g.account_id = s.account_id and g.id = s.agent_id
                   left join agent_presences p on p.account_id = g.account_id and p.agent_id = g.id
               ), bot as materialized (
                   select s.account_id, b.id, b.name, b.avatar_url
                   from (select distinct account_id, bot_id from page where bot_id is not null) s
                   join bots b on b.account_id = s.account_id and b.id = s.bot_id
               )
               select m.account_id as "account: AccountId", m.id as "id: MessageId", m.conversation_id as "conversation: ConversationId", m.inbox_id as "inbox: InboxId",
                      m.kind as "kind: MessageKind", m.contact_id as "contact: ContactId", m.agent_id as "agent: AgentId",
                      u.name as "agent_name?", u.display_name as "agent_display_name?", u.email as "agent_email?",
                      u.avatar_url as "agent_avatar_url?", u.availability as "agent_availability?: Availability",
                      m.bot_id as "bot: BotId", b.name as "bot_name?", b.avatar_url as "bot_avatar_url?",
                      m.content, m.content_type as "content_type: ContentType", m.content_attributes, m.additional_attributes,
                      m.rich_kind as "rich_kind: RichKind", m.rich, m.private, m.status as "status: DeliveryStatus",
                      m.source_id, m.created_at, m.updated_at,
                      (select exists (
                           select from (select distinct account_id, conversation_id from page) c
                           where exists (select from attachments a where a.account_id = c.account_id
                                                                     and a.conversation_id = c.conversation_id)
                       )) as "may_have_attachments!"
               from page m
               left join speaker u on u.account_id = m.account_id and u.id = m.agent_id
               left join bot b on b.account_id = m.account_id and b.id = m.bot_id
               order by m.id"#
            $(, $arg)*
        )
    };
}

/// The message.
pub async fn get(store: &Store, account: AccountId, id: MessageId) -> Result<Message> {
    let found: Option<Kept> = lookups::find(store, account, id.0).await?;
    let kept = found.ok_or(Error::NotFound(Noun::Message))?;
    Ok(kept.shown(store))
}

/// A message and what is attached to it, as they are kept.
#[derive(Debug, Clone)]
pub(in crate::store) struct Kept {
    row: Row,
    attachments: Vec<attachments::Row>,
}

impl Lookup for Kept {
    type Id = i64;

    fn asked(store: &Store) -> &Groups<Asked<Self>> {
        &store.messages
    }

    fn place(&self) -> (AccountId, i64) {
        (self.row.account, self.row.id.0)
    }

    async fn find_all(store: &Store, accounts: &[i64], ids: &[i64]) -> Result<Vec<Self>> {
        read_all(&mut *store.read().await?, accounts, ids).await
    }
}

/// Messages that the transaction sees.
pub(in crate::store) async fn read_kept(
    conn: &mut PgConnection,
    places: &[(AccountId, MessageId)],
) -> Result<HashMap<(AccountId, MessageId), Kept>> {
    if places.is_empty() {
        return Ok(HashMap::new());
    }
    let (accounts, ids): (Vec<i64>, Vec<i64>) =
        places.iter().map(|(account, id)| (account.0, id.0)).unzip();
    let kept = read_all(conn, &accounts, &ids).await?.into_iter();
    Ok(kept
        .map(|kept| ((kept.row.account, kept.row.id), kept))
        .collect())
}

async fn read_all(conn: &mut PgConnection, accounts: &[i64], ids: &[i64]) -> Result<Vec<Kept>> {
    let rows = rows!(
        "messages m where (m.account_id, m.id) in (select * from unnest($1::bigint[], $2::bigint[]))",
        accounts,
        ids,
    )
    .fetch_all(&mut *conn)
    .await?;
    complete(conn, rows).await
}

/// Messages by their ids, in the order of the ids.
pub async fn list_by_ids(store: &Store, account: AccountId, ids: &[i64]) -> Result<Vec<Message>> {
    let mut conn = store.read().await?;
    let rows = rows!(
        "messages m where m.account_id = $1 and m.id = any ($2)",
        account.0,
        ids
    )
    .fetch_all(&mut *conn)
    .await?;
    show(store, &mut conn, rows).await
}

/// What contacts and their bots said to each other, on any of these ways into inboxes, from a message on to before a time,
/// in the order of the time.
pub(in crate::store) async fn list_on_ways(
    store: &Store,
    account: AccountId,
    ways: &[i64],
    (from, first): (DateTime<Utc>, MessageId),
    until: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Message>> {
    let mut conn = store.read().await?;
    let rows = rows!(
        "unnest($2::bigint[]) as way (id)
         cross join lateral (
             select * from messages l
             where l.account_id = $1 and l.contact_inbox_id = way.id and (l.created_at, l.id) >= ($3, $4) and l.created_at < $5
               and not l.private and l.kind <> 'activity'
             order by l.created_at, l.id limit $6) m
         order by m.created_at, m.id limit $6",
        account.0,
        ways,
        from,
        first.0,
        until,
        limit,
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut messages = show(store, &mut conn, rows).await?;
    messages.sort_by_key(|message| (message.created_at, message.id));
    Ok(messages)
}

/// Messages of a conversation, oldest first.
pub async fn list(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    page: Page,
) -> Result<Vec<Message>> {
    list_of(store, account, conversation, page, false).await
}

/// Messages of a conversation that its contact may see, oldest first: neither private nor activity messages.
pub async fn list_said(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    page: Page,
) -> Result<Vec<Message>> {
    list_of(store, account, conversation, page, true).await
}

async fn list_of(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    page: Page,
    public: bool,
) -> Result<Vec<Message>> {
    let (from, before, limit, newest) = match page {
        Page::Newest(limit) => (0, i64::MAX, limit, true),
        Page::Before(before, limit) => (0, before.0, limit, true),
        Page::After(after, limit) => (after.0.saturating_add(1), i64::MAX, limit, false),
        Page::Between(from, before, limit) => (from.0, before.0, limit, false),
    };
    let mut conn = store.read().await?;
    let rows = if newest {
        rows!(
            "messages m where m.account_id = $1 and m.conversation_id = $2 and m.id >= $3 and m.id < $4
               and (not $6 or (not m.private and m.kind <> 'activity'))
             order by m.id desc limit $5",
            account.0,
            conversation.0,
            from,
            before,
            limit,
            public,
        )
        .fetch_all(&mut *conn)
        .await?
    } else {
        rows!(
            "messages m where m.account_id = $1 and m.conversation_id = $2 and m.id >= $3 and m.id < $4
               and (not $6 or (not m.private and m.kind <> 'activity'))
             order by m.id limit $5",
            account.0,
            conversation.0,
            from,
            before,
            limit,
            public,
        )
        .fetch_all(&mut *conn)
        .await?
    };
    show(store, &mut conn, rows).await
}

/// Messages of a conversation after one of them, oldest first, private ones left out.
pub(in crate::store) async fn list_public(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    after: MessageId,
    limit: i64,
) -> Result<Vec<Message>> {
    let mut conn = store.read().await?;
    let rows = rows!(
        "messages m where m.account_id = $1 and m.conversation_id = $2 and m.id > $3 and not m.private order by m.id limit $4",
        account.0,
        conversation.0,
        after.0,
        limit,
    )
    .fetch_all(&mut *conn)
    .await?;
    show(store, &mut conn, rows).await
}

/// The newest message of each of these conversations, private and activity messages left out if `public`.
pub async fn list_last(
    store: &Store,
    account: AccountId,
    conversations: &[i64],
    public: bool,
) -> Result<HashMap<ConversationId, Message>> {
    let mut conn = store.read().await?;
    let rows = rows!(
        "messages m where m.account_id = $1 and m.id in (
             select (select l.id from messages l
                     where l.account_id = $1 and l.conversation_id = c.id
                       and (not $3 or (not l.private and l.kind <> 'activity'))
                     order by l.id desc limit 1)
             from unnest($2::bigint[]) as c(id))",
        account.0,
        conversations,
        public,
    )
    .fetch_all(&mut *conn)
    .await?;
    let messages = show(store, &mut conn, rows).await?;
    Ok(messages
        .into_iter()
        .map(|message| (message.conversation, message))
        .collect())
}

/// At most so many of the newest messages of each of these conversations that are like a pattern, oldest first.
pub async fn list_like(
    store: &Store,
    account: AccountId,
    conversations: &[i64],
    (pattern, limit): (&str, i64),
) -> Result<Vec<Message>> {
    let mut conn = store.read().await?;
    let rows = rows!(
        "messages m where m.account_id = $1 and m.id in (
             select l.id from unnest($2::bigint[]) as c(id)
             cross join lateral (
                 select s.id from messages s
                 where s.account_id = $1 and s.conversation_id = c.id and s.kind in ('incoming', 'outgoing')
                   and s.content ilike $3
                 order by s.id desc limit $4) l)",
        account.0,
        conversations,
        pattern,
        limit,
    )
    .fetch_all(&mut *conn)
    .await?;
    show(store, &mut conn, rows).await
}

/// A page of a conversation's files and places, newest first, each with its message, and how many there are.
pub async fn list_files(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    (offset, limit): (i64, i64),
) -> Result<(i64, Vec<(MessageId, Attachment)>)> {
    let mut conn = store.read().await?;
    let total = sqlx::query_scalar!(
        r#"select count(*) as "count!" from attachments where account_id = $1 and conversation_id = $2"#,
        account.0,
        conversation.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    let found = sqlx::query!(
        r#"select message_id as "message: MessageId", id as "id: AttachmentId" from attachments
           where account_id = $1 and conversation_id = $2 order by id desc offset $3 limit $4"#,
        account.0,
        conversation.0,
        offset,
        limit,
    )
    .fetch_all(&mut *conn)
    .await?;
    let ids: Vec<i64> = found.iter().map(|row| row.message.0).collect();
    let rows = rows!(
        "messages m where m.account_id = $1 and m.id = any ($2)",
        account.0,
        &ids
    )
    .fetch_all(&mut *conn)
    .await?;
    let messages = show(store, &mut conn, rows).await?;
    let mut files: HashMap<AttachmentId, (MessageId, Attachment)> = messages
        .into_iter()
        .flat_map(|message| {
            let id = message.id;
            let files = message.attachments.into_iter();
            files.map(move |file| (file.id, (id, file)))
        })
        .collect();
    let page = found.iter().filter_map(|row| files.remove(&row.id));
    Ok((total, page.collect()))
}

/// The newest messages of each of these conversations that its contact may see, oldest first.
pub async fn list_newest_said(
    store: &Store,
    account: AccountId,
    conversations: &[i64],
    limit: i64,
) -> Result<HashMap<ConversationId, Vec<Message>>> {
    let mut conn = store.read().await?;
    let rows = rows!(
        "messages m where m.account_id = $1 and m.id in (
             select l.id from unnest($2::bigint[]) as c(id)
             cross join lateral (select l.id from messages l
                                 where l.account_id = $1 and l.conversation_id = c.id
                                   and not l.private and l.kind <> 'activity'
                                 order by l.id desc limit $3) l)",
        account.0,
        conversations,
        limit,
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut found: HashMap<ConversationId, Vec<Message>> = HashMap::new();
    for message in show(store, &mut conn, rows).await? {
        found.entry(message.conversation).or_default().push(message);
    }
    Ok(found)
}

/// Messages as they are shown.
async fn show(store: &Store, conn: &mut PgConnection, rows: Vec<Row>) -> Result<Vec<Message>> {
    let kept = complete(conn, rows).await?.into_iter();
    Ok(kept.map(|kept| kept.shown(store)).collect())
}

/// Rows with their attachments, which take one further statement where there may be any.
async fn complete(conn: &mut PgConnection, rows: Vec<Row>) -> Result<Vec<Kept>> {
    let mut asked: BTreeMap<AccountId, Vec<i64>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.may_have_attachments) {
        asked.entry(row.account).or_default().push(row.id.0);
    }
    let mut attachments: HashMap<_, Vec<attachments::Row>> = HashMap::new();
    for (account, ids) in asked {
        for row in attachments::of_messages(conn, account, &ids).await? {
            let of_message = attachments.entry((account, row.message)).or_default();
            of_message.push(row);
        }
    }
    Ok(rows
        .into_iter()
        .map(|row| Kept {
            attachments: attachments
                .remove(&(row.account, row.id))
                .unwrap_or_default(),
            row,
        })
        .collect())
}

impl Kept {
    /// The message with links to its files, which begin with the address that the request came to: its task knows it, and
    /// no other.
    pub(in crate::store) fn shown(self, store: &Store) -> Message {
        let account = self.row.account;
        let attachments = self.attachments.into_iter();
        let attachments = attachments.map(|row| row.shown(account, store.links()));
        self.row.into_message(attachments.collect())
    }
}

impl Row {
    fn into_message(self, attachments: Vec<Attachment>) -> Message {
        let sender = match (self.contact, self.agent, self.bot) {
            (Some(id), _, _) => Sender::Contact(id),
            (_, Some(id), _) => Sender::Agent(AgentName {
                id,
                name: self.agent_name.unwrap_or_default(),
                display_name: self.agent_display_name,
                email: self.agent_email.unwrap_or_default(),
                avatar_url: self.agent_avatar_url.unwrap_or_default(),
                availability: self.agent_availability.unwrap_or(Availability::Offline),
            }),
            (_, _, Some(id)) => Sender::Bot {
                id,
                name: self.bot_name.unwrap_or_default(),
                avatar_url: self.bot_avatar_url.unwrap_or_default(),
            },
            (None, None, None) => Sender::System,
        };
        Message {
            account: self.account,
            id: self.id,
            conversation: self.conversation,
            inbox: self.inbox,
            kind: self.kind,
            sender,
            content: self.content,
            content_type: self.content_type,
            content_attributes: self.content_attributes,
            additional_attributes: self.additional_attributes,
            rich: self
                .rich_kind
                .zip(self.rich)
                .map(|(kind, body)| Rich { kind, body }),
            private: self.private,
            status: self.status,
            source_id: self.source_id,
            attachments,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}
