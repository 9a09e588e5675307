//! Two accounts side by side: neither sees a row of the other.

use quartet::model::{Channel, MatchType, Rating, Scope};
use quartet::store;
use serde_json::json;

use super::{World, refusal};

/// Something of every kind, all of it marked.
async fn furnish(world: &World, mark: &str) {
    let (store, account, now) = (world.app.store(), world.account, world.app.now());
    let conversation = world.conversation(mark).await;
    let agent = world.agent(mark).await.id;
    world
        .page(conversation, &format!("https://{mark}.example/"))
        .await;
    world.visitor_says(conversation, mark).await;
    world.agent_says(conversation, agent, mark).await;
    let label = || vec![mark.to_owned()];
    let contact = store::conversations::get(store, account, conversation)
        .await
        .unwrap()
        .contact;
    store::labels::add_to_conversation(store, account, conversation, label(), now)
        .await
        .unwrap();
    store::labels::add_to_contact(store, account, contact, label(), now)
        .await
        .unwrap();
    store::cards::set(
        store,
        account,
        conversation,
        "1".to_owned(),
        mark.to_owned(),
        now,
    )
    .await
    .unwrap();
    let rating = Rating {
        rating: 5,
        feedback: None,
        rated_at: now,
    };
    store::ratings::set(store, account, conversation, rating, now)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_account_sees_its_own_rows_and_no_others() {
    let mut world = World::start().await;
    let first_key = world.key.clone();
    furnish(&world, "first").await;
    furnish(&world, "other").await;
    let first_agent = world.agent("first").await.id;
    let first_filter = world.page_filter(MatchType::Like, "example").await;

    world.account = world.app.account().await;
    world.key = world.app.key(world.account, &[Scope::Imbox]).await;
    world.inbox = world.app.inbox(world.account, Channel::Webchat).await;
    furnish(&world, "second").await;

    for operation in [
        "grabConversation",
        "grabVisitorInfo",
        "grabVisitorTags",
        "grabVisitorLabels",
        "grabVisitorCards",
    ] {
        let told = world.rows(operation, "/V1").await.to_string();
        assert!(
            told.contains("second") && !told.contains("first"),
            "{operation}: {told}"
        );
        let beyond = world.ask(operation, "/V2").await;
        assert_eq!(
            beyond.pair(),
            (404, refusal("Unknown conversationID")),
            "{operation}"
        );
    }
    let agent = world.ask("grabAgent", &format!("/{first_agent}")).await;
    assert_eq!(agent.pair(), (404, refusal("Unknown agentId")));
    for (operation, rest) in [
        ("grabAgents", ""),
        ("listConversations", "/2020-01-01/2020-01-01"),
        ("chatStatistics", "?startTime=2020-01-01"),
    ] {
        let rows = world.rows(operation, rest).await;
        assert_eq!(rows.as_array().unwrap().len(), 1, "{operation}");
        assert!(!rows.to_string().contains("first"), "{operation}: {rows}");
    }
    assert_eq!(world.rows("pageFilters", "").await, json!([]));
    for (operation, rest) in [
        ("listConversations", "/2020-01-01/2020-01-01?".to_owned()),
        ("chatStatistics", "?startTime=2020-01-01&".to_owned()),
    ] {
        let answer = world
            .ask(operation, &format!("{rest}pageFilterId={first_filter}"))
            .await;
        assert_eq!(
            answer.pair(),
            (400, refusal("Unknown pageFilterId")),
            "{operation}"
        );
    }
    let query = format!("?startTime=2020-01-01&agentId={first_agent}");
    assert_eq!(world.rows("chatStatistics", &query).await, json!([]));

    let crossed = [(&first_key, world.account.0), (&world.key, 1)];
    for (key, account) in crossed {
        let answer = world
            .app
            .get(&format!("/message/grabConversation/{key}/{account}/V1"))
            .await;
        assert_eq!(answer.pair(), (401, refusal("Unknown apiKey or userId")));
    }
}

#[tokio::test]
async fn nothing_is_written_into_a_conversation_of_another_account() {
    let world = World::start().await;
    let conversation = world.conversation("").await;
    let other = world.app.account().await;
    let (store, now) = (world.app.store(), world.app.now());
    let visit = store::visits::NewVisit {
        page_url: "https://example.org/".to_owned(),
        ..Default::default()
    };
    assert!(
        store::visits::record(store, other, conversation, visit, now)
            .await
            .is_err()
    );
    let card = store::cards::set(
        store,
        other,
        conversation,
        "1".to_owned(),
        "x".to_owned(),
        now,
    )
    .await;
    assert!(card.is_err());
    let rating = Rating {
        rating: 1,
        feedback: None,
        rated_at: now,
    };
    assert!(
        store::ratings::set(store, other, conversation, rating, now)
            .await
            .is_err()
    );
    let filter = world.page_filter(MatchType::Like, "x").await;
    let deleted =
        store::page_filters::delete(store, other, quartet::model::PageFilterId(filter)).await;
    assert!(deleted.is_err());

    assert_eq!(world.rows("grabConversation", "/V1").await, json!([]));
    assert_eq!(world.rows("grabVisitorCards", "/V1").await, json!([]));
    assert_eq!(
        world
            .rows("pageFilters", "")
            .await
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        store::ratings::find(store, world.account, conversation)
            .await
            .unwrap(),
        None
    );
}
