//! Platform apps, the operator's: programs that make accounts, users and bots through Chatlake's platform API.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::auth::Operator;
use super::error::Result;
use super::wire::{self, Json, List, Path};
use crate::api::AppState;
use crate::model::PlatformAppId;
use crate::store::platform_apps::{self, PlatformApp};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPlatformApp {
    #[serde(deserialize_with = "wire::name")]
    name: String,
}

#[derive(Debug, Serialize)]
pub(super) struct NewPlatformAppOut {
    id: i64,
    token: String,
}

#[derive(Debug, Serialize)]
pub(super) struct PlatformAppOut {
    id: i64,
    name: String,
    prefix: String,
    revoked_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl From<PlatformApp> for PlatformAppOut {
    fn from(app: PlatformApp) -> Self {
        Self {
            id: app.id.0,
            name: app.name,
            prefix: app.prefix,
            revoked_at: app.revoked_at,
            created_at: app.created_at,
        }
    }
}

pub(super) async fn create(
    State(app): State<AppState>,
    _: Operator,
    Json(new): Json<NewPlatformApp>,
) -> Result<(StatusCode, axum::Json<NewPlatformAppOut>)> {
    let (id, token) = platform_apps::create(&app.store, new.name, app.clock.now()).await?;
    let out = NewPlatformAppOut {
        id: id.0,
        token: token.expose_secret().to_owned(),
    };
    Ok((StatusCode::CREATED, axum::Json(out)))
}

pub(super) async fn list(
    State(app): State<AppState>,
    _: Operator,
) -> Result<axum::Json<List<PlatformAppOut>>> {
    let apps = platform_apps::list(&app.store).await?;
    Ok(axum::Json(apps.into()))
}

pub(super) async fn revoke(
    State(app): State<AppState>,
    _: Operator,
    Path(id): Path<i64>,
) -> Result<StatusCode> {
    platform_apps::revoke(&app.store, PlatformAppId(id), app.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
