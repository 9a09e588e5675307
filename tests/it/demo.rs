//! The sample account: complete, the same each time, and answered for by every API.

use axum::http::{Method, StatusCode};
use chrono::TimeDelta;
use quartet::demo::{self, CREDENTIALS};
use quartet::model::{Channel, RichKind};
use quartet::store;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Row};

use crate::app::TestApp;

/// A server with the sample loaded.
async fn sample() -> TestApp {
    let app = TestApp::start().await;
    demo::load(app.store(), app.now()).await.unwrap();
    app
}

/// How many rows each table has. Usage has as many as connections counted it, so what they counted is told.
async fn counts(app: &TestApp) -> Vec<(String, i64)> {
    let mut conn = app.database.connect().await;
    let tables = sqlx::query(
        "select tablename from pg_tables where schemaname = 'public' order by tablename",
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    let mut counts = Vec::new();
    for table in tables {
        let table: String = table.get(0);
        let counted = match table.as_str() {
            "usage_months" => "coalesce(sum(messages), 0)::bigint",
            _ => "count(*)",
        };
        let count = sqlx::query(AssertSqlSafe(format!("select {counted} from {table}")))
            .fetch_one(&mut conn)
            .await
            .unwrap();
        counts.push((table, count.get(0)));
    }
    counts
}

#[tokio::test]
async fn loading_it_again_changes_nothing() {
    let app = sample().await;
    let first = counts(&app).await;
    let of = |table: &str| first.iter().find(|(name, _)| name == table).unwrap().1;
    assert_eq!(of("conversations"), 36);
    assert_eq!(of("contacts"), 12);
    assert_eq!(of("inboxes"), 7);
    assert_eq!(of("agents"), 2);
    assert_eq!(of("page_filters"), 3);
    assert!(of("ratings") >= 15 && of("visits") >= 30 && of("cards") >= 5);
    assert_eq!(of("deliveries"), 0);

    app.advance(TimeDelta::days(3));
    demo::load(app.store(), app.now()).await.unwrap();
    assert_eq!(counts(&app).await, first);
}

#[tokio::test]
async fn a_load_that_was_cut_off_goes_on_where_it_was() {
    let whole = counts(&sample().await).await;
    let app = TestApp::start().await;
    let doomed = app.database.store();
    let mut watcher = app.database.connect().await;
    let cut = async {
        let messages = "select count(*) from messages";
        while sqlx::query(messages)
            .fetch_one(&mut watcher)
            .await
            .unwrap()
            .get::<i64, _>(0)
            < 100
        {}
        doomed.close().await;
    };
    let (loaded, ()) = tokio::join!(demo::load(&doomed, app.now()), cut);
    assert!(matches!(
        loaded,
        Err(demo::Error::Store(store::Error::Unavailable(_)))
    ));
    assert!(
        store::keys::find_caller(app.store(), CREDENTIALS.admin_key)
            .await
            .unwrap()
            .is_none()
    );

    demo::load(app.store(), app.now()).await.unwrap();
    assert_eq!(counts(&app).await, whole);
}

#[tokio::test]
async fn it_leaves_an_account_alone_that_is_somebodys_own() {
    let app = TestApp::start().await;
    app.account().await;
    let before = counts(&app).await;
    let refused = demo::load(app.store(), app.now()).await;
    assert!(matches!(refused, Err(demo::Error::Occupied)));
    assert_eq!(counts(&app).await, before);
}

#[tokio::test]
async fn accounts_and_bots_made_later_get_ids_of_their_own() {
    let app = sample().await;
    let account = app.account().await;
    assert_eq!(account.0, 2);
    let new = store::bots::NewBot {
        id: None,
        name: "Mine".to_owned(),
        description: String::new(),
        avatar_url: String::new(),
    };
    let bot = store::bots::create(app.store(), CREDENTIALS.account, new, None, app.now())
        .await
        .unwrap();
    assert_eq!(bot.id.0, CREDENTIALS.bot.0 + 1);
}

#[tokio::test]
async fn the_bot_greets_and_asks_as_the_vendors_sample_does() {
    let app = sample().await;
    let start = json!({
        "apiKey": "demo-instabot-key", "start": true, "botId": 474_960_032, "email": "you@example.com"
    });
    let mut answer = app.post("/secure/send", &start).await.json();
    answer.as_object_mut().unwrap().remove("streamId");
    assert_eq!(
        answer,
        json!({"messages": [
            {"text": "Hello!"},
            {"text": "Please choose an option", "quick_replies": [
                {"content_type": "text", "title": "Option 1", "payload": 478_137_613},
                {"content_type": "text", "title": "Option 2", "payload": 478_137_614}
            ]}
        ]})
    );
    let user = json!({"apiKey": "demo-instabot-key", "email": "ann.lee@example.org"});
    let user = app.post("/secure/user", &user).await.json();
    assert_eq!(user["friendlyName"], "Ann Lee");
}

#[tokio::test]
async fn every_operation_of_imbox_returns_rows() {
    let app = sample().await;
    let today = app.now().date_naive();
    for path in [
        &format!("listConversations/demo-imbox-key/1/2025-01-01/{today}"),
        "grabConversation/demo-imbox-key/1/V1",
        "grabVisitorInfo/demo-imbox-key/1/V1",
        "grabVisitorTags/demo-imbox-key/1/V1",
        "grabVisitorLabels/demo-imbox-key/1/V1",
        "grabVisitorCards/demo-imbox-key/1/V1",
        "grabAgent/demo-imbox-key/1/1",
        "grabAgents/demo-imbox-key/1",
        "pageFilters/demo-imbox-key/1",
        "chatStatistics/demo-imbox-key/1?startTime=2025-06-01",
    ] {
        let answer = app.get(&format!("/message/{path}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(answer.json()["length"].as_i64().unwrap() > 0, "{path}");
    }
    for filter in 1..=3 {
        let path = format!(
            "/message/listConversations/demo-imbox-key/1/2025-01-01/{today}?pageFilterId={filter}"
        );
        let length = app.get(&path).await.json()["length"].as_i64().unwrap();
        assert!(length > 0 || filter == 2, "page filter {filter}");
    }
}

#[tokio::test]
async fn bot_open_shows_users_of_many_channels_and_every_type_of_transcript() {
    let app = sample().await;
    let login = json!({"appId": "demo-app", "appSecret": "demo-app-secret"});
    let login = app.post("/login", &login).await.json();
    let token = [("authorization", login["authToken"].as_str().unwrap())];
    let usage = app
        .send(
            Method::GET,
            "/botUsage?monthDate=2026-03-01",
            &token,
            &json!({}),
        )
        .await
        .json();
    assert!(
        usage["totalMessages"].as_i64().unwrap() > 0 && usage["totalUsers"].as_i64().unwrap() > 0
    );
    let users = app
        .send(Method::POST, "/users?page=1&limit=50", &token, &json!({}))
        .await
        .json();
    let mut channels: Vec<&str> = users["users"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["channelName"].as_str().unwrap())
        .collect();
    channels.sort_unstable();
    channels.dedup();
    assert!(channels.len() >= 6, "{channels:?}");

    let ann = json!({"botUserId": "+14155550101", "channelId": 1014});
    let said = app
        .send(Method::POST, "/transcripts?limit=100", &token, &ann)
        .await
        .json();
    assert_eq!(said["botUser"]["customFields"]["plan"], "gold");
    for kind in RichKind::ALL {
        let has = |row: &Value| row["type"] == kind.as_str() && row.get(kind.as_str()).is_some();
        assert!(
            said["transcripts"].as_array().unwrap().iter().any(has),
            "{kind}"
        );
    }
    let data = app
        .send(
            Method::GET,
            "/userData/website-visitor-0001",
            &token,
            &json!({}),
        )
        .await
        .json();
    assert_eq!(data["tags"], json!(["newsletter", "vip"]));
}

#[tokio::test]
async fn chatlake_shows_the_conversations_to_both_agents() {
    let app = sample().await;
    for token in ["demo-admin-token", "demo-agent-token"] {
        let headers = [("api_access_token", token)];
        let path = "/api/v1/accounts/1/conversations?status=resolved";
        let listed = app.send(Method::GET, path, &headers, &json!({})).await;
        assert_eq!(listed.status, StatusCode::OK, "{token}");
        assert_eq!(listed.json()["data"]["meta"]["all_count"], 36, "{token}");
    }
}

#[tokio::test]
async fn an_inbox_serves_the_bot_and_another_one_an_integration() {
    let app = sample().await;
    let inboxes = store::inboxes::list(app.store(), CREDENTIALS.account)
        .await
        .unwrap();
    let of = |channel| {
        inboxes
            .iter()
            .find(|inbox| inbox.channel == channel)
            .unwrap()
    };
    assert_eq!(of(Channel::Webchat).bot, Some(CREDENTIALS.bot));
    assert_eq!(of(Channel::General).bot, None);
}
