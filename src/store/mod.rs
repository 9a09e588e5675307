//! All SQL. One function is one whole operation, in one transaction, and appends the event that tells of the change.
//!
//! Functions take the store, then the account whose rows they may touch, then their arguments; `now` comes from the
//! caller's clock. Knows no HTTP: an [`Error`] says why, each API says how.

pub mod access;
pub mod accounts;
pub mod agent_bots;
pub mod agent_changes;
pub mod agents;
mod appends;
pub mod apps;
pub mod assignments;
pub mod attachments;
pub mod audience;
mod auto_assignment;
pub mod auto_resolve;
mod automatic_answers;
pub mod avatars;
pub mod blobs;
pub mod bot_reports;
pub mod bot_secrets;
pub mod bots;
pub mod cache_keys;
mod callers;
pub mod canned_responses;
pub mod cards;
pub mod contact_changes;
pub mod contact_imports;
pub mod contact_lists;
pub mod contact_merges;
pub mod contact_removals;
pub mod contact_search;
pub mod contact_ways;
pub mod contacts;
pub mod conversation_attention;
pub mod conversation_changes;
pub mod conversation_lists;
pub mod conversation_removal;
pub mod conversation_search;
pub mod conversation_starts;
pub mod conversation_status;
pub mod conversation_views;
pub mod conversations;
pub mod custom_attributes;
pub mod custom_filters;
pub mod deliveries;
pub mod delivery_log;
mod delivery_outcomes;
pub mod delivery_upkeep;
pub mod drafts;
mod endpoint_health;
pub mod endpoint_secrets;
pub mod endpoint_views;
pub mod endpoints;
mod error;
pub mod event_feed;
mod events;
pub mod filters;
mod group_commit;
mod groups;
mod idempotency;
mod inbox_events;
pub mod inbox_settings;
pub mod inboxes;
pub mod keys;
pub mod label_definitions;
pub mod labels;
mod lookups;
pub mod members;
pub mod messages;
pub mod notes;
pub mod open_hours;
pub mod page_filters;
pub mod participants;
mod passwords;
pub mod planning;
pub mod platform_apps;
pub mod platform_bots;
pub mod platform_users;
pub mod presence;
pub mod ratings;
pub mod recent_events;
mod regained;
mod reporting;
pub mod reports;
mod require;
pub mod samples;
pub mod secrets;
pub mod sessions;
pub mod shared_bots;
pub mod signals;
pub mod statistics;
mod surveys;
pub mod teams;
pub mod transcripts;
pub mod turns;
pub mod typing;
mod undelivered;
mod usage;
pub mod user_passwords;
pub mod user_sessions;
pub mod user_tokens;
pub mod users;
pub mod visitors;
pub mod visits;
pub mod webhooks;
pub mod widget;

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{Connection, PgPool};
use tokio_util::task::TaskTracker;

use crate::files::Links;
use crate::model::{Contact, Conversation};
use crate::vault::Vault;
use appends::Append;
use callers::Callers;
use groups::Groups;
use lookups::Asked;
use sessions::OfStream;

pub use error::{Error, Field, Noun, Result};
pub use idempotency::{Once, find_outcome, forget_outcomes};

/// The conversation store. Cheap to clone, which every request does several times.
#[derive(Debug, Clone)]
pub struct Store(Arc<Parts>);

/// What a store is made of: a pool of connections, the key that seals its secrets, and what is done together.
#[derive(Debug, Clone)]
pub struct Parts {
    pool: PgPool,
    vault: Vault,
    /// What opens the files that are shown. None in commands, which show no files.
    links: Option<Links>,
    /// What must come to its end before the store closes.
    tasks: TaskTracker,
    appends: Groups<Append>,
    chats: Groups<OfStream>,
    contacts: Groups<Asked<Contact>>,
    conversations: Groups<Asked<Conversation>>,
    messages: Groups<Asked<messages::Kept>>,
    labels: Groups<Asked<labels::OfConversation>>,
    sights: Groups<Asked<access::Sight>>,
    callers: Callers,
}

impl Deref for Store {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Store {
    /// How long a request waits for a connection before it is told to come back later.
    const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

    /// How long a connection that answered is taken to be there still.
    const TRUSTED: Duration = Duration::from_secs(1);

    /// How sessions plan. Statements find rows by their keys, whatever the parameters, so a plan is made once and kept: to
    /// plan the longest anew takes longer than to run it. Kept plans must not read tables from end to end that were
    /// empty when they were made; `planning` has them made again when tables grow.
    const PLANNING: [(&str, &str); 3] = [
        ("plan_cache_mode", "force_generic_plan"),
        ("enable_seqscan", "off"),
        ("jit", "off"),
    ];

    /// A store on this database. Connects when first used: the server starts, and answers, without its database.
    pub fn new(options: PgConnectOptions, max_connections: u32, vault: Vault) -> Self {
        let options = options
            .options([("timezone", "UTC")])
            .options(Self::PLANNING)
            .application_name("quartet");
        let pool = PgPoolOptions::new()
            .max_connections(max_connections)
            .acquire_timeout(Self::ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .before_acquire(|conn, connection| {
                Box::pin(async move {
                    if connection.idle_for > Self::TRUSTED {
                        conn.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(options);
        Self(Arc::new(Parts {
            pool,
            vault,
            links: None,
            tasks: TaskTracker::new(),
            appends: Groups::new(),
            chats: Groups::new(),
            contacts: Groups::new(),
            conversations: Groups::new(),
            messages: Groups::new(),
            labels: Groups::new(),
            sights: Groups::new(),
            callers: Callers::default(),
        }))
    }

    /// The same store, which does so many things together at most.
    pub fn batching(self, size: usize) -> Self {
        let parts = Arc::unwrap_or_clone(self.0);
        Self(Arc::new(Parts {
            appends: parts.appends.sized(size),
            chats: parts.chats.sized(size),
            contacts: parts.contacts.sized(size),
            conversations: parts.conversations.sized(size),
            messages: parts.messages.sized(size),
            labels: parts.labels.sized(size),
            sights: parts.sights.sized(size),
            ..parts
        }))
    }

    /// The same store, whose files are shown with these links. They are made as rows are read, so that no API can show a
    /// file without one, or with one whose time is over.
    pub fn linking(self, links: Links) -> Self {
        Self(Arc::new(Parts {
            links: Some(links),
            ..Arc::unwrap_or_clone(self.0)
        }))
    }

    /// Brings the database to this version's tables. Several servers may call it at once: a lock lets one through.
    pub async fn migrate(&self) -> Result<()> {
        sqlx::migrate!().run(&self.pool).await.map_err(Error::from)
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query_scalar!("select 1 as one")
            .fetch_one(&mut *self.read().await?)
            .await?;
        Ok(())
    }

    /// Lets writes that were begun come to their end, then closes every connection.
    pub async fn close(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.pool.close().await;
    }

    /// The key that seals secrets.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// What opens files.
    pub fn links(&self) -> Option<&Links> {
        self.links.as_ref()
    }

    /// Hears of deliveries that became due, from this server and from others on the same database. A hint: polling is the
    /// truth.
    pub async fn listen_for_deliveries(&self) -> Result<sqlx::postgres::PgListener> {
        let mut listener = sqlx::postgres::PgListener::connect_with(&self.pool).await?;
        listener.listen("quartet_deliveries").await?;
        Ok(listener)
    }

    /// Hears of the accounts in whose feeds something new is, of those that are watched. A hint, too.
    ///
    /// Its connection is not one of the pool's: it is held for good.
    pub async fn listen_for_events(&self) -> Result<sqlx::postgres::PgListener> {
        let own = alone(&self.pool);
        let mut listener = sqlx::postgres::PgListener::connect_with(&own).await?;
        listener.listen(event_feed::CHANNEL).await?;
        Ok(listener)
    }

    /// A connection to read with.
    async fn read(&self) -> Result<PoolConnection<sqlx::Postgres>> {
        Ok(self.pool.acquire().await?)
    }

    /// Runs an operation in one transaction, in a task of its own: a client that hangs up drops the caller's future, and
    /// a transaction dropped while it begins would leave its connection in it, with later writes never committed.
    async fn write<T, F>(&self, operation: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        let store = self.clone();
        let task = self.tasks.spawn(async move {
            let mut transaction = store.begin().await?;
            let outcome = operation(&mut transaction).await?;
            transaction.commit().await?;
            Ok(outcome)
        });
        match task.await {
            Ok(outcome) => outcome,
            Err(failure) => match failure.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(Error::Unavailable(sqlx::Error::WorkerCrashed)),
            },
        }
    }

    /// Begins a transaction, in a task that no client can drop.
    async fn begin(&self) -> Result<sqlx::PgTransaction<'static>> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the only place, and its callers are tasks"
        )]
        Ok(self.pool.begin().await?)
    }
}

/// A pool of one connection beside another pool's, for what holds it for good.
fn alone(pool: &PgPool) -> PgPool {
    PgPoolOptions::new()
        .max_connections(1)
        .connect_lazy_with(pool.connect_options().as_ref().clone())
}
