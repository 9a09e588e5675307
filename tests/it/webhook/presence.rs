//! What people do without saying anything: writing, opening a window.

use quartet::model::{AccountId, Channel, ContactInboxId, EventKind, Role};
use quartet::store::contacts::{self, NewContact, NewContactInbox};
use quartet::store::endpoints;
use quartet::store::messages::From;
use quartet::store::typing::{self, Typing};
use quartet::store::widget;
use serde_json::{Value, json};

use super::{DELIVERED, Scene};
use crate::app::TestApp;
use crate::receiver::Receiver;

async fn tell(scene: &Scene, by: From, on: bool, private: bool) {
    let typing = Typing { by, on, private };
    let (store, now) = (scene.app.store(), scene.app.now());
    typing::tell(store, scene.account, scene.conversation, typing, now)
        .await
        .unwrap();
}

/// A typing payload without its conversation, whose shape is that of the other events.
fn without_conversation(receiver: &Receiver) -> Value {
    let mut body = receiver.take().pop().unwrap().json();
    let conversation = body.as_object_mut().unwrap().remove("conversation");
    assert_eq!(conversation.unwrap()["contact_inbox"]["source_id"], "ann-1");
    body
}

#[tokio::test]
async fn an_inbox_hears_who_is_writing() {
    let scene = Scene::new().await;
    let agent = scene
        .app
        .agent(scene.account, "Jane Doe", Role::Agent)
        .await;
    tell(&scene, From::Agent(agent.id), true, true).await;
    assert_eq!(scene.app.drain_webhooks().await, [DELIVERED]);
    assert_eq!(
        without_conversation(&scene.receiver),
        json!({
            "event": "conversation_typing_on",
            "user": {"id": agent.id.0, "name": "Jane Doe", "email": "jane.doe@example.org", "type": "user"},
            "is_private": true,
        })
    );

    tell(&scene, From::Contact, false, false).await;
    assert_eq!(scene.app.drain_webhooks().await, [DELIVERED]);
    let body = without_conversation(&scene.receiver);
    assert_eq!(body["event"], "conversation_typing_off");
    assert_eq!(body["user"]["name"], "Ann");
    assert_eq!(body["user"]["account"]["id"], scene.account.0);
    assert_eq!(body["is_private"], false);
}

#[tokio::test]
async fn nothing_is_kept_of_typing_that_nobody_hears() {
    let app = TestApp::start().await;
    let account = app.account().await;
    let way = visitor(&app, account).await;
    let conversation = app.conversation(account, way).await;
    let typing = Typing {
        by: From::Contact,
        on: true,
        private: false,
    };
    typing::tell(app.store(), account, conversation, typing, app.now())
        .await
        .unwrap();
    let mut conn = app.database.connect().await;
    let kinds: Vec<String> =
        sqlx::query_scalar("select kind from events where kind like '%typing%'")
            .fetch_all(&mut conn)
            .await
            .unwrap();
    assert!(kinds.is_empty(), "{kinds:?}");
}

/// A contact with a way into an inbox of its own.
async fn visitor(app: &TestApp, account: AccountId) -> ContactInboxId {
    let way = NewContactInbox {
        inbox: app.inbox(account, Channel::Webchat).await.id,
        source_id: Some("ann-1".to_owned()),
    };
    let contact = NewContact {
        name: "Ann".to_owned(),
        ..NewContact::default()
    };
    let (_, way) = contacts::create(app.store(), account, contact, Some(way), None, app.now())
        .await
        .unwrap();
    way.unwrap().id
}

#[tokio::test]
async fn an_account_hears_of_windows_that_open_with_a_conversation_in_them_or_none() {
    let app = TestApp::start().await;
    let account = app.account().await;
    let way = visitor(&app, account).await;
    let receiver = Receiver::start().await;
    let kinds = [EventKind::WebwidgetTriggered];
    let url = receiver.url.clone();
    endpoints::subscribe(app.store(), account, url, &kinds, app.now())
        .await
        .unwrap();

    let info = json!({"referer": "https://example.org/", "browser": {"name": null}});
    widget::open(app.store(), account, way, info.clone(), app.now())
        .await
        .unwrap();
    assert_eq!(app.drain_webhooks().await, [DELIVERED]);
    let mut body = receiver.take().pop().unwrap().json();
    let contact = body.as_object_mut().unwrap().remove("contact").unwrap();
    assert_eq!(contact["name"], "Ann");
    let inbox = body["inbox"].clone();
    assert_eq!(
        body,
        json!({
            "id": way.0,
            "inbox": inbox,
            "account": {"id": account.0, "name": "Acme"},
            "current_conversation": null,
            "source_id": "ann-1",
            "event": "webwidget_triggered",
            "event_info": info,
        })
    );

    let conversation = app.conversation(account, way).await;
    widget::open(app.store(), account, way, json!({}), app.now())
        .await
        .unwrap();
    app.drain_webhooks().await;
    let body = receiver.take().pop().unwrap().json();
    assert_eq!(body["current_conversation"]["id"], conversation.0);
    assert_eq!(body["current_conversation"]["inbox_id"], inbox["id"]);
}
