//! Signing in and out. A client that is signed in shows `access-token`, `client` and `uid` with every request.

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use secrecy::ExposeSecret;

use super::error::{Error, Result};
use super::identity::{Person, Through, refuse, shown};
use super::params::Params;
use super::profile;
use super::route::{delete, get, post};
use super::wire::Payload;
use super::wire::profile::{SignInBody, SignedIn, SignedOut, Validated};
use super::{Route, Server};
use crate::api::edge::ClientAddress;
use crate::model::Email;
use crate::store::user_sessions::{self, Session};

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/auth/sign_in",
            post(create, "Signs a user in").or(StatusCode::UNAUTHORIZED),
        ),
        (
            "/auth/validate_token",
            get(
                validate,
                "Says whether a session is still good, and whose it is",
            ),
        ),
        ("/auth/sign_out", delete(remove, "Signs a user out")),
    ]
}

/// An attempt to sign in, counted by its address.
pub(super) struct Attempt;

/// Who is signed in there; nothing but a session counts.
pub(super) struct SignedInPerson(Person);

impl FromRequestParts<Server> for Attempt {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self> {
        if let Some(address) = ClientAddress::rate_key(parts) {
            server.limits.sign_in_by_address.check(address)?;
        }
        Ok(Self)
    }
}

impl FromRequestParts<Server> for SignedInPerson {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self> {
        let shown = shown(parts).ok_or(Error::UnknownSession)?;
        let through = Through::Session(shown.client.to_owned());
        match user_sessions::find(&server.store, &shown, server.now()).await? {
            Some(user) => Ok(Self(Person { user, through })),
            None => Err(refuse(parts, server, Error::UnknownSession)),
        }
    }
}

pub(super) async fn create(
    State(server): State<Server>,
    _: Attempt,
    Params { value: body, .. }: Params<SignInBody>,
) -> Result<(HeaderMap, Json<SignedIn>)> {
    let email = Email::parse(&body.email.unwrap_or_default()).map_err(|_| Error::SignInRefused)?;
    let email = email.as_str();
    server.limits.sign_in_by_email.check(email.to_owned())?;
    let (store, life, now) = (&server.store, server.session_life, server.now());
    let session = match (body.password, body.sso_auth_token) {
        (Some(password), _) => user_sessions::open(store, email, password, life, now).await?,
        (None, Some(token)) => {
            user_sessions::open_with_link(store, email, &token, life, now).await?
        }
        (None, None) => None,
    };
    let session = session.ok_or(Error::SignInRefused)?;
    let headers = headers(&session, email)?;
    let person = Person {
        user: session.user,
        through: Through::Session(session.client),
    };
    let data = profile::body(&server, &person).await?;
    Ok((headers, Json(SignedIn { data })))
}

pub(super) async fn validate(
    State(server): State<Server>,
    SignedInPerson(person): SignedInPerson,
) -> Result<Json<Payload<Validated>>> {
    let data = profile::body(&server, &person).await?;
    let payload = Validated {
        success: true,
        data,
    };
    Ok(Json(Payload { payload }))
}

pub(super) async fn remove(
    State(server): State<Server>,
    person: Result<SignedInPerson>,
) -> Result<Json<SignedOut>> {
    let SignedInPerson(person) = person.map_err(|error| match error {
        Error::UnknownSession => Error::NotSignedIn,
        other => other,
    })?;
    if let Through::Session(client) = &person.through {
        user_sessions::end(&server.store, person.user, client).await?;
    }
    Ok(Json(SignedOut { success: true }))
}

/// What the client shows from now on.
fn headers(session: &Session, email: &str) -> Result<HeaderMap> {
    let expiry = session.expires_at.timestamp().to_string();
    let fields = [
        ("access-token", session.token.expose_secret()),
        ("token-type", "Bearer"),
        ("client", &session.client),
        ("expiry", &expiry),
        ("uid", email),
    ];
    let mut headers = HeaderMap::new();
    for (name, text) in fields {
        // An address may have letters beyond ASCII.
        let value = HeaderValue::from_bytes(text.as_bytes()).map_err(|_| Error::SignInRefused)?;
        headers.insert(name, value);
    }
    Ok(headers)
}
