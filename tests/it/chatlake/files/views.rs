//! One file through the other APIs and in webhooks.

use axum::http::Method;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{FORM, Form, path_of, png};
use crate::cross_api::{Scene, ask_for_an_agent};

/// Posts a message with a picture and a text file; its answer.
async fn post_files(scene: &Scene) -> Value {
    let form = Form::new()
        .text("content", "Look")
        .attachment("red.png", &png(3, 2))
        .attachment("notes.txt", b"words");
    let path = format!(
        "/api/v1/accounts/{}/conversations/1/messages",
        scene.account
    );
    let request = axum::http::Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("api_access_token", &scene.agent_token)
        .header(FORM[0].0, FORM[0].1)
        .body(form.chunked(50))
        .unwrap();
    let answer = scene.app.call(request).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// What opens at a link, wherever it stands.
async fn opens(scene: &Scene, url: &str) -> Vec<u8> {
    let answer = scene.app.get(&path_of(&json!(url))).await;
    assert_eq!(answer.status, 200, "{url}");
    answer.body
}

#[tokio::test]
async fn a_file_is_shown_wherever_its_message_is() {
    let scene = Scene::new().await;
    let stream = ask_for_an_agent(&scene).await;
    scene.told().await;
    scene.system.take();
    let message = post_files(&scene).await;
    // Links are made when somebody is told, however late that is.
    scene.app.advance(TimeDelta::days(30));

    let told = scene.told().await;
    assert_eq!((told.len(), &told[0]["streamId"]), (1, &json!(stream)));
    let lines: Vec<&str> = told[0]["text"].as_str().unwrap().lines().collect();
    assert_eq!((lines.len(), lines[0]), (3, "Look"));
    assert_eq!(opens(&scene, lines[1]).await, png(3, 2));
    assert_eq!(opens(&scene, lines[2]).await, b"words");

    let heard = scene.system.take();
    let heard = heard.iter().map(crate::receiver::Received::json);
    let heard = heard
        .filter(|body| body["event"] == "message_created")
        .collect::<Vec<_>>();
    let parts = heard.last().unwrap()["attachments"].clone();
    assert_eq!(parts[0]["id"], message["attachments"][0]["id"]);
    assert_eq!(
        (&parts[0]["width"], &parts[0]["file_size"]),
        (&json!(3), &json!(png(3, 2).len()))
    );
    assert_eq!(
        opens(&scene, parts[0]["data_url"].as_str().unwrap()).await,
        png(3, 2)
    );
    assert!(
        !opens(&scene, parts[0]["thumb_url"].as_str().unwrap())
            .await
            .is_empty()
    );
    assert_eq!(
        parts,
        heard.last().unwrap()["conversation"]["messages"][0]["attachments"]
    );

    let rows = scene.imbox("grabConversation", "/V1").await;
    let last = rows.as_array().unwrap().last().unwrap()["message"]
        .as_str()
        .unwrap()
        .to_owned();
    let lines: Vec<&str> = last.lines().collect();
    assert_eq!((lines.len(), lines[0]), (3, "Look"));
    assert_eq!(opens(&scene, lines[2]).await, b"words");
}

#[tokio::test]
async fn reports_and_the_feed_open_it_too() {
    let scene = Scene::new().await;
    ask_for_an_agent(&scene).await;
    let form = Form::new().attachment("red.png", &png(3, 2));
    let path = format!(
        "/api/v1/accounts/{}/conversations/1/messages",
        scene.account
    );
    let request = axum::http::Request::post(path)
        .header("api_access_token", &scene.agent_token)
        .header(FORM[0].0, FORM[0].1);
    let answer = scene
        .app
        .call(request.body(form.chunked(99)).unwrap())
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());

    let headers = [("authorization", scene.bot_token.as_str())];
    let users = scene
        .app
        .send(Method::POST, "/users", &headers, &json!({}))
        .await
        .json();
    let asked = json!({"botUserId": users["users"][0]["botUserId"], "channelId": 1013});
    let told = scene
        .app
        .send(Method::POST, "/transcripts", &headers, &asked)
        .await
        .json();
    let row = told["transcripts"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&row["type"], &row["from"]),
        (&json!("image"), &json!("Agent")),
        "{told}"
    );
    let shown = row["image"].to_string();
    let url = shown
        .split('"')
        .find(|text| text.starts_with("http"))
        .unwrap();
    assert_eq!(opens(&scene, url).await, png(3, 2));

    let key = scene
        .app
        .key(scene.account, &[quartet::model::Scope::Admin])
        .await;
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str())];
    let feed = scene
        .app
        .send(Method::GET, "/admin/v1/events", &headers, &json!({}))
        .await
        .json();
    let attachments = feed["data"].as_array().unwrap().iter().rev();
    let mut urls = attachments.filter_map(|event| event["attachments"][0]["url"].as_str());
    let told = feed["data"].to_string();
    let url = urls.next().unwrap_or_else(|| panic!("{told}"));
    assert_eq!(opens(&scene, url).await, png(3, 2));
}
