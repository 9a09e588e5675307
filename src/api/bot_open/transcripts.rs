//! `POST /transcripts`: what one user and the bot said to each other.

use axum::extract::State;
use chrono::{DateTime, Months, NaiveTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::BotOpen;
use super::auth::Caller;
use super::error::{Error, Json, Query, Result};
use super::wire;
use crate::model::Channel;
use crate::store;
use crate::store::bot_reports::Part;

/// How far back transcripts can be asked for.
const REACH: Months = Months::new(3);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Question {
    bot_user_id: String,
    channel_id: i64,
    start_date: Option<String>,
    end_date: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Transcripts {
    bot_user: BotUser,
    transcripts: Vec<wire::Transcript>,
    pagination_details: wire::Pages,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct BotUser {
    custom_fields: Map<String, Value>,
    tags: Vec<String>,
}

/// Whose words, where and when.
struct Search {
    source_ids: Vec<String>,
    channel: Channel,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
}

pub(super) async fn list(
    State(api): State<BotOpen>,
    Caller { account, bot }: Caller,
    Query(paging): Query<wire::PagingQuery>,
    Json(question): Json<Question>,
) -> Result<Json<Transcripts>> {
    let paging = paging.parse()?;
    let Search {
        source_ids,
        channel,
        from,
        until,
    } = question.parse(api.app.clock.now())?;
    let store = &api.app.store;
    let profile =
        store::bot_reports::find_profile(store, account, bot, Some(channel), &source_ids, None)
            .await?;
    let Some(profile) = profile else {
        return Ok(Json(Transcripts::new(
            BotUser::default(),
            Vec::new(),
            paging.of(0),
        )));
    };
    let Part { rows, total } = store::bot_reports::list_transcripts(
        store,
        account,
        &profile.ways,
        (from, until),
        paging.slice(),
    )
    .await?;
    let transcripts = rows
        .iter()
        .map(|message| wire::Transcript::new(message, profile.is_test))
        .collect();
    let user = BotUser {
        custom_fields: profile.custom_attributes.0,
        tags: profile.labels,
    };
    Ok(Json(Transcripts::new(user, transcripts, paging.of(total))))
}

impl Transcripts {
    fn new(bot_user: BotUser, transcripts: Vec<wire::Transcript>, pages: wire::Pages) -> Self {
        Self {
            bot_user,
            transcripts,
            pagination_details: pages,
        }
    }
}

impl Question {
    fn parse(self, now: DateTime<Utc>) -> Result<Search> {
        if self.bot_user_id.is_empty() {
            return Err(Error::Invalid("botUserId must not be empty".to_owned()));
        }
        let channel = wire::parse_channel("channelId", self.channel_id)?;
        let earliest = now.checked_sub_months(REACH).unwrap_or(now);
        let start = self
            .start_date
            .map(|text| wire::parse_moment("startDate", &text))
            .transpose()?;
        let end = self
            .end_date
            .map(|text| wire::parse_moment("endDate", &text))
            .transpose()?;
        let first_day = earliest
            .with_time(NaiveTime::MIN)
            .single()
            .unwrap_or(earliest);
        for (name, moment) in [("startDate", start), ("endDate", end)] {
            if moment.is_some_and(|moment| moment < first_day) {
                return Err(Error::Invalid(format!(
                    "{name} must not be older than 3 months"
                )));
            }
        }
        let from = start.unwrap_or(earliest);
        wire::require_order(Some(from), Some(end.unwrap_or(now)))?;
        Ok(Search {
            source_ids: wire::source_ids(&self.bot_user_id),
            channel,
            from,
            until: wire::end_of(end.unwrap_or(now)),
        })
    }
}
