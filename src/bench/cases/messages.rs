//! Messages that an agent posts through Chatlake: what the server makes of many at once, and of one at a time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use serde_json::json;
use sqlx::PgPool;

use super::super::crowd::{Crowd, Place};
use super::super::http::{Connection, find, post};
use super::super::pgbench::{Script, Transactions};
use super::super::receiver::Receiver;
use super::super::server::Server;
use super::super::stage::Stage;
use super::super::yardstick::at_once;
use super::{Case, Goal, Line, Score, Work};
use crate::model::{AccountId, ConversationId, EndpointId, MessageKind};
use crate::store::endpoint_views;
use crate::store::messages::{self, From, NewMessage};

/// Conversations that are written to in turn.
const CONVERSATIONS: i64 = 512;
/// Clients at once.
const CLIENTS: usize = 64;
/// Transactions at once, of which the best counts.
const TRANSACTIONS: [usize; 3] = [8, 16, 32];
/// Longer than a round: whoever hears of the messages takes one and does not answer.
const NEVER: Duration = Duration::from_secs(3600);
/// What is said.
const CONTENT: &str =
    "Thank you for waiting: your order has left our house and is with you tomorrow.";
/// What the server may have in memory after load.
const MEMORY: u64 = 80 * 1024 * 1024;

/// Deliveries are written and hardly any is sent: sending them is another case's.
pub(super) const SETTINGS: &str = "
[outbound]
allow = ['127.0.0.0/8']
[webhook]
in_flight = 1
in_flight_per_endpoint = 1
in_flight_reserved = 0
[limits]
chatlake_per_minute = 0
imbox_per_minute = 0
bot_open_per_minute = 0
[chatlake]
messages_per_conversation_per_minute = 0
";

/// The server writes each message by itself.
const UNBATCHED: &str = "
[database]
batch_size = 1
";

pub(super) async fn prepare(stage: &Stage) -> anyhow::Result<Case> {
    let server = stage.serve(SETTINGS).await?;
    let unbatched = stage.serve(&format!("{SETTINGS}{UNBATCHED}")).await?;
    let hanging = Receiver::start(NEVER).await?;
    let place = filled(stage, "Posts", Some(hanging.url())).await?;
    let alone = Posts::alone(stage, &server, "Posts, one by one").await?;
    let unbatched_alone = Posts::alone(stage, &unbatched, "Posts, unbatched").await?;
    let bare = Bare::new(stage, &hanging.url()).await?;
    stage.settle().await?;
    let mut lines = Vec::new();
    for clients in TRANSACTIONS {
        lines.push(bare.line(stage, clients));
    }
    let posts = Posts::new(stage, server.address, &place, CLIENTS)?;
    lines.push(
        Line::new(
            format!("messages, {CLIENTS} connections"),
            posts.heard_by(hanging),
        )
        .goal(Goal::Ratio(1.5))
        .goal(Goal::Memory(MEMORY)),
    );
    lines.push(Line::yardstick(
        "one connection, unbatched",
        unbatched_alone,
    ));
    lines.push(Line::new("messages, one connection", alone).goal(Goal::Ratio(1.0 / 1.3)));
    lines.push(Line {
        is_yardstick: false,
        ..bare.line(stage, 1)
    });
    Ok(Case {
        servers: vec![server, unbatched],
        lines,
    })
}

/// A place with conversations in which something was said.
pub(super) async fn filled(
    stage: &Stage,
    name: &str,
    webhook_url: Option<String>,
) -> anyhow::Result<Place> {
    let mut place = Place::new(stage, name, webhook_url).await?;
    let crowd = Crowd {
        conversations: CONVERSATIONS,
        messages: 2,
        since: stage.now() - TimeDelta::days(1),
    };
    place.fill(stage, crowd).await?;
    Ok(place)
}

/// An account in which transactions of several statements write the rows that a message has.
struct Bare {
    place: Place,
    endpoint: EndpointId,
    /// An event whose snapshot others have, too.
    pattern: i64,
}

impl Bare {
    async fn new(stage: &Stage, url: &str) -> anyhow::Result<Self> {
        let (store, now) = (&stage.store, stage.now());
        let place = filled(stage, "Transactions", Some(url.to_owned())).await?;
        let new = NewMessage::text(MessageKind::Outgoing, From::Agent(place.agent), CONTENT);
        messages::post(store, place.account, ConversationId(1), new, None, now).await?;
        let (pattern, endpoint) = sqlx::query_as(
            "select event_id, endpoint_id from deliveries where account_id = $1 order by id desc limit 1",
        )
        .bind(place.account)
        .fetch_one(&stage.pool)
        .await?;
        // What is written here is nobody's to send.
        endpoint_views::set_enabled(store, place.account, endpoint, false, now).await?;
        Ok(Self {
            place,
            endpoint,
            pattern,
        })
    }

    /// So many at once.
    fn line(&self, stage: &Stage, clients: usize) -> Line {
        let text = format!(
            "Said by {clients} at once: I ordered two weeks ago and would like to know where it is."
        );
        let count = format!(
            "select count(*) from messages m
             join events e on e.account_id = m.account_id and e.message_id = m.id
             join deliveries d on d.account_id = e.account_id and d.event_id = e.id
             where m.account_id = {} and m.content = '{text}'",
            self.place.account
        );
        let work = Transactions::new(stage, "messages", self.script(&text), clients).counted(count);
        let line = format!("transactions of the same rows, {} x {clients}", work.by());
        Line::yardstick(line, work)
    }

    fn script(&self, text: &str) -> Script {
        let (account, agent, inbox) = (self.place.account, self.place.agent, self.place.inbox);
        let (endpoint, pattern, way) = (self.endpoint, self.pattern, self.place.way(0));
        let month = "date_trunc('month', now() at time zone 'UTC')::date";
        let statements = vec![
            "begin".to_owned(),
            format!(
                "select inbox_id, contact_id, contact_inbox_id, status from conversations
                 where account_id = {account} and id = :c for update"
            ),
            format!(
                "insert into messages (account_id, conversation_id, inbox_id, contact_inbox_id, kind, agent_id, content,
                                       created_at, updated_at)
                 values ({account}, :c, {inbox}, {way} + :c, 'outgoing', {agent}, '{text}', now(), now())"
            ),
            format!(
                "update conversations set last_agent_id = {agent}, last_message_at = now(), last_activity_at = now(),
                        waiting_since = null, updated_at = now() where account_id = {account} and id = :c"
            ),
            format!(
                "insert into events (account_id, kind, inbox_id, conversation_id, message_id, snapshot, created_at)
                 select account_id, kind, inbox_id, :c, currval('messages_id_seq'), snapshot, now()
                 from events where account_id = {account} and id = {pattern}"
            ),
            format!(
                "insert into deliveries (account_id, uuid, event_id, endpoint_id, conversation_id, due_at, created_at)
                 values ({account}, gen_random_uuid(), currval('events_id_seq'), {endpoint}, :c, now(), now())"
            ),
            format!(
                "insert into message_tallies (account_id, quarter, conversation_id, agent_id, inbox_id, incoming, outgoing)
                 values ({account}, date_bin('15 minutes', now(), timestamptz 'epoch'), :c, {agent}, {inbox}, 0, 1)
                 on conflict (account_id, quarter, conversation_id, agent_id)
                 do update set outgoing = message_tallies.outgoing + 1"
            ),
            format!(
                "insert into usage_month_people (account_id, inbox_id, month, contact_inbox_id)
                 values ({account}, {inbox}, {month}, {way} + :c) on conflict do nothing"
            ),
            format!(
                "insert into usage_months (account_id, inbox_id, month, slice, messages, people)
                 values ({account}, {inbox}, {month}, (({way} + :c) % 16)::smallint, 1, 0)
                 on conflict (account_id, inbox_id, month, slice)
                 do update set messages = usage_months.messages + 1"
            ),
            "commit".to_owned(),
        ];
        Script {
            variables: vec![("c", 1, CONVERSATIONS)],
            statements,
        }
    }
}

/// Clients who post, each to conversations of its own, as soon as the message before is acknowledged.
pub(super) struct Posts {
    address: SocketAddr,
    posters: Vec<Poster>,
    account: AccountId,
    pool: PgPool,
    _receiver: Option<Receiver>,
}

/// One client.
struct Poster {
    /// Made anew for each round: the server cuts those that rest while other lines have their turn.
    connection: Option<Connection>,
    requests: Vec<Vec<u8>>,
    next: usize,
    acknowledged: Vec<i64>,
}

impl Posts {
    /// So many clients, in the place's conversations.
    pub(super) fn new(
        stage: &Stage,
        address: SocketAddr,
        place: &Place,
        clients: usize,
    ) -> anyhow::Result<Self> {
        let headers = format!("api_access_token: {}\r\n", place.token);
        let mut posters = Vec::new();
        for client in 0..clients {
            let first = 1 + i64::try_from(client)?;
            let requests = (first..=CONVERSATIONS)
                .step_by(clients)
                .map(|conversation| {
                    let account = place.account;
                    let path =
                        format!("/api/v1/accounts/{account}/conversations/{conversation}/messages");
                    post(&path, &headers, &json!({"content": CONTENT}))
                });
            posters.push(Poster {
                connection: None,
                requests: requests.collect(),
                next: 0,
                acknowledged: Vec::new(),
            });
        }
        Ok(Self {
            address,
            posters,
            account: place.account,
            pool: stage.pool.clone(),
            _receiver: None,
        })
    }

    /// One client, in an account of its own, whose webhook hangs.
    async fn alone(stage: &Stage, server: &Server, name: &str) -> anyhow::Result<Self> {
        let hanging = Receiver::start(NEVER).await?;
        let place = filled(stage, name, Some(hanging.url())).await?;
        Ok(Self::new(stage, server.address, &place, 1)?.heard_by(hanging))
    }

    /// As long as they post, this one is there.
    fn heard_by(self, receiver: Receiver) -> Self {
        Self {
            _receiver: Some(receiver),
            ..self
        }
    }
}

impl Poster {
    async fn post(&mut self) -> anyhow::Result<()> {
        let request = &self.requests[self.next];
        self.next = (self.next + 1) % self.requests.len();
        let connection = self.connection.as_mut().context("nothing was laid out")?;
        let (status, body) = connection.ask(request).await?;
        ensure!(status == 200, "{status}: {}", String::from_utf8_lossy(body));
        self.acknowledged
            .push(first_id(body).context("a message without an id")?);
        Ok(())
    }
}

/// The first `id` in a body, which is the message's own.
fn first_id(body: &[u8]) -> Option<i64> {
    let name: &[u8] = b"\"id\":";
    let digits = &body[find(body, name)? + name.len()..];
    let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(&digits[..end]).ok()?.parse().ok()
}

impl Work for Posts {
    fn lay_out(&mut self, _: Duration) -> BoxFuture<'_, anyhow::Result<()>> {
        Box::pin(async move {
            for poster in &mut self.posters {
                poster.connection = Some(Connection::open(self.address).await?);
            }
            Ok(())
        })
    }

    fn round(&mut self, length: Duration) -> BoxFuture<'_, anyhow::Result<Score>> {
        Box::pin(async move {
            let posters = std::mem::take(&mut self.posters).into_iter();
            let clients = posters.map(|mut poster| {
                |stop: Arc<AtomicBool>| async move {
                    let mut latencies = Vec::new();
                    while !stop.load(Ordering::Relaxed) {
                        let began = Instant::now();
                        poster.post().await?;
                        latencies.push(began.elapsed());
                    }
                    Ok((poster, latencies))
                }
            });
            let (score, posters) = at_once(length, clients).await?;
            self.posters = posters;
            Ok(score)
        })
    }

    /// Every acknowledged message is there once, and no other.
    fn verify(&mut self) -> BoxFuture<'_, anyhow::Result<()>> {
        Box::pin(async move {
            let acknowledged: Vec<i64> = self
                .posters
                .iter()
                .flat_map(|poster| poster.acknowledged.iter().copied())
                .collect();
            let (found, all): (i64, i64) = sqlx::query_as(
                "select count(*) filter (where id = any ($2)), count(*) from messages where account_id = $1 and content = $3",
            )
            .bind(self.account)
            .bind(&acknowledged)
            .bind(CONTENT)
            .fetch_one(&self.pool)
            .await?;
            let expected = i64::try_from(acknowledged.len())?;
            ensure!(
                found == expected && all == expected,
                "of {expected} acknowledged messages {found} are there, among {all}"
            );
            Ok(())
        })
    }
}
