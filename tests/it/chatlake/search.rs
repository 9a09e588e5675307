//! Conversations found by what was said, by who was named, by who follows; and who wants a transcript.

use serde_json::{Value, json};

use super::conversation_changes::notes;
use super::{Caller, Office};
use crate::app::TestApp;

async fn ids(caller: &Caller<'_>, query: &str) -> Vec<i64> {
    let list = caller.get(&format!("/conversations?{query}")).await;
    assert_eq!(list.status, 200, "{query} {}", list.text());
    let list = list.json();
    let found = list["data"]["payload"].as_array().unwrap();
    assert_eq!(list["data"]["meta"]["all_count"], found.len());
    found
        .iter()
        .map(|found| found["id"].as_i64().unwrap())
        .collect()
}

#[tokio::test]
async fn conversations_are_found_by_what_was_said_wherever_they_stand() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    for (source_id, text) in [
        ("p-1", "Where is my ORDER?"),
        ("p-2", "100% sure_thing"),
        ("p-3", "x"),
    ] {
        let id = office.conversation(source_id).await;
        let body = json!({"content": text, "message_type": "incoming"});
        office
            .admin
            .post(&format!("/conversations/{id}/messages"), &body)
            .await;
    }
    office
        .admin
        .post(
            "/conversations/1/toggle_status",
            &json!({"status": "resolved"}),
        )
        .await;
    for (q, found) in [
        ("order", vec![1]),
        ("100%25", vec![2]),
        ("e_t", vec![2]),
        ("%25", vec![2]),
        ("reopened", vec![]),
        ("marked", vec![]),
        ("%5C", vec![]),
    ] {
        assert_eq!(ids(&office.agent, &format!("q={q}")).await, found, "{q}");
        assert_eq!(ids(&office.outsider, &format!("q={q}")).await, [0_i64; 0]);
    }
    let mut answer = office.agent.get("/conversations/search?q=oRDer").await;
    assert_eq!(answer.status, 200);
    let mut body: Value = answer.json();
    answer.body.clear();
    assert_eq!(
        body["payload"][0]["uuid"].take().as_str().unwrap().len(),
        36
    );
    assert_eq!(
        body,
        json!({
            "meta": {"all_count": 1, "mine_count": 0, "unassigned_count": 1},
            "payload": [{
                "account_id": 1, "contact": {"id": 1, "name": "Pranav"}, "created_at": 1_773_144_000, "id": 1,
                "inbox": {"channel_type": "Channel::Api", "id": 1, "name": "Inbox"},
                "messages": [{
                    "content": "Where is my ORDER?", "created_at": 1_773_144_000, "id": 1, "message_type": 0,
                    "sender_name": "Pranav"
                }],
                "uuid": null
            }]
        })
    );
    for blank in ["", "?q=", "?q=%20"] {
        let answer = office
            .agent
            .get(&format!("/conversations/search{blank}"))
            .await;
        assert_eq!(
            answer.pair(),
            (
                422,
                json!({"error": "Specify search string with parameter q"})
            )
        );
    }
}

#[tokio::test]
async fn conversations_are_listed_where_an_agent_was_named_or_follows() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    for source_id in ["p-1", "p-2", "p-3"] {
        office.conversation(source_id).await;
    }
    let say = async |id: i64, content: &str, private: bool| {
        let body = json!({"content": content, "private": private});
        let path = format!("/conversations/{id}/messages");
        assert_eq!(office.admin.post(&path, &body).await.status, 200);
    };
    say(1, "[@Jane](mention://user/2/Jane), see", true).await;
    say(2, "[@Jane](mention://user/2/Jane), see", false).await;
    say(3, "[@Olaf](mention://user/3/Olaf) is of no inbox", true).await;
    assert_eq!(ids(&office.agent, "conversation_type=mention").await, [1]);
    assert_eq!(
        ids(&office.agent, "conversation_type=participating").await,
        [1]
    );
    assert_eq!(
        ids(&office.admin, "conversation_type=mention").await,
        [0_i64; 0]
    );
    let team = quartet::store::agents::join_team(
        app.store(),
        office.account,
        "support".to_owned(),
        vec![office.john.id, office.jane.id],
        app.now(),
    );
    let team = team.await.unwrap();
    say(
        2,
        &format!("[@support](mention://team/{team}/support)"),
        true,
    )
    .await;
    assert_eq!(ids(&office.admin, "conversation_type=mention").await, [2]);
    office
        .agent
        .post("/conversations/3/participants", &json!({"user_ids": [2]}))
        .await;
    assert_eq!(
        ids(
            &office.agent,
            "conversation_type=participating&sort_by=created_at_asc"
        )
        .await,
        [1, 2, 3]
    );
}

#[tokio::test]
async fn a_transcript_is_asked_for_and_that_is_noted() {
    let app = TestApp::with("[chatlake]\ntranscripts_per_hour = 2\n").await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let path = "/conversations/1/transcript";
    for missing in [json!({}), json!({"email": " "})] {
        let answer = office.agent.post(path, &missing).await;
        assert_eq!(
            answer.pair(),
            (422, json!({"error": "email param missing"}))
        );
    }
    let wrong = office.agent.post(path, &json!({"email": "ann"})).await;
    let refusal = json!({"message": "Email is invalid", "attributes": ["email"]});
    assert_eq!(wrong.pair(), (422, refusal));
    let asked = json!({"email": "Ann@example.org"});
    for status in [200, 200, 429] {
        let answer = office.agent.post(path, &asked).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (status, ""));
    }
    let note = "Jane Doe 1 asked for a transcript to be sent to ann@example.org";
    assert_eq!(notes(&office.agent).await, [note, note]);
}
