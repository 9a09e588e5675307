//! To whom conversations are given.

use quartet::model::{AgentId, TeamId};
use quartet::store;
use serde_json::{Value, json};

use super::Office;
use super::conversation_changes::{notes, told};
use crate::app::TestApp;

const PATH: &str = "/conversations/1/assignments";

async fn team(office: &Office<'_>, name: &str, agents: Vec<AgentId>) -> TeamId {
    let (store, now) = (office.app.store(), office.app.now());
    store::agents::join_team(store, office.account, name.to_owned(), agents, now)
        .await
        .unwrap()
}

async fn meta(office: &Office<'_>) -> Value {
    let meta = office.admin.get("/conversations/1").await.json()["meta"].take();
    json!([
        meta["assignee_type"],
        meta["assignee"]["name"],
        meta["team"]["name"]
    ])
}

#[tokio::test]
async fn a_conversation_is_given_to_agents_and_taken_back() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let jane = office.agent.post(PATH, &json!({"assignee_id": "2"})).await;
    assert_eq!(
        jane.pair(),
        (
            200,
            json!({
                "account_id": 1, "auto_offline": true, "availability_status": "offline",
                "available_name": "Jane Doe 1", "confirmed": true, "custom_role_id": null,
                "email": "jane.doe.1@example.org", "id": 2, "name": "Jane Doe 1", "provider": "email",
                "role": "agent", "thumbnail": ""
            })
        )
    );
    for (id, name) in [
        (json!(1), json!("John Doe 1")),
        (json!(1), json!("John Doe 1")),
    ] {
        let answer = office.agent.post(PATH, &json!({"assignee_id": id})).await;
        assert_eq!(answer.json()["name"], name);
    }
    for nobody in [
        json!({"assignee_id": null}),
        json!({"assignee_id": 99}),
        json!({"assignee_id": 0}),
        json!({}),
    ] {
        assert_eq!(
            office.agent.post(PATH, &nobody).await.pair(),
            (200, json!(null))
        );
    }
    assert_eq!(meta(&office).await, json!([null, null, null]));
    assert_eq!(
        notes(&office.agent).await,
        [
            "Jane Doe 1 self-assigned this conversation",
            "Assigned to John Doe 1 by Jane Doe 1",
            "Conversation unassigned by Jane Doe 1"
        ]
    );
    assert_eq!(
        told(&app).await,
        [
            json!([{"assignee_id": {"previous_value": null, "current_value": 2}}]),
            json!([{"assignee_id": {"previous_value": 2, "current_value": 1}}]),
            json!([{"assignee_id": {"previous_value": 1, "current_value": null}}])
        ]
    );
    let followers = office
        .agent
        .get("/conversations/1/participants")
        .await
        .json();
    assert_eq!(
        followers.as_array().unwrap().len(),
        2,
        "whom it was given to follows it"
    );
}

#[tokio::test]
async fn a_conversation_is_given_to_a_bot_instead_of_an_agent() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let bot = office.bot().await;
    office.agent.post(PATH, &json!({"assignee_id": 2})).await;
    let given = bot
        .post(
            PATH,
            &json!({"assignee_id": 1, "assignee_type": "AgentBot"}),
        )
        .await;
    let robo = json!({"description": "", "id": 1, "name": "Robo", "thumbnail": ""});
    assert_eq!(given.pair(), (200, robo.clone()));
    let shown = office.agent.get("/conversations/1").await.json();
    assert_eq!(shown["meta"]["assignee"], robo);
    assert_eq!(shown["meta"]["assignee_type"], "AgentBot");
    let unknown = json!({"assignee_id": 99, "assignee_type": "AgentBot"});
    assert_eq!(
        office.agent.post(PATH, &unknown).await.pair(),
        (200, json!(null))
    );
    assert_eq!(meta(&office).await, json!(["AgentBot", "Robo", null]));
    office.agent.post(PATH, &json!({"assignee_id": 1})).await;
    assert_eq!(meta(&office).await, json!(["User", "John Doe 1", null]));
}

#[tokio::test]
async fn a_team_picks_whoever_is_there_and_has_least_to_do() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    // Of no inbox, so not to be picked.
    let team = team(&office, "support", vec![AgentId(3), office.jane.id]).await;
    let given = office.admin.post(PATH, &json!({"team_id": team.0})).await;
    assert_eq!(
        given.pair(),
        (
            200,
            json!({
                "account_id": 1, "allow_auto_assign": true, "created_at": "2026-03-10T12:00:00.000Z",
                "description": null, "id": 1, "name": "support", "updated_at": "2026-03-10T12:00:00.000Z"
            })
        )
    );
    assert_eq!(
        meta(&office).await,
        json!(["User", "Jane Doe 1", "support"])
    );
    for none in [
        json!({"team_id": 0}),
        json!({"team_id": 99}),
        json!({"team_id": null}),
    ] {
        assert_eq!(
            office.admin.post(PATH, &none).await.pair(),
            (200, json!(null))
        );
    }
    assert_eq!(meta(&office).await, json!(["User", "Jane Doe 1", null]));
    assert_eq!(
        notes(&office.agent).await,
        [
            "Assigned to Jane Doe 1 via support by John Doe 1",
            "Unassigned from support by John Doe 1"
        ]
    );
    assert_eq!(
        told(&app).await,
        [
            json!([
                {"team_id": {"previous_value": null, "current_value": 1}},
                {"assignee_id": {"previous_value": null, "current_value": 2}}
            ]),
            json!([{"team_id": {"previous_value": 1, "current_value": null}}])
        ]
    );
}

#[tokio::test]
async fn an_assignee_keeps_the_conversation_only_within_their_team() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let (ours, theirs) = (
        team(&office, "ours", vec![office.john.id]).await,
        team(&office, "theirs", vec![AgentId(3)]).await,
    );
    office.admin.post(PATH, &json!({"assignee_id": 1})).await;
    office.admin.post(PATH, &json!({"team_id": ours.0})).await;
    assert_eq!(meta(&office).await, json!(["User", "John Doe 1", "ours"]));
    office.admin.post(PATH, &json!({"team_id": theirs.0})).await;
    assert_eq!(meta(&office).await, json!([null, null, "theirs"]));
    let last = notes(&office.agent).await.pop();
    assert_eq!(last.as_deref(), Some("Assigned to theirs by John Doe 1"));
}

#[tokio::test]
async fn nobody_gives_away_what_they_may_not_see() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let body = json!({"assignee_id": 3});
    assert_eq!(office.outsider.post(PATH, &body).await.status, 401);
    assert_eq!(
        office
            .agent
            .post("/conversations/9/assignments", &body)
            .await
            .status,
        404
    );
    let wrong = office.agent.post(PATH, &json!({"assignee_id": "me"})).await;
    assert_eq!(
        wrong.pair(),
        (422, json!({"error": "assignee_id: an id is expected"}))
    );
}

#[tokio::test]
async fn an_open_conversation_goes_to_an_agent_of_its_inbox_who_is_there() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let present = async |agent: AgentId| {
        store::presence::agent_seen(app.store(), office.account, agent, app.now())
            .await
            .unwrap();
    };
    office.conversation("p-1").await;
    assert_eq!(
        meta(&office).await,
        json!([null, null, null]),
        "nobody is there"
    );
    let resolve = json!({"status": "resolved"});
    office
        .admin
        .post("/conversations/1/toggle_status", &resolve)
        .await;
    present(office.jane.id).await;
    // Of no inbox, so not to be picked.
    present(AgentId(3)).await;
    let incoming = json!({"content": "Hi", "message_type": "incoming"});
    office
        .admin
        .post("/conversations/1/messages", &incoming)
        .await;
    assert_eq!(meta(&office).await, json!(["User", "Jane Doe 1", null]));
    assert_eq!(
        notes(&office.agent).await,
        [
            "Conversation was marked resolved by John Doe 1",
            "Hi",
            "System reopened the conversation due to a new incoming message.",
            "Assigned to Jane Doe 1 by System"
        ]
    );
    let assignee = async |source_id: &str| {
        let id = office.conversation(source_id).await;
        let shown = office
            .admin
            .get(&format!("/conversations/{id}"))
            .await
            .json();
        shown["meta"]["assignee"]["id"].clone()
    };
    assert_eq!(assignee("p-2").await, json!(2));
    app.advance(chrono::TimeDelta::seconds(21));
    assert_eq!(assignee("p-3").await, json!(null), "she has left");
}

#[tokio::test]
async fn being_put_off_further_is_no_change_of_status() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let until = |seconds: i64| json!({"status": "snoozed", "snoozed_until": app.now().timestamp() + seconds});
    for seconds in [60, 120] {
        office
            .admin
            .post("/conversations/1/toggle_status", &until(seconds))
            .await;
    }
    let moment = |minute: &str| json!(format!("2026-03-10T12:{minute}:00.000Z"));
    assert_eq!(
        told(&app).await,
        [
            json!([
                {"status": {"previous_value": "open", "current_value": "snoozed"}},
                {"snoozed_until": {"previous_value": null, "current_value": moment("01")}}
            ]),
            json!([{"snoozed_until": {"previous_value": moment("01"), "current_value": moment("02")}}])
        ]
    );
}
