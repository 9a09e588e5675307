//! Files: those that messages come with, and those that are uploaded first and attached later.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use super::auth::Member;
use super::body::{Body, Received, Taking};
use super::error::{Error, Result};
use super::params::Nothing;
use super::route::post;
use super::wire::upload::UploadBody;
use super::{Route, Server};
use crate::files::Variant;
use crate::model::{AccountId, Blob, BlobId, FileType, NewAttachment};
use crate::store::avatars::{self, Whose};
use crate::store::{self, blobs};

/// The most files of one message.
const MAX_ATTACHMENTS: usize = 15;

pub(super) fn routes() -> Vec<Route> {
    vec![(
        "/api/v1/accounts/{account_id}/upload",
        post(upload, "Uploads a file to attach later").carries("attachment"),
    )]
}

/// Where the files of a message are in its form.
pub(super) fn of_message(account: AccountId) -> Option<Taking> {
    Some(Taking {
        field: "attachments",
        at_most: MAX_ATTACHMENTS,
        account,
    })
}

/// Where they are in the form of a conversation that the message begins.
pub(super) fn of_first_message(account: AccountId) -> Option<Taking> {
    Some(Taking {
        field: "message[attachments]",
        at_most: MAX_ATTACHMENTS,
        account,
    })
}

/// What a message is to have: the files that came with it, and those of the account that it names by their signed ids.
pub(super) async fn attachments(
    server: &Server,
    account: AccountId,
    named: Option<Vec<Value>>,
    came: &[Blob],
) -> Result<Vec<NewAttachment>> {
    let named = named.unwrap_or_default();
    let named: Vec<&Value> = named
        .iter()
        .filter(|id| **id != Value::String(String::new()))
        .collect();
    if named.len() + came.len() > MAX_ATTACHMENTS {
        return Err(Error::TooManyFiles);
    }
    let mut attachments = Vec::new();
    for id in named {
        let links = server.store.links();
        let id = id
            .as_str()
            .and_then(|id| links?.read_signed_id(account, id));
        let blob = match id {
            Some(id) => blobs::get(&server.store, account, id).await,
            None => Err(store::Error::NotFound(store::Noun::File)),
        };
        attachments.push(NewAttachment::of(&blob.map_err(unknown_file)?));
    }
    attachments.extend(came.iter().map(NewAttachment::of));
    Ok(attachments)
}

/// Of a message every refusal has one shape, also that of a file which is not there.
fn unknown_file(error: store::Error) -> Error {
    match error {
        store::Error::NotFound(_) => {
            Error::Refused("Validation failed: Attachments file must exist".to_owned())
        }
        other => other.into(),
    }
}

/// Where somebody's picture is in a form.
pub(super) fn of_avatar(account: AccountId) -> Option<Taking> {
    Some(Taking {
        field: "avatar",
        at_most: 1,
        account,
    })
}

/// Where a user's own picture is in a form.
pub(super) fn of_profile(account: AccountId) -> Taking {
    Taking {
        field: "profile[avatar]",
        at_most: 1,
        account,
    }
}

/// The picture that came with a form, if one did; what is no image is refused before anything is written.
pub(super) fn avatar(came: &[Blob]) -> Result<Option<BlobId>> {
    match came.first() {
        None => Ok(None),
        Some(blob) if blob.file_type == FileType::Image => Ok(Some(blob.id)),
        Some(_) => Err(Error::invalid("avatar", "Avatar filetype not supported")),
    }
}

/// Shows the picture that came with a form; whether one did.
pub(super) async fn show_avatar(
    server: &Server,
    account: AccountId,
    whose: Whose,
    picture: Option<BlobId>,
) -> Result<bool> {
    if picture.is_some() {
        avatars::set(&server.store, account, whose, picture, server.now()).await?;
    }
    Ok(picture.is_some())
}

async fn upload(
    State(server): State<Server>,
    member: Member,
    body: Body<Nothing>,
) -> Result<Json<UploadBody>> {
    let account = member.account;
    server.limits.uploads.check(account)?;
    let taking = Taking {
        field: "attachment",
        at_most: 1,
        account,
    };
    let Received { files, .. } = body.read(&server, Some(taking)).await?;
    let blob = files.first().ok_or(Error::Missing("attachment"))?;
    let links = server.store.links().ok_or(Error::NotFound)?;
    Ok(Json(UploadBody {
        file_url: links.to(account, blob.id, Variant::Whole, &blob.name),
        blob_key: blob.key.clone(),
        blob_id: links.signed_id(account, blob.id),
    }))
}
