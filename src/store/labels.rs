//! Labels of contacts and conversations. A label need not be defined to be used.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::groups::Groups;
use super::lookups::{self, Asked, Lookup};
use super::{Result, Store};
use crate::model::{AccountId, ContactId, ConversationId};

/// A label that was put on something, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// The label.
    pub title: String,
    /// When it was put on.
    pub created_at: DateTime<Utc>,
}

/// A contact's labels, oldest first.
pub async fn list_of_contact(
    store: &Store,
    account: AccountId,
    contact: ContactId,
) -> Result<Vec<Labelled>> {
    let labels = sqlx::query_as!(
        Labelled,
        "select title, created_at from contact_labels where account_id = $1 and contact_id = $2
         order by created_at, title",
        account.0,
        contact.0,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(labels)
}

/// A conversation's labels, oldest first.
pub async fn list_of_conversation(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
) -> Result<Vec<Labelled>> {
    let found: Option<OfConversation> = lookups::find(store, account, conversation.0).await?;
    Ok(found.map(|found| found.labels).unwrap_or_default())
}

/// The labels of a conversation that has some, oldest first.
#[derive(Debug, Clone)]
pub(super) struct OfConversation {
    account: AccountId,
    conversation: i64,
    labels: Vec<Labelled>,
}

impl Lookup for OfConversation {
    type Id = i64;

    fn asked(store: &Store) -> &Groups<Asked<Self>> {
        &store.labels
    }

    fn place(&self) -> (AccountId, i64) {
        (self.account, self.conversation)
    }

    async fn find_all(store: &Store, accounts: &[i64], ids: &[i64]) -> Result<Vec<Self>> {
        let rows = sqlx::query!(
            r#"select account_id as "account: AccountId", conversation_id, array_agg(title order by created_at, title) as "titles!",
                      array_agg(created_at order by created_at, title) as "times!"
               from conversation_labels
               where (account_id, conversation_id) in (select * from unnest($1::bigint[], $2::bigint[]))
               group by account_id, conversation_id"#,
            accounts,
            ids,
        )
        .fetch_all(&mut *store.read().await?)
        .await?;
        let labelled = rows.into_iter().map(|row| {
            let labels = row.titles.into_iter().zip(row.times);
            let labels = labels.map(|(title, created_at)| Labelled { title, created_at });
            Self {
                account: row.account,
                conversation: row.conversation_id,
                labels: labels.collect(),
            }
        });
        Ok(labelled.collect())
    }
}

/// Puts labels on a contact, beside those it has.
pub async fn add_to_contact(
    store: &Store,
    account: AccountId,
    contact: ContactId,
    titles: Vec<String>,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                sqlx::query!(
                    "insert into contact_labels (account_id, contact_id, title, created_at)
                     select $1, $2, title, $4 from unnest($3::text[]) as title on conflict do nothing",
                    account.0,
                    contact.0,
                    &titles,
                    now,
                )
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await
}

/// Gives a contact these labels and no others.
pub async fn set_of_contact(
    store: &Store,
    account: AccountId,
    contact: ContactId,
    titles: Vec<String>,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                sqlx::query!(
                    "with gone as (
                         delete from contact_labels where account_id = $1 and contact_id = $2 and title <> all ($3)
                     )
                     insert into contact_labels (account_id, contact_id, title, created_at)
                     select $1, $2, title, $4 from unnest($3::text[]) as title on conflict do nothing",
                    account.0,
                    contact.0,
                    &titles,
                    now,
                )
                .execute(&mut *conn)
                .await?;
                Ok(())
            })
        })
        .await
}

/// Makes these the labels of a locked conversation; those that it had, and those that it has.
pub(super) async fn replace_of_conversation(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: ConversationId,
    titles: &[String],
    now: DateTime<Utc>,
) -> Result<(Vec<String>, Vec<String>)> {
    let before = titles_of(conn, account, conversation).await?;
    sqlx::query!(
        "delete from conversation_labels where account_id = $1 and conversation_id = $2 and title <> all ($3)",
        account.0,
        conversation.0,
        titles,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into conversation_labels (account_id, conversation_id, title, created_at)
         select $1, $2, title, $4 from unnest($3::text[]) as title on conflict do nothing",
        account.0,
        conversation.0,
        titles,
        now,
    )
    .execute(&mut *conn)
    .await?;
    let after = titles_of(conn, account, conversation).await?;
    Ok((before, after))
}

/// The labels of a conversation, oldest first.
pub(super) async fn titles_of(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: ConversationId,
) -> Result<Vec<String>> {
    let titles = sqlx::query_scalar!(
        "select title from conversation_labels where account_id = $1 and conversation_id = $2
         order by created_at, title",
        account.0,
        conversation.0,
    )
    .fetch_all(conn)
    .await?;
    Ok(titles)
}

/// Puts labels on a conversation, beside those it has.
pub async fn add_to_conversation(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    titles: Vec<String>,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                sqlx::query!(
                    "insert into conversation_labels (account_id, conversation_id, title, created_at)
                     select $1, $2, title, $4 from unnest($3::text[]) as title on conflict do nothing",
                    account.0,
                    conversation.0,
                    &titles,
                    now,
                )
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await
}
