//! How conversations went, as JSON or CSV.

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::auth::Caller;
use super::query::Query;
use super::rows::{self, Batches, Csv, Json};
use super::time::{Span, read_zone};
use super::wire::{StatisticsRow, read_conversation_id, read_id};
use super::{Error, Imbox, Result};
use crate::model::AgentId;
use crate::store;
use crate::store::statistics::{Filter, Reader};

/// `chatStatistics`: a row for each conversation that began in the span.
pub(super) async fn list(
    State(imbox): State<Imbox>,
    Caller(account): Caller,
    query: Query,
) -> Result<Response> {
    let params = Params::read(&query, imbox.app.clock.now())?;
    let reader = Reader::open(imbox.app.store.clone(), account, params.filter).await?;
    let batches = List {
        reader,
        zone: params.zone,
    };
    match params.file_type {
        FileType::Json => rows::stream(batches, Json::default()).await,
        FileType::Csv => rows::stream(batches, Csv).await,
    }
}

enum FileType {
    Json,
    Csv,
}

struct Params {
    filter: Filter,
    zone: Tz,
    file_type: FileType,
}

impl Params {
    fn read(query: &Query, now: DateTime<Utc>) -> Result<Self> {
        let zone = query.one("timezone")?.map_or(Ok(Tz::UTC), read_zone)?;
        let start = query
            .one("startTime")?
            .ok_or_else(|| Error::Invalid("startTime is missing".to_owned()))?;
        let span = Span::of_moments(start, query.one("endTime")?, zone, now)?;
        let agents = query.list(&["agentId", "agentIds"], |text| read_id("agentId", text))?;
        let conversations = query.list(&["channel", "channels"], read_conversation_id)?;
        let file_type = match query.one("fileType")? {
            None | Some("json") => FileType::Json,
            Some("csv") => FileType::Csv,
            Some(_) => return Err(Error::Invalid("fileType must be csv or json".to_owned())),
        };
        let filter = Filter {
            from: span.from,
            until: span.until,
            // An id that nobody can have picks nothing, as one that nobody has.
            agents: agents.map(|ids| ids.into_iter().flatten().map(AgentId).collect()),
            conversations: conversations.map(|ids| ids.into_iter().flatten().collect()),
            page_filters: query.page_filters()?,
        };
        Ok(Self {
            filter,
            zone,
            file_type,
        })
    }
}

struct List {
    reader: Reader,
    zone: Tz,
}

impl Batches for List {
    type Row = StatisticsRow;

    async fn next(&mut self) -> store::Result<Option<Vec<StatisticsRow>>> {
        let Some(batch) = self.reader.next_statistics().await? else {
            return Ok(None);
        };
        Ok(Some(
            batch
                .into_iter()
                .map(|row| StatisticsRow::new(row, self.zone))
                .collect(),
        ))
    }
}
