//! `/secure/user`, key by key.

use chrono::TimeDelta;
use quartet::store::contacts::{self, NewContact};
use serde_json::{Value, json};

use super::{BOT, OPTION_1, Scene};

/// The answer of the vendor's page, with what is ours put in.
fn documented(scene: &Scene, id: i64) -> Value {
    json!({
        "objectId": id,
        "developmentCompany": { "objectId": scene.account.0 },
        "name": "ann@example.org",
        "friendlyName": "ann@example.org",
        "isDefaultFriendlyName": true,
        "createDate": "2026-03-10T12:00:00.000Z",
        "firstLoginTime": "2026-03-10T12:00:00.000Z",
        "lastLoginTime": "2026-03-10T12:00:00.000Z",
        "username": "ann@example.org",
        "status": 1,
        "applications": [{
            "trialPeriodEndDate": null,
            "isTrial": null,
            "createDate": "0001-01-01T00:00:00Z",
            "updateDate": "0001-01-01T00:00:00Z",
            "components": null,
            "isSample": false,
            "isMobiComponentsEnabled": false,
            "hideBrandedFooterInChat": false,
            "subscriptionStartDate": null,
            "subscriptionEndDate": null,
            "isTrialOrSubscriptionEnded": false,
            "isActive": false,
            "webSite": null,
            "timeZone": null,
            "participationLevel": 0,
            "status": 0,
            "botDomains": null,
            "botLimit": null,
            "objectId": BOT,
        }],
        "systemProperties": { "clientPlatform": 3 },
        "userSegments": null,
        "userType": 2,
        "lastActivityDate": "2026-03-10T12:00:00.000Z",
        "requestInfo": {},
        "visitInfo": [],
        "rowVersion": 2,
        "ipAddress": "",
        "isTestUser": false,
        "updateDate": "2026-03-10T12:00:00.000Z",
        "customProperties": {
            "utm_source": null,
            "utm_medium": null,
            "utm_campaign": null,
            "utm_term": null,
            "utm_content": null,
        },
    })
}

/// The keys of the vendor's page in its order, those of inner objects after their own key.
const KEYS: &str = "objectId developmentCompany objectId name friendlyName isDefaultFriendlyName createDate firstLoginTime \
    lastLoginTime username status applications trialPeriodEndDate isTrial createDate updateDate components isSample \
    isMobiComponentsEnabled hideBrandedFooterInChat subscriptionStartDate subscriptionEndDate \
    isTrialOrSubscriptionEnded isActive webSite timeZone participationLevel status botDomains botLimit objectId \
    systemProperties clientPlatform userSegments userType lastActivityDate requestInfo visitInfo rowVersion ipAddress \
    isTestUser updateDate customProperties utm_source utm_medium utm_campaign utm_term utm_content";

async fn get(scene: &Scene, email: &str) -> crate::app::Answer {
    let body = json!({ "apiKey": scene.key, "email": email });
    scene.app.post("/secure/user", &body).await
}

#[tokio::test]
async fn a_user_is_told_with_every_key_in_the_documented_order() {
    let scene = Scene::new().await;
    scene.start().await;
    let answer = get(&scene, "Ann@example.org").await;
    let body = answer.json();
    let id = body["objectId"].as_i64().unwrap();
    assert_eq!((200, documented(&scene, id)), answer.pair());

    let text = answer.text();
    let keys: Vec<&str> = text
        .match_indices("\":")
        .map(|(end, _)| {
            let start = text[..end].rfind('"').unwrap();
            &text[start + 1..end]
        })
        .collect();
    assert_eq!(
        keys.join(" "),
        KEYS.split_whitespace().collect::<Vec<_>>().join(" ")
    );
}

#[tokio::test]
async fn what_became_known_of_a_user_is_told() {
    let scene = Scene::new().await;
    let contact = NewContact {
        name: String::new(),
        email: Some("ann@example.org".to_owned()),
        custom_attributes: json!({ "plan": "gold", "utm_term": "own" }).into(),
        ..NewContact::default()
    };
    contacts::create(
        scene.app.store(),
        scene.account,
        contact,
        None,
        None,
        scene.app.now(),
    )
    .await
    .unwrap();
    let before = get(&scene, "ann@example.org").await.json();
    assert_eq!(before["applications"], json!([]));

    scene.app.advance(TimeDelta::milliseconds(1500));
    let mut body = scene.start_body();
    body["metadata"] = json!({ "utm_source": "news", "utm_extra": 1 });
    let stream = scene.send(&body).await.json()["streamId"]
        .as_str()
        .unwrap()
        .to_owned();
    scene.app.advance(TimeDelta::milliseconds(1500));
    scene.reply(&stream, "Option 1", Some(OPTION_1)).await;
    scene.reply(&stream, "Ann Lee", None).await;

    let after = get(&scene, "ann@example.org").await.json();
    assert_eq!(after["friendlyName"], json!("Ann Lee"));
    assert_eq!(after["isDefaultFriendlyName"], json!(false));
    assert_eq!(after["name"], json!("ann@example.org"));
    assert_eq!(after["createDate"], json!("2026-03-10T12:00:00.000Z"));
    assert_eq!(after["lastLoginTime"], json!("2026-03-10T12:00:01.500Z"));
    assert_eq!(after["lastActivityDate"], json!("2026-03-10T12:00:03.000Z"));
    assert_eq!(
        after["customProperties"],
        json!({
            "utm_source": "news", "utm_medium": null, "utm_campaign": null, "utm_term": null,
            "utm_content": null, "plan": "gold",
        })
    );
    assert!(after["rowVersion"].as_i64() > before["rowVersion"].as_i64());
}

#[tokio::test]
async fn nobody_is_told_of_users_of_another_account() {
    let scene = Scene::new().await;
    let other = Scene::on_account_of(&scene).await;
    scene.start().await;
    let body = json!({ "apiKey": other, "email": "ann@example.org" });
    let answer = scene.app.post("/secure/user", &body).await;
    assert_eq!(
        answer.pair(),
        (
            404,
            json!({ "apiStatusCode": "UserNotFound", "apiStatusMessage": "no user has this email" })
        )
    );
}

impl Scene {
    /// The key of another account on the same server.
    pub(super) async fn on_account_of(scene: &Self) -> String {
        let account = scene.app.account().await;
        let scope = quartet::model::Scope::Instabot;
        scene.app.key(account, &[scope]).await
    }
}
