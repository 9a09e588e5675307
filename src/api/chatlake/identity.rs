//! Who stands behind the credentials of a request, before it enters any account.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use secrecy::SecretString;

use super::Server;
use super::error::{Error, Result};
use crate::api::edge::ClientAddress;
use crate::model::{
    AccountId, AccountStatus, BotId, Caller, KeyId, PlatformAppId, Scope as KeyScope, UserId,
};
use crate::store::user_sessions::Shown;
use crate::store::{keys, platform_apps, shared_bots, user_sessions, user_tokens};

/// The header of the token, as the vendor spells it and as proxies that drop underscores need it.
const TOKEN_HEADERS: [&str; 2] = ["api_access_token", "api-access-token"];

/// Whom credentials speak for.
#[derive(Debug, Clone)]
pub(super) enum Identity {
    /// An agent or a bot, within the account that made the token.
    Key(Caller),
    /// A user, in every account that is open to them.
    User(UserId),
    /// A bot that all accounts share, in each where it serves an inbox.
    SharedBot(BotId),
    /// A platform app.
    Platform(PlatformAppId),
}

/// Somebody who asks about themself.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) user: UserId,
    pub(super) through: Through,
}

/// What a person showed.
#[derive(Debug, Clone)]
pub(super) enum Through {
    /// A token that an account made; it opens no other.
    Key {
        account: AccountId,
        key: KeyId,
        text: SecretString,
    },
    /// Their own token.
    Token,
    /// A session, of this client.
    Session(String),
}

impl Person {
    /// The only account that this person may see now, if there is only one.
    pub(super) fn account(&self) -> Option<AccountId> {
        match self.through {
            Through::Key { account, .. } => Some(account),
            Through::Token | Through::Session(_) => None,
        }
    }
}

impl FromRequestParts<Server> for Person {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self> {
        let text = token(parts);
        match (identify(parts, server).await?, text) {
            (Identity::Key(caller), Some(text)) => {
                if caller.account_status == AccountStatus::Suspended {
                    return Err(Error::Suspended);
                }
                let through = Through::Key {
                    account: caller.account,
                    key: caller.key,
                    text: text.into(),
                };
                let user = caller.agent.ok_or(Error::ClosedToBots)?.id.into();
                Ok(Self { user, through })
            }
            (Identity::User(user), Some(_)) => Ok(Self {
                user,
                through: Through::Token,
            }),
            (Identity::User(user), None) => {
                let shown = shown(parts).ok_or(Error::NoCredentials)?;
                let through = Through::Session(shown.client.to_owned());
                Ok(Self { user, through })
            }
            (Identity::Platform(_) | Identity::SharedBot(_), _) | (Identity::Key(_), None) => {
                Err(Error::ClosedToBots)
            }
        }
    }
}

/// Whom the request's credentials speak for. A `Bearer` beside a token is not looked at.
pub(super) async fn identify(parts: &Parts, server: &Server) -> Result<Identity> {
    let is_there = TOKEN_HEADERS.iter().any(|name| {
        parts
            .headers
            .get(*name)
            .is_some_and(|text| !text.is_empty())
    });
    if !is_there {
        return of_session(parts, server).await;
    }
    let identity = match token(parts) {
        Some(text) => of_token(server, text).await?,
        None => None,
    };
    match identity {
        Some(identity) => {
            count(server, &identity)?;
            Ok(identity)
        }
        None => Err(refuse(parts, server, Error::UnknownToken)),
    }
}

/// Counts a refusal of guessed credentials by their address.
pub(super) fn refuse(parts: &Parts, server: &Server, error: Error) -> Error {
    match ClientAddress::rate_key(parts).map(|address| server.refused.check(&address)) {
        Some(Err(wait)) => wait.into(),
        Some(Ok(())) | None => error,
    }
}

/// What a client that is signed in shows, if all of it is there.
pub(super) fn shown(parts: &Parts) -> Option<Shown<'_>> {
    // An address may have letters beyond ASCII.
    let header = |name| std::str::from_utf8(parts.headers.get(name)?.as_bytes()).ok();
    Some(Shown {
        token: header("access-token")?,
        client: header("client")?,
        uid: header("uid")?,
    })
}

async fn of_session(parts: &Parts, server: &Server) -> Result<Identity> {
    let shown = shown(parts).ok_or(Error::NoCredentials)?;
    match user_sessions::find(&server.store, &shown, server.now()).await? {
        Some(user) => {
            let identity = Identity::User(user);
            count(server, &identity)?;
            Ok(identity)
        }
        None => Err(refuse(parts, server, Error::NoCredentials)),
    }
}

fn token(parts: &Parts) -> Option<&str> {
    let headers = TOKEN_HEADERS
        .iter()
        .find_map(|name| parts.headers.get(*name));
    headers?.to_str().ok().filter(|text| !text.is_empty())
}

/// How a token begins says of which kind it is.
async fn of_token(server: &Server, text: &str) -> Result<Option<Identity>> {
    if text.starts_with(user_tokens::PREFIX) {
        let user = user_tokens::find(&server.store, text).await?;
        return Ok(user.map(Identity::User));
    }
    if text.starts_with(shared_bots::PREFIX) {
        let bot = shared_bots::find_by_token(&server.store, text).await?;
        return Ok(bot.map(Identity::SharedBot));
    }
    if text.starts_with(platform_apps::PREFIX) {
        let app = platform_apps::find(&server.store, text).await?;
        return Ok(app.map(Identity::Platform));
    }
    let caller = keys::find_caller(&server.store, text).await?;
    // The account's own keys open other doors: here somebody is behind every token.
    let caller = caller.filter(|caller| {
        caller.scopes.contains(&KeyScope::Chatlake)
            && (caller.agent.is_some() || caller.bot.is_some())
    });
    Ok(caller.map(Identity::Key))
}

fn count(server: &Server, identity: &Identity) -> Result<()> {
    let whose = match identity {
        Identity::Key(caller) => caller.key.to_string(),
        Identity::User(user) => format!("user/{user}"),
        Identity::SharedBot(bot) => format!("bot/{bot}"),
        Identity::Platform(app) => format!("platform/{app}"),
    };
    Ok(server.by_key.check(&whose)?)
}
