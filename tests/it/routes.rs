//! Every route is listed, refuses strangers, and shows nothing of one account to another.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use axum::body::Body;
use axum::http::{Method, Request};
use quartet::model::{
    AccountId, AgentId, AttributeModel, AttributeType, Attributes, Channel, EventKind, FilterKind,
    MatchType, PagePattern, Role, Scope,
};
use quartet::store::accounts::AccountPatch;
use quartet::store::agents;
use quartet::store::apps::{self, NewApp};
use quartet::store::bot_secrets::{self, NewDialogflowKey};
use quartet::store::bots::{self, NewBot};
use quartet::store::canned_responses;
use quartet::store::contacts::{self, NewContact, NewContactInbox};
use quartet::store::custom_attributes::{self, NewCustomAttribute};
use quartet::store::custom_filters::{self, NewCustomFilter};
use quartet::store::delivery_log;
use quartet::store::inboxes::{self, NewInbox};
use quartet::store::label_definitions::{self, NewLabel};
use quartet::store::messages::{self, From, NewMessage};
use quartet::store::notes;
use quartet::store::page_filters::{self, NewPageFilter};
use quartet::store::platform_apps;
use quartet::store::platform_users::{self, NewUser};
use quartet::store::users::UserPatch;
use quartet::store::webhooks::{self, NewWebhook};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::chatlake;
use crate::dialogflow::sound_key;

/// A line of `routes.txt`: method, path, what a stranger is answered.
pub(crate) struct Listed {
    pub(crate) method: Method,
    pub(crate) path: String,
    stranger: u16,
}

pub(crate) fn listed() -> Vec<Listed> {
    let lines = include_str!("routes.txt")
        .lines()
        .filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let [method, path, stranger] = line.split_whitespace().collect::<Vec<_>>()[..] else {
                panic!("{line} is not METHOD PATH STATUS")
            };
            Listed {
                method: method.parse().unwrap(),
                path: path.to_owned(),
                stranger: stranger.parse().unwrap(),
            }
        })
        .collect()
}

/// The sources that mount routes, of every API but Chatlake's, whose document has them.
fn routers() -> Vec<String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let apis = ["admin", "bot_open", "files", "imbox", "instabot"];
    let roots = apis
        .iter()
        .map(|api| src.join("api").join(api).join("mod.rs"))
        .chain([src.join("app/health.rs")])
        .map(|file| std::fs::read_to_string(file).unwrap());
    roots.collect()
}

/// Paths and methods as the routers' sources have them, and Chatlake's document.
fn mounted() -> BTreeSet<String> {
    let mut found: BTreeSet<String> = chatlake::documented_routes().into_iter().collect();
    for text in routers() {
        let code: String = text
            .lines()
            .filter(|line| {
                !["//", "owns:", "prefix:"]
                    .iter()
                    .any(|no| line.trim_start().starts_with(no))
            })
            .collect();
        for (at, _) in code.match_indices("\"/") {
            let (path, rest) = code[at + 1..].split_once('"').unwrap();
            let handlers = rest.split("\"/").next().unwrap();
            let methods: Vec<_> = ["get", "post", "put", "patch", "delete"]
                .into_iter()
                .filter(|method| handlers.contains(&format!("{method}(")))
                .collect();
            assert!(!methods.is_empty(), "{path} has no methods");
            found.extend(
                methods
                    .iter()
                    .map(|method| format!("{} {path}", method.to_uppercase())),
            );
        }
    }
    found
}

#[test]
fn every_route_is_listed() {
    let listed: BTreeSet<String> = listed()
        .iter()
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    let mounted = mounted();
    let missing: Vec<_> = mounted.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&mounted).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "missing in routes.txt: {missing:#?}\ngone: {gone:#?}"
    );
}

/// A body that every route takes for what it is: some keep their credentials there.
fn body_of(path: &str, key: &str, foreign: &Ids) -> Value {
    match path {
        "/secure/send" => json!({
            "apiKey": key, "start": true, "botId": foreign.bot.max(1), "email": "ann@example.org"
        }),
        "/secure/user" => json!({"apiKey": key, "email": foreign.email()}),
        "/login" => json!({"appId": "nobody", "appSecret": "nothing"}),
        "/transcripts" => json!({"botUserId": foreign.source_id(), "channelId": 1010}),
        "/users" | "/admin/v1/endpoints/{endpoint_id}/secret" => json!({}),
        "/admin/v1/deliveries/replay" => json!({"endpoint_id": foreign.endpoint}),
        path if path.ends_with("{key_name}") => sound_key(),
        path if path.ends_with("/password") => json!({"password": "correct horse"}),
        "/platform/api/v1/agent_bots" => json!({"name": "x", "account_id": foreign.account}),
        path if path.ends_with("/account_users") => {
            json!({"user_id": foreign.user, "role": "agent"})
        }
        // Whoever comes in anew may be called what it likes, the same as somebody elsewhere.
        "/public/api/v1/inboxes/{inbox_identifier}/contacts" => json!({"name": "x"}),
        _ => json!({
            "content": "hello", "name": "x", "status": "open",
            "inbox_id": foreign.inbox, "contact_id": foreign.contact, "source_id": foreign.source_id(),
            "bot_id": foreign.bot, "agent_ids": [foreign.agent], "user_ids": [foreign.agent],
            "agent_bot": foreign.bot, "title": "x", "url": "https://example.org/x", "team": "x", "channel": {"type": "api"},
            "text": "version: 1", "base_contact_id": foreign.contact, "mergee_contact_id": foreign.contact,
            "payload": [], "labels": ["x"]
        }),
    }
}

#[tokio::test]
async fn every_route_refuses_strangers() {
    let app = TestApp::start().await;
    let nobody = Ids::default();
    let mut wrong = Vec::new();
    for route in listed() {
        let path = nobody.fill(&route.path, "1", "nobody");
        for prefix in prefixes(&route.path) {
            let path = format!("{prefix}{path}");
            let body = body_of(&route.path, "nobody", &nobody);
            let answer = app.send(route.method.clone(), &path, &[], &body).await;
            if answer.status != route.stranger {
                wrong.push(format!(
                    "{} {path} {} not {}",
                    route.method, answer.status, route.stranger
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where a route is served: at the root, and below its API's prefix.
fn prefixes(path: &str) -> [&'static str; 2] {
    let prefix = match path.split('/').nth(1).unwrap() {
        "secure" => "/instabot",
        "login" | "botUsage" | "users" | "userData" | "transcripts" => "/bot-open",
        "message" => "/imbox",
        "admin" | "files" => "/quartet",
        "healthz" | "readyz" | "metrics" => "",
        _ => "/chatlake",
    };
    ["", prefix]
}

/// Ids of one account's rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ids {
    pub(crate) account: i64,
    pub(crate) contact: i64,
    pub(crate) conversation: i64,
    pub(crate) inbox: i64,
    /// What visitors' clients call the inbox: it is all they show, so everybody shows their own.
    pub(crate) inbox_identifier: String,
    pub(crate) message: i64,
    pub(crate) bot: i64,
    pub(crate) app: i64,
    pub(crate) agent: i64,
    pub(crate) team: i64,
    pub(crate) key: i64,
    pub(crate) page_filter: i64,
    pub(crate) platform_app: i64,
    pub(crate) user: i64,
    pub(crate) endpoint: i64,
    pub(crate) delivery: i64,
    pub(crate) label: i64,
    pub(crate) canned_response: i64,
    pub(crate) custom_attribute: i64,
    pub(crate) custom_filter: i64,
    pub(crate) webhook: i64,
    pub(crate) note: i64,
}

impl Ids {
    pub(crate) fn email(&self) -> String {
        format!("ann{}@example.org", self.account)
    }

    pub(crate) fn source_id(&self) -> String {
        format!("source-{}", self.account)
    }

    /// The path with these ids in it, below an account and with a key of the caller's choice.
    pub(crate) fn fill(&self, path: &str, account: &str, key: &str) -> String {
        let ids = BTreeMap::from([
            ("{account_id}", account.to_owned()),
            ("{userId}", account.to_owned()),
            ("{apiKey}", key.to_owned()),
            ("{contact_id}", self.contact.to_string()),
            ("{conversation_id}", self.conversation.to_string()),
            ("{conversationID}", format!("V{}", self.conversation)),
            ("{inbox_id}", self.inbox.to_string()),
            ("{inbox_identifier}", self.inbox_identifier.clone()),
            ("{source_id}", self.source_id()),
            ("{message_id}", self.message.to_string()),
            ("{data_id}", "card".to_owned()),
            ("{conversation_uuid}", uuid::Uuid::nil().to_string()),
            ("{bot_id}", self.bot.to_string()),
            ("{app_id}", self.app.to_string()),
            ("{agent_id}", self.agent.to_string()),
            ("{agentId}", self.agent.to_string()),
            ("{team_id}", self.team.to_string()),
            ("{key_id}", self.key.to_string()),
            ("{page_filter_id}", self.page_filter.to_string()),
            ("{platform_app_id}", self.platform_app.to_string()),
            ("{user_id}", self.user.to_string()),
            ("{key_name}", format!("key-{}", self.account)),
            ("{token}", "forged".to_owned()),
            ("{name}", "file.png".to_owned()),
            ("{endpoint_id}", self.endpoint.to_string()),
            ("{delivery_id}", self.delivery.to_string()),
            ("{label_id}", self.label.to_string()),
            ("{canned_response_id}", self.canned_response.to_string()),
            ("{custom_attribute_id}", self.custom_attribute.to_string()),
            ("{custom_filter_id}", self.custom_filter.to_string()),
            ("{webhook_id}", self.webhook.to_string()),
            ("{note_id}", self.note.to_string()),
            ("{division}", "inbox".to_owned()),
            ("{botUserId}", self.source_id()),
            ("{fromDate}", "2026-01-01".to_owned()),
            ("{toDate}", "2026-12-31".to_owned()),
        ]);
        let filled = ids
            .iter()
            .fold(path.to_owned(), |path, (name, id)| path.replace(name, id));
        assert!(
            !filled.contains('{'),
            "{filled} has a place that this test cannot fill"
        );
        filled
    }
}

/// An account with a row of everything, and a credential for every API.
pub(crate) struct Tenant {
    pub(crate) ids: Ids,
    pub(crate) key: String,
    pub(crate) token: String,
    pub(crate) bot_open: String,
    pub(crate) platform: String,
}

/// What stands in every text of an account and nowhere else.
fn mark(account: AccountId) -> String {
    format!("mark-of-{account}-")
}

impl Tenant {
    pub(crate) async fn new(app: &TestApp) -> Self {
        let (store, now) = (app.store(), app.now());
        let (mut ids, platform) = Self::platform(app).await;
        let account = AccountId(ids.account);
        let mark = mark(account);
        let agent = app.agent(account, &mark, Role::Administrator).await;
        ids.agent = agent.id.0;
        ids.team = agents::join_team(store, account, mark.clone(), vec![agent.id], now)
            .await
            .unwrap()
            .0;
        ids.bot = Self::bot(app, account, &mark).await;
        let secret = "s3cret".to_owned();
        let new = NewApp {
            bot: quartet::model::BotId(ids.bot),
            app_id: Some(format!("app-{account}")),
            secret: Some(secret.clone().into()),
        };
        let (made, _) = apps::create(store, account, new, now).await.unwrap();
        ids.app = made.id.0;
        Self::secrets(app, account, ids.bot, &mark).await;
        Self::conversation(app, account, &mut ids).await;
        let new = NewPageFilter {
            name: mark.clone(),
            pattern: PagePattern::parse(MatchType::Like, &mark).unwrap(),
        };
        let filter = page_filters::create(store, account, new, now)
            .await
            .unwrap();
        ids.page_filter = filter.id.0;
        Self::settings(app, account, agent.id, &mut ids).await;
        let key = app
            .key(account, &[Scope::Instabot, Scope::Imbox, Scope::Admin])
            .await;
        ids.key = quartet::store::keys::list(store, account).await.unwrap()[0]
            .id
            .0;
        let login = json!({"appId": format!("app-{account}"), "appSecret": secret});
        let login = app.post("/login", &login).await.json();
        Self {
            token: app.token(account, agent.id).await,
            bot_open: login["authToken"].as_str().unwrap().to_owned(),
            ids,
            key,
            platform,
        }
    }

    /// An account and a user that a platform app made, and the app's token.
    async fn platform(app: &TestApp) -> (Ids, String) {
        let (store, now) = (app.store(), app.now());
        let (platform_app, token) = platform_apps::create(store, "Reseller".to_owned(), now)
            .await
            .unwrap();
        let (name, patch) = ("Acme".to_owned(), AccountPatch::default());
        let account = platform_apps::create_account(store, platform_app, name, patch, now)
            .await
            .unwrap();
        let new = NewUser {
            name: mark(account),
            email: format!("user{account}@example.org"),
            password: None,
            patch: UserPatch::default(),
        };
        let user = platform_users::create(store, platform_app, new, now)
            .await
            .unwrap();
        let ids = Ids {
            account: account.0,
            platform_app: platform_app.0,
            user: user.0,
            ..Ids::default()
        };
        (ids, token.expose_secret().to_owned())
    }

    async fn bot(app: &TestApp, account: AccountId, mark: &str) -> i64 {
        let new = NewBot {
            id: None,
            name: mark.to_owned(),
            description: mark.to_owned(),
            avatar_url: String::new(),
        };
        let bot = bots::create(app.store(), account, new, None, app.now())
            .await
            .unwrap()
            .id;
        let flow = include_str!("../../config/flows/demo.yaml")
            .replace("payload: 478137613", "")
            .replace("payload: 478137614", "");
        app.state
            .runner
            .publish(account, bot, &flow, app.now())
            .await
            .unwrap();
        bot.0
    }

    async fn secrets(app: &TestApp, account: AccountId, bot: i64, mark: &str) {
        let (store, bot, now) = (app.store(), quartet::model::BotId(bot), app.now());
        let new = NewDialogflowKey {
            name: format!("key-{account}"),
            json: mark.into(),
            client_email: mark.to_owned(),
            project: Some(mark.to_owned()),
        };
        bot_secrets::set_dialogflow_key(store, account, bot, new, now)
            .await
            .unwrap();
        bot_secrets::plugin_secret(store, account, bot, now)
            .await
            .unwrap();
    }

    async fn settings(app: &TestApp, account: AccountId, agent: AgentId, ids: &mut Ids) {
        let (store, now, mark) = (app.store(), app.now(), mark(account));
        let new = NewLabel {
            title: mark.clone(),
            description: None,
            color: None,
            show_on_sidebar: true,
        };
        let label = label_definitions::create(store, account, new, None, now).await;
        ids.label = label.unwrap().id.0;
        let new = (mark.clone(), mark.clone());
        let response = canned_responses::create(store, account, new, None, now).await;
        ids.canned_response = response.unwrap().id.0;
        let new = NewCustomAttribute {
            model: AttributeModel::Contact,
            key: mark.clone(),
            display_name: mark.clone(),
            display_type: AttributeType::Text,
            description: None,
            regex_pattern: None,
            regex_cue: None,
            choices: Vec::new(),
        };
        let attribute = custom_attributes::create(store, account, new, None, now).await;
        ids.custom_attribute = attribute.unwrap().id.0;
        let new = NewCustomFilter {
            name: mark.clone(),
            kind: FilterKind::Contact,
            query: Attributes::default(),
        };
        let filter = custom_filters::create(store, account, agent, new, None, now).await;
        ids.custom_filter = filter.unwrap().unwrap().id.0;
        let new = NewWebhook {
            name: Some(mark.clone()),
            url: format!("https://example.org/account/{mark}"),
            subscriptions: vec![EventKind::InboxCreated],
            inbox: None,
        };
        let webhook = webhooks::create(store, account, new, None, now).await;
        ids.webhook = webhook.unwrap().id.0;
    }

    async fn conversation(app: &TestApp, account: AccountId, ids: &mut Ids) {
        let (store, now, mark) = (app.store(), app.now(), mark(account));
        let new = NewInbox {
            bot: Some(quartet::model::BotId(ids.bot)),
            webhook_url: Some(format!("https://example.org/{mark}")),
            ..NewInbox::new(mark.clone(), Channel::Webchat)
        };
        let inbox = inboxes::create(store, account, new, None, now)
            .await
            .unwrap();
        ids.inbox = inbox.id.0;
        ids.inbox_identifier = inbox.identifier;
        let way = NewContactInbox {
            inbox: inbox.id,
            source_id: Some(ids.source_id()),
        };
        let new = NewContact {
            name: mark.clone(),
            email: Some(ids.email()),
            ..NewContact::default()
        };
        let (contact, way) = contacts::create(store, account, new, Some(way), None, now)
            .await
            .unwrap();
        ids.contact = contact.id.0;
        let by = (contact.id, AgentId(ids.agent));
        let note = notes::create(store, account, by, mark.clone(), None, now).await;
        ids.note = note.unwrap().id.0;
        // Numbers of conversations count per account, so the second one's are moved on.
        for _ in 0..=(account.0 % 2) * 5 {
            let conversation = app.conversation(account, way.as_ref().unwrap().id).await;
            ids.conversation = conversation.0;
            let new = NewMessage::text(quartet::model::MessageKind::Incoming, From::Contact, &mark);
            let message = messages::post(store, account, conversation, new, None, now);
            ids.message = message.await.unwrap().id.0;
        }
        let none = delivery_log::Filter::default();
        let sent = delivery_log::list(store, account, none, None, 1).await;
        let sent = sent.unwrap().pop().unwrap();
        (ids.delivery, ids.endpoint) = (sent.id.0, sent.endpoint.0);
    }

    /// Calls a route as this account, with ids and an account number of the caller's choice.
    async fn call(&self, app: &TestApp, route: &Listed, ids: &Ids, account: i64) -> Answer {
        let path = route
            .path
            .replace("{inbox_identifier}", &self.ids.inbox_identifier);
        let path = ids.fill(&path, &account.to_string(), &self.key);
        let bearer = format!("Bearer {}", self.key);
        let authorization = if route.path.starts_with("/admin") {
            &bearer
        } else {
            &self.bot_open
        };
        let mut request = Request::builder()
            .method(route.method.clone())
            .uri(&path)
            .header("authorization", authorization)
            .header("content-type", "application/json");
        if route.path.starts_with("/api") {
            request = request.header("api_access_token", &self.token);
        }
        if route.path.starts_with("/platform") {
            request = request.header("api_access_token", &self.platform);
        }
        let body = body_of(&route.path, &self.key, ids).to_string();
        app.call(request.body(Body::from(body)).unwrap()).await
    }
}

#[tokio::test]
async fn no_route_shows_or_changes_anything_of_another_account() {
    let app = TestApp::start().await;
    let (one, other) = (Tenant::new(&app).await, Tenant::new(&app).await);
    let mut wrong = Vec::new();
    for (own, foreign) in [(&one, &other), (&other, &one)] {
        let before = snapshot(&app, foreign).await;
        for route in listed() {
            for account in [own.ids.account, foreign.ids.account] {
                if account == own.ids.account && ends_its_caller(&route) {
                    continue;
                }
                // One's own rows may have the number too: conversations count per account.
                let answer = own.call(&app, &route, &foreign.ids, account).await;
                if answer
                    .text()
                    .contains(&mark(AccountId(foreign.ids.account)))
                {
                    wrong.push(format!(
                        "{} {} shows {}",
                        route.method,
                        route.path,
                        answer.text()
                    ));
                }
                let names_a_row = route.path.contains("id}") || route.path.contains("Id}");
                let opens = names_a_row && answer.status.is_success();
                if opens
                    && (account != own.ids.account || names_foreign_row(&route.path, own, foreign))
                {
                    wrong.push(format!(
                        "{} {} opens: {}",
                        route.method,
                        route.path,
                        answer.text()
                    ));
                }
            }
        }
        assert_eq!(
            snapshot(&app, foreign).await,
            before,
            "something of the other account changed"
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether a route takes away what its caller showed, or the account.
fn ends_its_caller(route: &Listed) -> bool {
    let removes_account =
        route.method == Method::DELETE && route.path == "/platform/api/v1/accounts/{account_id}";
    removes_account || route.path == "/api/v1/profile/reset_access_token"
}

/// Whether the path, filled with foreign ids, names a row that is not one's own.
fn names_foreign_row(path: &str, own: &Tenant, foreign: &Tenant) -> bool {
    let fill = |ids: &Ids| ids.fill(path, "0", "");
    let conversation_only = Ids {
        conversation: foreign.ids.conversation,
        ..own.ids.clone()
    };
    fill(&foreign.ids) != fill(&conversation_only)
        || (path.contains("{conversation") && foreign.ids.conversation > own.ids.conversation)
}

/// All that the account has, as text.
async fn snapshot(app: &TestApp, tenant: &Tenant) -> Vec<String> {
    use sqlx::Row;
    let mut conn = app.database.connect().await;
    let tables = sqlx::query(
        "select table_name::text from information_schema.columns
         where table_schema = 'public' and column_name = 'account_id' order by 1",
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    let mut rows = Vec::new();
    for table in tables {
        let table: String = table.get(0);
        let sql = format!("select t::text from {table} t where account_id = $1 order by 1");
        let found = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tenant.ids.account);
        let found = found.fetch_all(&mut conn).await.unwrap();
        rows.extend(
            found
                .iter()
                .map(|row| format!("{table} {}", row.get::<String, _>(0))),
        );
    }
    rows
}
