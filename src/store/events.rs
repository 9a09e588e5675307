//! Facts that happened, appended by the transaction that made them happen, with what their receivers will be told.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::Result;
use crate::model::{
    AccountId, ContactId, ContactInboxId, ConversationId, EndpointId, EventKind, MessageId,
};

/// A fact to append.
#[derive(Debug, Clone, Copy)]
pub(super) struct NewEvent<'a> {
    kind: EventKind,
    contact: Option<ContactId>,
    way: Option<ContactInboxId>,
    conversation: Option<ConversationId>,
    message: Option<MessageId>,
    endpoint: Option<EndpointId>,
    /// What to tell the visitor's chat client, if it is to hear of this.
    for_visitor: Option<&'a str>,
    /// The fields that changed: a list of `{name: {previous_value, current_value}}`.
    changed: Option<&'a serde_json::Value>,
    /// What else there is to tell, in a form of its kind's own.
    detail: Option<&'a serde_json::Value>,
}

impl<'a> NewEvent<'a> {
    fn new(kind: EventKind) -> Self {
        Self {
            kind,
            contact: None,
            way: None,
            conversation: None,
            message: None,
            endpoint: None,
            for_visitor: None,
            changed: None,
            detail: None,
        }
    }

    /// Something that happened to a contact.
    pub(super) fn of_contact(kind: EventKind, contact: ContactId) -> Self {
        Self {
            contact: Some(contact),
            ..Self::new(kind)
        }
    }

    /// Something that a contact did on its way into an inbox, maybe in a conversation.
    pub(super) fn on_way(
        kind: EventKind,
        way: ContactInboxId,
        conversation: Option<ConversationId>,
    ) -> Self {
        Self {
            way: Some(way),
            conversation,
            ..Self::new(kind)
        }
    }

    /// Something that happened to a conversation.
    pub(super) fn of_conversation(kind: EventKind, conversation: ConversationId) -> Self {
        Self {
            conversation: Some(conversation),
            ..Self::new(kind)
        }
    }

    /// Something that happened to a message after it was written.
    pub(super) fn of_message(
        kind: EventKind,
        conversation: ConversationId,
        message: MessageId,
    ) -> Self {
        Self {
            conversation: Some(conversation),
            message: Some(message),
            ..Self::new(kind)
        }
    }

    /// An endpoint was disabled.
    pub(super) fn of_endpoint(endpoint: EndpointId) -> Self {
        Self {
            endpoint: Some(endpoint),
            ..Self::new(EventKind::EndpointDisabled)
        }
    }

    /// The visitor's chat client hears of it too, as this text.
    pub(super) fn for_visitor(self, text: Option<&'a str>) -> Self {
        Self {
            for_visitor: text,
            ..self
        }
    }

    /// With the fields that changed.
    pub(super) fn changing(self, changed: &'a serde_json::Value) -> Self {
        Self {
            changed: Some(changed),
            ..self
        }
    }

    /// With what else there is to tell.
    pub(super) fn telling(self, detail: &'a serde_json::Value) -> Self {
        Self {
            detail: Some(detail),
            ..self
        }
    }
}

/// Appends a fact, and a delivery of it to everyone who wants to know: one statement, which also takes the snapshot.
///
/// The rows it reads are those of this transaction, so the snapshot is of this moment; secrets are left out of it. What
/// happened to a conversation is told with its last message that its contact may see.
pub(super) async fn append(
    conn: &mut PgConnection,
    account: AccountId,
    new: NewEvent<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    let message = new.message.map(|id| id.0);
    append_all(conn, account, new, (&[message], &[new.for_visitor]), now).await
}

/// Appends that messages of one conversation were written, each with what the visitor's chat client is told of it.
pub(super) async fn append_messages(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: ConversationId,
    told: &[(MessageId, Option<&str>)],
    now: DateTime<Utc>,
) -> Result<()> {
    let new = NewEvent::of_conversation(EventKind::MessageCreated, conversation);
    let messages: Vec<Option<i64>> = told.iter().map(|(id, _)| Some(id.0)).collect();
    let told: Vec<Option<&str>> = told.iter().map(|(_, text)| *text).collect();
    append_all(conn, account, new, (&messages, &told), now).await
}

/// One fact of each message, or one of none.
#[expect(clippy::too_many_lines, reason = "one statement")]
async fn append_all(
    conn: &mut PgConnection,
    account: AccountId,
    new: NewEvent<'_>,
    (messages, told): (&[Option<i64>], &[Option<&str>]),
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        r#"with subject as (
               select e.at, e.message_id, e.for_visitor, a.id as account_id, c.id as conversation_id, c.callback_endpoint_id,
                      i.id as inbox_id, i.bot_id, coalesce(ct.id, $4) as contact_id,
                      e.message_id is not null and m.kind = 'activity' as is_activity,
                      jsonb_strip_nulls(jsonb_build_object(
                          'account', jsonb_build_object('id', a.id, 'name', a.name),
                          'for_visitor', e.for_visitor,
                          'stream_id', c.stream_id::text)) || jsonb_build_object(
                          'changed', $8::jsonb, 'detail', $10::jsonb,
                          'message', case when e.message_id is not null then to_jsonb(m) end,
                          'last_message', case when e.message_id is null then to_jsonb(m) end,
                          'attachments', (select coalesce(jsonb_agg(to_jsonb(f) order by f.id), '[]')
                                          from attachments f where f.account_id = m.account_id and f.message_id = m.id),
                          'conversation', to_jsonb(c) - 'stream_id',
                          'labels', (select coalesce(jsonb_agg(l.title order by l.created_at, l.title), '[]')
                                     from conversation_labels l where l.account_id = c.account_id and l.conversation_id = c.id),
                          'contact', to_jsonb(ct), 'contact_inbox', to_jsonb(ci) - 'pubsub_token',
                          'inbox', case when i.id is not null then jsonb_build_object('id', i.id, 'name', i.name, 'channel', i.channel) end,
                          'agent', case when u.id is not null
                                   then jsonb_build_object('id', u.id, 'name', u.name, 'email', u.email,
                                                           'display_name', u.display_name, 'avatar_url', u.avatar_url) end,
                          'bot', case when b.id is not null then jsonb_build_object('id', b.id, 'name', b.name) end,
                          'assignee', case when s.id is not null
                                      then jsonb_build_object('id', s.id, 'name', s.name, 'email', s.email,
                                                              'display_name', s.display_name, 'avatar_url', s.avatar_url) end,
                          'team', case when t.id is not null then jsonb_build_object('id', t.id, 'name', t.name) end,
                          'endpoint', case when n.id is not null
                                      then jsonb_build_object('id', n.id, 'kind', n.kind, 'inbox_id', n.inbox_id,
                                                              'bot_id', n.bot_id, 'reason', n.disabled_reason) end
                      ) as snapshot
               from accounts a
               cross join unnest($5::bigint[], $6::text[]) with ordinality as e(message_id, for_visitor, at)
               left join conversations c on c.account_id = a.id and c.id = $3
               left join contact_inboxes ci on ci.account_id = a.id and ci.id = coalesce(c.contact_inbox_id, $11)
               left join contacts ct on ct.account_id = a.id and ct.id = coalesce(c.contact_id, ci.contact_id, $4)
               left join inboxes i on i.account_id = a.id and i.id = coalesce(c.inbox_id, ci.inbox_id)
               left join messages m on m.account_id = a.id and m.id = coalesce(e.message_id, (
                   select l.id from messages l where l.account_id = a.id and l.conversation_id = c.id
                      and l.kind <> 'activity' and not l.private order by l.id desc limit 1))
               left join users u on u.id = m.agent_id
               left join bots b on b.account_id = a.id and b.id = m.bot_id
               left join users s on s.id = c.assignee_id
               left join teams t on t.account_id = a.id and t.id = c.team_id
               left join endpoints n on n.account_id = a.id and n.id = $9
               where a.id = $1
           ), event as (
               insert into events (account_id, kind, inbox_id, conversation_id, message_id, contact_id, snapshot, created_at)
               select account_id, $2, inbox_id, conversation_id, message_id, contact_id, snapshot, $7 from subject
               order by at
               returning id, message_id
           ), delivery as (
               insert into deliveries (account_id, uuid, event_id, endpoint_id, conversation_id, due_at, created_at)
               select $1, gen_random_uuid(), event.id, p.id, subject.conversation_id, $7, $7
               from event
               join subject on subject.message_id is not distinct from event.message_id
               join endpoints p on p.account_id = $1 and p.disabled_at is null
                and (case p.kind
                     when 'inbox' then p.inbox_id = subject.inbox_id
                     when 'bot' then p.bot_id = subject.bot_id
                     when 'account' then true
                     when 'callback' then false end
                     and $2 = any (p.subscriptions) and subject.is_activity is not true
                     or subject.for_visitor is not null and p.id = subject.callback_endpoint_id)
               order by event.id
               returning id
           )
           select (select pg_notify('quartet_deliveries', '') from delivery limit 1) as due,
                  (select pg_notify('quartet_events', $1::text) from event_feeds where account_id = $1 and watched_until > $7) as new"#,
        account.0,
        new.kind.as_str(),
        new.conversation.map(|id| id.0),
        new.contact.map(|id| id.0),
        messages as &[Option<i64>],
        told as &[Option<&str>],
        now,
        new.changed,
        new.endpoint.map(|id| id.0),
        new.detail,
        new.way.map(|id| id.0),
    )
    .fetch_optional(conn)
    .await?;
    Ok(())
}
