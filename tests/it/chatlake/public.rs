//! The client API: a visitor from its first call to its rating.

use axum::body::Body;
use axum::http::{Method, Request};
use chrono::TimeDelta;
use quartet::model::{Channel, EventKind};
use quartet::store;
use serde_json::{Value, json};

use super::Office;
use crate::app::{Answer, TestApp};
use crate::receiver::Receiver;

/// A program that knows the name of an inbox.
pub(super) struct Page<'a> {
    app: &'a TestApp,
    pub(super) inbox: String,
}

impl<'a> Page<'a> {
    pub(super) async fn of(office: &Office<'a>) -> Self {
        let inbox = store::inboxes::get(office.app.store(), office.account, office.inbox).await;
        Self {
            app: office.app,
            inbox: inbox.unwrap().identifier,
        }
    }

    pub(super) async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        let path = format!("/public/api/v1/inboxes/{}{path}", self.inbox);
        self.app.send(method, &path, &[], body).await
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        let path = format!("/public/api/v1/inboxes/{}{path}", self.inbox);
        self.app.get(&path).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, body).await
    }

    /// A visitor with this id and a conversation.
    pub(super) async fn visitor(&self, source_id: &str) -> Value {
        let body =
            json!({"source_id": source_id, "name": "Ann", "identifier": format!("id-{source_id}")});
        let contact = self.post("/contacts", &body).await.json();
        let path = format!("/contacts/{source_id}/conversations");
        self.post(&path, &json!({})).await;
        contact
    }
}

#[tokio::test]
async fn an_inbox_tells_its_visitors_a_little_of_itself() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    let mut shown = page.get("").await.json();
    let hours = shown.as_object_mut().unwrap().remove("working_hours");
    assert_eq!(hours.unwrap().as_array().unwrap().len(), 7);
    assert_eq!(
        shown,
        json!({
            "identifier": page.inbox, "identity_validation_enabled": false, "name": "Inbox", "timezone": "UTC",
            "working_hours_enabled": false, "csat_survey_enabled": false, "greeting_enabled": false
        })
    );
}

#[tokio::test]
async fn a_visitor_comes_in_and_is_known_again() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    let body = json!({
        "source_id": "a", "identifier": "u-1", "email": "Ann@Example.org", "phone_number": "+14155552671",
        "name": "Ann", "avatar_url": "https://example.org/a.png", "custom_attributes": {"plan": "gold"},
        "blocked": true
    });
    let (status, ann) = page.post("/contacts", &body).await.pair();
    let token = ann["pubsub_token"].clone();
    assert_eq!(
        (status, &ann),
        (
            200,
            &json!({
                "source_id": "a", "pubsub_token": token, "id": 1, "name": "Ann", "email": "ann@example.org",
                "phone_number": "+14155552671"
            })
        )
    );
    assert_eq!(page.get("/contacts/a").await.pair(), (200, ann.clone()));
    let contact = office.admin.get("/contacts/1").await.json();
    assert_eq!(contact["payload"]["blocked"], false);
    assert_eq!(
        contact["payload"]["custom_attributes"],
        json!({"plan": "gold"})
    );

    let again = page
        .post("/contacts", &json!({"source_id": "a", "name": "Bob"}))
        .await;
    assert_eq!(again.pair(), (200, ann));
    for known in [
        json!({"identifier": "u-1"}),
        json!({"email": "ANN@example.org"}),
        json!({"phone_number": "+14155552671"}),
    ] {
        let way = page.post("/contacts", &known).await.json();
        assert_eq!((&way["id"], &way["name"]), (&json!(1), &json!("Ann")));
        let source_id = way["source_id"].as_str().unwrap();
        assert!(uuid::Uuid::parse_str(source_id).is_ok(), "{source_id}");
        assert_ne!(way["pubsub_token"], token);
    }

    let nobody = page.post("/contacts", &json!({})).await.json();
    assert_eq!(nobody["id"], 2);
    let words: Vec<&str> = nobody["name"].as_str().unwrap().split('-').collect();
    assert_eq!(words.len(), 2, "{words:?}");
}

#[tokio::test]
async fn a_visitor_says_anew_who_it_is() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    page.visitor("a").await;
    let body = json!({
        "name": "Anna", "email": "anna@example.org", "identifier": "other", "custom_attributes": {"b": 2}
    });
    let row = json!({
        "id": 1, "name": "Anna", "email": "anna@example.org", "phone_number": null, "account_id": office.account.0,
        "created_at": "2026-03-10T12:00:00.000Z", "updated_at": "2026-03-10T12:00:00.000Z",
        "additional_attributes": {}, "identifier": "id-a", "custom_attributes": {"b": 2}, "last_activity_at": null,
        "contact_type": "lead", "middle_name": "", "last_name": "", "location": "", "country_code": "",
        "blocked": false, "company_id": null
    });
    let answer = page.send(Method::PATCH, "/contacts/a", &body).await;
    assert_eq!(answer.pair(), (200, row.clone()));
    let more = json!({"custom_attributes": {"c": 3}});
    let answer = page.send(Method::PUT, "/contacts/a", &more).await.json();
    assert_eq!(answer["custom_attributes"], json!({"b": 2, "c": 3}));
    assert_eq!(answer["name"], "Anna");
}

#[tokio::test]
async fn a_visitor_who_turns_out_to_be_somebody_known_becomes_part_of_them() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    let ann = json!({"source_id": "a", "email": "ann@example.org", "name": "Ann"});
    page.post("/contacts", &ann).await;
    page.post("/contacts", &json!({"source_id": "b"})).await;
    page.post("/contacts/b/conversations", &json!({})).await;
    let body = json!({"email": "ann@example.org"});
    let row = page.send(Method::PATCH, "/contacts/b", &body).await.json();
    assert_eq!((&row["id"], &row["name"]), (&json!(1), &json!("Ann")));
    assert_eq!(page.get("/contacts/b").await.json()["id"], 1);
    assert_eq!(page.get("/contacts/b/conversations/1").await.status, 200);
    assert_eq!(office.admin.get("/contacts/2").await.status, 404);

    // Whoever is known by another identifier is another.
    let known = json!({"source_id": "c", "identifier": "u-1", "email": "cid@example.org"});
    page.post("/contacts", &known).await;
    page.visitor("d").await;
    let body = json!({"email": "cid@example.org"});
    assert_eq!(
        page.send(Method::PATCH, "/contacts/d", &body).await.pair(),
        (
            422,
            json!({"message": "Email has already been taken", "attributes": ["email"]})
        )
    );
}

#[tokio::test]
async fn a_conversation_is_begun_looked_at_and_ended_by_its_visitor() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    page.post("/contacts", &json!({"source_id": "a", "name": "Ann"}))
        .await;
    let body = json!({"custom_attributes": {"order": 7}, "additional_attributes": {"x": 1}});
    let (status, begun) = page.post("/contacts/a/conversations", &body).await.pair();
    assert_eq!(
        (status, &begun),
        (
            200,
            &json!({
                "id": 1, "uuid": begun["uuid"], "inbox_id": office.inbox.0, "contact_last_seen_at": 0, "status": "open",
                "agent_last_seen_at": 0, "messages": [], "contact": begun["contact"]
            })
        )
    );
    assert_eq!(begun["contact"]["name"], "Ann");
    let shown = office.admin.get("/conversations/1").await.json();
    assert_eq!(shown["custom_attributes"], json!({"order": 7}));
    assert_eq!(shown["additional_attributes"], json!({}));

    let note = json!({"content": "Psst", "private": true});
    office.agent.post("/conversations/1/messages", &note).await;
    let said = json!({"content": "Hello"});
    office.agent.post("/conversations/1/messages", &said).await;
    page.post("/contacts/a/conversations", &json!({})).await;
    let list = page.get("/contacts/a/conversations").await.json();
    let ids: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["id"])
        .collect();
    assert_eq!(ids, [2, 1]);
    let one = page.get("/contacts/a/conversations/1").await.json();
    assert_eq!(one["messages"].as_array().unwrap().len(), 1);
    assert_eq!(one["messages"][0]["content"], "Hello");

    for _ in 0..2 {
        let path = "/contacts/a/conversations/1/toggle_status";
        let ended = page.post(path, &json!({})).await;
        assert_eq!(
            (ended.status.as_u16(), &ended.json()["status"]),
            (200, &json!("resolved"))
        );
    }
}

#[tokio::test]
async fn a_visitor_speaks_and_sees_what_is_meant_for_it() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    page.visitor("a").await;
    let path = "/contacts/a/conversations/1/messages";
    let body = json!({
        "content": "Hi", "echo_id": "e-1", "message_type": "outgoing", "private": true, "source_id": "mine"
    });
    let contact = json!({
        "additional_attributes": {}, "blocked": false, "custom_attributes": {}, "email": null, "id": 1,
        "identifier": "id-a", "name": "Ann", "phone_number": null, "thumbnail": "", "type": "contact"
    });
    let mut hi = json!({
        "id": 1, "content": "Hi", "echo_id": "e-1", "message_type": 0, "content_type": "text", "content_attributes": {},
        "created_at": 1_773_144_000, "conversation_id": 1, "sender": contact
    });
    assert_eq!(page.post(path, &body).await.pair(), (200, hi.clone()));
    hi.as_object_mut().unwrap().remove("echo_id");
    let note = json!({"content": "Psst", "private": true});
    office.agent.post("/conversations/1/messages", &note).await;
    let list = page.get(path).await;
    assert_eq!(list.pair(), (200, json!([hi])));
    for text in ["Two", "Three"] {
        let said = json!({"content": text});
        office.agent.post("/conversations/1/messages", &said).await;
    }
    let before = page.get(&format!("{path}?before=4")).await.json();
    let texts: Vec<_> = before
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["content"])
        .collect();
    assert_eq!(texts, ["Hi", "Two"]);
}

#[tokio::test]
async fn what_a_visitor_saw_is_read() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    page.visitor("a").await;
    let said = json!({"content": "Hello"});
    office.agent.post("/conversations/1/messages", &said).await;
    app.advance(TimeDelta::seconds(5));
    let seen = page
        .post("/contacts/a/conversations/1/update_last_seen", &json!({}))
        .await;
    assert_eq!((seen.status.as_u16(), seen.text()), (200, ""));
    let shown = page.get("/contacts/a/conversations/1").await.json();
    assert_eq!(shown["contact_last_seen_at"], 1_773_144_005);
    let list = office.agent.get("/conversations/1/messages").await.json();
    assert_eq!(list["payload"][0]["status"], "read");
    let typing = json!({"typing_status": "on"});
    let answer = page
        .post("/contacts/a/conversations/1/toggle_typing", &typing)
        .await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, ""));
}

#[tokio::test]
async fn an_answer_is_kept_with_the_question() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    page.visitor("a").await;
    let question = json!({
        "content": "Which?", "content_type": "input_select",
        "content_attributes": {"items": [{"title": "One", "value": "1"}]}
    });
    office
        .agent
        .post("/conversations/1/messages", &question)
        .await;
    let answer = json!({"submitted_values": [{"title": "One", "value": "1", "more": true}]});
    let path = "/contacts/a/conversations/1/messages/1";
    let updated = page.send(Method::PATCH, path, &answer).await;
    assert_eq!(updated.status, 200, "{}", updated.text());
    assert_eq!(
        updated.json()["content_attributes"],
        json!({
            "items": [{"title": "One", "value": "1"}], "submitted_values": [{"title": "One", "value": "1"}]
        })
    );
}

#[tokio::test]
async fn a_rating_is_given_in_either_place_for_two_weeks() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    page.visitor("a").await;
    let question = json!({"content": "How was it?", "content_type": "input_csat"});
    office
        .agent
        .post("/conversations/1/messages", &question)
        .await;
    let uuid = page.get("/contacts/a/conversations/1").await.json()["uuid"].clone();
    let survey = format!("/public/api/v1/csat_survey/{}", uuid.as_str().unwrap());
    let mut shown = json!({
        "id": 1, "csat_survey_response": null, "display_type": null, "content": "How was it?", "inbox_avatar_url": "",
        "inbox_name": "Inbox", "locale": "en", "conversation_id": 1, "created_at": "2026-03-10T12:00:00.000Z"
    });
    assert_eq!(app.get(&survey).await.pair(), (200, shown.clone()));

    let path = "/contacts/a/conversations/1/messages/1";
    let rating = json!({"submitted_values": {"csat_survey_response": {"rating": 4, "feedback_message": "Fine"}}});
    let rated = page.send(Method::PATCH, path, &rating).await.json();
    let given = json!({"rating": 4, "feedback_message": "Fine"});
    assert_eq!(
        rated["content_attributes"]["submitted_values"]["csat_survey_response"],
        given
    );
    let better =
        json!({"message": {"submitted_values": {"csat_survey_response": {"rating": "5"}}}});
    app.advance(TimeDelta::days(14));
    shown["csat_survey_response"] = json!({"rating": 5, "feedback_message": null});
    let answer = app.send(Method::PUT, &survey, &[], &better).await;
    assert_eq!(answer.pair(), (200, shown));
    let kept = store::ratings::find(
        app.store(),
        office.account,
        quartet::model::ConversationId(1),
    );
    assert_eq!(kept.await.unwrap().unwrap().rating, 5);

    app.advance(TimeDelta::seconds(1));
    let late = json!({"error": "You cannot update the CSAT survey after 14 days"});
    let answer = app.send(Method::PUT, &survey, &[], &better).await;
    assert_eq!(answer.pair(), (422, late.clone()));
    let answer = page.send(Method::PATCH, path, &rating).await;
    assert_eq!(answer.pair(), (422, late));
}

#[tokio::test]
async fn page_views_and_cards_are_shown_to_the_agents() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    page.visitor("a").await;
    let view = json!({
        "page_url": "https://shop.example/cart", "referrer": "https://www.google.com/", "city": "Lund", "country": "Sweden",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    });
    let visit = page.post("/contacts/a/conversations/1/visits", &view).await;
    assert_eq!(
        visit.pair(),
        (
            200,
            json!({
                "id": 1, "page_url": "https://shop.example/cart", "referrer": "https://www.google.com/",
                "traffic_type": "Organic", "search_engine": "Google", "browser": "Firefox 140.0.0", "os": "Linux 0.0.0",
                "city": "Lund", "country": "Sweden", "visited_at": 1_773_144_000
            })
        )
    );
    let card = page
        .send(
            Method::PUT,
            "/contacts/a/conversations/1/cards/cart",
            &json!({"data": "3 items"}),
        )
        .await;
    assert_eq!(
        card.pair(),
        (
            200,
            json!({"data_id": "cart", "data": "3 items", "created_at": 1_773_144_000, "updated_at": 1_773_144_000})
        )
    );
    let later = json!({"page_url": "https://shop.example/pay"});
    page.post("/contacts/a/conversations/1/visits", &later)
        .await;
    let shown = office.agent.get("/conversations/1").await.json();
    assert_eq!(
        shown["additional_attributes"],
        json!({
            "initiated_at": {"timestamp": "2026-03-10T12:00:00.000Z"}, "referer": "https://shop.example/cart",
            "browser": {"browser_name": "Firefox 140.0.0", "platform_name": "Linux 0.0.0"}, "cards": {"cart": "3 items"}
        })
    );
}

#[tokio::test]
async fn a_window_that_opens_on_a_website_is_told_of_once() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let inbox = app.inbox(office.account, Channel::Webchat).await;
    let page = Page {
        app: &app,
        inbox: inbox.identifier,
    };
    page.visitor("a").await;
    let receiver = Receiver::start().await;
    let (kinds, url) = ([EventKind::WebwidgetTriggered], receiver.url.clone());
    store::endpoints::subscribe(app.store(), office.account, url, &kinds, app.now())
        .await
        .unwrap();
    for _ in 0..2 {
        let view = json!({"page_url": "https://shop.example/"});
        page.post("/contacts/a/conversations/1/visits", &view).await;
    }
    app.drain_webhooks().await;
    let told = receiver.take();
    assert_eq!(told.len(), 1);
    let told = told[0].json();
    assert_eq!(
        (&told["event"], &told["source_id"]),
        (&json!("webwidget_triggered"), &json!("a"))
    );
    assert_eq!(told["event_info"]["referer"], "https://shop.example/");
    assert_eq!(told["current_conversation"]["id"], 1);
}

#[tokio::test]
async fn a_proved_visitor_sees_all_its_conversations() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    page.visitor("a").await;
    let other = app.inbox(office.account, Channel::General).await;
    let elsewhere = Page {
        app: &app,
        inbox: other.identifier,
    };
    let body = json!({"source_id": "b", "identifier": "id-a"});
    elsewhere.post("/contacts", &body).await;
    elsewhere
        .post("/contacts/b/conversations", &json!({}))
        .await;
    assert_eq!(page.get("/contacts/a/conversations/2").await.status, 404);

    let key = store::inboxes::hmac_token(app.store(), office.account, office.inbox).await;
    let key = secrecy::ExposeSecret::expose_secret(&key.unwrap()).to_owned();
    let hash = hex::encode(quartet::outbound::sign::hmac(key.as_bytes(), &[b"id-a"]));
    let show = format!("/contacts/a?identifier=id-a&identifier_hash={hash}");
    assert_eq!(page.get(&show).await.status, 200);
    let seen = page.get("/contacts/a/conversations/2").await;
    assert_eq!((seen.status.as_u16(), &seen.json()["id"]), (200, &json!(2)));
    let list = page.get("/contacts/a/conversations").await.json();
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert_eq!(
        elsewhere.get("/contacts/b/conversations/1").await.status,
        404
    );
}

#[tokio::test]
async fn any_page_may_call() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    let path = format!("/public/api/v1/inboxes/{}/contacts", page.inbox);
    let ask = Request::options(&path)
        .header("origin", "https://shop.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type");
    let answer = app.call(ask.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-methods"), Some("*"));
    assert_eq!(answer.header("access-control-allow-headers"), Some("*"));
    for path in ["", "/contacts/nobody"] {
        let answer = page.get(path).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    }
}
