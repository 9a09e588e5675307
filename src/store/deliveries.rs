//! Deliveries of all accounts: the dispatcher serves every tenant, so its functions take none. Here it claims what is
//! due; what came of it is recorded in `delivery_outcomes`.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use uuid::Uuid;

use super::{Result, Store, attachments, endpoints};
use crate::model::{AccountId, ConversationId, DeliveryId, EndpointId, EndpointKind, EventKind};
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

impl Room {
    /// Whether there may be more that is due than was claimed within it: some bound of it was reached.
    pub fn is_used_up_by(&self, claimed: &[Claimed]) -> bool {
        let mut taken: HashMap<(AccountId, EndpointId), usize> = HashMap::new();
        for one in claimed {
            *taken.entry((one.account, one.endpoint)).or_default() += 1;
        }
        let left = |of: &(AccountId, EndpointId)| {
            let mut listed = self.endpoints.iter();
            let listed = listed.find(|(account, endpoint, _)| (*account, *endpoint) == *of);
            listed.map_or(self.per_endpoint, |(.., left)| *left)
        };
        // An endpoint may also have been held to an even share, which needs many of them.
        let common = claimed.iter().filter(|one| one.is_common()).count();
        claimed.len() >= self.total.min(EVEN_SHARES)
            || common > 0 && common >= self.common
            || taken.iter().any(|(of, taken)| *taken >= left(of))
    }
}

/// The fewest that a claim of many endpoints with more due than their even shares takes.
const EVEN_SHARES: usize = 8;

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
    /// Whether it came to its end before and was replayed.
    pub replayed: bool,
    /// Where it goes.
    pub endpoint: EndpointId,
    /// The conversation that it tells of, if it does.
    pub conversation: Option<ConversationId>,
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
    /// What the receiver will be told: JSON, as it is kept.
    pub snapshot: String,
}

impl Claimed {
    /// Whether it is a retry, or goes to an endpoint whose last attempt failed.
    pub fn is_common(&self) -> bool {
        self.attempt > 1 || self.failing
    }
}

/// Claims due deliveries. One of a conversation waits for those before it to the same endpoint.
///
/// What is claimed is left alone until the lease ends, so a claimer that dies is succeeded then. Endpoints are asked one
/// by one, and those with the least under way come first: how much is due to one does not touch another. A claimer that
/// got something may find more at once.
pub async fn claim(
    store: &Store,
    room: &Room,
    lease: Duration,
    now: DateTime<Utc>,
) -> Result<Vec<Claimed>> {
    let rows = take(store, &Bounds::of(room), now + lease, now).await?;
    let mut secrets = Secrets::new(store.vault());
    let rows = rows.into_iter();
    rows.map(|row| {
        let mut claimed = row.open(&mut secrets);
        attachments::link_text(store.links(), claimed.account, &mut claimed.snapshot)?;
        Ok(claimed)
    })
    .collect()
}

/// A claim as it comes from its table.
struct Row {
    account: AccountId,
    id: DeliveryId,
    uuid: Uuid,
    attempt: i64,
    attempt_in_schedule: i64,
    replayed: bool,
    endpoint: EndpointId,
    conversation: Option<ConversationId>,
    endpoint_kind: EndpointKind,
    failing: bool,
    url: String,
    secret_sealed: Vec<u8>,
    previous_secret_sealed: Option<Vec<u8>>,
    event: EventKind,
    happened_at: DateTime<Utc>,
    snapshot: String,
}

/// Secrets that were opened: those of an endpoint once, however many of its deliveries are claimed.
struct Secrets<'a> {
    vault: &'a Vault,
    opened: HashMap<(AccountId, EndpointId), Vec<SecretString>>,
}

impl<'a> Secrets<'a> {
    fn new(vault: &'a Vault) -> Self {
        Self {
            vault,
            opened: HashMap::new(),
        }
    }

    fn of(&mut self, row: &Row) -> Vec<SecretString> {
        let opened = self.opened.entry((row.account, row.endpoint));
        let secrets = opened.or_insert_with(|| {
            let open = |sealed: &Vec<u8>| endpoints::open_secret(self.vault, sealed).ok();
            let mut secrets = Vec::from_iter(open(&row.secret_sealed));
            if !secrets.is_empty() {
                secrets.extend(row.previous_secret_sealed.as_ref().and_then(open));
            }
            secrets
        });
        secrets.clone()
    }
}

impl Row {
    fn open(self, secrets: &mut Secrets<'_>) -> Claimed {
        let secrets = secrets.of(&self);
        Claimed {
            account: self.account,
            id: self.id,
            uuid: self.uuid,
            attempt: self.attempt,
            attempt_in_schedule: self.attempt_in_schedule,
            replayed: self.replayed,
            endpoint: self.endpoint,
            conversation: self.conversation,
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

async fn take(
    store: &Store,
    bounds: &Bounds,
    lease_ends: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<Row>> {
    // `listed` tells the planner that what follows is about few rows, locked last: what another claimer took is left out.
    // What is not finished is due: said in this way, no index of what is due is taken for the key. A claim that PostgreSQL
    // forgets in a crash is made again, as if its claimer had died, so its commit waits for no disk.
    Ok(sqlx::query_as!(
        Row,
        r#"with ready as (
               select q.account_id, q.endpoint_id, p.failing_since is not null as failing,
                      coalesce(u.room, $5::bigint) as room, count(*) over () as endpoints
               from queued_endpoints q
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
                     and (d.leased_until is null or d.leased_until <= $1)
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
               where d.finished_at is null and d.due_at <= $1 and (d.leased_until is null or d.leased_until <= $1)
               order by c.place limit $3 for update of d skip locked
           ), quick as materialized (
               select set_config('synchronous_commit', 'off', true)
           )
           update deliveries d set attempt = d.attempt + 1, leased_until = $2
           from quick, held h, endpoints p, events e
           where d.account_id = h.account_id and d.id = h.id
             and p.account_id = d.account_id and p.id = d.endpoint_id
             and e.account_id = d.account_id and e.id = d.event_id
           returning d.account_id as "account: AccountId", d.id as "id: DeliveryId", d.uuid, d.attempt,
                     d.attempt - d.attempts_before_replay as "attempt_in_schedule!",
                     d.attempts_before_replay > 0 as "replayed!",
                     p.id as "endpoint: EndpointId", p.kind as "endpoint_kind: EndpointKind",
                     d.conversation_id as "conversation: ConversationId",
                     p.failing_since is not null as "failing!", p.url, p.secret_sealed,
                     case when p.previous_secret_until > $1 then p.previous_secret_sealed end as previous_secret_sealed,
                     e.kind as "event: EventKind", e.created_at as happened_at, e.snapshot::text as "snapshot!""#,
        now,
        lease_ends,
        bounds.total,
        bounds.common,
        bounds.per_endpoint,
        &bounds.accounts,
        &bounds.endpoints,
        &bounds.rooms,
    )
    .fetch_all(&mut *store.read().await?)
    .await?)
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
