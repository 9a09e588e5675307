//! What the visitor thinks of a conversation: a page that knows the conversation's name asks for it.

use axum::Json;
use axum::extract::{Path, State};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::error::Result;
use crate::api::chatlake::params::Params;
use crate::api::chatlake::route::get;
use crate::api::chatlake::wire::public::{AnswerBody, RatingBody, Submitted, SurveyBody};
use crate::api::chatlake::{Route, Server, error};
use crate::model::{ContentType, Message};
use crate::store;
use crate::store::messages::Submission;
use crate::store::visitors::Survey;

/// How long a rating may be given or changed.
const OPEN_FOR: TimeDelta = TimeDelta::days(14);

pub(super) fn routes() -> Vec<Route> {
    vec![(
        "/public/api/v1/csat_survey/{conversation_uuid}",
        get(show, "The question for a rating").edit(update, "Rates a conversation"),
    )]
}

pub(super) async fn show(
    State(server): State<Server>,
    Path(uuid): Path<String>,
) -> Result<Json<SurveyBody>> {
    let survey = find(&server, &uuid).await?;
    answer(&server, survey).await
}

pub(super) async fn update(
    State(server): State<Server>,
    Path(uuid): Path<String>,
    Params { value: body, once }: Params<AnswerBody>,
) -> Result<Json<SurveyBody>> {
    let survey = find(&server, &uuid).await?;
    let (account, now) = (survey.account, server.now());
    let asked = store::messages::get(&server.store, account, survey.message).await?;
    check_open(&asked, now)?;
    let (given, at) = (read_answer(body)?, (survey.conversation, survey.message));
    store::messages::submit(&server.store, account, at, given, once, now).await?;
    answer(&server, survey).await
}

pub(super) async fn find(server: &Server, uuid: &str) -> Result<Survey> {
    let uuid = Uuid::parse_str(uuid).map_err(|_| error::Error::NotFound)?;
    let survey = store::visitors::find_survey(&server.store, uuid).await?;
    Ok(survey.ok_or(error::Error::NotFound)?)
}

async fn answer(server: &Server, survey: Survey) -> Result<Json<SurveyBody>> {
    let (store, account) = (&server.store, survey.account);
    let message = store::messages::get(store, account, survey.message).await?;
    let inbox = store::inboxes::get(store, account, message.inbox).await?;
    let account = store::accounts::get(store, account).await?;
    Ok(Json(SurveyBody::new(&account, &inbox, &message)))
}

/// A rating is settled after two weeks.
pub(super) fn check_open(asked: &Message, now: DateTime<Utc>) -> Result<()> {
    if asked.content_type == ContentType::InputCsat && now - asked.created_at > OPEN_FOR {
        let text = "You cannot update the CSAT survey after 14 days";
        return Err(error::Error::Refused(text.to_owned()).into());
    }
    Ok(())
}

/// An answer in one of the forms in which clients write it.
pub(super) fn read_answer(body: AnswerBody) -> Result<Submission> {
    let body = body.message.map_or(body.answer, |message| *message);
    if let Some(rating) = body.csat_survey_response {
        return read_rating(rating);
    }
    match (body.submitted_values, body.submitted_email) {
        (
            Some(Submitted::Rating {
                csat_survey_response,
            }),
            _,
        ) => read_rating(csat_survey_response),
        (Some(Submitted::Values(values)), _) => {
            let values = serde_json::to_value(values).unwrap_or_default();
            Ok(Submission::Values(values))
        }
        (None, Some(email)) => match crate::model::Email::parse(&email) {
            Ok(email) => Ok(Submission::Email(email.as_str().to_owned())),
            Err(_) => {
                Err(error::Error::invalid("submitted_email", "Submitted email is invalid").into())
            }
        },
        (None, None) => Err(error::Error::Missing("submitted_values").into()),
    }
}

fn read_rating(body: RatingBody) -> Result<Submission> {
    let rating = body.rating.and_then(|rating| i16::try_from(rating).ok());
    match rating.filter(|rating| (1..=5).contains(rating)) {
        Some(rating) => Ok(Submission::Rating {
            rating,
            feedback: body.feedback_message.filter(|text| !text.is_empty()),
        }),
        None => Err(error::Error::invalid("rating", "Rating is not included in the list").into()),
    }
}
