//! Conversations with all that is shown beside them, in as many statements for a page as for one.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::conversations::conversations;
use super::{Error, Noun, Result, Store, agents, contacts, messages};
use crate::model::{
    AccountId, Agent, AgentId, BotId, Channel, Contact, ContactId, ContactInboxId, Conversation,
    ConversationId, ConversationStatus, EndpointId, InboxId, Message, MessageId, Priority,
    StreamId, Team, TeamId,
};

/// A conversation with all that is shown beside it.
#[derive(Debug, Clone)]
pub struct ConversationView {
    /// The conversation.
    pub conversation: Conversation,
    /// With whom.
    pub contact: Contact,
    /// The contact's id in the channel.
    pub source_id: String,
    /// Whether the contact proved its identifier there.
    pub hmac_verified: bool,
    /// When the way in was made, and when it was last changed.
    pub way_times: [DateTime<Utc>; 2],
    /// What its inbox is connected to.
    pub channel: Channel,
    /// The agent it is given to.
    pub assignee: Option<Agent>,
    /// The bot it is given to.
    pub assignee_bot: Option<BotName>,
    /// The team it is given to.
    pub team: Option<Team>,
    /// Its labels, oldest first.
    pub labels: Vec<String>,
    /// Its newest message.
    pub last_message: Option<Message>,
    /// Its newest message that somebody said.
    pub last_said: Option<Message>,
    /// Until when the contact can be answered: at the end of time where nothing limits it, `None` before it ever spoke.
    pub reply_until: Option<DateTime<Utc>>,
}

/// What is told of a bot that a conversation is given to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BotName {
    /// The bot.
    pub id: BotId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its picture, or empty.
    pub avatar_url: String,
}

/// What stands beside one conversation, as far as one statement brings it.
struct Beside {
    id: ConversationId,
    source_id: String,
    hmac_verified: bool,
    way_times: [DateTime<Utc>; 2],
    channel: Channel,
    assignee_bot: Option<BotName>,
    team: Option<Team>,
    labels: Vec<String>,
    last_message: Option<MessageId>,
    last_said: Option<MessageId>,
    reply_until: Option<DateTime<Utc>>,
}

/// The conversation.
pub async fn get(
    store: &Store,
    account: AccountId,
    id: ConversationId,
) -> Result<ConversationView> {
    let mut views = list(store, account, &[id]).await?;
    views.pop().ok_or(Error::NotFound(Noun::Conversation))
}

/// Conversations by their ids, in the order of the ids; those that are not there are left out.
pub async fn list(
    store: &Store,
    account: AccountId,
    ids: &[ConversationId],
) -> Result<Vec<ConversationView>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let mut conversations = by_id(
        conversations!(
            "where c.account_id = $1 and c.id = any ($2)",
            account.0,
            &ids
        )
        .fetch_all(&mut *store.read().await?)
        .await?,
        |conversation| conversation.id.0,
    );
    let mut beside = by_id(list_beside(store, account, &ids).await?, |beside| {
        beside.id.0
    });

    let of = |pick: fn(&Conversation) -> Option<i64>| -> Vec<i64> {
        conversations.values().filter_map(pick).collect()
    };
    let contact_ids = of(|conversation| Some(conversation.contact.0));
    let agent_ids = of(|conversation| conversation.assignee.map(|id| id.0));
    let message_ids: Vec<i64> = beside
        .values()
        .flat_map(|beside| [beside.last_message, beside.last_said])
        .flatten()
        .map(|id| id.0)
        .collect();
    let contacts = by_id(
        contacts::list_by_ids(store, account, &contact_ids).await?,
        |contact| contact.id.0,
    );
    let agents = by_id(
        agents::list_by_ids(store, account, &agent_ids).await?,
        |agent| agent.id.0,
    );
    let messages = by_id(
        messages::list_by_ids(store, account, &message_ids).await?,
        |message| message.id.0,
    );

    let views = ids.iter().filter_map(|id| {
        let conversation = conversations.remove(id)?;
        let beside = beside.remove(id)?;
        let message = |id: Option<MessageId>| messages.get(&id?.0).cloned();
        Some(ConversationView {
            contact: contacts.get(&conversation.contact.0)?.clone(),
            assignee: conversation
                .assignee
                .and_then(|id| agents.get(&id.0).cloned()),
            last_message: message(beside.last_message),
            last_said: message(beside.last_said),
            conversation,
            source_id: beside.source_id,
            hmac_verified: beside.hmac_verified,
            way_times: beside.way_times,
            channel: beside.channel,
            assignee_bot: beside.assignee_bot,
            team: beside.team,
            labels: beside.labels,
            reply_until: beside.reply_until,
        })
    });
    Ok(views.collect())
}

async fn list_beside(store: &Store, account: AccountId, ids: &[i64]) -> Result<Vec<Beside>> {
    let rows = sqlx::query!(
        r#"select c.id as "id: ConversationId", w.source_id, w.hmac_verified, w.created_at, w.updated_at, i.channel as "channel: Channel",
                  t.id as "team_id?: TeamId", t.name as "team_name?", t.description as team_description,
                  t.allow_auto_assign as "team_assigns?", b.id as "bot_id?: BotId", b.name as "bot_name?",
                  b.description as "bot_description?", b.avatar_url as "bot_avatar_url?",
                  array(select l.title from conversation_labels l
                        where l.account_id = c.account_id and l.conversation_id = c.id
                        order by l.created_at, l.title) as "labels!",
                  (select m.id from messages m where m.account_id = c.account_id and m.conversation_id = c.id
                   order by m.id desc limit 1) as "last_message: MessageId",
                  (select m.id from messages m
                   where m.account_id = c.account_id and m.conversation_id = c.id and m.kind <> 'activity'
                   order by m.id desc limit 1) as "last_said: MessageId",
                  h.hours,
                  case when h.hours is not null then
                      (select m.created_at from messages m
                       where m.account_id = c.account_id and m.conversation_id = c.id and m.kind = 'incoming'
                       order by m.id desc limit 1) end as last_incoming_at
           from conversations c
           join contact_inboxes w on w.account_id = c.account_id and w.id = c.contact_inbox_id
           join inboxes i on i.account_id = c.account_id and i.id = c.inbox_id
           left join bots b on b.account_id = c.account_id and b.id = c.assignee_bot_id
           left join teams t on t.account_id = c.account_id and t.id = c.team_id
           cross join lateral (select substring(i.additional_attributes ->> 'agent_reply_time_window' from '^\d{1,6}$')::bigint
                               as hours) h
           where c.account_id = $1 and c.id = any ($2)"#,
        account.0,
        ids,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    let beside = rows.into_iter().map(|row| Beside {
        id: row.id,
        source_id: row.source_id,
        hmac_verified: row.hmac_verified,
        way_times: [row.created_at, row.updated_at],
        channel: row.channel,
        assignee_bot: row.bot_id.map(|id| BotName {
            id,
            name: row.bot_name.unwrap_or_default(),
            description: row.bot_description.unwrap_or_default(),
            avatar_url: row.bot_avatar_url.unwrap_or_default(),
        }),
        team: row.team_id.zip(row.team_name).map(|(id, name)| Team {
            id,
            name,
            description: row.team_description,
            allow_auto_assign: row.team_assigns.unwrap_or_default(),
        }),
        labels: row.labels,
        last_message: row.last_message,
        last_said: row.last_said,
        reply_until: reply_until(row.hours, row.last_incoming_at),
    });
    Ok(beside.collect())
}

/// An inbox may let its agents answer only so many hours after the contact's last message.
pub(super) fn reply_until(
    hours: Option<i64>,
    last_incoming_at: Option<DateTime<Utc>>,
) -> Option<DateTime<Utc>> {
    let hours = hours
        .filter(|hours| *hours > 0)
        .and_then(chrono::TimeDelta::try_hours);
    match (hours, last_incoming_at) {
        (None, _) => Some(DateTime::<Utc>::MAX_UTC),
        (Some(_), None) => None,
        (Some(hours), Some(at)) => at.checked_add_signed(hours),
    }
}

fn by_id<T>(rows: Vec<T>, id: impl Fn(&T) -> i64) -> HashMap<i64, T> {
    rows.into_iter().map(|row| (id(&row), row)).collect()
}
