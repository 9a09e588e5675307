//! How many statements a call takes, `commit` among them and `begin` not.

use std::fmt::Write;

use axum::http::Method;
use serde_json::{Value, json};
use tracing::level_filters::LevelFilter;

use super::{Call, choice_turn};
use crate::app::TestApp;
use crate::edge::logs::Captured;
use crate::routes::Tenant;

/// The beginnings of the statements that one call takes.
async fn statements(app: &TestApp, call: &Call) -> Vec<String> {
    let (captured, guard) = Captured::from(LevelFilter::DEBUG);
    let answer = app.call(call.request()).await;
    assert!(
        answer.status.is_success() || call.name.ends_with("404"),
        "{} {}: {}",
        call.name,
        answer.status,
        answer.text()
    );
    drop(guard);
    let text = captured.text();
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let queries = lines.filter(|line| line["target"] == "sqlx::query");
    queries
        .map(|line| line["fields"]["summary"].as_str().unwrap().to_owned())
        .collect()
}

/// The calls that come most.
async fn hot(app: &TestApp, tenant: &Tenant) -> Vec<Call> {
    let ids = &tenant.ids;
    let messages = format!("/conversations/{}/messages", ids.conversation);
    let said = json!({"content": "Good morning!"});
    let note = json!({"content": "A regular customer", "private": true});
    let transcripts = json!({"botUserId": ids.source_id(), "channelId": 1010});
    let (get, post) = (Method::GET, Method::POST);
    vec![
        Call::chatlake(tenant, post.clone(), &messages, said).named("Chatlake: an agent's message"),
        Call::chatlake(tenant, post.clone(), &messages, note).named("Chatlake: a private note"),
        Call::chatlake(tenant, get.clone(), &messages, Value::Null).named("Chatlake: 20 messages"),
        Call::chatlake(tenant, get.clone(), "/conversations", Value::Null)
            .named("Chatlake: 25 conversations"),
        Call::chatlake(tenant, get.clone(), "/conversations/999999", Value::Null)
            .named("Chatlake: a 404"),
        choice_turn(app, tenant)
            .await
            .named("Instabot: a choice turn"),
        Call::imbox(
            tenant,
            "grabConversation",
            &format!("/V{}", ids.conversation),
        )
        .named("ImBox: grabConversation"),
        Call::imbox(tenant, "chatStatistics", "?startTime=2026-01-01")
            .named("ImBox: chatStatistics"),
        Call::bot_open(tenant, post, "/transcripts", transcripts)
            .named("Bot Open: a page of transcripts"),
        Call::bot_open(tenant, get, "/botUsage", Value::Null).named("Bot Open: botUsage"),
    ]
}

#[tokio::test]
async fn a_call_takes_as_many_statements_as_are_written_down_here() {
    let app = TestApp::start().await;
    let tenant = Tenant::new(&app).await;
    let (mut table, mut taken) = (String::new(), String::new());
    for call in hot(&app, &tenant).await {
        let first = statements(&app, &call).await;
        let again = statements(&app, &call).await;
        let [first_count, again_count] = [first.len(), again.len()];
        writeln!(table, "{:32} {first_count:2} {again_count:3}", call.name).unwrap();
        writeln!(taken, "{}\n  {}", call.name, again.join("\n  ")).unwrap();
    }
    // The first column is of a credential's first call, the second of one that was seen before.
    insta::assert_snapshot!(table, &taken, @r"
    Chatlake: an agent's message     11  11
    Chatlake: a private note         10  10
    Chatlake: 20 messages             5   5
    Chatlake: 25 conversations        3   3
    Chatlake: a 404                   2   2
    Instabot: a choice turn           9   9
    ImBox: grabConversation           5   5
    ImBox: chatStatistics             3   3
    Bot Open: a page of transcripts   3   3
    Bot Open: botUsage                2   2
    ");
}
