//! Conversations in which nothing happens any more are resolved, where their account says so.

use axum::body::Body;
use axum::http::{Method, Request};
use chrono::TimeDelta;
use quartet::flow::Runner;
use quartet::model::AccountStatus;
use quartet::store::accounts;
use serde_json::{Value, json};
use sqlx::{Connection, Row};

use super::{Office, contents};
use crate::app::TestApp;
use crate::cross_api::{Scene, ask_for_an_agent};
use crate::database::execute;
use crate::receiver::{Received, Receiver};

async fn set(office: &Office<'_>, settings: &Value) {
    let answer = office.admin.patch("", settings).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// Resolves what is to be resolved now; how many conversations.
async fn resolve(app: &TestApp) -> usize {
    app.state.runner.resolve_idle(app.now()).await.unwrap()
}

async fn say(office: &Office<'_>, conversation: i64, kind: &str) {
    let path = format!("/conversations/{conversation}/messages");
    let message = json!({"content": format!("{kind}!"), "message_type": kind});
    let answer = office.admin.post(&path, &message).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

async fn said(office: &Office<'_>, conversation: i64) -> Value {
    let path = format!("/conversations/{conversation}/messages");
    office.admin.get(&path).await.json()
}

/// Where conversations stand, in their order.
async fn statuses(app: &TestApp, office: &Office<'_>) -> Vec<String> {
    let mut conn = app.database.connect().await;
    let rows = sqlx::query("select status from conversations where account_id = $1 order by id")
        .bind(office.account.0)
        .fetch_all(&mut conn)
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Many more conversations like the first.
async fn multiply(app: &TestApp, office: &Office<'_>, times: i64) {
    let sql = format!(
        "insert into conversations (account_id, id, uuid, inbox_id, contact_id, contact_inbox_id, status, last_activity_at,
                                    created_at, updated_at)
         select account_id, 1000 + n, gen_random_uuid(), inbox_id, contact_id, contact_inbox_id, 'open',
                last_activity_at + n * interval '1 second', created_at, updated_at
         from conversations, generate_series(1, {times}) n where account_id = {} and id = 1",
        office.account
    );
    execute(&mut app.database.connect().await, sql).await;
}

#[tokio::test]
async fn a_silent_conversation_is_resolved_once() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let settings = json!({
        "auto_resolve_after": 120, "auto_resolve_message": "Bye, {{ contact.name }}!", "auto_resolve_label": " Silent "
    });
    set(&office, &settings).await;
    let survey = json!({"csat_survey_enabled": true});
    office
        .admin
        .patch(&format!("/inboxes/{}", office.inbox), &survey)
        .await;
    office.conversation("p-1").await;
    office
        .admin
        .post("/conversations/1/labels", &json!({"labels": ["vip"]}))
        .await;
    say(&office, 1, "incoming").await;
    let receiver = Receiver::start().await;
    office
        .admin
        .post("/webhooks", &json!({"url": receiver.url}))
        .await;

    app.advance(TimeDelta::minutes(120));
    assert_eq!(resolve(&app).await, 0, "not yet");
    app.advance(TimeDelta::seconds(1));
    let second = Runner::new(app.database.store(), "SE");
    let both = tokio::join!(resolve(&app), second.resolve_idle(app.now()));
    assert_eq!(both.0 + both.1.unwrap(), 1);
    assert_eq!(resolve(&app).await, 0);

    let list = said(&office, 1).await;
    assert_eq!(
        contents(&list),
        [
            "John Doe 1 added vip",
            "incoming!",
            "Bye, Pranav!",
            "System added silent",
            "Conversation was marked resolved by system due to 2 hours of inactivity",
            "Please rate this conversation",
        ]
    );
    assert_eq!(
        list["payload"][2],
        json!({
            "content": "Bye, Pranav!", "content_attributes": {}, "content_type": "text", "conversation_id": 1,
            "created_at": 1_773_151_201, "id": 3, "inbox_id": office.inbox.0, "message_type": 3, "private": false,
            "source_id": null, "status": "sent"
        })
    );
    let shown = office.admin.get("/conversations/1").await.json();
    assert_eq!(
        (&shown["status"], &shown["labels"]),
        (&json!("resolved"), &json!(["vip", "silent"]))
    );
    told(&app, &receiver).await;
    assert_eq!(resolutions(&office).await, 1);
    let mut conn = app.database.connect().await;
    let resolved = sqlx::query("select count(*) from events where kind = 'conversation.resolved'");
    let resolved: i64 = resolved.fetch_one(&mut conn).await.unwrap().get(0);
    assert_eq!(resolved, 1, "which bots hear");
}

/// What a webhook hears, in its order.
async fn told(app: &TestApp, receiver: &Receiver) {
    app.drain_webhooks().await;
    let heard: Vec<Value> = receiver.take().iter().map(Received::json).collect();
    let heard: Vec<Value> = heard
        .iter()
        .map(|told| match told["event"].as_str().unwrap() {
            "message_created" => json!([told["message_type"], told["conversation"]["status"]]),
            event => json!([event, told["status"], told["changed_attributes"]]),
        })
        .collect();
    let status = json!([{"status": {"previous_value": "open", "current_value": "resolved"}}]);
    let labels =
        json!([{"label_list": {"previous_value": ["vip"], "current_value": ["vip", "silent"]}}]);
    assert_eq!(
        json!(heard),
        json!([
            ["template", "open"],
            ["conversation_updated", "open", labels],
            ["conversation_updated", "resolved", status],
            ["conversation_status_changed", "resolved", status],
            ["template", "resolved"],
        ])
    );
}

/// How many conversations the account's report counts as resolved.
async fn resolutions(office: &Office<'_>) -> i64 {
    let day = 1_773_100_800;
    let path = format!(
        "/api/v2/accounts/{}/reports?metric=resolutions_count&type=account&since={day}&until={}",
        office.account,
        day + 86_399
    );
    let request = Request::get(path).header("api_access_token", &office.admin.token);
    let answer = office.app.call(request.body(Body::empty()).unwrap()).await;
    answer.json()[0]["value"].as_i64().unwrap()
}

#[tokio::test]
async fn only_open_conversations_are_resolved_of_accounts_that_want_it() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    for (number, status) in ["open", "pending", "snoozed", "resolved", "open"]
        .iter()
        .enumerate()
    {
        let conversation = office.conversation(&format!("p-{number}")).await;
        let path = format!("/conversations/{conversation}/toggle_status");
        office.admin.post(&path, &json!({"status": status})).await;
    }
    app.advance(TimeDelta::days(40));
    assert_eq!(resolve(&app).await, 0, "nobody asked for it");
    set(&office, &json!({"auto_resolve_after": 1440, "auto_resolve_message": "  ", "auto_resolve_label": ""})).await;
    say(&office, 5, "outgoing").await;
    let suspended = AccountStatus::Suspended;
    for (status, resolved) in [(suspended, 0), (AccountStatus::Active, 1)] {
        accounts::set_status(app.store(), office.account, status, app.now())
            .await
            .unwrap();
        assert_eq!(resolve(&app).await, resolved);
    }
    assert_eq!(
        statuses(&app, &office).await,
        ["resolved", "pending", "snoozed", "resolved", "open"]
    );
    let list = said(&office, 1).await;
    let note = "Conversation was marked resolved by system due to 1 days of inactivity";
    assert_eq!(contents(&list), [note]);
    assert_eq!(list["payload"][0]["message_type"], 2);
    // What its contact says opens it again, for another day.
    say(&office, 1, "incoming").await;
    set(&office, &json!({"auto_resolve_after": null})).await;
    app.advance(TimeDelta::days(2));
    assert_eq!(resolve(&app).await, 0);
    assert_eq!(statuses(&app, &office).await[0], "open");
}

#[tokio::test]
async fn those_who_wait_for_an_answer_are_left_alone_if_the_account_says_so() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    for (source_id, kind) in [("p-1", "incoming"), ("p-2", "outgoing")] {
        let conversation = office.conversation(source_id).await;
        say(&office, conversation, kind).await;
    }
    set(
        &office,
        &json!({"auto_resolve_after": 90, "auto_resolve_ignore_waiting": true}),
    )
    .await;
    app.advance(TimeDelta::minutes(91));
    assert_eq!(resolve(&app).await, 1);
    assert_eq!(statuses(&app, &office).await, ["open", "resolved"]);
    let note = "Conversation was marked resolved by system due to 90 minutes of inactivity";
    assert_eq!(contents(&said(&office, 2).await)[1..], [note]);
    set(&office, &json!({"auto_resolve_ignore_waiting": false})).await;
    assert_eq!(resolve(&app).await, 1);
    assert_eq!(statuses(&app, &office).await, ["resolved", "resolved"]);
}

#[tokio::test]
async fn a_round_resolves_a_hundred_of_an_account_and_goes_on_with_the_next() {
    let app = TestApp::start().await;
    let (many, few) = (Office::open(&app).await, Office::open(&app).await);
    for office in [&many, &few] {
        office.conversation("p-1").await;
        set(office, &json!({"auto_resolve_after": 60})).await;
    }
    multiply(&app, &many, 100).await;
    app.advance(TimeDelta::days(1));
    assert_eq!(resolve(&app).await, 101);
    let left = statuses(&app, &many).await;
    assert_eq!(left.iter().filter(|status| *status == "open").count(), 1);
    assert_eq!(statuses(&app, &few).await, ["resolved"]);
    assert_eq!((resolve(&app).await, resolve(&app).await), (1, 0));
}

#[tokio::test]
async fn a_conversation_that_somebody_is_busy_with_is_passed_over() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    for source_id in ["p-1", "p-2"] {
        office.conversation(source_id).await;
    }
    set(&office, &json!({"auto_resolve_after": 60})).await;
    app.advance(TimeDelta::days(1));
    let mut conn = app.database.connect().await;
    let mut held = conn.begin().await.unwrap();
    sqlx::query("select 1 from conversations where account_id = $1 and id = 1 for update")
        .bind(office.account.0)
        .execute(&mut *held)
        .await
        .unwrap();
    assert_eq!(resolve(&app).await, 1);
    held.rollback().await.unwrap();
    assert_eq!(statuses(&app, &office).await, ["open", "resolved"]);
    assert_eq!(resolve(&app).await, 1);
}

#[tokio::test]
async fn a_visitor_whose_chat_went_silent_is_told_that_it_is_over() {
    let scene = Scene::new().await;
    let settings =
        json!({"auto_resolve_after": 15, "auto_resolve_message": "We heard nothing of you"});
    scene.chatlake(Method::PATCH, "", &settings).await;
    let stream = ask_for_an_agent(&scene).await;
    scene.told().await;
    scene.app.advance(TimeDelta::minutes(16));
    assert_eq!(resolve(&scene.app).await, 1);
    let texts = [
        "We heard nothing of you",
        "Agent has ended this live session",
        "Thank you for talking to us. Goodbye!",
    ];
    let expected = texts.map(|text| json!({"streamId": stream, "text": text}));
    assert_eq!(scene.told().await, expected);
    let list = scene
        .chatlake(Method::GET, "/conversations/1/messages", &json!({}))
        .await;
    assert_eq!(
        contents(&list)[4..],
        [
            "We heard nothing of you",
            "Conversation was marked resolved by system due to 15 minutes of inactivity",
            "Thank you for talking to us. Goodbye!",
        ]
    );
    let reply = json!({"streamId": stream, "message": {"text": "Anybody?"}});
    assert_eq!(
        scene.app.post("/secure/send", &reply).await.status,
        409,
        "the flow is over"
    );
}

#[tokio::test]
async fn a_label_that_is_too_long_is_refused() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let settings = json!({"auto_resolve_after": 60, "auto_resolve_label": "x".repeat(256)});
    let refused = json!({
        "message": "Auto resolve label is too long (maximum is 255 characters)", "attributes": ["auto_resolve_label"]
    });
    assert_eq!(
        office.admin.patch("", &settings).await.pair(),
        (422, refused)
    );
}

#[tokio::test]
async fn silent_conversations_are_found_by_an_index() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    multiply(&app, &office, 5000).await;
    let source = include_str!("../../../src/store/auto_resolve.rs");
    let (_, statement) = source
        .split_once("r#\"select id as \"id: ConversationId\"")
        .unwrap();
    let (statement, _) = statement.split_once("\"#").unwrap();
    let mut conn = app.database.connect().await;
    let plan =
        "update conversations set status = 'resolved' where id % 10 <> 0; analyze conversations; set plan_cache_mode = force_generic_plan; set enable_seqscan = off;
                prepare idle (bigint, timestamptz, boolean, bigint) as select id";
    execute(&mut conn, format!("{plan}{statement}")).await;
    let explain = "explain (format json) execute idle (1, '2026-03-10', true, 100)";
    let plan: Value = sqlx::raw_sql(explain)
        .fetch_one(&mut conn)
        .await
        .unwrap()
        .get(0);
    let read = &plan[0]["Plan"]["Plans"][0];
    assert_eq!(
        (
            &plan[0]["Plan"]["Node Type"],
            &read["Node Type"],
            &read["Index Name"]
        ),
        (
            &json!("Limit"),
            &json!("Index Scan"),
            &json!("conversations_status_activity_idx")
        ),
        "{plan}"
    );
}
