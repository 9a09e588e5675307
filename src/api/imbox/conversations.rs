//! Conversations: which there are, and what was said in one.

use axum::extract::{Path, State};
use axum::response::Response;

use super::auth::{Caller, Subject};
use super::query::Query;
use super::rows::{self, Batches, Json};
use super::time::Span;
use super::wire::{ConversationRow, Heading, TranscriptRow};
use super::{Imbox, Result};
use crate::model::AccountId;
use crate::store;
use crate::store::statistics::{Filter, Reader};
use crate::store::transcripts::Transcript;

/// `listConversations`: those begun on some days.
pub(super) async fn list(
    State(imbox): State<Imbox>,
    Caller(account): Caller,
    Path((_, _, from, to)): Path<(String, String, String, String)>,
    query: Query,
) -> Result<Response> {
    let span = Span::of_days(&from, &to)?;
    let filter = Filter {
        from: span.from,
        until: span.until,
        agents: None,
        conversations: None,
        page_filters: query.page_filters()?,
    };
    let reader = Reader::open(imbox.app.store.clone(), account, filter).await?;
    rows::stream(List { account, reader }, Json::default()).await
}

/// `grabConversation`: all of it, oldest first.
pub(super) async fn grab(State(imbox): State<Imbox>, subject: Subject) -> Result<Response> {
    let Subject {
        account,
        conversation,
    } = subject;
    let contact = store::contacts::get(&imbox.app.store, account, conversation.contact).await?;
    let heading = Heading {
        account,
        conversation: conversation.id,
        visitor_name: contact.name,
    };
    let transcript = Transcript::new(imbox.app.store.clone(), account, conversation.id);
    rows::stream(
        Grab {
            heading,
            transcript,
        },
        Json::default(),
    )
    .await
}

struct List {
    account: AccountId,
    reader: Reader,
}

impl Batches for List {
    type Row = ConversationRow;

    async fn next(&mut self) -> store::Result<Option<Vec<ConversationRow>>> {
        let Some(batch) = self.reader.next_started().await? else {
            return Ok(None);
        };
        Ok(Some(
            batch
                .into_iter()
                .map(|started| ConversationRow::new(self.account, started))
                .collect(),
        ))
    }
}

struct Grab {
    heading: Heading,
    transcript: Transcript,
}

impl Batches for Grab {
    type Row = TranscriptRow;

    async fn next(&mut self) -> store::Result<Option<Vec<TranscriptRow>>> {
        let Some(batch) = self.transcript.next().await? else {
            return Ok(None);
        };
        Ok(Some(
            batch
                .into_iter()
                .map(|entry| TranscriptRow::new(&self.heading, entry))
                .collect(),
        ))
    }
}
