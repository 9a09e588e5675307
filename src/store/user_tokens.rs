//! A user's own access token, one each. It is shown to its user again and again, so it is kept sealed beside its SHA-256.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Error, Noun, Result, Store};
use crate::model::UserId;

/// How such a token begins, so that it is not looked for among other kinds.
pub const PREFIX: &str = "qu_";

/// What the vault is told of what it seals here.
pub(super) const TOKEN: &str = "user token";

/// The user's token; the first one is made when it is first asked for.
pub async fn get(store: &Store, user: UserId, now: DateTime<Utc>) -> Result<SecretString> {
    let sealed = sqlx::query_scalar!(
        "select token_sealed from users where id = $1 and removed_at is null",
        user.0
    )
    .fetch_optional(&mut *store.read().await?)
    .await?
    .ok_or(Error::NotFound(Noun::User))?;
    match sealed {
        Some(sealed) => open(store, &sealed),
        None => write(store, user, false, now).await,
    }
}

/// Gives the user another token; the one before ends at once.
pub async fn replace(store: &Store, user: UserId, now: DateTime<Utc>) -> Result<SecretString> {
    write(store, user, true, now).await
}

/// Whose token this is.
pub async fn find(store: &Store, text: &str) -> Result<Option<UserId>> {
    let sha256: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    let row = sqlx::query!(
        r#"select id as "id: UserId", token_sha256 as "token_sha256!" from users
           where token_sha256 = $1 and removed_at is null"#,
        &sha256,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    let user = row.filter(|row| bool::from(row.token_sha256.ct_eq(&sha256)));
    Ok(user.map(|row| row.id))
}

/// Two at once: the later one finds the earlier one's token, unless it is to replace it.
async fn write(
    store: &Store,
    user: UserId,
    replaces: bool,
    now: DateTime<Utc>,
) -> Result<SecretString> {
    let bits: [u8; 32] = rand::random();
    let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bits));
    let sha256: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    let sealed = store.vault().seal(text.as_bytes(), TOKEN);
    let sealed = store
        .write(move |conn| {
            Box::pin(async move {
                sqlx::query_scalar!(
                    r#"update users
                       set token_sha256 = case when $4 or token_sealed is null then $2 else token_sha256 end,
                           token_sealed = case when $4 or token_sealed is null then $3 else token_sealed end,
                           updated_at = $5
                       where id = $1 and removed_at is null returning token_sealed as "sealed!""#,
                    user.0,
                    &sha256,
                    sealed,
                    replaces,
                    now,
                )
                .fetch_optional(conn)
                .await?
                .ok_or(Error::NotFound(Noun::User))
            })
        })
        .await?;
    open(store, &sealed)
}

fn open(store: &Store, sealed: &[u8]) -> Result<SecretString> {
    let text = store.vault().open(sealed, TOKEN)?;
    let text = String::from_utf8(text).map_err(|_| crate::vault::Error::Sealed)?;
    Ok(text.into())
}
