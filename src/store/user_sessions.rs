//! Clients that are signed in: each has a token, kept as its SHA-256, that is good until a moment.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use subtle::ConstantTimeEq;

use super::{Result, Store, passwords};
use crate::model::UserId;

/// Clients of one user at once; beyond that, the oldest are signed out.
const MAX_CLIENTS: i64 = 25;

/// How long a link that signs in is good.
const LINK_MINUTES: i64 = 5;

/// A client that has just been signed in.
#[derive(Debug)]
pub struct Session {
    /// Who.
    pub user: UserId,
    /// What the client shows from now on; it is here and nowhere else.
    pub token: SecretString,
    /// Which client it is.
    pub client: String,
    /// Until then.
    pub expires_at: DateTime<Utc>,
}

/// What a client shows.
#[derive(Debug, Clone)]
pub struct Shown<'a> {
    /// The token.
    pub token: &'a str,
    /// Which client it is.
    pub client: &'a str,
    /// The user's e-mail address.
    pub uid: &'a str,
}

/// Signs a client in with an e-mail address and its password. An unknown address takes the time of a wrong password.
pub async fn open(
    store: &Store,
    email: &str,
    password: SecretString,
    life: TimeDelta,
    now: DateTime<Utc>,
) -> Result<Option<Session>> {
    let row = sqlx::query!(
        r#"select id as "id: UserId", password_hash from users where email = $1 and removed_at is null"#,
        email,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    let (user, hash) = row.map_or((None, None), |row| (Some(row.id), row.password_hash));
    let is_right = passwords::verify(hash.clone(), password).await?;
    let (Some(user), Some(hash), true) = (user, hash, is_right) else {
        return Ok(None);
    };
    begin(store, user, Proof::Password(hash), life, now).await
}

/// Signs a client in with an e-mail address and the token of a link, which is good once.
pub async fn open_with_link(
    store: &Store,
    email: &str,
    token: &SecretString,
    life: TimeDelta,
    now: DateTime<Utc>,
) -> Result<Option<Session>> {
    let sha256 = digest(token.expose_secret());
    let user = sqlx::query_scalar!(
        r#"select u.id as "id: UserId" from users u join sign_in_links l on l.user_id = u.id
           where u.email = $1 and u.removed_at is null and l.token_sha256 = $2 and l.expires_at > $3"#,
        email,
        &sha256,
        now,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    match user {
        Some(user) => begin(store, user, Proof::Link(sha256), life, now).await,
        None => Ok(None),
    }
}

/// Makes a link's token, which signs the user in once within a few minutes.
pub async fn make_link(store: &Store, user: UserId, now: DateTime<Utc>) -> Result<SecretString> {
    let token = random();
    let sha256 = digest(token.expose_secret());
    let expires_at = now + TimeDelta::minutes(LINK_MINUTES);
    store
        .write(move |conn| {
            Box::pin(async move {
                sqlx::query!(
                    "delete from sign_in_links where user_id = $1 and expires_at <= $2",
                    user.0,
                    now
                )
                .execute(&mut *conn)
                .await?;
                sqlx::query!(
                    "insert into sign_in_links (user_id, token_sha256, expires_at, created_at) values ($1, $2, $3, $4)",
                    user.0,
                    &sha256,
                    expires_at,
                    now,
                )
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await?;
    Ok(token)
}

/// Who is signed in there; `None` if nobody is, or not any more.
pub async fn find(store: &Store, shown: &Shown<'_>, now: DateTime<Utc>) -> Result<Option<UserId>> {
    let row = sqlx::query!(
        r#"select s.user_id as "user: UserId", s.token_sha256, u.email
           from user_sessions s join users u on u.id = s.user_id and u.removed_at is null
           where s.client = $1 and s.expires_at > $2"#,
        shown.client,
        now,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    let sha256 = digest(shown.token);
    let user = row
        .filter(|row| bool::from(row.token_sha256.ct_eq(&sha256)))
        .filter(|row| row.email == shown.uid.trim().to_lowercase())
        .map(|row| row.user);
    Ok(user)
}

/// Signs a client out.
pub async fn end(store: &Store, user: UserId, client: &str) -> Result<()> {
    let client = client.to_owned();
    store
        .write(move |conn| {
            Box::pin(async move {
                sqlx::query!(
                    "delete from user_sessions where user_id = $1 and client = $2",
                    user.0,
                    client
                )
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await
}

/// Signs all but one client of a user out.
pub(super) async fn end_others(
    conn: &mut PgConnection,
    user: UserId,
    client: Option<&str>,
) -> Result<()> {
    sqlx::query!(
        "delete from user_sessions where user_id = $1 and client is distinct from $2",
        user.0,
        client,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Signs every client of a user out, and ends every link.
pub(super) async fn end_all(conn: &mut PgConnection, user: UserId) -> Result<()> {
    sqlx::query!("delete from user_sessions where user_id = $1", user.0)
        .execute(&mut *conn)
        .await?;
    sqlx::query!("delete from sign_in_links where user_id = $1", user.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// What was shown to sign in. It must still hold when the session is written.
enum Proof {
    Password(String),
    Link([u8; 32]),
}

async fn begin(
    store: &Store,
    user: UserId,
    proof: Proof,
    life: TimeDelta,
    now: DateTime<Utc>,
) -> Result<Option<Session>> {
    let (token, client) = (random(), random().expose_secret().to_owned());
    let expires_at = now + life;
    let session = Session {
        user,
        client: client.clone(),
        token: token.clone(),
        expires_at,
    };
    let written = store
        .write(move |conn| {
            Box::pin(async move {
                if !still_holds(conn, user, &proof).await? {
                    return Ok(false);
                }
                make_room(conn, user, now).await?;
                sqlx::query!(
                    "insert into user_sessions (user_id, client, token_sha256, expires_at, created_at)
                     values ($1, $2, $3, $4, $5)",
                    user.0,
                    client,
                    &digest(token.expose_secret()),
                    expires_at,
                    now,
                )
                .execute(conn)
                .await?;
                Ok(true)
            })
        })
        .await?;
    Ok(written.then_some(session))
}

/// Locks the user, so that a password that is changed meanwhile ends this session too, or is seen here.
async fn still_holds(conn: &mut PgConnection, user: UserId, proof: &Proof) -> Result<bool> {
    let hash = sqlx::query_scalar!(
        "select password_hash from users where id = $1 and removed_at is null for update",
        user.0,
    )
    .fetch_optional(&mut *conn)
    .await?;
    match (proof, hash) {
        (_, None) => Ok(false),
        (Proof::Password(shown), Some(hash)) => Ok(hash.as_ref() == Some(shown)),
        (Proof::Link(sha256), Some(_)) => {
            let used = sqlx::query!(
                "delete from sign_in_links where user_id = $1 and token_sha256 = $2",
                user.0,
                sha256,
            )
            .execute(conn)
            .await?;
            Ok(used.rows_affected() == 1)
        }
    }
}

async fn make_room(conn: &mut PgConnection, user: UserId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "delete from user_sessions
         where user_id = $1 and (expires_at <= $2 or id not in (
             select id from user_sessions where user_id = $1 order by id desc limit $3))",
        user.0,
        now,
        MAX_CLIENTS - 1,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// 256 random bits.
fn random() -> SecretString {
    let bits: [u8; 32] = rand::random();
    URL_SAFE_NO_PAD.encode(bits).into()
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
