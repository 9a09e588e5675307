//! `GET /botUsage`.

use quartet::model::{AccountId, Channel, MessageKind};
use quartet::store::messages::{From, NewMessage};
use serde_json::{Value, json};

use super::{Scene, refusal, said_at};

async fn usage(scene: &Scene, query: &str) -> Value {
    let answer = scene.get(&format!("/botUsage{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn counted(messages: i64, users: i64) -> Value {
    json!({ "totalMessages": messages, "totalUsers": users })
}

#[tokio::test]
async fn a_months_usage_is_what_was_said_in_it() {
    let scene = Scene::new().await;
    let web = scene.inbox(Channel::Webchat).await;
    let phone = scene.inbox(Channel::WhatsApp).await;
    let ann = scene.person(&web, "Ann", "ann").await;
    let bo = scene.person(&web, "Bo", "bo").await;
    let cy = scene.person(&phone, "Cy", "+46812345678").await;
    for (person, at) in [
        (&ann, "2026-01-31T23:59:59.999Z"),
        (&ann, "2026-02-01T00:00:00Z"),
        (&ann, "2026-02-28T23:59:59.999Z"),
        (&bo, "2026-02-10T08:00:00Z"),
        (&cy, "2026-02-11T08:00:00Z"),
        (&cy, "2026-03-01T00:00:00Z"),
    ] {
        scene.say(person, said_at("hi", at)).await;
    }
    let note = NewMessage {
        private: true,
        ..NewMessage::text(MessageKind::Outgoing, From::System, "psst")
    };
    scene.say(&ann, note).await;
    scene
        .say(
            &ann,
            NewMessage::text(MessageKind::Activity, From::System, "resolved"),
        )
        .await;

    assert_eq!(usage(&scene, "?monthDate=2026-01-01").await, counted(1, 1));
    assert_eq!(usage(&scene, "?monthDate=2026-02-17").await, counted(4, 3));
    assert_eq!(
        usage(&scene, "?monthDate=2026-02-17T23:59:59.000Z&channelId=1010").await,
        counted(3, 2)
    );
    assert_eq!(
        usage(&scene, "?monthDate=2026-02-01&channelId=1014").await,
        counted(1, 1)
    );
    assert_eq!(
        usage(&scene, "?monthDate=2026-02-01&channelId=1021").await,
        counted(0, 0)
    );
    // The clock stands in March.
    assert_eq!(usage(&scene, "").await, counted(1, 1));
    assert_eq!(usage(&scene, "?monthDate=1999-01-01").await, counted(0, 0));
}

#[tokio::test]
async fn usage_agrees_with_the_messages_that_are_stored() {
    let scene = Scene::new().await;
    let inbox = scene.inbox(Channel::Webchat).await;
    for name in ["a", "b", "c"] {
        let person = scene.person(&inbox, name, name).await;
        for day in 1..=9 {
            scene
                .say(
                    &person,
                    said_at("hi", &format!("2026-0{}-2{day}T10:00:00Z", 1 + day % 3)),
                )
                .await;
        }
    }
    let mut conn = scene.app.database.connect().await;
    for month in ["2026-01", "2026-02", "2026-03"] {
        let AccountId(account) = scene.tenant.account;
        let (messages, people): (i64, i64) = sqlx::query_as(
            "select count(*), count(distinct contact_inbox_id) from messages
             where account_id = $1 and to_char(created_at, 'YYYY-MM') = $2",
        )
        .bind(account)
        .bind(month)
        .fetch_one(&mut conn)
        .await
        .unwrap();
        assert_eq!(
            usage(&scene, &format!("?monthDate={month}-15")).await,
            counted(messages, people)
        );
    }
}

#[tokio::test]
async fn a_bad_month_or_channel_is_refused() {
    let scene = Scene::new().await;
    let date = "monthDate must be an ISO 8601 date in UTC";
    for (query, message) in [
        ("?monthDate=", date),
        ("?monthDate=2026-02", date),
        ("?monthDate=2026-02-30", date),
        ("?monthDate=yesterday", date),
        ("?monthDate=%2B262142-01-01", date),
        ("?channelId=x", "channelId must be an integer"),
        (
            "?channelId=9223372036854775808",
            "channelId must be an integer",
        ),
        ("?channelId=1009", "channelId: there is no channel 1009"),
        (
            "?channelId=1010&channelId=1014",
            "Failed to deserialize query string: duplicate field `channelId`",
        ),
    ] {
        let answer = scene.get(&format!("/botUsage{query}")).await;
        assert_eq!(
            answer.pair(),
            refusal(400, "Bad Request", message),
            "{query}"
        );
    }
}
