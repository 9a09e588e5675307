//! Starting a chat and answering the bot.

use futures_util::future::join_all;
use quartet::model::{ContentType, ConversationStatus, MessageKind};
use quartet::store::messages::{self, Page};
use quartet::store::{contacts, conversations};
use serde_json::json;

use super::{OPTION_1, Scene, reply_body};
use crate::app::{call, json_request};

#[tokio::test]
async fn a_start_is_answered_as_the_vendor_documents_it() {
    let scene = Scene::new().await;
    let answer = scene.send(&scene.start_body()).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let (status, mut body) = answer.pair();
    let stream = body["streamId"].take();
    assert_eq!(
        (status, body),
        (
            200,
            json!({
                "messages": [
                    { "text": "Hello!" },
                    {
                        "text": "Please choose an option",
                        "quick_replies": [
                            { "content_type": "text", "title": "Option 1", "payload": 478_137_613 },
                            { "content_type": "text", "title": "Option 2", "payload": 478_137_614 },
                        ],
                    },
                ],
                "streamId": null,
            })
        )
    );
    let stream: i64 = stream.as_str().unwrap().parse().unwrap();
    assert!(stream > 0);
    let keys = ["text", "quick_replies", "content_type", "title", "payload"];
    let places = keys.map(|key| answer.text().find(&format!("\"{key}\"")).unwrap());
    assert!(places.is_sorted(), "{}", answer.text());
}

#[tokio::test]
async fn the_demo_takes_name_email_and_phone_and_ends() {
    let scene = Scene::new().await;
    let stream = scene.start().await;
    let said = scene.reply(&stream, "Option 1", Some(OPTION_1)).await;
    assert_eq!(said, json!([{ "text": "What is your name?" }]));
    let said = scene.reply(&stream, " Ann Lee ", None).await;
    assert_eq!(
        said,
        json!([{ "text": "Nice to meet you, Ann Lee. What is your e-mail address?" }])
    );
    let said = scene.reply(&stream, "nowhere", None).await;
    assert_eq!(
        said,
        json!([{ "text": "That does not look like an e-mail address. Please try again" }])
    );
    scene.reply(&stream, "Ann.Lee@Example.org", None).await;
    let said = scene.reply(&stream, "(415) 555-2671", None).await;
    assert_eq!(
        said,
        json!([{ "text": "Thank you, Ann Lee. We will be in touch." }])
    );

    let answer = scene.send(&reply_body(&stream, "Hello?", None)).await;
    assert_eq!(
        answer.pair(),
        (
            409,
            json!({
                "apiStatusCode": "ChatEnded",
                "apiStatusMessage": "the chat has ended: start another one",
            })
        )
    );
    let contact = contacts::find_by_email(scene.app.store(), scene.account, "ann.lee@example.org");
    let contact = contact.await.unwrap().unwrap();
    assert_eq!(contact.name, "Ann Lee");
    assert_eq!(contact.phone_number.as_deref(), Some("+14155552671"));
    let id = scene.conversation(&stream).await;
    let conversation = conversations::get(scene.app.store(), scene.account, id).await;
    assert_eq!(conversation.unwrap().status, ConversationStatus::Resolved);
    assert_eq!(scene.transcript(id).await.len(), 12);
}

#[tokio::test]
async fn an_answer_that_will_not_do_is_asked_for_again() {
    let scene = Scene::new().await;
    let stream = scene.start().await;
    let again = json!([{
        "text": "Please choose one of the options",
        "quick_replies": [
            { "content_type": "text", "title": "Option 1", "payload": 478_137_613 },
            { "content_type": "text", "title": "Option 2", "payload": 478_137_614 },
        ],
    }]);
    assert_eq!(scene.reply(&stream, "Option 3", None).await, again);
    assert_eq!(scene.reply(&stream, "Option 1", Some(1)).await, again);
    let said = scene.reply(&stream, " option 1 ", None).await;
    assert_eq!(said, json!([{ "text": "What is your name?" }]));
}

#[tokio::test]
async fn a_stream_may_be_a_number_and_a_key_may_come_with_a_reply() {
    let scene = Scene::new().await;
    let stream = scene.start().await;
    let number: i64 = stream.parse().unwrap();
    let body = json!({
        "streamId": number, "apiKey": scene.key, "start": false, "else": [1],
        "message": { "text": "Option 1", "payload": null },
    });
    assert_eq!(
        scene.send(&body).await.pair(),
        (
            200,
            json!({ "messages": [{ "text": "What is your name?" }], "streamId": stream })
        )
    );
    let prefixed = scene
        .app
        .post("/instabot/secure/send", &reply_body(&stream, "Ann", None))
        .await;
    assert_eq!(prefixed.status, 200);
}

#[tokio::test]
async fn every_start_is_a_new_conversation_of_the_same_contact() {
    let scene = Scene::new().await;
    let mut body = scene.start_body();
    body["metadata"] =
        json!({ "somekey": "somevalue", "utm_source": "news", "deep": { "a": [1] } });
    let first = scene.send(&body).await.json()["streamId"].clone();
    body["email"] = json!(" Ann@Example.org ");
    body["metadata"] = json!(null);
    let second = scene.send(&body).await.json()["streamId"].clone();
    assert_ne!(first, second);

    let store = scene.app.store();
    let first = scene.conversation(first.as_str().unwrap()).await;
    let second = scene.conversation(second.as_str().unwrap()).await;
    let first = conversations::get(store, scene.account, first)
        .await
        .unwrap();
    let second = conversations::get(store, scene.account, second)
        .await
        .unwrap();
    assert_eq!((first.id.0, second.id.0), (1, 2));
    assert_eq!(first.contact_inbox, second.contact_inbox);
    assert_eq!(first.status, ConversationStatus::Pending);
    assert_eq!(
        json!(first.custom_attributes.0),
        json!({ "somekey": "somevalue", "utm_source": "news", "deep": { "a": [1] } })
    );
    assert_eq!(json!(second.custom_attributes.0), json!({}));
    let contact = contacts::get(store, scene.account, first.contact)
        .await
        .unwrap();
    assert_eq!(json!(contact.campaign.0), json!({ "utm_source": "news" }));
}

#[tokio::test]
async fn the_bot_speaks_as_itself_and_its_options_are_kept_with_its_question() {
    let scene = Scene::new().await;
    let stream = scene.start().await;
    scene.reply(&stream, "Option 1", Some(OPTION_1)).await;
    let id = scene.conversation(&stream).await;
    let messages = messages::list(scene.app.store(), scene.account, id, Page::Newest(10)).await;
    let messages = messages.unwrap();
    let kinds: Vec<_> = messages.iter().map(|message| message.kind).collect();
    use MessageKind::{Incoming, Outgoing};
    assert_eq!(kinds, [Outgoing, Outgoing, Incoming, Outgoing]);
    assert_eq!(messages[1].content_type, ContentType::InputSelect);
    assert_eq!(
        json!(messages[1].content_attributes.0),
        json!({ "items": [
            { "title": "Option 1", "value": "478137613" },
            { "title": "Option 2", "value": "478137614" },
        ] })
    );
    assert!(format!("{:?}", messages[0].sender).contains("Botty"));
}

#[tokio::test]
async fn rich_content_stands_beside_its_text() {
    let scene = Scene::with(
        "
version: 1
start: show
nodes:
  show:
    say: { text: A shoe, rich: { type: card, card: { title: Shoe } }, next: end }
",
    )
    .await;
    let body = scene.send(&scene.start_body()).await.json();
    assert_eq!(
        body["messages"],
        json!([{
            "text": "A shoe",
            "attachment": { "type": "card", "card": { "title": "Shoe", "buttons": [] } }
        }])
    );
}

#[tokio::test]
async fn a_bot_says_how_long_it_types_only_if_its_author_does() {
    let scene = Scene::with(
        "
version: 1
start: show
nodes:
  show:
    say: { text: [One, Two], typing_ms: 700, next: ask }
  ask:
    free_text: { text: Well?, next: end }
",
    )
    .await;
    let body = scene.send(&scene.start_body()).await.json();
    assert_eq!(
        body["messages"],
        json!([{ "text": "One", "typing_ms": 700 }, { "text": "Two", "typing_ms": 700 }, { "text": "Well?" }])
    );
}

#[tokio::test]
async fn the_address_of_somebody_else_is_not_taken() {
    let scene = Scene::new().await;
    let mut body = scene.start_body();
    body["email"] = json!("bob@example.org");
    scene.send(&body).await;
    let stream = scene.start().await;
    scene.reply(&stream, "Option 1", None).await;
    scene.reply(&stream, "Ann", None).await;
    let said = scene.reply(&stream, "bob@example.org", None).await;
    assert_eq!(said, json!([{ "text": "And your phone number?" }]));
    let ann = contacts::find_by_email(scene.app.store(), scene.account, "ann@example.org").await;
    assert_eq!(ann.unwrap().unwrap().name, "Ann");
}

/// A flow that asks for ever.
const ENDLESS: &str = "
version: 1
start: ask
nodes:
  ask:
    free_text: { text: And then?, next: heard }
  heard:
    say: { text: 'I heard {{ answers.ask }}', next: ask }
";

#[tokio::test]
async fn replies_at_the_same_moment_are_taken_one_after_the_other() {
    let scene = Scene::with(ENDLESS).await;
    let stream = scene.start().await;
    let routers = [scene.app.router(), scene.app.second_router()];
    let replies = (0..24).map(|at| {
        let body = reply_body(&stream, &format!("word {at}"), None);
        let request = json_request(axum::http::Method::POST, "/secure/send", &[], &body);
        call(routers[at % 2].clone(), request)
    });
    for (at, answer) in join_all(replies).await.into_iter().enumerate() {
        assert_eq!(
            answer.json()["messages"],
            json!([{ "text": format!("I heard word {at}") }, { "text": "And then?" }])
        );
    }
    let id = scene.conversation(&stream).await;
    let transcript = scene.transcript(id).await;
    assert_eq!(transcript.len(), 1 + 24 * 3);
    for turn in transcript[1..].chunks(3) {
        let word = turn[0].strip_prefix("incoming ").unwrap();
        assert_eq!(turn[1], format!("outgoing I heard {word}"));
        assert_eq!(turn[2], "outgoing And then?");
    }
}

#[tokio::test]
async fn starts_at_the_same_moment_share_a_new_contact() {
    let scene = Scene::new().await;
    let routers = [scene.app.router(), scene.app.second_router()];
    let starts = (0..8).map(|at| {
        let body = scene.start_body();
        let request = json_request(axum::http::Method::POST, "/secure/send", &[], &body);
        call(routers[at % 2].clone(), request)
    });
    let mut contacts = Vec::new();
    for answer in join_all(starts).await {
        assert_eq!(answer.status, 200, "{}", answer.text());
        let stream = answer.json()["streamId"].as_str().unwrap().to_owned();
        let id = scene.conversation(&stream).await;
        let conversation = conversations::get(scene.app.store(), scene.account, id).await;
        contacts.push(conversation.unwrap().contact_inbox);
    }
    contacts.dedup();
    assert_eq!(contacts.len(), 1);
}

#[tokio::test]
async fn an_option_keeps_its_number_and_a_chat_its_version() {
    let flow = |question: &str, options: &str| {
        format!(
            "
version: 1
start: ask
nodes:
  ask:
    multiple_choice:
      text: {question}
      options: [{options}]
"
        )
    };
    let red = "{ title: Red, next: end }";
    let blue = "{ title: Blue, next: end }";
    let scene = Scene::with(&flow("One?", red)).await;
    let old = scene.start().await;
    let first = scene.send(&scene.start_body()).await.json()["messages"][0].clone();
    let number = first["quick_replies"][0]["payload"].as_i64().unwrap();
    assert!(number >= 478_137_615);

    scene
        .publish(&flow("Two?", &format!("{blue}, {red}")))
        .await;
    let second = scene.send(&scene.start_body()).await.json()["messages"][0].clone();
    assert_eq!(second["text"], json!("Two?"));
    assert_eq!(second["quick_replies"][1]["payload"], json!(number));
    assert_ne!(second["quick_replies"][0]["payload"], json!(number));
    let again = scene.reply(&old, "Blue", None).await;
    assert_eq!(
        again,
        json!([first]),
        "a chat stays on the flow it began with"
    );
}
