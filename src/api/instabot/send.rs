//! `/secure/send`: starts a chat, or answers the bot in one.

use axum::Json;
use axum::extract::State;
use url::Url;

use super::request::Raw;
use super::{Error, Instabot, Result, wire};
use crate::flow::{Answer, NewChat, Words};
use crate::model::{BotId, Email, StreamId};
use crate::store::{self, Noun};

/// The longest callback URL.
const MAX_URL: usize = 2048;

pub(super) async fn send(State(instabot): State<Instabot>, raw: Raw) -> Result<Json<wire::Answer>> {
    let kind: wire::Kind = raw.json()?;
    let answer = match (kind.start, kind.stream_id) {
        (Some(true), _) => start(&instabot, &raw).await?,
        (_, Some(_)) => reply(&instabot, &raw).await?,
        (_, None) => {
            let message = "send `start`: true to start a chat, or `streamId` to go on with one";
            return Err(Error::Invalid(message.to_owned()));
        }
    };
    Ok(Json(answer.into()))
}

async fn start(instabot: &Instabot, raw: &Raw) -> Result<Answer> {
    let start: wire::Start = raw.json()?;
    let account = instabot.authenticate(&start.api_key).await?;
    let new = NewChat {
        bot: BotId(start.bot_id.0),
        email: email(&start.email)?,
        callback_url: start.callback_url.map(callback_url).transpose()?,
        metadata: start.metadata.unwrap_or_default().into(),
    };
    let app = &instabot.app;
    let answer = app.runner.start(account, new, raw.once(), app.clock.now());
    Ok(answer.await?)
}

async fn reply(instabot: &Instabot, raw: &Raw) -> Result<Answer> {
    let reply: wire::Reply = raw.json()?;
    let caller = match &reply.api_key {
        Some(key) => Some(instabot.authenticate(key).await?),
        None => None,
    };
    let unknown = || store::Error::NotFound(Noun::Stream);
    let stream = StreamId(reply.stream_id.number().ok_or_else(unknown)?);
    let words = Words {
        text: reply.message.text,
        payload: reply.message.payload.map(|payload| payload.0),
    };
    let app = &instabot.app;
    let answer = app
        .runner
        .reply(stream, caller, &words, raw.once(), app.clock.now());
    Ok(answer.await?)
}

/// An e-mail address as a client writes it.
pub(super) fn email(text: &str) -> Result<Email> {
    Email::parse(text).map_err(|error| Error::Invalid(format!("email: {error}")))
}

fn callback_url(text: String) -> Result<String> {
    let is_web = Url::parse(&text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if is_web && text.len() <= MAX_URL {
        Ok(text)
    } else {
        let message = "callbackUrl: must be an http or https URL of at most 2048 characters";
        Err(Error::Invalid(message.to_owned()))
    }
}
