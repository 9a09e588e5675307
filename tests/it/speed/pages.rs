//! How many pages of tables and indexes a call looks at in an account with a million messages. What is counted is what
//! PostgreSQL counts of the server's own connections, so no statement is written twice.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use quartet::store::Store;
use quartet::vault::Vault;
use serde_json::{Value, json};
use sqlx::{PgConnection, Row};

use super::{Call, crowd};
use crate::app::{self, TestApp};
use crate::database::KEY;
use crate::routes::{Listed, Tenant, listed};

/// Pages by table, its indexes and long values included.
type Pages = BTreeMap<String, i64>;

/// What was looked at in this database so far, by sessions that have ended.
async fn looked_at(conn: &mut PgConnection) -> Pages {
    let others = "select count(*) from pg_stat_activity
                  where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'";
    loop {
        let others: i64 = sqlx::query(others)
            .fetch_one(&mut *conn)
            .await
            .unwrap()
            .get(0);
        if others == 0 {
            break;
        }
    }
    let rows = sqlx::query(
        "select relname::text,
                coalesce(heap_blks_hit, 0) + coalesce(heap_blks_read, 0) + coalesce(idx_blks_hit, 0) + coalesce(idx_blks_read, 0)
                + coalesce(toast_blks_hit, 0) + coalesce(toast_blks_read, 0)
                + coalesce(tidx_blks_hit, 0) + coalesce(tidx_blks_read, 0)
         from pg_statio_user_tables",
    );
    let rows = rows.fetch_all(&mut *conn).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// What a call looks at on a connection that is new, and how it is answered.
async fn pages(app: &TestApp, conn: &mut PgConnection, call: &Call) -> (Pages, StatusCode) {
    let before = looked_at(conn).await;
    // One connection is enough for any call, or two at once could wait for each other for ever.
    let store = Store::new(app.database.options.clone(), 1, Vault::new(KEY));
    let answer = app::call(app.router_over(store.clone()), call.request()).await;
    store.close().await;
    let mut pages = looked_at(conn).await;
    for (table, pages) in &mut pages {
        *pages -= before[table];
    }
    pages.retain(|_, pages| *pages > 0);
    (pages, answer.status)
}

/// Every route that reads, filled in for a tenant.
fn routes(tenant: &Tenant) -> Vec<Call> {
    let reads = listed()
        .into_iter()
        .filter(|route| route.method == Method::GET);
    reads.map(|route| of_route(tenant, &route)).collect()
}

fn of_route(tenant: &Tenant, route: &Listed) -> Call {
    let ids = &tenant.ids;
    let path = ids.fill(&route.path, &ids.account.to_string(), &tenant.key);
    let credential = match route.path.split('/').nth(1).unwrap() {
        "api" => ("api_access_token", tenant.token.clone()),
        "platform" => ("api_access_token", tenant.platform.clone()),
        "admin" => ("authorization", format!("Bearer {}", tenant.key)),
        _ => ("authorization", tenant.bot_open.clone()),
    };
    Call {
        name: format!("GET {}", route.path),
        method: Method::GET,
        path,
        credential,
        body: Value::Null,
    }
}

/// Lists as they are asked for in other ways.
const LISTS: &[&str] = &[
    "/conversations?status=all",
    "/conversations?status=resolved",
    "/conversations?status=snoozed",
    "/conversations?page=100",
    "/conversations?assignee_type=me",
    "/conversations?assignee_type=unassigned",
    "/conversations?labels[]=rare",
    "/conversations?labels[]=nobody-has-it",
    "/conversations?source_id=way-1050001",
    "/conversations?conversation_type=mention",
    "/conversations?conversation_type=participating",
    "/conversations?conversation_type=unattended",
    "/conversations?sort_by=last_activity_at_asc",
    "/conversations?sort_by=created_at_asc",
    "/conversations?sort_by=created_at_desc",
    "/conversations?sort_by=priority_desc",
    "/conversations?sort_by=priority_asc",
    "/conversations?sort_by=priority_desc_created_at_asc",
    "/conversations?sort_by=waiting_since_desc",
    "/conversations?sort_by=waiting_since_asc",
    "/conversations?sort_by=unread",
    "/conversations?updated_within=60",
    "/conversations?q=weeks",
    "/conversations?q=nobody-said-it",
    "/conversations/search?q=weeks",
    "/conversations?team_id={team}",
    "/conversations?inbox_id={inbox}",
    "/conversations/1050001/messages",
    "/conversations/{conversation}/messages?before=1500000",
    "/conversations/{conversation}/messages?after=1500000",
    "/contacts?sort=name",
    "/contacts?sort=-created_at",
    "/contacts?sort=-last_activity_at",
    "/contacts?page=100",
    "/contacts?labels[]=rare",
    "/contacts/search?q=contact",
    "/contacts/search?q=contact50001",
    "/contacts/search?q=nobody-has-it",
];

/// Conditions, each alone: of what, which field, how, and the value.
const FILTERS: &[[&str; 4]] = &[
    ["contacts", "email", "equal_to", "contact50000@example.org"],
    ["contacts", "name", "contains", "50001"],
    ["contacts", "labels", "equal_to", "rare"],
    ["conversations", "status", "equal_to", "pending"],
    ["conversations", "labels", "equal_to", "rare"],
];

fn lists(tenant: &Tenant) -> Vec<Call> {
    let ids = &tenant.ids;
    let get = |path: &&str| {
        let path = path
            .replace("{team}", &ids.team.to_string())
            .replace("{inbox}", &ids.inbox.to_string())
            .replace("{conversation}", &ids.conversation.to_string());
        Call::chatlake(tenant, Method::GET, &path, Value::Null)
    };
    let filter = |[of, key, operator, value]: &[&str; 4]| {
        let condition =
            json!({"attribute_key": key, "filter_operator": operator, "values": [value]});
        let path = format!("/{of}/filter");
        let name = format!("POST {path} {key} {operator} {value}");
        Call::chatlake(tenant, Method::POST, &path, json!({"payload": [condition]})).named(&name)
    };
    let user = json!({"apiKey": tenant.key, "email": ids.email()});
    let day = "?startTime=2026-01-01&endTime=2026-01-01";
    let chatlake = LISTS.iter().map(get);
    let filtered = FILTERS.iter().map(filter);
    let others = [
        Call::instabot("user", user),
        Call::imbox(tenant, "chatStatistics", day),
        Call::imbox(tenant, "listConversations", "/2026-01-01/2026-01-01"),
    ];
    let all = chatlake.chain(filtered).chain(others);
    all.chain(bot_open_lists(tenant)).collect()
}

fn bot_open_lists(tenant: &Tenant) -> Vec<Call> {
    let transcripts = |source_id: &str, page: i64| {
        let body = json!({"botUserId": source_id, "channelId": 1010});
        let path = format!("/transcripts?limit=1000&page={page}");
        Call::bot_open(tenant, Method::POST, &path, body)
            .named(&format!("POST /transcripts {source_id}, page {page}"))
    };
    let usage = "/botUsage?monthDate=2026-01-01";
    vec![
        transcripts(&tenant.ids.source_id(), 1),
        transcripts(&tenant.ids.source_id(), 5),
        transcripts("way-1050001", 1),
        Call::bot_open(tenant, Method::POST, "/users", json!({})),
        Call::bot_open(tenant, Method::POST, "/users?page=400&limit=100", json!({})),
        Call::bot_open(tenant, Method::GET, usage, Value::Null),
    ]
}

/// What nearly every call stays within: a page of a list shows 25 conversations or contacts with all that stands beside
/// them.
const MOST: i64 = 800;

/// Calls that may look at less or more than that, by how their names begin. The first that fits counts.
const BOUNDS: &[(&str, i64)] = &[
    // What comes most, with what a new connection reads of each index once. 20 messages of a million lie on 20 pages.
    (
        "GET /api/v1/accounts/{account_id}/conversations/{conversation_id}/messages",
        200,
    ),
    ("GET /conversations/1050001/messages", 200),
    (
        "GET /public/api/v1/inboxes/{inbox_identifier}/contacts/{source_id}/conversations/{conversation_id}/messages",
        200,
    ),
    ("GET /botUsage", 40),
    ("POST /secure/user", 80),
    // Long answers: some pages for each message, conversation or person in them.
    ("GET /message/grabConversation", 15_000),
    (
        "GET /message/chatStatistics?startTime=2026-01-01&endTime=2026-01-01",
        288 * 20,
    ),
    ("POST /transcripts source", 1_000 * 3),
    // Lists that go by number pass over what is before the page, and count, in an index alone.
    ("POST /users", 3_000),
    ("GET /conversations?page=100", 2_000),
    // Orders that no index has, and conditions beside one that has: all that are open, or in the team, are looked at.
    ("GET /conversations?sort_by=priority", 5_000),
    ("GET /conversations?sort_by=waiting", 5_000),
    ("GET /conversations?sort_by=unread", 5_000),
    ("GET /conversations?conversation_type=unattended", 5_000),
    ("GET /conversations?team_id", 2_000),
    ("GET /conversations?updated_within", 8_000),
    ("GET /conversations?labels[]=rare", 12_000),
    ("POST /conversations/filter labels", 12_000),
    ("GET /contacts?labels[]=rare", 5_000),
    ("POST /contacts/filter", 8_000),
    ("GET /conversations?assignee_type=me", 5_000),
    // One for each conversation that the agent follows.
    ("GET /conversations?conversation_type", 30_000),
    // As far back, or as many, as is searched at all.
    ("GET /conversations?q=", 12_000),
    ("GET /conversations/search?q=", 12_000),
    ("GET /contacts/search", 20_000),
    // All that is open, with its labels.
    (
        "GET /api/v1/accounts/{account_id}/conversations/unread_counts",
        20_000,
    ),
    ("GET /api/v2/accounts/{account_id}/live_reports", 5_000),
    // Each of the seventeen thousand things that happened in thirty days, with its conversation and labels.
    ("GET /api/v2/accounts/{account_id}/reports", 180_000),
    ("GET /api/v2/accounts/{account_id}/summary_reports", 180_000),
];

fn bound(call: &Call) -> i64 {
    let name = call.name.strip_prefix(A_MEMBER).unwrap_or(&call.name);
    let bound = BOUNDS.iter().find(|(begin, _)| name.starts_with(begin));
    bound.map_or(MOST, |(_, pages)| *pages)
}

/// Before the name of a call that an agent makes who sees one inbox.
const A_MEMBER: &str = "a member: ";

fn as_member(call: &Call, token: &str) -> Option<Call> {
    let (header, _) = call.credential;
    let listed = call.path.contains("/conversations");
    (header == "api_access_token" && listed).then(|| Call {
        name: format!("{A_MEMBER}{}", call.name),
        credential: (header, token.to_owned()),
        ..call.clone()
    })
}

#[tokio::test]
async fn no_list_and_no_lookup_reads_more_than_it_should() {
    let app = TestApp::start().await;
    let tenant = Tenant::new(&app).await;
    let member = crowd::member(&app, &tenant).await;
    crowd::gather(&app, &tenant).await;
    // What its connections look at would be counted, too.
    app.store().close().await;
    let mut conn = app.database.connect().await;
    let lists = lists(&tenant);
    let as_member = lists.iter().filter_map(|call| as_member(call, &member));
    let calls = routes(&tenant)
        .into_iter()
        .chain(lists.clone())
        .chain(as_member);
    let mut wrong = Vec::new();
    for call in calls {
        let (pages, status) = pages(&app, &mut conn, &call).await;
        let sum: i64 = pages.values().sum();
        let most = bound(&call);
        if sum > most || status.is_server_error() {
            wrong.push(format!("{sum} of {most} {status} {} {pages:?}", call.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_bound_is_of_a_call_that_is_made() {
    let app = TestApp::start().await;
    let tenant = Tenant::new(&app).await;
    let calls: Vec<Call> = routes(&tenant).into_iter().chain(lists(&tenant)).collect();
    for (begin, _) in BOUNDS {
        assert!(
            calls.iter().any(|call| call.name.starts_with(begin)),
            "{begin}"
        );
    }
}
