//! `POST /users` and `GET /userData/{botUserId}`.

use chrono::TimeDelta;
use quartet::model::{Channel, UserHexId};
use quartet::store::labels;
use serde_json::{Value, json};

use super::{Scene, incoming, refusal, types};

#[tokio::test]
async fn a_user_row_has_the_documented_keys_and_the_live_ones() {
    let scene = Scene::new().await;
    let inbox = scene.inbox(Channel::Webchat).await;
    let ann = scene.person(&inbox, "Ann", "visitor-1").await;
    scene.app.advance(TimeDelta::milliseconds(1500));
    scene.say(&ann, incoming("hi")).await;
    scene.app.advance(TimeDelta::minutes(1));
    scene.say(&ann, incoming("still there?")).await;
    let user_id = UserHexId::new(ann.way.id, ann.way.created_at).to_string();
    assert_eq!(user_id.len(), 24);

    let answer = scene
        .post("/users?page=1&limit=25", &json!({ "channelIds": [1010] }))
        .await;
    let sample = json!({
        "users": [{
            "userId": user_id,
            "botUserId": "visitor-1",
            "userName": "Ann",
            "name": "Ann",
            "channelName": "webchat",
            "createdDate": "2026-03-10T12:00:00.000Z",
            "first interacted date": "2026-03-10T12:00:01.500Z",
            "last interacted date": "2026-03-10T12:01:01.500Z",
        }],
        "page": 1, "pages": 1, "total": 1, "limit": 25, "hasNextPage": 0,
    });
    assert_eq!(answer.pair(), (200, sample));
    let documented = json!({
        "users": [{
            "userId": "string", "channelName": "string", "userName": "string", "createdDate": "string",
            "first interacted date": "string", "last interacted date": "string",
            "botUserId": "string", "name": "string",
        }],
        "page": "number", "pages": "number", "total": "number", "limit": "number", "hasNextPage": "number",
    });
    assert_eq!(types(&answer.json()), documented);
}

#[tokio::test]
async fn every_channel_has_its_number_and_name() {
    let scene = Scene::new().await;
    let names = [
        (1010, "webchat"),
        (1011, "workflow"),
        (1012, "googleBusinessMessages"),
        (1013, "general"),
        (1014, "whatsapp"),
        (1015, "RCSBusinessMessages"),
        (1016, "telegram"),
        (1017, "facebook"),
        (1018, "sms"),
        (1019, "hangoutsChat"),
        (1020, "google"),
        (1021, "instagramMessaging"),
    ];
    for channel in Channel::ALL {
        let inbox = scene.inbox(*channel).await;
        scene.person(&inbox, channel.as_str(), "someone").await;
    }
    for (code, name) in names {
        let users = scene
            .post("/users", &json!({ "channelIds": [code] }))
            .await
            .json();
        assert_eq!(
            (&users["total"], &users["users"][0]["channelName"]),
            (&json!(1), &json!(name))
        );
        let transcripts = scene.transcripts("someone", code).await;
        assert_eq!(transcripts["botUser"]["customFields"]["plan"], "gold");
    }
    for all in [
        json!({}),
        json!({ "channelIds": null }),
        json!({ "channelIds": [] }),
    ] {
        assert_eq!(scene.post("/users", &all).await.json()["total"], 12);
    }
    let two = scene
        .post("/users", &json!({ "channelIds": [1010, 1021] }))
        .await
        .json();
    assert_eq!(two["total"], 2);
}

fn names(page: &Value) -> Vec<String> {
    let users = page["users"].as_array().unwrap();
    users
        .iter()
        .map(|user| user["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn pages_follow_each_other_in_the_order_of_coming_over_all_inboxes() {
    let scene = Scene::new().await;
    let inboxes = [
        scene.inbox(Channel::Webchat).await,
        scene.inbox(Channel::Telegram).await,
    ];
    let mut expected = Vec::new();
    for number in 0..60 {
        let name = format!("user {number:02}");
        scene.person(&inboxes[number % 2], &name, &name).await;
        expected.push(name);
        scene.app.advance(TimeDelta::seconds(1));
    }
    let mut seen = Vec::new();
    for (page, next) in [(1, 1), (2, 1), (3, 0), (4, 0)] {
        let answer = scene
            .post(&format!("/users?page={page}&limit=25"), &json!({}))
            .await
            .json();
        let place = json!([
            answer["page"],
            answer["pages"],
            answer["total"],
            answer["limit"],
            answer["hasNextPage"]
        ]);
        assert_eq!(place, json!([page, 3, 60, 25, next]));
        seen.extend(names(&answer));
    }
    assert_eq!(seen, expected);
    let default = scene.post("/users", &json!({})).await.json();
    assert_eq!((names(&default).len(), &default["limit"]), (50, &json!(50)));
    let far = scene
        .post("/users?page=9223372036854775807&limit=1000", &json!({}))
        .await
        .json();
    assert_eq!((names(&far).len(), &far["total"]), (0, &json!(60)));
}

#[tokio::test]
async fn dates_bound_the_first_coming_both_ends_included() {
    let scene = Scene::new().await;
    let inbox = scene.inbox(Channel::Webchat).await;
    for name in ["a", "b", "c"] {
        scene.person(&inbox, name, name).await;
        scene.app.advance(TimeDelta::hours(1));
    }
    for (dates, expected) in [
        (
            json!({ "startDate": "2026-03-10T13:00:00.000Z" }),
            vec!["b", "c"],
        ),
        (
            json!({ "endDate": "2026-03-10T13:00:00.000Z" }),
            vec!["a", "b"],
        ),
        (
            json!({ "startDate": "2026-03-10T14:00:00+01:00", "endDate": "2026-03-10T13:00:00" }),
            vec!["b"],
        ),
        (json!({ "startDate": "2026-03-11" }), vec![]),
        (
            json!({ "startDate": null, "endDate": "9999-12-31T23:59:59.999Z" }),
            vec!["a", "b", "c"],
        ),
    ] {
        assert_eq!(
            names(&scene.post("/users", &dates).await.json()),
            expected,
            "{dates}"
        );
    }
}

#[tokio::test]
async fn user_data_is_found_by_either_id() {
    let scene = Scene::new().await;
    let inbox = scene.inbox(Channel::WhatsApp).await;
    let ann = scene.person(&inbox, "Ann", "46812345678").await;
    let tags = vec!["vip".to_owned(), "lead".to_owned()];
    labels::add_to_contact(
        scene.app.store(),
        scene.tenant.account,
        ann.contact,
        tags,
        scene.app.now(),
    )
    .await
    .unwrap();
    let data = json!({ "customFields": { "plan": "gold", "visits": 3 }, "tags": ["lead", "vip"] });
    let hex = UserHexId::new(ann.way.id, ann.way.created_at).to_string();
    for id in ["46812345678", "%2B46812345678", &hex, &hex.to_uppercase()] {
        assert_eq!(
            scene.get(&format!("/userData/{id}")).await.pair(),
            (200, data.clone()),
            "{id}"
        );
    }
    let users = scene.post("/users", &json!({})).await.json();
    assert_eq!(users["users"][0]["botUserId"], "+46812345678");

    let of_another_second = format!("00000000{}", &hex[8..]);
    for id in [
        "nobody",
        "a/b",
        &of_another_second,
        "ffffffffffffffffffffffff",
    ] {
        let unknown = refusal(404, "Not Found", "no user has this botUserId");
        let id = id.replace('/', "%2F");
        assert_eq!(
            scene.get(&format!("/userData/{id}")).await.pair(),
            unknown,
            "{id}"
        );
    }
}
