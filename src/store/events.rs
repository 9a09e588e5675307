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
    /// Whether it counts only where an integration of the account hears of its kind.
    if_heard: bool,
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
            if_heard: false,
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

    /// To be left out where no integration of the account hears of its kind.
    pub(super) fn if_heard(self) -> Self {
        Self {
            if_heard: true,
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

/// A fact, whose it is, and when it happened.
pub(super) type Happened<'a> = (AccountId, NewEvent<'a>, DateTime<Utc>);

/// Appends a fact.
pub(super) async fn append(
    conn: &mut PgConnection,
    account: AccountId,
    new: NewEvent<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    append_all(conn, &[(account, new, now)]).await
}

/// Appends facts in their order, and a delivery of each to everyone who wants to know: one statement, which also takes
/// the snapshots.
///
/// The rows it reads are those of this transaction, so a snapshot is of this moment; secrets are left out of it. What
/// happened to a conversation is told with its last message that its contact may see.
#[expect(clippy::too_many_lines, reason = "one statement")]
pub(super) async fn append_all(conn: &mut PgConnection, facts: &[Happened<'_>]) -> Result<()> {
    let accounts: Vec<i64> = facts.iter().map(|(account, ..)| account.0).collect();
    let at: Vec<DateTime<Utc>> = facts.iter().map(|(_, _, at)| *at).collect();
    let new = || facts.iter().map(|(_, new, _)| new);
    let kinds: Vec<&str> = new().map(|new| new.kind.as_str()).collect();
    let contacts: Vec<_> = new().map(|new| new.contact.map(|id| id.0)).collect();
    let conversations: Vec<_> = new().map(|new| new.conversation.map(|id| id.0)).collect();
    let messages: Vec<_> = new().map(|new| new.message.map(|id| id.0)).collect();
    let endpoints: Vec<_> = new().map(|new| new.endpoint.map(|id| id.0)).collect();
    let told: Vec<_> = new().map(|new| new.for_visitor).collect();
    let changed: Vec<_> = new().map(|new| new.changed).collect();
    let details: Vec<_> = new().map(|new| new.detail).collect();
    let ways: Vec<_> = new().map(|new| new.way.map(|id| id.0)).collect();
    let if_heard: Vec<_> = new().map(|new| new.if_heard).collect();
    sqlx::query!(
        r#"with fact as materialized (
               select nextval('events_id_seq') as event_id, f.* from (
                   select * from unnest($1::bigint[], $2::timestamptz[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[],
                                        $7::bigint[], $8::text[], $9::jsonb[], $10::jsonb[], $11::bigint[], $12::boolean[])
                       with ordinality as f(account_id, at, kind, contact_id, conversation_id, message_id, endpoint_id,
                                            for_visitor, changed, detail, way_id, if_heard, place)
                   where not f.if_heard or exists (
                       select from endpoints n where n.account_id = f.account_id and n.kind = 'account'
                          and n.disabled_at is null and f.kind = any (n.subscriptions))
                   order by place
               ) f
           ), setting as materialized (
               select s.account_id, s.conversation_id, s.contact_id as asked_contact_id, s.way_id, ct.id as contact_id,
                      c.callback_endpoint_id, c.stream_id::text, i.id as inbox_id, i.bot_id,
                      nullif(substring(i.additional_attributes ->> 'agent_reply_time_window' from '^\d{1,6}$')::int, 0) as hours,
                      json_build_object('id', a.id, 'name', a.name) as account,
                      case when c.id is not null then to_json((select r from (select
                          c.account_id, c.id, c.uuid, c.inbox_id, c.contact_id, c.contact_inbox_id, c.status, c.priority,
                          c.assignee_id, c.assignee_bot_id, c.team_id, c.muted, c.snoozed_until, c.additional_attributes,
                          c.custom_attributes, c.callback_endpoint_id, c.first_visitor_message_at, c.first_agent_message_at, c.last_message_at,
                          c.last_agent_id, c.visitor_message_count, c.unread_count, c.waiting_since, c.agent_last_seen_at,
                          c.assignee_last_seen_at, c.contact_last_seen_at, c.resolved_at, c.last_activity_at, c.created_at,
                          c.updated_at) r)) end as conversation,
                      (select coalesce(json_agg(l.title order by l.created_at, l.title), '[]')
                       from conversation_labels l where l.account_id = s.account_id and l.conversation_id = c.id) as labels,
                      case when ct.id is not null then to_json((select r from (select
                          ct.account_id, ct.id, ct.name, ct.email, ct.phone_number, ct.identifier, ct.avatar_url, ct.blocked,
                          ct.is_test, ct.ip_address, ct.additional_attributes, ct.custom_attributes, ct.campaign,
                          ct.last_activity_at, ct.last_login_at, ct.row_version, ct.created_at, ct.updated_at) r)) end as contact,
                      case when w.id is not null then to_json((select r from (select
                          w.account_id, w.id, w.contact_id, w.inbox_id, w.source_id, w.hmac_verified, w.first_interacted_at,
                          w.last_interacted_at, w.created_at, w.updated_at) r)) end as contact_inbox,
                      case when i.id is not null
                      then json_build_object('id', i.id, 'name', i.name, 'channel', i.channel) end as inbox,
                      (select g.told from told_agents g
                       where g.account_id = s.account_id and g.id = c.assignee_id) as assignee,
                      (select json_build_object('id', b.id, 'name', b.name, 'avatar_url', b.avatar_url)
                       from bots b where b.account_id = s.account_id and b.id = c.assignee_bot_id) as assignee_bot,
                      (select json_build_object('id', t.id, 'name', t.name)
                       from teams t where t.account_id = s.account_id and t.id = c.team_id) as team
               from (select distinct account_id, conversation_id, contact_id, way_id from fact) s
               join accounts a on a.id = s.account_id
               left join conversations c on c.account_id = s.account_id and c.id = s.conversation_id
               left join contact_inboxes w on w.account_id = s.account_id and w.id = coalesce(c.contact_inbox_id, s.way_id)
               left join contacts ct on ct.account_id = s.account_id
                                    and ct.id = coalesce(c.contact_id, w.contact_id, s.contact_id)
               left join inboxes i on i.account_id = s.account_id and i.id = coalesce(c.inbox_id, w.inbox_id)
           ), subject as materialized (
               select f.account_id, f.event_id, f.at, f.kind, f.message_id, f.for_visitor, s.conversation_id, s.contact_id,
                      s.callback_endpoint_id, s.inbox_id, s.bot_id,
                      f.message_id is not null and m.kind = 'activity' as is_activity,
                      json_build_object(
                          'account', s.account,
                          'for_visitor', f.for_visitor,
                          'changed', f.changed, 'detail', f.detail,
                          'stream_id', s.stream_id,
                          'message', case when f.message_id is not null then to_json(m) end,
                          'last_message', case when f.message_id is null and m.id is not null then to_json(m) end,
                          'attachments', (select coalesce(json_agg(to_json(d) order by d.id), '[]')
                                          from attachments d where d.account_id = f.account_id and d.message_id = m.id),
                          'conversation', s.conversation, 'labels', s.labels, 'contact', s.contact,
                          'contact_inbox', s.contact_inbox, 'inbox', s.inbox,
                          'agent', (select g.told from told_agents g
                                    where g.account_id = f.account_id and g.id = m.agent_id),
                          'bot', (select json_build_object('id', b.id, 'name', b.name, 'avatar_url', b.avatar_url)
                                  from bots b where b.account_id = f.account_id and b.id = m.bot_id),
                          'can_reply', s.hours is null or coalesce(f.at - s.hours * interval '1 hour' < (
                              select h.created_at from messages h
                              where h.account_id = f.account_id and h.conversation_id = f.conversation_id and h.kind = 'incoming'
                              order by h.id desc limit 1), false),
                          'assignee', s.assignee, 'assignee_bot', s.assignee_bot, 'team', s.team,
                          'endpoint', (select json_build_object('id', n.id, 'kind', n.kind, 'inbox_id', n.inbox_id,
                                                                'bot_id', n.bot_id, 'reason', n.disabled_reason)
                                       from endpoints n where n.account_id = f.account_id and n.id = f.endpoint_id)
                      ) as snapshot
               from fact f
               join setting s on s.account_id = f.account_id and s.conversation_id is not distinct from f.conversation_id
                             and s.asked_contact_id is not distinct from f.contact_id
                             and s.way_id is not distinct from f.way_id
               left join messages m on m.account_id = f.account_id and m.id = coalesce(f.message_id, (
                   select l.id from messages l where l.account_id = f.account_id and l.conversation_id = f.conversation_id
                      and l.kind <> 'activity' and not l.private order by l.id desc limit 1))
           ), event as (
               insert into events (account_id, id, kind, inbox_id, conversation_id, message_id, contact_id, snapshot, created_at)
               select account_id, event_id, kind, inbox_id, conversation_id, message_id, contact_id, snapshot, at from subject
               order by event_id
           ), delivery as (
               insert into deliveries (account_id, uuid, event_id, endpoint_id, conversation_id, due_at, created_at)
               select s.account_id, gen_random_uuid(), s.event_id, p.id, s.conversation_id, s.at, s.at
               from subject s
               cross join lateral (
                   select id, kind, subscriptions, disabled_at from endpoints
                   where account_id = s.account_id and kind = 'account'
                   union all
                   select id, kind, subscriptions, disabled_at from endpoints
                   where account_id = s.account_id and kind = 'inbox' and inbox_id = s.inbox_id
                   union all
                   select id, kind, subscriptions, disabled_at from endpoints
                   where account_id = s.account_id and kind = 'bot' and bot_id = s.bot_id
                   union all
                   select id, kind, subscriptions, disabled_at from endpoints
                   where account_id = s.account_id and id = s.callback_endpoint_id and s.for_visitor is not null
               ) p
               where p.disabled_at is null
                 and (p.kind = 'callback' or s.kind = any (p.subscriptions) and s.is_activity is not true)
               order by s.event_id
               returning id
           )
           select (select pg_notify('quartet_deliveries', '') from delivery limit 1) as due,
                  (select count(pg_notify('quartet_events', w.account_id::text)) from event_feeds w
                   where w.account_id in (select account_id from fact) and w.watched_until > (select max(at) from fact)) as new"#,
        &accounts,
        &at,
        &kinds as &[&str],
        &contacts as &[Option<i64>],
        &conversations as &[Option<i64>],
        &messages as &[Option<i64>],
        &endpoints as &[Option<i64>],
        &told as &[Option<&str>],
        &changed as &[Option<&serde_json::Value>],
        &details as &[Option<&serde_json::Value>],
        &ways as &[Option<i64>],
        &if_heard,
    )
    .fetch_one(conn)
    .await?;
    Ok(())
}
