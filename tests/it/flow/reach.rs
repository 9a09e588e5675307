//! Flows that run real scripts, and ask plugins and a Dialogflow of this machine.

use std::time::Duration;

use quartet::model::{AccountId, BotId, Channel, Scope};
use quartet::store::bot_secrets::{self, NewDialogflowKey};
use quartet::store::bots::{self, NewBot};
use quartet::store::inboxes::{self, NewInbox};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::dialogflow::server::{PEMS, Stand, key_file};
use crate::receiver::Receiver;

struct Scene {
    app: TestApp,
    account: AccountId,
    bot: BotId,
    key: String,
    stream: Option<String>,
}

impl Scene {
    async fn with(toml: &str, flow: &str) -> Self {
        let app = TestApp::with(&format!("[outbound]\nallow = [\"127.0.0.0/8\"]\n{toml}")).await;
        let account = app.account().await;
        let new = NewBot {
            id: None,
            name: "Botty".to_owned(),
            description: String::new(),
            avatar_url: String::new(),
        };
        let bot = bots::create(app.store(), account, new, None, app.now());
        let bot = bot.await.unwrap().id;
        let inbox = NewInbox {
            bot: Some(bot),
            ..NewInbox::new("Site", Channel::Webchat)
        };
        let inbox = inboxes::create(app.store(), account, inbox, None, app.now());
        inbox.await.unwrap();
        let published = app.state.runner.publish(account, bot, flow, app.now());
        published.await.unwrap();
        let key = app.key(account, &[Scope::Instabot]).await;
        Self {
            app,
            account,
            bot,
            key,
            stream: None,
        }
    }

    /// What the bot says to a start, or to words.
    async fn say(&mut self, text: &str) -> Vec<String> {
        let body = match &self.stream {
            None => json!({
                "apiKey": self.key, "start": true, "botId": self.bot.0, "email": "ann@example.org",
                "metadata": { "shop": "Acme" },
            }),
            Some(stream) => json!({ "streamId": stream, "message": { "text": text } }),
        };
        let answer = self.app.post("/secure/send", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let body = answer.json();
        self.stream = Some(body["streamId"].as_str().unwrap().to_owned());
        let messages = body["messages"].as_array().unwrap().iter();
        let text = |message: &Value| message["text"].as_str().unwrap().to_owned();
        messages.map(text).collect()
    }
}

#[tokio::test]
async fn a_script_reads_and_writes_the_chat() {
    let mut scene = Scene::with(
        "",
        "
version: 1
start: size
on_error: sorry
nodes:
  size: { free_text: { text: Which size?, next: script } }
  script:
    script:
      source: |
        const size = context.getAnswer('size');
        if (size === 'boom') throw null;
        if (size === 'forever') for (;;) {}
        if (size === 'silent') context.say('never heard');
        else {
          context.set('price', size.length * 10);
          context.setUserProperty('likes', size);
          context.say(`${context.metadata.shop} has it`);
          next(size === 'L' ? 'large' : undefined);
        }
      next: price
      ways: [large]
  price: { say: { text: '{{ vars.price }} for {{ user.likes }}', next: size } }
  large: { say: { text: Large, next: size } }
  sorry: { say: { text: Sorry, next: size } }
",
    )
    .await;
    assert_eq!(scene.say("").await, ["Which size?"]);
    let again = "Which size?";
    assert_eq!(scene.say("XL").await, ["Acme has it", "20 for XL", again]);
    assert_eq!(scene.say("L").await, ["Acme has it", "Large", again]);
    for failing in ["boom", "forever", "silent"] {
        assert_eq!(scene.say(failing).await, ["Sorry", again], "{failing}");
    }
    assert_eq!(scene.say("S").await, ["Acme has it", "10 for S", again]);
}

#[tokio::test]
async fn a_plugin_hears_of_the_chat_and_is_obeyed() {
    let receiver = Receiver::start().await;
    let flow = "
version: 1
start: order
nodes:
  order: { free_text: { text: Your order?, next: lookup } }
  lookup:
    plugin: { url: 'URL', next: order, ways: { found: found }, on_error: broken, timed_out: slow }
  found: { say: { text: 'It is {{ vars.state.name }}', next: order } }
  broken: { say: { text: Broken, next: order } }
  slow: { say: { text: Slow, next: order } }
variables: { state: null }
";
    let mut scene = Scene::with("", &flow.replace("URL", &receiver.url)).await;
    scene.say("").await;
    let answer = json!({
        "messages": [{ "text": "Found it" }], "variables": { "state": { "name": "sent" } }, "way": "found",
    });
    receiver.answer_with(200, answer.to_string());
    assert_eq!(
        scene.say("A-1").await,
        ["Found it", "It is sent", "Your order?"]
    );
    receiver.answer_with(500, "");
    assert_eq!(scene.say("A-2").await, ["Broken", "Your order?"]);
    receiver.answer_with(200, "{");
    assert_eq!(scene.say("A-3").await, ["Broken", "Your order?"]);

    let asked = receiver.take();
    let mut body = asked[0].json();
    let id = body["id"].take();
    assert_eq!(asked[0].header("webhook-id"), id);
    assert!(asked[0].header("webhook-signature").starts_with("v1,"));
    assert_eq!(
        body,
        json!({
            "id": null, "node": "lookup", "turn": 1, "text": "A-1",
            "conversation": { "id": 1, "stream_id": scene.stream, "bot_id": scene.bot.0 },
            "user": { "name": "", "email": "ann@example.org", "phone": null },
            "answers": { "order": "A-1" }, "metadata": { "shop": "Acme" }, "variables": { "state": null },
        })
    );
}

#[tokio::test]
async fn a_plugin_that_takes_too_long_has_a_way_of_its_own() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let flow = "
version: 1
start: lookup
nodes:
  lookup:
    plugin: { url: 'URL', timeout_ms: 100, next: end, on_error: broken, timed_out: slow }
  broken: { say: { text: Broken, next: end } }
  slow: { say: { text: Slow, next: end } }
";
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let mut scene = Scene::with("", &flow.replace("URL", &url)).await;
    let said = tokio::time::timeout(Duration::from_secs(20), scene.say(""));
    assert_eq!(said.await.unwrap(), ["Slow"]);
}

#[tokio::test]
async fn dialogflow_is_asked_with_the_key_that_the_flow_names() {
    let stand = Stand::start().await;
    let toml = format!(
        "[flow]\ndialogflow_url = \"{}\"\ndialogflow_token_url = \"{}\"\n",
        stand.base_url(),
        stand.token_url()
    );
    let mut scene = Scene::with(
        &toml,
        "
version: 1
start: ask
on_error: broken
language: en
nodes:
  ask:
    dialogflow:
      agent: pizza
      listen: true
      text: Hungry?
      parameters: { size: size }
      intents: { order.pizza: order }
      next: ask
      fallback: ask
  order: { say: { text: 'A {{ vars.size }} one', next: end } }
  broken: { say: { text: Broken, next: ask } }
",
    )
    .await;
    assert_eq!(scene.say("").await, ["Hungry?"]);
    assert_eq!(
        scene.say("Yes").await,
        ["Broken", "Hungry?"],
        "there is no key yet"
    );
    let new = NewDialogflowKey {
        name: "pizza".to_owned(),
        json: key_file(PEMS[0]).to_string().into(),
        client_email: "bot@pizzeria.iam.gserviceaccount.com".to_owned(),
        project: None,
    };
    let (store, now) = (scene.app.store(), scene.app.now());
    bot_secrets::set_dialogflow_key(store, scene.account, scene.bot, new, now)
        .await
        .unwrap();
    let answer = json!({ "queryResult": {
        "fulfillmentText": "Coming", "parameters": { "size": "big" }, "intent": { "displayName": "order.pizza" },
    } });
    stand.answer_next(200, answer);
    assert_eq!(scene.say("A big one").await, ["Coming", "A big one"]);
    let asked = stand.take();
    let session = scene.stream.unwrap();
    assert!(
        asked[0]
            .path
            .ends_with(&format!("/sessions/{session}:detectIntent")),
        "{}",
        asked[0].path
    );
    assert_eq!(
        asked[0].body["queryInput"]["text"],
        json!({ "text": "A big one", "languageCode": "en" })
    );
}
