//! An account with one of everything, and what fits where the document names it.

use std::collections::BTreeMap;

use axum::http::Method;
use quartet::store::platform_apps;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::chatlake::Office;

/// Of whoever can sign in.
pub(super) const PASSWORD: &str = "correct horse";

/// What fits under a name.
pub(super) type Fitting = BTreeMap<&'static str, Vec<Value>>;

/// Somebody who asks.
#[derive(Debug, Clone)]
pub(super) struct Asker {
    pub(super) name: &'static str,
    pub(super) headers: Vec<(&'static str, String)>,
}

pub(super) struct World {
    pub(super) askers: Vec<Asker>,
    /// Of whoever signed in.
    pub(super) email: String,
    pub(super) fitting: Fitting,
    /// The same, below a platform app.
    pub(super) of_platform: Fitting,
}

impl World {
    pub(super) async fn new(app: &TestApp) -> Self {
        let office = Office::open(app).await;
        let mut fitting = words();
        let bot = of_office(&office, &mut fitting).await;
        let (platform, of_platform) = of_platform(app, &fitting).await;
        let email = format!("signs.in{}@example.org", office.account);
        let session = sign_in(app, &platform, &email).await;
        let token = |name, token: &str| Asker {
            name,
            headers: vec![("api_access_token", token.to_owned())],
        };
        let askers = vec![
            token("the administrator", &office.admin.token),
            token("the agent", &office.agent.token),
            token("the outsider", &office.outsider.token),
            token("the bot", &bot),
            token("the platform app", &platform),
            session,
            token("a stranger", "nonsense"),
            Asker {
                name: "nobody",
                headers: Vec::new(),
            },
        ];
        Self {
            askers,
            email,
            fitting,
            of_platform,
        }
    }
}

/// Makes one of everything; the token of a bot.
async fn of_office(office: &Office<'_>, fitting: &mut Fitting) -> String {
    let account = office.account.0;
    let admin = &office.admin;
    let made = async |path: &str, body: Value| -> Value {
        let answer = admin.post(path, &body).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text());
        answer.json()
    };
    let (first, second) = ("source-1", "source-2");
    let conversation = office.conversation(first).await;
    let contact = office.contact("Bob", second).await;
    let inbox = admin.get("/inboxes").await.json()["payload"][0].clone();
    let shown = admin.get(&format!("/conversations/{conversation}")).await;
    let shown = shown.json();
    let contacts = vec![shown["meta"]["sender"]["id"].clone(), json!(contact)];
    let messages = format!("/conversations/{conversation}/messages");
    let asked = made(
        &messages,
        json!({"content": "How was it?", "content_type": "input_csat"}),
    )
    .await;
    let bot = made("/agent_bots", json!({"name": "Robo"})).await;
    let note = made(
        &format!("/contacts/{}/notes", contacts[0]),
        json!({"content": "Kind"}),
    )
    .await;
    let label = made("/labels", json!({"title": "vip"})).await;
    let team = made("/teams", json!({"name": "sales"})).await;
    let canned = made(
        "/canned_responses",
        json!({"short_code": "hi", "content": "Hi!"}),
    )
    .await;
    let attribute = json!({"attribute_key": "tier", "attribute_display_name": "Tier"});
    let attribute = made("/custom_attribute_definitions", attribute).await;
    let filter = made("/custom_filters", json!({"name": "Mine"})).await;
    let webhook = made("/webhooks", json!({"url": "https://example.org/hook"})).await;
    let webhook = &webhook["payload"]["webhook"];
    let jane = json!(office.jane.id.0);
    fitting.extend([
        ("account_id", vec![json!(account)]),
        ("agent_id", vec![jane.clone()]),
        ("assignee_id", vec![jane.clone(), Value::Null]),
        ("user_ids", vec![json!([jane])]),
        ("sender_id", vec![bot["id"].clone()]),
        ("agent_bot", vec![bot["id"].clone()]),
        ("bot_id", vec![bot["id"].clone()]),
        ("base_contact_id", vec![contacts[0].clone()]),
        ("mergee_contact_id", vec![contacts[1].clone()]),
        ("contact_id", contacts),
        ("conversation_id", vec![json!(conversation)]),
        ("conversation_uuid", vec![shown["uuid"].clone()]),
        ("message_id", vec![asked["id"].clone()]),
        ("inbox_id", vec![json!(office.inbox.0)]),
        ("inbox_identifier", vec![inbox["inbox_identifier"].clone()]),
        (
            "source_id",
            vec![json!(first), json!(second), json!("source-3")],
        ),
        ("note_id", vec![note["id"].clone()]),
        ("label_id", vec![label["id"].clone()]),
        ("team_id", vec![team["id"].clone()]),
        ("canned_response_id", vec![canned["id"].clone()]),
        ("custom_attribute_id", vec![attribute["id"].clone()]),
        ("custom_filter_id", vec![filter["id"].clone()]),
        ("webhook_id", vec![webhook["id"].clone()]),
    ]);
    bot["access_token"].as_str().unwrap().to_owned()
}

/// A platform app's token, and what fits below it.
async fn of_platform(app: &TestApp, fitting: &Fitting) -> (String, Fitting) {
    let (_, token) = platform_apps::create(app.store(), "Reseller".to_owned(), app.now())
        .await
        .unwrap();
    let token = token.expose_secret().to_owned();
    let headers = [("api_access_token", token.as_str())];
    let made = async |path: &str, body: Value| -> Value {
        let path = format!("/platform/api/v1/{path}");
        let answer = app.send(Method::POST, &path, &headers, &body).await;
        answer.json()["id"].clone()
    };
    let account = made("accounts", json!({"name": "Shop"})).await;
    let email = format!("user{account}@example.org");
    let user = made("users", json!({"name": "Una", "email": email})).await;
    let bot = made("agent_bots", json!({"name": "Robo", "account_id": account})).await;
    let mut fitting = fitting.clone();
    fitting.insert("account_id", vec![account]);
    fitting.insert("user_id", vec![user]);
    fitting.insert("bot_id", vec![bot]);
    fitting.insert("status", vec![json!("active")]);
    (token, fitting)
}

/// Somebody who may sign in, and has.
async fn sign_in(app: &TestApp, platform: &str, email: &str) -> Asker {
    let headers = [("api_access_token", platform)];
    let body = json!({"name": "Una", "email": email, "password": PASSWORD});
    let path = "/platform/api/v1/users";
    app.send(Method::POST, path, &headers, &body).await;
    let answer = app.post("/auth/sign_in", &body).await;
    let header = |name: &'static str| (name, answer.header(name).unwrap().to_owned());
    Asker {
        name: "who signed in",
        headers: ["access-token", "client", "uid"].map(header).to_vec(),
    }
}

/// What is a URL, of which there may be only one.
const URLS: [&str; 7] = [
    "avatar_url",
    "outgoing_url",
    "page_url",
    "referrer",
    "url",
    "webhook_url",
    "website_url",
];

/// What there may be only once, and what it begins with.
const UNIQUE: [(&str, &str, &str); 6] = [
    ("attribute_key", "key_", ""),
    ("email", "someone", "@example.org"),
    ("identifier", "identifier-", ""),
    ("phone_number", "+493012345678", ""),
    ("short_code", "short", ""),
    ("title", "label-", ""),
];

const NUMBERS: [(&str, i64); 11] = [
    ("auto_resolve_after", 60),
    ("close_hour", 17),
    ("close_minutes", 30),
    ("day_of_week", 1),
    ("external_created_at", 1_700_000_000),
    ("open_hour", 9),
    ("open_minutes", 0),
    ("rating", 5),
    ("since", 1_770_000_000),
    ("snoozed_until", 1_900_000_000),
    ("until", 1_780_000_000),
];

const WORDS: [(&str, &[&str]); 29] = [
    ("assignee_type", &["User", "me"]),
    ("attribute_display_type", &["text", "number"]),
    ("attribute_model", &["contact_attribute"]),
    ("availability", &["online", "busy"]),
    ("bot_type", &["webhook"]),
    ("closed_all_day", &["false"]),
    ("content", &["Hello", "{{contact.name}}"]),
    ("content_type", &["text"]),
    ("data_id", &["card"]),
    ("division", &["agent", "inbox", "channel"]),
    ("filter_type", &["contact", "conversation"]),
    ("group_by", &["day", "agent"]),
    ("identifier_hash", &[""]),
    ("locale", &["en", "pt_BR"]),
    ("message_type", &["outgoing", "1", "incoming"]),
    ("metric", &["conversations_count", "reply_time"]),
    ("open_all_day", &["false"]),
    ("password", &["", "", PASSWORD]),
    ("password_confirmation", &[""]),
    ("priority", &["high", "urgent"]),
    ("reply_time", &["in_a_day"]),
    ("role", &["agent"]),
    ("sender_name_type", &["friendly"]),
    ("status", &["open", "resolved", "pending", "snoozed"]),
    ("submitted_email", &["ann@example.org"]),
    ("timezone", &["Europe/Berlin"]),
    ("timezone_offset", &["2"]),
    ("type", &["api", "account"]),
    ("typing_status", &["on", "off"]),
];

/// What fits whatever there is in the account.
fn words() -> Fitting {
    let several =
        |text: &dyn Fn(u32) -> String| (10..40).map(|number| json!(text(number))).collect();
    let url = |number| format!("https://example.org/{number}");
    let urls = URLS.map(|name| (name, several(&url)));
    let unique = UNIQUE
        .map(|(name, before, after)| (name, several(&|number| format!("{before}{number}{after}"))));
    let numbers = NUMBERS.map(|(name, number)| (name, vec![json!(number)]));
    let words = WORDS.map(|(name, words)| (name, words.iter().map(|word| json!(word)).collect()));
    let condition = |key, operator, values: &[&str]| json!([{"attribute_key": key, "filter_operator": operator, "values": values}]);
    let conditions = vec![
        condition("labels", "is_present", &[]),
        condition("created_at", "is_less_than", &["2030-01-01"]),
    ];
    let others: [(&str, Vec<Value>); 11] = [
        ("attachments", vec![json!([])]),
        ("blocked", vec![json!(false)]),
        ("column_names", vec![json!(["id", "email"])]),
        (
            "content_attributes",
            vec![json!({}), json!({"in_reply_to": 1})],
        ),
        ("emails", vec![json!(["one@example.org"])]),
        ("labels", vec![json!(["vip"])]),
        ("payload", conditions),
        ("private", vec![json!(false), json!("true")]),
        ("query", vec![json!({"payload": []})]),
        ("selected_feature_flags", vec![json!(["emoji_picker"])]),
        ("subscriptions", vec![json!(["message_created"])]),
    ];
    let all = urls.into_iter().chain(unique).chain(numbers);
    all.chain(words).chain(others).collect()
}
