//! The webhooks of a whole account: the endpoints of kind `account`, as its administrators know them.

use chrono::{DateTime, Utc};
use secrecy::SecretString;

use super::{Error, Noun, Once, Result, Store, endpoints, require};
use crate::model::{AccountId, EndpointId, EventKind, InboxId};

/// A webhook.
#[derive(Debug)]
pub struct Webhook {
    /// The row.
    pub id: EndpointId,
    /// What people call it.
    pub name: Option<String>,
    /// Where; it may hold a password.
    pub url: String,
    /// What it hears of.
    pub subscriptions: Vec<EventKind>,
    /// Signs what is sent.
    pub secret: SecretString,
    /// An inbox that it names, which decides nothing, and what that is called.
    pub inbox: Option<(InboxId, String)>,
}

/// A webhook to make.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// What people call it.
    pub name: Option<String>,
    /// Where.
    pub url: String,
    /// What it hears of.
    pub subscriptions: Vec<EventKind>,
    /// An inbox that it names.
    pub inbox: Option<InboxId>,
}

/// What to change of a webhook; the rest stays.
#[derive(Debug, Clone, Default)]
pub struct WebhookPatch {
    /// What people call it.
    pub name: Option<Option<String>>,
    /// Where.
    pub url: Option<String>,
    /// What it hears of.
    pub subscriptions: Option<Vec<EventKind>>,
    /// An inbox that it names.
    pub inbox: Option<Option<InboxId>>,
}

struct Row {
    id: EndpointId,
    name: Option<String>,
    url: String,
    subscriptions: Vec<String>,
    secret_sealed: Vec<u8>,
    inbox: Option<InboxId>,
    inbox_name: Option<String>,
}

macro_rules! webhooks {
    ($tail:literal $(, $arg:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"select e.id as "id: EndpointId", e.name, e.url, e.subscriptions, e.secret_sealed,
                      i.id as "inbox?: InboxId", i.name as "inbox_name?"
               from endpoints e
               left join inboxes i on i.account_id = e.account_id and i.id = e.inbox_id and i.removed_at is null
               where e.account_id = $1 and e.kind = 'account' and e.disabled_reason is distinct from 'removed' "# + $tail
            $(, $arg)*
        )
    };
}

/// Makes a webhook. A URL is taken once an account.
pub async fn create(
    store: &Store,
    account: AccountId,
    new: NewWebhook,
    once: Option<Once>,
    now: DateTime<Utc>,
) -> Result<Webhook> {
    let secret = endpoints::new_secret(store.vault());
    let id: i64 = store
        .write_once(account, once, now, move |conn| {
            Box::pin(async move {
                if let Some(inbox) = new.inbox {
                    require::inbox(conn, account, inbox).await?;
                }
                Ok(sqlx::query_scalar!(
                    "insert into endpoints (account_id, kind, inbox_id, name, url, secret_sealed, subscriptions,
                                            created_at, updated_at)
                     values ($1, 'account', $2, $3, $4, $5, $6, $7, $7) returning id",
                    account.0,
                    new.inbox.map(|id| id.0),
                    new.name,
                    new.url,
                    secret,
                    &endpoints::texts(&new.subscriptions),
                    now,
                )
                .fetch_one(conn)
                .await?)
            })
        })
        .await?;
    get(store, account, EndpointId(id)).await
}

/// The webhook.
pub async fn get(store: &Store, account: AccountId, id: EndpointId) -> Result<Webhook> {
    webhooks!("and e.id = $2", account.0, id.0)
        .fetch_optional(&mut *store.read().await?)
        .await?
        .ok_or(Error::NotFound(Noun::Endpoint))?
        .open(store)
}

/// The account's webhooks, oldest first.
pub async fn list(store: &Store, account: AccountId) -> Result<Vec<Webhook>> {
    let rows = webhooks!("order by e.id limit 10000", account.0)
        .fetch_all(&mut *store.read().await?)
        .await?;
    rows.into_iter().map(|row| row.open(store)).collect()
}

/// Changes a webhook. At another URL it is in good health again.
pub async fn update(
    store: &Store,
    account: AccountId,
    id: EndpointId,
    patch: WebhookPatch,
    now: DateTime<Utc>,
) -> Result<Webhook> {
    let changed = store
        .write(move |conn| {
            Box::pin(async move {
                if let Some(Some(inbox)) = patch.inbox {
                    require::inbox(conn, account, inbox).await?;
                }
                let subscriptions = patch.subscriptions.as_deref().map(endpoints::texts);
                Ok(sqlx::query!(
                    "update endpoints
                     set name = case when $3 then $4 else name end,
                         disabled_at = case when url = coalesce($5, url) then disabled_at end,
                         disabled_reason = case when url = coalesce($5, url) then disabled_reason end,
                         failing_since = case when url = coalesce($5, url) then failing_since end,
                         failed_at = case when url = coalesce($5, url) then failed_at end,
                         url = coalesce($5, url), subscriptions = coalesce($6, subscriptions),
                         inbox_id = case when $7 then $8 else inbox_id end, updated_at = $9
                     where account_id = $1 and id = $2 and kind = 'account'
                       and disabled_reason is distinct from 'removed'",
                    account.0,
                    id.0,
                    patch.name.is_some(),
                    patch.name.flatten(),
                    patch.url,
                    subscriptions.as_deref(),
                    patch.inbox.is_some(),
                    patch.inbox.flatten().map(|id| id.0),
                    now,
                )
                .execute(conn)
                .await?
                .rows_affected())
            })
        })
        .await?;
    if changed == 0 {
        return Err(Error::NotFound(Noun::Endpoint));
    }
    get(store, account, id).await
}

/// Removes a webhook: nothing is sent there any more, and what is due is cancelled.
pub async fn remove(
    store: &Store,
    account: AccountId,
    id: EndpointId,
    now: DateTime<Utc>,
) -> Result<()> {
    let removed = store
        .write(move |conn| {
            Box::pin(async move {
                Ok(sqlx::query!(
                    "update endpoints set disabled_at = $3, disabled_reason = 'removed', updated_at = $3
                     where account_id = $1 and id = $2 and kind = 'account'
                       and disabled_reason is distinct from 'removed'",
                    account.0,
                    id.0,
                    now,
                )
                .execute(conn)
                .await?
                .rows_affected())
            })
        })
        .await?;
    require::changed(removed, Noun::Endpoint)
}

impl Row {
    fn open(self, store: &Store) -> Result<Webhook> {
        let kinds = self.subscriptions.iter();
        Ok(Webhook {
            id: self.id,
            name: self.name,
            url: self.url,
            subscriptions: kinds.filter_map(|kind| EventKind::parse(kind)).collect(),
            secret: endpoints::open_secret(store.vault(), &self.secret_sealed)?,
            inbox: self.inbox.zip(self.inbox_name),
        })
    }
}
