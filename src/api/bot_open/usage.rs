//! `GET /botUsage`: how much was said in a month.

use axum::extract::State;
use chrono::Datelike;
use serde::{Deserialize, Serialize};

use super::BotOpen;
use super::auth::Caller;
use super::error::{Error, Json, Query, Result};
use super::wire;
use crate::store;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parameters {
    month_date: Option<String>,
    channel_id: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Usage {
    total_messages: i64,
    total_users: i64,
}

pub(super) async fn get(
    State(api): State<BotOpen>,
    caller: Caller,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Usage>> {
    let day = match &parameters.month_date {
        Some(text) => wire::parse_moment("monthDate", text)?,
        None => api.app.clock.now(),
    }
    .date_naive();
    let month = day.with_day(1).unwrap_or(day);
    let channel = match &parameters.channel_id {
        Some(text) => {
            let code = text
                .parse()
                .map_err(|_| Error::Invalid("channelId must be an integer".to_owned()))?;
            Some(wire::parse_channel("channelId", code)?)
        }
        None => None,
    };
    let usage =
        store::bot_reports::usage(&api.app.store, caller.account, caller.bot, channel, month)
            .await?;
    Ok(Json(Usage {
        total_messages: usage.messages,
        total_users: usage.people,
    }))
}
