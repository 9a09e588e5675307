//! A receiver behind an inbox, and deliveries to it.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, ensure};
use sqlx::PgPool;
use uuid::Uuid;

use crate::bench::receiver::{Received, Receiver};
use crate::bench::stage::Stage;
use crate::clock::{Clock, SystemClock};
use crate::model::{AccountId, Channel, ContactInboxId, ConversationId, EndpointId, MessageKind};
use crate::store::contacts::{NewContact, NewContactInbox};
use crate::store::conversation_starts::{self, Start, Through};
use crate::store::conversations::NewConversation;
use crate::store::inboxes::NewInbox;
use crate::store::messages::{From, NewMessage};
use crate::store::{Store, contacts, endpoint_views, inboxes, messages};

/// Between two looks whether everything is recorded.
const GLANCE: Duration = Duration::from_millis(5);

/// An account with an inbox, the receiver behind it, and a conversation.
pub(super) struct Place {
    pub(super) store: Store,
    pub(super) pool: PgPool,
    pub(super) account: AccountId,
    pub(super) endpoint: EndpointId,
    pub(super) receiver: Receiver,
    way: ContactInboxId,
    /// An event whose copies are delivered.
    pattern: i64,
    times_received: HashMap<Uuid, u32>,
}

impl Place {
    /// With a receiver that thinks so long.
    pub(super) async fn new(stage: &Stage, name: &str, delay: Duration) -> anyhow::Result<Self> {
        let (store, now) = (&stage.store, stage.now());
        let receiver = Receiver::start(delay).await?;
        let account = stage.account(name).await?;
        let inbox = NewInbox {
            webhook_url: Some(receiver.url()),
            ..NewInbox::new(name, Channel::General)
        };
        let inbox = inboxes::create(store, account, inbox, None, now).await?.id;
        let contact = NewContact {
            name: "Ann".to_owned(),
            email: Some("ann@example.org".to_owned()),
            ..NewContact::default()
        };
        let way = NewContactInbox {
            inbox,
            source_id: None,
        };
        let (_, way) = contacts::create(store, account, contact, Some(way), None, now).await?;
        let endpoints = endpoint_views::list(store, account, EndpointId(0), 10).await?;
        let endpoint = endpoints.iter().find(|one| one.inbox == Some(inbox));
        let mut place = Self {
            store: store.clone(),
            pool: stage.pool.clone(),
            account,
            endpoint: endpoint.context("the inbox has no endpoint")?.id,
            receiver,
            way: way.context("the contact has no way")?.id,
            pattern: 0,
            times_received: HashMap::new(),
        };
        place.turn(false).await?;
        let conversation = place.converse(stage).await?;
        let text = "Good morning! I ordered two weeks ago and would like to know where it is.";
        let new = NewMessage::text(MessageKind::Incoming, From::Contact, text);
        messages::post(store, account, conversation, new, None, now).await?;
        place.pattern = sqlx::query_scalar(
            "select max(id) from events where account_id = $1 and kind = 'message.created'",
        )
        .bind(account)
        .fetch_one(&place.pool)
        .await?;
        Ok(place)
    }

    /// Another conversation.
    pub(super) async fn converse(&self, stage: &Stage) -> anyhow::Result<ConversationId> {
        let start = Start {
            through: Through::Way(self.way),
            new: NewConversation::default(),
            message: None,
        };
        let now = stage.now();
        Ok(conversation_starts::start(&self.store, self.account, start, None, now).await?)
    }

    /// Lets the dispatcher see what is due here, or hides it.
    pub(super) async fn turn(&self, on: bool) -> anyhow::Result<()> {
        let now = SystemClock.now();
        endpoint_views::set_enabled(&self.store, self.account, self.endpoint, on, now).await?;
        sqlx::query("select pg_notify('quartet_deliveries', '')")
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Makes so many deliveries due, each in a conversation of its own and with an event of its own.
    pub(super) async fn load(&self, count: i64) -> anyhow::Result<()> {
        sqlx::query(
            "with event as (
                 insert into events (account_id, kind, inbox_id, conversation_id, message_id, contact_id, snapshot, created_at)
                 select account_id, kind, inbox_id, conversation_id, message_id, contact_id, snapshot, now()
                 from events, generate_series(1, $3) where account_id = $1 and id = $2
                 returning id)
             insert into deliveries (account_id, uuid, event_id, endpoint_id, conversation_id, due_at, created_at)
             select $1, gen_random_uuid(), id, $4, id + 1000000, now(), now() from event",
        )
        .bind(self.account)
        .bind(self.pattern)
        .bind(count)
        .bind(self.endpoint)
        .execute(&self.pool)
        .await?;
        sqlx::raw_sql("analyze events; analyze deliveries; analyze attempts")
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Removes what is left of a round.
    pub(super) async fn clear(&self) -> anyhow::Result<()> {
        self.turn(false).await?;
        for delete in [
            "delete from attempts a using deliveries d
             where d.account_id = $1 and d.endpoint_id = $2 and d.state = 'due'
               and a.account_id = d.account_id and a.delivery_id = d.id",
            "delete from deliveries where account_id = $1 and endpoint_id = $2 and state = 'due'",
        ] {
            sqlx::query(delete)
                .bind(self.account)
                .bind(self.endpoint)
                .execute(&self.pool)
                .await?;
        }
        Ok(())
    }

    /// Waits until nothing is due here any more.
    pub(super) async fn wait_until_recorded(&self) -> anyhow::Result<()> {
        while self.is_due().await? {
            tokio::time::sleep(GLANCE).await;
        }
        Ok(())
    }

    async fn is_due(&self) -> anyhow::Result<bool> {
        let due = sqlx::query_scalar(
            "select exists (select from deliveries where account_id = $1 and endpoint_id = $2 and state = 'due')",
        );
        let due = due.bind(self.account).bind(self.endpoint);
        Ok(due.fetch_one(&self.pool).await?)
    }

    /// Takes from the receiver what came in, and remembers it for the end.
    pub(super) fn take(&mut self) -> Vec<Received> {
        let received = self.receiver.take();
        for id in received.iter().filter_map(|one| one.id) {
            *self.times_received.entry(id).or_default() += 1;
        }
        received
    }

    /// Every delivery arrived exactly once, and nothing else did.
    pub(super) async fn verify(&mut self) -> anyhow::Result<()> {
        self.take();
        let delivered: Vec<Uuid> = sqlx::query_scalar(
            "select d.uuid from deliveries d
             where d.account_id = $1 and d.endpoint_id = $2 and d.state = 'delivered' and d.attempt = 1
               and exists (select from attempts a where a.account_id = d.account_id and a.delivery_id = d.id)",
        )
        .bind(self.account)
        .bind(self.endpoint)
        .fetch_all(&self.pool)
        .await?;
        let received = self.times_received.len();
        ensure!(
            received == delivered.len(),
            "{received} deliveries arrived of {} that say so",
            delivered.len()
        );
        let once = delivered
            .iter()
            .all(|id| self.times_received.get(id) == Some(&1));
        ensure!(once, "a delivery arrived twice");
        Ok(())
    }
}
