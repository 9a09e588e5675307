//! What users see and change of themselves.
//!
//! Somebody who shows a token that an account made sees that account alone, and may change what a user is everywhere
//! only as long as the user is nowhere else.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::{ExposeSecret, SecretString};

use super::body::Body;
use super::error::{Error, Result};
use super::identity::{Person, Through};
use super::params::Wrapped;
use super::parse::{self, Faults, MAX_STRING, MAX_TEXT, MAX_URL};
use super::route::{get, post, put};
use super::wire::profile::{PresenceIn, ProfileBody, ProfileIn, Tokens};
use super::{Route, Server, uploads};
use crate::model::{AccountId, Availability, Email, Membership, Password, Scope as KeyScope};
use crate::store::agent_changes::{self, AgentPatch};
use crate::store::avatars::Whose;
use crate::store::keys::{self, NewKey};
use crate::store::users::{self, UserPatch};
use crate::store::{user_passwords, user_tokens};

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/api/v1/profile",
            get(show, "The caller, with their accounts")
                .edit(
                    update,
                    "Changes what the caller is called, or their password",
                )
                .carries("profile[avatar]"),
        ),
        (
            "/api/v1/profile/availability",
            post(
                set_availability,
                "Says how the caller can be reached in an account",
            )
            .or(StatusCode::NOT_FOUND),
        ),
        (
            "/api/v1/profile/auto_offline",
            post(
                set_auto_offline,
                "Says whether the caller is offline when not connected",
            )
            .or(StatusCode::NOT_FOUND),
        ),
        (
            "/api/v1/profile/reset_access_token",
            post(
                reset_access_token,
                "Ends the caller's token and gives another",
            ),
        ),
        (
            "/api/v1/profile/set_active_account",
            put(choose_account, "Says which account the caller turns to").or(StatusCode::NOT_FOUND),
        ),
    ]
}

pub(super) async fn show(
    State(server): State<Server>,
    person: Person,
) -> Result<Json<ProfileBody>> {
    Ok(Json(body(&server, &person).await?))
}

pub(super) async fn update(
    State(server): State<Server>,
    person: Person,
    form: Body<Wrapped<ProfileIn>>,
) -> Result<Json<ProfileBody>> {
    if let Some(account) = person.account()
        && !users::is_of_one_account(&server.store, account, person.user).await?
    {
        return Err(Error::NotPermitted);
    }
    // A picture is a file of the account in use.
    let place = memberships(&server, &person).await?.into_iter().next();
    let taking = place.map(|place| uploads::of_profile(place.account));
    let (Wrapped { value, .. }, files) = Wrapped::read(form, &server, taking).await?;
    let picture = uploads::avatar(&files)?;
    let (patch, passwords) = read(value)?;
    if let Some(passwords) = passwords {
        change_password(&server, &person, passwords).await?;
    }
    users::update(&server.store, person.user, patch, server.now()).await?;
    if let Some(taking) = taking {
        let whose = Whose::Agent(person.user.into());
        uploads::show_avatar(&server, taking.account, whose, picture).await?;
    }
    Ok(Json(body(&server, &person).await?))
}

/// Changes the password, which ends the person's other sessions.
async fn change_password(
    server: &Server,
    person: &Person,
    passwords: (SecretString, Password),
) -> Result<()> {
    let client = match &person.through {
        Through::Session(client) => Some(client.clone()),
        Through::Key { .. } | Through::Token => None,
    };
    let (store, user) = (&server.store, person.user);
    if user_passwords::change(store, user, passwords, client, server.now()).await? {
        Ok(())
    } else {
        Err(Error::Refused("Invalid current password".to_owned()))
    }
}

pub(super) async fn set_availability(
    State(server): State<Server>,
    person: Person,
    Wrapped { value, .. }: Wrapped<PresenceIn>,
) -> Result<Json<ProfileBody>> {
    let text = value.availability.ok_or(Error::Missing("availability"))?;
    let patch = AgentPatch {
        availability: Some(availability(&text)?),
        ..AgentPatch::default()
    };
    change_place(&server, &person, value.account_id, patch).await
}

pub(super) async fn set_auto_offline(
    State(server): State<Server>,
    person: Person,
    Wrapped { value, .. }: Wrapped<PresenceIn>,
) -> Result<Json<ProfileBody>> {
    let patch = AgentPatch {
        auto_offline: Some(value.auto_offline.unwrap_or_default()),
        ..AgentPatch::default()
    };
    change_place(&server, &person, value.account_id, patch).await
}

pub(super) async fn choose_account(
    State(server): State<Server>,
    person: Person,
    Wrapped { value, .. }: Wrapped<PresenceIn>,
) -> Result<StatusCode> {
    let account = account_of(&server, &person, value.account_id).await?;
    users::choose(&server.store, account, person.user, server.now()).await?;
    Ok(StatusCode::OK)
}

/// Ends the token that the user has, or shows, and gives them another.
pub(super) async fn reset_access_token(
    State(server): State<Server>,
    mut person: Person,
) -> Result<Json<ProfileBody>> {
    let (store, now) = (&server.store, server.now());
    match &mut person.through {
        Through::Token | Through::Session(_) => {
            user_tokens::replace(store, person.user, now).await?;
        }
        Through::Key { account, key, text } => {
            let new = NewKey {
                name: "profile".to_owned(),
                scopes: vec![KeyScope::Chatlake],
                agent: Some(person.user.into()),
                bot: None,
                text: None,
            };
            let (id, new_text) = keys::create(store, *account, new, now).await?;
            keys::revoke(store, *account, *key, now).await?;
            (*key, *text) = (id, new_text);
        }
    }
    Ok(Json(body(&server, &person).await?))
}

/// The user as they are now.
pub(super) async fn body(server: &Server, person: &Person) -> Result<ProfileBody> {
    let (store, now) = (&server.store, server.now());
    let user = users::get(store, person.user).await?;
    let memberships = memberships(server, person).await?;
    let access = match &person.through {
        Through::Key { text, .. } => text.clone(),
        Through::Token | Through::Session(_) => user_tokens::get(store, person.user, now).await?,
    };
    let tokens = Tokens {
        access: access.expose_secret().to_owned(),
        pubsub: users::get_pubsub_token(store, person.account(), person.user).await?,
    };
    Ok(ProfileBody::new(user, &memberships, tokens))
}

async fn memberships(server: &Server, person: &Person) -> Result<Vec<Membership>> {
    let (store, user) = (&server.store, person.user);
    match person.account() {
        Some(account) => Ok(vec![users::get_membership(store, account, user).await?]),
        None => Ok(users::list_memberships(store, user).await?),
    }
}

/// The account that is meant, if it is open to the person: the one in use, if none is named.
async fn account_of(server: &Server, person: &Person, named: Option<i64>) -> Result<AccountId> {
    let memberships = memberships(server, person).await?;
    let mut accounts = memberships.iter().map(|membership| membership.account);
    let account = match named {
        Some(id) => accounts.find(|account| account.0 == id),
        None => accounts.next(),
    };
    account.ok_or(Error::NotFound)
}

async fn change_place(
    server: &Server,
    person: &Person,
    account: Option<i64>,
    patch: AgentPatch,
) -> Result<Json<ProfileBody>> {
    let account = account_of(server, person, account).await?;
    let (agent, now) = (person.user.into(), server.now());
    agent_changes::update(&server.store, account, agent, patch, now).await?;
    Ok(Json(body(server, person).await?))
}

/// Whether an agent can be reached, by its name or its number.
pub(super) fn availability(text: &str) -> Result<Availability> {
    parse::one_of(Availability::ALL, Availability::parse, text, "availability")
}

/// A new password; an empty one is none.
pub(super) fn password(text: Option<SecretString>, faults: &mut Faults) -> Option<Password> {
    let text = text.filter(|text| !text.expose_secret().is_empty())?;
    match Password::parse(text) {
        Ok(password) => Some(password),
        Err(invalid) => {
            faults.add("password", format!("Password {invalid}"));
            None
        }
    }
}

/// What to change, and the passwords before and after, where a new one is asked for.
fn read(body: ProfileIn) -> Result<(UserPatch, Option<(SecretString, Password)>)> {
    let mut faults = Faults::default();
    let name = body.name.map(|name| name.trim().to_owned());
    faults.check_present("name", "Name can't be blank", name.as_deref());
    for (attribute, title, text, max) in [
        ("name", "Name", &name, MAX_STRING),
        (
            "display_name",
            "Display name",
            &body.display_name,
            MAX_STRING,
        ),
        ("avatar_url", "Avatar url", &body.avatar_url, MAX_URL),
        (
            "message_signature",
            "Message signature",
            &body.message_signature,
            MAX_TEXT,
        ),
    ] {
        faults.check_length(attribute, title, text.as_deref(), max);
    }
    let email = body.email.map(|text| Email::parse(&text));
    if matches!(email, Some(Err(_))) {
        faults.add("email", "Email is invalid");
    }
    let again = body.password_confirmation.as_ref();
    let given = body.password.as_ref();
    if again.is_some_and(|again| given.is_some_and(|given| differ(again, given))) {
        let sentence = "Password confirmation doesn't match Password";
        faults.add("password_confirmation", sentence);
    }
    let password = password(body.password, &mut faults);
    faults.settle()?;
    let current = body.current_password.unwrap_or_default();
    let patch = UserPatch {
        name,
        email: email
            .and_then(Result::ok)
            .map(|email| email.as_str().to_owned()),
        display_name: body.display_name,
        avatar_url: body.avatar_url,
        message_signature: body.message_signature,
        ui_settings: body.ui_settings,
        ..UserPatch::default()
    };
    Ok((patch, password.map(|password| (current, password))))
}

fn differ(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret() != other.expose_secret()
}
