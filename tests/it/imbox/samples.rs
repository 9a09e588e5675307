//! Each operation against the vendor's documented sample: whole bodies, so names, order and types of the keys too.

use quartet::model::{FileType, MatchType, MessageKind, NewAttachment, PagePattern, Rating, Role};
use quartet::store;
use quartet::store::agents::NewAgent;
use quartet::store::messages::{From, NewMessage};
use quartet::store::page_filters::NewPageFilter;
use quartet::store::visits::NewVisit;
use serde_json::json;

use super::{World, at};

/// The body without the white space of these tests.
fn body(rows: &[&str]) -> String {
    format!(
        r#"{{"result":"success","json":[{}],"length":{}}}"#,
        rows.join(","),
        rows.len()
    )
}

#[tokio::test]
async fn conversations_are_listed_by_the_days_they_began_on() {
    let world = World::start().await;
    world.conversation("").await;
    world.set("2020-01-31T23:59:59.999Z");
    world.conversation("").await;
    world.set("2020-02-01T00:00:00Z");
    world.conversation("").await;

    let answer = world
        .ask("listConversations", "/2020-01-01/2020-01-31")
        .await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(
        answer.text(),
        body(&[
            r#"{"sid":1,"conversationID":"V1","date":"2020-01-01T00:00:00.000Z"}"#,
            r#"{"sid":1,"conversationID":"V2","date":"2020-01-31T23:59:59.999Z"}"#,
        ])
    );
    assert_eq!(
        world
            .ask("listConversations", "/2019-01-01/2019-12-31")
            .await
            .text(),
        body(&[])
    );
    assert_eq!(
        world
            .rows("listConversations", "/0000-01-01/9999-12-31")
            .await
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[tokio::test]
async fn a_conversation_is_told_from_its_beginning() {
    let world = World::start().await;
    let agent = world.agent("John").await.id;
    let conversation = world.conversation("").await;
    let join = world
        .page(conversation, "https://example.org/support")
        .await;
    let asked = world
        .visitor_says(conversation, "Hi, where can i find the documentation page?")
        .await
        .id;
    let said = world.agent_says(conversation, agent, "Hello").await.id;

    let answer = world.ask("grabConversation", "/V1").await;
    assert_eq!(
        answer.text(),
        body(&[
            &format!(
                r#"{{"id":{join},"sid":1,"conversationID":"V1","from":"system","message":"{{\"type\":\"visitorJoin\",\"currentPage\":\"https://example.org/support\"}}","date":"2020-01-01T00:00:00.000Z","agentID":null}}"#
            ),
            &format!(
                r#"{{"id":{asked},"sid":1,"conversationID":"V1","from":"V1","message":"Hi, where can i find the documentation page?","date":"2020-01-01T00:00:00.000Z","agentID":0}}"#
            ),
            &format!(
                r#"{{"id":{said},"sid":1,"conversationID":"V1","from":"John","message":"Hello","date":"2020-01-01T00:00:00.000Z","agentID":{agent}}}"#
            ),
        ])
    );
}

#[tokio::test]
async fn every_kind_of_sender_is_named_and_private_notes_are_not_told() {
    let world = World::start().await;
    let agent = world.agent("John").await.id;
    let conversation = world.conversation("Ada").await;
    let bot = world.bot("Helper").await;
    world.visitor_says(conversation, "hi").await;
    world
        .post(
            conversation,
            NewMessage::text(MessageKind::Outgoing, From::Bot(bot), "beep"),
        )
        .await;
    let mut note = NewMessage::text(MessageKind::Outgoing, From::Agent(agent), "secret");
    note.private = true;
    world.post(conversation, note).await;
    world
        .post(
            conversation,
            NewMessage::text(MessageKind::Activity, From::System, "John joined"),
        )
        .await;
    world
        .post(
            conversation,
            NewMessage::text(MessageKind::Activity, From::Agent(agent), "John left"),
        )
        .await;
    world
        .post(
            conversation,
            NewMessage::text(MessageKind::Template, From::System, "We are closed"),
        )
        .await;
    let mut file = NewMessage::text(MessageKind::Outgoing, From::Agent(agent), "See this");
    file.attachments.push(NewAttachment {
        name: "a.png".to_owned(),
        size_bytes: Some(1),
        ..NewAttachment::at(FileType::Image, "image/png", "https://example.org/a.png")
    });
    world.post(conversation, file).await;

    let rows = world.rows("grabConversation", "/V1").await;
    let told: Vec<_> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| json!([row["from"], row["agentID"], row["message"]]))
        .collect();
    assert_eq!(
        json!(told),
        json!([
            ["Ada", 0, "hi"],
            ["Helper", null, "beep"],
            ["system", null, "John joined"],
            ["system", null, "John left"],
            ["system", null, "We are closed"],
            ["John", agent.0, "See this\nhttps://example.org/a.png"],
        ])
    );
}

#[tokio::test]
async fn a_page_view_stands_among_the_messages_by_its_time() {
    let world = World::start().await;
    let conversation = world.conversation("").await;
    let mut ids = Vec::new();
    ids.push(world.page(conversation, "https://example.org/1").await);
    ids.push(world.visitor_says(conversation, "one").await.id.0);
    ids.push(world.page(conversation, "https://example.org/2").await);
    world.set("2020-01-01T00:00:01Z");
    ids.push(world.visitor_says(conversation, "two").await.id.0);
    let late = NewVisit {
        page_url: "https://example.org/0".to_owned(),
        visited_at: Some(at("2019-12-31T23:00:00Z")),
        ..NewVisit::default()
    };
    ids.insert(0, world.visit(conversation, late).await);

    let rows = world.rows("grabConversation", "/V1").await;
    let told: Vec<_> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].as_i64().unwrap())
        .collect();
    assert_eq!(told, ids);
}

fn arrival() -> NewVisit {
    NewVisit {
        page_url: "https://imbox.se/start".to_owned(),
        referrer: Some("https://www.google.se/".to_owned()),
        user_agent: Some(
            "Mozilla/5.0 (Windows NT 6.1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/50.0.0.0 Safari/537.36".to_owned(),
        ),
        city: "Stockholm".to_owned(),
        country: "Sweden".to_owned(),
        visited_at: None,
    }
}

#[tokio::test]
async fn a_visitor_is_told_by_the_first_referrer_and_the_last_page() {
    let world = World::start().await;
    let conversation = world.conversation("").await;
    world.visit(conversation, arrival()).await;
    world.set("2020-01-01T00:01:00Z");
    let next = NewVisit {
        page_url: "https://imbox.se/".to_owned(),
        referrer: Some("https://imbox.se/start".to_owned()),
        ..arrival()
    };
    world.visit(conversation, next).await;

    let answer = world.ask("grabVisitorInfo", "/V1").await;
    assert_eq!(
        answer.text(),
        body(&[
            r#"{"trafficType":"Organic","se_type":"Google","sid":1,"conversationID":"V1","last_visit":"2020-01-01T00:01:00.000Z","browser":"Chrome 50.0.0","os":"Windows 7 0.0.0","user_city":"Stockholm","user_country":"Sweden","exitPage":"https://imbox.se/"}"#
        ])
    );
}

#[tokio::test]
async fn a_visitor_without_page_views_is_direct() {
    let world = World::start().await;
    world.conversation("").await;
    let answer = world.ask("grabVisitorInfo", "/V1").await;
    assert_eq!(
        answer.text(),
        body(&[
            r#"{"trafficType":"Direct","se_type":"","sid":1,"conversationID":"V1","last_visit":"2020-01-01T00:00:00.000Z","browser":"","os":"","user_city":"","user_country":"","exitPage":""}"#
        ])
    );
}

#[tokio::test]
async fn tags_are_the_name_and_the_visitors_labels() {
    let world = World::start().await;
    let named = world.conversation("John Doe").await;
    world.conversation("").await;
    let store = world.app.store();
    let contact = store::conversations::get(store, world.account, named)
        .await
        .unwrap()
        .contact;
    world.set("2020-01-02T00:00:00Z");
    store::labels::add_to_contact(
        store,
        world.account,
        contact,
        vec!["Custom tag".to_owned()],
        world.app.now(),
    )
    .await
    .unwrap();

    let answer = world.ask("grabVisitorTags", "/V1").await;
    assert_eq!(
        answer.text(),
        body(&[
            r#"{"sid":1,"conversationID":"V1","createdDate":"2020-01-01T00:00:00.000Z","tag":"John Doe","type":0}"#,
            r#"{"sid":1,"conversationID":"V1","createdDate":"2020-01-02T00:00:00.000Z","tag":"Custom tag","type":1}"#,
        ])
    );
    assert_eq!(world.ask("grabVisitorTags", "/V2").await.text(), body(&[]));
}

#[tokio::test]
async fn labels_are_those_of_the_conversation() {
    let world = World::start().await;
    let conversation = world.conversation("").await;
    let titles = vec!["Support".to_owned(), "BankId Verified".to_owned()];
    for title in titles {
        store::labels::add_to_conversation(
            world.app.store(),
            world.account,
            conversation,
            vec![title],
            world.app.now(),
        )
        .await
        .unwrap();
        world.app.advance(chrono::TimeDelta::seconds(1));
    }

    let answer = world.ask("grabVisitorLabels", "/V1").await;
    assert_eq!(
        answer.text(),
        body(&[
            r#"{"conversationID":"V1","createdDate":"2020-01-01T00:00:00.000Z","label":"Support"}"#,
            r#"{"conversationID":"V1","createdDate":"2020-01-01T00:00:01.000Z","label":"BankId Verified"}"#,
        ])
    );
}

#[tokio::test]
async fn a_card_that_is_set_again_keeps_its_first_date() {
    let world = World::start().await;
    let conversation = world.conversation("").await;
    for (now, data) in [
        ("2020-01-01T00:00:00Z", "Name: ?"),
        ("2020-01-01T00:05:00Z", "Name: John Doe"),
    ] {
        world.set(now);
        store::cards::set(
            world.app.store(),
            world.account,
            conversation,
            "1".to_owned(),
            data.to_owned(),
            world.app.now(),
        )
        .await
        .unwrap();
    }

    let answer = world.ask("grabVisitorCards", "/V1").await;
    assert_eq!(
        answer.text(),
        body(&[
            r#"{"dataID":"1","data":"Name: John Doe","sid":1,"conversationID":"V1","createdDate":"2020-01-01T00:00:00.000Z","updatedDate":"2020-01-01T00:05:00.000Z"}"#
        ])
    );
}

#[tokio::test]
async fn agents_are_listed_and_found() {
    let world = World::start().await;
    let (store, now) = (world.app.store(), world.app.now());
    let new = |name: &str, email: &str, department: &str, is_back_office| NewAgent {
        name: name.to_owned(),
        display_name: None,
        email: email.to_owned(),
        avatar_url: "https://example.org/avatar.png".to_owned(),
        role: Role::Agent,
        is_back_office,
        department: department.to_owned(),
    };
    let john = new("John Doe", "john.doe@example.org", "Support", false);
    let john = store::agents::create(store, world.account, john, now)
        .await
        .unwrap()
        .id;
    let jane = new("Jane Doe", "jane.doe@example.org", "Marketing", true);
    let jane = store::agents::create(store, world.account, jane, now)
        .await
        .unwrap()
        .id;
    for (team, agents) in [
        ("Support", vec![john]),
        ("Sales", vec![john]),
        ("Marketing", vec![jane]),
    ] {
        store::agents::join_team(store, world.account, team.to_owned(), agents, now)
            .await
            .unwrap();
    }

    let rows = [
        format!(
            r#"{{"agentID":{john},"sid":1,"agentName":"John Doe","agentEmail":"john.doe@example.org","agentPicture":"https://example.org/avatar.png","agentLastActive":"2020-01-01T00:00:00.000Z","department":"Support","isBackOffice":"0","groups":"Sales,Support"}}"#
        ),
        format!(
            r#"{{"agentID":{jane},"sid":1,"agentName":"Jane Doe","agentEmail":"jane.doe@example.org","agentPicture":"https://example.org/avatar.png","agentLastActive":"2020-01-01T00:00:00.000Z","department":"Marketing","isBackOffice":"1","groups":"Marketing"}}"#
        ),
    ];
    assert_eq!(
        world.ask("grabAgents", "").await.text(),
        body(&[&rows[0], &rows[1]])
    );
    assert_eq!(
        world.ask("grabAgent", &format!("/{jane}")).await.text(),
        body(&[&rows[1]])
    );

    store::agents::remove(store, world.account, john, now)
        .await
        .unwrap();
    assert_eq!(world.ask("grabAgents", "").await.text(), body(&[&rows[1]]));
    assert_eq!(
        world.ask("grabAgent", &format!("/{john}")).await.status,
        404
    );
}

#[tokio::test]
async fn statistics_tell_how_a_conversation_went() {
    let world = World::start().await;
    let john = world.agent("John Doe").await.id;
    let store = world.app.store();
    let answered = world.conversation("").await;
    let visit = NewVisit {
        page_url: "https://example.org/".to_owned(),
        referrer: None,
        user_agent: Some(
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/50.0.0.0 Safari/537.36"
                .to_owned(),
        ),
        ..arrival()
    };
    world.visit(answered, visit).await;
    world.visitor_says(answered, "hi").await;
    world.set("2020-01-01T00:00:05Z");
    world.agent_says(answered, john, "hello").await;
    world.set("2020-01-01T00:01:40Z");
    world.visitor_says(answered, "bye").await;
    let rating = Rating {
        rating: 4,
        feedback: None,
        rated_at: world.app.now(),
    };
    store::ratings::set(store, world.account, answered, rating, world.app.now())
        .await
        .unwrap();
    let two = |kind: &str| vec![format!("{kind}1"), format!("{kind}2")];
    store::labels::add_to_conversation(
        store,
        world.account,
        answered,
        two("label"),
        world.app.now(),
    )
    .await
    .unwrap();
    let contact = store::conversations::get(store, world.account, answered)
        .await
        .unwrap()
        .contact;
    store::labels::add_to_contact(store, world.account, contact, two("tag"), world.app.now())
        .await
        .unwrap();
    let unanswered = world.conversation("").await;
    world.visitor_says(unanswered, "anybody?").await;

    let answer = world
        .ask("chatStatistics", "?startTime=2020-01-01T00%3A00%3A00.000Z")
        .await;
    assert_eq!(
        answer.text(),
        body(&[
            r#"{"channel":"V1","agentName":"John Doe","agentEmail":"john.doe@example.org","referral":"Direct","searchEngine":"","exitPage":"https://example.org/","browser":"Chrome 50.0.0","os":"Mac OS X 10.15.7","city":"Stockholm","country":"Sweden","labels":["label1","label2"],"tags":["tag1","tag2"],"duration":100000,"rating":4,"responseTime":5000,"startedAt":"2020-01-01T00:00:00.000Z"}"#,
            r#"{"channel":"V2","agentName":"","agentEmail":"","referral":"Direct","searchEngine":"","exitPage":"","browser":"","os":"","city":"","country":"","labels":[],"tags":[],"duration":null,"rating":null,"responseTime":null,"startedAt":"2020-01-01T00:01:40.000Z"}"#,
        ])
    );
}

#[tokio::test]
async fn page_filters_are_listed_with_each_way_of_comparing() {
    let world = World::start().await;
    for match_type in MatchType::ALL {
        let pattern = PagePattern::parse(*match_type, "searchFilter").unwrap();
        let new = NewPageFilter {
            name: "searchName".to_owned(),
            pattern,
        };
        store::page_filters::create(world.app.store(), world.account, new, world.app.now())
            .await
            .unwrap();
    }

    let row = |id: i64, match_type: &str| {
        format!(
            r#"{{"id":{id},"sid":1,"searchFilter":"searchFilter","searchName":"searchName","matchType":"{match_type}"}}"#
        )
    };
    let rows = [
        row(1, "like"),
        row(2, "equals"),
        row(3, "startsWith"),
        row(4, "endsWith"),
        row(5, "regex"),
    ];
    assert_eq!(
        world.ask("pageFilters", "").await.text(),
        body(&rows.each_ref().map(String::as_str))
    );
    let deleted = quartet::model::PageFilterId(1);
    store::page_filters::delete(world.app.store(), world.account, deleted)
        .await
        .unwrap();
    assert_eq!(
        world
            .rows("pageFilters", "")
            .await
            .as_array()
            .unwrap()
            .len(),
        4
    );
}

#[tokio::test]
async fn the_same_rows_are_served_below_the_prefix() {
    let world = World::start().await;
    world.conversation("").await;
    let conversations = world.path("listConversations", "/2020-01-01/2020-01-01");
    let agents = world.path("grabAgents", "");
    for path in [conversations, agents] {
        let (root, prefixed) = (
            world.app.get(&path).await,
            world.app.get(&format!("/imbox{path}")).await,
        );
        assert_eq!(
            (root.status, root.text()),
            (prefixed.status, prefixed.text())
        );
        assert_eq!(root.status, 200);
    }
}
