//! An account with a row of everything, of which a test makes two.

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
use serde_json::json;

use super::Ids;
use crate::app::TestApp;

/// An account with a row of everything, and a credential for every API.
pub(crate) struct Tenant {
    pub(crate) ids: Ids,
    pub(crate) key: String,
    pub(crate) token: String,
    pub(crate) bot_open: String,
    pub(crate) platform: String,
}

/// What stands in every text of an account and nowhere else.
pub(super) fn mark(account: AccountId) -> String {
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
        let flow = include_str!("../../../config/flows/demo.yaml")
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
}
