//! Plans are made once and kept, and hold as long as tables are about as large as they were then.

use super::{Result, Store};

/// Has PostgreSQL look anew at the tables that have grown to several times the size that it knows them by, after which it
/// plans statements about them again; which they are. It does so by itself too, but a minute later, and a minute is long
/// when all at once much waits.
pub async fn keep_up(store: &Store) -> Result<Vec<String>> {
    let grown = sqlx::query_scalar!(r#"select analyze_grown_tables() as "name!""#)
        .fetch_all(&mut *store.read().await?)
        .await?;
    Ok(grown)
}
