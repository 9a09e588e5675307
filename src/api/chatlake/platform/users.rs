//! Users whom a platform app makes.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use secrecy::ExposeSecret;
use url::form_urlencoded;

use super::{App, OwnUser};
use crate::api::chatlake::error::{Error, Result};
use crate::api::chatlake::identity::{Person, Through};
use crate::api::chatlake::params::Params;
use crate::api::chatlake::parse::{Faults, MAX_STRING, MAX_URL};
use crate::api::chatlake::profile;
use crate::api::chatlake::route::{get, post};
use crate::api::chatlake::wire::platform::{SignInLink, UserIn, UserToken};
use crate::api::chatlake::wire::profile::ProfileBody;
use crate::api::chatlake::{Route, Server};
use crate::model::{Email, Password, UserId};
use crate::store::platform_users::{self, NewUser};
use crate::store::users::{self, UserPatch};
use crate::store::{user_sessions, user_tokens};

pub(super) fn routes() -> Vec<Route> {
    vec![
        ("/platform/api/v1/users", post(create, "Makes a user")),
        (
            "/platform/api/v1/users/{user_id}",
            get(show, "A user")
                .edit(update, "Changes a user")
                .delete(remove, "Removes a user"),
        ),
        (
            "/platform/api/v1/users/{user_id}/login",
            get(login, "A link that signs a user in"),
        ),
        (
            "/platform/api/v1/users/{user_id}/token",
            post(token, "A user's token"),
        ),
    ]
}

pub(super) async fn create(
    State(server): State<Server>,
    App(app): App,
    Params { value, .. }: Params<UserIn>,
) -> Result<Json<ProfileBody>> {
    let (patch, password) = read(value)?;
    let Some(email) = patch.email.clone() else {
        return Err(Error::invalid("email", "Email can't be blank"));
    };
    let local = email.split('@').next().unwrap_or_default();
    let new = NewUser {
        name: patch.name.clone().unwrap_or_else(|| local.to_owned()),
        email,
        password,
        patch,
    };
    let user = platform_users::create(&server.store, app, new, server.now()).await?;
    answer(&server, user).await
}

pub(super) async fn show(State(server): State<Server>, own: OwnUser) -> Result<Json<ProfileBody>> {
    answer(&server, own.user).await
}

pub(super) async fn update(
    State(server): State<Server>,
    own: OwnUser,
    Params { value, .. }: Params<UserIn>,
) -> Result<Json<ProfileBody>> {
    let patch = read(value)?;
    platform_users::update(&server.store, own.app, own.user, patch, server.now()).await?;
    answer(&server, own.user).await
}

pub(super) async fn remove(State(server): State<Server>, own: OwnUser) -> Result<StatusCode> {
    platform_users::remove(&server.store, own.app, own.user, server.now()).await?;
    Ok(StatusCode::OK)
}

/// A link that signs the user in, once and soon.
pub(super) async fn login(
    State(server): State<Server>,
    own: OwnUser,
    headers: HeaderMap,
) -> Result<Json<SignInLink>> {
    let user = users::get(&server.store, own.user).await?;
    let token = user_sessions::make_link(&server.store, own.user, server.now()).await?;
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("email", &user.email)
        .append_pair("sso_auth_token", token.expose_secret())
        .finish();
    let url = format!("{}/app/login?{query}", server.origin(&headers));
    Ok(Json(SignInLink { url }))
}

pub(super) async fn token(State(server): State<Server>, own: OwnUser) -> Result<Json<UserToken>> {
    let store = &server.store;
    let user = users::get(store, own.user).await?;
    let access = user_tokens::get(store, own.user, server.now()).await?;
    let pubsub = users::get_pubsub_token(store, None, own.user).await?;
    Ok(Json(UserToken::new(user, access.expose_secret(), pubsub)))
}

async fn answer(server: &Server, user: UserId) -> Result<Json<ProfileBody>> {
    let person = Person {
        user,
        through: Through::Token,
    };
    Ok(Json(profile::body(server, &person).await?))
}

fn read(body: UserIn) -> Result<(UserPatch, Option<Password>)> {
    let mut faults = Faults::default();
    let name = body.name.filter(|name| !name.trim().is_empty());
    for (attribute, title, text, max) in [
        ("name", "Name", &name, MAX_STRING),
        (
            "display_name",
            "Display name",
            &body.display_name,
            MAX_STRING,
        ),
        ("avatar_url", "Avatar url", &body.avatar_url, MAX_URL),
    ] {
        faults.check_length(attribute, title, text.as_deref(), max);
    }
    let email = body.email.filter(|text| !text.trim().is_empty());
    let email = email.map(|text| Email::parse(&text));
    if matches!(email, Some(Err(_))) {
        faults.add("email", "Email is invalid");
    }
    let password = profile::password(body.password, &mut faults);
    faults.settle()?;
    let patch = UserPatch {
        name: name.map(|name| name.trim().to_owned()),
        email: email
            .and_then(Result::ok)
            .map(|email| email.as_str().to_owned()),
        display_name: body.display_name,
        avatar_url: body.avatar_url,
        custom_attributes: body.custom_attributes.unwrap_or_default(),
        ..UserPatch::default()
    };
    Ok((patch, password))
}
