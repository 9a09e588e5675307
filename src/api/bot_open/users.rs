//! `POST /users` and `GET /userData/{botUserId}`: who came, and what the account keeps of them.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::BotOpen;
use super::auth::Caller;
use super::error::{Error, Json, Path, Query, Result};
use super::wire;
use crate::model::{Channel, UserHexId};
use crate::store;
use crate::store::bot_reports::{User, UserFilter};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Filter {
    channel_ids: Option<Vec<i64>>,
    start_date: Option<String>,
    end_date: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Users {
    users: Vec<UserRow>,
    #[serde(flatten)]
    pages: wire::Pages,
    has_next_page: u8,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct UserRow {
    user_id: String,
    bot_user_id: String,
    user_name: String,
    name: String,
    channel_name: &'static str,
    created_date: String,
    #[serde(rename = "first interacted date")]
    first_interacted_date: String,
    #[serde(rename = "last interacted date")]
    last_interacted_date: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserData {
    custom_fields: Map<String, Value>,
    tags: Vec<String>,
}

pub(super) async fn list(
    State(api): State<BotOpen>,
    caller: Caller,
    Query(paging): Query<wire::PagingQuery>,
    Json(filter): Json<Filter>,
) -> Result<Json<Users>> {
    let paging = paging.parse()?;
    let filter = filter.parse()?;
    let part = store::bot_reports::list_users(
        &api.app.store,
        caller.account,
        caller.bot,
        &filter,
        paging.slice(),
    )
    .await?;
    let pages = paging.of(part.total);
    Ok(Json(Users {
        users: part.rows.into_iter().map(UserRow::from).collect(),
        has_next_page: pages.has_next(),
        pages,
    }))
}

pub(super) async fn get(
    State(api): State<BotOpen>,
    caller: Caller,
    Path(bot_user_id): Path<String>,
) -> Result<Json<UserData>> {
    let profile = store::bot_reports::find_profile(
        &api.app.store,
        caller.account,
        caller.bot,
        None,
        &wire::source_ids(&bot_user_id),
        UserHexId::parse(&bot_user_id),
    )
    .await?
    .ok_or(Error::UnknownUser)?;
    Ok(Json(UserData {
        custom_fields: profile.custom_attributes.0,
        tags: profile.labels,
    }))
}

impl Filter {
    fn parse(self) -> Result<UserFilter> {
        let mut channels: Vec<Channel> = Vec::new();
        for code in self.channel_ids.unwrap_or_default() {
            let channel = wire::parse_channel("channelIds", code)?;
            if channels.contains(&channel) {
                return Err(Error::Invalid(format!("channelIds names {code} twice")));
            }
            channels.push(channel);
        }
        let from = self
            .start_date
            .map(|text| wire::parse_moment("startDate", &text))
            .transpose()?;
        let until = self
            .end_date
            .map(|text| wire::parse_moment("endDate", &text))
            .transpose()?;
        wire::require_order(from, until)?;
        Ok(UserFilter {
            channels,
            from,
            until: until.map(wire::end_of),
        })
    }
}

impl From<User> for UserRow {
    fn from(user: User) -> Self {
        let first = user.first_interacted_at.unwrap_or(user.created_at);
        let last = user.last_interacted_at.unwrap_or(first);
        Self {
            user_id: UserHexId::new(user.id, user.created_at).to_string(),
            bot_user_id: wire::bot_user_id(user.channel, user.source_id),
            user_name: user.name.clone(),
            name: user.name,
            channel_name: wire::channel_name(user.channel),
            created_date: wire::moment(user.created_at),
            first_interacted_date: wire::moment(first),
            last_interacted_date: wire::moment(last),
        }
    }
}
