//! What is known of a conversation's visitor.

use axum::Json;
use axum::extract::State;

use super::auth::Subject;
use super::wire::{Answer, CardRow, LabelRow, TagRow, VisitorRow};
use super::{Imbox, Result};
use crate::store;
use crate::store::labels::Labelled;

/// `grabVisitorInfo`: from where, with what, and where to.
pub(super) async fn info(
    State(imbox): State<Imbox>,
    subject: Subject,
) -> Result<Json<Answer<VisitorRow>>> {
    let Subject {
        account,
        conversation,
    } = subject;
    let first = store::visits::find_first(&imbox.app.store, account, conversation.id).await?;
    let last = store::visits::find_last(&imbox.app.store, account, conversation.id).await?;
    let row = VisitorRow::new(account, &conversation, first, last);
    Ok(Json(vec![row].into()))
}

/// `grabVisitorTags`: the visitor's name, then the tags put on the visitor.
pub(super) async fn tags(
    State(imbox): State<Imbox>,
    subject: Subject,
) -> Result<Json<Answer<TagRow>>> {
    let Subject {
        account,
        conversation,
    } = subject;
    let contact = store::contacts::get(&imbox.app.store, account, conversation.contact).await?;
    let tags = store::labels::list_of_contact(&imbox.app.store, account, contact.id).await?;
    let name = Labelled {
        title: contact.name,
        created_at: contact.created_at,
    };
    let rows: Vec<_> = Some(name)
        .filter(|name| !name.title.is_empty())
        .map(|name| (name, TagRow::NAME))
        .into_iter()
        .chain(tags.into_iter().map(|tag| (tag, TagRow::REGULAR)))
        .map(|(tag, kind)| TagRow::new(account, conversation.id, tag, kind))
        .collect();
    Ok(Json(rows.into()))
}

/// `grabVisitorLabels`: the conversation's labels.
pub(super) async fn labels(
    State(imbox): State<Imbox>,
    subject: Subject,
) -> Result<Json<Answer<LabelRow>>> {
    let Subject {
        account,
        conversation,
    } = subject;
    let labels =
        store::labels::list_of_conversation(&imbox.app.store, account, conversation.id).await?;
    let rows: Vec<_> = labels
        .into_iter()
        .map(|label| LabelRow::new(conversation.id, label))
        .collect();
    Ok(Json(rows.into()))
}

/// `grabVisitorCards`: what the visitor's pages showed the agents.
pub(super) async fn cards(
    State(imbox): State<Imbox>,
    subject: Subject,
) -> Result<Json<Answer<CardRow>>> {
    let Subject {
        account,
        conversation,
    } = subject;
    let cards = store::cards::list(&imbox.app.store, account, conversation.id).await?;
    let rows: Vec<_> = cards
        .into_iter()
        .map(|card| CardRow::new(account, conversation.id, card))
        .collect();
    Ok(Json(rows.into()))
}
