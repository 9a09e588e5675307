//! A key that ends opens nothing any more, at any server, although every server remembers whom it knows.

use quartet::model::{AccountId, AccountStatus, AgentId, Attributes, BotId, Role, Scope};
use quartet::store::agent_bots::NewAgentBot;
use quartet::store::agent_changes::{self, AgentPatch};
use quartet::store::keys::{self, NewKey};
use quartet::store::{Store, accounts, agent_bots, agents};
use secrecy::ExposeSecret;
use tokio::task::JoinSet;

use crate::app::TestApp;
use crate::database::execute;
use crate::server::soon;

/// What may end a key.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Revoked,
    AgentRemoved,
    BotRemoved,
    BotTokenReset,
    AccountSuspended,
    AccountRemoved,
}

/// Two servers on one database, which listen.
struct Servers {
    app: TestApp,
    other: Store,
    _ears: JoinSet<()>,
}

/// A key of an agent or a bot, and whose it is.
struct Key {
    account: AccountId,
    agent: AgentId,
    bot: BotId,
    text: String,
}

impl Servers {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let other = app.database.store();
        let mut ears = JoinSet::new();
        for store in [app.store().clone(), other.clone()] {
            ears.spawn(async move { store.follow_credentials().await });
        }
        Self {
            app,
            other,
            _ears: ears,
        }
    }

    async fn key(&self, end: End) -> Key {
        let (app, now) = (&self.app, self.app.now());
        let account = app.account().await;
        let agent = app.agent(account, &format!("{end:?}"), Role::Agent).await;
        let bot = NewAgentBot {
            name: "Bot".to_owned(),
            description: String::new(),
            avatar_url: String::new(),
            config: Attributes::default(),
            outgoing_url: None,
        };
        let bot = agent_bots::create(app.store(), account, bot, None, now)
            .await
            .unwrap();
        let text = match end {
            End::BotRemoved | End::BotTokenReset => bot.token.unwrap().expose_secret().to_owned(),
            _ => app.token(account, agent.id).await,
        };
        Key {
            account,
            agent: agent.id,
            bot: bot.id,
            text,
        }
    }

    /// Ends a key at the first server.
    async fn end(&self, end: End, key: &Key) {
        let (store, account, now) = (self.app.store(), key.account, self.app.now());
        let ended = match end {
            End::Revoked => {
                let id = keys::find_caller(store, &key.text).await.unwrap().unwrap();
                keys::revoke(store, account, id.key, now).await
            }
            End::AgentRemoved => agents::remove(store, account, key.agent, now).await,
            End::BotRemoved => agent_bots::remove(store, account, key.bot, now).await,
            End::BotTokenReset => agent_bots::reset_token(store, account, key.bot, now)
                .await
                .map(drop),
            End::AccountSuspended => {
                accounts::set_status(store, account, AccountStatus::Suspended, now).await
            }
            End::AccountRemoved => accounts::remove(store, account, now).await,
        };
        ended.unwrap();
    }

    /// Asks until both servers remember a key: with its row out of sight, it opens something only where it is remembered.
    async fn make_known(&self, key: &str) {
        let mut conn = self.app.database.connect().await;
        let hide = "update api_keys set revoked_at = created_at where revoked_at is null";
        let show = "update api_keys set revoked_at = null where revoked_at = created_at";
        soon(async {
            loop {
                for store in [self.app.store(), &self.other] {
                    assert!(opens(store, key).await);
                }
                execute(&mut conn, hide.to_owned()).await;
                let known = opens(self.app.store(), key).await && opens(&self.other, key).await;
                execute(&mut conn, show.to_owned()).await;
                if known {
                    return;
                }
            }
        })
        .await;
    }
}

async fn opens(store: &Store, key: &str) -> bool {
    let caller = keys::find_caller(store, key).await.unwrap();
    caller.is_some_and(|caller| caller.account_status == AccountStatus::Active)
}

/// What the agent behind a key may do.
async fn role(store: &Store, key: &str) -> Option<Role> {
    let caller = keys::find_caller(store, key).await.unwrap();
    Some(caller?.agent?.role)
}

/// Waits until a key opens nothing any more.
async fn forgotten(store: &Store, key: &str) {
    soon(async {
        while opens(store, key).await {
            // What is remembered is told at once, and whoever listens must have a turn.
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_key_that_ends_is_forgotten_at_once_by_every_server() {
    let servers = Servers::start().await;
    for end in [
        End::Revoked,
        End::AgentRemoved,
        End::BotRemoved,
        End::BotTokenReset,
        End::AccountSuspended,
        End::AccountRemoved,
    ] {
        let key = servers.key(end).await;
        servers.make_known(&key.text).await;
        servers.end(end, &key).await;
        assert!(!opens(servers.app.store(), &key.text).await, "{end:?}");
        forgotten(&servers.other, &key.text).await;
    }
}

#[tokio::test]
async fn a_role_that_changes_counts_at_once_at_every_server() {
    let servers = Servers::start().await;
    let key = servers.key(End::Revoked).await;
    servers.make_known(&key.text).await;
    let patch = AgentPatch {
        role: Some(Role::Administrator),
        ..AgentPatch::default()
    };
    let (store, now) = (servers.app.store(), servers.app.now());
    let changed = agent_changes::update(store, key.account, key.agent, patch, now);
    changed.await.unwrap();
    assert_eq!(role(store, &key.text).await, Some(Role::Administrator));
    soon(async {
        while role(&servers.other, &key.text).await != Some(Role::Administrator) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_server_whose_ear_is_cut_remembers_nobody() {
    let servers = Servers::start().await;
    let key = servers.key(End::Revoked).await;
    servers.make_known(&key.text).await;
    let mut conn = servers.app.database.connect().await;
    let cut = "select pg_terminate_backend(pid) from pg_stat_activity
               where query like 'LISTEN%' and datname = current_database()";
    execute(&mut conn, cut.to_owned()).await;
    let hide = "update api_keys set revoked_at = created_at";
    execute(&mut conn, hide.to_owned()).await;
    for store in [servers.app.store(), &servers.other] {
        forgotten(store, &key.text).await;
    }
}

#[tokio::test]
async fn a_key_that_is_unknown_may_be_made_a_moment_later() {
    let servers = Servers::start().await;
    let account = servers.app.account().await;
    let text = "a key that was agreed beforehand";
    for store in [servers.app.store(), &servers.other] {
        assert!(!opens(store, text).await);
    }
    let new = NewKey {
        name: "agreed".to_owned(),
        scopes: vec![Scope::Admin],
        agent: None,
        bot: None,
        text: Some(text.to_owned().into()),
    };
    let made = keys::create(servers.app.store(), account, new, servers.app.now());
    made.await.unwrap();
    for store in [servers.app.store(), &servers.other] {
        assert!(opens(store, text).await);
    }
}
