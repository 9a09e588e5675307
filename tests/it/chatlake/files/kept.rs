//! How long files are kept.

use axum::body::Body;
use axum::http::Method;
use chrono::TimeDelta;
use quartet::api::files::Source;
use quartet::model::{BlobId, ContactId};
use quartet::store::avatars::{self, Whose};
use quartet::store::{Error, Noun};
use serde_json::json;

use super::{Form, MESSAGES, follow, png, rows, stored};
use crate::app::TestApp;
use crate::chatlake::Office;

#[tokio::test]
async fn a_file_that_nobody_attaches_is_removed_in_a_day() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let upload = || Form::new().file("attachment", "a.png", "image/png", &png(3, 2));
    let used = office.agent.post_form("/upload", upload()).await.json();
    let unused = office.agent.post_form("/upload", upload()).await.json();
    let body = json!({"attachments": [used["blob_id"]]});
    assert_eq!(office.agent.post(MESSAGES, &body).await.status, 200);
    assert_eq!(stored(&app), ["file", "file", "thumb", "thumb"]);

    app.advance(TimeDelta::hours(23));
    assert_eq!(app.sweep_files().await, 0);
    app.advance(TimeDelta::hours(2));
    assert_eq!((app.sweep_files().await, app.sweep_files().await), (1, 0));
    assert_eq!(
        (rows(&app, office.account).await, stored(&app).len()),
        (1, 2)
    );
    assert_eq!(follow(&app, &used["file_url"], &[]).await.status, 200);
    assert_eq!(follow(&app, &unused["file_url"], &[]).await.status, 404);
    let body = json!({"attachments": [unused["blob_id"]]});
    assert_eq!(office.agent.post(MESSAGES, &body).await.status, 422);
}

#[tokio::test]
async fn files_go_with_their_last_message() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let form = Form::new().file("attachment", "a.png", "image/png", &png(3, 2));
    let shared = office.agent.post_form("/upload", form).await.json();
    let own = Form::new()
        .text("attachments[]", shared["blob_id"].as_str().unwrap())
        .attachment("own.txt", b"mine");
    let first = office.agent.post_form(MESSAGES, own).await.json();
    let again = json!({"attachments": [shared["blob_id"]]});
    assert_eq!(office.agent.post(MESSAGES, &again).await.status, 200);

    let path = format!("{MESSAGES}/{}", first["id"]);
    let deleted = office
        .agent
        .send(Method::DELETE, &path, &[], Body::empty())
        .await;
    assert_eq!(deleted.status, 200, "{}", deleted.text());
    let gone = &first["attachments"][1]["data_url"];
    assert_eq!(follow(&app, gone, &[]).await.status, 404);
    assert_eq!(app.sweep_files().await, 1);
    assert_eq!(stored(&app), ["file", "thumb"]);
    assert_eq!(follow(&app, &shared["file_url"], &[]).await.status, 200);
    let listed = office.agent.get(MESSAGES).await.json();
    assert_eq!(listed["payload"][0].get("attachments"), None);

    let files = office
        .agent
        .get("/conversations/1/attachments")
        .await
        .json();
    assert_eq!(
        (&files["meta"]["total_count"], &files["payload"][0]["width"]),
        (&json!(1), &json!(3))
    );
}

#[tokio::test]
async fn a_picture_of_somebody_is_shown_until_another_takes_its_place() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let form = |name: &str, bytes: &[u8]| {
        Form::new()
            .text("name", "Ann")
            .file("avatar", name, "image/png", bytes)
    };
    let contact = office
        .admin
        .post_form("/contacts", form("ann.png", &png(600, 300)))
        .await;
    assert_eq!(contact.status, 200, "{}", contact.text());
    let contact = contact.json()["payload"]["contact"].clone();
    let thumbnail = contact["thumbnail"].clone();
    app.advance(TimeDelta::days(400));
    assert_eq!(app.sweep_files().await, 0);
    let answer = follow(&app, &thumbnail, &[]).await;
    let small = image::load_from_memory(&answer.body).unwrap();
    assert_eq!((small.width(), small.height()), (250, 125));
    assert_eq!(
        answer.header("cache-control"),
        Some("private, max-age=31536000, immutable")
    );
    let forged = thumbnail.as_str().unwrap().replace("/ann.png", "x/ann.png");
    assert_eq!(follow(&app, &json!(forged), &[]).await.status, 404);

    assert_eq!(
        office
            .admin
            .post_form("/contacts", form("ann.png", b"<svg/>"))
            .await
            .pair(),
        (
            422,
            json!({"message": "Avatar filetype not supported", "attributes": ["avatar"]})
        )
    );
    let whose = Whose::Contact(ContactId(contact["id"].as_i64().unwrap()));
    let picture = office.blob(&png(9, 9)).await;
    avatars::set(app.store(), office.account, whose, Some(picture), app.now())
        .await
        .unwrap();
    assert_eq!(follow(&app, &thumbnail, &[]).await.status, 404);
    let path = format!("/contacts/{}", contact["id"]);
    let other = office.admin.get(&path).await.json()["payload"]["thumbnail"].clone();
    assert_eq!(follow(&app, &other, &[]).await.status, 200);
    avatars::set(app.store(), office.account, whose, None, app.now())
        .await
        .unwrap();
    assert_eq!(
        office.admin.get(&path).await.json()["payload"]["thumbnail"],
        ""
    );
    assert_eq!(follow(&app, &other, &[]).await.status, 404);
}

#[tokio::test]
async fn agents_bots_and_inboxes_have_pictures_of_their_own_account() {
    let app = TestApp::start().await;
    let (one, other) = (Office::open(&app).await, Office::open(&app).await);
    let picture = one.blob(&png(9, 9)).await;
    let (store, now) = (app.store(), app.now());
    for foreign in [Whose::Agent(other.jane.id), Whose::Inbox(other.inbox)] {
        let refused = avatars::set(store, one.account, foreign, Some(picture), now).await;
        assert!(matches!(refused, Err(Error::NotFound(_))), "{foreign:?}");
    }
    let refused = avatars::set(
        store,
        other.account,
        Whose::Inbox(other.inbox),
        Some(picture),
        now,
    )
    .await;
    assert!(matches!(refused, Err(Error::NotFound(Noun::File))));
    avatars::set(
        store,
        one.account,
        Whose::Inbox(one.inbox),
        Some(picture),
        now,
    )
    .await
    .unwrap();
    let inbox = one
        .admin
        .get(&format!("/inboxes/{}", one.inbox))
        .await
        .json();
    assert_eq!(follow(&app, &inbox["avatar_url"], &[]).await.status, 200);
    // It is of one only.
    let twice = avatars::set(
        store,
        one.account,
        Whose::Agent(one.jane.id),
        Some(picture),
        now,
    )
    .await;
    assert!(matches!(twice, Err(Error::NotFound(Noun::File))));
    let hers = one.blob(&png(8, 8)).await;
    avatars::set(
        store,
        one.account,
        Whose::Agent(one.jane.id),
        Some(hers),
        now,
    )
    .await
    .unwrap();
}

impl Office<'_> {
    /// A picture that was uploaded and is not used yet.
    async fn blob(&self, bytes: &[u8]) -> BlobId {
        let source = Source {
            name: "a.png",
            media_type: None,
        };
        let bytes = futures_util::stream::iter([Ok::<_, std::io::Error>(bytes.to_vec().into())]);
        self.app
            .state
            .intake
            .take(self.account, source, bytes)
            .await
            .unwrap()
            .id
    }
}

#[tokio::test]
async fn files_go_with_the_contact_who_was_sent_them() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let own = Form::new().attachment("own.txt", b"mine");
    let message = office.agent.post_form(MESSAGES, own).await.json();
    assert_eq!(stored(&app), ["file"]);
    let conversation = office.agent.get("/conversations/1").await.json();
    let path = format!("/contacts/{}", conversation["meta"]["sender"]["id"]);
    assert_eq!(office.admin.delete(&path).await.status, 200);
    let gone = &message["attachments"][0]["data_url"];
    assert_eq!(follow(&app, gone, &[]).await.status, 404);
    assert_eq!((app.sweep_files().await, stored(&app).len()), (1, 0));
}
