//! Who belongs to a team, and who has access to an inbox.

use axum::http::Method;
use quartet::model::Agent;
use serde_json::{Value, json};

use super::Office;
use crate::app::TestApp;

fn body(office: &Office<'_>, agent: &Agent) -> Value {
    json!({
        "id": agent.id.0, "account_id": office.account.0, "availability_status": agent.reachability().as_str(),
        "auto_offline": true, "confirmed": true, "email": agent.email, "provider": "email",
        "available_name": agent.name, "name": agent.name, "role": agent.role.as_str(), "thumbnail": "",
        "custom_role_id": null
    })
}

#[tokio::test]
async fn people_join_and_leave_a_team() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let (john, jane) = (body(&office, &office.john), body(&office, &office.jane));
    office.admin.post("/teams", &json!({"name": "sales"})).await;
    let path = "/teams/1/team_members";
    assert_eq!(office.agent.get(path).await.pair(), (200, json!([])));
    let ids = json!({"user_ids": [office.jane.id.0.to_string()]});
    let added = office.admin.post(path, &ids).await;
    assert_eq!(added.pair(), (200, json!([jane])));
    let both = json!({"user_ids": [office.jane.id.0, office.john.id.0]});
    assert_eq!(
        office.admin.post(path, &both).await.json(),
        json!([john]),
        "those who were not in it"
    );
    assert_eq!(office.agent.get(path).await.json(), json!([john, jane]));
    assert_eq!(office.agent.get("/teams/1").await.json()["is_member"], true);
    assert_eq!(
        office.outsider.get("/teams/1").await.json()["is_member"],
        false
    );
    for method in [Method::PATCH, Method::PUT] {
        let only = json!({"user_ids": [office.john.id.0]});
        let set = office.admin.call(method, path, &only).await;
        assert_eq!(set.pair(), (200, json!([john])));
    }
    let removed = office.admin.call(Method::DELETE, path, &both).await;
    assert_eq!((removed.status.as_u16(), removed.text()), (200, ""));
    assert_eq!(office.agent.get(path).await.json(), json!([]));

    let unknown = json!({"user_ids": [office.jane.id.0, 999]});
    for method in [Method::POST, Method::PATCH, Method::PUT, Method::DELETE] {
        let answer = office.admin.call(method.clone(), path, &unknown).await;
        assert_eq!(
            answer.pair(),
            (401, json!({"error": "Invalid User IDs"})),
            "{method}"
        );
    }
    assert_eq!(
        office.agent.get(path).await.json(),
        json!([]),
        "all or none"
    );
    assert_eq!(office.admin.get("/teams/9/team_members").await.status, 404);
}

#[tokio::test]
async fn people_get_and_lose_access_to_an_inbox() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let (john, jane) = (body(&office, &office.john), body(&office, &office.jane));
    let inbox = office.inbox.0;
    let path = format!("/inbox_members/{inbox}");
    assert_eq!(
        office.agent.get(&path).await.pair(),
        (200, json!({"payload": [jane]}))
    );
    let assignable = office
        .agent
        .get(&format!("/inboxes/{inbox}/assignable_agents"))
        .await;
    assert_eq!(
        assignable.pair(),
        (200, json!({"payload": [john, jane]})),
        "and administrators"
    );

    let with = |ids: &[i64]| json!({"inbox_id": inbox.to_string(), "user_ids": ids});
    let (john_id, jane_id) = (office.john.id.0, office.jane.id.0);
    let added = office.admin.post("/inbox_members", &with(&[john_id])).await;
    assert_eq!(added.pair(), (200, json!({"payload": [john, jane]})));
    for method in [Method::PATCH, Method::PUT] {
        let set = office
            .admin
            .call(method, "/inbox_members", &with(&[john_id]))
            .await;
        assert_eq!(set.pair(), (200, json!({"payload": [john]})));
    }
    assert_eq!(
        office.agent.get(&path).await.status,
        401,
        "she lost her access"
    );
    let both = with(&[john_id, jane_id]);
    let removed = office
        .admin
        .call(Method::DELETE, "/inbox_members", &both)
        .await;
    assert_eq!((removed.status.as_u16(), removed.text()), (200, ""));
    assert_eq!(office.admin.get(&path).await.json(), json!({"payload": []}));
}

#[tokio::test]
async fn access_is_given_by_administrators_to_people_who_exist() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let other = Office::open(&app).await;
    let inbox = office.inbox.0;
    let stranger = json!({"inbox_id": inbox, "user_ids": [office.john.id.0, other.john.id.0]});
    let refusal = json!({"message": "User must exist", "attributes": ["user"]});
    for method in [Method::POST, Method::PATCH] {
        let answer = office.admin.call(method, "/inbox_members", &stranger).await;
        assert_eq!(answer.pair(), (422, refusal.clone()));
    }
    for inbox in [json!(other.inbox.0), json!(null), json!(999)] {
        let body = json!({"inbox_id": inbox, "user_ids": [office.john.id.0]});
        for method in [Method::POST, Method::PATCH, Method::PUT, Method::DELETE] {
            let answer = office.admin.call(method, "/inbox_members", &body).await;
            assert_eq!(
                answer.pair(),
                (404, json!({"error": "Resource could not be found"}))
            );
        }
    }
    let body = json!({"inbox_id": inbox, "user_ids": [office.john.id.0]});
    for method in [Method::POST, Method::PATCH, Method::PUT, Method::DELETE] {
        let answer = office.agent.call(method, "/inbox_members", &body).await;
        let refusal = json!({"error": "You are not authorized to do this action"});
        assert_eq!(answer.pair(), (401, refusal));
    }
    for path in ["/inbox_members/1", "/inboxes/1/assignable_agents"] {
        assert_eq!(office.outsider.get(path).await.status, 401, "{path}");
    }
    let jane = office
        .admin
        .get(&format!("/inbox_members/{inbox}"))
        .await
        .json();
    assert_eq!(
        jane["payload"].as_array().unwrap().len(),
        1,
        "nothing changed"
    );
}
