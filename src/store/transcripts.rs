//! All that a visitor did and was told in one conversation, read from its beginning, a batch at a time.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use super::{Result, Store, messages, visits};
use crate::model::{AccountId, ConversationId, Message, MessageId, Visit, VisitId};

/// Something in a transcript.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// A message that is not private.
    Message(Message),
    /// A page view.
    Visit(Visit),
}

/// Reads a transcript. Between two batches it holds no connection, however long its reader takes.
#[derive(Debug)]
pub struct Transcript {
    store: Store,
    account: AccountId,
    conversation: ConversationId,
    messages: Side<Message, MessageId>,
    visits: Side<Visit, (DateTime<Utc>, VisitId)>,
}

/// One of the two lists that a transcript is merged from.
#[derive(Debug)]
struct Side<T, Key> {
    rows: VecDeque<T>,
    last: Option<Key>,
    ended: bool,
}

impl<T, Key> Side<T, Key> {
    fn new() -> Self {
        Self {
            rows: VecDeque::new(),
            last: None,
            ended: false,
        }
    }

    /// Whether its next row must be read before anything is said of the order.
    fn is_out(&self) -> bool {
        self.rows.is_empty() && !self.ended
    }

    fn fill(&mut self, batch: Vec<T>, key: impl Fn(&T) -> Key) {
        self.ended = (batch.len() as i64) < Transcript::BATCH;
        self.last = batch.last().map(key);
        self.rows.extend(batch);
    }
}

impl Transcript {
    /// How many rows are read at once.
    const BATCH: i64 = 500;

    /// The transcript of a conversation, from its beginning. An unknown conversation has an empty one.
    pub fn new(store: Store, account: AccountId, conversation: ConversationId) -> Self {
        Self {
            store,
            account,
            conversation,
            messages: Side::new(),
            visits: Side::new(),
        }
    }

    /// The next entries, oldest first; `None` at the end.
    ///
    /// Messages keep the order in which they were taken in, and page views are sorted in by their time.
    pub async fn next(&mut self) -> Result<Option<Vec<Entry>>> {
        let Self {
            store,
            account,
            conversation,
            messages,
            visits,
        } = self;
        if messages.is_out() {
            let last = messages.last.unwrap_or(MessageId(0));
            let batch =
                messages::list_public(store, *account, *conversation, last, Self::BATCH).await?;
            messages.fill(batch, |message| message.id);
        }
        if visits.is_out() {
            let batch =
                visits::list_after(store, *account, *conversation, visits.last, Self::BATCH)
                    .await?;
            visits.fill(batch, |visit| (visit.visited_at, visit.id));
        }
        let mut entries = Vec::new();
        while !self.messages.is_out() && !self.visits.is_out() {
            match self.pop() {
                Some(entry) => entries.push(entry),
                None => break,
            }
        }
        Ok((!entries.is_empty()).then_some(entries))
    }

    fn pop(&mut self) -> Option<Entry> {
        let visit_first = match (self.messages.rows.front(), self.visits.rows.front()) {
            (Some(message), Some(visit)) => {
                (visit.visited_at, visit.id.0) < (message.created_at, message.id.0)
            }
            (None, Some(_)) => true,
            (_, None) => false,
        };
        if visit_first {
            self.visits.rows.pop_front().map(Entry::Visit)
        } else {
            self.messages.rows.pop_front().map(Entry::Message)
        }
    }
}
