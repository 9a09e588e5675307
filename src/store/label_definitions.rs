//! The labels that an account defined. What carries one keeps it by its title.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::cache_keys::{self, List};
use super::{Error, Noun, Once, Result, Store, require};
use crate::model::{AccountId, Label, LabelId};

/// A label to define.
#[derive(Debug, Clone)]
pub struct NewLabel {
    /// Lower-case title.
    pub title: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its colour; nobody's choice is blue.
    pub color: Option<String>,
    /// Whether it is shown beside the conversations.
    pub show_on_sidebar: bool,
}

/// What to change of a label; the rest stays.
#[derive(Debug, Clone, Default)]
pub struct LabelPatch {
    /// Lower-case title.
    pub title: Option<String>,
    /// What it is for.
    pub description: Option<Option<String>>,
    /// Its colour.
    pub color: Option<String>,
    /// Whether it is shown beside the conversations.
    pub show_on_sidebar: Option<bool>,
}

macro_rules! labels {
    ($tail:literal $(, $arg:expr)* $(,)?) => {
        sqlx::query_as!(
            Label,
            r#"select id as "id: LabelId", title, description, color, show_on_sidebar from labels "# + $tail
            $(, $arg)*
        )
    };
}

/// Defines a label.
pub async fn create(
    store: &Store,
    account: AccountId,
    new: NewLabel,
    once: Option<Once>,
    now: DateTime<Utc>,
) -> Result<Label> {
    let id: i64 = store
        .write_once(account, once, now, move |conn| {
            Box::pin(async move {
                let id = sqlx::query_scalar!(
                    "insert into labels (account_id, title, description, color, show_on_sidebar, created_at, updated_at)
                     values ($1, $2, $3, coalesce($4, '#1f93ff'), $5, $6, $6) returning id",
                    account.0,
                    new.title,
                    new.description,
                    new.color,
                    new.show_on_sidebar,
                    now,
                )
                .fetch_one(&mut *conn)
                .await?;
                cache_keys::touch(conn, account, List::Labels, now).await?;
                Ok(id)
            })
        })
        .await?;
    get(store, account, LabelId(id)).await
}

/// The label.
pub async fn get(store: &Store, account: AccountId, id: LabelId) -> Result<Label> {
    labels!("where account_id = $1 and id = $2", account.0, id.0)
        .fetch_optional(&mut *store.read().await?)
        .await?
        .ok_or(Error::NotFound(Noun::Label))
}

/// The account's labels, oldest first.
pub async fn list(store: &Store, account: AccountId) -> Result<Vec<Label>> {
    let labels = labels!("where account_id = $1 order by id limit 10000", account.0)
        .fetch_all(&mut *store.read().await?)
        .await?;
    Ok(labels)
}

/// Changes a label. Under a new title it goes on being carried by whatever carries it.
pub async fn update(
    store: &Store,
    account: AccountId,
    id: LabelId,
    patch: LabelPatch,
    now: DateTime<Utc>,
) -> Result<Label> {
    store
        .write(move |conn| {
            Box::pin(async move {
                let old = sqlx::query_scalar!(
                    "select title from labels where account_id = $1 and id = $2 for no key update",
                    account.0,
                    id.0,
                )
                .fetch_optional(&mut *conn)
                .await?
                .ok_or(Error::NotFound(Noun::Label))?;
                let label = sqlx::query_as!(
                    Label,
                    r#"update labels set title = coalesce($3, title), description = case when $4 then $5 else description end,
                              color = coalesce($6, color), show_on_sidebar = coalesce($7, show_on_sidebar), updated_at = $8
                       where account_id = $1 and id = $2
                       returning id as "id: LabelId", title, description, color, show_on_sidebar"#,
                    account.0,
                    id.0,
                    patch.title,
                    patch.description.is_some(),
                    patch.description.flatten(),
                    patch.color,
                    patch.show_on_sidebar,
                    now,
                )
                .fetch_one(&mut *conn)
                .await?;
                if label.title != old {
                    rename(conn, account, &old, &label.title).await?;
                }
                cache_keys::touch(conn, account, List::Labels, now).await?;
                Ok(label)
            })
        })
        .await
}

/// Puts the new title in the old one's place. What carries both already, carries the new one alone.
async fn rename(conn: &mut PgConnection, account: AccountId, old: &str, new: &str) -> Result<()> {
    sqlx::query!(
        "with gone as (
             delete from contact_labels where account_id = $1 and title = $2 returning contact_id, created_at)
         insert into contact_labels (account_id, contact_id, title, created_at)
         select $1, contact_id, $3, created_at from gone on conflict do nothing",
        account.0,
        old,
        new,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "with gone as (
             delete from conversation_labels where account_id = $1 and title = $2 returning conversation_id, created_at)
         insert into conversation_labels (account_id, conversation_id, title, created_at)
         select $1, conversation_id, $3, created_at from gone on conflict do nothing",
        account.0,
        old,
        new,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes a label. What carries it keeps it.
pub async fn delete(
    store: &Store,
    account: AccountId,
    id: LabelId,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                let deleted = sqlx::query!(
                    "delete from labels where account_id = $1 and id = $2",
                    account.0,
                    id.0,
                )
                .execute(&mut *conn)
                .await?;
                require::changed(deleted.rows_affected(), Noun::Label)?;
                cache_keys::touch(conn, account, List::Labels, now).await
            })
        })
        .await
}
