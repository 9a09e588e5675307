//! A contact's labels, conversations and ways into inboxes.

use chrono::TimeDelta;
use quartet::model::Channel;
use serde_json::{Value, json};

use super::Office;
use crate::app::TestApp;

fn slim(id: i64, channel: &str) -> Value {
    json!({
        "avatar_url": "", "channel_id": id, "channel_type": channel, "id": id, "name": "Inbox", "provider": null
    })
}

#[tokio::test]
async fn labels_are_set_as_a_whole() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.contact("Ann", "a-1").await;
    let path = "/contacts/1/labels";
    assert_eq!(
        office.agent.get(path).await.pair(),
        (200, json!({"payload": []}))
    );
    let labels = json!({"labels": ["VIP", " late ", "vip", ""]});
    let set = office.agent.post(path, &labels).await;
    assert_eq!(set.pair(), (200, json!({"payload": ["late", "vip"]})));
    app.advance(TimeDelta::minutes(1));
    let set = office
        .agent
        .post(path, &json!({"labels": ["new", "vip"]}))
        .await;
    assert_eq!(
        set.json(),
        json!({"payload": ["vip", "new"]}),
        "the oldest comes first"
    );
    assert_eq!(office.agent.get(path).await.json(), set.json());
    let none = office.agent.post(path, &json!({"labels": []})).await;
    assert_eq!(none.json(), json!({"payload": []}));
    let missing = json!({"error": "param is missing or the value is empty: labels"});
    assert_eq!(
        office.agent.post(path, &json!({})).await.pair(),
        (422, missing)
    );
    let long = office
        .agent
        .post(path, &json!({"labels": ["x".repeat(256)]}))
        .await;
    assert_eq!(long.json()["attributes"], json!(["labels"]));
}

#[tokio::test]
async fn a_contacts_conversations_are_those_the_caller_may_look_into() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    office.conversation("q-1").await;
    app.advance(TimeDelta::minutes(1));
    let other = app.inbox(office.account, Channel::General).await.id;
    for inbox in [other, office.inbox] {
        let body = json!({"contact_id": 1, "inbox_id": inbox.0});
        office.admin.post("/conversations", &body).await;
        app.advance(TimeDelta::minutes(1));
    }
    let ids = |list: &Value| -> Vec<i64> {
        let page = list["payload"].as_array().unwrap();
        page.iter()
            .map(|conversation| conversation["id"].as_i64().unwrap())
            .collect()
    };
    let path = "/contacts/1/conversations";
    let all = office.admin.get(path).await.json();
    assert_eq!(ids(&all), [4, 3, 1]);
    assert_eq!(
        all["payload"][0],
        office.admin.get("/conversations/4").await.json()
    );
    assert_eq!(ids(&office.agent.get(path).await.json()), [4, 1]);
    assert_eq!(
        office.outsider.get(path).await.pair(),
        (200, json!({"payload": []}))
    );
    for _ in 0..20 {
        let body = json!({"contact_id": 1, "inbox_id": office.inbox.0});
        office.admin.post("/conversations", &body).await;
    }
    assert_eq!(ids(&office.admin.get(path).await.json()).len(), 20);
}

#[tokio::test]
async fn a_contact_gets_a_way_into_an_inbox() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.contact("Ann", "a-1").await;
    let other = app.inbox(office.account, Channel::General).await.id.0;
    let path = "/contacts/1/contact_inboxes";
    let new = json!({"inbox_id": other.to_string(), "source_id": "a-2"});
    let way = (
        200,
        json!({"source_id": "a-2", "inbox": slim(other, "Channel::Api")}),
    );
    assert_eq!(office.admin.post(path, &new).await.pair(), way);
    assert_eq!(
        office.admin.post(path, &new).await.pair(),
        way,
        "it is there"
    );
    let minted = office
        .admin
        .post(path, &json!({"inbox_id": other}))
        .await
        .json();
    assert_eq!(minted["source_id"].as_str().unwrap().len(), 36);
    let shown = office.admin.get("/contacts/1").await.json();
    assert_eq!(
        shown["payload"]["contact_inboxes"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    office.contact("Bob", "b-1").await;
    let taken = office.admin.post("/contacts/2/contact_inboxes", &new).await;
    assert_eq!(
        taken.pair(),
        (422, json!({"error": "source_id should be unique"}))
    );
    let refusal = json!({"error": "You are not authorized to do this action"});
    assert_eq!(office.agent.post(path, &new).await.pair(), (401, refusal));
    for inbox in [json!({}), json!({"inbox_id": 99})] {
        assert_eq!(office.admin.post(path, &inbox).await.status, 404);
    }
}

#[tokio::test]
async fn a_contact_can_be_written_to_where_it_has_or_can_have_an_id() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.contact("Ann", "a-1").await;
    for channel in [
        Channel::General,
        Channel::WhatsApp,
        Channel::Sms,
        Channel::Webchat,
    ] {
        app.inbox(office.account, channel).await;
    }
    let path = "/contacts/1/contactable_inboxes";
    let reach = async || {
        office.admin.get(path).await.json()["payload"]
            .as_array()
            .unwrap()
            .clone()
    };
    let known = json!({"source_id": "a-1", "inbox": slim(1, "Channel::Api")});
    let now = reach().await;
    assert_eq!(now[0], known);
    assert_eq!(now[1]["inbox"]["id"], 2);
    assert_eq!(now[1]["source_id"].as_str().unwrap().len(), 36);
    assert_eq!(
        now.len(),
        2,
        "without a number there is no other way: {now:?}"
    );
    office
        .admin
        .patch("/contacts/1", &json!({"phone_number": "+14155552671"}))
        .await;
    let now = reach().await;
    let ids: Vec<&Value> = now[2..].iter().map(|way| &way["source_id"]).collect();
    assert_eq!(ids, ["14155552671", "+14155552671"]);
    assert_eq!(
        office.agent.get(path).await.json(),
        json!({"payload": [known]})
    );
    assert_eq!(
        office.outsider.get(path).await.json(),
        json!({"payload": []})
    );
}

#[tokio::test]
async fn a_contact_is_found_by_its_id_in_an_inbox() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.contact("Ann", "a-1").await;
    let path = "/contact_inboxes/filter";
    let by = json!({"inbox_id": 1, "source_id": "a-1"});
    let shown = office.agent.get("/contacts/1").await.json()["payload"].clone();
    assert_eq!(office.agent.post(path, &by).await.pair(), (200, shown));
    for by in [
        json!({"inbox_id": 1, "source_id": "a-2"}),
        json!({"inbox_id": 1}),
    ] {
        let none = office.agent.post(path, &by).await;
        assert_eq!((none.status.as_u16(), none.text()), (404, ""), "{by}");
    }
    assert_eq!(office.agent.post(path, &json!({})).await.status, 404);
    assert_eq!(office.outsider.post(path, &by).await.status, 401);
    let theirs = Office::open(&app).await;
    assert_eq!(theirs.admin.post(path, &by).await.status, 404);
}
