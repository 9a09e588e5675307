//! `POST /transcripts`.

use chrono::TimeDelta;
use quartet::model::{AgentId, Channel, MessageKind, Role};
use quartet::store::messages::{From, NewMessage};
use serde_json::{Value, json};

use super::{Scene, incoming, refusal, said_at, types};

fn texts(answer: &Value) -> Vec<String> {
    let rows = answer["transcripts"].as_array().unwrap();
    rows.iter()
        .map(|row| row["text"]["message"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_transcript_has_the_documented_keys_and_the_live_ones() {
    let scene = Scene::new().await;
    let inbox = scene.inbox(Channel::WhatsApp).await;
    let ann = scene.person(&inbox, "Ann", "+919876543210").await;
    let message = scene.say(&ann, incoming("Hello")).await;
    let id = format!(
        "{:08x}{:016x}",
        message.created_at.timestamp(),
        message.id.0
    );
    let expected = json!({
        "botUser": { "customFields": { "plan": "gold", "visits": 3 }, "tags": [] },
        "transcripts": [{
            "_id": id,
            "from": "User",
            "type": "text",
            "text": { "message": "Hello", "buttons": [], "isRating": false },
            "createdAt": "2026-03-10T12:00:00.000Z",
            "updatedAt": "2026-03-10T12:00:00.000Z",
            "isPreviewUser": false,
            "isFromAgent": false,
        }],
        "paginationDetails": { "page": 1, "pages": 1, "total": 1, "limit": 50 },
    });
    for id in ["+919876543210", "919876543210"] {
        assert_eq!(scene.transcripts(id, 1014).await, expected);
    }
    let documented = json!({
        "botUser": { "customFields": { "plan": "string", "visits": "number" }, "tags": [] },
        "transcripts": [{
            "_id": "string", "from": "string", "type": "string",
            "text": { "message": "string", "buttons": [], "isRating": "boolean" },
            "createdAt": "string", "updatedAt": "string", "isPreviewUser": "boolean", "isFromAgent": "boolean",
        }],
        "paginationDetails": { "page": "number", "pages": "number", "total": "number", "limit": "number" },
    });
    assert_eq!(types(&expected), documented);
}

#[tokio::test]
async fn it_is_told_who_spoke_and_notes_and_activity_are_not_told() {
    let scene = Scene::new().await;
    let inbox = scene.inbox(Channel::Webchat).await;
    let ann = scene.person(&inbox, "Ann", "ann").await;
    let AgentId(agent) = scene
        .app
        .agent(scene.tenant.account, "Jane Doe", Role::Agent)
        .await
        .id;
    let agent = From::Agent(AgentId(agent));
    let outgoing = |from, text| NewMessage::text(MessageKind::Outgoing, from, text);
    for new in [
        incoming("to all"),
        outgoing(From::Bot(scene.tenant.bot), "bot"),
        outgoing(agent, "agent"),
        NewMessage {
            private: true,
            ..outgoing(agent, "note")
        },
        NewMessage::text(MessageKind::Activity, From::System, "assigned"),
        NewMessage::text(MessageKind::Template, From::System, "greeting"),
    ] {
        scene.say(&ann, new).await;
    }
    let answer = scene.transcripts("ann", 1010).await;
    let rows = answer["transcripts"].as_array().unwrap();
    let who: Vec<Value> = rows
        .iter()
        .map(|row| json!([row["from"], row["text"]["message"], row["isFromAgent"]]))
        .collect();
    assert_eq!(
        json!(who),
        json!([
            ["User", "to all", false],
            ["Bot", "bot", false],
            ["Agent", "agent", true],
            ["Bot", "greeting", false],
        ])
    );
    assert_eq!(answer["paginationDetails"]["total"], 4);
}

#[tokio::test]
async fn somebody_who_tries_the_bot_out_is_marked() {
    let scene = Scene::new().await;
    let inbox = scene.inbox(Channel::Webchat).await;
    let ann = scene.person(&inbox, "Ann", "ann").await;
    scene.say(&ann, incoming("test")).await;
    let mut conn = scene.app.database.connect().await;
    sqlx::query("update contacts set is_test = true where account_id = $1 and id = $2")
        .bind(scene.tenant.account.0)
        .bind(ann.contact.0)
        .execute(&mut conn)
        .await
        .unwrap();
    assert_eq!(
        scene.transcripts("ann", 1010).await["transcripts"][0]["isPreviewUser"],
        true
    );
}

#[tokio::test]
async fn all_conversations_of_a_user_in_a_channel_are_one_list_oldest_first() {
    let scene = Scene::new().await;
    let (one, two) = (
        scene.inbox(Channel::Webchat).await,
        scene.inbox(Channel::Webchat).await,
    );
    let other = scene.inbox(Channel::Telegram).await;
    let people = [
        scene.person(&one, "Ann", "7").await,
        scene.person(&two, "Ann", "7").await,
        scene.person(&other, "Bo", "7").await,
    ];
    for (person, text, at) in [
        (0, "third", "2026-03-03T00:00:00Z"),
        (1, "first", "2026-03-01T00:00:00Z"),
        (2, "elsewhere", "2026-03-01T12:00:00Z"),
        (1, "second", "2026-03-02T00:00:00Z"),
        (0, "fourth", "2026-03-03T00:00:00Z"),
    ] {
        scene.say(&people[person], said_at(text, at)).await;
    }
    let answer = scene.transcripts("7", 1010).await;
    assert_eq!(texts(&answer), ["first", "second", "third", "fourth"]);
    assert_eq!(texts(&scene.transcripts("7", 1016).await), ["elsewhere"]);
}

#[tokio::test]
async fn pages_follow_each_other() {
    let scene = Scene::new().await;
    let inbox = scene.inbox(Channel::Webchat).await;
    let ann = scene.person(&inbox, "Ann", "ann").await;
    let mut expected = Vec::new();
    for number in 0..60 {
        let text = format!("message {number:02}");
        scene.say(&ann, incoming(&text)).await;
        expected.push(text);
    }
    let mut seen = Vec::new();
    for page in 1..=4 {
        let path = format!("/transcripts?page={page}&limit=25");
        let answer = scene
            .post(&path, &json!({ "botUserId": "ann", "channelId": 1010 }))
            .await
            .json();
        let details = json!({ "page": page, "pages": 3, "total": 60, "limit": 25 });
        assert_eq!(answer["paginationDetails"], details);
        seen.extend(texts(&answer));
    }
    assert_eq!(seen, expected);
    assert_eq!(texts(&scene.transcripts("ann", 1010).await), expected[..50]);
}

#[tokio::test]
async fn a_range_reaches_three_months_back_and_includes_both_its_ends() {
    let scene = Scene::new().await;
    let inbox = scene.inbox(Channel::Webchat).await;
    let ann = scene.person(&inbox, "Ann", "ann").await;
    for (text, at) in [
        ("too old", "2025-12-10T11:59:59.999Z"),
        ("oldest", "2025-12-10T12:00:00.000Z"),
        ("noon", "2026-02-01T12:00:00.000700Z"),
        ("now", "2026-03-10T12:00:00.000Z"),
        ("later", "2026-03-10T12:00:01.000Z"),
    ] {
        scene.say(&ann, said_at(text, at)).await;
    }
    let ask = async |start: Option<&str>, end: Option<&str>| {
        let body =
            json!({ "botUserId": "ann", "channelId": 1010, "startDate": start, "endDate": end });
        scene.post("/transcripts", &body).await
    };
    let noon = Some("2026-02-01T12:00:00.000Z");
    assert_eq!(
        texts(&ask(None, None).await.json()),
        ["oldest", "noon", "now"]
    );
    assert_eq!(texts(&ask(noon, noon).await.json()), ["noon"]);
    assert_eq!(texts(&ask(None, noon).await.json()), ["oldest", "noon"]);
    assert_eq!(
        texts(&ask(noon, Some("2027-01-01")).await.json()),
        ["noon", "now", "later"]
    );
    // Days count, not hours.
    assert_eq!(
        texts(&ask(Some("2025-12-10"), noon).await.json()),
        ["too old", "oldest", "noon"]
    );

    let old = |name: &str| {
        refusal(
            400,
            "Bad Request",
            &format!("{name} must not be older than 3 months"),
        )
    };
    assert_eq!(
        ask(Some("2025-12-09T23:59:59.999Z"), None).await.pair(),
        old("startDate")
    );
    assert_eq!(ask(None, Some("2025-12-09")).await.pair(), old("endDate"));
    let reversed = refusal(400, "Bad Request", "startDate must not be after endDate");
    assert_eq!(
        ask(noon, Some("2026-02-01T11:59:59.999Z")).await.pair(),
        reversed
    );
    assert_eq!(ask(Some("2026-03-11"), None).await.pair(), reversed);
    scene.app.advance(TimeDelta::hours(23));
    assert_eq!(
        texts(&ask(Some("2026-03-01"), None).await.json()),
        ["now", "later"]
    );
}

#[tokio::test]
async fn an_unknown_user_has_an_empty_page() {
    let scene = Scene::new().await;
    let inbox = scene.inbox(Channel::Webchat).await;
    scene.person(&inbox, "Ann", "ann").await;
    scene.app.advance(TimeDelta::seconds(1));
    let empty = json!({
        "botUser": { "customFields": {}, "tags": [] },
        "transcripts": [],
        "paginationDetails": { "page": 1, "pages": 0, "total": 0, "limit": 50 },
    });
    assert_eq!(scene.transcripts("nobody", 1010).await, empty);
    assert_eq!(scene.transcripts("ann", 1014).await, empty);
}
