//! Sealed columns of all accounts: sealing them anew is the operator's, so it takes no account.

use super::{Result, Store, agent_bots, bot_secrets, endpoints, inboxes, shared_bots, user_tokens};

/// How many secrets one transaction seals anew.
const BATCH: i64 = 500;

/// What [`reseal`] found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Secrets that are now sealed with the newest key and were not before.
    pub resealed: u64,
    /// Secrets that none of the keys opens; they are as they were.
    pub unopened: u64,
}

/// A sealed secret, whose it is, and of what: of which there may be several of one bot.
struct Row {
    account_id: i64,
    id: i64,
    sealed: Vec<u8>,
}

/// Seals one column anew, batch by batch, along the primary key.
///
/// A row is written only if it still holds what was read: a secret that is changed meanwhile is sealed with its writer's
/// newest key.
macro_rules! reseal_column {
    ($store:expr, $total:expr, $purpose:expr, $select:literal, $update:literal $(, $arg:expr)* $(,)?) => {{
        let vault = $store.vault();
        let newest = vault.newest_id().to_vec();
        let (mut account_id, mut id) = (0, 0);
        loop {
            let rows = sqlx::query_as!(Row, $select, account_id, id, &newest, BATCH $(, $arg)*)
                .fetch_all(&mut *$store.read().await?)
                .await?;
            let Some(last) = rows.last() else { break };
            (account_id, id) = (last.account_id, last.id);
            let mut batch = Batch::default();
            for row in rows {
                match vault.open(&row.sealed, $purpose) {
                    Ok(secret) => batch.push(row, vault.seal(&secret, $purpose)),
                    Err(_) => $total.unopened += 1,
                }
            }
            $total.resealed += $store
                .write(move |conn| {
                    Box::pin(async move {
                        let done = sqlx::query!(
                            $update,
                            &batch.accounts,
                            &batch.ids,
                            &batch.old,
                            &batch.new
                        )
                        .execute(conn)
                        .await?;
                        Ok(done.rows_affected())
                    })
                })
                .await?;
        }
    }};
}

/// Whole bots at a time: their secrets have names, and no numbers to go along.
async fn reseal_bot_secrets(
    store: &Store,
    kind: &'static str,
    purpose: &'static str,
    total: &mut Resealed,
) -> Result<()> {
    reseal_column!(
        store,
        total,
        purpose,
        "with old as (
             select account_id, bot_id, secret_sealed from bot_secrets
             where (account_id, bot_id) > ($1, $2) and substring(secret_sealed for 4) <> $3::bytea and kind = $5
         ), bots as (
             select distinct account_id, bot_id from old order by account_id, bot_id limit $4
         )
         select account_id, bot_id as id, secret_sealed as sealed from old join bots using (account_id, bot_id)
         order by account_id, bot_id",
        "update bot_secrets t set secret_sealed = n.new
         from unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[]) as n (account_id, id, old, new)
         where t.account_id = n.account_id and t.bot_id = n.id and t.secret_sealed = n.old",
        kind,
    );
    Ok(())
}

/// Bots that all accounts share are of none.
async fn reseal_shared_bots(store: &Store, total: &mut Resealed) -> Result<()> {
    reseal_column!(
        store,
        total,
        shared_bots::TOKEN,
        r#"select 0::bigint as "account_id!", id, token_sealed as sealed from shared_bots
           where (0::bigint, id) > ($1, $2) and substring(token_sealed for 4) <> $3::bytea
           order by id limit $4"#,
        "update shared_bots t set token_sealed = n.new
         from unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[]) as n (account_id, id, old, new)
         where t.id = n.id and t.token_sealed = n.old",
    );
    reseal_column!(
        store,
        total,
        endpoints::SECRET,
        r#"select 0::bigint as "account_id!", id, secret_sealed as sealed from shared_bots
           where (0::bigint, id) > ($1, $2) and substring(secret_sealed for 4) <> $3::bytea
           order by id limit $4"#,
        "update shared_bots t set secret_sealed = n.new
         from unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[]) as n (account_id, id, old, new)
         where t.id = n.id and t.secret_sealed = n.old",
    );
    Ok(())
}

/// Seals every secret with the newest key that is sealed with an older one.
pub async fn reseal(store: &Store) -> Result<Resealed> {
    let mut total = Resealed::default();
    reseal_column!(
        store,
        total,
        endpoints::SECRET,
        "select account_id, id, secret_sealed as sealed from endpoints
         where (account_id, id) > ($1, $2) and substring(secret_sealed for 4) <> $3::bytea
         order by account_id, id limit $4",
        "update endpoints t set secret_sealed = n.new
         from unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[]) as n (account_id, id, old, new)
         where t.account_id = n.account_id and t.id = n.id and t.secret_sealed = n.old",
    );
    reseal_column!(
        store,
        total,
        endpoints::SECRET,
        r#"select account_id, id, previous_secret_sealed as "sealed!" from endpoints
           where (account_id, id) > ($1, $2) and substring(previous_secret_sealed for 4) <> $3::bytea
           order by account_id, id limit $4"#,
        "update endpoints t set previous_secret_sealed = n.new
         from unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[]) as n (account_id, id, old, new)
         where t.account_id = n.account_id and t.id = n.id and t.previous_secret_sealed = n.old",
    );
    reseal_column!(
        store,
        total,
        inboxes::HMAC_TOKEN,
        r#"select account_id, id, hmac_token_sealed as "sealed!" from inboxes
           where (account_id, id) > ($1, $2) and substring(hmac_token_sealed for 4) <> $3::bytea
           order by account_id, id limit $4"#,
        "update inboxes t set hmac_token_sealed = n.new
         from unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[]) as n (account_id, id, old, new)
         where t.account_id = n.account_id and t.id = n.id and t.hmac_token_sealed = n.old",
    );
    reseal_column!(
        store,
        total,
        user_tokens::TOKEN,
        r#"select 0::bigint as "account_id!", id, token_sealed as "sealed!" from users
           where (0::bigint, id) > ($1, $2) and substring(token_sealed for 4) <> $3::bytea
           order by id limit $4"#,
        "update users t set token_sealed = n.new
         from unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[]) as n (account_id, id, old, new)
         where t.id = n.id and t.token_sealed = n.old",
    );
    reseal_column!(
        store,
        total,
        agent_bots::TOKEN,
        r#"select account_id, id, token_sealed as "sealed!" from bots
           where (account_id, id) > ($1, $2) and substring(token_sealed for 4) <> $3::bytea
           order by account_id, id limit $4"#,
        "update bots t set token_sealed = n.new
         from unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[]) as n (account_id, id, old, new)
         where t.account_id = n.account_id and t.id = n.id and t.token_sealed = n.old",
    );
    reseal_shared_bots(store, &mut total).await?;
    for (kind, purpose) in [
        ("dialogflow", bot_secrets::DIALOGFLOW),
        ("plugin", bot_secrets::PLUGIN),
    ] {
        reseal_bot_secrets(store, kind, purpose, &mut total).await?;
    }
    Ok(total)
}

/// Secrets to write, a column each, as `unnest` takes them.
#[derive(Default)]
struct Batch {
    accounts: Vec<i64>,
    ids: Vec<i64>,
    old: Vec<Vec<u8>>,
    new: Vec<Vec<u8>>,
}

impl Batch {
    fn push(&mut self, row: Row, new: Vec<u8>) {
        self.accounts.push(row.account_id);
        self.ids.push(row.id);
        self.old.push(row.sealed);
        self.new.push(new);
    }
}
