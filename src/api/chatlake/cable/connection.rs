//! One client: what it may ask, what it is told, and how long it is waited for.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::hub::{Hub, Place, Taken, Unseated};
use super::protocol::{self, Command, Subscription};
use super::room::{Listener, Seat};
use crate::api::chatlake::Server;
use crate::api::chatlake::wire::push::{Announced, PresenceData};
use crate::api::edge::RateLimiter;
use crate::model::{AccountId, AccountStatus, AgentId, ContactId};
use crate::store::{self, accounts, agents, audience, presence, users};

/// Subscriptions of one connection.
const MAX_SUBSCRIPTIONS: usize = 16;

/// Commands that one connection may send within a ping's time.
const MAX_COMMANDS: u32 = 64;

/// How long a client may take over one frame.
const PATIENCE: Duration = Duration::from_secs(10);

/// A client that is being served.
pub(super) struct Connection {
    hub: Hub,
    /// The client's address, and how often it may be wrong.
    address: Option<String>,
    refused: Arc<RateLimiter>,
    subscriptions: HashMap<String, Subscribed>,
    queue: mpsc::Sender<Utf8Bytes>,
    queued: mpsc::Receiver<Utf8Bytes>,
    cut: CancellationToken,
    /// Commands since the last ping.
    commands: u32,
    /// Since when it had no subscription, if it has none.
    idle_since: Instant,
    _place: Place,
}

/// Who listens, and its seat.
struct Subscribed {
    who: Who,
    token: String,
    _seat: Taken,
}

/// Whom a token is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Agent(AccountId, AgentId),
    Contact(audience::ContactStream),
}

/// The connection is over.
#[derive(Debug)]
struct Over;

impl Connection {
    pub(super) fn new(server: &Server, address: Option<String>, place: Place) -> Self {
        let hub = server.cable.clone();
        let (queue, queued) = mpsc::channel(hub.config().queue.get());
        Self {
            hub,
            address,
            refused: Arc::clone(&server.refused),
            subscriptions: HashMap::new(),
            queue,
            queued,
            cut: CancellationToken::new(),
            commands: 0,
            idle_since: Instant::now(),
            _place: place,
        }
    }

    /// Serves the client until either side has enough.
    pub(super) async fn run(mut self, mut socket: WebSocket) {
        let ending = self.hub.ending().clone();
        tokio::select! {
            _ = self.serve(&mut socket) => {}
            () = ending.cancelled() => {
                let goodbye = async {
                    socket.send(Message::Text(protocol::disconnect())).await?;
                    socket.send(Message::Close(None)).await
                };
                // Whoever does not take it is gone anyway.
                let _ = timeout(PATIENCE, goodbye).await;
            }
        }
    }

    async fn serve(&mut self, socket: &mut WebSocket) -> Result<(), Over> {
        let config = self.hub.config().clone();
        let cut = self.cut.clone();
        let mut heard = Instant::now();
        let mut ping = interval(config.ping);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.send(socket, Message::Text(protocol::welcome()))
            .await?;
        loop {
            let patience = if self.subscriptions.is_empty() {
                self.idle_since + config.subscribe_timeout
            } else {
                heard + config.idle_timeout
            };
            tokio::select! {
                () = cut.cancelled() => return Err(Over),
                () = sleep_until(patience) => return Err(Over),
                Some(frame) = self.queued.recv() => self.send(socket, Message::Text(frame)).await?,
                _ = ping.tick() => self.ping(socket).await?,
                frame = socket.recv() => {
                    heard = Instant::now();
                    match frame {
                        Some(Ok(Message::Text(text))) => self.obey(socket, &text).await?,
                        Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => {}
                        Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(Over),
                    }
                }
            }
        }
    }

    /// The protocol's ping needs no answer; the websocket's own has one, which shows that the client is there.
    async fn ping(&mut self, socket: &mut WebSocket) -> Result<(), Over> {
        self.commands = 0;
        let seconds = self.hub.now().timestamp();
        self.send(socket, Message::Text(protocol::ping(seconds)))
            .await?;
        self.send(socket, Message::Ping(Bytes::new())).await
    }

    async fn send(&self, socket: &mut WebSocket, message: Message) -> Result<(), Over> {
        tokio::select! {
            () = self.cut.cancelled() => Err(Over),
            sent = timeout(PATIENCE, socket.send(message)) => match sent {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) | Err(_) => Err(Over),
            }
        }
    }

    async fn obey(&mut self, socket: &mut WebSocket, text: &str) -> Result<(), Over> {
        self.commands += 1;
        if self.commands > MAX_COMMANDS {
            return Err(Over);
        }
        let outcome = match Command::parse(text) {
            Some(Command::Subscribe(wanted)) => self.subscribe(socket, wanted).await,
            Some(Command::UpdatePresence(identifier)) => self.stay(socket, &identifier).await,
            Some(Command::Unsubscribe(identifier)) => {
                self.drop_subscription(&identifier);
                Ok(Ok(()))
            }
            None => Ok(Ok(())),
        };
        match outcome {
            Ok(outcome) => outcome,
            Err(error) => {
                warn!(%error, "a client cannot be served and may come back");
                Err(Over)
            }
        }
    }

    async fn subscribe(
        &mut self,
        socket: &mut WebSocket,
        wanted: Subscription,
    ) -> store::Result<Result<(), Over>> {
        if self.subscriptions.contains_key(&wanted.identifier) {
            return Ok(Ok(()));
        }
        let Some(who) = find(&self.hub, &wanted).await? else {
            return Ok(self.refuse());
        };
        let (account, listener) = who.sits();
        let seat = Seat {
            prefix: protocol::prefix(&wanted.identifier),
            queue: self.queue.clone(),
            cut: self.cut.clone(),
        };
        let is_full = self.subscriptions.len() >= MAX_SUBSCRIPTIONS;
        let seated = if is_full {
            Err(Unseated::Full)
        } else {
            self.hub.seat(account, listener, seat).await
        };
        let seat = match seated {
            Ok(seat) => seat,
            Err(Unseated::Failed(error)) => return Err(error),
            Err(Unseated::Full) => {
                let answer = protocol::reject(&wanted.identifier);
                return Ok(self.send(socket, Message::Text(answer)).await);
            }
        };
        let answer = protocol::confirm(&wanted.identifier);
        let subscribed = Subscribed {
            who,
            token: wanted.token,
            _seat: seat,
        };
        let identifier = wanted.identifier;
        self.subscriptions.insert(identifier.clone(), subscribed);
        if self.send(socket, Message::Text(answer)).await.is_err() {
            return Ok(Err(Over));
        }
        self.show_presence(socket, &identifier, who).await
    }

    fn drop_subscription(&mut self, identifier: &str) {
        self.subscriptions.remove(identifier);
        self.idle_since = Instant::now();
    }

    /// A token that opens nothing has no answer; whoever tries many is sent away.
    fn refuse(&self) -> Result<(), Over> {
        let Some(address) = &self.address else {
            return Ok(());
        };
        self.refused.check(address).map_err(|wait| {
            debug!(%wait, "a client tried too many tokens");
            Over
        })
    }

    /// The client is still there. If its token is not of the same listener any more, it hears nothing more.
    async fn stay(
        &mut self,
        socket: &mut WebSocket,
        identifier: &str,
    ) -> store::Result<Result<(), Over>> {
        let Some(subscribed) = self.subscriptions.get(identifier) else {
            return Ok(Ok(()));
        };
        let who = subscribed.who;
        let again = Subscription::again(identifier, &subscribed.token, who);
        if find(&self.hub, &again).await? != Some(who) {
            self.drop_subscription(identifier);
            return Ok(Ok(()));
        }
        self.show_presence(socket, identifier, who).await
    }

    /// Notes that somebody is there, and tells them who else is.
    async fn show_presence(
        &mut self,
        socket: &mut WebSocket,
        identifier: &str,
        who: Who,
    ) -> store::Result<Result<(), Over>> {
        let data = present(&self.hub, who).await?;
        let event = "presence.update";
        let message = serde_json::to_string(&Announced { event, data })?;
        let frame = protocol::told(&protocol::prefix(identifier), &message);
        Ok(self.send(socket, Message::Text(frame)).await)
    }
}

impl Who {
    /// In which account's room, and as whom.
    fn sits(self) -> (AccountId, Listener) {
        match self {
            Self::Agent(account, agent) => (account, Listener::Agent(agent)),
            Self::Contact(stream) => (stream.account, Listener::Contact(stream.way)),
        }
    }
}

impl Subscription {
    /// What a listener would subscribe with now.
    fn again(identifier: &str, token: &str, who: Who) -> Self {
        let (account, user) = match who {
            Who::Agent(account, agent) => (Some(account.0), Some(agent.0)),
            Who::Contact(_) => (None, None),
        };
        Self {
            identifier: identifier.to_owned(),
            token: token.to_owned(),
            account,
            user,
        }
    }
}

/// Whom the token is of: an agent, in the account that is named beside it, or else a contact.
async fn find(hub: &Hub, wanted: &Subscription) -> store::Result<Option<Who>> {
    let store = hub.store();
    if wanted.user.is_none() && wanted.account.is_none() {
        let stream = audience::find_contact_stream(store, &wanted.token).await?;
        return Ok(stream.map(Who::Contact));
    }
    let Some(listener) = users::find_by_pubsub_token(store, &wanted.token).await? else {
        return Ok(None);
    };
    let named = wanted.account.map(AccountId);
    let Some(account) = listener.account.or(named) else {
        return Ok(None);
    };
    let is_as_named = named.is_none_or(|named| named == account)
        && wanted.user.is_none_or(|user| user == listener.user.0);
    let may_enter =
        listener.account.is_some() || users::may_enter(store, account, listener.user).await?;
    if !is_as_named || !may_enter {
        return Ok(None);
    }
    let agent = AgentId(listener.user.0);
    match agents::get(store, account, agent).await {
        Ok(_) if is_active(hub, account).await? => Ok(Some(Who::Agent(account, agent))),
        Ok(_) | Err(store::Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn is_active(hub: &Hub, account: AccountId) -> store::Result<bool> {
    let account = accounts::get(hub.store(), account).await?;
    Ok(account.status == AccountStatus::Active)
}

/// Notes that somebody is there; who is, as far as it may know.
async fn present(hub: &Hub, who: Who) -> store::Result<PresenceData> {
    let (store, now) = (hub.store(), hub.now());
    let (account, _) = who.sits();
    let mut contacts = None;
    match who {
        Who::Agent(account, agent) => {
            presence::agent_seen(store, account, agent, now).await?;
            let there: Vec<ContactId> = presence::list_contacts(store, account, now).await?;
            let there = there.into_iter().map(|id| (id.to_string(), "online"));
            contacts = Some(there.collect());
        }
        Who::Contact(stream) => {
            presence::contact_seen(store, account, stream.contact, now).await?;
        }
    }
    let agents = presence::list_agents(store, account, now).await?;
    let users: BTreeMap<String, &'static str> = agents
        .into_iter()
        .map(|(id, availability)| (id.to_string(), availability.as_str()))
        .collect();
    Ok(PresenceData {
        account_id: account.0,
        users,
        contacts,
    })
}
