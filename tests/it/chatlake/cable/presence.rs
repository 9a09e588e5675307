//! Who is there, who is writing, and what was read.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use quartet::store;
use serde_json::json;

use super::{Live, MESSAGES, agent, contact};
use crate::app::TestApp;
use crate::chatlake::Office;
use crate::chatlake::public::Page;

#[tokio::test]
async fn the_other_side_sees_who_is_writing_and_what_was_read() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    let ann = page.visitor("a").await;
    office
        .agent
        .post(MESSAGES, &json!({"content": "Hello"}))
        .await;
    let live = Live::start(&app).await;
    let mut client = live.listen(&contact(&ann["pubsub_token"])).await;
    let mut jane = live.listen(&agent(&office, &office.jane).await).await;
    for status in ["on", "off"] {
        let body = json!({"typing_status": status});
        page.post("/contacts/a/conversations/1/toggle_typing", &body)
            .await;
        let (event, data) = jane.told().await;
        assert_eq!(event, format!("conversation.typing_{status}"));
        assert_eq!(
            (&data["user"]["name"], &data["is_private"]),
            (&json!("Ann"), &json!(false))
        );
        assert_eq!(data["conversation"]["id"], 1);
    }
    page.post("/contacts/a/conversations/1/update_last_seen", &json!({}))
        .await;
    let mut events = BTreeSet::new();
    for _ in 0..2 {
        let (event, data) = jane.told().await;
        if event == "message.updated" {
            assert_eq!(
                data["previous_changes"],
                json!({"status": ["sent", "read"]})
            );
        }
        events.insert(event);
    }
    let both = ["conversation.read", "message.updated"].map(str::to_owned);
    assert_eq!(events, BTreeSet::from(both));
    // Its own typing was not told to the contact.
    assert_eq!(client.told().await.0, "message.updated");
}

#[tokio::test]
async fn presence_is_shown_and_passes() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    let ann = page.visitor("a").await;
    let live = Live::start(&app).await;
    let mut client = live.connect().await;
    client.subscribe(&contact(&ann["pubsub_token"])).await;
    let mut jane = live.connect().await;
    let identifier = agent(&office, &office.jane).await;
    let users = json!({office.jane.id.to_string(): "online"});
    assert_eq!(
        jane.subscribe(&identifier).await,
        json!({"account_id": office.account.0, "users": users, "contacts": {"1": "online"}})
    );
    let shown = office.admin.get("/contacts/1").await.json();
    assert_eq!(shown["payload"]["availability_status"], "online");
    app.advance(TimeDelta::seconds(30));
    let stay = json!({
        "command": "message", "identifier": contact(&ann["pubsub_token"]), "data": "{\"action\":\"update_presence\"}"
    });
    client.say(&stay).await;
    let (event, data) = client.told().await;
    assert_eq!(
        (event.as_str(), &data["users"]),
        ("presence.update", &json!({}))
    );
    app.advance(TimeDelta::seconds(89));
    let stay = json!({
        "command": "message", "identifier": identifier, "data": "{\"action\":\"update_presence\"}"
    });
    jane.say(&stay).await;
    assert_eq!(jane.told().await.1["contacts"], json!({"1": "online"}));
    app.advance(TimeDelta::seconds(1));
    jane.say(&stay).await;
    assert_eq!(jane.told().await.1["contacts"], json!({}));
    let expire = async || {
        store::presence::expire(app.store(), app.now())
            .await
            .unwrap()
    };
    assert_eq!(expire().await, 1);
    let shown = office.admin.get("/contacts/1").await.json();
    assert_eq!(shown["payload"]["availability_status"], "offline");
    let body = json!({"content": "Hello"});
    let said = office.agent.post(MESSAGES, &body).await.json();
    assert_eq!(said["sender"]["availability_status"], "online");
    app.advance(TimeDelta::seconds(20));
    assert_eq!(expire().await, 1);
    let said = office.agent.post(MESSAGES, &body).await.json();
    assert_eq!(said["sender"]["availability_status"], "offline");
}
