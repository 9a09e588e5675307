//! Files and places that go with messages.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use super::{Result, blobs, surveys};
use crate::files::{Links, Variant};
use crate::model::{
    AccountId, Attachment, AttachmentId, BlobId, ConversationId, FileType, MessageId, NewAttachment,
};

/// An attachment as its table has it.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) message: MessageId,
    pub(super) id: AttachmentId,
    pub(super) file_type: FileType,
    pub(super) media_type: String,
    pub(super) url: String,
    pub(super) thumb_url: String,
    pub(super) name: String,
    pub(super) size_bytes: Option<i64>,
    pub(super) width: Option<i64>,
    pub(super) height: Option<i64>,
    pub(super) meta: Value,
    pub(super) blob: Option<BlobId>,
    pub(super) has_thumb: bool,
}

impl Row {
    /// The attachment, with links that are made now if its file is kept here.
    pub(super) fn shown(self, account: AccountId, links: Option<&Links>) -> Attachment {
        let (mut url, mut thumb_url) = (self.url, self.thumb_url);
        if let (Some(blob), Some(links)) = (self.blob, links) {
            url = links.to(account, blob, Variant::Whole, &self.name);
            if self.has_thumb {
                thumb_url = links.to(account, blob, Variant::Thumb, &self.name);
            }
        }
        Attachment {
            id: self.id,
            file_type: self.file_type,
            media_type: self.media_type,
            url,
            thumb_url,
            name: self.name,
            size_bytes: self.size_bytes,
            width: self.width,
            height: self.height,
            meta: self.meta,
        }
    }
}

/// Attachments of these messages, in their order.
pub(super) async fn of_messages(
    conn: &mut PgConnection,
    account: AccountId,
    messages: &[i64],
) -> Result<Vec<Row>> {
    let rows = sqlx::query_as!(
        Row,
        r#"select message_id as "message: MessageId", id as "id: AttachmentId", file_type as "file_type: FileType",
                  media_type, url, thumb_url, name, size_bytes, width, height, meta, blob_id as "blob: BlobId", has_thumb
           from attachments where account_id = $1 and message_id = any ($2) order by id"#,
        account.0,
        messages,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Puts attachments to a message. The files among them are kept from now on.
pub(super) async fn insert(
    conn: &mut PgConnection,
    account: AccountId,
    (conversation, message): (ConversationId, MessageId),
    attachments: &[NewAttachment],
    now: DateTime<Utc>,
) -> Result<()> {
    let files: Vec<i64> = attachments
        .iter()
        .filter_map(|new| new.blob)
        .map(|id| id.0)
        .collect();
    if !files.is_empty() {
        blobs::keep(conn, account, &files).await?;
    }
    for attachment in attachments {
        sqlx::query!(
            "insert into attachments (account_id, conversation_id, message_id, file_type, media_type, url, name, size_bytes,
                                      width, height, meta, blob_id, has_thumb, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            account.0,
            conversation.0,
            message.0,
            attachment.file_type.as_str(),
            attachment.media_type,
            attachment.url,
            attachment.name,
            attachment.size_bytes,
            attachment.width,
            attachment.height,
            attachment.meta,
            attachment.blob.map(|id| id.0),
            attachment.has_thumb,
            now,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// Takes a message's attachments away. Files that nothing else uses are removed with them.
pub(super) async fn remove(
    conn: &mut PgConnection,
    account: AccountId,
    (conversation, message): (ConversationId, MessageId),
    now: DateTime<Utc>,
) -> Result<()> {
    let files = sqlx::query_scalar!(
        "delete from attachments a using messages m
         where a.account_id = $1 and a.message_id = $3
           and m.account_id = $1 and m.conversation_id = $2 and m.id = a.message_id
         returning a.blob_id",
        account.0,
        conversation.0,
        message.0,
    )
    .fetch_all(&mut *conn)
    .await?;
    let files: Vec<i64> = files.into_iter().flatten().collect();
    blobs::release(conn, account, &files, now).await
}

/// Takes all attachments of a conversation away, as [`remove`] does.
pub(super) async fn remove_all(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: ConversationId,
    now: DateTime<Utc>,
) -> Result<()> {
    let files = sqlx::query_scalar!(
        "delete from attachments where account_id = $1 and message_id in (
             select id from messages where account_id = $1 and conversation_id = $2)
         returning blob_id",
        account.0,
        conversation.0,
    )
    .fetch_all(&mut *conn)
    .await?;
    let files: Vec<i64> = files.into_iter().flatten().collect();
    blobs::release(conn, account, &files, now).await
}

/// Takes all attachments of these messages away, as [`remove`] does.
pub(super) async fn remove_of(
    conn: &mut PgConnection,
    account: AccountId,
    messages: &[i64],
    now: DateTime<Utc>,
) -> Result<()> {
    let files = sqlx::query_scalar!(
        "delete from attachments where account_id = $1 and message_id = any ($2) returning blob_id",
        account.0,
        messages,
    )
    .fetch_all(&mut *conn)
    .await?;
    let files: Vec<i64> = files.into_iter().flatten().collect();
    blobs::release(conn, account, &files, now).await
}

/// Puts links to the files that are kept here into an event's snapshot: they are made when it is told, not when it
/// happened. A visitor's chat client, which is told text alone, gets them as lines.
pub(super) fn link_snapshot(links: Option<&Links>, account: AccountId, snapshot: &mut Value) {
    let Some(links) = links else {
        return;
    };
    surveys::link(links, snapshot);
    let mut lines = Vec::new();
    let attachments = snapshot
        .get_mut("attachments")
        .and_then(Value::as_array_mut);
    for attachment in attachments.into_iter().flatten() {
        let Some(blob) = attachment["blob_id"].as_i64().map(BlobId) else {
            continue;
        };
        let name = attachment["name"].as_str().unwrap_or_default().to_owned();
        let url = links.to(account, blob, Variant::Whole, &name);
        if attachment["has_thumb"] == Value::Bool(true) {
            attachment["thumb_url"] = links.to(account, blob, Variant::Thumb, &name).into();
        }
        attachment["url"] = url.clone().into();
        lines.push(url);
    }
    let is_about_message = snapshot.get("message").is_some_and(Value::is_object);
    let told = snapshot.get_mut("for_visitor").filter(|_| is_about_message);
    if let Some(Value::String(text)) = told {
        let said = Some(std::mem::take(text)).filter(|text| !text.is_empty());
        *text = said.into_iter().chain(lines).collect::<Vec<_>>().join("\n");
    }
}

/// The same for a snapshot as text. Most are of no file and no survey, and need not be read for that.
pub(super) fn link_text(
    links: Option<&Links>,
    account: AccountId,
    snapshot: &mut String,
) -> Result<()> {
    if snapshot.contains("\"blob_id\"") || snapshot.contains("\"input_csat\"") {
        let mut linked = serde_json::from_str(snapshot)?;
        link_snapshot(links, account, &mut linked);
        *snapshot = linked.to_string();
    }
    Ok(())
}
