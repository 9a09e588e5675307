//! Answers that are longer than one batch.

use axum::body::Body;
use axum::http::Request;
use futures_util::StreamExt;
use quartet::model::MessageKind;
use quartet::store;
use quartet::store::messages::{From, NewMessage};
use quartet::store::visits::NewVisit;
use sqlx::{Connection, PgConnection};
use tower::ServiceExt;
use tracing::level_filters::LevelFilter;

use super::World;
use crate::edge::logs::Captured;

/// So many messages, every fourth of them private, and a page view after every fiftieth.
async fn long_conversation(world: &World, messages: i64) {
    let conversation = world.conversation("Ada").await;
    world.visitor_says(conversation, "first").await;
    let mut conn = PgConnection::connect_with(&world.app.database.options)
        .await
        .unwrap();
    sqlx::query(
        "insert into messages (account_id, conversation_id, inbox_id, contact_inbox_id, kind, contact_id, content,
                               private, created_at, updated_at)
         select m.account_id, m.conversation_id, m.inbox_id, m.contact_inbox_id, m.kind, m.contact_id, s.n::text,
                s.n % 4 = 0, m.created_at + s.n * interval '1 second', m.updated_at
         from messages m, generate_series(1, $1) as s (n) order by s.n",
    )
    .bind(messages)
    .execute(&mut conn)
    .await
    .unwrap();
    conn.close().await.unwrap();
    for n in (0..messages).step_by(50) {
        let visit = NewVisit {
            page_url: format!("https://example.org/{n}"),
            visited_at: Some(world.app.now() + chrono::TimeDelta::milliseconds(n * 1000 + 500)),
            ..NewVisit::default()
        };
        world.visit(conversation, visit).await;
    }
}

#[tokio::test]
async fn a_long_conversation_is_complete_and_in_order() {
    const MESSAGES: i64 = 10_000;
    let world = World::start().await;
    long_conversation(&world, MESSAGES).await;

    let mut expected = vec!["first".to_owned()];
    for n in 0..=MESSAGES {
        if n % 4 != 0 {
            expected.push(n.to_string());
        }
        if n % 50 == 0 && n < MESSAGES {
            expected.push(format!(
                r#"{{"type":"visitorJoin","currentPage":"https://example.org/{n}"}}"#
            ));
        }
    }
    let rows = world.rows("grabConversation", "/V1").await;
    let told: Vec<_> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["message"].as_str().unwrap())
        .collect();
    let differing = told
        .iter()
        .zip(&expected)
        .find(|(told, expected)| told != expected);
    assert_eq!(differing, None);
    assert_eq!(told.len(), expected.len());
}

#[tokio::test]
async fn a_slow_client_holds_neither_the_rows_nor_a_connection() {
    let world = World::start().await;
    long_conversation(&world, 1_000).await;
    // As many clients as the store has connections, each of which has read only a beginning.
    let mut waiting = Vec::new();
    for _ in 0..20 {
        let request = Request::get(world.path("grabConversation", "/V1"))
            .body(Body::empty())
            .unwrap();
        let response = world.app.router().oneshot(request).await.unwrap();
        let mut body = response.into_body().into_data_stream();
        let first = body.next().await.unwrap().unwrap();
        assert!(first.len() < 100_000, "{}", first.len());
        waiting.push(body);
    }
    assert_eq!(world.ask("grabAgents", "").await.status, 200);
}

#[tokio::test]
async fn an_answer_that_cannot_be_finished_breaks_off() {
    let (captured, _guard) = Captured::from(LevelFilter::ERROR);
    let world = World::start().await;
    long_conversation(&world, 1_000).await;
    let request = Request::get(world.path("grabConversation", "/V1"))
        .header("x-request-id", "r1")
        .body(Body::empty())
        .unwrap();
    let response = world.app.router().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    world.app.store().close().await;
    let chunks: Vec<_> = response.into_body().into_data_stream().collect().await;
    assert!(chunks.last().unwrap().is_err());
    let text: Vec<u8> = chunks.into_iter().flatten().flatten().collect();
    assert!(serde_json::from_slice::<serde_json::Value>(&text).is_err());
    let log = captured.text();
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains("\"request.id\":\"r1\""), "{log}");
}

#[tokio::test]
async fn many_conversations_are_listed_across_batches() {
    let world = World::start().await;
    let agent = world.agent("Ann").await.id;
    let mut expected = Vec::new();
    for n in 1..=450 {
        if n % 100 == 0 {
            world.app.advance(chrono::TimeDelta::seconds(1));
        }
        let conversation = world.conversation("").await;
        if n % 7 == 0 {
            world.page(conversation, "https://example.org/seven").await;
            let new = NewMessage::text(MessageKind::Outgoing, From::Agent(agent), "hi");
            store::messages::post(
                world.app.store(),
                world.account,
                conversation,
                new,
                None,
                world.app.now(),
            )
            .await
            .unwrap();
            expected.push(format!("V{conversation}"));
        }
    }
    let filter = world
        .page_filter(quartet::model::MatchType::EndsWith, "/seven")
        .await;

    let days = "/2020-01-01/2020-01-01";
    let all = world.rows("listConversations", days).await;
    let all: Vec<_> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["conversationID"].as_str().unwrap())
        .collect();
    assert_eq!(all, (1..=450).map(|n| format!("V{n}")).collect::<Vec<_>>());
    for (operation, rest, key) in [
        (
            "listConversations",
            format!("{days}?pageFilterId={filter}"),
            "conversationID",
        ),
        (
            "chatStatistics",
            format!("?startTime=2020-01-01&pageFilterId={filter}"),
            "channel",
        ),
        (
            "chatStatistics",
            format!("?startTime=2020-01-01&agentId={agent}"),
            "channel",
        ),
    ] {
        let rows = world.rows(operation, &rest).await;
        let picked: Vec<_> = rows
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row[key].as_str().unwrap())
            .collect();
        assert_eq!(picked, expected, "{operation} {rest}");
    }
    let csv = world
        .ask("chatStatistics", "?startTime=2020-01-01&fileType=csv")
        .await;
    assert_eq!(csv.text().lines().count(), 451);
}
