//! The walk of every route as one account, with the ids of another.

use axum::body::Body;
use axum::http::{Method, Request};
use quartet::model::AccountId;

use super::tenant::mark;
use super::{Ids, Listed, Tenant, body_of, listed};
use crate::app::{Answer, TestApp};

impl Tenant {
    /// Calls a route as this account, with ids and an account number of the caller's choice.
    async fn call(&self, app: &TestApp, route: &Listed, ids: &Ids, account: i64) -> Answer {
        let path = route
            .path
            .replace("{inbox_identifier}", &self.ids.inbox_identifier);
        let path = ids.fill(&path, &account.to_string(), &self.key);
        let bearer = format!("Bearer {}", self.key);
        let authorization = if route.path.starts_with("/admin") {
            &bearer
        } else {
            &self.bot_open
        };
        let mut request = Request::builder()
            .method(route.method.clone())
            .uri(&path)
            .header("authorization", authorization)
            .header("content-type", "application/json");
        if route.path.starts_with("/api") {
            request = request.header("api_access_token", &self.token);
        }
        if route.path.starts_with("/platform") {
            request = request.header("api_access_token", &self.platform);
        }
        let body = body_of(&route.path, &self.key, ids).to_string();
        app.call(request.body(Body::from(body)).unwrap()).await
    }
}

#[tokio::test]
async fn no_route_shows_or_changes_anything_of_another_account() {
    let app = TestApp::start().await;
    let (one, other) = (Tenant::new(&app).await, Tenant::new(&app).await);
    let mut wrong = Vec::new();
    for (own, foreign) in [(&one, &other), (&other, &one)] {
        let before = snapshot(&app, foreign).await;
        for route in listed() {
            for account in [own.ids.account, foreign.ids.account] {
                if account == own.ids.account && ends_its_caller(&route) {
                    continue;
                }
                // One's own rows may have the number too: conversations count per account.
                let answer = own.call(&app, &route, &foreign.ids, account).await;
                if answer
                    .text()
                    .contains(&mark(AccountId(foreign.ids.account)))
                {
                    wrong.push(format!(
                        "{} {} shows {}",
                        route.method,
                        route.path,
                        answer.text()
                    ));
                }
                let names_a_row = route.path.contains("id}") || route.path.contains("Id}");
                let opens = names_a_row && answer.status.is_success();
                if opens
                    && (account != own.ids.account || names_foreign_row(&route.path, own, foreign))
                {
                    wrong.push(format!(
                        "{} {} opens: {}",
                        route.method,
                        route.path,
                        answer.text()
                    ));
                }
            }
        }
        assert_eq!(
            snapshot(&app, foreign).await,
            before,
            "something of the other account changed"
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether a route takes away what its caller showed, or the account.
fn ends_its_caller(route: &Listed) -> bool {
    let removes_account =
        route.method == Method::DELETE && route.path == "/platform/api/v1/accounts/{account_id}";
    removes_account || route.path == "/api/v1/profile/reset_access_token"
}

/// Whether the path, filled with foreign ids, names a row that is not one's own.
fn names_foreign_row(path: &str, own: &Tenant, foreign: &Tenant) -> bool {
    let fill = |ids: &Ids| ids.fill(path, "0", "");
    let conversation_only = Ids {
        conversation: foreign.ids.conversation,
        ..own.ids.clone()
    };
    fill(&foreign.ids) != fill(&conversation_only)
        || (path.contains("{conversation") && foreign.ids.conversation > own.ids.conversation)
}

/// All that the account has, as text.
async fn snapshot(app: &TestApp, tenant: &Tenant) -> Vec<String> {
    use sqlx::Row;
    let mut conn = app.database.connect().await;
    let tables = sqlx::query(
        "select table_name::text from information_schema.columns
         where table_schema = 'public' and column_name = 'account_id' order by 1",
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    let mut rows = Vec::new();
    for table in tables {
        let table: String = table.get(0);
        let sql = format!("select t::text from {table} t where account_id = $1 order by 1");
        let found = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tenant.ids.account);
        let found = found.fetch_all(&mut conn).await.unwrap();
        rows.extend(
            found
                .iter()
                .map(|row| format!("{table} {}", row.get::<String, _>(0))),
        );
    }
    rows
}
