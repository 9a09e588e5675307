//! The page that a question for a rating links to, for people who have no other client.

use axum::extract::{Path, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::error::Result;
use super::survey;
use crate::api::chatlake::route::get;
use crate::api::chatlake::{Route, Server};

/// It says nothing of the conversation: it asks for that as any client does.
const PAGE: &str = include_str!("survey.html");

pub(super) fn routes() -> Vec<Route> {
    vec![(
        "/survey/responses/{conversation_uuid}",
        get(show, "A page that asks for a rating"),
    )]
}

/// The page, whose own script and style alone are run.
#[derive(Debug)]
pub(in crate::api::chatlake) struct SurveyPage(());

pub(super) async fn show(
    State(server): State<Server>,
    Path(uuid): Path<String>,
) -> Result<SurveyPage> {
    survey::find(&server, &uuid).await?;
    Ok(SurveyPage(()))
}

impl IntoResponse for SurveyPage {
    fn into_response(self) -> Response {
        let nonce = Uuid::new_v4().simple().to_string();
        let policy = format!(
            "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        let headers = [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CONTENT_SECURITY_POLICY, policy.as_str()),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (REFERRER_POLICY, "no-referrer"),
            (CACHE_CONTROL, "no-store"),
        ];
        (headers, PAGE.replace("NONCE", &nonce)).into_response()
    }
}
