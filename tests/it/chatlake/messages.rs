//! Messages: posting in every form, and paging.

use axum::body::Body;
use axum::http::Method;
use quartet::model::{Channel, MessageKind, RichKind};
use quartet::store;
use quartet::store::messages::{From, NewMessage};
use serde_json::{Value, json};

use super::{Office, contents};
use crate::app::TestApp;

const MESSAGES: &str = "/conversations/1/messages";

#[tokio::test]
async fn a_message_of_either_side_has_all_its_keys() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let outgoing = json!({
        "content": "Hello", "private": "false", "echo_id": "e-1", "source_id": "WAID:1", "content_attributes": "{\"a\":1}"
    });
    assert_eq!(
        office.agent.post(MESSAGES, &outgoing).await.pair(),
        (
            200,
            json!({
                "content": "Hello", "content_attributes": {"a": 1}, "content_type": "text", "conversation_id": 1,
                "created_at": 1_773_144_000, "echo_id": "e-1", "id": 1, "inbox_id": 1, "message_type": 1,
                "private": false, "source_id": "WAID:1", "status": "sent",
                "sender": {
                    "availability_status": "offline", "available_name": "Jane Doe 1", "avatar_url": "", "id": 2,
                    "name": "Jane Doe 1", "thumbnail": "", "type": "user"
                }
            })
        )
    );
    let incoming = json!({"content": "Hi", "message_type": "incoming"});
    assert_eq!(
        office.agent.post(MESSAGES, &incoming).await.pair(),
        (
            200,
            json!({
                "content": "Hi", "content_attributes": {}, "content_type": "text", "conversation_id": 1,
                "created_at": 1_773_144_000, "id": 2, "inbox_id": 1, "message_type": 0, "private": false,
                "source_id": null, "status": "sent",
                "sender": {
                    "additional_attributes": {}, "blocked": false, "custom_attributes": {}, "email": null, "id": 1,
                    "identifier": null, "name": "Pranav", "phone_number": null, "thumbnail": "", "type": "contact"
                }
            })
        )
    );
    let list = office.agent.get(MESSAGES).await.json();
    assert_eq!(
        list["meta"],
        json!({
            "additional_attributes": {}, "agent_last_seen_at": null, "assignee_last_seen_at": null, "labels": [],
            "contact": {
                "additional_attributes": {}, "blocked": false, "custom_attributes": {}, "email": null, "id": 1,
                "identifier": null, "name": "Pranav", "phone_number": null, "thumbnail": "", "type": "contact"
            }
        })
    );
    assert_eq!(contents(&list), ["Hello", "Hi"]);
    assert_eq!(list["payload"][0].get("echo_id"), None);
}

/// A multipart form of texts, in chunks and without a length.
fn chunked(parts: &[(&str, &str)]) -> Body {
    let mut form = String::new();
    for (name, text) in parts {
        form +=
            &format!("--xx\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
    }
    form += "--xx--\r\n";
    let chunks: Vec<Result<Vec<u8>, std::io::Error>> = form
        .into_bytes()
        .chunks(7)
        .map(|chunk| Ok(chunk.to_vec()))
        .collect();
    Body::from_stream(futures_util::stream::iter(chunks))
}

const MULTIPART: [(&str, &str); 1] = [("content-type", "multipart/form-data; boundary=xx")];

#[tokio::test]
async fn a_message_may_come_as_chunked_multipart() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let body = chunked(&[
        ("content", "Hello ✓"),
        ("private", "true"),
        ("message_type", "outgoing"),
        ("content_attributes", "{\"in\":{\"side\":true}}"),
    ]);
    let message = office
        .agent
        .send(Method::POST, MESSAGES, &MULTIPART, body)
        .await;
    assert_eq!(message.status, 200, "{}", message.text());
    let message = message.json();
    assert_eq!(message["content"], "Hello ✓");
    assert_eq!(message["private"], true);
    assert_eq!(message["content_attributes"], json!({"in": {"side": true}}));
}

#[tokio::test]
async fn interactive_messages_are_checked() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let select = json!({
        "content": "Which?", "content_type": "input_select",
        "content_attributes": {"items": [{"title": "One", "value": "1"}]}
    });
    let message = office.agent.post(MESSAGES, &select).await.json();
    assert_eq!(message["content_type"], "input_select");
    assert_eq!(message["content_attributes"], select["content_attributes"]);
    for (content_type, attributes, refusal) in [
        (
            "form",
            json!({}),
            "Validation failed: Content attributes At least one item is required.",
        ),
        (
            "article",
            json!({"items": [{"titel": "x"}]}),
            "Validation failed: Content attributes contains invalid keys for items : [:titel]",
        ),
        (
            "carrots",
            json!({}),
            "'carrots' is not a valid content_type",
        ),
    ] {
        let body =
            json!({"content": "x", "content_type": content_type, "content_attributes": attributes});
        assert_eq!(
            office.agent.post(MESSAGES, &body).await.pair(),
            (422, json!({"error": refusal}))
        );
    }
}

#[tokio::test]
async fn every_refusal_of_a_message_has_one_shape_and_stores_nothing() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    for (body, refusal) in [
        (
            json!({"message_type": "carrier pigeon"}),
            "'carrier pigeon' is not a valid message_type",
        ),
        (
            json!({"message_type": 7}),
            "'7' is not a valid message_type",
        ),
        (
            json!({"content": 5}),
            "content: invalid type: integer `5`, expected a string",
        ),
        (
            json!({"private": "perhaps"}),
            "private: true or false is expected",
        ),
        (
            json!({"content_attributes": "{"}),
            "content_attributes: the body is not valid JSON: EOF while parsing an object",
        ),
        (
            json!({"content": "x".repeat(150_001)}),
            "Validation failed: Content is too long (maximum is 150000 characters)",
        ),
        (
            json!({"content_attributes": {"type": "card", "card": {}}}),
            "Validation failed: Content attributes card.title is missing",
        ),
    ] {
        let answer = office.agent.post(MESSAGES, &body).await;
        assert_eq!(answer.pair(), (422, json!({"error": refusal})));
    }
    assert_eq!(
        office.agent.get(MESSAGES).await.json()["payload"],
        json!([])
    );
    assert_eq!(
        office
            .agent
            .post("/conversations/99/messages", &json!({}))
            .await
            .status,
        404
    );
    let empty = office.agent.post(MESSAGES, &json!({})).await;
    assert_eq!(
        (empty.status.as_u16(), &empty.json()["content"]),
        (200, &json!(null))
    );
}

#[tokio::test]
async fn only_an_api_inbox_takes_what_a_contact_says() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let inbox = app.inbox(office.account, Channel::Telegram).await.id;
    let contact = json!({"name": "Ann", "inbox_id": inbox.0, "source_id": "t"});
    office.admin.post("/contacts", &contact).await;
    office
        .admin
        .post("/conversations", &json!({"source_id": "t"}))
        .await;
    let incoming = json!({"content": "Hi", "message_type": "incoming"});
    assert_eq!(
        office.admin.post(MESSAGES, &incoming).await.pair(),
        (
            422,
            json!({"error": "Incoming messages are only allowed in Api inboxes"})
        )
    );
}

#[tokio::test]
async fn a_source_id_that_comes_again_gives_the_first_message() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let body = json!({"content": "Hi", "message_type": "incoming", "source_id": "WAID:7"});
    let first = office.agent.post(MESSAGES, &body).await;
    let again = office.agent.post(MESSAGES, &body).await;
    assert_eq!(again.pair(), first.pair());
    assert_eq!(contents(&office.agent.get(MESSAGES).await.json()), ["Hi"]);
}

#[tokio::test]
async fn a_repeat_of_a_named_message_is_not_posted_again() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let body = json!({"content": "Hi"});
    let both = tokio::join!(
        office.agent.post_once("k", MESSAGES, &body),
        office.agent.post_once("k", MESSAGES, &body)
    );
    assert_eq!(both.0.pair(), both.1.pair());
    assert_eq!(contents(&office.agent.get(MESSAGES).await.json()), ["Hi"]);
}

#[tokio::test]
async fn messages_are_paged_by_id_and_always_ascend() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let conversation = office.conversation("p-1").await;
    for number in 1..=130 {
        let text = NewMessage::text(MessageKind::Incoming, From::Contact, format!("{number}"));
        let id = quartet::model::ConversationId(conversation);
        store::messages::post(app.store(), office.account, id, text, None, app.now())
            .await
            .unwrap();
    }
    let ids = async |query: &str| {
        let list = office
            .agent
            .get(&format!("{MESSAGES}?{query}"))
            .await
            .json();
        let ids: Vec<i64> = list["payload"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m["id"].as_i64().unwrap())
            .collect();
        assert!(ids.is_sorted());
        (ids.first().copied(), ids.last().copied(), ids.len())
    };
    assert_eq!(ids("").await, (Some(111), Some(130), 20));
    assert_eq!(ids("before=111").await, (Some(91), Some(110), 20));
    assert_eq!(ids("before=1").await, (None, None, 0));
    assert_eq!(ids("after=5").await, (Some(6), Some(105), 100));
    assert_eq!(ids("after=130").await, (None, None, 0));
    assert_eq!(ids("after=5&before=128").await, (Some(5), Some(127), 123));
    for wrong in ["before=x", "after=99999999999999999999"] {
        assert_eq!(
            office
                .agent
                .get(&format!("{MESSAGES}?{wrong}"))
                .await
                .status,
            422,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn what_is_internal_can_be_left_out() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    for body in [
        json!({"content": "Hi"}),
        json!({"content": "Note", "private": true}),
    ] {
        office.agent.post(MESSAGES, &body).await;
    }
    office
        .admin
        .post("/conversations/1/toggle_status", &json!({}))
        .await;
    let all = office.agent.get(MESSAGES).await.json();
    assert_eq!(
        contents(&all),
        [
            "Hi",
            "Note",
            "Conversation was marked resolved by John Doe 1"
        ]
    );
    let public = office
        .agent
        .get(&format!("{MESSAGES}?filter_internal_messages=1"))
        .await
        .json();
    assert_eq!(contents(&public), ["Hi"]);
}

/// The smallest body of a kind.
fn smallest(kind: RichKind) -> Value {
    use quartet::model::Rich;
    let mut body = if kind == RichKind::Carousel {
        json!([])
    } else {
        json!({})
    };
    // A refusal names the field that is missing or of which type it must be.
    for _ in 0..50 {
        let Err(malformed) = Rich::parse(kind, &body) else {
            return body;
        };
        let path: Vec<&str> = malformed.path.split('.').skip(1).collect();
        let mut place = &mut body;
        for name in path {
            let (name, in_list) = match name.split_once('[') {
                Some((name, _)) => (name, true),
                None => (name, false),
            };
            place = &mut place[name];
            if in_list {
                place = &mut place[0];
            }
        }
        *place = if malformed.fault.contains("array") {
            json!([])
        } else if malformed.fault.contains("object") {
            json!({})
        } else if malformed.fault.contains("true or false") {
            json!(true)
        } else if malformed.fault.contains("number") {
            json!(1)
        } else {
            json!("x")
        };
    }
    panic!(
        "no body of {kind} was found, {body} is the last one: {:?}",
        Rich::parse(kind, &body)
    );
}

#[tokio::test]
async fn every_rich_kind_comes_in_and_goes_out() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    for kind in RichKind::ALL {
        let name = kind.as_str();
        let attributes = json!({"type": name, name: smallest(*kind), "mine": 1});
        let body = json!({"content": "x", "content_attributes": attributes});
        let posted = office.agent.post(MESSAGES, &body).await;
        assert_eq!(posted.status, 200, "{name}: {}", posted.text());
        let posted = posted.json();
        assert_eq!(posted["content_attributes"]["type"], name);
        assert_eq!(posted["content_attributes"]["mine"], 1);
        let id = quartet::model::MessageId(posted["id"].as_i64().unwrap());
        let message = store::messages::get(app.store(), office.account, id)
            .await
            .unwrap();
        let rich = message.rich.unwrap();
        assert_eq!(rich.kind, *kind);
        assert_eq!(posted["content_attributes"][name], rich.body);
    }
    let card = json!({"content_attributes": {"type": "card", "card": {"title": "Tea"}}});
    assert_eq!(
        office.agent.post(MESSAGES, &card).await.json()["content"],
        "Tea"
    );
    let no_rich = json!({"content": "x", "content_attributes": {"type": "card", "card": "mine"}});
    let posted = office.agent.post(MESSAGES, &no_rich).await.json();
    assert_eq!(posted["content_attributes"], no_rich["content_attributes"]);
}
