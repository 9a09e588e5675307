//! That an inbox was made or changed: a fact about no conversation, told to the account's webhooks that ask for it.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::Result;
use super::cache_keys::{self, List};
use crate::model::{AccountId, EventKind, InboxId};

/// Appends a fact about an inbox, with a snapshot of its settings, and its deliveries; the list of inboxes has changed
/// with it.
pub(super) async fn append(
    conn: &mut PgConnection,
    account: AccountId,
    kind: EventKind,
    inbox: InboxId,
    now: DateTime<Utc>,
) -> Result<()> {
    let settings = snapshot(conn, account, inbox).await?;
    append_with(conn, account, (kind, inbox), (&settings, None), now).await
}

/// Appends that an inbox changed since a snapshot of it was taken.
pub(super) async fn append_updated(
    conn: &mut PgConnection,
    account: AccountId,
    inbox: InboxId,
    before: &Value,
    now: DateTime<Utc>,
) -> Result<()> {
    let settings = snapshot(conn, account, inbox).await?;
    let changed = changes(before, &settings);
    let kind = EventKind::InboxUpdated;
    append_with(
        conn,
        account,
        (kind, inbox),
        (&settings, Some(changed)),
        now,
    )
    .await
}

/// The settings of an inbox, without its secrets.
pub(super) async fn snapshot(
    conn: &mut PgConnection,
    account: AccountId,
    inbox: InboxId,
) -> Result<Value> {
    let settings = sqlx::query_scalar!(
        r#"select to_jsonb(i) - 'hmac_token_sealed' - 'identifier' || jsonb_build_object(
                      'webhook_url', (select e.url from endpoints e
                                      where e.account_id = i.account_id and e.inbox_id = i.id and e.kind = 'inbox'
                                        and e.disabled_reason is distinct from 'removed'),
                      'working_hours', (select jsonb_agg(to_jsonb(h) - 'account_id' - 'inbox_id' order by h.day)
                                        from working_hours h where h.account_id = i.account_id and h.inbox_id = i.id),
                      'widget', (select to_jsonb(w) - 'account_id' - 'inbox_id'
                                 from web_widgets w where w.account_id = i.account_id and w.inbox_id = i.id)) as "settings!"
           from inboxes i where i.account_id = $1 and i.id = $2"#,
        account.0,
        inbox.0,
    )
    .fetch_one(conn)
    .await?;
    Ok(settings)
}

/// What is not as it was: a list of `{name: {previous_value, current_value}}`.
fn changes(before: &Value, after: &Value) -> Value {
    let (Value::Object(before), Value::Object(after)) = (before, after) else {
        return Value::Null;
    };
    let changed = after
        .iter()
        .filter(|(name, now)| before.get(*name) != Some(*now));
    changed
        .map(
            |(name, now)| json!({name: {"previous_value": before.get(name), "current_value": now}}),
        )
        .collect()
}

async fn append_with(
    conn: &mut PgConnection,
    account: AccountId,
    (kind, inbox): (EventKind, InboxId),
    (settings, changed): (&Value, Option<Value>),
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        r#"with event as (
               insert into events (account_id, kind, inbox_id, snapshot, created_at)
               select a.id, $2, $3, jsonb_build_object(
                          'account', jsonb_build_object('id', a.id, 'name', a.name),
                          'inbox', jsonb_build_object('id', $3::bigint, 'name', $4::jsonb -> 'name', 'channel', $4 -> 'channel'),
                          'inbox_settings', $4, 'changed', $5::jsonb, 'attachments', '[]'::jsonb, 'labels', '[]'::jsonb), $6
               from accounts a where a.id = $1
               returning id
           ), delivery as (
               insert into deliveries (account_id, uuid, event_id, endpoint_id, due_at, created_at)
               select $1, gen_random_uuid(), event.id, p.id, $6, $6
               from event
               join endpoints p on p.account_id = $1 and p.kind = 'account' and p.disabled_at is null
                               and $2 = any (p.subscriptions)
               returning id
           )
           select (select pg_notify('quartet_deliveries', '') from delivery limit 1) as due,
                  (select pg_notify('quartet_events', $1::text) from event_feeds where account_id = $1 and watched_until > $6) as new"#,
        account.0,
        kind.as_str(),
        inbox.0,
        settings,
        changed,
        now,
    )
    .fetch_optional(&mut *conn)
    .await?;
    cache_keys::touch(conn, account, List::Inboxes, now).await
}
