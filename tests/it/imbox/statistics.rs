//! Which rows statistics have, and how they are written.

use quartet::model::{MatchType, MessageKind, Rating};
use quartet::store;
use quartet::store::messages::{From, NewMessage};
use quartet::store::visits::NewVisit;
use serde_json::{Value, json};

use super::World;

/// The conversations of an answer, and when they began.
fn channels(rows: &Value) -> Value {
    rows.as_array()
        .unwrap()
        .iter()
        .map(|row| row["channel"].clone())
        .collect()
}

#[tokio::test]
async fn both_ends_of_a_span_count() {
    let world = World::start().await;
    for now in [
        "2020-01-01T09:59:59.999Z",
        "2020-01-01T10:00:00Z",
        "2020-01-01T11:00:00Z",
        "2020-01-01T11:00:00.000999Z",
        "2020-01-01T11:00:00.001Z",
    ] {
        world.set(now);
        world.conversation("").await;
    }
    let rows = |query: &'static str| async { channels(&world.rows("chatStatistics", query).await) };
    let span = "?startTime=2020-01-01T10:00:00.000Z&endTime=2020-01-01T11:00:00.000Z";
    assert_eq!(rows(span).await, json!(["V2", "V3", "V4"]));
    assert_eq!(
        rows("?startTime=2020-01-01T11:00:00.001Z").await,
        json!(["V5"])
    );
    assert_eq!(
        rows("?startTime=2020-01-01T11%3A00%3A00%2B01%3A00&endTime=2020-01-01T10:00:00Z").await,
        json!(["V2"])
    );
}

#[tokio::test]
async fn a_time_zone_moves_the_days_and_prints_its_offset() {
    let world = World::start().await;
    for now in [
        "2020-06-30T21:59:59Z",
        "2020-06-30T22:00:00Z",
        "2020-07-01T21:59:59Z",
        "2020-07-01T22:00:00Z",
    ] {
        world.set(now);
        world.conversation("").await;
    }
    let day = "?startTime=2020-07-01&endTime=2020-07-01";
    let rows = world
        .rows(
            "chatStatistics",
            &format!("{day}&timezone=Europe/Stockholm"),
        )
        .await;
    let started: Value = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["startedAt"].clone())
        .collect();
    assert_eq!(channels(&rows), json!(["V2", "V3"]));
    assert_eq!(
        started,
        json!([
            "2020-07-01T00:00:00.000+02:00",
            "2020-07-01T23:59:59.000+02:00"
        ])
    );

    let rows = world.rows("chatStatistics", day).await;
    assert_eq!(channels(&rows), json!(["V3", "V4"]));
    assert_eq!(rows[0]["startedAt"], "2020-07-01T21:59:59.000Z");
}

#[tokio::test]
async fn rows_are_picked_by_agent_and_channel_in_every_notation() {
    let world = World::start().await;
    let (ann, bob) = (world.agent("Ann").await.id, world.agent("Bob").await.id);
    let both = world.conversation("").await;
    world.agent_says(both, ann, "hi").await;
    world.agent_says(both, bob, "hi").await;
    let of_bob = world.conversation("").await;
    world.agent_says(of_bob, bob, "hi").await;
    let noted = world.conversation("").await;
    let mut note = NewMessage::text(MessageKind::Outgoing, From::Agent(ann), "note");
    note.private = true;
    world.post(noted, note).await;

    for (query, expected) in [
        (format!("agentId={ann}"), json!(["V1"])),
        (format!("agentId={bob}"), json!(["V1", "V2"])),
        (
            format!("agentIds={ann}&agentIds={bob}"),
            json!(["V1", "V2"]),
        ),
        (
            format!("agentIds[]={ann}&agentIds%5B%5D={bob}"),
            json!(["V1", "V2"]),
        ),
        (
            format!("agentId={ann}&agentIds={bob}&channel=V2"),
            json!(["V2"]),
        ),
        ("agentId=999".to_owned(), json!([])),
        ("agentId=99999999999999999999".to_owned(), json!([])),
        ("channel=V3".to_owned(), json!(["V3"])),
        ("channels=V3&channels=V1".to_owned(), json!(["V1", "V3"])),
        ("channels[]=V3&channel=V2".to_owned(), json!(["V2", "V3"])),
        ("channel=V99".to_owned(), json!([])),
        ("channel=V18751500044654323221".to_owned(), json!([])),
    ] {
        let rows = world
            .rows("chatStatistics", &format!("?startTime=2020-01-01&{query}"))
            .await;
        assert_eq!(channels(&rows), expected, "{query}");
    }
}

#[tokio::test]
async fn a_page_filter_picks_by_any_page_and_several_by_any_of_them() {
    let world = World::start().await;
    for pages in [
        &["https://shop.example/", "https://shop.example/50%_off"][..],
        &["https://shop.example/cart?step=1"],
        &["https://blog.example/"],
        &[],
    ] {
        let conversation = world.conversation("").await;
        for page in pages {
            world.page(conversation, page).await;
        }
    }
    let percent = world.page_filter(MatchType::Like, "%_off").await;
    let wild = world.page_filter(MatchType::Like, "shop%").await;
    let whole = world
        .page_filter(MatchType::Equals, "https://blog.example/")
        .await;
    let start = world
        .page_filter(MatchType::StartsWith, "https://shop")
        .await;
    let end = world.page_filter(MatchType::EndsWith, "step=1").await;
    let regex = world
        .page_filter(MatchType::Regex, r"/(cart|basket)\?step=\d$")
        .await;

    for (query, expected) in [
        (format!("pageFilterId={percent}"), json!(["V1"])),
        (format!("pageFilterId={wild}"), json!([])),
        (format!("pageFilterId={whole}"), json!(["V3"])),
        (format!("pageFilterId={start}"), json!(["V1", "V2"])),
        (format!("pageFilterId={end}"), json!(["V2"])),
        (format!("pageFilterId={regex}"), json!(["V2"])),
        (
            format!("pageFilterId={percent}&pageFilterId={whole}&pageFilterId={whole}"),
            json!(["V1", "V3"]),
        ),
        (
            format!("pageFilterId[]={percent}&pageFilterId[]={end}"),
            json!(["V1", "V2"]),
        ),
    ] {
        let rows = world
            .rows("chatStatistics", &format!("?startTime=2020-01-01&{query}"))
            .await;
        assert_eq!(channels(&rows), expected, "{query}");
        let rows = world
            .rows(
                "listConversations",
                &format!("/2020-01-01/2020-01-01?{query}"),
            )
            .await;
        let listed: Value = rows
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["conversationID"].clone())
            .collect();
        assert_eq!(listed, expected, "{query}");
    }
}

#[tokio::test]
async fn only_an_agents_answer_is_timed() {
    let world = World::start().await;
    let agent = world.agent("Ann").await.id;
    let bot = world.bot("Helper").await;

    let by_bot = world.conversation("").await;
    world.visitor_says(by_bot, "hi").await;
    world.app.advance(chrono::TimeDelta::seconds(2));
    world
        .post(
            by_bot,
            NewMessage::text(MessageKind::Outgoing, From::Bot(bot), "beep"),
        )
        .await;
    let rating = Rating {
        rating: 2,
        feedback: Some("no people".to_owned()),
        rated_at: world.app.now(),
    };
    store::ratings::set(
        world.app.store(),
        world.account,
        by_bot,
        rating,
        world.app.now(),
    )
    .await
    .unwrap();

    let agent_first = world.conversation("").await;
    world.agent_says(agent_first, agent, "May I help?").await;
    world.app.advance(chrono::TimeDelta::milliseconds(1500));
    world.visitor_says(agent_first, "yes").await;
    world.app.advance(chrono::TimeDelta::milliseconds(250));
    world.visitor_says(agent_first, "please").await;

    let unheard = world.conversation("").await;
    world.agent_says(unheard, agent, "Hello?").await;

    let rows = world.rows("chatStatistics", "?startTime=2020-01-01").await;
    let told: Value = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            json!([
                row["agentName"],
                row["duration"],
                row["responseTime"],
                row["rating"]
            ])
        })
        .collect();
    assert_eq!(
        told,
        json!([
            ["", null, null, 2],
            ["Ann", 250, 0, null],
            ["Ann", null, null, null]
        ])
    );
}

#[tokio::test]
async fn a_spreadsheet_gets_quoted_cells_and_no_formulas() {
    let world = World::start().await;
    let agent = world.agent("=HYPERLINK(\"x\")").await.id;
    let conversation = world.conversation("").await;
    world.visitor_says(conversation, "hi").await;
    world.app.advance(chrono::TimeDelta::milliseconds(5000));
    world.agent_says(conversation, agent, "hello").await;
    let visit = NewVisit {
        page_url: "https://example.org/?a=1,2".to_owned(),
        city: "Malmö\nSyd".to_owned(),
        country: "@Sweden".to_owned(),
        ..NewVisit::default()
    };
    world.visit(conversation, visit).await;
    let (store, now) = (world.app.store(), world.app.now());
    let labels = vec!["-1".to_owned(), "sales".to_owned()];
    store::labels::add_to_conversation(store, world.account, conversation, labels, now)
        .await
        .unwrap();
    world.conversation("").await;

    let answer = world
        .ask(
            "chatStatistics",
            "?startTime=2020-01-01&fileType=csv&timezone=Europe/Stockholm",
        )
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        Some("text/csv; charset=utf-8")
    );
    assert_eq!(
        answer.text(),
        "channel,agentName,agentEmail,referral,searchEngine,exitPage,browser,os,city,country,labels,tags,duration,rating,responseTime,startedAt\r\n\
         V1,\"'=HYPERLINK(\"\"x\"\")\",\"'=hyperlink(\"\"x\"\")@example.org\",Direct,,\"https://example.org/?a=1,2\",,,\"Malmö\nSyd\",'@Sweden,'-1|sales,,5000,,5000,2020-01-01T01:00:00.000+01:00\r\n\
         V2,,,Direct,,,,,,,,,,,,2020-01-01T01:00:05.000+01:00\r\n"
    );
}

#[tokio::test]
async fn a_spreadsheet_without_rows_has_its_names() {
    let world = World::start().await;
    let answer = world
        .ask("chatStatistics", "?startTime=2020-01-01&fileType=csv")
        .await;
    assert_eq!(
        answer.text(),
        "channel,agentName,agentEmail,referral,searchEngine,exitPage,browser,os,city,country,labels,tags,duration,rating,responseTime,startedAt\r\n"
    );
}
