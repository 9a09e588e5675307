//! What the client API refuses.

use axum::http::Method;
use quartet::model::Channel;
use quartet::store;
use quartet::store::inboxes::NewInbox;
use serde_json::json;

use super::Office;
use super::public::Page;
use crate::app::TestApp;

#[tokio::test]
async fn what_is_not_there_or_not_ones_own_is_not_found() {
    let app = TestApp::start().await;
    let (office, other) = (Office::open(&app).await, Office::open(&app).await);
    let (page, elsewhere) = (Page::of(&office).await, Page::of(&other).await);
    page.visitor("a").await;
    elsewhere.visitor("b").await;
    elsewhere
        .post("/contacts/b/conversations", &json!({}))
        .await;
    let not_found = json!({"status": 404, "error": "Not Found"});
    for path in [
        "/contacts/nobody",
        "/contacts/b",
        "/contacts/b/conversations",
        "/contacts/a/conversations/2",
        "/contacts/a/conversations/x",
        "/contacts/a/conversations/2/messages",
        "/contacts/b/conversations/1/messages",
    ] {
        assert_eq!(
            page.get(path).await.pair(),
            (404, not_found.clone()),
            "{path}"
        );
    }
    let answer = json!({"submitted_values": []});
    for path in [
        "/contacts/a/conversations/1/messages/9",
        "/contacts/a/conversations/1/messages/x",
    ] {
        let refused = page.send(Method::PATCH, path, &answer).await;
        assert_eq!(refused.pair(), (404, not_found.clone()), "{path}");
    }
    for path in [
        "/public/api/v1/inboxes/nowhere",
        "/public/api/v1/inboxes/nowhere/contacts/a",
        "/public/api/v1/csat_survey/nonsense",
        "/public/api/v1/csat_survey/00000000-0000-4000-8000-000000000000",
    ] {
        assert_eq!(
            app.get(path).await.pair(),
            (404, not_found.clone()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_does_not_hold_is_refused_and_nothing_is_kept() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    let refusals = [
        (json!({"email": "nonsense"}), "Email is invalid", "email"),
        (
            json!({"phone_number": "123"}),
            "Phone number should be in e164 format",
            "phone_number",
        ),
        (
            json!({"source_id": "s".repeat(256)}),
            "Source is too long (maximum is 255 characters)",
            "source_id",
        ),
    ];
    for (body, message, attribute) in refusals {
        assert_eq!(
            page.post("/contacts", &body).await.pair(),
            (422, json!({"message": message, "attributes": [attribute]}))
        );
    }
    page.visitor("a").await;
    page.post(
        "/contacts",
        &json!({"source_id": "b", "email": "b@example.org"}),
    )
    .await;
    let taken = page
        .send(Method::PATCH, "/contacts/a", &json!({"phone_number": "x"}))
        .await;
    assert_eq!(taken.status, 422);

    let path = "/contacts/a/conversations/1/messages";
    let long = json!({"content": "x".repeat(150_001)});
    let too_long = "Content is too long (maximum is 150000 characters)";
    assert_eq!(
        page.post(path, &long).await.pair(),
        (422, json!({"message": too_long, "attributes": ["content"]}))
    );
    assert_eq!(page.get(path).await.json(), json!([]));

    let visits = "/contacts/a/conversations/1/visits";
    let missing = json!({"error": "param is missing or the value is empty: page_url"});
    assert_eq!(page.post(visits, &json!({})).await.pair(), (422, missing));
    let card = "/contacts/a/conversations/1/cards/x";
    let missing = json!({"error": "param is missing or the value is empty: data"});
    let answer = page.send(Method::PUT, card, &json!({})).await;
    assert_eq!(answer.pair(), (422, missing));
}

#[tokio::test]
async fn a_rating_has_one_to_five_stars() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    page.visitor("a").await;
    let question = json!({"content": "How was it?", "content_type": "input_csat"});
    office
        .agent
        .post("/conversations/1/messages", &question)
        .await;
    let path = "/contacts/a/conversations/1/messages/1";
    for rating in [json!(0), json!(6), json!(null), json!(99_999_999)] {
        let body = json!({"csat_survey_response": {"rating": rating}});
        assert_eq!(
            page.send(Method::PATCH, path, &body).await.pair(),
            (
                422,
                json!({"message": "Rating is not included in the list", "attributes": ["rating"]})
            )
        );
    }
    let missing = json!({"error": "param is missing or the value is empty: submitted_values"});
    let answer = page.send(Method::PATCH, path, &json!({})).await;
    assert_eq!(answer.pair(), (422, missing));
}

#[tokio::test]
async fn an_identity_must_be_proved_where_that_is_asked_for() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let new = NewInbox {
        hmac_mandatory: true,
        ..NewInbox::new("Careful", Channel::General)
    };
    let inbox = store::inboxes::create(app.store(), office.account, new, None, app.now())
        .await
        .unwrap();
    let key = store::inboxes::hmac_token(app.store(), office.account, inbox.id)
        .await
        .unwrap();
    let key = secrecy::ExposeSecret::expose_secret(&key).to_owned();
    let hash = |text: &str| {
        hex::encode(quartet::outbound::sign::hmac(
            key.as_bytes(),
            &[text.as_bytes()],
        ))
    };
    let office = Office {
        inbox: inbox.id,
        ..office
    };
    let page = Page::of(&office).await;
    let refused = json!({"error": "HMAC failed: Invalid Identifier Hash Provided"});
    for body in [
        json!({"source_id": "a"}),
        json!({"source_id": "a", "identifier": "u-1"}),
        json!({"source_id": "a", "identifier": "u-1", "identifier_hash": "nonsense"}),
        json!({"source_id": "a", "identifier": "u-1", "identifier_hash": hash("u-2")}),
        json!({"source_id": "a", "identifier_hash": hash("")}),
    ] {
        let answer = page.post("/contacts", &body).await;
        assert_eq!(answer.pair(), (401, refused.clone()), "{body}");
    }
    let ann = json!({"source_id": "a", "identifier": "u-1", "identifier_hash": hash("u-1")});
    assert_eq!(page.post("/contacts", &ann).await.status, 200);
    assert_eq!(page.get("/contacts/a").await.pair(), (401, refused.clone()));
    let foreign = format!("/contacts/a?identifier=u-2&identifier_hash={}", hash("u-2"));
    assert_eq!(page.get(&foreign).await.pair(), (401, refused));
    let own = format!("/contacts/a?identifier=u-1&identifier_hash={}", hash("u-1"));
    assert_eq!(page.get(&own).await.status, 200);
}

#[tokio::test]
async fn a_suspended_account_lets_nobody_in() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    page.visitor("a").await;
    let status = quartet::model::AccountStatus::Suspended;
    store::accounts::set_status(app.store(), office.account, status, app.now())
        .await
        .unwrap();
    let suspended = json!({"error": "Account is suspended"});
    assert_eq!(page.get("/contacts/a").await.pair(), (401, suspended));
}

#[tokio::test]
async fn a_visitor_says_so_much_a_minute_and_no_more() {
    let app = TestApp::with("[chatlake]\nmessages_per_conversation_per_minute = 2\n").await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    page.visitor("a").await;
    let path = "/contacts/a/conversations/1/messages";
    for _ in 0..2 {
        assert_eq!(page.post(path, &json!({"content": "x"})).await.status, 200);
    }
    let refusal = json!({"message": "Too many messages", "attributes": ["base"]});
    assert_eq!(
        page.post(path, &json!({"content": "x"})).await.pair(),
        (422, refusal)
    );
    assert_eq!(page.get(path).await.json().as_array().unwrap().len(), 2);
    app.advance(chrono::TimeDelta::minutes(1));
    assert_eq!(page.post(path, &json!({"content": "x"})).await.status, 200);
}
