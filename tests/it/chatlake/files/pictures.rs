//! Pictures that come with the form that makes or changes what they show.

use axum::body::Body;
use axum::http::Method;
use quartet::model::Role;
use serde_json::{Value, json};

use super::{FORM, Form, follow, png, rows};
use crate::app::TestApp;
use crate::chatlake::sessions::{PASSWORD, set_password, sign_in};
use crate::chatlake::{Caller, Office};

fn picture(form: Form, bytes: &[u8]) -> Form {
    form.file("avatar", "face.png", "image/png", bytes)
}

async fn patch(caller: &Caller<'_>, path: &str, form: Form) -> Value {
    let body = Body::from(form.bytes());
    let answer = caller.send(Method::PATCH, path, &FORM, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn not_supported() -> (u16, Value) {
    let body = json!({"message": "Avatar filetype not supported", "attributes": ["avatar"]});
    (422, body)
}

#[tokio::test]
async fn an_inbox_comes_with_its_picture_and_gets_another() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let form = || {
        Form::new()
            .text("name", "Shop")
            .text("channel[type]", "api")
    };
    let made = office
        .admin
        .post_form("/inboxes", picture(form(), &png(9, 9)))
        .await;
    assert_eq!(made.status, 200, "{}", made.text());
    let made = made.json();
    let first = made["avatar_url"].clone();
    assert_eq!(follow(&app, &first, &[]).await.status, 200);

    let path = format!("/inboxes/{}", made["id"]);
    let form_of_picture = picture(Form::new(), &png(8, 8));
    let changed = patch(&office.admin, &path, form_of_picture).await;
    assert_eq!(changed["name"], "Shop");
    let second = changed["avatar_url"].clone();
    assert_eq!(follow(&app, &first, &[]).await.status, 404);
    assert_eq!(follow(&app, &second, &[]).await.status, 200);
    // One without a picture leaves it.
    let renamed = patch(&office.admin, &path, Form::new().text("name", "Store")).await;
    assert_eq!(
        (&renamed["name"], &renamed["avatar_url"]),
        (&json!("Store"), &second)
    );

    let refused = office
        .admin
        .post_form("/inboxes", picture(form(), b"<svg/>"))
        .await;
    assert_eq!(refused.pair(), not_supported());
    let inboxes = office.admin.get("/inboxes").await.json();
    assert_eq!(inboxes["payload"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn webhooks_are_told_of_an_inboxs_new_picture() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let hook = json!({"url": "http://127.0.0.1:9/", "subscriptions": ["inbox_updated"]});
    office.admin.post("/webhooks", &hook).await;
    let path = format!("/inboxes/{}", office.inbox);
    let form_of_picture = picture(Form::new(), &png(8, 8));
    let changed = patch(&office.admin, &path, form_of_picture).await;
    let mut conn = app.database.connect().await;
    let told: String = sqlx::query_scalar(
        "select snapshot::text from events where kind = 'inbox.updated' order by id desc limit 1",
    )
    .fetch_one(&mut conn)
    .await
    .unwrap();
    let url = changed["avatar_url"].as_str().unwrap();
    assert!(told.contains(url), "{told}");
}

#[tokio::test]
async fn a_bot_comes_with_its_picture_and_gets_another() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let form = || Form::new().text("name", "Robo");
    let made = office
        .admin
        .post_form("/agent_bots", picture(form(), &png(9, 9)))
        .await;
    assert_eq!(made.status, 200, "{}", made.text());
    let made = made.json();
    let first = made["thumbnail"].clone();
    assert_eq!(follow(&app, &first, &[]).await.status, 200);

    let path = format!("/agent_bots/{}", made["id"]);
    let form_of_picture = picture(Form::new(), &png(8, 8));
    let changed = patch(&office.admin, &path, form_of_picture).await;
    assert_eq!(changed["name"], "Robo");
    assert_eq!(follow(&app, &first, &[]).await.status, 404);
    assert_eq!(follow(&app, &changed["thumbnail"], &[]).await.status, 200);

    let refused = office
        .admin
        .post_form("/agent_bots", picture(form(), b"text"))
        .await;
    assert_eq!(refused.pair(), not_supported());
    let bots = office.admin.get("/agent_bots").await.json();
    assert_eq!(bots.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn users_show_their_own_picture() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let headers = [("api_access_token", office.agent.token.as_str()), FORM[0]];
    let put = async |headers: &[(&str, &str)], form: Form| {
        let request = axum::http::Request::put("/api/v1/profile");
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        app.call(request.body(Body::from(form.bytes())).unwrap())
            .await
    };
    let face = |bytes: &[u8]| Form::new().file("profile[avatar]", "me.png", "image/png", bytes);
    let shown = put(&headers, face(&png(9, 9))).await;
    assert_eq!(shown.status, 200, "{}", shown.text());
    let shown = shown.json();
    assert_eq!(shown["name"], office.jane.name);
    let first = shown["avatar_url"].clone();
    assert_eq!(follow(&app, &first, &[]).await.status, 200);
    let agents = office.admin.get("/agents").await.json();
    assert_eq!(agents[1]["thumbnail"], first);

    let both = face(&png(8, 8)).text("profile[display_name]", "Janey");
    let both = put(&headers, both).await.json();
    assert_eq!(both["display_name"], "Janey");
    assert_eq!(follow(&app, &first, &[]).await.status, 404);
    let before = rows(&app, office.account).await;
    assert_eq!(
        put(&headers, face(b"no image")).await.pair(),
        not_supported()
    );
    // An empty form says nothing.
    let empty = put(&headers, Form::new()).await;
    assert_eq!(empty.status, 422);
    assert_eq!(rows(&app, office.account).await, before + 1);

    // Whoever is elsewhere too does that for themself, not with one account's token.
    let other = app.account().await;
    let name = format!("Jane Doe {}", office.account);
    app.agent(other, &name, Role::Agent).await;
    assert_eq!(put(&headers, face(&png(7, 7))).await.status, 401);
    set_password(&app, office.jane.id, PASSWORD).await;
    let session = sign_in(&app, &office.jane.email, PASSWORD).await;
    let profile = session.get("/api/v1/profile").await.json();
    let own = [
        (
            "api_access_token",
            profile["access_token"].as_str().unwrap(),
        ),
        FORM[0],
    ];
    let shown = put(&own, face(&png(7, 7))).await.json();
    assert_eq!(follow(&app, &shown["avatar_url"], &[]).await.status, 200);
}
