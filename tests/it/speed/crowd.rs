//! An account with a year behind it: a hundred thousand conversations, a million messages.

use quartet::model::{AccountId, AgentId, InboxId, Role};
use quartet::store::members;

use crate::app::TestApp;
use crate::database::execute;
use crate::routes::Tenant;

/// Fills a tenant's account, and lets PostgreSQL look at what is there.
pub(super) async fn gather(app: &TestApp, tenant: &Tenant) {
    let ids = &tenant.ids;
    let now = format!("timestamptz '{}'", app.now().to_rfc3339());
    let values = [
        (":account", ids.account.to_string()),
        (":inbox", ids.inbox.to_string()),
        (":agent", ids.agent.to_string()),
        (":team", ids.team.to_string()),
        (":conversation", ids.conversation.to_string()),
        (":contact", ids.contact.to_string()),
        (":endpoint", ids.endpoint.to_string()),
        (":now", now),
    ];
    let sql = values.iter().fold(
        include_str!("crowd.sql").to_owned(),
        |sql, (name, value)| sql.replace(name, value),
    );
    let mut conn = app.database.connect().await;
    execute(&mut conn, sql).await;
    // Nobody but the calls may read, so nothing is tidied up meanwhile.
    let still = "do $$ declare name text; begin
        for name in select relid::regclass::text from pg_stat_user_tables loop
            execute format('alter table %s set (autovacuum_enabled = false)', name);
        end loop; end $$";
    execute(&mut conn, still.to_owned()).await;
    // Twice, as a page that is just being written to the disk is passed over.
    for sql in ["vacuum (analyze)", "vacuum"] {
        execute(&mut conn, sql.to_owned()).await;
    }
}

/// The token of an agent who sees the inbox, and no more than that.
pub(super) async fn member(app: &TestApp, tenant: &Tenant) -> String {
    let account = AccountId(tenant.ids.account);
    let agent = app.agent(account, "A member", Role::Agent).await.id;
    let (inbox, agents): (InboxId, Vec<AgentId>) = (InboxId(tenant.ids.inbox), vec![agent]);
    members::set_of_inbox(app.store(), account, inbox, agents, app.now())
        .await
        .unwrap();
    app.token(account, agent).await
}
