//! Deliveries of all accounts: the dispatcher serves every tenant, so its functions take none. Here it claims what is
//! due; what came of it is recorded in `delivery_outcomes`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Result, Store, attachments, endpoints};
use crate::model::{AccountId, DeliveryId, EndpointId, EndpointKind, EventKind};
use crate::vault::Vault;

pub use super::delivery_outcomes::{Attempted, Disabled, Next, Recorded, finish};

/// How much may be claimed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Room {
    /// In all.
    pub total: usize,
    /// Of retries, and of what goes to endpoints whose last attempt failed.
    pub common: usize,
    /// For one endpoint, unless it is listed.
    pub per_endpoint: usize,
    /// For the endpoints that have some under way.
    pub endpoints: Vec<(AccountId, EndpointId, usize)>,
}

impl Room {
    /// Room for so many, wherever they go.
    pub fn for_any(total: usize) -> Self {
        Self {
            total,
            common: total,
            per_endpoint: total,
            endpoints: Vec::new(),
        }
    }
}

/// A delivery that is this claimer's to attempt until its lease ends.
#[derive(Debug)]
pub struct Claimed {
    /// Whose.
    pub account: AccountId,
    /// The row.
    pub id: DeliveryId,
    /// What the receiver sees, the same on every attempt.
    pub uuid: Uuid,
    /// Which attempt this is, from 1. A claim that was overtaken by another has a lower number, and cannot finish.
    pub attempt: i64,
    /// Which attempt since it was first sent or replayed, from 1: its place in the schedule of retries.
    pub attempt_in_schedule: i64,
    /// Where it goes.
    pub endpoint: EndpointId,
    /// What kind of receiver that is.
    pub endpoint_kind: EndpointKind,
    /// Whether the endpoint's last attempt failed.
    pub failing: bool,
    /// Its address.
    pub url: String,
    /// What signs it: the secret, and the one before while that is still good. None if they were sealed with a key that
    /// this server does not have.
    pub secrets: Vec<SecretString>,
    /// What happened.
    pub event: EventKind,
    /// When.
    pub happened_at: DateTime<Utc>,
    /// What the receiver will be told.
    pub snapshot: Value,
}

/// Claims due deliveries. One of a conversation waits for those before it to the same endpoint.
///
/// A claim moves the due time to the end of the lease, so a claimer that dies is succeeded then. Endpoints are asked one
/// by one, and those with the least under way come first: how much is due to one does not touch another. A claimer that
/// got something may find more at once.
pub async fn claim(
    store: &Store,
    room: &Room,
    lease: Duration,
    now: DateTime<Utc>,
) -> Result<Vec<Claimed>> {
    let bounds = Bounds::of(room);
    let lease_ends = now + lease;
    let rows = store
        .write(move |conn| Box::pin(async move { take(conn, &bounds, lease_ends, now).await }))
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let mut claimed = row.open(store.vault());
            attachments::link_snapshot(store.links(), claimed.account, &mut claimed.snapshot);
            claimed
        })
        .collect())
}

/// A claim as it comes from its table.
struct Row {
    account: AccountId,
    id: DeliveryId,
    uuid: Uuid,
    attempt: i64,
    attempt_in_schedule: i64,
    endpoint: EndpointId,
    endpoint_kind: EndpointKind,
    failing: bool,
    url: String,
    secret_sealed: Vec<u8>,
    previous_secret_sealed: Option<Vec<u8>>,
    event: EventKind,
    happened_at: DateTime<Utc>,
    snapshot: Value,
}

impl Row {
    fn open(self, vault: &Vault) -> Claimed {
        let open = |sealed: &Vec<u8>| endpoints::open_secret(vault, sealed).ok();
        let mut secrets = Vec::from_iter(open(&self.secret_sealed));
        if !secrets.is_empty() {
            secrets.extend(self.previous_secret_sealed.as_ref().and_then(open));
        }
        Claimed {
            account: self.account,
            id: self.id,
            uuid: self.uuid,
            attempt: self.attempt,
            attempt_in_schedule: self.attempt_in_schedule,
            endpoint: self.endpoint,
            endpoint_kind: self.endpoint_kind,
            failing: self.failing,
            url: self.url,
            secrets,
            event: self.event,
            happened_at: self.happened_at,
            snapshot: self.snapshot,
        }
    }
}

#[expect(clippy::too_many_lines, reason = "one statement")]
async fn take(
    conn: &mut PgConnection,
    bounds: &Bounds,
    lease_ends: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<Row>> {
    // `queued` steps through the index from endpoint to endpoint, to the earliest delivery of each. `listed` tells the
    // planner that what follows is about few rows. They are locked last: what another claimer took meanwhile is left out.
    let rows = sqlx::query_as!(
                    Row,
                    r#"with recursive queued as (
                           (select d.account_id, d.endpoint_id, d.due_at from deliveries d
                            where d.state = 'due' and not d.parked
                            order by d.account_id, d.endpoint_id, d.due_at, d.id limit 1)
                           union all
                           select n.account_id, n.endpoint_id, n.due_at from queued q, lateral (
                               select d.account_id, d.endpoint_id, d.due_at from deliveries d
                               where d.state = 'due' and not d.parked
                                 and (d.account_id, d.endpoint_id) > (q.account_id, q.endpoint_id)
                               order by d.account_id, d.endpoint_id, d.due_at, d.id limit 1) n
                       ), ready as (
                           select q.account_id, q.endpoint_id, p.failing_since is not null as failing,
                                  coalesce(u.room, $5::bigint) as room, count(*) over () as endpoints
                           from queued q
                           join endpoints p on p.account_id = q.account_id and p.id = q.endpoint_id and p.disabled_at is null
                           left join unnest($6::bigint[], $7::bigint[], $8::bigint[]) u (account_id, endpoint_id, room)
                                  on u.account_id = q.account_id and u.endpoint_id = q.endpoint_id
                           where q.due_at <= $1 and coalesce(u.room, $5) > 0 and ($4::bigint > 0 or p.failing_since is null)
                       ), found as (
                           select c.account_id, c.id, c.due_at, c.attempt > 0 or r.failing as common,
                                  row_number() over (partition by r.account_id, r.endpoint_id order by c.due_at, c.id)
                                      - r.room as place
                           from ready r, lateral (
                               select d.account_id, d.id, d.due_at, d.attempt from deliveries d
                               where d.account_id = r.account_id and d.endpoint_id = r.endpoint_id
                                 and d.state = 'due' and not d.parked and d.due_at <= $1 and ($4 > 0 or d.attempt = 0)
                                 and (d.conversation_id is null or d.id = (
                                     select f.id from deliveries f
                                     where f.account_id = d.account_id and f.endpoint_id = d.endpoint_id
                                       and f.conversation_id = d.conversation_id and f.state = 'due'
                                     order by f.id limit 1))
                               order by d.due_at, d.id limit least(r.room, 2 * $3::bigint / r.endpoints + 1)) c
                       ), chosen as (
                           select account_id, id, place, due_at from (
                               select *, row_number() over (partition by common order by place, due_at, id) as turn
                               from found) f
                           where not common or turn <= $4
                           order by place, due_at, id limit 2 * $3
                       ), listed as (
                           select array_agg(account_id order by place, due_at, id) as accounts,
                                  array_agg(id order by place, due_at, id) as ids
                           from chosen
                       ), held as (
                           select d.account_id, d.id
                           from listed l, unnest(l.accounts, l.ids) with ordinality as c (account_id, id, place)
                           join deliveries d on d.account_id = c.account_id and d.id = c.id
                           where d.state = 'due' and d.due_at <= $1
                           order by c.place limit $3 for update of d skip locked
                       )
                       update deliveries d set attempt = d.attempt + 1, due_at = $2
                       from held h, endpoints p, events e
                       where d.account_id = h.account_id and d.id = h.id
                         and p.account_id = d.account_id and p.id = d.endpoint_id
                         and e.account_id = d.account_id and e.id = d.event_id
                       returning d.account_id as "account: AccountId", d.id as "id: DeliveryId", d.uuid, d.attempt,
                                 d.attempt - d.attempts_before_replay as "attempt_in_schedule!",
                                 p.id as "endpoint: EndpointId", p.kind as "endpoint_kind: EndpointKind",
                                 p.failing_since is not null as "failing!", p.url, p.secret_sealed,
                                 case when p.previous_secret_until > $1 then p.previous_secret_sealed end as previous_secret_sealed,
                                 e.kind as "event: EventKind", e.created_at as happened_at, e.snapshot"#,
                    now,
                    lease_ends,
                    bounds.total,
                    bounds.common,
                    bounds.per_endpoint,
                    &bounds.accounts,
                    &bounds.endpoints,
                    &bounds.rooms,
                )
                .fetch_all(conn)
                .await?;
    Ok(rows)
}

/// The room, as the statement takes it.
struct Bounds {
    total: i64,
    common: i64,
    per_endpoint: i64,
    accounts: Vec<i64>,
    endpoints: Vec<i64>,
    rooms: Vec<i64>,
}

impl Bounds {
    fn of(room: &Room) -> Self {
        let number = |size: usize| {
            i64::try_from(size)
                .unwrap_or(i64::MAX / 4)
                .min(i64::MAX / 4)
        };
        Self {
            total: number(room.total),
            common: number(room.common),
            per_endpoint: number(room.per_endpoint),
            accounts: room
                .endpoints
                .iter()
                .map(|(account, ..)| account.0)
                .collect(),
            endpoints: room.endpoints.iter().map(|(_, id, _)| id.0).collect(),
            rooms: room
                .endpoints
                .iter()
                .map(|(.., left)| number(*left))
                .collect(),
        }
    }
}
